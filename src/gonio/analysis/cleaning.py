"""From a model's keypoints to keypoints that can be measured with; every step is said in flags and in the history."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gonio.analysis.filters import butterworth_zero_phase, residual_cutoffs_hz
from gonio.analysis.gaps import fill_gaps
from gonio.analysis.outliers import impossible_bones, jumps
from gonio.analysis.side_search import Progress
from gonio.analysis.sides import repair_sides
from gonio.analysis.windows import is_seen, sample_interval_s
from gonio.arrays import BoolArray
from gonio.errors import ConfigError
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence


@dataclass(frozen=True, slots=True)
class CleaningSettings:
    """How to clean; the defaults suit walking, running and exercise at 25 to 240 frames per second.

    Attributes:
        min_score: Keypoints below are left out. Scores differ between models; 0.2 is where most begin to guess.
        repair_sides: Exchange left and right back where the model confused them.
        reject_outliers: Leave out jumps and impossible bones.
        jump_window_s: Half the window in which a jump is seen: within, even a running leg keeps nearly to a line.
        jump_sigmas: Robust standard deviations; 4 leaves alone what noise does.
        bone_tolerance: Times its longest that a bone may look: room for perspective and for noise at both ends.
        max_gap_s: Longest gap to fill: half of walking's swing phase, in which a foot still keeps its course.
        filter: Zero-phase Butterworth of fourth order, or none.
        cutoff_hz: Of the filter, for all keypoints; 6 Hz is usual for gait. None: by residual analysis, per keypoint.
        cutoff_limits_hz: Within which residual analysis may choose: below 6 Hz, usual for gait, noise would make it
            round off foot contacts and the peaks of angles; over 12 Hz is noise.

    Raises:
        ConfigError: If a number is out of its range.
    """

    min_score: float = 0.2
    repair_sides: bool = True
    reject_outliers: bool = True
    jump_window_s: float = 0.1
    jump_sigmas: float = 4.0
    bone_tolerance: float = 1.35
    max_gap_s: float = 0.2
    filter: Literal["butterworth", "none"] = "butterworth"
    cutoff_hz: float | None = None
    cutoff_limits_hz: tuple[float, float] = (6.0, 12.0)

    def __post_init__(self) -> None:
        if self.filter not in ("butterworth", "none"):
            raise ConfigError(f"filter is {self.filter!r}; use 'butterworth' or 'none'.")
        if not 0 <= self.min_score <= 1:
            raise ConfigError(f"min_score is {self.min_score:g}; scores lie within 0 and 1.")
        if self.max_gap_s < 0:
            raise ConfigError(f"max_gap_s is {self.max_gap_s:g}; use 0 to fill nothing.")
        if self.cutoff_hz is not None and not self.cutoff_hz > 0:
            raise ConfigError(f"cutoff_hz is {self.cutoff_hz:g}; it must be above 0, or None to be found.")
        if not 0 < self.cutoff_limits_hz[0] <= self.cutoff_limits_hz[1]:
            raise ConfigError(f"cutoff_limits_hz is {self.cutoff_limits_hz}; use two that rise, like (3, 12).")


def clean(
    sequence: PoseSequence, settings: CleaningSettings | None = None, *, on_progress: Progress = lambda _: None
) -> PoseSequence:
    """Leave out doubtful keypoints, tell sides apart, reject outliers, fill short gaps and filter.

    Args:
        sequence: Any number of people, 2D or 3D, px or m, as tracked.
        settings: None: `CleaningSettings` as they are.
        on_progress: Told how much of the longest step, telling sides apart, is done.

    Returns:
        The same times, people and unit, with flags, and a line of history for each step.
    """
    settings = settings or CleaningSettings()
    sequence = _without_low_scores(sequence, settings.min_score)
    if settings.repair_sides:
        sequence, repairs = repair_sides(sequence, on_progress=on_progress)
        sequence = sequence.noted(f"left and right exchanged back: {repairs}")
    if settings.reject_outliers:
        sequence = _without_outliers(sequence, settings)
    sequence = _filled(sequence, settings.max_gap_s)
    return _filtered(sequence, settings)


def _without_low_scores(sequence: PoseSequence, min_score: float) -> PoseSequence:
    """Every keypoint without coordinates or below the score is NaN and flagged."""
    seen = is_seen(sequence.keypoints)
    low = seen & (sequence.scores < min_score)
    flags = np.zeros(seen.shape, np.uint8) if sequence.flags is None else sequence.flags
    flags = np.where(seen, flags, flags | np.uint8(KeypointFlag.MISSING))
    cleaned = _taken_out(replace(sequence, flags=flags), low, KeypointFlag.LOW_SCORE)
    return cleaned.noted(f"keypoints with a score below {min_score:g} left out: {_share(low, seen)}")


def _without_outliers(sequence: PoseSequence, settings: CleaningSettings) -> PoseSequence:
    seen = is_seen(sequence.keypoints)
    jumped, stretched = np.zeros(seen.shape, bool), np.zeros(seen.shape, bool)
    for person in range(seen.shape[1]):
        keypoints = sequence.keypoints[:, person].astype(np.float64)
        stretched[:, person] = impossible_bones(
            keypoints, sequence.time_s, sequence.skeleton, tolerance=settings.bone_tolerance
        )
        jumped[:, person] = jumps(
            keypoints,
            sequence.time_s,
            sequence.skeleton,
            window_s=settings.jump_window_s,
            sigmas=settings.jump_sigmas,
        )
    cleaned = _taken_out(sequence, jumped | stretched, KeypointFlag.OUTLIER)
    return cleaned.noted(
        f"keypoints rejected: {_share(jumped, seen)} as jumps, {_share(stretched & ~jumped, seen)} as bones too long"
    )


def _taken_out(sequence: PoseSequence, where: BoolArray, reason: KeypointFlag) -> PoseSequence:
    """NaN and the reason as a flag at ``(T, N, K)`` ``where``."""
    flags = np.zeros(where.shape, np.uint8) if sequence.flags is None else sequence.flags
    return replace(
        sequence,
        keypoints=np.where(where[..., None], np.float32(np.nan), sequence.keypoints),
        flags=np.where(where, flags | np.uint8(reason), flags),
    )


def _filled(sequence: PoseSequence, max_gap_s: float) -> PoseSequence:
    before = is_seen(sequence.keypoints)
    sequence = fill_gaps(sequence, max_gap_s=max_gap_s)
    after = is_seen(sequence.keypoints)
    open_ = ~after & before.any(axis=0)
    return sequence.noted(
        f"gaps up to {max_gap_s:g} s filled: {_share(after & ~before, before)}; "
        f"left open, too long or at an end: {_share(open_, before)}"
    )


def _filtered(sequence: PoseSequence, settings: CleaningSettings) -> PoseSequence:
    """Coordinates filtered per keypoint; the history names the cut-offs."""
    if settings.filter == "none" or len(sequence) < 4:
        return sequence.noted("not filtered" + ("" if settings.filter == "none" else ": fewer than 4 frames"))
    highest = 0.4 / sample_interval_s(sequence.time_s)
    keypoints = sequence.keypoints.astype(np.float64)
    used: list[float] = []
    for person in range(keypoints.shape[1]):
        points = keypoints[:, person]
        seen = np.flatnonzero(np.isfinite(points).any(axis=(0, 2)))
        chosen = np.full(len(seen), settings.cutoff_hz or np.nan)
        if settings.cutoff_hz is None:
            chosen = residual_cutoffs_hz(points[:, seen], sequence.time_s, limits_hz=settings.cutoff_limits_hz)
        used += np.minimum(chosen, highest).tolist()
        for k, cutoff in zip(seen, used[len(used) - len(seen) :], strict=True):
            points[:, k] = butterworth_zero_phase(points[:, k], sequence.time_s, cutoff_hz=cutoff)
    filtered = replace(sequence, keypoints=keypoints.astype(np.float32))
    if not used:
        return filtered.noted("not filtered: no keypoint was seen")
    how = f"{used[0]:.3g} Hz"
    if settings.cutoff_hz is None:
        how = f"{min(used):.1f} to {max(used):.1f} Hz by residual analysis (Winter), median {np.median(used):.1f} Hz"
    elif used[0] < settings.cutoff_hz:
        how += f" instead of {settings.cutoff_hz:g} Hz, as frames come at {highest / 0.4:.3g} per second"
    return filtered.noted(f"filtered: zero-phase Butterworth of order 4, cut-off {how}")


def _share(part: BoolArray, of: BoolArray) -> str:
    """``12 (0.4 %)``, of the keypoints that were seen."""
    return f"{int(part.sum())} ({100 * part.sum() / max(int(of.sum()), 1):.1f} %)"
