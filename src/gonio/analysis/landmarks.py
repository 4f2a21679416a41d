"""Points of the body by one name in every skeleton: keypoints, and the middles of keypoints."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from gonio.analysis.series import Side
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

Limb = Literal["left", "right"]

OTHER_SIDE: dict[Limb, Limb] = {"left": "right", "right": "left"}

_MADE_OF: dict[str, tuple[tuple[str, ...], ...]] = {
    "nose": (("nose",),),
    "mid_hip": (("left_hip", "right_hip"), ("mid_hip",), ("pelvis",)),
    "mid_shoulder": (("left_shoulder", "right_shoulder"), ("thorax",), ("neck",), ("lsp_neck",)),
    "mid_ear": (("left_ear", "right_ear"), ("head_top",)),
    "toe": (("{side}_big_toe",), ("{side}_foot_index",)),
    "hand": (("{side}_middle_finger_1",), ("{side}_index",)),
    "other_hip": (("{other}_hip",),),
    "other_shoulder": (("{other}_shoulder",),),
}
"""What a skeleton may have for a point, the best first; several names are the middle between them."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of the body, as a skeleton has it.

    Attributes:
        name: ``"knee"``, ``"mid_hip"``...
        indices: The keypoints that it is the middle of; empty where the skeleton has no such point.
        label: ``"right knee"``, ``"middle of the hips"``.
    """

    name: str
    indices: tuple[int, ...]
    label: str


def landmark(skeleton: Skeleton, name: str, side: Side = "both") -> Landmark:
    """The point of that name.

    Args:
        skeleton: What the keypoints are.
        name: A keypoint without its side (``"knee"``), or one of ``nose``, ``mid_hip``, ``mid_shoulder``, ``mid_ear``,
            ``toe``, ``hand``, ``other_hip``, ``other_shoulder`` (those of the side that is not ``side``).
        side: The person's; ``"both"`` for points that have none.

    Raises:
        ConfigError: If the point has a side and none was given.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> landmark(load_skeleton("coco17"), "mid_hip")
        Landmark(name='mid_hip', indices=(11, 12), label='mid hip')
    """
    choices = _MADE_OF.get(name, (("{side}_" + name,),))
    if side == "both" and any("{" in part for choice in choices for part in choice):
        raise ConfigError(f"the point {name!r} has a side, and none was given; say side='left' or side='right'.")
    other = "" if side == "both" else OTHER_SIDE[side]
    index = {keypoint: i for i, keypoint in enumerate(skeleton.keypoint_names)}
    for choice in choices:
        keypoints = [part.format(side=side, other=other) for part in choice]
        if all(keypoint in index for keypoint in keypoints):
            indices = tuple(index[keypoint] for keypoint in keypoints)
            label = keypoints[0] if len(keypoints) == 1 else name
            return Landmark(name, indices, label.replace("_", " "))
    return Landmark(name, (), name.replace("_", " ") if side == "both" else f"{side} {name}".replace("_", " "))


@cache
def point_names() -> tuple[str, ...]:
    """Every name that `landmark` knows in one of the skeletons that ship.

    Example:
        >>> {"knee", "mid_hip", "other_hip", "nose"} <= set(point_names())
        True
    """
    keypoints = {name for one in skeleton_names() for name in load_skeleton(one).keypoint_names}
    sides = tuple(f"{side}_" for side in OTHER_SIDE)
    plain = {name.removeprefix(sides[0]).removeprefix(sides[1]) for name in keypoints}
    others = {f"other_{name.removeprefix(sides[0])}" for name in keypoints if name.startswith(sides[0])}
    return tuple(sorted(plain | others | set(_MADE_OF)))


def positions(points: FloatArray64, where: Landmark) -> FloatArray64:
    """``(..., D)``: the landmark in ``points`` ``(..., K, D)``; NaN where a keypoint of it is missing.

    A skeleton without it gives NaN everywhere.
    """
    if not where.indices:
        return np.full((*points.shape[:-2], points.shape[-1]), np.nan)
    return np.asarray(points[..., list(where.indices), :].mean(axis=-2), np.float64)


def require_one_person(sequence: PoseSequence) -> None:
    """Raise unless the sequence is of one person.

    Raises:
        ConfigError: If it is of more, or of nobody.
    """
    if len(sequence.track_ids) != 1:
        raise ConfigError(
            f"this measures one person, and the sequence has {len(sequence.track_ids)}; "
            "take one with sequence.person(track_id)."
        )
