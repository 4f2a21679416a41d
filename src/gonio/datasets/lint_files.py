"""Lint of the files as they are: what a reader refuses, or would not let through to be seen.

A person whose numbers cannot be used is reported and left out; the rest of the file is read.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray64
from gonio.datasets.findings import Finding
from gonio.datasets.loading import LabelledSet, load_sets, picture_folders
from gonio.errors import ConfigError, MediaError, ShapeError
from gonio.io.formats.coco import keypoint_category, load_coco, of_category
from gonio.io.formats.coco_labels import coco_annotations
from gonio.io.formats.keypoint_names import mirrored_names, skeleton_of_names
from gonio.io.formats.label_parts import image_labels, image_size_hw
from gonio.io.formats.labels import LabelFormat, label_format
from gonio.io.formats.yolo_dataset import YoloDataset, label_file, read_yolo_dataset
from gonio.io.formats.yolo_pose import person_of_line, read_label_lines
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

Json = dict[str, Any]
_VALUES = (0, 1, 2)


@dataclass(slots=True)
class _Report:
    """Findings of one set, gathered while its file is read."""

    split: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, message: str, image: str | None = None, person: int | None = None) -> None:
        self.findings.append(Finding(code, message, self.split, image, person))


def examine_file(
    path: Path,
    *,
    folders: Sequence[Path] = (),
    kind: LabelFormat | None = None,
    skeleton: Skeleton | None = None,
    category: str | None = None,
) -> tuple[list[LabelledSet], list[Finding]]:
    """Read a label file as far as it can be read.

    COCO and YOLO files are looked at number by number; the other formats are read as they are or not at all.

    Returns:
        The sets in it, and what is wrong with the file itself.

    Raises:
        PoseError: If the file as a whole cannot be read.
    """
    found = kind or label_format(path)
    if found == "coco":
        return _coco(path, picture_folders(path, folders, found), skeleton, category)
    if found == "yolo":
        return _yolo(path, folders, skeleton, category)
    return load_sets([path], folders=folders, kind=found, skeleton=skeleton, category=category), []


def _coco(
    path: Path, folders: tuple[Path, ...], skeleton: Skeleton | None, wanted: str | None
) -> tuple[list[LabelledSet], list[Finding]]:
    content, report = of_category(load_coco(path), wanted, path), _Report(path.stem)
    category = keypoint_category(content["categories"], path)
    k = len(category["keypoints"])
    names = {image.get("id"): str(image.get("file_name")) for image in content["images"] if isinstance(image, dict)}
    kept: list[Json] = []
    positions: dict[Any, list[int]] = {image_id: [] for image_id in names}
    counts: dict[object, int] = {}
    for person in content["annotations"]:
        if not isinstance(person, dict) or person.get("category_id") != category["id"]:
            continue
        position = counts.get(person.get("image_id"), 0)
        counts[person.get("image_id")] = position + 1
        name = names.get(person.get("image_id"))
        problems = list(_coco_problems(person, k))
        for code, message in problems:
            report.add(code, message, name, position)
        if all(code == "visibility-dropped" for code, _ in problems):
            kept.append(person)
            positions.setdefault(person.get("image_id"), []).append(position)
    images = coco_annotations(content | {"annotations": kept}, path, skeleton)
    fixed = {image_id: tuple(own) for image_id, own in positions.items()}
    return [LabelledSet(path.stem, path, tuple(images), folders, fixed)], report.findings


def _coco_problems(person: Json, k: int) -> Iterator[tuple[str, str]]:
    numbers = person.get("keypoints")
    box = person.get("bbox")
    for key, value, length in (("bbox", box, 4), ("area", [person.get("area")], 1), ("keypoints", numbers, None)):
        if not isinstance(value, list) or not all(_is_number(item) for item in value):
            yield "bad-number", f"{key} is {str(person.get(key))[:60]}"
            return
        if length is not None and len(value) != length:
            yield "bad-number", f"{key} has {len(value)} numbers, expected {length}"
            return
    assert isinstance(numbers, list)  # noqa: S101 - the loop above has looked
    if len(numbers) != 3 * k:
        yield "keypoint-count", f"{len(numbers)} numbers, {k} keypoints need {3 * k}"
        return
    yield from _visibility_problems(np.array(numbers, np.float64).reshape(k, 3))


def _visibility_problems(xyv: FloatArray64) -> Iterator[tuple[str, str]]:
    odd = xyv[~np.isin(xyv[:, 2], _VALUES), 2]
    if odd.size:
        yield "visibility-value", f"a keypoint has the visibility {odd[0]:g}"
    dropped = (xyv[:, 2] == 0) & (xyv[:, :2] != 0).any(axis=1)
    if dropped.any():
        x, y = xyv[dropped][0, :2]
        yield "visibility-dropped", f"{dropped.sum()} keypoints of visibility 0 have a position, such as ({x:g}, {y:g})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _yolo(
    path: Path, folders: Sequence[Path], skeleton: Skeleton | None, category: str | None
) -> tuple[list[LabelledSet], list[Finding]]:
    dataset = read_yolo_dataset(path)
    settings = _Report(path.stem)
    chosen = _yolo_skeleton(dataset, skeleton, settings)
    number = dataset.class_number(category)
    sets, findings = [], settings.findings
    for split in dataset.splits:
        report = _Report(split)
        images: list[Annotations] = []
        positions: dict[int, tuple[int, ...]] = {}
        for picture in dataset.pictures(split):
            labels, own = _yolo_picture(dataset, picture, chosen, number, len(images) + 1, report)
            if labels is not None:
                images.append(labels)
                positions[labels.image_id] = own
        findings += report.findings
        places = tuple(folders) or (dataset.root,)
        sets.append(LabelledSet(split, path, tuple(images), places, positions))
    return sets, findings


def _yolo_skeleton(dataset: YoloDataset, skeleton: Skeleton | None, report: _Report) -> Skeleton:
    """The keypoints, and what ``flip_idx`` has against them; a wrong one does not keep lint from going on."""
    if skeleton is not None and len(skeleton) != dataset.count:
        fact = f"the skeleton {skeleton.name!r} has {len(skeleton)} keypoints, '{dataset.path}' has {dataset.count}"
        raise ConfigError(f"{fact}; choose the one that was labelled.")
    flips = dataset.flip_idx
    names = dataset.keypoint_names or (skeleton.keypoint_names if skeleton else None)
    if flips is not None and not _undoes_itself(flips, dataset.count):
        report.add("flip-pairs", f"flip_idx {list(flips)} is no swapping of pairs of {dataset.count} keypoints")
    elif names is not None:
        wanted = mirrored_names(names)
        if flips is None and wanted != tuple(range(dataset.count)):
            report.add("flip-pairs", f"there is no flip_idx; by the names it is {list(wanted)}")
        elif flips is not None and flips != wanted:
            k = next(k for k in range(dataset.count) if flips[k] != wanted[k])
            message = f"flip_idx mirrors {names[k]} to {names[flips[k]]}, by the names it is {names[wanted[k]]}"
            report.add("flip-pairs", f"{message}; all of it: {list(wanted)}")
    elif flips is None and dataset.count > 1:
        report.add("flip-pairs", "there is neither flip_idx nor kpt_names: mirror images would keep left and right")
    elif flips is not None and dataset.count > 1 and flips == tuple(range(dataset.count)):
        report.add("flip-pairs", "flip_idx mirrors every keypoint to itself; is there neither left nor right?")
    if skeleton is not None:
        return skeleton
    try:
        return dataset.skeleton()
    except (ConfigError, ShapeError):
        placeholders = [f"keypoint_{k + 1}" for k in range(dataset.count)]
        return skeleton_of_names(placeholders, name=dataset.path.stem)


def _undoes_itself(flips: Sequence[int], count: int) -> bool:
    return len(flips) == count and all(0 <= k < count and flips[k] == i for i, k in enumerate(flips))


def _yolo_picture(
    dataset: YoloDataset, picture: Path, skeleton: Skeleton, number: int, image_id: int, report: _Report
) -> tuple[Annotations | None, tuple[int, ...]]:
    name = picture.relative_to(dataset.root).as_posix() if picture.is_relative_to(dataset.root) else str(picture)
    try:
        hw, rows = image_size_hw(picture), read_label_lines(label_file(picture))
    except MediaError as error:
        report.add("unreadable-image", str(error), name)
        return None, ()
    people, positions = [], []
    mine = [row for row in rows if row[0] == number]
    for position, row in enumerate(mine):
        problems = list(_yolo_problems(row, dataset))
        for code, message in problems:
            report.add(code, message, name, position)
        if all(code == "visibility-dropped" for code, _ in problems):
            people.append(person_of_line(row, dataset.dims, hw))
            positions.append(position)
    labels = image_labels(people, skeleton, image_id=image_id, file_name=name, image_hw=hw)
    return labels, tuple(positions)


def _yolo_problems(row: FloatArray64, dataset: YoloDataset) -> Iterator[tuple[str, str]]:
    expected = 5 + dataset.count * dataset.dims
    if len(row) != expected:
        yield "keypoint-count", f"{len(row)} numbers, kpt_shape [{dataset.count}, {dataset.dims}] needs {expected}"
    elif not np.isfinite(row).all():
        yield "bad-number", "a number is infinite or NaN"
    elif dataset.dims == 3:
        yield from _visibility_problems(row[5:].reshape(-1, 3))
