"""A sequence at an even rate, for files that have no time for each frame."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gonio.errors import ConfigError
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence

LONGEST_GAP_S = 0.2
"""Between frames further apart nothing is put in, as far as cleaning fills gaps; unless the film is so slow."""
_USUAL_STEPS = 1.5
"""A gap is longer than so many usual steps of the film."""
_SAME_PLACE = 1e-6
"""Parts of a step: a new time that is so near to a frame is that frame."""


def resampled(sequence: PoseSequence, rate_hz: float) -> PoseSequence:
    """The sequence at an even rate, from its first time on, along straight lines from frame to frame.

    What lies between two frames is missing where one of them is, or where they are more than `LONGEST_GAP_S` apart, and
    more than the film's frames usually are;
    standard deviations and scores go along the same lines, and flags are those of both. No filter is applied: a rate of
    less than twice the highest frequency of the movement folds it.

    Args:
        sequence: ``(T, ...)``; of one frame it is returned as it is.
        rate_hz: Frames a second.

    Returns:
        A sequence whose history says its typical rate and the new one.

    Raises:
        ConfigError: If the rate is not positive.
    """
    if not rate_hz > 0:
        raise ConfigError(f"the rate is {rate_hz:g} Hz; give a positive number of frames a second")
    old = sequence.time_s
    if len(old) < 2:
        return sequence
    time_s = old[0] + np.arange(int((old[-1] - old[0]) * rate_hz + _SAME_PLACE) + 1) / rate_hz
    right = np.clip(np.searchsorted(old, time_s), 1, len(old) - 1)
    step = old[right] - old[right - 1]
    weight = np.clip((time_s - old[right - 1]) / step, 0, 1)
    weight[weight < _SAME_PLACE], weight[weight > 1 - _SAME_PLACE] = 0, 1
    before, after = np.where(weight == 1, right, right - 1), np.where(weight == 0, right - 1, right)
    usual = float(np.median(np.diff(old)))
    far = (before != after) & (step > max(LONGEST_GAP_S, _USUAL_STEPS * usual))

    def along(array: npt.NDArray[Any], missing: float) -> npt.NDArray[Any]:
        part = weight.reshape(-1, *[1] * (array.ndim - 1)).astype(array.dtype)
        values: npt.NDArray[Any] = array[before] + part * (array[after] - array[before])
        values[far] = missing
        return values

    points, flags = along(sequence.keypoints, np.nan), sequence.flags
    there = np.isfinite(points).all(axis=-1)
    if flags is not None:
        flags = np.where(there, flags[before] | flags[after], flags[before] | flags[after] | KeypointFlag.MISSING)
    return replace(
        sequence,
        keypoints=points,
        scores=np.where(there, along(sequence.scores, 0), 0).astype(np.float32),
        time_s=time_s,
        keypoint_sd=None if sequence.keypoint_sd is None else along(sequence.keypoint_sd, np.nan),
        flags=None if flags is None else flags.astype(np.uint8),
        world=None if sequence.world is None else along(sequence.world, np.nan),
    ).noted(f"resampled along straight lines from typically {1 / usual:.4g} Hz to {rate_hz:g} Hz")
