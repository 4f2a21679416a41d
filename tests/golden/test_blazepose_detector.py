"""The codec of BlazePose's detector against a plain reference: MediaPipe's three calculators, row by row.

Oracle: this file's own loops, written from the constants of MediaPipe's graph ``pose_detection`` (anchors, boxes,
averaging). The numbers are those of the original graph, from ``blazepose_graph.npz``, and made-up ones.
``python -m scripts.compare_mediapipe_detector`` compares with MediaPipe itself.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gonio.codecs.blazepose_detector import BlazePoseDetector

Array = npt.NDArray[Any]
Detection = tuple[float, list[float], list[tuple[float, float]]]
GOLDEN = Path(__file__).with_name("blazepose_graph.npz")
SIDE = 224
STRIDES = [8, 16, 32, 32, 32]


@pytest.fixture(scope="module")
def golden() -> dict[str, Array]:
    with np.load(GOLDEN) as archive:
        return {name: archive[name] for name in ("image", "blazepose-detector/person")}


def reference_anchors() -> list[tuple[float, float]]:
    """Layers of one stride together; an anchor for the aspect ratio 1 and one between two scales, sizes fixed at 1."""
    anchors, layer = [], 0
    while layer < len(STRIDES):
        last, each = layer, 0
        while last < len(STRIDES) and STRIDES[last] == STRIDES[layer]:
            each += 2
            last += 1
        cells = math.ceil(SIDE / STRIDES[layer])
        for y in range(cells):
            for x in range(cells):
                anchors += [((x + 0.5) / cells, (y + 0.5) / cells)] * each
        layer = last
    return anchors


def reference_detections(rows: Array, threshold: float) -> list[Detection]:
    """Score, ``xmin ymin xmax ymax`` and four points, as parts of the input; best first."""
    found: list[Detection] = []
    for row, (anchor_x, anchor_y) in zip(rows.tolist(), reference_anchors(), strict=True):
        score = 1 / (1 + math.exp(-min(max(row[0], -100), 100)))
        if score < threshold:
            continue
        cx, cy, w, h = row[1] / SIDE + anchor_x, row[2] / SIDE + anchor_y, row[3] / SIDE, row[4] / SIDE
        points = [(row[5 + 2 * k] / SIDE + anchor_x, row[6 + 2 * k] / SIDE + anchor_y) for k in range(4)]
        found.append((score, [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], points))
    found.sort(key=lambda one: -one[0])
    people = []
    while found:
        best = found[0]
        group = [one for one in found if reference_iou(one[1], best[1]) > 0.3]
        total = sum(one[0] for one in group)
        box = [sum(one[0] * one[1][i] for one in group) / total for i in range(4)]
        points = [
            (sum(s * ps[k][0] for s, _, ps in group) / total, sum(s * ps[k][1] for s, _, ps in group) / total)
            for k in range(4)
        ]
        people.append((best[0], box, points))
        found = [one for one in found if one not in group]
    return people


def reference_iou(one: list[float], other: list[float]) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def compare(rows: Array, *, threshold: float, people: int) -> None:
    codec = BlazePoseDetector(n_keypoints=4, input_hw=(SIDE, SIDE), min_score=threshold)
    (found,) = codec.heads({"person": rows[None]})
    expected = reference_detections(rows, threshold)
    assert len(found.scores) == len(expected) == people
    np.testing.assert_allclose(found.scores, [one[0] for one in expected], rtol=1e-5)
    np.testing.assert_allclose(found.boxes, SIDE * np.array([one[1] for one in expected]), atol=2e-3)
    np.testing.assert_allclose(found.points, SIDE * np.array([one[2] for one in expected]) - 0.5, atol=2e-3)


def test_anchors() -> None:
    codec = BlazePoseDetector(n_keypoints=4, input_hw=(SIDE, SIDE))
    expected = SIDE * np.array(reference_anchors())
    assert len(expected) == 2254
    np.testing.assert_allclose(codec._anchors((SIDE, SIDE)), expected, atol=1e-4)


@pytest.mark.parametrize("threshold", [0.5, 0.05])
def test_the_original_graphs_answer(golden: dict[str, Array], threshold: float) -> None:
    rows = golden["blazepose-detector/person"][0]
    expected = len(reference_detections(rows, threshold))
    assert expected >= 1
    compare(rows, threshold=threshold, people=expected)


@pytest.mark.parametrize("seed", range(4))
def test_several_people_told_by_many_anchors(seed: int) -> None:
    """Each of three heads by some twenty anchors, a little apart and of different scores."""
    rng = np.random.default_rng(seed)
    anchors = SIDE * np.array(reference_anchors())
    rows = np.concatenate([np.full((2254, 1), -1e5), rng.normal(size=(2254, 12))], axis=1).astype(np.float32)
    for middle in ((50, 60), (150, 50), (110, 170)):
        near = np.argsort(np.linalg.norm(anchors - middle, axis=1), kind="stable")[:20]
        rows[near, 0] = rng.uniform(-3, 3, 20)
        rows[near, 1:3] = middle + rng.normal(0, 2, (20, 2)) - anchors[near]
        rows[near, 3:5] = rng.uniform(36, 44, (20, 1))
        rows[near, 5:] = (rng.uniform(0, SIDE, (4, 2)) + rng.normal(0, 1, (20, 4, 2)) - anchors[near, None]).reshape(
            20, 8
        )
    compare(rows, threshold=0.5, people=3)
