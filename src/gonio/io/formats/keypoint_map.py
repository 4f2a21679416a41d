"""A map for files whose keypoints go by names of their own, as those of DeepLabCut projects do: the file of markers."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.keypoint_aliases import known_keypoint
from gonio.io.formats.keypoint_names import normal_name
from gonio.io.formats.marker_map import MarkerMap
from gonio.io.formats.pose_frames import frame_of_people
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_log = logging.getLogger(__name__)

_LIMBS = tuple(
    f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
_Places = Mapping[int, Sequence[int]]
"""Keypoint of the target to those of the file whose mean it is."""


def named_by_map(found: PoseSequence | list[Poses], map_: MarkerMap, source: str | Path) -> PoseSequence | list[Poses]:
    """The keypoints that a map names; the others keep theirs, where the map's skeleton has it.

    A keypoint is the mean of those that make it, its score is their lowest, and it is missing where one of them is.

    Args:
        found: What the file has.
        map_: Its ``hips``, ``axes`` and ``camera`` are for markers in space.
        source: The file's name.

    Raises:
        ConfigError: If the map has what only markers have.
        MediaError: If the file has none of the map's keypoints.
    """
    if map_.hips or map_.axes or map_.camera:
        raise ConfigError(f"'{source}' has keypoints of a picture; leave hips, axes and camera out of its map")
    if isinstance(found, PoseSequence):
        places = _places(found.skeleton, map_, source)
        whole = replace(found, keypoint_sd=None, flags=None, world=None)
        points, scores = _moved(whole.keypoints, whole.scores, places, len(map_.target))
        named = replace(whole, keypoints=points, scores=scores, skeleton=map_.target)
        return named.noted(f"keypoints of {Path(source).name} named by a map")
    if not found:
        return found
    places = _places(found[0].skeleton, map_, source)
    return [_named(poses, places, map_.target) for poses in found]


def say_unknown_names(found: PoseSequence | list[Poses], source: str | Path) -> None:
    """A warning, where joints of the limbs are not in the file but names are that no skeleton has."""
    if not isinstance(found, PoseSequence) and not found:
        return
    names = (found if isinstance(found, PoseSequence) else found[0]).skeleton.keypoint_names
    unknown = [name for name in names if known_keypoint(name) is None]
    lacking = [name for name in _LIMBS if name not in names]
    if unknown and lacking:
        shown = ", ".join(unknown[:6]) + " …" * (len(unknown) > 6)
        _log.warning(
            "%s: no keypoint is known by the name %s, and it has none named %s; a map (--map) says which is which: "
            "docs/formats.md", source, shown, ", ".join(lacking[:4]) + " …" * (len(lacking) > 4),
        )  # fmt: skip


def _places(skeleton: Skeleton, map_: MarkerMap, source: str | Path) -> _Places:
    own = {name: k for k, name in enumerate(skeleton.keypoint_names)}
    places = {k: [own[name]] for k, name in enumerate(map_.target.keypoint_names) if name in own}
    absent = []
    for name, spellings in map_.keypoints.items():
        parts = [_find(own, one) for one in spellings]
        if None in parts:
            absent.append(name)
        else:
            places[map_.target.index(name)] = [part for part in parts if part is not None]
    if len(absent) == len(map_.keypoints):
        shown = ", ".join(list(own)[:8]) + " …" * (len(own) > 8)
        wanted = next(iter(map_.keypoints.values()))[0]
        raise MediaError(f"'{source}' has none of the map's keypoints, such as {wanted!r}; its own are {shown}")
    if absent:
        _log.warning("%s has no keypoints for %s", source, ", ".join(absent))
    return places


def _find(own: Mapping[str, int], spellings: str) -> int | None:
    """The first that the file has of ``"knee1 | Knee"``, in the file's spelling or Gonio's."""
    for one in spellings.split("|"):
        for name in (one.strip(), normal_name(one.strip()), known_keypoint(one.strip())):
            if name is not None and name in own:
                return own[name]
    return None


def _moved(points: npt.NDArray[Any], scores: npt.NDArray[Any], places: _Places, k: int) -> tuple[Any, Any]:
    """Keypoints ``(..., K, D)`` and scores ``(..., K)`` in another order; NaN and 0 where nothing makes one."""
    out = np.full((*points.shape[:-2], k, points.shape[-1]), np.nan, np.float32)
    out_scores = np.zeros((*scores.shape[:-1], k), np.float32)
    for place, parts in places.items():
        out[..., place, :] = points[..., parts, :].mean(axis=-2)
        out_scores[..., place] = scores[..., parts].min(axis=-1)
    return out, np.where(np.isfinite(out).all(axis=-1), out_scores, 0).astype(np.float32)


def _named(poses: Poses, places: _Places, target: Skeleton) -> Poses:
    points, scores = _moved(poses.keypoints, poses.scores, places, len(target))
    named = frame_of_people(
        points, scores, target, index=poses.frame_index, time_s=poses.time_s, track_ids=poses.track_ids
    )
    return named[np.asarray(np.isfinite(points).all(axis=-1).any(axis=1), np.bool_)]
