"""When both feet are in the air: take-off and landing between the frames, from the height of the feet."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.analysis.landmarks import landmark, positions
from gonio.analysis.moments import Moment, crossings, turning
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.analysis.upright import upright
from gonio.analysis.validity import keypoint_reasons
from gonio.analysis.windows import runs
from gonio.arrays import BoolArray, FloatArray64
from gonio.structures.sequence import PoseSequence

_SIDES: tuple[Side, Side] = ("left", "right")
_OFF_GROUND = 0.08
"""Leg lengths that both feet must rise for a jump: about 7 cm, more than heels rise on tiptoe."""
_GROUND_BAND = 0.05
"""Leg lengths above their lowest tenth at which feet count as on the ground."""
_HIGHEST = 0.9
"""Quantile of a flight's heights that is its height: 1 % below the vertex of a parabola, and no peak of noise."""
_EDGE = 0.2
"""Part of a flight's rise at which its edges are timed: clear of the noise at the ground, and still steep."""
_ON_TIPTOE, _ON_TIPTOE_SD = 0.10, 0.025
"""Leg lengths by which ankles are higher at take-off and landing than in standing, where toes are not seen.

An assumption: 8 to 9 cm, of a leg of 0.86 m. It is the largest error of a jump measured without toes.
"""
_HIPS_RISE = 0.3
"""Part of the feet's rise that the hips must rise too; who sits or hangs and draws up the feet does not jump."""


@dataclass(frozen=True, slots=True, eq=False)
class Jumper:
    """One person over a clip, lengths in legs.

    Attributes:
        time_s: ``(T,)``.
        feet: ``(T,)``: the lower foot above the ground; NaN where neither is seen.
        hips: ``(T,)``: middle of the hips above any fixed height.
        leg: Length of a leg, hip to ankle, in the sequence's unit.
        sd: Of one keypoint along one axis, in legs; NaN where unknown.
        toes: Whether toes are seen, else ankles stand for the feet.
    """

    time_s: FloatArray64
    feet: FloatArray64
    hips: FloatArray64
    leg: float
    sd: float
    toes: bool


@dataclass(frozen=True, slots=True)
class Flight:
    """One time in the air.

    Attributes:
        take_off: When the feet leave the ground.
        landing: When they meet it again.
        apex: When the hips are highest.
        time_s: Between take-off and landing.
        time_sd_s: Its standard deviation; NaN where unknown.
        rise: Of the hips from take-off to apex, in legs.
        sunk: How much lower the hips are at landing than at take-off, in legs.
    """

    take_off: Moment
    landing: Moment
    apex: Moment
    time_s: float
    time_sd_s: float
    rise: float
    sunk: float


def jumper_of(sequence: PoseSequence, options: AnalysisOptions) -> Jumper | None:
    """Gather a jumper from the sequence of one person; None where hips or feet are never seen.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    usable = keypoint_reasons(sequence, options.min_score) == 0
    points = np.where(usable[..., None], upright(sequence, up_deg=options.up_deg)[:, 0], np.nan)

    def at(name: str, side: Side = "both") -> FloatArray64:
        return positions(points, landmark(sequence.skeleton, name, side))

    legs = np.linalg.norm([at("hip", side) - at("ankle", side) for side in _SIDES], axis=-1)
    if not np.isfinite(legs).any():
        return None
    toes = all(np.isfinite(at("toe", side)).all(axis=-1).mean() > 0.5 for side in _SIDES)
    feet = np.stack([at("toe" if toes else "ankle", side)[:, 1] for side in _SIDES])
    leg = float(np.nanquantile(legs, 0.9))
    above = np.stack([(foot - _ground(foot, leg)) / leg for foot in feet])
    lower = np.fmin(above[0], above[1])
    sd = np.nan if sequence.keypoint_sd is None else float(np.nanmedian(sequence.keypoint_sd))
    return Jumper(sequence.time_s, lower, at("mid_hip")[:, 1] / leg, leg, sd / leg, toes)


def find_flights(jumper: Jumper) -> list[Flight]:
    """All jumps, in order."""
    above = jumper.feet - (0.0 if jumper.toes else _ON_TIPTOE)
    lifted: BoolArray = above > _OFF_GROUND / 2  # half, so that noise at the edge does not make two flights of one
    found = (_flight(jumper, a, b) for a, b in runs(lifted) if above[a:b].max() > _OFF_GROUND)
    return [flight for flight in found if flight is not None]


def _flight(jumper: Jumper, start: int, stop: int) -> Flight | None:
    """The flight around some samples in the air.

    Feet fly on a parabola with the hips, so the time between two equal heights says how long the whole parabola
    takes: ``T = t sqrt(A / (A - level))``, A its height.
    """
    time_s, floor = jumper.time_s, 0.0 if jumper.toes else _ON_TIPTOE
    highest_s = time_s[start + int(np.argmax(jumper.feet[start:stop]))]
    height = float(np.quantile(jumper.feet[start:stop], _HIGHEST)) - floor
    level = floor + _EDGE * height
    up = [m for m in crossings(time_s, jumper.feet, level, rising=True, sd=jumper.sd) if m.time_s <= highest_s]
    down = [m for m in crossings(time_s, jumper.feet, level, rising=False, sd=jumper.sd) if m.time_s >= highest_s]
    if not up or not down:
        return None  # it began before the clip, or ends after it
    seen = down[0] - up[-1]
    longer = math.sqrt(1 / (1 - _EDGE))
    edge_s = (longer - 1) / 2 * seen.time_s
    floor_sd_s = 0.0 if jumper.toes else _ON_TIPTOE_SD / (4 * height / (seen.time_s * longer))
    take_off = Moment(up[-1].time_s - edge_s, math.hypot(up[-1].sd_s, floor_sd_s))
    landing = Moment(down[0].time_s + edge_s, math.hypot(down[0].sd_s, floor_sd_s))
    middle_s = (take_off.time_s + landing.time_s) / 2
    apex = turning(time_s, jumper.hips, near_s=middle_s, half_s=0.35 * seen.time_s, sd=jumper.sd / math.sqrt(2))
    at_edges = np.interp([take_off.time_s, apex.time_s, landing.time_s], time_s, jumper.hips)
    rise, sunk = float(at_edges[1] - at_edges[0]), float(at_edges[0] - at_edges[2])
    if not (min(rise, rise + sunk) > _HIPS_RISE * height):
        return None
    total_sd_s = math.hypot(longer * seen.sd_s, 2 * floor_sd_s)  # both edges move apart together
    return Flight(take_off, landing, apex, seen.time_s * longer, total_sd_s, rise, sunk)


def _ground(foot: FloatArray64, leg: float) -> float:
    """Height at which a foot stands: the middle of its lowest samples."""
    known = foot[np.isfinite(foot)]
    if not len(known):
        return math.nan
    return float(np.median(known[known <= np.quantile(known, 0.1) + _GROUND_BAND * leg]))
