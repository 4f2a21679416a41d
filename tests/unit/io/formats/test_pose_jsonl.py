"""JSON Lines: on the disk line by line."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.formats import JsonLinesWriter, read_jsonl, schema
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

FullDisk = Callable[[int], AbstractContextManager[None]]
MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]

COCO = load_skeleton("coco17")


def writer(path: Path) -> JsonLinesWriter:
    return JsonLinesWriter(path, model="multipose", skeleton=COCO)


def test_every_line_is_there_at_once_and_valid(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    path = tmp_path / "run.jsonl"
    counts = []
    with writer(path) as out:
        counts.append(path.read_bytes().count(b"\n"))
        out.write(make_frame(0, 0.0), make_poses(2))
        counts.append(path.read_bytes().count(b"\n"))
        out.fail("frame 1 cannot be decoded")
        counts.append(path.read_bytes().count(b"\n"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    line_schema = {"$ref": "#/$defs/line", "$defs": schema()["$defs"]}
    for line in lines:
        jsonschema.validate(line, line_schema)
    assert counts == [1, 2, 3]
    assert lines[0]["format"] == "gonio.poses"
    assert [line["index"] for line in lines[1:2]] == [0]
    assert lines[2:] == [{"failure": "frame 1 cannot be decoded"}, {"complete": True}]


def test_write_and_read(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    poses = make_poses(3, tracked=True)
    with writer(tmp_path / "run.jsonl") as out:
        out.write(make_frame(0, 0.0), make_poses(0))
        out.fail("one failed")
        out.write(make_frame(2, 0.08), poses)
    empty, back = read_jsonl(tmp_path / "run.jsonl")
    assert (len(empty), back.frame_index, back.time_s) == (0, 2, 0.08)
    np.testing.assert_array_equal(back.track_ids, poses.track_ids)
    assert empty.track_ids is not None
    np.testing.assert_allclose(back.keypoints, poses.keypoints, atol=5.1e-4, rtol=0)


def test_stopped_run_leaves_whole_lines(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    path = tmp_path / "run.jsonl"

    def run() -> None:
        with writer(path) as out:
            out.write(make_frame(0), make_poses())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert json.loads(path.read_text().splitlines()[-1]) == {"complete": False}
    assert len(read_jsonl(path)) == 1


def test_full_disk_leaves_whole_lines(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, full_disk: FullDisk
) -> None:
    path = tmp_path / "run.jsonl"
    out = writer(path)

    def run() -> None:
        with out:
            for index in range(100):
                out.write(make_frame(index), make_poses(1))

    with full_disk(4000), pytest.raises(MediaError, match=r"cannot write .*run\.jsonl'.*; free some space"):
        run()
    assert path.stat().st_size < 4000
    assert path.read_bytes().endswith(b"\n")
    assert len(read_jsonl(path)) == out.frames_written > 0
    with pytest.raises(MediaError, match="it is closed"):
        out.write(make_frame(), make_poses())


def test_line_without_its_end_is_left_out(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "run.jsonl"
    with writer(path) as out:
        out.write(make_frame(0), make_poses())
        out.write(make_frame(1), make_poses())
        followed = path.read_bytes()
    path.write_bytes(followed)
    assert len(read_jsonl(path)) == 2
    path.write_bytes(path.read_bytes()[:-30])
    assert len(read_jsonl(path)) == 1
    assert "line 3 has no end and is left out" in caplog.text


@pytest.mark.parametrize(
    ("number", "line", "sentence"),
    [
        pytest.param(1, "{oops", "line 2 is not JSON", id="not JSON"),
        pytest.param(1, "7", "line 2 is 7, expected an object", id="not an object"),
        pytest.param(1, '{"index": 0}', 'line 2 has no "people"', id="no people"),
        pytest.param(0, "{}", "line 1 is not a file of poses", id="no header"),
    ],
)
def test_malformed_line_is_named(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, number: int, line: str, sentence: str
) -> None:
    path = tmp_path / "run.jsonl"
    with writer(path) as out:
        out.write(make_frame(), make_poses())
    lines = path.read_text().splitlines()
    lines[number] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(MediaError, match=sentence):
        read_jsonl(path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").touch()
    with pytest.raises(MediaError, match="it has no whole line"):
        read_jsonl(tmp_path / "x.jsonl")
