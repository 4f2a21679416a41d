"""COCO keypoint annotation files: what people labelled, as `Annotations`."""

import json
import logging
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, IntArray
from gonio.errors import ConfigError, MediaError
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

Json = dict[str, Any]

_log = logging.getLogger(__name__)


def read_coco_keypoints(path: str | Path, skeleton: Skeleton | None = None) -> list[Annotations]:
    """Read a COCO keypoint annotation file, such as ``person_keypoints_val2017.json``.

    Args:
        path: The JSON file.
        skeleton: What the keypoints shall be. They are matched by name: those that the file lacks are not
            labelled, those that the skeleton lacks are left out. Default: the skeleton that has exactly the
            file's keypoints.

    Returns:
        One `Annotations` per image, in the order of the file, images without people included. Crowds and
        people without a labelled keypoint are kept. Coordinates are the file's own.

    Raises:
        MediaError: If the file cannot be read, is not JSON, lacks a key or a category with keypoints, repeats
            an image id, or holds a list of the wrong length.
        ConfigError: If no skeleton fits the file's keypoints, or the given one shares none of them.
    """
    path = Path(path)
    return parse_coco_keypoints(load_coco(path), path, skeleton)


def parse_coco_keypoints(content: Json, path: Path, skeleton: Skeleton | None = None) -> list[Annotations]:
    """What `read_coco_keypoints` does once the file is read; for who looks at the content first.

    Args:
        content: From `load_coco`.
        path: The file's name, for an error's sentence.
        skeleton: As in `read_coco_keypoints`.

    Raises:
        MediaError: As `read_coco_keypoints`.
        ConfigError: As `read_coco_keypoints`.
    """
    category = keypoint_category(content["categories"], path)
    layout = _layout(category, path, skeleton)
    images = [_checked_image(image, path) for image in content["images"]]
    people: dict[int, list[Json]] = {image["id"]: [] for image in images}
    if len(people) != len(images):
        twice = Counter(image["id"] for image in images).most_common(1)[0][0]
        raise _unusable(path, f"image id {twice} appears more than once", "give every image its own")
    strays = 0
    for person in content["annotations"]:
        _check_keys(person, ("image_id", "category_id"), "annotation", path)
        if person["category_id"] == category["id"]:
            strays += person["image_id"] not in people
            people.get(person["image_id"], []).append(person)
    if strays:
        _log.warning("%s: ignored %d annotations of images that the file does not list", path, strays)
    return [_annotations(image, people[image["id"]], layout, path) for image in images]


def merge_annotations(parts: Sequence[Sequence[Annotations]]) -> list[Annotations]:
    """Join the images of several files into one list in which every image id is unique.

    An image keeps its id if no image before it has the same; else it gets the next number above all ids of
    all files. The same files in the same order therefore always give the same ids.

    Args:
        parts: What `read_coco_keypoints` gave for each file.

    Raises:
        ConfigError: If the skeletons differ.
    """
    images = [labels for part in parts for labels in part]
    used: set[int] = set()
    fresh = max((labels.image_id for labels in images), default=0) + 1
    merged = []
    for labels in images:
        if labels.skeleton.keypoint_names != images[0].skeleton.keypoint_names:
            raise ConfigError(
                f"the labels of {labels.file_name!r} have the skeleton {labels.skeleton.name!r}, "
                f"before it {images[0].skeleton.name!r}; read all files with the same skeleton."
            )
        if labels.image_id in used:
            merged.append(replace(labels, image_id=fresh))
            fresh += 1
        else:
            used.add(labels.image_id)
            merged.append(labels)
    return merged


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the keypoints of a file become those of a skeleton."""

    skeleton: Skeleton
    names: tuple[str, ...]  # of the file

    def arrange_weights(self, weights: FloatArray64) -> FloatArray:
        """``(N, K of the file)`` to ``(N, K)``; 1 where the file lacks the keypoint."""
        arranged = np.ones((len(weights), len(self.skeleton)), np.float32)
        for k, name in enumerate(self.skeleton.keypoint_names):
            if name in self.names:
                arranged[:, k] = weights[:, self.names.index(name)]
        return arranged

    def arrange(self, xyv: FloatArray64) -> tuple[FloatArray, IntArray]:
        """``(N, K of the file, 3)`` to keypoints ``(N, K, 2)`` and visibility ``(N, K)``."""
        own = [k for k, name in enumerate(self.skeleton.keypoint_names) if name in self.names]
        theirs = [self.names.index(self.skeleton.keypoint_names[k]) for k in own]
        visibility = np.zeros((len(xyv), len(self.skeleton)), np.int64)
        keypoints = np.full((*visibility.shape, 2), np.nan, np.float32)
        visibility[:, own] = xyv[:, theirs, 2]
        keypoints[:, own] = xyv[:, theirs, :2]
        keypoints[visibility == 0] = np.nan
        return keypoints, visibility


def _unusable(path: Path, fact: str, way_out: str) -> MediaError:
    return MediaError(f"cannot use {str(path)!r}: {fact}; {way_out}.")


def load_coco(path: Path) -> Json:
    """The file's content, which has lists of images, annotations and categories; nothing else is checked.

    Raises:
        MediaError: If the file cannot be read, is not JSON or lacks one of the lists.
    """
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        fact = f"cannot read {str(path)!r}: {error.strerror}"
        raise MediaError(f"{fact}; check the path of the annotations.") from error
    except UnicodeDecodeError as error:
        raise _unusable(path, "it is not text", "a COCO annotation file is JSON") from error
    except json.JSONDecodeError as error:
        fact = f"not JSON at line {error.lineno}, column {error.colno} ({error.msg})"
        raise _unusable(path, fact, "it may have been cut short, so get it anew") from error
    keys = ("images", "annotations", "categories")
    _check_keys(content, keys, "file", path)
    for key in keys:
        if not isinstance(content[key], list):
            raise _unusable(path, f"{key!r} is a {type(content[key]).__name__}", "COCO has a list there")
    return dict(content)


def _check_keys(item: object, keys: Sequence[str], what: str, path: Path) -> None:
    """Raise unless the item is an object with all these keys."""
    if not isinstance(item, dict):
        fact = f"expected an object for the {what}, got a {type(item).__name__}"
        raise _unusable(path, fact, "it should be a COCO keypoint annotation file")
    missing = [repr(key) for key in keys if key not in item]
    if missing:
        number = f" {item['id']}" if "id" in item else ""
        fact = f"the {what}{number} lacks {', '.join(missing)}"
        raise _unusable(path, fact, "it should be a COCO keypoint annotation file")


def _checked_image(image: Json, path: Path) -> Json:
    numbers = ("id", "height", "width")
    _check_keys(image, (*numbers, "file_name"), "image", path)
    for key in numbers:
        if not isinstance(image[key], int):
            raise _unusable(path, f"an image has the {key} {image[key]!r}", "COCO has a whole number there")
    return image


def of_category(content: Json, name: str | None, path: Path) -> Json:
    """The content of a file, as if it had the category of this name alone; None: as it is.

    Raises:
        ConfigError: If it has none of this name.
    """
    if name is None:
        return content
    named = [one for one in content["categories"] if isinstance(one, dict) and one.get("name") == name]
    if not named:
        having = ", ".join(str(one["name"]) for one in content["categories"] if isinstance(one, dict) and "name" in one)
        raise ConfigError(f"'{path}' has no category {name!r}; it has: {having or 'none'}.")
    return content | {"categories": named}


def keypoint_category(categories: list[Json], path: Path) -> Json:
    """The one category that has keypoints; among several, the person's.

    Raises:
        MediaError: If there is none, or several without a person.
    """
    for category in categories:
        _check_keys(category, ("id", "name"), "category", path)
    having = [category for category in categories if category.get("keypoints")]
    people = [category for category in having if category["name"] == "person"]
    if len(having) > 1 and len(people) != 1:
        names = ", ".join(repr(category["name"]) for category in having[:5])
        raise _unusable(path, f"several categories have keypoints ({names})", "name the one to read: --category NAME")
    having = people or having
    if len(having) != 1:
        names = ", ".join(repr(category["name"]) for category in categories[:5]) or "none"
        fact = f"it has no category with keypoint names (categories: {names})"
        raise _unusable(path, fact, "give the keypoint annotations, such as person_keypoints_val2017.json")
    return having[0]


def _layout(category: Json, path: Path, skeleton: Skeleton | None) -> _Layout:
    names = tuple(str(name) for name in category["keypoints"])
    shown = f"the {len(names)} keypoints of {str(path)!r} ({', '.join(names[:4])} …)"
    if skeleton is None:
        known = [load_skeleton(name) for name in skeleton_names()]
        fitting = [candidate for candidate in known if set(candidate.keypoint_names) == set(names)]
        if not fitting:
            raise ConfigError(f"no skeleton has {shown}; name the one to use: {', '.join(skeleton_names())}.")
        skeleton = fitting[0]
    if not set(names) & set(skeleton.keypoint_names):
        raise ConfigError(f"the skeleton {skeleton.name!r} has none of {shown}; choose the one that was labelled.")
    return _Layout(skeleton, names)


def _annotations(image: Json, people: list[Json], layout: _Layout, path: Path) -> Annotations:
    for person in people:
        _check_keys(person, ("keypoints", "bbox", "area"), "annotation", path)
    xyv = _numbers(people, "keypoints", 3 * len(layout.names), path).reshape(-1, len(layout.names), 3)
    odd = xyv[..., 2][~np.isin(xyv[..., 2], (0, 1, 2))]
    if odd.size:
        fact = f"image {image['id']} has a keypoint of visibility {odd[0]:g}"
        raise _unusable(path, fact, "COCO knows 0 (not labelled), 1 (hidden) and 2 (visible)")
    keypoints, visibility = layout.arrange(xyv)
    x, y, width, height = _numbers(people, "bbox", 4, path).T
    return Annotations(
        keypoints=keypoints,
        visibility=visibility,
        boxes=np.stack([x, y, x + width, y + height], axis=-1).astype(np.float32),
        areas=_numbers(people, "area", 1, path)[:, 0].astype(np.float32),
        is_crowd=np.array([bool(person.get("iscrowd", 0)) for person in people], bool),
        skeleton=layout.skeleton,
        image_id=image["id"],
        file_name=str(image["file_name"]),
        image_hw=(image["height"], image["width"]),
        weights=_weights(people, layout, path),
    )


def _weights(people: list[Json], layout: _Layout, path: Path) -> FloatArray | None:
    """What the extra key ``weights`` says, a number in [0, 1] for each keypoint; None where nobody has it."""
    if not any("weights" in person for person in people):
        return None
    fully = [1.0] * len(layout.names)
    rows = [{"id": person.get("id"), "weights": person.get("weights", fully)} for person in people]
    weights = _numbers(rows, "weights", len(layout.names), path)
    if not ((weights >= 0) & (weights <= 1)).all():
        odd = weights[~((weights >= 0) & (weights <= 1))][0]
        fact = f"a keypoint has the weight {odd:g}"
        raise _unusable(path, fact, "a weight is a number from 0 to 1")
    return layout.arrange_weights(weights)


def _numbers(people: list[Json], key: str, length: int, path: Path) -> FloatArray64:
    """``(N, length)`` from each person's list of numbers, or single number."""
    rows = [person[key] if isinstance(person[key], list) else [person[key]] for person in people]
    for person, row in zip(people, rows, strict=True):
        name = f"{key!r} of annotation {person.get('id')}"
        if len(row) != length:
            help_ = "three for each keypoint of the category, four for a box, one for an area"
            raise _unusable(path, f"{name} has {len(row)} numbers, expected {length}", help_)
        odd = [value for value in row if not isinstance(value, int | float) or not math.isfinite(value)]
        if odd:
            raise _unusable(path, f"{name} holds {odd[0]!r}", "COCO has only finite numbers there")
    return np.array(rows, np.float64).reshape(-1, length)
