"""Marker maps: a YAML file that says which markers make which keypoint, and which way the axes point.

``docs/formats.md`` describes the file; ``docs/examples/rajagopal-markers.yaml`` is one.
"""

import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError, MediaError
from gonio.geometry.pelvis import hip_joint_centres
from gonio.io.files import check_is_file
from gonio.io.formats.body_axes import axes_of_body, check_human_size, flat_axis
from gonio.io.formats.keypoint_aliases import is_keypoint, known_keypoint, skeleton_with
from gonio.io.formats.keypoint_names import normal_name
from gonio.io.formats.markers import MarkerData, axes_matrix, one_person
from gonio.io.formats.reading import read_text
from gonio.io.formats.virtual_camera import SideCamera, through_side_camera
from gonio.optional import require
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton, load_skeleton

_log = logging.getLogger(__name__)

DEFAULT_SKELETON = "halpe26"
"""Has heels and toes, and all of COCO's keypoints."""

Axis = Literal["x", "y", "z", "-x", "-y", "-z"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Axes(_Part):
    """The file's axis along which the person goes, and its axis against gravity."""

    forward: Axis
    up: Axis


class Pelvis(_Part):
    """The markers of the pelvis, from which both hips are computed; see `hip_joint_centres`."""

    method: Literal["harrington"]
    left_asis: str
    right_asis: str
    left_psis: str
    right_psis: str


class MarkerMap(_Part):
    """From markers to the keypoints of a skeleton.

    Attributes:
        keypoints: Keypoint to the markers whose mean it is. A marker may offer other spellings, ``"L.Heel | LCAL"``:
            the first that a file has is taken, so that one map fits several marker sets.
        skeleton: Of the keypoints; None: Halpe-26 if it has them all, else one made of them.
        hips: How ``left_hip`` and ``right_hip`` are computed, where they are not a mean of markers.
        axes: None: found from the body, upright and facing forward as it mostly is in walking and running.
        camera: A virtual camera, through which the sequence is in pixels; None: it stays 3D, in metres.
    """

    keypoints: Mapping[str, tuple[str, ...]]
    skeleton: str | None = None
    hips: Pelvis | None = None
    axes: Axes | None = None
    camera: SideCamera | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_short_forms(cls, content: Any) -> Any:
        """A file of nothing but keypoints, and ``camera: side``."""
        if not isinstance(content, dict):
            raise ValueError("a marker map has names of keypoints and of their markers")
        if "keypoints" not in content:
            own = {field: content[field] for field in cls.model_fields if field in content}
            content = {**own, "keypoints": {name: content[name] for name in content if name not in own}}
        if isinstance(content.get("camera"), str) and content["camera"] != "side":
            raise ValueError(
                f"the camera is {content['camera']!r}; there is side, or its settings such as {{side: right}}"
            )
        return {**content, "camera": {}} if content.get("camera") == "side" else content

    @field_validator("keypoints", mode="before")
    @classmethod
    def _by_keypoint(cls, given: Any) -> Any:
        """Keypoint to list of markers, also where the file has marker to keypoint."""
        if not isinstance(given, dict) or not given:
            raise ValueError("name at least one keypoint and its markers, such as left_heel: L.Heel")
        if all(isinstance(value, str) and is_keypoint(value) for value in given.values()):
            given = given if all(is_keypoint(str(name)) for name in given) else _turned_over(given)
        return {
            known_keypoint(str(name)) or normal_name(str(name)): [value] if isinstance(value, str) else value
            for name, value in given.items()
        }

    @model_validator(mode="after")
    def _check(self) -> Self:
        if empty := [name for name, markers in self.keypoints.items() if not markers]:
            raise ValueError(f"{empty[0]} has no marker")
        if self.hips and {"left_hip", "right_hip"} & self.keypoints.keys():
            raise ValueError("hips computes left_hip and right_hip; leave them out of keypoints")
        return self

    @cached_property
    def target(self) -> Skeleton:
        """The skeleton that is filled.

        Raises:
            ConfigError: If there is none of that name, or it lacks a keypoint of the map.
        """
        names = (*self.keypoints, *(("left_hip", "right_hip") if self.hips else ()))
        if self.skeleton is None:
            return skeleton_with(names, name="markers", prefer=(DEFAULT_SKELETON,))
        skeleton = load_skeleton(self.skeleton)
        for name in names:
            skeleton.index(name)
        return skeleton

    def sequence(self, markers: MarkerData) -> PoseSequence:
        """The keypoints of one person.

        Args:
            markers: In metres.

        Returns:
            ``(T, 1, K, 3)`` in metres, x forward, y up, z right, or px where the map has a camera; of a flat figure, as
            programs for one camera write it, ``(T, 1, K, 2)`` with x to the right of the picture. A keypoint is
            missing (NaN, score 0) where one of its markers is; the others have score 1, for a marker has none. The
            history says which keypoints the file has no markers for.

        Raises:
            MediaError: If the file has none of the markers, or its size is not a person's.
            ConfigError: If the skeleton lacks a keypoint of the map.
        """
        points, absent = self.place(markers)
        check_human_size(points, markers.source)
        forward, up = axes_of_body(points, self.target) if self.axes is None else (self.axes.forward, self.axes.up)
        across = flat_axis(points) if self.axes is None and self.camera is None else None
        is_flat = across is not None and across not in up
        if is_flat:
            forward = next(axis for axis in "xyz" if axis != across and axis not in up)
        turned = (points @ axes_matrix(forward, up).T)[:, None, :, : 2 if is_flat else 3]
        told = f"flat, seen along {across}, right along {forward}" if is_flat else f"forward along {forward}"
        found = one_person(turned, markers.time_s, self.target).noted(
            f"markers of {Path(markers.source).name}, {told}, up along {up}"
            + (f"; no markers for {', '.join(absent)}" if absent else "")
        )
        return found if self.camera is None else through_side_camera(found, self.camera)

    def place(self, markers: MarkerData) -> tuple[FloatArray64, list[str]]:
        """Keypoints ``(T, K, 3)`` in the file's axes and unit, and the names of those that it has no markers for.

        Raises:
            MediaError: If the file has none of the markers.
        """
        points = np.full((len(markers.time_s), len(self.target), 3), np.nan)
        absent = [name for name in self.keypoints if not self._place_mean(name, markers, points)]
        if self.hips and not self._place_hips(self.hips, markers, points):
            absent += ["left_hip", "right_hip"]
        if len(absent) == len(self.keypoints) + 2 * bool(self.hips):
            wanted = next(iter(self.keypoints.values()))[0]
            raise MediaError(
                f"'{markers.source}' has none of the map's markers, such as {wanted!r}; {markers.suggestion(wanted)}"
            )
        if absent:
            _log.warning("%s has no markers for %s", markers.source, ", ".join(absent))
        return points, absent

    def _place_mean(self, name: str, markers: MarkerData, points: FloatArray64) -> bool:
        """Fill in one keypoint ``points[:, k]``; whether the file has all its markers."""
        found = [_first_found(spellings, markers) for spellings in self.keypoints[name]]
        own = [place for place in found if place is not None]
        if len(own) == len(found):
            points[:, self.target.index(name)] = markers.positions[:, own].mean(axis=1)
        return len(own) == len(found)

    def _place_hips(self, pelvis: Pelvis, markers: MarkerData, points: FloatArray64) -> bool:
        corners = (pelvis.left_asis, pelvis.right_asis, pelvis.left_psis, pelvis.right_psis)
        own = [place for corner in corners if (place := _first_found(corner, markers)) is not None]
        if len(own) < len(corners):
            return False
        left, right = hip_joint_centres(*np.moveaxis(markers.positions[:, own], 1, 0))
        points[:, self.target.index("left_hip")] = left
        points[:, self.target.index("right_hip")] = right
        return True


def load_marker_map(path: str | Path) -> MarkerMap:
    """Read a marker map.

    Raises:
        MediaError: If the file cannot be read.
        ConfigError: If it is not YAML or no marker map; the sentence names the field.
        MissingDependencyError: If PyYAML is not installed.
    """
    path = Path(path)
    check_is_file(path)
    yaml = require("yaml", extra="analysis", purpose="reading a marker map")
    try:
        return MarkerMap.model_validate(yaml.safe_load(read_text(path)))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" at line {place.line + 1}" if place else ""
        raise ConfigError(f"'{path}' is not YAML{line}; docs/formats.md shows a marker map") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"'{path}': {field}{': ' * bool(field)}{what}; docs/formats.md shows a marker map") from error


def map_of_names(markers: MarkerData, skeleton: Skeleton | None = None) -> MarkerMap:
    """The map of a file whose markers go by the names of keypoints, as Sports2D's and Pose2Sim's and Gonio's own do.

    Args:
        markers: What the file has.
        skeleton: What they shall be; None: one that has those keypoints.

    Raises:
        ConfigError: If no marker has the name of a keypoint, or of the skeleton.
    """
    wanted = None if skeleton is None else skeleton.keypoint_names
    named = {known: own for own in markers.names if (known := known_keypoint(own.rpartition(":")[2])) is not None}
    found = {name: (own,) for name, own in named.items() if wanted is None or name in wanted}
    if not found:
        raise ConfigError(
            f"the markers of '{markers.source}' have no names of keypoints ({', '.join(markers.names[:4])} …); "
            "say with a marker map which is which: docs/formats.md"
        )
    if 2 * len(found) < len(markers.names):
        _log.warning(
            "%s: only %d of %d markers have names of keypoints; a marker map says what the others are: docs/formats.md",
            markers.source, len(found), len(markers.names),
        )  # fmt: skip
    return MarkerMap(keypoints=found, skeleton=None if skeleton is None else skeleton.name)


def _turned_over(by_marker: Mapping[str, str]) -> dict[str, list[str]]:
    """Marker to keypoint, as keypoint to its markers."""
    keypoints: dict[str, list[str]] = {}
    for marker, name in by_marker.items():
        keypoints.setdefault(name, []).append(str(marker))
    return keypoints


def _first_found(spellings: str, markers: MarkerData) -> int | None:
    places = (markers.find(name.strip()) for name in spellings.split("|"))
    return next((place for place in places if place is not None), None)
