"""Numbers, axes and curves by themselves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.analysis.result import Measure
from gonio.motion_report.curves import area, line, runs, thinned
from gonio.motion_report.cycles import mean_and_spread
from gonio.motion_report.gauges import gauge, is_unusual
from gonio.motion_report.scales import Scale
from gonio.motion_report.words import number, percent, seconds, title, with_error

NAN = math.nan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(-0.04, "deg"), "0.0"),
        (number(-3.26, "deg"), "\u22123.3"),
        (number(12345.6, "px"), "12346"),
        (number(3, "1"), "3"),
        (number(0.5, "1"), "0.50"),
        (number(math.inf), "\u2013"),
        (with_error(1.0991, 0.0134, "s"), "1.099 ± 0.013\u202fs"),
        (with_error(NAN, 1, "s"), "\u2013"),
        (with_error(0.893, 0.021, "leg lengths"), "0.89 ± 0.02\u202fleg lengths"),
        (with_error(1.253, 0.003, "m/s"), "1.25 ± <0.01\u202fm/s"),
        (with_error(1.253, 0.0, "m/s"), "1.25 ± 0.00\u202fm/s"),
        (percent(0.999), "99\u202f%"),
        (percent(1), "100\u202f%"),
        (seconds(59.994), "59.99\u202fs"),
        (seconds(125.27), "2:05.3"),
        (seconds(3599.97), "60:00.0"),
        (title("push-up"), "Push-up"),
        (title(""), ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert text == expected


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.booleans())
def test_a_scale_holds_its_values_and_its_ticks(values: list[float], zero: bool) -> None:
    scale = Scale.around(values, zero=zero)
    assert scale.low < scale.high
    for value in [*values, *scale.ticks()]:
        assert -1e-6 <= scale.place(value) <= 100 + 1e-6
    assert len(scale.ticks()) <= 9


def test_a_scale_of_nothing() -> None:
    assert Scale.around([NAN]) == Scale(0, 1)
    assert Scale.around([5, 10], zero=True).low == 0 or Scale.around([5, 10], zero=True).place(0) >= 0


@given(st.lists(st.booleans()))
def test_runs_are_the_mask(mask: list[bool]) -> None:
    again = np.zeros(len(mask), bool)
    for start, end in runs(np.array(mask, bool)):
        again[start:end] = True
    assert again.tolist() == mask


def test_thinning_keeps_ends_and_peaks() -> None:
    values = np.sin(np.arange(100_000) / 50)
    values[[777, 55_555]] = 9, -9
    values[2000:4000] = NAN
    kept = thinned(values, 900)
    assert len(kept) <= 901
    assert {0, 777, 55_555, 99_999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_curves_break_at_gaps() -> None:
    x, y = np.array([0.0, 50, 75, 100]), np.array([0.0, NAN, 50, 100])
    assert line(x, y, "c") == '<path d="M0.0 100.00M750.0 50.00L1000.0 0.00" class="c"></path>'
    assert area(x, y, y, "c").count("Z") == 2
    assert line(x, y * NAN, "c") == ""


def test_mean_and_spread_leave_nan_out() -> None:
    mean, spread = mean_and_spread(np.array([[1.0, NAN, 2.0], [3.0, NAN, NAN]]))
    assert mean == pytest.approx([2, NAN, 2], nan_ok=True)
    assert spread == pytest.approx([math.sqrt(2), NAN, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("value", "sd", "unusual"),
    [
        (60, 1, False),
        (66, 1, False),
        (67.5, 1, True),
        (67.5, 5, False),
        (52, 1, True),
        (66, NAN, True),
        (NAN, 1, False),
    ],
)
def test_unusual_is_beyond_the_error(value: float, sd: float, unusual: bool) -> None:
    measure = Measure("peak_knee_flexion", value, sd, "deg", normal=(55, 65))
    assert is_unusual(measure) is unusual
    assert ("unusual" in gauge([measure])) is unusual


def test_a_gauge_says_its_numbers_aloud() -> None:
    assert 'aria-label="knee flexion 61.3 deg +- 3.8, usual 55 to 65°"' in gauge(
        [Measure("knee_flexion", 61.3, 3.8, "deg", normal=(55, 65))]
    )
