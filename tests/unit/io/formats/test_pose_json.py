"""The JSON document: written in pieces, valid however the run ends."""

import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.formats import JsonWriter, output, read_json, schema
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]

COCO = load_skeleton("coco17")


def writer(path: Path) -> JsonWriter:
    return JsonWriter(path, model="multipose", skeleton=COCO)


def test_known_document(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    path = tmp_path / "run.json"
    with writer(path) as out:
        out.write(make_frame(0, 0.0), make_poses(2))
        out.write(make_frame(1, 0.04), make_poses(0))
        out.fail("cannot decode 'b.jpg'")
    document = json.loads(path.read_text("ascii"))
    jsonschema.validate(document, schema())
    assert list(document) == ["format", "version", "gonio", "model", "skeleton", "frames", "failures", "complete"]
    assert document["model"] == "multipose"
    assert document["skeleton"]["keypoint_names"] == list(COCO.keypoint_names)
    assert [len(frame["people"]) for frame in document["frames"]] == [2, 0]
    assert document["failures"] == ["cannot decode 'b.jpg'"]
    assert document["complete"] is True


def test_no_frames_is_a_valid_document(tmp_path: Path) -> None:
    with writer(tmp_path / "run.json"):
        pass
    document = json.loads((tmp_path / "run.json").read_text())
    jsonschema.validate(document, schema())
    assert (document["frames"], document["complete"]) == ([], True)
    assert read_json(tmp_path / "run.json") == []


@pytest.mark.parametrize("people", [0, 1, 3])
def test_write_and_read(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, people: int) -> None:
    poses = make_poses(people)
    with writer(tmp_path / "run.json") as out:
        out.write(make_frame(5, 0.2), poses)
    (back,) = read_json(tmp_path / "run.json")
    assert (back.frame_index, back.time_s, back.skeleton, back.track_ids) == (5, 0.2, COCO, None)
    np.testing.assert_allclose(back.keypoints, poses.keypoints, atol=5.1e-4, rtol=0)
    np.testing.assert_allclose(back.boxes, poses.boxes, atol=5.1e-4, rtol=0)
    np.testing.assert_allclose(back.scores, poses.scores, atol=5.1e-5, rtol=0)
    np.testing.assert_allclose(back.person_scores, poses.person_scores, atol=5.1e-5, rtol=0)


def test_empty_frames_of_a_tracked_video_are_tracked(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses
) -> None:
    with writer(tmp_path / "run.json") as out:
        out.write(make_frame(0), make_poses(0, tracked=True))
        out.write(make_frame(1), make_poses(2, tracked=True))
    ids = [poses.track_ids for poses in read_json(tmp_path / "run.json")]
    assert [None if i is None else i.tolist() for i in ids] == [[], [7, 8]]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_stopped_run_leaves_a_valid_document(
    tmp_path: Path,
    make_frame: MakeFrame,
    make_poses: MakePoses,
    stop: type[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "run.json"

    def run() -> None:
        with writer(path) as out:
            out.write(make_frame(0), make_poses())
            out.write(make_frame(1), make_poses())
            raise stop

    with pytest.raises(stop):
        run()
    document = json.loads(path.read_text())
    jsonschema.validate(document, schema())
    assert document["complete"] is False
    assert len(read_json(path)) == 2
    assert "incomplete: its run was stopped after 2 frames" in caplog.text
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_interrupt_in_the_middle_of_a_record(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(io.FileIO):
        """Writes half of the second frame, then the user presses Ctrl-C; what comes after is written."""

        pending = True

        def write(self, data: Any) -> int:
            if self.pending and b'"index":1' in bytes(data):
                self.pending = False
                super().write(data[: len(data) // 2])
                raise KeyboardInterrupt
            return super().write(data)

    def run() -> None:
        with writer(tmp_path / "run.json") as out:
            out.write(make_frame(0), make_poses())
            out.write(make_frame(1), make_poses())

    monkeypatch.setattr(output, "FileIO", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert [poses.frame_index for poses in read_json(tmp_path / "run.json")] == [0]


def test_close_is_final_and_may_be_repeated(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    out = writer(tmp_path / "run.json")
    out.close(complete=False)
    out.close()
    assert json.loads((tmp_path / "run.json").read_text())["complete"] is False
    with pytest.raises(MediaError, match="it is closed"):
        out.write(make_frame(), make_poses())


def test_earlier_file_stays_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("earlier")
    with writer(path):
        assert path.read_text() == "earlier"
    assert json.loads(path.read_text())["frames"] == []


def test_memory_does_not_grow_with_the_frames(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    frame, poses = make_frame(), make_poses(5)
    with writer(tmp_path / "run.json") as out:
        out.write(frame, poses)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(300):
            out.write(frame, poses)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert (tmp_path / "run.json").stat().st_size > 500_000
    assert grown < 20_000


def test_awkward_source_names(tmp_path: Path, make_frame: MakeFrame) -> None:
    names = ['Läufer "1", 2\n.mp4', "\udcff.mp4", "走.mp4"]
    with writer(tmp_path / "run.json") as out:
        for name in names:
            out.write(make_frame(source=name), Poses.empty(COCO))
    document = json.loads((tmp_path / "run.json").read_bytes())
    assert [frame["source"] for frame in document["frames"]] == names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "is not JSON: .* line 1, column 1", id="0 bytes"),
        pytest.param('{"format":\n oops}', "line 2, column 2", id="not JSON"),
        pytest.param('{"format": NaN}', "NaN stands where a number or null belongs", id="NaN"),
        pytest.param("[" * 100_000, "is not JSON that can be read", id="deeply nested"),
        pytest.param("[]", "is not a file of poses", id="a list"),
        pytest.param('{"format":"gonio.poses","version":9}', "has version 9", id="from the future"),
    ],
)
def test_malformed_document(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(MediaError, match=sentence):
        read_json(tmp_path / "x.json")


def test_document_without_frames_and_wrong_frame(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with writer(path):
        pass
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"frames": [{"index": 0, "time_s": None, "people": [{}]}]}))
    with pytest.raises(MediaError, match=r"frames\[0\]\.people\[0\] has no \"keypoints\""):
        read_json(path)
    del document["frames"]
    path.write_text(json.dumps(document))
    with pytest.raises(MediaError, match='has no list "frames"'):
        read_json(path)


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot read .*missing\.json': No such file"):
        read_json(tmp_path / "missing.json")
    with pytest.raises(MediaError, match="Is a directory"):
        read_json(tmp_path)
    (tmp_path / "x.json").write_bytes(b"\xff\x00")
    with pytest.raises(MediaError, match="byte 0 is not UTF-8"):
        read_json(tmp_path / "x.json")


def test_unknown_fields_are_ignored(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    path = tmp_path / "x.json"
    with writer(path) as out:
        out.write(make_frame(), make_poses(1))
    document = json.loads(path.read_text())
    document["later"] = document["frames"][0]["later"] = document["frames"][0]["people"][0]["later"] = 1
    path.write_text(json.dumps(document), encoding="utf-8-sig")
    jsonschema.validate(document, schema())
    assert len(read_json(path)[0]) == 1
