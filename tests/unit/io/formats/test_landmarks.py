"""MediaPipe's landmarks in the shapes that people dump, and myogait's pivot JSON (layout of its 0.8 schema)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.landmarks import read_landmarks_json
from gonio.io.formats.landmarks_csv import read_landmarks_csv
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

BLAZE = load_skeleton("blazepose33")
X = np.arange(33) / 64
Y = np.arange(33) / 128 + 0.25
SIZE = (640, 1280)
KNEE = BLAZE.index("left_knee")


def marks(**extra: Any) -> list[dict[str, Any]]:
    return [{"x": X[k], "y": Y[k], "z": 0.1, "visibility": 0.5 + k / 100, **extra} for k in range(33)]


def check(frames: list[Poses], times: list[float]) -> None:
    assert [poses.time_s for poses in frames] == pytest.approx(times)
    np.testing.assert_allclose(frames[0].keypoints[0, :, 0], X * 640 - 0.5, atol=1e-4)
    np.testing.assert_allclose(frames[0].keypoints[0, :, 1], Y * 1280 - 0.5, atol=1e-4)
    assert frames[0].scores[0, KNEE] == pytest.approx(0.5 + KNEE / 100)


def names() -> list[str]:
    """MediaPipe's own: ``MOUTH_LEFT``, but ``LEFT_KNEE``."""
    swapped = {"left_mouth": "mouth_left", "right_mouth": "mouth_right"}
    return [swapped.get(name, name).upper() for name in BLAZE.keypoint_names]


@pytest.mark.parametrize(
    ("content", "times"),
    [
        pytest.param([marks(), marks()], [0, 0.04], id="list of lists"),
        pytest.param([{"landmarks": marks(), "timestamp_ms": 40}, {"landmarks": marks(), "timestamp_ms": 90}],
                     [0.04, 0.09], id="milliseconds"),
        pytest.param({"fps": 50, "width": 640, "height": 1280, "frames": [{"frame": 3, "pose_landmarks": marks()}]},
                     [0.06], id="object with rate and size"),
        pytest.param([{"landmarks": [marks()], "timestamp_ms": 0}], [0], id="tasks API, list of people"),
        pytest.param([{"time": 1.5, "landmarks": dict(zip(names(), marks(), strict=True))}], [1.5], id="by name"),
        pytest.param([[[one["x"], one["y"], one["z"], one["visibility"]] for one in marks()]], [0], id="numbers"),
    ],
)  # fmt: skip
def test_json_shapes(tmp_path: Path, content: Any, times: list[float]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    check(read_landmarks_json(tmp_path / "a.json", fps=25, size_wh=SIZE), times)


@pytest.mark.parametrize("kind", ["x1", "x0", "0_x", "NAME_x", "long by name", "long by number"])
def test_csv_shapes(tmp_path: Path, kind: str) -> None:
    wide = kind not in ("long by name", "long by number")
    rows: list[list[Any]]
    if wide:
        columns = {
            "x1": [f"{axis}{k + 1}" for k in range(33) for axis in "xyzv"],
            "x0": [f"{axis}{k}" for k in range(33) for axis in "xyzv"],
            "0_x": [f"{k}_{axis}" for k in range(33) for axis in ("x", "y", "z", "visibility")],
            "NAME_x": [f"{name}_{axis}" for name in names() for axis in ("x", "y", "z", "visibility")],
        }[kind]
        values = [value for one in marks() for value in (one["x"], one["y"], one["z"], one["visibility"])]
        rows = [["frame", *columns], [0, *values], [2, *values]]
    else:
        label = names() if kind == "long by name" else list(range(33))
        rows = [["frame", "landmark", "x", "y", "z", "visibility"]]
        rows += [[i, label[k], one["x"], one["y"], one["z"], one["visibility"]] for i in (0, 2)
                 for k, one in enumerate(marks())]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    check(read_landmarks_csv(tmp_path / "a.csv", fps=25, size_wh=SIZE), [0, 0.08])


def test_a_frame_without_anybody_and_pixels(tmp_path: Path) -> None:
    pixels = [{"x": 10.0 * k, "y": 5.0} for k in range(33)]
    (tmp_path / "a.json").write_text(json.dumps([pixels, {"landmarks": None}, []]))
    frames = read_landmarks_json(tmp_path / "a.json", fps=25)
    assert [len(poses) for poses in frames] == [1, 0, 0]
    assert frames[0].keypoints[0, KNEE].tolist() == [250, 5]
    assert (frames[0].scores == 1).all()


def people_far_apart() -> list[list[dict[str, Any]]]:
    return [marks(), [{**one, "x": one["x"] + 0.25} for one in marks()]]


def test_several_people_in_json(tmp_path: Path) -> None:
    shown = [people_far_apart(), [marks()], []]
    content = [{"time": i / 30, "landmarks": people} for i, people in enumerate(shown)]
    (tmp_path / "a.json").write_text(json.dumps(content))
    frames = read_landmarks_json(tmp_path / "a.json", size_wh=SIZE)
    assert [len(poses) for poses in frames] == [2, 1, 0]
    np.testing.assert_allclose(frames[0].keypoints[1] - frames[0].keypoints[0], [(160, 0)] * 33, atol=1e-3)


def long_csv(path: Path, column: str | None) -> None:
    head = ["frame", *([column] if column else []), "landmark", "x", "y", "visibility"]
    rows = [
        [frame, *([number] if column else []), k, one["x"], one["y"], 0.9]
        for frame in (0, 1)
        for number, person in enumerate(people_far_apart())
        for k, one in enumerate(person)
    ]
    path.write_text("\n".join(",".join(map(str, row)) for row in [head, *rows]))


def test_several_people_in_a_long_table(tmp_path: Path) -> None:
    long_csv(tmp_path / "a.csv", "person_id")
    frames = read_landmarks_csv(tmp_path / "a.csv", fps=25, size_wh=SIZE)
    assert [len(poses) for poses in frames] == [2, 2]
    np.testing.assert_allclose(frames[1].keypoints[1] - frames[1].keypoints[0], [(160, 0)] * 33, atol=1e-3)


def test_people_who_are_not_told_apart_are_not_put_into_one(tmp_path: Path) -> None:
    long_csv(tmp_path / "a.csv", None)
    with pytest.raises(MediaError, match="two rows of frame 0 are of the same landmark, the second is line 35"):
        read_landmarks_csv(tmp_path / "a.csv", fps=25, size_wh=SIZE)


@pytest.mark.parametrize("name", ["timestamp", "time"])
@pytest.mark.parametrize("factor", [1, 1e3, 1e6], ids=["s", "ms", "us"])
def test_times_whose_unit_the_name_does_not_say(tmp_path: Path, name: str, factor: float) -> None:
    """``cap.get(CAP_PROP_POS_MSEC)`` ends up in a column ``timestamp`` as often as ``time.time()`` does."""
    frames = [{name: round(factor * i / 30, 3), "landmarks": marks()} for i in range(4)]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    rows = [[frame[name], *(one[axis] for one in marks() for axis in "xy")] for frame in frames]
    head = [name, *(f"{axis}{k}" for k in range(33) for axis in "xy")]
    (tmp_path / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in [head, *rows]))
    for read, suffix in ((read_landmarks_json, "json"), (read_landmarks_csv, "csv")):
        found = read(tmp_path / f"a.{suffix}", size_wh=SIZE)
        assert [poses.time_s for poses in found] == pytest.approx([0, 1 / 30, 2 / 30, 0.1], abs=6e-4)


def test_one_point_far_off_does_not_make_parts_pixels(tmp_path: Path) -> None:
    strayed = [{**one, "x": 3.5} if k == 31 else one for k, one in enumerate(marks())]
    (tmp_path / "a.json").write_text(json.dumps([marks(), strayed]))
    check(read_landmarks_json(tmp_path / "a.json", fps=25, size_wh=SIZE), [0, 0.04])


def test_world_landmarks_are_no_picture(tmp_path: Path) -> None:
    hips = np.mean([(X[k], Y[k]) for k in (23, 24)], axis=0)
    world = [{**one, "x": one["x"] - hips[0], "y": one["y"] - hips[1]} for one in marks()]
    (tmp_path / "a.json").write_text(json.dumps([world, world]))
    with pytest.raises(MediaError, match="the middle of the hips is at 0, 0 in every frame"):
        read_landmarks_json(tmp_path / "a.json", fps=25, size_wh=SIZE)


def test_zeros_are_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([marks(), [{"x": 0, "y": 0, "z": 0, "visibility": 0}] * 33]))
    assert [len(poses) for poses in read_landmarks_json(tmp_path / "a.json", fps=25, size_wh=SIZE)] == [1, 0]


def test_a_rate_beside_times_is_not_used_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"fps": 50, "frames": [{"landmarks": marks()}] * 2}))
    assert [poses.time_s for poses in read_landmarks_json(tmp_path / "a.json", fps=25, size_wh=SIZE)] == [0, 0.02]
    assert "the frame rate of 25 is not used" in caplog.text


def test_a_table_of_a_spreadsheet(tmp_path: Path) -> None:
    """Semicolons, decimal commas and the mark of UTF-8, as in much of Europe."""
    row: list[Any] = [0, *(str(one[axis]).replace(".", ",") for one in marks() for axis in ("x", "y", "visibility"))]
    head = ["frame", *(f"{axis}{k}" for k in range(33) for axis in "xyv")]
    text = "\r\n".join(";".join(map(str, cells)) for cells in (head, row))
    (tmp_path / "a.csv").write_text(text, "utf-8-sig")
    check(read_landmarks_csv(tmp_path / "a.csv", fps=25, size_wh=SIZE), [0])


def myogait(mirrored: bool) -> dict[str, Any]:
    landmarks = {name: {"x": X[k], "y": Y[k], "visibility": 0.5 + k / 100} for k, name in enumerate(names())}
    frame = {"frame_idx": 0, "time_s": 0.0, "landmarks": landmarks, "confidence": 0.9}
    return {
        "myogait_version": "0.8.9",
        "meta": {"fps": 30.0, "width": 640, "height": 1280, "n_frames": 2},
        "extraction": {"model": "mediapipe", "was_flipped": mirrored},
        "frames": [frame, {"frame_idx": 1, "time_s": 0.0333, "landmarks": {}, "confidence": 0.0}],
        "angles": None,
    }


def test_myogait(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(myogait(mirrored=False)))
    frames = read_landmarks_json(tmp_path / "a.json")
    check(frames, [0, 0.0333])
    assert len(frames[1]) == 0


def test_myogait_mirrored_is_mirrored_back(tmp_path: Path) -> None:
    """It writes 1 - x and exchanges the sides when somebody walks to the right."""
    (tmp_path / "a.json").write_text(json.dumps(myogait(mirrored=True)))
    point = read_landmarks_json(tmp_path / "a.json")[0].keypoints[0, BLAZE.index("right_knee")]
    np.testing.assert_allclose(point, ((1 - X[KNEE]) * 640 - 0.5, Y[KNEE] * 1280 - 0.5), atol=1e-3)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('{"a": 1}', MediaError, "no list of frames"),
        ('[{"x": 1}]', MediaError, "frame 0 has none of landmarks"),
        ("[[1, 2]]", MediaError, "expected MediaPipe's 33"),
        (json.dumps([[*marks()[:-1], {"x": "a", "y": 1}]]), MediaError, "without numbers x and y"),
        (json.dumps([{"time": 1, "landmarks": marks()}] * 2), MediaError, "times do not increase"),
        (json.dumps([marks()])[:-9], MediaError, "not JSON"),
        (json.dumps([marks()]), ConfigError, "give its width and height with --size"),
    ],
    ids=["other", "no landmarks", "count", "word", "times", "cut", "no size"],
)
def test_damaged_json(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(error, match=message):
        read_landmarks_json(tmp_path / "a.json", fps=25)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 bytes|no table"),
        ("a,b\n1,2\n", "columns are not those of landmarks"),
        ("x0,y0,x1,y1\n1,2,3\n", "no table of rows of one length"),
        ("x0,y0,x1,y1\n1,2,3,four\n", "odd cell"),
        ("landmark,x,y\nNOSE,1,2\n", "no frame and no time"),
    ],
    ids=["empty", "other", "cut", "word", "no frame"],
)
def test_damaged_csv(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(MediaError, match=message):
        read_landmarks_csv(tmp_path / "a.csv", fps=25)
