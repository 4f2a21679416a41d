"""What rests on few frames is said: a peak or a range may lie in the others."""

from dataclasses import replace

import numpy as np

from gonio.analysis.result import Analysis, Finding, Measure

_MOST_EXCLUDED = 0.8
"""Share of the frames. A convention: of a movement of which a fifth is seen, most extremes are not."""


def with_few_frames_said(analysis: Analysis) -> Analysis:
    """With a finding that names the numbers of which more than 80 % of the frames were excluded.

    Example:
        >>> doubtful = Measure("peak_knee_flexion", 61.0, 4.0, "deg", "left", excluded_fraction=0.9)
        >>> with_few_frames_said(Analysis("gait", 0, measures=(doubtful,))).findings[0].text
        'Few frames: more than 80 % were excluded of left peak knee flexion; what is extreme may lie in those.'
    """
    few = [one for one in analysis.measures if one.excluded_fraction > _MOST_EXCLUDED and np.isfinite(one.value)]
    if not few:
        return analysis
    names = ", ".join(dict.fromkeys(_what(one, analysis) for one in few))
    text = f"Few frames: more than {100 * _MOST_EXCLUDED:.0f} % were excluded of {names}; "
    finding = Finding("limit", f"{text}what is extreme may lie in those.")
    return replace(analysis, findings=(*analysis.findings, finding))


def _what(measure: Measure, analysis: Analysis) -> str:
    """The quantity that a number is of, where it is known: one name for its mean, peak, least and range."""
    curves = (one.label for one in analysis.series if one.name in measure.name and one.side == measure.side)
    return next(curves, measure.label)
