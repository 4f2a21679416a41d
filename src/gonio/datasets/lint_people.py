"""Lint, person by person: boxes, points and visibility, and people who are labelled twice."""

from collections.abc import Iterator, Sequence

import numpy as np

from gonio.arrays import BoolArray, FloatArray64
from gonio.datasets.findings import Finding
from gonio.datasets.loading import LabelledSet, without_area
from gonio.geometry.boxes import iou
from gonio.structures.annotations import Annotations

EDGE_PX = 1.0
"""How far a point or box may reach out of the picture: labels are rounded."""
OUTSIDE_BOX = 0.5
"""How far a keypoint may lie outside the box, as a part of the box's longer side: a box often follows what is seen
of a person, and a hidden foot lies outside it (COCO's people: up to 0.4)."""
SAME_PLACE = 0.02
"""Two people are the same one if their common keypoints are this near on average, as a part of the box's diagonal."""
SAME_BOX = 0.95
"""The same of two people of whom one has no keypoints: the boxes' intersection over union."""
MIN_PEOPLE = 20
"""From how many people on a constant visibility is no chance."""


def lint_people(dataset: LabelledSet) -> Iterator[Finding]:
    """Everything that can be seen in one picture's labels alone."""
    for labels in dataset.images:
        for person, code, message in _in_image(labels):
            yield Finding(code, message, dataset.name, labels.file_name, dataset.position(labels, person))
    yield from _constant_visibility(dataset)
    yield from _without_anything(dataset)


def _in_image(labels: Annotations) -> Iterator[tuple[int, str, str]]:
    for n in range(len(labels)):
        yield from ((n, code, message) for code, message in _box(labels, n))
        if not labels.is_crowd[n]:
            yield from ((n, code, message) for code, message in _points(labels, n))
    yield from ((n, "duplicate-person", f"the same as person {m}") for m, n in _twice(labels))


def _box(labels: Annotations, n: int) -> Iterator[tuple[str, str]]:
    height, width = labels.image_hw
    x1, y1, x2, y2 = (float(edge) for edge in labels.boxes[n])
    if not (x2 > x1 and y2 > y1):
        yield "zero-box", f"the box is {x2 - x1:g} x {y2 - y1:g} px"
    elif x1 < -EDGE_PX or y1 < -EDGE_PX or x2 > width + EDGE_PX or y2 > height + EDGE_PX:
        yield "box-outside", f"the box ({x1:g}, {y1:g}, {x2:g}, {y2:g}) leaves the picture of {width} x {height} px"


def _points(labels: Annotations, n: int) -> Iterator[tuple[str, str]]:
    height, width = labels.image_hw
    names, points = labels.skeleton.keypoint_names, labels.keypoints[n].astype(np.float64)
    labelled = labels.visibility[n] > 0
    at_origin = labelled & (points == 0).all(axis=1)
    if at_origin.any():
        yield "visibility-origin", f"{_named(names, at_origin)} at (0, 0) with visibility 1 or 2"
    low, high = -0.5 - EDGE_PX, np.array([width, height]) - 0.5 + EDGE_PX
    out = labelled & ((points < low) | (points > high)).any(axis=1)
    if out.any():
        x, y = points[out][0]
        yield "outside-image", f"{_named(names, out)}, such as ({x:g}, {y:g}) in {width} x {height} px"
    beyond = _beyond_box(points, labels.boxes[n].astype(np.float64))
    far = labelled & ~out & ~at_origin & (beyond > OUTSIDE_BOX)
    if far.any():
        yield "outside-box", f"{_named(names, far)}, up to {beyond[far].max():.1f} of the box's longer side away"


def _beyond_box(points: FloatArray64, box: FloatArray64) -> FloatArray64:
    """``(K,)``: distance from the box, as a part of its longer side; 0 inside, and for a box without size."""
    width, height = box[2] - box[0], box[3] - box[1]
    if not (width > 0 and height > 0):
        return np.zeros(len(points))
    longer = max(width, height)
    outside = np.maximum(np.maximum(box[:2] - points, points - box[2:]), 0)
    return np.asarray(np.nan_to_num(np.hypot(outside[:, 0], outside[:, 1])) / longer)


def _twice(labels: Annotations) -> Iterator[tuple[int, int]]:
    people = np.flatnonzero(~labels.is_crowd)
    overlap = iou(labels.boxes, labels.boxes)
    for j, n in enumerate(people):
        for m in people[:j]:
            common = (labels.visibility[m] > 0) & (labels.visibility[n] > 0)
            if common.sum() >= 5:
                apart = np.linalg.norm(labels.keypoints[m][common] - labels.keypoints[n][common], axis=1).mean()
                if apart < SAME_PLACE * np.linalg.norm(labels.boxes[m][2:] - labels.boxes[m][:2]):
                    yield int(m), int(n)
                    break
            elif overlap[m, n] > SAME_BOX:
                yield int(m), int(n)
                break


def _constant_visibility(dataset: LabelledSet) -> Iterator[Finding]:
    values = [labels.visibility[labels.visibility.any(axis=1)] for labels in dataset.images]
    people = sum(len(value) for value in values)
    if people < MIN_PEOPLE:
        return
    present = set(np.unique(np.concatenate([value.ravel() for value in values])).tolist())
    if present == {2}:
        message = f"all keypoints of {people} people are visible (2); were hidden ones labelled so?"
    elif 2 not in present:
        message = f"no keypoint of {people} people is visible (2), and some are hidden (1); was 1 meant for visible?"
    else:
        return
    yield Finding("visibility-constant", message, dataset.name)


def _without_anything(dataset: LabelledSet) -> Iterator[Finding]:
    """Of a whole set: nobody, nobody with keypoints, or people without areas."""
    everyone = [labels.only(np.flatnonzero(~labels.is_crowd)) for labels in dataset.images]
    people = sum(len(labels) for labels in everyone)
    if not any((labels.visibility > 0).any() for labels in dataset.images):
        message = f"{people} people in {len(everyone)} pictures, and no labelled keypoint"
        yield Finding("nothing-labelled", message, dataset.name)
    flat = sum(int(without_area(labels).sum()) for labels in everyone)
    if flat:
        yield Finding("zero-area", f"{flat} of {people} people have no area, 0.53 of the box is taken", dataset.name)


def _named(names: Sequence[str], chosen: BoolArray) -> str:
    some = [name for name, one in zip(names, chosen, strict=True) if one]
    return ", ".join(some[:3]) + (f" and {len(some) - 3} more" if len(some) > 3 else "")
