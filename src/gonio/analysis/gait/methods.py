"""Published ways to see a foot meet or leave the ground, each a small function of one leg and one stance.

All take the leg's smooth curves and the stance that the event belongs to, and give a `Moment` or None. Thresholds are
parts of the runner's own speed and stride instead of mm/s and frames, so that px, m and slow motion are the same.
``benchmarks/motion/gait_events.py`` measures them all against force plates; `events` picks from them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from gonio.analysis.gait.coordinates import Leg
from gonio.analysis.gait.features import Window, crossings, highest, turn
from gonio.analysis.gait.strides import Stance
from gonio.analysis.moments import Moment
from gonio.analysis.readings import NO_GRADIENT

Method = Callable[[Leg, Stance], Moment | None]

_STRIKE_WINDOW = (-0.06, 0.13)
"""Strides about the foot's farthest point ahead; the heel comes down shortly after it."""
_LATEST_OFF = 0.10
"""Strides after the foot's farthest point behind."""
_LONGEST_STANCE = 0.75
_NEAR_BEHIND = 0.15
"""Strides about the foot's farthest point behind; pre-swing begins 0.12 before toe-off (Perry and Burnfield 2010)."""
_RETRACTED = 0.5
_LIFTED_SPEED = 0.5
_RISEN = 0.5


def strike_window(leg: Leg, stance: Stance) -> Window:
    """Where a heel strike is looked for."""
    before, after = (part * leg.stride_s for part in _STRIKE_WINDOW)
    ahead = stance.ahead_s if np.isfinite(stance.ahead_s) else leg.span.start_s
    return Window(ahead + before, ahead + after)


def off_window(leg: Leg, stance: Stance) -> Window:
    """Where a toe-off is looked for: the second half of the way back, and a little more."""
    start, end = stance.ahead_s, stance.behind_s
    if not np.isfinite(start):
        start = max(leg.span.start_s, end - 0.5 * leg.stride_s)
    if not np.isfinite(end):
        return Window(start + 0.2 * leg.stride_s, min(leg.span.end_s, start + _LONGEST_STANCE * leg.stride_s))
    return Window(start + 0.4 * (end - start), end + _LATEST_OFF * leg.stride_s)


def zeni_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The heel is farthest ahead of the pelvis.

    Source:
        Zeni, Richards and Higginson, "Two simple methods for determining gait events during treadmill and overground
        walking using kinematic data", Gait Posture 27, 2008, coordinate method.
    """
    return turn(leg.heel.forward, strike_window(leg, stance), order=0, kind="max")


def zeni_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe is farthest behind the pelvis. Source: as `zeni_strike`."""
    if not np.isfinite(stance.behind_s):
        return None
    around = _NEAR_BEHIND * leg.stride_s
    return turn(leg.toe.forward, Window(stance.behind_s - around, stance.behind_s + around), order=0, kind="min")


def oconnor_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The middle of the foot falls fastest; 16 +- 15 ms from the plate in 54 children.

    Source:
        O'Connor, Thorpe, O'Malley and Vaughan, "Automatic detection of gait events using kinematic data", Gait
        Posture 25, 2007, foot velocity algorithm.
    """
    return turn(leg.foot.up, strike_window(leg, stance), order=1, kind="min")


def oconnor_off(leg: Leg, stance: Stance) -> Moment | None:
    """The middle of the foot rises fastest; 9 +- 15 ms from the plate in 54 children. Source: as `oconnor_strike`."""
    return turn(leg.foot.up, off_window(leg, stance), order=1, kind="max")


def hreljac_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The heel's fall is stopped hardest: its upward acceleration peaks, its jerk is zero.

    Source:
        Hreljac and Marshall, "Algorithms to determine event timing during normal walking using kinematic data",
        J Biomech 33, 2000.
    """
    return turn(leg.heel.up, strike_window(leg, stance), order=2, kind="max")


def hreljac_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe's forward acceleration peaks, its jerk is zero. Source: as `hreljac_strike`."""
    return turn(leg.toe.forward, off_window(leg, stance), order=2, kind="max")


def ghoussayni_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The heel's speed over the ground, in the sagittal plane, falls below a threshold.

    Source:
        Ghoussayni, Stevens, Durham and Ewins, "Assessment and validation of a simple automated method for the detection
        of gait events and intervals", Gait Posture 20, 2004. Their threshold is 50 mm/s of barefoot walking; here it
        is half the speed of travel, as smoothed video never comes to rest.
    """
    curve = leg.heel.over_ground(leg.ground_speed)
    found = crossings(curve, strike_window(leg, stance), order=0, level=_LIFTED_SPEED * leg.ground_speed, rising=False)
    return found[0] if found else None


def ghoussayni_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe's speed over the ground rises above a threshold. Source: as `ghoussayni_strike`."""
    curve = leg.toe.over_ground(leg.ground_speed)
    found = crossings(curve, off_window(leg, stance), order=0, level=_LIFTED_SPEED * leg.ground_speed, rising=True)
    return found[0] if found else None


def retraction_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The foot, swung ahead, has been pulled back to half the speed of the ground.

    A foot lands while its speed is being matched to the ground's, after it was farthest ahead (`zeni_strike`, which is
    therefore early) and before it rests. A crossing of a steep slope, it stands much noise.

    Source:
        Ghoussayni's velocity threshold, of the horizontal velocity alone. Swing-leg retraction: Seyfarth, Geyer and
        Herr, J Exp Biol 206, 2003.
    """
    window = strike_window(leg, stance)
    level = -_RETRACTED * leg.ground_speed
    found = crossings(leg.foot.forward, window, order=1, level=level, rising=False)
    return found[0] if found else None


def departure_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe, dragged behind, has been sped up from the ground's speed half way to the body's.

    The toe leaves after it rested and before it is farthest behind (`zeni_off`, which is therefore late). Source: as
    `retraction_strike`.
    """
    level = -_RETRACTED * leg.ground_speed
    found = crossings(leg.toe.forward, off_window(leg, stance), order=1, level=level, rising=True)
    return found[-1] if found else None


def fellin_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The heel is lowest: its vertical velocity turns upward; 22 to 25 ms from the plate in running.

    Source:
        Fellin, Rose, Royer and Davis, "Comparison of methods for kinematic identification of footstrike and toe-off
        during overground and treadmill running", J Sci Med Sport 13, 2010.
    """
    return turn(leg.heel.up, strike_window(leg, stance), order=0, kind="min")


def fellin_off(leg: Leg, stance: Stance) -> Moment | None:
    """The knee is most extended; 5 ms from the plate in running. Source: as `fellin_strike`."""
    return None if leg.knee is None else turn(leg.knee, off_window(leg, stance), order=0, kind="max")


def reach_off(leg: Leg, stance: Stance) -> Moment | None:
    """The leg is stretched farthest from hip to ankle: Fellin's peak knee extension where there is no knee to see.

    Source: as `fellin_strike`.
    """
    return turn(leg.reach, off_window(leg, stance), order=0, kind="max")


def handsaker_strike(leg: Leg, stance: Stance) -> Moment | None:
    """The heel's or the toe's upward acceleration peaks, whichever is first, whatever part of the foot lands.

    Source:
        Handsaker, Forrester, Folland, Black and Allen, "A kinematic algorithm to identify gait events during running
        at different speeds and with different footstrike types", J Biomech 49, 2016.
    """
    window = strike_window(leg, stance)
    found = [turn(point.up, window, order=2, kind="max") for point in (leg.heel, leg.toe)]
    return min((moment for moment in found if moment), key=lambda moment: moment.time_s, default=None)


def handsaker_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe's upward jerk peaks. Source: as `handsaker_strike`."""
    return highest(leg.toe.up, off_window(leg, stance), order=3)


def de_witt_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe's upward acceleration peaks, its jerk is zero.

    Source:
        De Witt, "Determination of toe-off event time during treadmill locomotion using kinematic data", J Biomech 43,
        2010.
    """
    return turn(leg.toe.up, off_window(leg, stance), order=2, kind="max")


def rise_off(leg: Leg, stance: Stance) -> Moment | None:
    """The toe rises at half the speed that it will reach.

    Where a velocity is half way up, its acceleration peaks: De Witt's event, from a crossing that stands noise.

    Source: as `de_witt_off`.
    """
    window = off_window(leg, stance)
    fastest = turn(leg.toe.up, window, order=1, kind="max")
    if fastest is None:
        return None
    level = _RISEN * leg.toe.up.at(fastest.time_s, 1)
    before = Window(window.start_s, fastest.time_s)
    seen = leg.toe.up.reading(fastest.time_s, 1)
    level_of = NO_GRADIENT if seen is None else {seen: _RISEN}
    found = crossings(leg.toe.up, before, order=1, level=level, rising=True, level_of=level_of)
    return found[-1] if found else None


def folding_off(leg: Leg, stance: Stance) -> Moment | None:
    """The leg shortens fastest from hip to ankle: pre-swing ends. For walking seen without feet.

    A leg shortens in mid-stance too, and an ankle that is seen badly for some frames makes that look faster; so only
    pre-swing is looked at, where the record holds its end.

    Source:
        Peak knee flexion velocity falls at toe-off: Perry and Burnfield, Gait Analysis, 2nd ed. 2010, pre-swing.
    """
    window = off_window(leg, stance)
    if np.isfinite(stance.behind_s):
        window = Window(max(window.start_s, stance.behind_s - _NEAR_BEHIND * leg.stride_s), window.end_s)
    return turn(leg.reach, window, order=1, kind="min")


STRIKES: Mapping[str, Method] = MappingProxyType(
    {
        "zeni": zeni_strike,
        "oconnor": oconnor_strike,
        "hreljac": hreljac_strike,
        "ghoussayni": ghoussayni_strike,
        "retraction": retraction_strike,
        "fellin": fellin_strike,
        "handsaker": handsaker_strike,
    }
)
"""Heel strike, by name."""
OFFS: Mapping[str, Method] = MappingProxyType(
    {
        "zeni": zeni_off,
        "oconnor": oconnor_off,
        "hreljac": hreljac_off,
        "ghoussayni": ghoussayni_off,
        "departure": departure_off,
        "fellin": fellin_off,
        "reach": reach_off,
        "handsaker": handsaker_off,
        "de_witt": de_witt_off,
        "rise": rise_off,
        "folding": folding_off,
    }
)
"""Toe-off, by name."""
