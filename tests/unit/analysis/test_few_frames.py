"""Numbers of few frames are named once for each quantity; others are not."""

import math

import numpy as np

from gonio.analysis.few_frames import with_few_frames_said
from gonio.analysis.kinematics import summarise
from gonio.analysis.result import Analysis, Measure
from gonio.analysis.series import Reason, Series, Side


def series(name: str, excluded: int, side: Side = "left") -> Series:
    time_s = np.arange(100) / 30
    reasons = np.where(np.arange(100) < excluded, Reason.MISSING, 0).astype(np.uint8)
    return Series(name, "deg", side, time_s, 20 + 10 * np.sin(time_s), np.full(100, 2.0), reasons)


def test_a_quantity_is_named_once_if_more_than_80_percent_were_excluded() -> None:
    curves = (series("knee_flexion", 81), series("knee_flexion", 80, "right"), series("hip_flexion", 0))
    measures = tuple(measure for one in curves for measure in summarise(one))
    (finding,) = with_few_frames_said(Analysis("angles", 0, measures=measures, series=curves)).findings
    assert finding.kind == "limit"
    assert "excluded of left knee flexion; what" in finding.text


def test_what_was_not_measured_at_all_has_its_own_reason() -> None:
    nothing = Measure("peak_knee_flexion", math.nan, math.nan, "deg", excluded_fraction=1.0)
    assert not with_few_frames_said(Analysis("angles", 0, measures=(nothing,))).findings
