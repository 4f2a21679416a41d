"""Our decoding of RTMDet, PP-PicoDet and NanoDet against the post-processing of those who made them, written once more.

Oracles, each in torch and OpenCV after the published description, in words of our own:

- NanoDet (RangiLyu/nanodet, the heads of both versions): the mean of each side's distribution by softmax, times the
  stride, seen from the cell's point; cut at the input's rim; suppression at 0.6 within a class.
- PP-PicoDet (arXiv:2111.00902; PaddleDetection's head): the same distributions from the cells' middles, which the
  exported graph decodes by itself; what is left is its multi-class suppression at 0.6.
- RTMDet (arXiv:2212.07784; MMDetection's head as MMDeploy exports it): distances from the cells' corners, cut at the
  rim, suppression within a class and the best of all classes, in the graph; what is left is whose they are.

The suppression is `cv2.dnn.NMSBoxes`.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from gonio.codecs import DecodedPeople
from gonio.codecs.nanodet import NanoDet
from gonio.codecs.picodet import PicoDet
from gonio.codecs.rtmdet import RTMDet

torch = pytest.importorskip("torch")

Array = npt.NDArray[Any]

K = 17
HW = (256, 320)
BINS = 8
FLOOR = 0.05
LIMIT = 0.6
EXACT_PX = 1e-3  # the oracle computes in float32, at some hundred px
PEOPLE = ((20, 30, 110, 240), (35, 30, 120, 245), (150, 10, 190, 100), (200, 120, 319, 256), (-9, 200, 30, 270))


def cells(strides: Sequence[int], point: float) -> tuple[Any, Any]:
    """Points ``(N, 2)`` px of all cells, grid by grid, row by row, and their strides ``(N, 1)``."""
    points, sizes = [], []
    for stride in strides:
        rows, columns = (math.ceil(side / stride) for side in HW)
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        points.append((torch.stack([x.flatten(), y.flatten()], dim=1) + point) * stride)
        sizes.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(points).float(), torch.cat(sizes)


def around(points: Any, distances: Any, *, cut: bool) -> Any:
    """Boxes by corners, of distances ``(N, 4)`` px to the left, upper, right and lower side."""
    boxes = torch.cat([points - distances[:, :2], points + distances[:, 2:]], dim=1)
    if cut:
        limit = torch.tensor([HW[1], HW[0], HW[1], HW[0]], dtype=torch.float32)
        boxes = torch.minimum(boxes.clamp(min=0), limit)
    return boxes


def means(logits: Any) -> Any:
    """The mean ``(N, 4)`` of the distributions ``(N, 4 x BINS)``."""
    likely = torch.softmax(logits.reshape(-1, 4, BINS), dim=-1)
    return torch.nn.functional.linear(likely, torch.arange(BINS, dtype=torch.float32)[None])[..., 0]


def suppressed(boxes: Any, scores: Any) -> Array:
    """Which stay, best first."""
    boxes, scores = np.asarray(boxes, np.float64), np.asarray(scores, np.float32)
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sizes.tolist(), scores.tolist(), FLOOR, LIMIT)
    return np.asarray(kept, np.int64).reshape(-1)


def random_head(points: Any, _: Any, *, classes: int, seed: int) -> tuple[Any, Any]:
    """Logits of classes ``(N, C)``, mostly low, and of sides ``(N, 4 x BINS)``: noise."""
    torch.manual_seed(seed)
    scores = torch.randn(len(points), classes) * 2 - 2
    return scores, torch.randn(len(points), 4 * BINS) * 3


def people_head(points: Any, stride: Any, *, classes: int, seed: int) -> tuple[Any, Any]:
    """As a trained network says people: every cell near the middle of one tells its box, the nearest is the surest."""
    torch.manual_seed(seed)
    scores = torch.full((len(points), classes), -6.0)
    sides = torch.zeros(len(points), 4, BINS)
    for box in torch.tensor(PEOPLE, dtype=torch.float32):
        middle, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        away = (points - middle).norm(dim=1) / size.norm()
        told = torch.cat([points - box[:2], box[2:] - points], dim=1) / stride
        near = (away < 0.2) & (told.min(dim=1).values > 0) & (told.max(dim=1).values < BINS - 1)
        noisy = told[near] + torch.randn(int(near.sum()), 4) * 0.1
        sides[near] = -((torch.arange(BINS) - noisy[..., None]) ** 2) * 2
        scores[near, 0] = 2 - 12 * away[near] + torch.randn(int(near.sum())) * 0.1
    return scores, sides.flatten(1)


HEADS = pytest.mark.parametrize("head", [random_head, people_head])


def compare(found: DecodedPeople, boxes: Any, scores: Any, *, least: int) -> None:
    assert len(found) >= least
    np.testing.assert_allclose(found.boxes, np.asarray(boxes), rtol=0, atol=EXACT_PX)
    np.testing.assert_allclose(found.person_scores, np.asarray(scores), rtol=1e-6)
    assert np.isnan(found.keypoints).all()


@HEADS
@pytest.mark.parametrize("person_class", [0, 1])
@pytest.mark.parametrize(("strides", "point"), [((8, 16, 32, 64), 0.0), ((8, 16, 32), 0.5)], ids=["plus", "first"])
def test_nanodet(head: Any, strides: tuple[int, ...], point: float, person_class: int) -> None:
    points, stride = cells(strides, point)
    logits, sides = head(points, stride, classes=2, seed=1)
    scores = torch.sigmoid(logits)
    boxes = around(points, means(sides) * stride, cut=True)
    mine = scores[:, person_class]
    kept = suppressed(boxes, mine)
    codec = NanoDet(
        K, person_class=person_class, min_score=FLOOR, input_hw=HW, strides=strides, point=point, max_people=1000
    )
    (found,) = codec.decode({"output": torch.cat([scores, sides], dim=1)[None].numpy()})
    structured = head is people_head
    compare(found, boxes[kept], mine[kept], least=(0 if person_class else 4) if structured else 100)
    if structured and person_class == 0:
        assert len(kept) < int((mine >= FLOOR).sum())  # something was suppressed


@HEADS
@pytest.mark.parametrize("person_class", [0, 1])
def test_picodet(head: Any, person_class: int) -> None:
    points, stride = cells((8, 16, 32, 64), 0.5)
    logits, sides = head(points, stride, classes=2, seed=2)
    scores = torch.sigmoid(logits)
    boxes = around(points, means(sides) * stride, cut=False)
    mine = scores[:, person_class]
    kept = suppressed(boxes, mine)
    codec = PicoDet(K, person_class=person_class, min_score=FLOOR, max_people=1000)
    (found,) = codec.decode({"boxes": boxes[None].numpy(), "scores": scores.T[None].numpy()})
    compare(found, boxes[kept], mine[kept], least=(0 if person_class else 4) if head is people_head else 100)


@HEADS
@pytest.mark.parametrize("person_class", [0, 1])
@pytest.mark.parametrize("rows", [20, 400], ids=["the best of all classes", "filled up"])
def test_rtmdet(head: Any, person_class: int, rows: int) -> None:
    points, stride = cells((8, 16, 32), 0.0)
    logits, sides = head(points, stride, classes=2, seed=3)
    scores = torch.sigmoid(logits)
    boxes = around(points, means(sides) * stride, cut=True)
    kept = [(float(scores[i, label]), i, label) for label in (0, 1) for i in suppressed(boxes, scores[:, label])]
    kept = sorted(kept, reverse=True)[:rows]
    dets, labels = np.zeros((1, rows, 5), np.float32), np.full((1, rows), -1, np.int64)
    for row, (score, i, label) in enumerate(kept):
        dets[0, row, :4], dets[0, row, 4], labels[0, row] = boxes[i], score, label
    codec = RTMDet(K, person_class=person_class, min_score=FLOOR, max_people=1000)
    (found,) = codec.decode({"dets": dets, "labels": labels.astype(np.float32)})
    mine = [one for one in kept if one[2] == person_class]
    (alone,) = RTMDet(K, min_score=FLOOR, labelled=False, max_people=1000).decode({"dets": dets})
    assert len(alone) == len(kept)
    assert len(found) == len(mine)
    if mine:
        of_theirs = [i for _, i, _ in mine]
        compare(found, boxes[of_theirs], [score for score, _, _ in mine], least=4 if head is people_head else 5)


def test_the_structured_head_says_the_people() -> None:
    """What the oracle finds is what was put in, so that it is no oracle of nonsense."""
    points, stride = cells((8, 16, 32, 64), 0.0)
    logits, sides = people_head(points, stride, classes=1, seed=1)
    scores = torch.sigmoid(logits)[:, 0]
    boxes = around(points, means(sides) * stride, cut=True)
    best = boxes[suppressed(boxes, scores)]
    rim = np.array([HW[1], HW[0], HW[1], HW[0]])
    for person in PEOPLE:
        away = np.abs(np.asarray(best) - np.clip(person, 0, rim)).max(axis=1)
        assert away.min() < 16
