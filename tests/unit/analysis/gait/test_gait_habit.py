import numpy as np
import pytest

from gonio.analysis.gait.features import Window, crossings, turn
from gonio.analysis.gait.habit import Sighting, steadied
from gonio.analysis.gait.smoothing import fit_curve
from gonio.analysis.moments import Moment


def sightings(own_sd: float, lags: tuple[float | None, ...] = (0.1, 0.1, 0.13, 0.1)) -> list[Sighting]:
    """One a second, so long after its anchor; None: not seen."""
    return [
        Sighting(None if lag is None else Moment(n + lag, own_sd), Moment(float(n), 0.002), 0.01)
        for n, lag in enumerate(lags)
    ]


def test_what_is_sure_stays_and_what_is_in_doubt_follows_the_others() -> None:
    assert steadied(sightings(1e-6), 1.0)[2].time_s == pytest.approx(2.13, abs=1e-4)
    assert steadied(sightings(0.1), 1.0)[2].time_s == pytest.approx(2.1, abs=1e-3)
    assert steadied(sightings(0.1), 1.0)[2].sd_s < 0.02


def test_events_without_any_doubt_stay_where_they_are() -> None:
    """An error of 0 is no weight that overflows."""
    sure = [Sighting(Moment(n + lag, 0.0), Moment(n, 0.0), 0.0) for n, lag in ((3.0, 0.1), (4.0, 0.1), (5.0, 0.13))]
    assert [moment.time_s for moment in steadied(sure, 1.0)] == pytest.approx([3.1, 4.1, 5.13])
    alike = [Sighting(Moment(n, 0.0), Moment(n, 0.0), 0.0) for n in (3.0, 4.0, 5.0, 6.0)]
    assert [moment.time_s for moment in steadied(alike, 0.0)] == pytest.approx([3, 4, 5, 6])


def test_one_that_was_not_seen_is_where_the_others_put_it() -> None:
    found = steadied(sightings(0.005, (0.1, None, 0.1, 0.1)), 1.0)
    assert [moment.time_s for moment in found] == pytest.approx([0.1, 1.1, 2.1, 3.1])
    assert found[1].sd_s > found[0].sd_s


def test_without_three_there_is_no_habit() -> None:
    found = steadied(sightings(0.005, (0.1, None, 0.13)), 1.0)
    assert [moment.time_s for moment in found] == pytest.approx([0.1, 2.13])


def test_one_without_an_anchor_stands_alone() -> None:
    alone = Sighting(Moment(4.2, 0.03), None, 0.04)
    (*_, last) = steadied([*sightings(0.005), alone], 1.0)
    assert (last.time_s, last.sd_s) == pytest.approx((4.2, 0.05))
    assert len(steadied([*sightings(0.005), Sighting(None, None, 0.04)], 1.0)) == 4


def test_no_moment_is_less_sure_than_its_window() -> None:
    """A slope that noise makes as good as flat gives no error bar of seconds."""
    time_s = np.linspace(0, 2, 121)
    curve = fit_curve(time_s, (time_s - 1) ** 2, np.linspace(0, 2, 401), half_width_s=0.3, sample_sd=10.0)
    window = Window(0.8, 1.2)
    lowest = turn(curve, window, order=0, kind="min")
    (stop,) = crossings(curve, window, order=1, level=0.0, rising=True)
    assert lowest == stop
    assert (stop.time_s, stop.sd_s) == pytest.approx((1.0, 0.4 / np.sqrt(12)))
