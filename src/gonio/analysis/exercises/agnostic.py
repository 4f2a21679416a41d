"""Counting without knowing the exercise: the main motion of all keypoints relative to the body, up and down.

The first principal component of the posture over time is the one number that tells most of what moves. It goes through
the same counter as a declared exercise.
"""

import numpy as np

from gonio.analysis.exercises.body import Body
from gonio.analysis.exercises.repetitions import Count, count_upward
from gonio.analysis.exercises.spec import Range, Tempo
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Event, Finding, Measure
from gonio.analysis.series import Reason, Series
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_SEEN_ENOUGH = 0.6
"""Keypoints seen for a smaller part of the time are left out."""
_LEAST_KEYPOINTS = 4
_LEAST_RANGE = 15.0
"""Root mean square way of the keypoints in % of the body's size (their root mean square distance from the middle):
breathing and gestures of one hand stay below."""
_LEAST_SHARE = 0.5
"""Part of the variance that the main motion must explain; without one motion, there is nothing to count."""


def count_repetitions(sequence: PoseSequence, options: AnalysisOptions | None = None) -> Analysis:
    """Count repetitions of whatever is repeated.

    Args:
        sequence: Of one person, cleaned.
        options: ``up_deg`` is used.

    Returns:
        Activity ``"repetitions"``, with events ``rep_start``, ``turn`` and ``rep_end``. No repetitions where the person
        hardly moves, or has no single main motion.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    body = Body.of(sequence, options or AnalysisOptions())
    series, share = _main_motion(body)
    count = Count((), None, 0, 0, (series,))
    findings: tuple[Finding, ...] = ()
    spread = _spread(series.values)
    if not spread >= _LEAST_RANGE:
        findings = (Finding("note", "The person hardly moved: no repetitions were looked for."),)
    elif share < _LEAST_SHARE:
        findings = (Finding("note", f"No single motion was repeated: the main one explains {share:.0%} of all."),)
    else:
        least = max(_LEAST_RANGE, 0.4 * spread)
        count = count_upward(series, Range(least=least, full=least, source="agnostic"), Tempo(), "both")
    repetitions = tuple(found.repetition for found in count.found)
    events = [
        Event(name, time_s)
        for one in repetitions
        for name, time_s in (("rep_start", one.start_s), ("turn", one.turn_s), ("rep_end", one.end_s))
    ]
    return Analysis(
        activity="repetitions",
        track_id=int(sequence.track_ids[0]),
        events=tuple(sorted(events, key=lambda event: event.time_s)),
        repetitions=repetitions,
        measures=(Measure("repetitions", float(len(repetitions)), float("nan"), "1", count=len(repetitions)),),
        series=(series,),
        findings=findings,
        excluded_fraction=series.excluded_fraction,
        facts={"method": "main motion of all keypoints relative to the body"},
        history=sequence.history,
    )


def _main_motion(body: Body) -> tuple[Series, float]:
    """First principal component of the posture, % of body size, and its share of the variance."""
    time_s, empty = body.time_s, np.full(len(body), np.nan)
    seen = np.asarray(np.isfinite(body.points).all(axis=-1))
    chosen = np.flatnonzero(seen.mean(axis=0) >= _SEEN_ENOUGH) if len(body) else np.zeros(0, np.int64)
    values, share = empty, 0.0
    if len(chosen) >= _LEAST_KEYPOINTS and len(body) > 2:
        points = np.stack([_filled(time_s, body.points[:, k]) for k in chosen], axis=1)
        points = points - points.mean(axis=1, keepdims=True)
        size = np.median(np.sqrt((points**2).sum(axis=-1).mean(axis=1)))
        flat = (points - np.median(points, axis=0)).reshape(len(body), -1) / size
        _, strengths, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
        values = 100 * flat @ directions[0] / np.sqrt(len(chosen))
        values = _resting_low(values)
        share = float(strengths[0] ** 2 / max((strengths**2).sum(), 1e-12))
        values = np.where(seen[:, chosen].mean(axis=1) >= 0.5, values, np.nan)
    reasons = np.where(np.isfinite(values), 0, Reason.MISSING).astype(np.uint8)
    return Series("main_motion", "%", "both", time_s, values, empty, reasons), share


def _filled(time_s: FloatArray64, points: FloatArray64) -> FloatArray64:
    """``(T, D)`` with gaps interpolated."""
    known = np.isfinite(points).all(axis=-1)
    return np.stack([np.interp(time_s, time_s[known], column[known]) for column in points.T], axis=-1)


def _resting_low(values: FloatArray64) -> FloatArray64:
    """The sign for which the motion begins low: people start from rest."""
    low, high = np.percentile(values, [5, 95])
    begins_high = values[0] > (low + high) / 2
    return -values if begins_high else values


def _spread(values: FloatArray64) -> float:
    known = values[np.isfinite(values)]
    return float(np.subtract(*np.percentile(known, [95, 5]))) if len(known) else float("nan")
