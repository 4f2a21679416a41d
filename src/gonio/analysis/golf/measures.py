"""The numbers of a golf swing: times, hand plane, head, spine and turns, each in the views that show it.

A measure that this view cannot show is there without a value and says why: down the line nobody sees how far the
shoulders have turned, and face-on nobody sees the plane of the hands.
"""

import math
from collections.abc import Iterator

import numpy as np

from gonio.analysis.golf.events import SwingEvents
from gonio.analysis.golf.planes import fit_plane
from gonio.analysis.golf.signals import Player
from gonio.analysis.moments import Moment
from gonio.analysis.result import Measure
from gonio.analysis.scale import Scale
from gonio.arrays import FloatArray64

GOLFDB = "middle half of the 1400 swings of professionals in GolfDB (McNally et al., CVPR Workshops 2019)"
_KWON = "span as the functional swing plane of the club: Kwon et al., Sports Biomechanics 11, 2012"
_WIDTH_SD = 0.05
"""Relative error of a seen width: shoulders slide on the trunk, nobody stands quite square at address.

An assumption.
"""
_FACE_ON_ONLY, _SIDE_ONLY = "seen only face-on", "seen only down the line"


def swing_measures(one: Player, events: SwingEvents, scale: Scale | None) -> Iterator[Measure]:
    """All of them, in the order of a report."""
    yield from time_measures(events)
    yield from hand_plane(one, events, scale)
    for moment in ("top", "impact"):
        yield head_sway(one, events, moment, scale)
    for moment in ("address", "top", "impact"):
        yield spine_angle(one, events, moment)
    for moment in ("address", "top", "impact"):
        yield spine_tilt(one, events, moment)
    yield turn(one, events, "hip")
    yield turn(one, events, "shoulder")


def time_measures(events: SwingEvents) -> Iterator[Measure]:
    """Tempo, backswing and downswing time."""
    address, top, impact = (events.moments[name] for name in ("address", "top", "impact"))
    back, down = top - address, impact - top
    missing = [name for name in ("address", "top", "impact") if not events.moments[name].found]
    note = f"{' and '.join(missing)} not found" if missing else ""
    value = back.time_s / down.time_s if down.time_s else math.nan
    # the top ends one time and begins the other: its error counts in both
    sd = math.hypot(address.sd_s, (1 + value) * top.sd_s, value * impact.sd_s) / down.time_s
    yield Measure("tempo", value, sd, "1", note=note, normal=(3.0, 4.1), source=GOLFDB)
    yield Measure("backswing_time", back.time_s, back.sd_s, "s", note=note)
    yield Measure("downswing_time", down.time_s, down.sd_s, "s", note=note)


def hand_plane(one: Player, events: SwingEvents, scale: Scale | None) -> Iterator[Measure]:
    """Slope of the plane in which the hands move about impact, and how far they leave it.

    It is the plane of the *hands*; that of the club is flatter and cannot be seen without the club.
    """
    start, end = events.moments["mid_downswing"].time_s, events.moments["mid_follow_through"].time_s
    within = (one.time_s >= start) & (one.time_s <= end) & one.seen
    hands = (one.at("wrist", "left") + one.at("wrist", "right"))[within] / 2
    fit = None
    if not _three_dimensional(one) and events.view != "down_the_line":
        note = _SIDE_ONLY
    else:
        fit = fit_plane(hands, one.sd / math.sqrt(2))
        note = "" if fit else "hands seen in too few frames between mid-downswing and mid-follow-through"
    angle, sd, away = (fit.slope_deg, fit.slope_sd_deg, fit.deviation) if fit else (math.nan,) * 3
    yield Measure("hand_plane_slope", angle, sd, "deg", count=int(within.sum()), note=note, source=_KWON)
    length, length_sd, unit, of_what = _length(one, scale, away, one.sd / math.sqrt(2 * max(within.sum(), 1)))
    yield Measure("hand_plane_deviation", length, length_sd, unit, note=note or of_what, source=_KWON)


def head_sway(one: Player, events: SwingEvents, moment: str, scale: Scale | None) -> Measure:
    """How far the head has moved since address, positive towards the target; face-on only."""
    name = f"head_sway_{moment}"
    if events.view != "face_on" and not _three_dimensional(one):
        return Measure(name, math.nan, math.nan, "m" if scale else "%", note=_FACE_ON_ONLY)
    head = one.at("mid_ear") if np.isfinite(one.at("mid_ear")).any() else one.at("nose")
    moved = _at(one, head, events.moments[moment])[0] - _at(one, head, events.moments["address"])[0]
    value, sd, unit, of_what = _length(one, scale, moved * _target(one, events), one.sd)
    return Measure(name, value, sd, unit, note=of_what if math.isfinite(value) else f"head not seen at {moment}")


def spine_angle(one: Player, events: SwingEvents, moment: str) -> Measure:
    """Forward bend: from upright to the line from the hips to the shoulders, towards the ball; down the line only."""
    name = f"spine_angle_{moment}"
    if _three_dimensional(one):
        return _lean(one, events.moments[moment], name, axis=2, sign=1.0)
    if events.view != "down_the_line":
        return Measure(name, math.nan, math.nan, "deg", note=_SIDE_ONLY)
    return _lean(one, events.moments[moment], name, axis=0, sign=math.copysign(1, _ball(one, events)))


def spine_tilt(one: Player, events: SwingEvents, moment: str) -> Measure:
    """Side bend: the same line from upright, positive away from the target; face-on only."""
    name = f"spine_tilt_{moment}"
    if events.view != "face_on" and not _three_dimensional(one):
        return Measure(name, math.nan, math.nan, "deg", note=_FACE_ON_ONLY)
    return _lean(one, events.moments[moment], name, axis=0, sign=-_target(one, events))


def turn(one: Player, events: SwingEvents, name: str) -> Measure:
    """How far hips or shoulders have turned from address to the top.

    In space: of their line over the ground. Face-on: from how much narrower they look, ``acos(width / width at
    address)``, horizontally, which holds for an axis that is bent forward too. Small turns hardly change the width, so
    their error bar is wide; a turn past 90 deg has a negative width and is told apart.
    """
    address, top = events.moments["address"], events.moments["top"]
    across = _target(one, events) * one.across(name)
    before, after = _at(one, across, address), _at(one, across, top)
    label = f"{name}_turn_top"
    if _three_dimensional(one):
        start, end = (math.atan2(line[2], line[0]) for line in (before, after))
        sd = 2 * one.sd / math.hypot(before[0], before[2])  # two keypoints at each of two times
        return Measure(label, abs(math.degrees(math.remainder(end - start, math.tau))), math.degrees(sd), "deg")
    if events.view != "face_on":
        return Measure(label, math.nan, math.nan, "deg", note=_FACE_ON_ONLY)
    seen = after[0] / before[0]
    if not math.isfinite(seen):
        return Measure(label, math.nan, math.nan, "deg", note=f"{name}s not seen at address and top")
    seen_sd = math.hypot(one.sd * math.sqrt(2) / abs(before[0]) * math.hypot(1, seen), _WIDTH_SD * seen)
    angle = math.acos(np.clip(seen, -1, 1))
    # near 0 the cosine is flat: an error of the width by e is then one of the angle by sqrt(2 e)
    sd = seen_sd / max(math.sin(angle), math.sqrt(2 * seen_sd)) if seen_sd else 0.0
    return Measure(label, math.degrees(angle), math.degrees(sd), "deg", note="from the width seen in two dimensions")


def _lean(one: Player, moment: Moment, name: str, *, axis: int, sign: float) -> Measure:
    trunk = _at(one, one.at("mid_shoulder") - one.at("mid_hip"), moment)
    value = math.degrees(math.atan2(sign * trunk[axis], trunk[1]))
    sd = math.degrees(one.sd / math.hypot(trunk[axis], trunk[1]))  # each end is the middle of two keypoints
    return Measure(name, value, sd, "deg", note="" if math.isfinite(value) else "hips or shoulders not seen")


def _at(one: Player, values: FloatArray64, moment: Moment) -> FloatArray64:
    """``(D,)`` at a moment, linearly between its two frames; NaN where one of them has no value."""
    if not moment.found:
        return np.full(values.shape[-1], np.nan)
    return np.array([np.interp(moment.time_s, one.time_s, column) for column in values.T])


def _target(one: Player, events: SwingEvents) -> float:
    """1 where the target is on the right of the picture, else -1."""
    stance = sum(np.nanmedian(np.append(one.across(name)[:, 0], 0.0)) for name in ("ankle", "hip"))
    return math.copysign(1.0, stance if events.lead == "left" else -stance)


def _ball(one: Player, events: SwingEvents) -> float:
    """Where the hands are at impact or address, seen from the hips: on the side of the ball."""
    known = [events.moments[name] for name in ("impact", "address") if events.moments[name].found]
    return float(np.mean([_at(one, one.hands, moment)[0] for moment in known])) if known else math.nan


def _length(one: Player, scale: Scale | None, length: float, sd: float) -> tuple[float, float, str, str]:
    """Value, its error, unit and what it is a part of: metres where they are known, else per cent of an arm."""
    if scale is None:
        return 100 * length / one.arm, 100 * sd / one.arm, "%", "of the length of an arm"
    metres, metres_sd = scale.metres(length, sd)
    return metres, metres_sd, "m", ""


def _three_dimensional(one: Player) -> bool:
    return bool(one.points.shape[-1] == 3)
