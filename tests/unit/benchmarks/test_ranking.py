"""The fit of the proposal's share: it finds the weights that made the data, and pairs poses with the right labels."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.ranking import Ranked, fitted_weights, labelled_pictures, order_fits, similarities

from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")


def made(share_weights: tuple[float, float], n: int = 4000) -> Ranked:
    """People whose similarity is exactly what a logistic regression with these weights says."""
    rng = np.random.default_rng(0)
    proposals, keypoints = rng.uniform(0.05, 1, (2, n))
    logits = share_weights[0] * np.log(proposals) + share_weights[1] * np.log(keypoints) + 1.5
    return Ranked(proposals, keypoints, 1 / (1 + np.exp(-logits)))


@pytest.mark.parametrize("weights", [(0.5, 2.0), (1.0, 1.0), (2.0, 0.3)])
def test_the_weights_come_back(weights: tuple[float, float]) -> None:
    np.testing.assert_allclose(fitted_weights(made(weights)), weights, rtol=0.01)


def test_the_order_fits_best_by_the_share_that_made_it() -> None:
    people = made((0.5, 2.0))
    assert order_fits(people, 0.2) == pytest.approx(1)
    assert order_fits(people, 0.5) < 0.99


def test_a_few_are_joined() -> None:
    parts = [made((1.0, 1.0), n) for n in (3, 0, 2)]
    assert len(Ranked.joined(parts).proposals) == 5


def points(shift: float) -> list[float]:
    return [value for k in range(17) for value in (shift + 2 * k, 10.0 + 3 * k, 2)]


def label(shift: float, **changes: Any) -> dict[str, Any]:
    return {
        "image_id": 1,
        "bbox": [shift, 8, 40, 60],
        "keypoints": points(shift),
        "keypoints_source": "human",
    } | changes


def test_poses_are_compared_with_whom_their_boxes_show() -> None:
    """As labelled; far from the label; nobody there; labelled by a machine; too few keypoints labelled."""
    labels = [
        label(0),
        label(100),
        label(300, keypoints_source="teacher"),
        label(400, keypoints=points(400)[:9] + [0] * 42),
        label(500, keypoints=None, keypoints_source="none"),
    ]
    shifts = np.array([0, 100, 200, 300, 400, 500], np.float32)
    truth = np.array(points(0), np.float32).reshape(17, 3)[:, :2]
    keypoints = truth + np.stack([shifts, np.zeros(6, np.float32)], axis=1)[:, None]
    keypoints[1] += 500
    boxes = np.array([[shift, 8, shift + 40, 68] for shift in shifts], np.float32)
    poses = Poses(keypoints, np.ones((6, 17), np.float32), boxes, np.ones(6, np.float32), COCO17)
    found = similarities(poses, poses, labels)
    np.testing.assert_allclose(found, [1, 0, 0, np.nan, np.nan, np.nan], atol=1e-6)


def test_pictures_without_human_keypoints_are_left_out(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "annotations": [
            label(0),
            label(0, keypoints=None, keypoints_source="none"),
            label(0, image_id=2, keypoints_source="teacher"),
        ],
    }
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    pictures = labelled_pictures(path, tmp_path)
    assert {picture.name: len(people) for picture, people in pictures.items()} == {"a.jpg": 2}
