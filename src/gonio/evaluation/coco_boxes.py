"""COCO AP and AR of boxes, computed by pycocotools itself: how well a detector finds people."""

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gonio.errors import ConfigError
from gonio.evaluation.coco import Row, check_unique_ids, filled, label_rows, percent
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses


@dataclass(frozen=True, slots=True)
class BoxScores:
    """Numbers of the COCO detection challenge, of people alone, in percent; NaN where there was nobody to find.

    Attributes:
        AP: Average precision, mean over the thresholds of IoU 0.50, 0.55 … 0.95.
        AP50: At an IoU of 0.50.
        AP75: At an IoU of 0.75.
        APS: Of small people, below 32² px².
        APM: Of medium people, 32² to 96² px².
        APL: Of large people, above 96² px².
        AR: Average recall over the same thresholds, of at most 100 boxes an image.
    """

    AP: float
    AP50: float
    AP75: float
    APS: float
    APM: float
    APL: float
    AR: float

    def to_dict(self) -> dict[str, float | None]:
        """The numbers by name, None for NaN as in JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: None if math.isnan(value) else value for name, value in values.items()}


def box_ap(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> BoxScores:
    """Score boxes against labels as the COCO detection challenge does.

    Everyone with a box is to be found, with keypoints or without; crowds are neither to be found nor held against a
    box that lies on them.

    Args:
        annotations: Labels, one per image, with different ``image_id``.
        predictions: Boxes and person scores of the same images in the same order; keypoints do not matter.

    Raises:
        ConfigError: If the images of labels and predictions differ in number, or an image id repeats.
        MissingDependencyError: If pycocotools is not installed.

    Note:
        As of `gonio.evaluation.coco.coco_ap`.

    Source:
        https://cocodataset.org/#detection-eval and pycocotools ``COCOeval``.
    """
    if len(annotations) != len(predictions):
        raise ConfigError(
            f"there are labels for {len(annotations)} images but predictions for {len(predictions)}; "
            "give one Poses per image, empty where nobody was found."
        )
    check_unique_ids(annotations)
    coco_module: Any = require("pycocotools.coco", extra="eval", purpose="measuring COCO AP")
    eval_module: Any = require("pycocotools.cocoeval", extra="eval", purpose="measuring COCO AP")
    images = [{"id": labels.image_id} for labels in annotations]
    everyone = [np.ones(len(labels), bool) for labels in annotations]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = filled(coco_module.COCO(), images, label_rows(annotations, everyone))
        found = filled(coco_module.COCO(), images, _rows(annotations, predictions))
        judge = eval_module.COCOeval(truth, found, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    ap, ap50, ap75, small, medium, large, _, _, recall = (percent(float(value)) for value in judge.stats[:9])
    return BoxScores(ap, ap50, ap75, small, medium, large, recall)


def _rows(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> list[Row]:
    rows = []
    for labels, poses in zip(annotations, predictions, strict=True):
        for (x1, y1, x2, y2), score in zip(poses.boxes.tolist(), poses.person_scores.tolist(), strict=True):
            size = [x2 - x1, y2 - y1]
            rows.append(
                {
                    "image_id": labels.image_id,
                    "category_id": 1,
                    "bbox": [x1, y1, *size],
                    "area": size[0] * size[1],
                    "iscrowd": 0,
                    "score": score,
                }
            )
    return rows
