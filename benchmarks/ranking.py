"""How much the proposal should count in a top-down person's score: fitted to labelled people.

    python -m benchmarks.ranking LABELS.json --images FOLDER

LABELS is a file of COCO keypoints; pictures count in which a human labelled somebody's keypoints. Whom a proposal
shows is the label whose box overlaps most. A pose is as good as its object keypoint similarity to that label; 0 where
no box overlaps by 0.1. Left out are those whose label's keypoints are a machine's (``keypoints_source``) or too few.

A logistic regression of how good poses are, on the logarithms of the proposal's score and of the mean keypoint score,
gives two weights; the proposal's part of their sum is its share. Printed for each model: the weights, and how well the
order of the scores fits the order of the similarities (Spearman) by some shares and by the fitted one.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from scipy.optimize import minimize
from scipy.stats import spearmanr

from benchmarks.crops import AREA_OF_BOX
from gonio.arrays import FloatArray, FloatArray64
from gonio.geometry.boxes import iou
from gonio.geometry.oks import oks
from gonio.io.images import read_image
from gonio.labelled import without_calibration
from gonio.models.loader import load_model
from gonio.models.person_score import person_scores
from gonio.models.topdown import TopDownModel
from gonio.structures.conversion import convert_poses
from gonio.structures.poses import Poses

SKELETON = "coco17"
OVERLAP = 0.1  # IoU from which on a proposal shows a labelled person
LABELLED_KEYPOINTS = 4
_SMALLEST = 1e-4  # before a logarithm


@dataclass(frozen=True, eq=False)
class Ranked:
    """Poses of many pictures: the proposals' scores, mean keypoint scores and similarities to labels, each ``(N,)``."""

    proposals: FloatArray64
    keypoints: FloatArray64
    similarities: FloatArray64

    @classmethod
    def joined(cls, parts: Iterable["Ranked"]) -> "Ranked":
        """All of them as one."""
        columns = [(one.proposals, one.keypoints, one.similarities) for one in parts]
        return cls(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def fitted_weights(ranked: Ranked) -> tuple[float, float]:
    """Weights of the logarithms of the proposal's and of the mean keypoint score."""
    logs = [np.log(np.maximum(values, _SMALLEST)) for values in (ranked.proposals, ranked.keypoints)]
    features = np.stack([*logs, np.ones(len(ranked.proposals))], axis=1)
    good = ranked.similarities

    def loss(weights: FloatArray64) -> tuple[float, FloatArray64]:
        """Cross-entropy with its gradient; ``log(1 + e^z) - y z``."""
        logits = features @ weights
        slope = features.T @ (1 / (1 + np.exp(-logits)) - good) / len(good)
        value = (np.logaddexp(0, logits) - good * logits).mean()
        return float(value), slope

    proposal, keypoints, _ = minimize(loss, np.zeros(3), jac=True).x
    return float(proposal), float(keypoints)


def order_fits(ranked: Ranked, share: float) -> float:
    """Spearman's rank correlation of person scores with similarities."""
    scores = person_scores(ranked.proposals, ranked.keypoints, share=share)
    return float(spearmanr(scores, ranked.similarities).statistic)


def similarities(proposals: Poses, poses: Poses, labels: list[dict[str, Any]]) -> FloatArray64:
    """Of each pose ``(N,)``, its proposal in the same row; NaN where nobody can say."""
    boxes = np.array([one["bbox"] for one in labels], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    overlaps = iou(proposals.boxes, boxes)
    good = np.zeros(len(poses))
    for i, j in enumerate(overlaps.argmax(axis=1)):
        if overlaps[i, j] < OVERLAP:
            continue
        points = np.array(labels[j].get("keypoints") or [0] * 3 * len(poses.skeleton), np.float32).reshape(-1, 3)
        if not _by_human(labels[j]) or (points[:, 2] > 0).sum() < LABELLED_KEYPOINTS:
            good[i] = np.nan
            continue
        truth = np.where(points[:, 2:] > 0, points[:, :2], np.nan).astype(np.float32)
        area = np.prod(boxes[j, 2:] - boxes[j, :2])[None] * AREA_OF_BOX
        sigmas = np.array(poses.skeleton.sigmas, np.float32)
        good[i] = oks(poses.keypoints[i : i + 1], truth[None], areas=area, sigmas=sigmas)[0, 0]
    return good


def ranked(model: TopDownModel, picture: Path, labels: list[dict[str, Any]]) -> Ranked:
    """Everyone whom the model finds in one picture, and of whom can be said how well."""
    image = read_image(picture)
    proposals = model.propose(image)
    if not len(proposals):
        return Ranked(np.zeros(0), np.zeros(0), np.zeros(0))
    found = model.refine(image, proposals)
    good = similarities(proposals, convert_poses(found, SKELETON), labels)
    known = np.isfinite(good)
    scores: FloatArray = found.scores.mean(axis=1)
    return Ranked(proposals.person_scores[known].astype(float), scores[known].astype(float), good[known])


def labelled_pictures(labels: Path, images: Path) -> dict[Path, list[dict[str, Any]]]:
    """The labels of every picture in which a human labelled somebody's keypoints."""
    content = json.loads(labels.read_text("utf-8"))
    names = {one["id"]: one["file_name"] for one in content["images"]}
    people = defaultdict(list)
    for one in content["annotations"]:
        people[images / names[one["image_id"]]].append(one)
    return {picture: everyone for picture, everyone in people.items() if any(map(_by_human, everyone))}


def _by_human(label: dict[str, Any]) -> bool:
    return bool(label.get("keypoints_source", "human") == "human" and any(label.get("keypoints") or ()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["thunder", "lightning"])
    parser.add_argument("--detector")
    parser.add_argument("--shares", nargs="+", type=float, default=[0.5, 0.2])
    parser.add_argument("--pictures", type=int, help="the first so many; default: all")
    options = parser.parse_args()
    pictures = list(labelled_pictures(options.labels, options.images).items())[: options.pictures]
    for name in options.models:
        model = cast("TopDownModel", without_calibration(load_model(name, threads=1, detector=options.detector)))
        people = Ranked.joined(ranked(model, picture, labels) for picture, labels in pictures)
        weights = fitted_weights(people)
        fitted = weights[0] / sum(weights)
        orders = [f"{order_fits(people, share):.3f} by {share:.2f}" for share in (*options.shares, fitted)]
        print(
            f"{name}: {len(people.proposals)} poses in {len(pictures)} pictures; weights {weights[0]:.2f} and "
            f"{weights[1]:.2f}, share {fitted:.2f}; order {', '.join(orders)}"
        )


if __name__ == "__main__":
    main()
