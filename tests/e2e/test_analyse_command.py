"""``gonio analyse`` for real: videos, marker files, stored keypoints; reports and numbers; what is refused."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gonio.geometry.quarter_turns import turn_image
from gonio.io.formats.mot import read_mot
from gonio.io.formats.sequence_files import read_sequence, write_sequence
from gonio.io.sinks.video import VideoSink
from gonio.io.sources import open_source
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

if TYPE_CHECKING:
    from tests.e2e.conftest import Gonio

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "samples" / "walk.mp4"
MAP = ROOT / "docs" / "examples" / "rajagopal-markers.yaml"
"""A step of 1/30 s cannot be told better than this."""
EVENT_S = 0.05


def record(text: str) -> dict[str, Any]:
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


def strikes(document: dict[str, Any], name: str = "heel_strike") -> list[tuple[float, str]]:
    return [(one["time_s"], one["side"]) for one in document["events"] if one["name"] == name]


@pytest.fixture(scope="module")
def squatter() -> PoseSequence:
    """Somebody seen from the side who stands, squats three times in 2.4 s each, and stands; 30 frames a second."""
    time_s = np.arange(0, 10.5, 1 / 30)
    down = np.where((time_s > 1.5) & (time_s < 8.7), (1 - np.cos(2 * np.pi * (time_s - 1.5) / 2.4)) / 2, 0.0)
    knee_out, hip_back = 70 * down, 60 * down
    ankle = np.stack([np.full_like(time_s, 400.0), np.full_like(time_s, 640.0)], axis=1)
    knee = np.stack([400 + knee_out, 520 + 20 * down], axis=1)
    hip = np.stack([400 - hip_back, 400 + 110 * down], axis=1)
    shoulder = np.stack([405 + 30 * down, 240 + 120 * down], axis=1)
    skeleton = load_skeleton("coco17")
    keypoints = np.full((len(time_s), 1, len(skeleton), 2), np.nan, np.float32)
    for name, place, shift in (("ankle", ankle, 0), ("knee", knee, 0), ("hip", hip, 0), ("shoulder", shoulder, 0)):
        for side, offset in (("left", 3.0), ("right", -3.0)):
            keypoints[:, 0, skeleton.index(f"{side}_{name}")] = place + offset + shift
    for side in ("left", "right"):
        keypoints[:, 0, skeleton.index(f"{side}_elbow")] = shoulder + np.array([60, 20])
        keypoints[:, 0, skeleton.index(f"{side}_wrist")] = shoulder + np.array([120, 25])
        keypoints[:, 0, skeleton.index(f"{side}_ear")] = shoulder + np.array([2, -70])
        keypoints[:, 0, skeleton.index(f"{side}_eye")] = shoulder + np.array([22, -78])
    keypoints[:, 0, skeleton.index("nose")] = shoulder + np.array([30, -70])
    noise = np.random.default_rng(0).normal(0, 1.0, keypoints.shape)
    scores = np.where(np.isfinite(keypoints[..., 0]), 0.95, 0).astype(np.float32)
    return PoseSequence((keypoints + noise).astype(np.float32), scores, time_s, np.array([7]), skeleton)


def test_the_clip_is_walking(gonio: "Gonio", tmp_path: Path) -> None:
    report, table = tmp_path / "walk.html", tmp_path / "walk.csv"
    done = gonio("analyse", CLIP, "--report", report, "--out", table, "--json")
    assert done.returncode == 0, done.stderr
    found = record(done.stdout)
    assert found["activity"] == "gait"
    assert found["reps"] == 0
    assert found["sha256"] is not None
    sides = [side for _, side in strikes(found)]
    assert len(sides) >= 4
    assert all(before != after for before, after in pairwise(sides))
    values = {(one["name"], one["side"]): one for one in found["measures"]}
    cadence = values["cadence", "both"]
    assert 80 < cadence["value"] < 120
    assert 0 < cadence["sd"] < 20
    assert 0 <= found["excluded_fraction"] <= 1
    page = report.read_text("utf-8")
    assert "not a medical device" in page
    assert found["sha256"] in page
    assert "https://" not in page.split("<script")[0].split("<body")[1]
    assert len(read_sequence(table)) == 90


def test_repetitions_from_stored_keypoints(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    stored = tmp_path / "squats.csv"
    write_sequence(stored, squatter)
    done = gonio("analyse", stored, "--as", "squat", "--json", "--out", tmp_path / "angles.mot")
    assert done.returncode == 0, done.stderr
    found = record(done.stdout)
    assert (found["reps"], found["track_id"], found["model"]) == (3, 7, None)
    bottoms = [one["time_s"] for one in found["events"] if one["name"] == "bottom"]
    np.testing.assert_allclose(bottoms, [2.7, 5.1, 7.5], atol=0.1)
    assert "knee_flexion" in (tmp_path / "angles.mot").read_text()
    same = gonio("analyse", stored, "--json", "--date", "2026-03-02")
    assert record(same.stdout)["activity"] == "squat"
    assert record(same.stdout)["created"].startswith("2026-03-02")
    for name, text in (("first.json", same.stdout), ("second.json", done.stdout)):
        (tmp_path / name).write_text(text)
    trend = gonio("progress", tmp_path / "second.json", tmp_path / "first.json", "--out", tmp_path / "trend.html")
    assert trend.returncode == 0, trend.stderr
    assert "2 March 2026" in (tmp_path / "trend.html").read_text("utf-8")


def test_a_file_that_cannot_be_written_costs_no_measurement(
    gonio: "Gonio", squatter: PoseSequence, tmp_path: Path
) -> None:
    uneven = replace(squatter, time_s=squatter.time_s + 0.01 * (np.arange(len(squatter)) % 2))
    write_sequence(tmp_path / "squats.csv", uneven)
    done = gonio("analyse", tmp_path / "squats.csv", "--as", "squat", "--json", "--out", tmp_path / "a.bvh")
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert record(done.stdout)["reps"] == 3
    assert {one["unit"] for one in record(done.stdout)["repetitions"]} == {"%"}
    for one in record(done.stdout)["repetitions"]:
        assert [own["name"] for own in one["measures"]] == ["descent_time", "hold_time", "ascent_time", "symmetry"]
        assert all(own["value"] is not None or own["note"] for own in one["measures"])


def test_markers_in_3d_and_through_a_camera(gonio: "Gonio", shared_data: Path, tmp_path: Path) -> None:
    """Oracle: force plates of 50 N; the first strike of each foot on a plate."""
    trial = shared_data / "gait" / "walk_markers.trc"
    through = tmp_path / "camera.yaml"
    through.write_text(MAP.read_text("utf-8") + "\ncamera: side\n", "utf-8")
    for marker_map in (MAP, through):
        done = gonio("analyse", trial, "--map", marker_map, "--as", "gait", "--json")
        assert done.returncode == 0, done.stderr
        found = record(done.stdout)
        assert [side for _, side in strikes(found)][:3] == ["right", "left", "right"]
        stride = strikes(found)[2][0] - strikes(found)[0][0]
        assert abs(stride - 1.14) < EVENT_S


def test_scale_and_tilt_by_marks_in_the_picture(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    """100 px are given as 0.5 m: the ankles stay 6 px, 3 cm apart, across and down, and up is up."""
    stored, markers = tmp_path / "squats.csv", tmp_path / "squats.trc"
    write_sequence(stored, squatter)
    marks = ("--known-length", "0,0,100,0=0.5", "--vertical", "0,100,0,0")
    done = gonio("analyse", stored, "--as", "squat", "--out", markers, *marks)
    assert done.returncode == 0, done.stderr
    found = read_sequence(markers)
    assert found.unit == "m"
    apart = found.point("left_ankle") - found.point("right_ankle")
    np.testing.assert_allclose(np.nanmean(apart, axis=(0, 1))[:2], [0.03, -0.03], atol=0.003)
    height = found.point("left_shoulder") - found.point("left_ankle")
    assert np.nanmax(height[..., 1]) > 1.9


def test_a_scale_that_makes_a_giant_is_said_and_one_out_of_range_refused(
    gonio: "Gonio", squatter: PoseSequence, tmp_path: Path
) -> None:
    stored, scale = tmp_path / "squats.csv", tmp_path / "hall.yaml"
    write_sequence(stored, squatter)
    scale.write_text("metres_per_px: 0.01\n")
    done = gonio("analyse", stored, "--as", "squat", "--calibration", scale, "--json")
    assert done.returncode == 0, done.stderr
    said = record(done.stdout)["findings"][0]["text"]
    assert said.startswith("By the scale of 0.01 m per px (hall.yaml) the person would be 5.")
    scale.write_text("metres_per_px: 0.004\nup_deg: 190\n")
    done = gonio("analyse", stored, "--as", "squat", "--calibration", scale)
    assert done.returncode == 1
    assert "hall.yaml: up_deg is 190; give a number from -180 to 180" in " ".join(done.stderr.split())


def test_angles_on_disk(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    stored, storage, table = (tmp_path / name for name in ("squats.csv", "squats.sto", "squats.angles.csv"))
    write_sequence(stored, squatter)
    done = gonio(
        "analyse", stored, "--as", "angles", "--convention", "opensim", "--out", storage, "--out", table, "--json"
    )
    assert done.returncode == 0, done.stderr
    assert {"knee_angle_l", "hip_flexion_r", "pelvis_tilt", "elbow_flex_l"} <= set(read_mot(storage).names)
    assert table.read_text().startswith(
        "time_s,angle,side,value_deg,sd_deg,velocity_deg_s,velocity_sd_deg_s,excluded\n"
    )
    measures = {(one["name"], one["side"]): one for one in record(done.stdout)["measures"]}
    fastest = measures["peak_knee_flexion_velocity", "left"]
    assert fastest["unit"] == "deg/s"
    assert 50 < fastest["value"] < 250
    assert fastest["sd"] > 0


def test_a_clip_on_its_head(gonio: "Gonio", tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    source = open_source(CLIP)
    with VideoSink(turned, fps_hint=source.fps, crf=14) as sink:
        for frame in source:
            sink.write(turn_image(frame.image, 2), frame.time_s or 0.0)
    upright = record(gonio("analyse", CLIP, "--as", "gait", "--json").stdout)
    found = record(gonio("analyse", turned, "--as", "gait", "--up", "180", "--json").stdout)
    assert [side for _, side in strikes(found)] == [side for _, side in strikes(upright)]
    for (time_s, _), (expected_s, _) in zip(strikes(found), strikes(upright), strict=True):
        assert time_s == pytest.approx(expected_s, abs=EVENT_S)
    assert any("turned by 180 degrees" in line for line in found["history"])


def test_a_person_reads_it(started_gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    stored = tmp_path / "squats.csv"
    write_sequence(stored, squatter)
    done = started_gonio("analyse", stored, "--as", "squat")
    assert done.returncode == 0, done.stderr
    assert "squat, 3 repetitions, track 7" in done.stdout
    assert "repetition time" in done.stdout
    assert " +- " in done.stdout
    assert done.stdout.count("not a medical device") == 1


def test_a_part_of_the_clip_keeps_its_times(gonio: "Gonio", tmp_path: Path) -> None:
    """Oracle: the whole clip."""
    report, table = tmp_path / "part.html", tmp_path / "part.csv"
    whole = record(gonio("analyse", CLIP, "--as", "gait", "--json").stdout)
    files = ("--report", report, "--out", table)
    done = gonio("analyse", CLIP, "--as", "gait", "--start", "0.8", "--end", "2.6", "--json", *files)
    assert done.returncode == 0, done.stderr
    part = record(done.stdout)
    inside = [(time_s, side) for time_s, side in strikes(whole) if 0.85 < time_s < 2.55]
    assert [side for _, side in strikes(part)] == [side for _, side in inside]
    np.testing.assert_allclose([t for t, _ in strikes(part)], [t for t, _ in inside], atol=EVENT_S)
    np.testing.assert_allclose(read_sequence(table).time_s, np.arange(24, 78) / 30, atol=1e-6)
    assert "only the part from 0.8 s to 2.6 s" in part["history"]
    page = report.read_text("utf-8")
    assert "gonio analyse walk.mp4 --as gait --start 0.8 --end 2.6" in page
    assert "<video" in page


def test_a_part_of_stored_keypoints_keeps_its_times(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    stored = tmp_path / "squats.csv"
    write_sequence(stored, squatter)
    done = gonio("analyse", stored, "--as", "squat", "--start", "3.5", "--end", "9", "--json")
    assert done.returncode == 0, done.stderr
    bottoms = [one["time_s"] for one in record(done.stdout)["events"] if one["name"] == "bottom"]
    np.testing.assert_allclose(bottoms, [5.1, 7.5], atol=0.1)
    late = gonio("analyse", stored, "--start", "60")
    assert late.returncode == 1
    assert "it goes from 0.00 s to 10.47 s; choose another start or end" in " ".join(late.stderr.split())


def test_what_was_asked_for_and_what_rests_on_few_frames_are_recorded(
    gonio: "Gonio", squatter: PoseSequence, tmp_path: Path
) -> None:
    keypoints = squatter.keypoints.copy()
    keypoints[40:, :, squatter.skeleton.index("left_knee")] = np.nan
    stored = tmp_path / "squats.csv"
    write_sequence(stored, replace(squatter, keypoints=keypoints))
    asked = ("--as", "angles", "--height", "1.8", "--up", "2", "--view", "side", "--start", "0.5", "--person", "7")
    found = record(gonio("analyse", stored, "--json", *asked).stdout)
    given = {name: value for name, value in found["settings"].items() if value is not None}
    assert given == {
        "activity": "angles", "convention": "clinical", "height_m": 1.8, "min_score": 0.5, "start_s": 0.5,
        "track_id": 7, "up_deg": 2.0, "view": "side",
    }  # fmt: skip
    assert {"metres_per_px", "scale_source", "side", "end_s", "fps", "size_wh", "marker_map"} <= set(found["settings"])
    (few,) = [one["text"] for one in found["findings"] if one["text"].startswith("Few frames")]
    assert few.startswith("Few frames: more than 80 % were excluded of left knee flexion, ")
    assert "right" not in few


def test_the_rate_and_the_size_are_asked_for_by_their_options(gonio: "Gonio", tmp_path: Path) -> None:
    folder = tmp_path / "openpose"
    folder.mkdir()
    for frame in range(3):
        people = [{"pose_keypoints_2d": [0.5, 0.5, 0.9] * 25}]
        (folder / f"a_{frame:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    for given, wanted in (((), "--size"), (("--size", "640x480"), "--fps")):
        done = gonio("analyse", folder, *given)
        assert done.returncode == 1
        assert f"with {wanted} (in Python: " in " ".join(done.stderr.split())


def test_a_folder_of_videos(gonio: "Gonio", tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "a.mp4").symlink_to(CLIP)
    (folder / "a.MOV").symlink_to(CLIP)
    (folder / "broken.mp4").write_bytes(b"no video")
    part = ("--model", "lightning", "--end", "0.5")
    done = gonio("analyse", folder, "--as", "angles", "--out", tmp_path / "out", "--json", *part)
    assert done.returncode == 1
    assert done.stderr.count("broken.mp4") == 1
    both = record(done.stdout)
    assert [one["activity"] for one in both["analyses"]] == ["angles", "angles"]
    assert len(both["failures"]) == 1
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert left == ["a-2.html", "a-2.json", "a.html", "a.json"]
    of = [json.loads((tmp_path / "out" / name).read_text())["source"] for name in ("a.json", "a-2.json")]
    assert [Path(name).name for name in of] == ["a.MOV", "a.mp4"]


def test_a_folder_and_a_pattern_of_keypoint_files(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    folder = tmp_path / "trials"
    folder.mkdir()
    for name in ("t1.csv", "t2.json"):
        write_sequence(folder / name, squatter)
    (folder / "t3.trc").write_text("no markers")
    done = gonio("analyse", folder, "--as", "squat", "--out", tmp_path / "out", "--json")
    assert done.returncode == 1
    assert done.stderr.count("t3.trc") == 1
    found = record(done.stdout)
    assert [(Path(one["source"]).name, one["reps"]) for one in found["analyses"]] == [("t1.csv", 3), ("t2.json", 3)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["t1.html", "t1.json", "t2.html", "t2.json"]
    done = gonio("analyse", folder / "*.csv", "--as", "squat", "--out", tmp_path / "out", "--json")
    assert [one["reps"] for one in record(done.stdout)["analyses"]] == [3]
    before = (folder / "t2.json").read_bytes()
    done = gonio("analyse", folder, "--as", "squat", "--out", folder)
    assert done.returncode == 1
    assert "the records would go over the sources" in done.stderr
    assert (folder / "t2.json").read_bytes() == before


def test_uneven_times_to_a_file_of_one_rate_and_back(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    keep = np.sort(np.random.default_rng(0).choice(len(squatter), 220, replace=False))
    uneven = replace(
        squatter, keypoints=squatter.keypoints[keep], scores=squatter.scores[keep], time_s=squatter.time_s[keep]
    )
    write_sequence(tmp_path / "uneven.csv", uneven)
    given = ("analyse", tmp_path / "uneven.csv", "--as", "squat", "--height", "1.8")
    done = gonio(*given, "--out", tmp_path / "a.bvh")
    assert done.returncode == 1
    assert "give an even rate with --resample 30 " in " ".join(done.stderr.split())
    for name in ("a.bvh", "a.trc"):
        done = gonio(*given, "--out", tmp_path / name, "--resample", "30")
        assert done.returncode == 0, done.stderr
        again = gonio("analyse", tmp_path / name, "--as", "squat", "--json")
        assert record(again.stdout)["reps"] == 3
    done = gonio(*given, "--resample", "30")
    assert "name the file for them with --out" in " ".join(done.stderr.split())


def test_keypoints_with_names_of_a_deeplabcut_project(gonio: "Gonio", squatter: PoseSequence, tmp_path: Path) -> None:
    names = [name.replace("left_", "near ").replace("right_", "far ") for name in squatter.skeleton.keypoint_names]
    head = [["bodyparts", *(name for name in names for _ in "xyl")], ["coords", *["x", "y", "likelihood"] * len(names)]]
    values = np.concatenate([squatter.keypoints[:, 0], squatter.scores[:, 0, :, None]], axis=-1)
    rows = [[str(frame), *map(str, row)] for frame, row in enumerate(values.reshape(len(values), -1))]
    text = "\n".join(",".join(row) for row in [["scorer", *["net"] * (3 * len(names))], *head, *rows])
    (tmp_path / "dlc.csv").write_text(text)
    own = dict(zip(squatter.skeleton.keypoint_names, names, strict=True))
    (tmp_path / "map.yaml").write_text("\n".join(f"{name}: {theirs}" for name, theirs in own.items()))
    given = ("analyse", tmp_path / "dlc.csv", "--as", "squat", "--fps", "30", "--json")
    without = gonio(*given)
    assert "a map (--map) says which is which" in " ".join(without.stderr.split())
    done = gonio(*given, "--map", tmp_path / "map.yaml")
    assert record(done.stdout)["reps"] == 3


def test_of_a_folder_a_report_that_cannot_be_written_costs_no_measurement(gonio: "Gonio", tmp_path: Path) -> None:
    videos, out = tmp_path / "videos", tmp_path / "out"
    videos.mkdir()
    (videos / "walk.mp4").symlink_to(CLIP)
    (out / "walk.html").mkdir(parents=True)
    part = ("--model", "lightning", "--end", "0.5")
    done = gonio("analyse", videos, "--as", "angles", "--out", out, "--json", *part)
    assert done.returncode == 1
    both = record(done.stdout)
    assert json.loads((out / "walk.json").read_text()) == both["analyses"][0]
    assert ["walk.html': it is a folder" in failure for failure in both["failures"]] == [True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--as", "sqat"], "did you mean 'squat'"),
        (["--view", "top"], "--view is 'top'; give one of side, frontal"),
        (["--height", "170"], "--height is 170; give a number of metres from 0.4 to 2.6"),
        (["--height", "1.7", "--metres-per-px", "0.01"], "--metres-per-px and --height both say the scale"),
        (["--known-length", "1,2,3=4"], "--known-length takes pixels such as 100,650,300,650=1.0, got '1,2,3=4'"),
        (
            ["--known-length", "5000,650,300,650=1.0", "--model", "lightning"],
            "5000,650 of --known-length is outside the picture, which is 1280 x 720 px",
        ),
        (["--metres-per-px", "1.0", "--model", "lightning"], "with a scale of 1 metres per px"),
        (["--floor", "10,700,20,10"], "the camera 89 degrees askew; did you mean --vertical?"),
        (["--fps", "50"], "a frame rate and a size go with files of keypoints"),
        (["--calibration", "none.yaml"], "cannot read 'none.yaml'"),
        (["--report", "a.docx"], "a report ends in .html or .pdf, got 'a.docx'"),
        (["--out", "a.xyz"], "no format for sequences ends in '.xyz'"),
        (["--out", "a.c3d"], "'a.c3d' would hold metres; give the person's height"),
        (["--fps", "0"], "--fps is 0; give a number of frames a second from 0.1 to 10000"),
        (["--map", str(MAP)], "a marker map goes with files of markers"),
        (["--start", "-1"], "start is -1.0 s; give a time of 0 s or later"),
        (["--start", "2", "--end", "1"], "end is 1.0 s, start is 2.0 s; put the end after the start"),
        (
            ["--start", "30", "--model", "lightning"],
            "ends at 3.00 s, before the start of 30.0 s",
        ),
        (["--start", "0.51", "--end", "0.52", "--model", "lightning"], "lies in the part that was asked for"),
        (["--camera", "0", "--end", "9"], "leave out SOURCE, --report, --out, --json, --start and --end"),
        (["--camera", "0"], "--camera is live: leave out SOURCE"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_the_work(gonio: "Gonio", arguments: list[str], sentence: str) -> None:
    done = gonio("analyse", CLIP, *arguments)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())
    assert done.stderr.count("error:") == 1


def test_nobody_in_the_video(gonio: "Gonio", tmp_path: Path) -> None:
    empty_video = tmp_path / "empty.mp4"
    with VideoSink(empty_video) as sink:
        for step in range(6):
            sink.write(np.full((120, 160, 3), 90, np.uint8), step / 30)
    report = tmp_path / "report.html"
    report.write_text("an earlier one")
    done = gonio("analyse", empty_video, "--report", report)
    assert done.returncode == 1
    assert "nobody was found in" in done.stderr
    assert report.read_text() == "an earlier one"


def test_a_source_is_needed(gonio: "Gonio") -> None:
    done = gonio("analyse")
    assert done.returncode == 1
    assert "name a video or a file of keypoints" in done.stderr


def test_the_list(gonio: "Gonio") -> None:
    done = gonio("analyse", "--list")
    assert done.returncode == 0
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"auto", "gait", "running", "golf", "jump", "squat", "push-up", "single-leg-stance"} <= set(names)
