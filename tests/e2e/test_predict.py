"""``gonio predict`` as a person runs it: from a file to the files that are left, and the library's three lines."""

import csv
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio

TICK_S = 1 / 90_000
"""Of the videos that Gonio writes."""

PLACES = {
    "nose": (224, 121, 15),
    "left_eye": (247, 104, 15),
    "right_eye": (203, 102, 15),
    "left_ear": (277, 117, 20),
    "right_ear": (173, 113, 20),
    "left_shoulder": (320, 268, 30),
    "right_shoulder": (95, 258, 30),
}
"""Where they are in astronaut.jpg, in px, read off the picture by eye, and by how much the eye may be wrong."""


def test_picture(gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path) -> None:
    source = np.asarray(Image.open(astronaut))
    Image.fromarray(source).save(tmp_path / "astronaut.png")  # lossless, so that every drawn pixel shows

    result = gonio("predict", "astronaut.png", "--out", "out", "--json", "numbers/astronaut.json")

    found, *places = result.stderr.splitlines()
    assert found.startswith("found 1 pose in 1 picture, ")
    assert places == ["  out/astronaut.png", "  numbers/astronaut.json"]
    assert (result.returncode, result.stdout) == (0, "")
    document = check.document(tmp_path / "numbers" / "astronaut.json")
    assert (document["model"], document["failures"], document["complete"]) == ("thunder-int8", [], True)
    (frame,) = document["frames"]
    assert (frame["width"], frame["height"], frame["time_s"]) == (512, 512, None)
    (person,) = frame["people"]
    points = dict(zip(document["skeleton"]["keypoint_names"], person["keypoints"], strict=True))
    for name, (x, y, tolerance) in PLACES.items():
        assert np.hypot(points[name][0] - x, points[name][1] - y) < tolerance, name
        assert points[name][2] > 0.5, name

    drawn = np.asarray(Image.open(tmp_path / "out" / "astronaut.png"))
    changed = (drawn != source).any(axis=2)
    shown = np.array([[x, y] for x, y, score in points.values() if score >= 0.5])
    ys, xs = np.nonzero(changed)
    # Lines join the shown joints, so what is drawn lies within their bounds, but for the width of a line.
    assert np.abs(np.array([[xs.min(), ys.min()], [xs.max(), ys.max()]]) - [shown.min(0), shown.max(0)]).max() < 8
    assert 0.005 < changed.mean() < 0.1
    assert all(changed[round(y), round(x)] for x, y in shown)


def test_defaults(started_gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path) -> None:
    shutil.copy(astronaut, tmp_path)
    result = started_gonio("predict", "astronaut.jpg")
    assert result.stderr.splitlines()[1:] == ["  gonio-out/astronaut.jpg", "  gonio-out/astronaut-poses.json"]
    assert check.names(tmp_path / "gonio-out") == ["astronaut-poses.json", "astronaut.jpg"]
    assert len(check.document(tmp_path / "gonio-out" / "astronaut-poses.json")["frames"][0]["people"]) == 1


def test_json_alone_draws_nothing(gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path) -> None:
    assert gonio("predict", astronaut, "--json", "a.json").returncode == 0
    assert check.names(tmp_path) == ["a.json"]


def test_json_on_standard_output(gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path) -> None:
    result = gonio("predict", astronaut, "--json", "-")
    document = check.document_text(result.stdout)
    assert len(document["frames"][0]["people"]) == 1
    assert result.returncode == 0
    assert len(result.stderr.splitlines()) == 1
    assert check.names(tmp_path) == []


def test_drawing_options_change_the_drawing_alone(gonio: "Gonio", tmp_path: Path, astronaut: Path) -> None:
    pictures, documents = [], []
    for folder, options in (("plain", ()), ("bold", ("--boxes", "--labels", "--min-score", "0.6"))):
        gonio("predict", astronaut, "--out", folder, *options)
        pictures.append((tmp_path / folder / "astronaut.jpg").read_bytes())
        documents.append((tmp_path / folder / "astronaut-poses.json").read_text())
    assert pictures[0] != pictures[1]
    assert documents[0] == documents[1]


def test_min_person_score(gonio: "Gonio", check: "Check", astronaut: Path) -> None:
    result = gonio("predict", astronaut, "--min-person-score", "1", "--json", "-")
    assert check.document_text(result.stdout)["frames"][0]["people"] == []


def test_flip_test_looks_twice(gonio: "Gonio", check: "Check", astronaut: Path) -> None:
    (person,), (flipped,) = (
        check.document_text(gonio("predict", astronaut, "--json", "-", *options).stdout)["frames"][0]["people"]
        for options in ((), ("--flip-test",))
    )
    face = slice(0, 5)
    apart = np.array(person["keypoints"])[face, :2] - np.array(flipped["keypoints"])[face, :2]
    assert 0 < np.abs(apart).max() < 10


# --- video -------------------------------------------------------------------------------------------------------


def colours(path: Path) -> tuple[int, int, int]:
    """Matrix, primaries and transfer of a video, as numbers of ITU-T H.273."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.colorspace, frame.color_primaries, frame.color_trc


def container_times(path: Path) -> list[float]:
    """Every frame's time from the packets alone: no decoder, no Gonio."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        times = sorted(float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None)
    return [time - times[0] for time in times]


def test_sample_clip(gonio: "Gonio", check: "Check", tmp_path: Path, walk: Path) -> None:
    result = gonio("predict", walk, "--model", "multipose", "--out", "out")
    assert result.returncode == 0
    assert result.stderr.splitlines()[1:] == ["  out/walk-poses.mp4", "  out/walk-poses.json"]
    times = container_times(walk)
    assert len(times) == 90
    document = check.document(tmp_path / "out" / "walk-poses.json")
    assert [frame["index"] for frame in document["frames"]] == list(range(90))
    np.testing.assert_allclose([frame["time_s"] for frame in document["frames"]], times, rtol=0, atol=1e-9)
    np.testing.assert_allclose(check.video_times(tmp_path / "out" / "walk-poses.mp4"), times, rtol=0, atol=TICK_S)
    assert colours(tmp_path / "out" / "walk-poses.mp4") == colours(walk)  # kept, not converted
    # Somebody walks through it: found in nearly every frame, and not in one place.
    noses = [frame["people"][0]["keypoints"][0][0] for frame in document["frames"] if frame["people"]]
    assert len(noses) > 80
    assert np.ptp(noses) > 100


def test_shared_clip(gonio: "Gonio", check: "Check", tmp_path: Path, shared_data: Path) -> None:
    clip = shared_data / "videos" / "sports2d_demo.mp4"
    if not clip.is_file():
        pytest.skip(f"no {clip}")
    gonio("predict", clip, "--model", "multipose", "--out", "out", "--end", "1")
    times = [time for time in container_times(clip) if time < 1]
    document = check.document(tmp_path / "out" / "sports2d_demo-poses.json")
    np.testing.assert_allclose([frame["time_s"] for frame in document["frames"]], times, rtol=0, atol=1e-9)
    drawn = check.video_times(tmp_path / "out" / "sports2d_demo-poses.mp4")
    np.testing.assert_allclose(drawn, times, rtol=0, atol=TICK_S)
    assert all(frame["people"] for frame in document["frames"])


def test_piece_of_a_video_in_every_format(
    gonio: "Gonio", check: "Check", tmp_path: Path, small_walk: Path, quick_card: Path
) -> None:
    also = [option for name in ("a.jsonl", "a.csv", "a.coco.json") for option in ("--also", name)]
    piece = ("--start", "0.2", "--end", "0.8", "--stride", "4")
    result = gonio(
        *("predict", small_walk, "--model", quick_card, "--min-person-score", "0"),
        *("--out", "out", "--json", "a.json", *also, *piece),
    )
    assert result.returncode == 0
    wanted = [6, 10, 14, 18, 22]  # of 30 frames a second; the one at 0.8 s is left out
    document = check.document(tmp_path / "a.json")
    assert [frame["index"] for frame in document["frames"]] == wanted
    times = [frame["time_s"] for frame in document["frames"]]
    np.testing.assert_allclose(times, np.array(wanted) / 30, rtol=0, atol=1e-6)
    drawn = check.video_times(tmp_path / "out" / "small-walk-poses.mp4")
    np.testing.assert_allclose(drawn, np.array(times) - times[0], rtol=0, atol=TICK_S)

    people = sum(len(frame["people"]) for frame in document["frames"])
    assert people > 0
    header, *lines, end = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert header["format"] == "gonio.poses"
    assert lines == document["frames"]
    assert end == {"complete": True}
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert len(rows) == 17 * people
    assert len(json.loads((tmp_path / "a.coco.json").read_text())) == people


# --- what a source may be called, and where the command may run -----------------------------------------------------


def test_awkward_name(gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, quick_card: Path) -> None:
    name = "my [red] Läufer's  photo #1 (50%).jpg"
    shutil.copy(astronaut, tmp_path / name)
    result = gonio("predict", name, "--model", quick_card, "--out", "a [new] folder")
    assert result.returncode == 0
    assert f"  a [new] folder/{name}" in result.stderr.splitlines()
    assert name in check.names(tmp_path / "a [new] folder")
    (document,) = (tmp_path / "a [new] folder").glob("*.json")
    assert check.document(document)["frames"][0]["source"] == name


@pytest.mark.parametrize("source", ["photos", "photos/", "photos/*.png", "pho*/run?.png"])
def test_many_pictures(gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path, source: str) -> None:
    (tmp_path / "photos").mkdir()
    for number in (1, 2, 3):
        Image.new("RGB", (40, 30), (number, 0, 0)).save(tmp_path / "photos" / f"run{number}.png")
    result = gonio("predict", source, "--model", quick_card, "--out", "out", "--json", "out/all.json", "--stride", "2")
    assert result.returncode == 0
    assert result.stderr.startswith("found 0 poses in 2 pictures")
    frames = check.document(tmp_path / "out" / "all.json")["frames"]
    assert [frame["source"] for frame in frames] == ["photos/run1.png", "photos/run3.png"]
    assert check.names(tmp_path / "out") == ["all.json", "run1.png", "run3.png"]


def test_out_beside_the_source_never_replaces_it(
    gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, quick_card: Path
) -> None:
    shutil.copy(astronaut, tmp_path)
    gonio("predict", "astronaut.jpg", "--model", quick_card, "--out", ".")
    assert (tmp_path / "astronaut.jpg").read_bytes() == astronaut.read_bytes()
    assert check.names(tmp_path) == ["astronaut-poses.jpg", "astronaut-poses.json", "astronaut.jpg"]


@pytest.mark.parametrize("redirection", [pytest.param("</dev/null", id="empty"), pytest.param("<&-", id="closed")])
def test_without_standard_input(gonio: "Gonio", astronaut: Path, quick_card: Path, redirection: str) -> None:
    prefix = ("sh", "-c", f'exec "$0" "$@" {redirection}')
    result = gonio("predict", astronaut, "--model", quick_card, "--json", "-", prefix=prefix)
    assert result.returncode == 0
    assert json.loads(result.stdout)["complete"] is True


def test_no_progress_bar_in_a_file(gonio: "Gonio", tmp_path: Path, small_walk: Path, quick_card: Path) -> None:
    result = gonio("predict", small_walk, "--model", quick_card, "--out", "out")
    assert "\x1b" not in result.stderr
    assert "\r" not in result.stderr
    assert len(result.stderr.splitlines()) == 3


def test_progress_bar_on_a_terminal(
    command: str, environment: dict[str, str], tmp_path: Path, small_walk: Path, quick_card: Path
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [command, "predict", str(small_walk), "--model", str(quick_card), "--json", "-"],
        env=environment | {"TERM": "xterm"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # how Linux tells that the other side has ended
            pass
        os.close(ours)
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
    assert process.returncode == 0
    assert len(document["frames"]) == 30
    assert b"30/30" in said
    assert b" fps" in said
    assert b" people" in said


# --- the library's door ------------------------------------------------------------------------------------------


def test_three_lines(tmp_path: Path, environment: dict[str, str], astronaut: Path) -> None:
    """As the README has them, in a fresh Python without a screen."""
    shutil.copy(astronaut, tmp_path / "photo.jpg")
    program = 'import gonio\nresults = gonio.predict("photo.jpg")\nresults[0].show()\n'
    headless = {name: value for name, value in environment.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=headless | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
    )
    assert (result.returncode, result.stderr) == (0, "")
    (picture,) = tmp_path.glob("gonio-*/*.png")
    assert str(picture) in result.stdout
    assert (np.asarray(Image.open(picture)) != np.asarray(Image.open(astronaut))).any()
