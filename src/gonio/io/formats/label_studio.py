"""Label Studio's JSON export: keypoints and rectangles, in percent of the picture.

Label Studio has no notion of a person. A keypoint belongs to the rectangle that it names as its parent or is linked
to by a relation; else to the smallest rectangle around it; without rectangles a picture has one person.
It has no visibility either: a keypoint is visible, unless a choice on it says ``occluded`` or ``hidden``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from gonio.io.formats.keypoint_names import order_of, skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, unusable
from gonio.io.formats.reading import parse_json, read_text
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

Json = dict[str, Any]
Box = tuple[float, float, float, float]

_HIDDEN = {"occluded", "hidden", "not visible", "invisible"}


@dataclass(frozen=True, slots=True)
class _Point:
    name: str
    x: float
    y: float
    visibility: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class _Task:
    file_name: str
    image_hw: tuple[int, int]
    points: Sequence[_Point]
    boxes: Mapping[str, Box]
    meta: Json


def read_label_studio(path: str | Path, skeleton: Skeleton | None = None) -> list[Annotations]:
    """Read a Label Studio export of the kind "JSON".

    Args:
        path: The JSON file.
        skeleton: What the keypoints shall be, matched by name. Default: the skeleton of Gonio that has exactly the
            labels in the file, else one made of them in alphabetical order. The export does not carry the labels
            of the project, so one that was never used is not known: name the skeleton then. Tasks that
            `write_label_studio` made know them all, and their order and links.

    Returns:
        One `Annotations` per annotated task, in the order of the file, ids from 1. Of several annotations the
        ground truth is read, else the first that was not cancelled. A picture without regions is read where the task
        knows its size, as those of `write_label_studio` do.

    Raises:
        MediaError: If the file is no such export, a picture was rotated in the tool, or one person has a
            keypoint twice.
        ConfigError: If the given skeleton has none of the labels.
    """
    path = Path(path)
    content = parse_json(read_text(path), f"'{path}'")
    if not isinstance(content, list) or not all(isinstance(task, dict) and "data" in task for task in content):
        raise unusable(path, "it is no list of tasks", "export the project as 'JSON', not 'JSON-MIN'")
    try:
        tasks = [read for task in content if (read := _task(task, path)) is not None]
        meta = next((task.meta for task in tasks if task.meta), {})
        known = meta.get("keypoints", [])
        links = [(int(a), int(b)) for a, b in meta.get("links", ())]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fact = f"a task has an odd or missing value ({type(error).__name__}: {error})"
        raise unusable(path, fact, "export the project as 'JSON'") from error
    names = known + sorted({point.name for task in tasks for point in task.points} - set(known))
    if not names:
        raise unusable(path, "it has no keypoints", "label them with KeyPointLabels")
    target = skeleton or skeleton_of_names(names, name=str(meta.get("skeleton", path.stem)), links=links)
    order = dict(zip(names, order_of(names, target), strict=True))
    return [
        image_labels(
            _people(task, order, len(target), path),
            target,
            image_id=i + 1,
            file_name=task.file_name,
            image_hw=task.image_hw,
        )
        for i, task in enumerate(tasks)
    ]


def _task(task: Json, path: Path) -> _Task | None:
    """None for a task that nobody has finished."""
    usable = [one for one in task.get("annotations") or task.get("completions") or () if not one.get("was_cancelled")]
    usable.sort(key=lambda one: not one.get("ground_truth"))
    regions = usable[0]["result"] if usable else []
    sized = [region for region in regions if "original_width" in region]
    meta = _meta(task)
    if not sized and not (meta and usable):
        return None
    if any(region.get("image_rotation") for region in sized):
        raise unusable(path, f"task {task.get('id')} was rotated in the tool", "label the picture upright")
    size = (sized[0]["original_height"], sized[0]["original_width"]) if sized else (meta["height"], meta["width"])
    hw = int(size[0]), int(size[1])
    if min(hw) < 1:
        raise ValueError(f"a picture of {hw[1]} x {hw[0]} px")
    hidden = {region["id"] for region in regions if _says_hidden(region)}
    parents = {region["id"]: region["parentID"] for region in regions if region.get("parentID")}
    for region in regions:
        if region["type"] == "relation":
            parents[region["from_id"]] = region["to_id"]
            parents[region["to_id"]] = region["from_id"]
    boxes = {region["id"]: _box(region["value"], hw) for region in regions if region["type"].startswith("rectangle")}
    points = [
        _point(region, hw, hidden, parents.get(region["id"]))
        for region in regions
        if region["type"] == "keypointlabels"
    ]
    return _Task(_file_name(task["data"]), hw, points, boxes, meta)


def _meta(task: Json) -> Json:
    """What `write_label_studio` added; empty in tasks of others.

    Raises:
        ValueError: If it was edited so that it cannot be believed.
    """
    meta: Json = (task.get("meta") or {}).get("gonio") or {}
    for side in ("width", "height"):
        if side in meta and (type(meta[side]) is not int or meta[side] < 1):
            raise ValueError(f"meta has the {side} {meta[side]!r}")
    names = meta.get("keypoints", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"meta has the keypoints {names!r}")
    return meta


def _point(region: Json, image_hw: tuple[int, int], hidden: set[str], owner: str | None) -> _Point:
    value = region["value"]
    x, y = value["x"] / 100 * image_hw[1], value["y"] / 100 * image_hw[0]
    return _Point(str(value["keypointlabels"][0]), x, y, 1 if region["id"] in hidden else 2, owner)


def _box(value: Json, image_hw: tuple[int, int]) -> Box:
    x, width = (value[key] / 100 * image_hw[1] for key in ("x", "width"))
    y, height = (value[key] / 100 * image_hw[0] for key in ("y", "height"))
    return x, y, x + width, y + height


def _says_hidden(region: Json) -> bool:
    choices = region["value"].get("choices", ()) if region["type"] == "choices" else ()
    return any(str(choice).lower() in _HIDDEN for choice in choices)


def _people(task: _Task, order: Mapping[str, int | None], k: int, path: Path) -> list[LabelledPerson]:
    owned: dict[str | None, list[_Point]] = {name: [] for name in task.boxes}
    for point in task.points:
        owned.setdefault(_owner(point, task.boxes), []).append(point)
    people = []
    for owner, points in owned.items():
        xyv = empty_xyv(k)
        for point in points:
            place = order[point.name]
            if place is None:
                continue
            if xyv[place, 2]:
                fact = f"{task.file_name!r} has {point.name!r} twice for one person"
                raise unusable(path, fact, "draw a rectangle around each person")
            xyv[place] = point.x, point.y, point.visibility
        people.append(LabelledPerson(np.asarray(xyv), task.boxes.get(owner) if owner is not None else None))
    return people


def _owner(point: _Point, boxes: Mapping[str, Box]) -> str | None:
    if point.owner in boxes:
        return point.owner
    around = [
        ((x2 - x1) * (y2 - y1), name)
        for name, (x1, y1, x2, y2) in boxes.items()
        if x1 <= point.x <= x2 and y1 <= point.y <= y2
    ]
    return min(around)[1] if around else None


def _file_name(data: Json) -> str:
    """The picture's name: the last part of its address, or what a local one has after ``?d=``."""
    address = next((str(data[key]) for key in ("image", "img", "ocr", "url") if key in data), None)
    if address is None:
        address = next(str(value) for value in data.values() if isinstance(value, str))
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    return Path(local[0] if local else unquote(parts.path)).name
