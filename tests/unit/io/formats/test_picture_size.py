"""The picture that stored keypoints were found in."""

from pathlib import Path

import numpy as np
import pytest

from gonio.io.formats.picture_size import picture_size
from gonio.io.formats.pose_json import JsonWriter
from gonio.io.formats.pose_jsonl import JsonLinesWriter
from gonio.io.formats.sequence_files import write_sequence
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")


@pytest.mark.parametrize(("name", "writer"), [("a.json", JsonWriter), ("a.jsonl", JsonLinesWriter)])
def test_it_is_that_of_the_first_frame(
    tmp_path: Path, name: str, writer: type[JsonWriter] | type[JsonLinesWriter]
) -> None:
    with writer(tmp_path / name, model="thunder", skeleton=COCO) as out:
        out.write(Frame(np.zeros((48, 64, 3), np.uint8)), Poses.empty(COCO))
    assert picture_size(tmp_path / name) == (64, 48)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
def test_a_sequence_never_knew_it(tmp_path: Path, name: str) -> None:
    found = PoseSequence(
        np.full((2, 1, 17, 2), 5, np.float32), np.ones((2, 1, 17), np.float32), np.arange(2.0), np.zeros(1, int), COCO
    )
    write_sequence(tmp_path / name, found)
    assert picture_size(tmp_path / name) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "gonio.poses", "model": "a", "frames": []}', "1\n2"])
def test_what_is_no_such_file_has_none(tmp_path: Path, text: str) -> None:
    for name in ("a.json", "a.jsonl"):
        (tmp_path / name).write_text(text)
        assert picture_size(tmp_path / name) is None
    assert picture_size(tmp_path / "nothing.json") is None
