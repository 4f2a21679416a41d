"""COCO results, as pycocotools reads them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.io.formats import CocoResultsWriter
from gonio.io.formats.coco_results import image_id_of
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]


def results(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(path.read_text())
    return loaded


def test_known_results(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    poses = make_poses(2)
    path = tmp_path / "run.coco.json"
    with CocoResultsWriter(path) as out:
        out.write(make_frame(source="val/000000000139.jpg"), poses)
        out.write(make_frame(source="val/000000000285.jpg"), make_poses(0))
        out.write(make_frame(source="val/000000000632.jpg"), make_poses(1))
    first, second, third = results(path)
    assert [r["image_id"] for r in (first, second, third)] == [139, 139, 632]
    assert [r["category_id"] for r in (first, second, third)] == [1, 1, 1]
    assert first["keypoints"][:3] == [0.0, 0.0, 0.0]  # the nose has no estimate
    keypoints = np.array(second["keypoints"]).reshape(17, 3)
    np.testing.assert_allclose(keypoints[:, :2], poses.keypoints[1], atol=5.1e-4)
    np.testing.assert_allclose(keypoints[:, 2], poses.scores[1], atol=5.1e-7)
    assert second["score"] == pytest.approx(float(poses.person_scores[1]), abs=5.1e-7)
    x1, y1, x2, y2 = poses.boxes[1].astype(float)
    assert second["bbox"] == pytest.approx([x1, y1, x2 - x1, y2 - y1], abs=2e-3)


@pytest.mark.parametrize("people", [[], [0], [0, 0, 1], [1, 0, 2]])
def test_always_a_json_list(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, people: list[int]) -> None:
    with CocoResultsWriter(tmp_path / "x.coco.json") as out:
        for n in people:
            out.write(make_frame(), make_poses(n))
    assert len(results(tmp_path / "x.coco.json")) == sum(people)


def test_given_image_ids(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    with CocoResultsWriter(tmp_path / "x.coco.json", image_ids={"a.jpg": 5}) as out:
        out.write(make_frame(source="a.jpg"), make_poses(1))
    assert results(tmp_path / "x.coco.json")[0]["image_id"] == 5


@pytest.mark.parametrize(
    ("source", "index", "time_s", "expected"),
    [
        ("a/000000000139.jpg", 4, None, 139),
        ("C:\\pictures\\7.png", 4, None, 7),
        ("cat.jpg", 4, None, "cat"),
        ("٣.jpg", 4, None, "٣"),
        ("139.mp4", 4, 0.16, 4),
    ],
)
def test_image_ids(source: str, index: int, time_s: float | None, expected: int | str) -> None:
    frame = Frame(np.zeros((2, 2, 3), np.uint8), index=index, time_s=time_s, source=source)
    assert image_id_of(frame) == expected


def test_pycocotools_reads_them(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    """Oracle: COCO.loadRes."""
    coco = pytest.importorskip("pycocotools.coco")
    with CocoResultsWriter(tmp_path / "x.coco.json") as out:
        out.write(make_frame(source="139.jpg"), make_poses(2))
    truth = coco.COCO()
    truth.dataset = {"images": [{"id": 139}], "categories": [{"id": 1}], "annotations": []}
    truth.createIndex()
    assert len(truth.loadRes(str(tmp_path / "x.coco.json")).getAnnIds(imgIds=[139], catIds=[1])) == 2
