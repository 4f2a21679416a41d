"""COCO keypoint AP and AR, computed by pycocotools itself, so that numbers compare with published ones."""

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gonio.arrays import BoolArray
from gonio.errors import ConfigError
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

Row = dict[str, Any]

_PERSON = 1  # the category id; any positive number does, since there is only one category


@dataclass(frozen=True, slots=True)
class CocoScores:
    """The ten numbers of the COCO keypoint challenge, in percent; NaN where there was nobody to find.

    Attributes:
        AP: Average precision, mean over the OKS thresholds 0.50, 0.55 … 0.95.
        AP50: At OKS 0.50.
        AP75: At OKS 0.75.
        APM: Of medium people, 32² to 96² px².
        APL: Of large people, above 96² px².
        AR: Average recall over the same thresholds, of at most 20 people an image.
        AR50: At OKS 0.50.
        AR75: At OKS 0.75.
        ARM: Of medium people.
        ARL: Of large people.
    """

    AP: float
    AP50: float
    AP75: float
    APM: float
    APL: float
    AR: float
    AR50: float
    AR75: float
    ARM: float
    ARL: float

    def to_dict(self) -> dict[str, float | None]:
        """The numbers by name, None for NaN as in JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: None if math.isnan(value) else value for name, value in values.items()}


def coco_ap(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> CocoScores:
    """Score poses against labels as the COCO keypoint challenge does.

    Crowds and people without a labelled keypoint are neither to be found nor held against a pose that lies on
    them. OKS is scaled by the labels' areas and by the skeleton's sigmas. People are ranked by
    ``person_scores`` over all images; at most the 20 best of an image count.

    A NaN keypoint is infinitely far from its label: it adds 0 to the OKS. (Left as NaN, pycocotools would
    count the whole pose as a match.) The size of a pose, which decides whether a false alarm counts in APM or
    APL, is that of the box around its finite keypoints.

    Args:
        annotations: Labels, one per image, with different ``image_id``.
        predictions: Poses of the same images in the same order; empty where
            nobody was found.

    Returns:
        The scores; without any prediction they are 0, and without anybody to find (for APM and APL: of that
        size) NaN.

    Raises:
        ConfigError: If the images of labels and predictions differ in number, the skeletons differ, or an
            image id repeats.
        MissingDependencyError: If pycocotools is not installed.

    Note:
        What pycocotools prints is discarded; while this runs, so are the prints of other threads.

    Source:
        https://cocodataset.org/#keypoints-eval and pycocotools ``COCOeval``.
    """
    check_pairs(annotations, predictions)
    check_unique_ids(annotations)
    if not annotations:
        return CocoScores(*[math.nan] * 10)
    with contextlib.redirect_stdout(io.StringIO()):
        judge = _judge(annotations, predictions, [np.ones(len(labels), bool) for labels in annotations])
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return CocoScores(*[percent(float(value)) for value in judge.stats])


def subset_ap(
    annotations: Sequence[Annotations],
    predictions: Sequence[Poses],
    *,
    chosen: Sequence[BoolArray],
    area_px2: tuple[float, float] = (0, 1e10),
) -> tuple[float, float]:
    """AP and AR of the chosen people alone; the others are ignored as COCO ignores people of another size.

    A pose that lies best on somebody who is ignored counts neither as found nor as false alarm. A pose that lies on
    nobody is a false alarm, unless its size is outside ``area_px2``.

    Args:
        annotations: As for `coco_ap`.
        predictions: As for `coco_ap`.
        chosen: For each image ``(N,)``: who is to be found.
        area_px2: Smallest and largest area of who is to be found.

    Returns:
        AP and AR in percent; NaN where nobody is to be found.

    Raises:
        ConfigError, MissingDependencyError: As `coco_ap`.
    """
    check_pairs(annotations, predictions)
    check_unique_ids(annotations)
    if not annotations:
        return math.nan, math.nan
    with contextlib.redirect_stdout(io.StringIO()):
        judge = _judge(annotations, predictions, chosen)
        judge.params.areaRng, judge.params.areaRngLbl = [list(area_px2)], ["all"]
        judge.evaluate()
        judge.accumulate()
    precision, recall = judge.eval["precision"], judge.eval["recall"]
    ap, ar = (float(values.mean()) if (values > -1).all() else -1.0 for values in (precision, recall))
    return percent(ap), percent(ar)


def _judge(annotations: Sequence[Annotations], predictions: Sequence[Poses], chosen: Sequence[BoolArray]) -> Any:
    """A ``COCOeval`` ready to evaluate."""
    require("pycocotools", extra="eval", purpose="measuring COCO AP")  # named alone, for the message
    coco_module = require("pycocotools.coco", extra="eval", purpose="measuring COCO AP")
    eval_module = require("pycocotools.cocoeval", extra="eval", purpose="measuring COCO AP")
    images = [{"id": labels.image_id} for labels in annotations]
    truth = filled(coco_module.COCO(), images, label_rows(annotations, chosen))
    found = filled(coco_module.COCO(), images, _prediction_rows(annotations, predictions))
    judge = eval_module.COCOeval(truth, found, "keypoints")
    judge.params.kpt_oks_sigmas = np.array(annotations[0].skeleton.sigmas)
    return judge


def percent(value: float) -> float:
    """In percent; -1 is how pycocotools says NaN, where there is nobody to find."""
    return math.nan if value == -1 else 100 * value


def check_pairs(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> None:
    """Raise unless labels and poses belong to the same images and share one skeleton.

    Raises:
        ConfigError: If they do not.
    """
    if len(annotations) != len(predictions):
        raise ConfigError(
            f"there are labels for {len(annotations)} images but predictions for {len(predictions)}; "
            "give one Poses per image, empty where nobody was found."
        )
    if not annotations:
        return
    expected = annotations[0].skeleton
    for labels, poses in zip(annotations, predictions, strict=True):
        for what, skeleton in (("labels", labels.skeleton), ("predictions", poses.skeleton)):
            if skeleton.keypoint_names != expected.keypoint_names:
                raise ConfigError(
                    f"the {what} of {labels.file_name!r} have the skeleton {skeleton.name!r}, "
                    f"expected {expected.name!r}; convert one of them first."
                )


def label_rows(annotations: Sequence[Annotations], chosen: Sequence[BoolArray]) -> list[Row]:
    """One COCO annotation per labelled person, without its ``id``; unlabelled keypoints are ``0, 0, 0``.

    Who is not chosen has ``num_keypoints`` 0, by which pycocotools ignores people; OKS is still by their keypoints.
    """
    rows = []
    for labels, counts in zip(annotations, chosen, strict=True):
        x1, y1, x2, y2 = labels.boxes.astype(np.float64).T
        boxes_xywh = np.stack([x1, y1, x2 - x1, y2 - y1], axis=-1)
        labelled = labels.visibility[..., None] > 0
        xyv = np.where(labelled, np.concatenate([labels.keypoints, labels.visibility[..., None]], axis=-1), 0)
        rows += [
            {
                "image_id": labels.image_id,
                "category_id": _PERSON,
                "keypoints": xyv[person].ravel().tolist(),
                "num_keypoints": int(labelled[person].sum()) if counts[person] else 0,
                "bbox": boxes_xywh[person].tolist(),
                "area": float(labels.areas[person]),
                "iscrowd": int(labels.is_crowd[person]),
            }
            for person in range(len(labels))
        ]
    return rows


def _prediction_rows(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> list[Row]:
    """Like the rows that ``COCO.loadRes`` makes, except that missing keypoints are infinitely far."""
    rows = []
    for labels, poses in zip(annotations, predictions, strict=True):
        present: BoolArray = np.all(np.isfinite(poses.keypoints), axis=-1)
        points = np.where(present[..., None], poses.keypoints.astype(np.float64), np.inf)
        xys = np.concatenate([points, poses.scores[..., None]], axis=-1)
        for person, score in enumerate(poses.person_scores.tolist()):
            finite = points[person, present[person]]
            width, height = np.ptp(finite, axis=0) if len(finite) else (0, 0)
            rows.append(
                {
                    "image_id": labels.image_id,
                    "category_id": _PERSON,
                    "keypoints": xys[person].ravel().tolist(),
                    "area": float(width * height),
                    "score": score,
                }
            )
    return rows


def filled(coco: Any, images: list[Row], rows: list[Row]) -> Any:
    """Fill a ``pycocotools.coco.COCO``; ids count from 1, because pycocotools takes 0 for "no match"."""
    coco.dataset = {
        "images": images,
        "categories": [{"id": _PERSON, "name": "person"}],
        "annotations": [row | {"id": i} for i, row in enumerate(rows, start=1)],
    }
    coco.createIndex()
    return coco


def check_unique_ids(annotations: Sequence[Annotations]) -> None:
    """Raise where two images have one id.

    Raises:
        ConfigError: If they do.
    """
    seen: dict[int, str] = {}
    for labels in annotations:
        if labels.image_id in seen:
            raise ConfigError(
                f"image id {labels.image_id} belongs to {seen[labels.image_id]!r} and {labels.file_name!r}; "
                "join several files with gonio.io.formats.coco.merge_annotations, which makes ids unique."
            )
        seen[labels.image_id] = labels.file_name
