"""AP, AR and OKS against pycocotools, used in its plain way: ``COCO(file)``, ``loadRes``, ``COCOeval``."""

import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from gonio.arrays import FloatArray64
from gonio.evaluation.coco import coco_ap
from gonio.geometry.oks import oks
from gonio.io.formats.coco import merge_annotations, read_coco_keypoints
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

Content = dict[str, Any]
COCO17 = load_skeleton("coco17")


def synthetic_content(seed: int) -> Content:
    """People of all sizes, some keypoints hidden or unlabelled, crowds, nobody labelled, empty images."""
    rng = np.random.default_rng(seed)
    people: list[Content] = []
    for image_id in range(1, 21):
        for _ in range(int(rng.integers(0, 5))):
            size = float(rng.uniform(20, 220))
            x, y = rng.uniform(0, 400, 2)
            visibility = rng.choice([0, 1, 2], 17, p=[0.3, 0.1, 0.6]) * (rng.random() > 0.2)
            points = np.round(rng.uniform((x, y), (x + size / 2, y + size), (17, 2)))
            xyv = np.where(visibility[:, None] > 0, np.column_stack([points, visibility]), 0)
            people.append(
                {
                    "id": 1000 + len(people),
                    "image_id": image_id,
                    "category_id": 1,
                    "keypoints": xyv.ravel().tolist(),
                    "num_keypoints": int((visibility > 0).sum()),
                    "bbox": [x, y, size / 2, size],
                    "area": 0.3 * size * size,
                    "iscrowd": int(rng.random() < 0.1),
                }
            )
    return {
        "images": [{"id": i, "file_name": f"{i}.jpg", "height": 700, "width": 700} for i in range(1, 21)],
        "annotations": people,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.keypoint_names)}],
    }


def jittered(labels: Annotations, rng: np.random.Generator) -> Poses:
    """Labels moved a little, some people lost, found twice or invented; scores in steps, so that some tie."""
    n = int(rng.integers(0, 3)) + len(labels)
    if not n:
        return Poses.empty(labels.skeleton)
    invented = rng.uniform(0, 500, (n, 17, 2))
    source = np.minimum(np.arange(n), max(len(labels) - 1, 0))
    near = np.nan_to_num(labels.keypoints[source], nan=100.0) if len(labels) else invented
    points = np.where(rng.random((n, 1, 1)) < 0.2, invented, near)
    scale = np.sqrt(labels.areas[source])[:, None, None] if len(labels) else 1
    points = points + rng.normal(0, 1, points.shape) * 0.06 * rng.random((n, 1, 1)) * scale
    return Poses(
        keypoints=points.astype(np.float32),
        scores=rng.random((n, 17)).astype(np.float32),
        boxes=np.zeros((n, 4), np.float32),
        person_scores=(np.round(rng.random(n) * 20) / 20).astype(np.float32),
        skeleton=labels.skeleton,
    )


def plain_pycocotools(
    content: Content, annotations: Sequence[Annotations], predictions: Sequence[Poses], folder: Path
) -> COCOeval:
    """What anybody would run on two files."""
    results = [
        {
            "image_id": labels.image_id,
            "category_id": 1,
            "keypoints": np.column_stack([points, scores]).astype(float).ravel().tolist(),
            "score": float(score),
        }
        for labels, poses in zip(annotations, predictions, strict=True)
        for points, scores, score in zip(poses.keypoints, poses.scores, poses.person_scores, strict=True)
    ]
    (folder / "labels.json").write_text(json.dumps(content))
    (folder / "results.json").write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "labels.json"))
        judge = COCOeval(truth, truth.loadRes(str(folder / "results.json")), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


def our_numbers(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> FloatArray64:
    return np.array(
        [-1.0 if value is None else value for value in coco_ap(annotations, predictions).to_dict().values()]
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_synthetic_people_score_as_in_plain_pycocotools(tmp_path: Path, seed: int) -> None:
    content = synthetic_content(seed)
    (tmp_path / "input.json").write_text(json.dumps(content))
    annotations = read_coco_keypoints(tmp_path / "input.json")
    rng = np.random.default_rng(seed)
    predictions = [jittered(labels, rng) for labels in annotations]
    judge = plain_pycocotools(content, annotations, predictions, tmp_path)
    assert 0.05 < judge.stats[0] < 0.95
    np.testing.assert_allclose(our_numbers(annotations, predictions), 100 * judge.stats, rtol=0, atol=1e-12)


def test_coco_mini_scores_as_in_plain_pycocotools(tmp_path: Path, shared_data: Path) -> None:
    """Both files together, as ``gonio evaluate`` takes them; 103 people with keypoints."""
    paths = [
        shared_data / "coco-mini" / "annotations" / f"person_keypoints_{part}2017.json" for part in ("val", "train")
    ]
    if not all(path.exists() for path in paths):
        pytest.skip(f"needs {paths[0]}")
    contents = [json.loads(path.read_text()) for path in paths]
    joined = {key: contents[0][key] + contents[1][key] for key in ("images", "annotations")}
    annotations = merge_annotations([read_coco_keypoints(path) for path in paths])
    assert len(annotations) == 100
    rng = np.random.default_rng(0)
    predictions = [jittered(labels, rng) for labels in annotations]
    judge = plain_pycocotools(joined | {"categories": contents[0]["categories"]}, annotations, predictions, tmp_path)
    assert 0.05 < judge.stats[0] < 0.95
    np.testing.assert_allclose(our_numbers(annotations, predictions), 100 * judge.stats, rtol=0, atol=1e-12)


def test_oks_is_that_of_pycocotools(tmp_path: Path) -> None:
    """``COCOeval.computeOks`` for people with keypoints; float32 results, so 1e-6."""
    content = synthetic_content(3)
    (tmp_path / "input.json").write_text(json.dumps(content))
    annotations = read_coco_keypoints(tmp_path / "input.json")
    rng = np.random.default_rng(3)
    predictions = [jittered(labels, rng) for labels in annotations]
    judge = plain_pycocotools(content, annotations, predictions, tmp_path)
    compared = 0
    for labels, poses in zip(annotations, predictions, strict=True):
        theirs = judge.ious[labels.image_id, 1]
        if len(theirs) == 0:
            continue
        ours = oks(
            poses[np.argsort(-poses.person_scores, kind="stable")].keypoints,
            labels.keypoints,
            areas=labels.areas,
            sigmas=np.array(COCO17.sigmas, np.float32),
        )
        has_keypoints = (labels.visibility > 0).any(axis=1)
        np.testing.assert_allclose(ours[:, has_keypoints], theirs[:, has_keypoints], rtol=0, atol=1e-6)
        compared += ours[:, has_keypoints].size
    assert compared > 50
