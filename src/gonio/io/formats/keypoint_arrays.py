"""Arrays whose keypoints stand in a file's order and spelling, as a sequence of a skeleton."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gonio.arrays import BoolArray, FlagArray, FloatArray, FloatArray64, IntArray
from gonio.io.formats.keypoint_aliases import known_keypoint
from gonio.io.formats.keypoint_names import normal_name, order_of, skeleton_of_names
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton


def present(points: npt.NDArray[np.floating[Any]]) -> BoolArray:
    """``(...)``: which points ``(..., D)`` have all their coordinates."""
    return np.asarray(np.isfinite(points).all(axis=-1), np.bool_)


def arranged(names: Sequence[str], skeleton: Skeleton | None, *, name: str) -> tuple[Skeleton, list[int | None]]:
    """The skeleton for a file's keypoints, and the index there of each of them; None for one that it lacks.

    Args:
        names: As the file spells them.
        skeleton: The one to use; None: a skeleton that ships with exactly these, else one made of them.
        name: What a made one is called.

    Raises:
        ConfigError: If the given skeleton has none of them.
    """
    spelled = [known_keypoint(own) or normal_name(own) for own in names]
    spelled = spelled if len(set(spelled)) == len(spelled) else list(names)
    target = skeleton or skeleton_of_names(spelled, name=name)
    return target, order_of(spelled, target)


def sequence_of_names(
    names: Sequence[str],
    keypoints: FloatArray,
    scores: FloatArray,
    time_s: FloatArray64,
    *,
    track_ids: IntArray,
    skeleton: Skeleton | None = None,
    unit: Literal["px", "m"] = "px",
    history: tuple[str, ...] = (),
    keypoint_sd: FloatArray | None = None,
    flags: FlagArray | None = None,
    world: FloatArray | None = None,
) -> PoseSequence:
    """A sequence from arrays in the order of a file.

    Args:
        names: K' names, as the file spells them.
        keypoints: ``(T, N, K', D)``.
        scores: ``(T, N, K')``.
        time_s: ``(T,)``, increasing.
        track_ids: ``(N,)``.
        skeleton: As in `arranged`; its keypoints that the file lacks are missing.
        unit: Of the keypoints.
        history: Lines to begin with.
        keypoint_sd: ``(T, N, K')``.
        flags: ``(T, N, K')``.
        world: ``(T, N, K', 3)``.
    """
    target, order = arranged(names, skeleton, name="file")
    theirs = [i for i, place in enumerate(order) if place is not None]
    own = [place for place in order if place is not None]

    def moved(array: npt.NDArray[Any], empty: float) -> npt.NDArray[Any]:
        shape = (*array.shape[:2], len(target), *array.shape[3:])
        out = np.full(shape, empty, array.dtype)
        out[:, :, own] = array[:, :, theirs]
        return out

    return PoseSequence(
        keypoints=moved(keypoints, np.nan),
        scores=moved(scores, 0),
        time_s=time_s,
        track_ids=track_ids,
        skeleton=target,
        unit=unit,
        history=history,
        keypoint_sd=None if keypoint_sd is None else moved(keypoint_sd, np.nan),
        flags=None if flags is None else moved(flags, KeypointFlag.MISSING),
        world=None if world is None else moved(world, np.nan),
    )
