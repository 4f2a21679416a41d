"""DETRPose and RF-DETR's keypoints against the post-processing that their authors publish.

Oracles: ``rfdetr_postprocess.npz``, what RF-DETR's own code reads from raw outputs (its ``header`` has the command);
and for every layout of classes, and for DETRPose, the post-processing written down here once more in PyTorch after the
published source (``PostProcess`` of rfdetr 1.11.2; of DETRPose as a fork, yasaminborhani/DETRPose, holds it): sigmoid,
the best pairs of query and class, gathering, scaling by the picture's size, and RF-DETR's score, with the covariances
inverted one by one as matrices instead of by a formula.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gonio.codecs.detrpose import DETRPose
from gonio.codecs.rfdetr import RFDETRKeypoint

HW = (96, 160)
K = 17
PX = 1e-3  # float32 at some hundred px
SCORE = 2e-6


def best_pairs(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores, classes and queries of the best pairs of one input's logits ``(Q, C)``."""
    scores, at = logits.sigmoid().flatten().topk(count)
    return scores, at % logits.shape[1], at // logits.shape[1]


def sorted_by_score(scores: torch.Tensor, *others: torch.Tensor) -> list[np.ndarray[Any, Any]]:
    order = scores.argsort(descending=True, stable=True)
    return [array[order].numpy() for array in (scores, *others)]


def network(queries: int, classes: int, slots: int, seed: int) -> dict[str, torch.Tensor]:
    """Raw outputs ``(1, Q, ...)`` of a made-up network; most queries show nothing, as of a real one."""
    draw = torch.Generator().manual_seed(seed)
    points = torch.randn(1, queries, slots, 8, generator=draw, dtype=torch.float64)
    points[..., :2] = torch.rand(1, queries, slots, 2, generator=draw, dtype=torch.float64) * 1.2 - 0.1
    points[..., 4:7:2] += 3  # a precise network: 1 / e^3 of the picture
    return {
        "dets": torch.rand(1, queries, 4, generator=draw, dtype=torch.float64),
        "labels": torch.randn(1, queries, classes, generator=draw, dtype=torch.float64) * 2 - 2,
        "keypoints": points,
    }


def trace(point: torch.Tensor) -> torch.Tensor:
    """The trace of the covariance of a keypoint ``(8,)``, by inverting its precision."""
    log_l11, l21, log_l22 = point[4:7]
    factor = torch.stack([torch.stack([log_l11.exp(), 0 * l21]), torch.stack([l21, log_l22.exp()])])
    return (factor @ factor.T).inverse().trace()


def rfdetr_reference(
    raw: dict[str, torch.Tensor], counts: list[int], person: int, alpha: float
) -> list[np.ndarray[Any, Any]]:
    """Scores, boxes, keypoints and their scores of the people of one input, best first."""
    logits, boxes, points = raw["labels"][0], raw["dets"][0], raw["keypoints"][0]
    scores, classes, queries = best_pairs(logits, len(logits))
    scores, queries = scores[classes == person], queries[classes == person]
    by_class = points[queries].reshape(len(queries), len(counts), max(counts), 8)[:, person, : counts[person]]
    if alpha > 0:
        findable = by_class[..., 2].sigmoid()
        traces = torch.stack([torch.stack([trace(point) for point in one]) for one in by_class])
        mean = (traces * findable).sum(1) / findable.sum(1)
        weighed = scores * mean**-alpha
        scores = weighed / (1 + weighed)
    size = torch.tensor(HW[::-1], dtype=torch.float64)
    centre, half = boxes[queries, :2], boxes[queries, 2:] / 2
    corners = torch.cat([centre - half, centre + half], 1) * size.repeat(2)
    return sorted_by_score(scores, corners, by_class[..., :2] * size, by_class[..., 2].sigmoid())


def test_rfdetr_people_are_those_of_its_own_code() -> None:
    with np.load(Path(__file__).with_name("rfdetr_postprocess.npz")) as archive:
        golden = dict(archive)
    assert {"oracle", "command"} == set(json.loads(str(golden["header"])))
    raw = {"dets": golden["raw_boxes"], "labels": golden["raw_logits"], "keypoints": golden["raw_keypoints"]}
    (found,) = RFDETRKeypoint(K, input_hw=(576, 576), min_score=0).decode(raw)
    people = np.flatnonzero(golden["labels"] == 1)
    people = people[np.argsort(-golden["scores"][people], kind="stable")]
    assert 8 < len(found) == len(people) < 24
    np.testing.assert_allclose(found.person_scores, golden["scores"][people], rtol=0, atol=SCORE)
    np.testing.assert_allclose(np.clip(found.boxes, 0, 576), golden["boxes"][people], rtol=0, atol=PX)  # ours later
    np.testing.assert_allclose(found.keypoints, golden["keypoints"][people, :, :2], rtol=0, atol=PX)
    np.testing.assert_allclose(found.scores, golden["keypoints"][people, :, 2], rtol=0, atol=SCORE)


@pytest.mark.parametrize(
    ("counts", "classes", "person"),
    [([0, K], 2, 1), ([K], 2, 0), ([K], 91, 0), ([4, K, 9], 4, 1)],
    ids=["published: background first", "people first", "with COCO's classes", "among others"],
)
@pytest.mark.parametrize("alpha", [0.2, 0.0, 1.0])
def test_rfdetr_people(counts: list[int], classes: int, person: int, alpha: float) -> None:
    raw = network(100, classes, len(counts) * max(counts), seed=classes + person)
    codec = RFDETRKeypoint(K, person_class=person, input_hw=HW, uncertainty=alpha, min_score=0)
    (found,) = codec.decode({name: array.float().numpy() for name, array in raw.items()})
    scores, boxes, keypoints, findable = rfdetr_reference(raw, counts, person, alpha)
    assert 0 < len(found) == len(scores) <= 100
    np.testing.assert_allclose(found.person_scores, scores, rtol=0, atol=SCORE)
    np.testing.assert_allclose(found.boxes, boxes, rtol=0, atol=PX)
    np.testing.assert_allclose(found.keypoints, keypoints, rtol=0, atol=PX)
    np.testing.assert_allclose(found.scores, findable, rtol=0, atol=SCORE)


def test_rfdetr_extreme_numbers_keep_a_score() -> None:
    """Very sharp, very unsure and never found: computed with logarithms, as by the authors, nothing overflows."""
    raw = network(12, 2, K, seed=5)
    raw["keypoints"][0, 0, :, 4:7] = torch.tensor([90.0, 0.0, 90.0], dtype=torch.float64)
    raw["keypoints"][0, 1, :, 4:7] = torch.tensor([-90.0, 1e3, -90.0], dtype=torch.float64)
    raw["keypoints"][0, 2, :, 2] = -300
    raw["labels"][0, :3, 0], raw["labels"][0, 3, 0] = 80, -200
    codec = RFDETRKeypoint(K, person_class=0, input_hw=HW, min_score=0)
    (found,) = codec.decode({name: array.float().numpy() for name, array in raw.items()})
    assert np.isfinite(found.person_scores).all()
    assert found.person_scores[0] == 1  # the sharp one
    assert found.person_scores.min() < 1e-30  # the unsure one
    assert (found.scores.min(), found.scores.max() <= 1) == (0, True)


def detrpose_export(logits: torch.Tensor, points: torch.Tensor, sizes: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the exported graph answers to raw logits ``(1, Q, C)`` and shares ``(1, Q, K, 2)``."""
    scores, classes, queries = best_pairs(logits[0], 60)
    return {"scores": scores[None], "labels": classes[None], "keypoints": points[:, queries] * sizes[:, None, None]}


def test_detrpose_people() -> None:
    draw = torch.Generator().manual_seed(3)
    logits = torch.randn(1, 60, 2, generator=draw, dtype=torch.float64) * 2 - 2
    points = torch.rand(1, 60, K, 2, generator=draw, dtype=torch.float64) * 1.2 - 0.1
    answer = detrpose_export(logits, points, torch.tensor([HW[::-1]]))
    (found,) = DETRPose(K, min_score=0).decode({name: array.float().numpy() for name, array in answer.items()})
    people = answer["labels"][0] == 1  # category 1 of COCO; nothing was labelled 0 in training
    assert 20 < len(found) == int(people.sum()) < 60
    np.testing.assert_allclose(found.person_scores, answer["scores"][0][people].numpy(), rtol=0, atol=SCORE)
    np.testing.assert_allclose(found.keypoints, answer["keypoints"][0][people].numpy(), rtol=0, atol=PX)
    np.testing.assert_array_equal(found.scores, np.repeat(found.person_scores[:, None], K, axis=1))
