"""One frame's people as a plain dictionary and back: the record that the JSON document and JSON Lines share.

Pure functions; ``docs/json-schema.md`` and ``poses.schema.json`` describe the same fields for other programs.
"""

import json
import math
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from gonio._version import __version__
from gonio.arrays import FloatArray
from gonio.errors import MediaError
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

FORMAT = "gonio.poses"
VERSION = 1
COORDINATE_DECIMALS = 3
"""Coordinates are written to 1/1000 px, well below what any model resolves."""
SCORE_DECIMALS = 4

WORLD_DECIMALS = 4
"""Metres."""


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document; ``#/$defs/line`` is that of one line of JSON Lines."""
    return dict(_schema())


@cache
def _schema() -> dict[str, Any]:
    text = (resources.files("gonio.io.formats") / "poses.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def header_record(*, model: str, skeleton: Skeleton, notice: str | None = None) -> dict[str, Any]:
    """What holds for all frames: format, version, model, skeleton, and a notice if there is one."""
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "gonio": __version__,
        "model": model,
        "skeleton": {
            "name": skeleton.name,
            "keypoint_names": list(skeleton.keypoint_names),
            "links": [list(link) for link in skeleton.links],
        },
    }
    if notice is not None:
        header["notice"] = notice
    return header


def frame_record(frame: Frame, poses: Poses) -> dict[str, Any]:
    """Everyone in one frame, ready for JSON: a missing value is None, never NaN.

    Coordinates are rounded to 1/1000 px, scores clipped to [0, 1] and rounded to 1/10000; a score that is not
    a number is 0. People have ``world`` where the poses do, rounded to 0.1 mm. Index, time, source and size are the
    frame's.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> frame = Frame(np.zeros((480, 640, 3), np.uint8), source="empty.jpg")
        >>> frame_record(frame, Poses.empty(load_skeleton("coco17")))
        {'index': 0, 'time_s': None, 'source': 'empty.jpg', 'width': 640, 'height': 480, 'people': []}
    """
    width, height = frame.size_wh
    return {
        "index": int(frame.index),
        "time_s": finite_time(frame.time_s),
        "source": str(frame.source),
        "width": int(width),
        "height": int(height),
        "people": _people(poses),
    }


def _people(poses: Poses) -> list[dict[str, Any]]:
    scores = rounded_scores(poses.scores)
    points = [
        [[x, y, score] for (x, y), score in zip(person, person_scores, strict=True)]
        for person, person_scores in zip(rounded_coordinates(poses.keypoints), scores, strict=True)
    ]
    boxes = rounded_coordinates(poses.boxes)
    person_scores = rounded_scores(poses.person_scores)
    ids = [None] * len(poses) if poses.track_ids is None else poses.track_ids.tolist()
    people = [
        {"score": score, "box": box, "track_id": track_id, "keypoints": keypoints}
        for score, box, track_id, keypoints in zip(person_scores, boxes, ids, points, strict=True)
    ]
    if poses.world is not None:
        for person, world in zip(people, rounded_coordinates(poses.world, WORLD_DECIMALS), strict=True):
            person["world"] = world
    return people


def rounded_coordinates(values: FloatArray, decimals: int = COORDINATE_DECIMALS) -> list[Any]:
    """Nested lists like the array, by default to 1/1000 px; None where a value is not finite."""
    values = np.round(values.astype(np.float64), decimals) + 0.0  # turns -0.0 into 0.0
    objects = values.astype(object)
    objects[~np.isfinite(values)] = None
    listed: list[Any] = objects.tolist()
    return listed


def rounded_scores(scores: FloatArray, decimals: int = SCORE_DECIMALS) -> list[Any]:
    """Nested lists like the array, within [0, 1]; 0 where a score is not a number."""
    values = np.clip(np.nan_to_num(scores.astype(np.float64), nan=0.0), 0.0, 1.0)
    listed: list[Any] = np.round(values, decimals).tolist()
    return listed


def finite_time(time_s: float | None) -> float | None:
    """The time as a plain float with all its digits; None for a still, or a time that is not a number."""
    return None if time_s is None or not math.isfinite(time_s) else float(time_s)


def skeleton_from_header(header: object, where: str) -> Skeleton:
    """Check a header and find its skeleton.

    Args:
        header: The document, or the first line of JSON Lines.
        where: Its name in an error's sentence, for example ``"'run.json'"``.

    Raises:
        MediaError: If it is not a pose document, its version is another, or its skeleton is not known.
    """
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise MediaError(f'{where} is not a file of poses: "format" is not "{FORMAT}"; write one with Gonio')
    version = header.get("version")
    if version != VERSION or isinstance(version, bool):
        raise MediaError(
            f"{where} has version {version!r} of {FORMAT}, this Gonio ({__version__}) reads version "
            f"{VERSION}; read it with a Gonio that fits, or write it again"
        )
    description = _member(header, "skeleton", dict, where)
    name = _member(description, "name", str, f"{where}: skeleton")
    if name not in skeleton_names():
        raise MediaError(
            f"{where} has the skeleton {name!r}, which this Gonio does not know; it knows: "
            f"{', '.join(skeleton_names())}"
        )
    skeleton = load_skeleton(name)
    if description.get("keypoint_names") != list(skeleton.keypoint_names):
        raise MediaError(
            f"{where}: skeleton.keypoint_names are not the {len(skeleton)} names of {name!r}; "
            "write the file again, or correct the names"
        )
    return skeleton


def poses_from_record(record: object, skeleton: Skeleton, where: str = "frame") -> Poses:
    """The people of one frame's record; the inverse of `frame_record` within its rounding.

    Args:
        record: What `frame_record` made, perhaps by way of JSON.
        skeleton: What the keypoints are.
        where: The record's name in an error's sentence, for example ``"'run.json': frames[3]"``.

    Raises:
        MediaError: If a field is missing or has the wrong type; the sentence names it.
    """
    people = _member(record, "people", list, where)
    persons = [_person(person, len(skeleton), f"{where}.people[{number}]") for number, person in enumerate(people)]
    ids = [person[3] for person in persons]
    if None in ids and any(track_id is not None for track_id in ids):
        raise MediaError(f"{where}: some people have a track_id and some have none; give it to all or to nobody")
    worlds = [_world(person, len(skeleton), f"{where}.people[{number}]") for number, person in enumerate(people)]
    if None in worlds and any(world is not None for world in worlds):
        raise MediaError(f'{where}: some people have "world" and some have none; give it to all or to nobody')
    points = _array([person[0] for person in persons], (len(persons), len(skeleton), 3))
    return Poses(
        keypoints=points[..., :2],
        scores=points[..., 2],
        boxes=_array([person[1] for person in persons], (len(persons), 4)),
        person_scores=_array([person[2] for person in persons], (len(persons),)),
        skeleton=skeleton,
        track_ids=None if not ids or ids[0] is None else np.array(ids, np.int64),
        frame_index=_member(record, "index", int, where),
        time_s=_optional_number(record, "time_s", where),
        world=None if not worlds or worlds[0] is None else _array(worlds, points.shape),
    )


def _person(person: object, k: int, where: str) -> tuple[list[list[float]], list[float], float, int | None]:
    """Keypoints, box, score and track id of one person, checked."""
    keypoints = _member(person, "keypoints", list, where)
    if len(keypoints) != k:
        raise MediaError(f"{where}.keypoints has {len(keypoints)} entries, expected {k}; one per keypoint name")
    points = [_numbers(point, 3, f"{where}.keypoints[{number}]") for number, point in enumerate(keypoints)]
    box = _numbers(_member(person, "box", list, where), 4, f"{where}.box")
    score = _member(person, "score", int | float, where)
    track_id = _member(person, "track_id", int | None, where)
    return points, box, float(score), track_id


def _world(person: dict[str, Any], k: int, where: str) -> list[list[float]] | None:
    """Positions in metres of one person, checked; None where the field is left out."""
    if "world" not in person:
        return None
    points = _member(person, "world", list, where)
    if len(points) != k:
        raise MediaError(f"{where}.world has {len(points)} entries, expected {k}; one per keypoint name")
    return [_numbers(point, 3, f"{where}.world[{number}]") for number, point in enumerate(points)]


def _numbers(values: object, length: int, where: str) -> list[float]:
    """Numbers, NaN for each null."""
    if not isinstance(values, list) or len(values) != length:
        raise MediaError(f"{where} is {_shown(values)}, expected a list of {length} numbers")
    for value in values:
        if not (value is None or _is_number(value)):
            raise MediaError(f"{where} holds {_shown(value)}, expected a number or null")
    return [math.nan if value is None else float(value) for value in values]


def _optional_number(record: object, field: str, where: str) -> float | None:
    value = _member(record, field, int | float | None, where)
    return None if value is None else float(value)


def _member(holder: object, field: str, kind: Any, where: str) -> Any:
    """A field of a JSON object, of the expected type."""
    if not isinstance(holder, dict):
        raise MediaError(f"{where} is {_shown(holder)}, expected an object")
    if field not in holder:
        raise MediaError(f'{where} has no "{field}"; the format is described in docs/json-schema.md')
    value = holder[field]
    is_sound = _is_number(value) if isinstance(value, int | float) else True
    if not is_sound or not isinstance(value, kind):
        raise MediaError(f"{where}.{field} is {_shown(value)}, expected {_KINDS[kind]}")
    return value


_LARGEST_FLOAT = float(np.finfo(np.float32).max)


def _is_number(value: object) -> bool:
    """Whether it is a number that the arrays can hold: no bool, no 1e999, no whole number beyond 64 bits."""
    if isinstance(value, int):
        return not isinstance(value, bool) and -(2**63) <= value < 2**63
    return isinstance(value, float) and -_LARGEST_FLOAT <= value <= _LARGEST_FLOAT


_KINDS: dict[Any, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    int | float: "a number",
    int | None: "a whole number or null",
    int | float | None: "a number or null",
}


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _array(values: list[Any], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32).reshape(shape)
