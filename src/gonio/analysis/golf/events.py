"""The eight events of a golf swing from the hands and the lead shoulder alone, in any view.

Heights look the same from everywhere, so they are what is read: an arm is level where the hands are as high as its
shoulder. Each event is a crossing, a turning point or the end of a rest, between the frames. Nothing is measured in
seconds or frames, so slow motion gives the same events, later.

Definitions: W. McNally et al., "GolfDB: A Video Database for Golf Swing Sequencing", CVPR Workshops 2019. They speak of
the club, which is no keypoint; each function says what stands for it here.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.golf.signals import GolfView, Player, golf_view, lead_side
from gonio.analysis.golf.strokes import Stroke, find_strokes
from gonio.analysis.landmarks import Limb
from gonio.analysis.moments import Moment, Rest, crossings, leaving_rest, rests, turning
from gonio.analysis.options import AnalysisOptions

EVENTS = (
    *("address", "toe_up", "mid_backswing", "top"),
    *("mid_downswing", "impact", "mid_follow_through", "finish"),
)
"""In order of time."""

_SHAFT_LEVEL_DEG, _SHAFT_LEVEL_SD_DEG = 45.0, 10.0
"""Lead arm from straight down when the shaft is level, going back and following through, and how much players differ.

An assumption: the wrists are then half hinged. The club is not seen; the hands then hang cos(45 deg) as deep below the
shoulder as at address, in every view.
"""
_HANDS_AHEAD_SD_DEG = 8.0
"""How far from straight down the lead arm may be at impact: an assumption, the hands are ahead of the ball or not."""
_CLUB_TURNS_SD = 0.06
"""Part of the downswing by which the club turns round before or after the hands: an assumption."""
_AS_FAST = 2.5
"""Times the fastest fall of the hands that another one may take to count as a swing too; slower, arms are lowered."""
_TOP_WINDOW = 0.3
"""Part of the downswing on both sides of the top that the turning point is fitted to."""
_REST, _POSE = 0.03, 0.06
"""Arm lengths, root mean square, within which resting hands stay at address and in the final pose."""
_LEAVES = 0.05
"""Arm lengths at which hands have begun to leave their rest."""


@dataclass(frozen=True, slots=True)
class SwingEvents:
    """When what happened, and how it was seen.

    Attributes:
        moments: Event to moment; one that was not found has a NaN time.
        lead: The arm towards the target.
        view: From where.
        strokes: How many times the hands went down and up as in a swing; the fastest was measured.
    """

    moments: dict[str, Moment]
    lead: Limb
    view: GolfView
    strokes: int


def find_events(one: Player, options: AnalysisOptions) -> SwingEvents | None:
    """The events of the fastest swing of a clip; None where the hands never go down and up as in a swing."""
    strokes = find_strokes(one.time_s, one.hands[:, 1] / one.arm)
    if not strokes:
        return None
    fastest = min(strokes, key=lambda stroke: stroke.fall_s)
    rest = _rest_before(one, fastest)
    ready = (rest.start + rest.stop) // 2 if rest else fastest.ready
    lead = lead_side(one, ready, fastest.top, options)
    return SwingEvents(
        moments=in_order(_Reading(one, lead, fastest, rest).moments()),
        lead=lead,
        view=golf_view(one, ready, options),
        strokes=sum(stroke.fall_s < _AS_FAST * fastest.fall_s for stroke in strokes),
    )


def in_order(moments: dict[str, Moment]) -> dict[str, Moment]:
    """Without those that contradict the order of a swing, going from the top to either end: they are something else.

    Args:
        moments: Event to moment, of all `EVENTS`.
    """
    kept, top = dict(moments), EVENTS.index("top")
    before_s = after_s = moments["top"].time_s
    for name in EVENTS[:top][::-1]:
        if kept[name].time_s >= before_s:
            kept[name] = Moment()
        before_s = kept[name].time_s if kept[name].found else before_s
    for name in EVENTS[top + 1 :]:
        if kept[name].time_s <= after_s:
            kept[name] = Moment()
        after_s = kept[name].time_s if kept[name].found else after_s
    return kept


def _rest_before(one: Player, stroke: Stroke) -> Rest | None:
    """The last time that the hands rest before the backswing."""
    until = slice(stroke.ready + 1)
    length_s = float(one.time_s[stroke.low] - one.time_s[stroke.top])
    found = rests(one.time_s[until], one.hands[until] / one.arm, length_s=length_s, extent=_REST)
    return found[-1] if found else None


class _Reading:
    """One swing, measured by its own downswing: the time from the highest to the lowest hands."""

    def __init__(self, one: Player, lead: Limb, stroke: Stroke, rest: Rest | None) -> None:
        self.one, self.time_s, self.height, self.rest = one, one.time_s, one.height(lead), rest
        self.top_s, self.low_s = float(one.time_s[stroke.top]), float(one.time_s[stroke.low])
        self.downswing_s = self.low_s - self.top_s
        self.height_sd = one.sd / one.arm * math.sqrt(2)  # a wrist and a shoulder
        self.hands_sd = one.sd / one.arm  # two wrists and two hips

    def moments(self) -> dict[str, Moment]:
        """Event to moment."""
        rising = self._crossings(0, rising=True, before_s=self.top_s)
        falling = self._crossings(0, rising=False, after_s=self.top_s, before_s=self.low_s)
        back, down = _last(rising), _first(falling)
        hang = self.height[self.rest.start : self.rest.stop] if self.rest else self.height[self.time_s == self.low_s]
        half_down = float(np.median(hang)) * math.cos(math.radians(_SHAFT_LEVEL_DEG))
        toe_up = _last(self._crossings(half_down, rising=True, before_s=back.time_s))
        approach = _last(self._crossings(half_down, rising=False, after_s=self.top_s, before_s=self.low_s))
        through = _first(self._crossings(half_down, rising=True, after_s=self.low_s))
        s_per_deg_back = (back - toe_up).time_s / (90 - _SHAFT_LEVEL_DEG)
        s_per_deg_down = (through - approach).time_s / (2 * _SHAFT_LEVEL_DEG)
        return {
            "address": self._address(back),
            "toe_up": toe_up.widened(_SHAFT_LEVEL_SD_DEG * s_per_deg_back),
            "mid_backswing": back,
            "top": self._top(),
            "mid_downswing": down,
            "impact": _between(approach, through).widened(_HANDS_AHEAD_SD_DEG * s_per_deg_down),
            "mid_follow_through": through.widened(_SHAFT_LEVEL_SD_DEG * s_per_deg_down),
            "finish": self._finish(through),
        }

    def _crossings(
        self, level: float, *, rising: bool, after_s: float = -math.inf, before_s: float = math.inf
    ) -> list[Moment]:
        """Times in between at which the hands pass a height."""
        found = crossings(self.time_s, self.height, level, rising=rising, sd=self.height_sd)
        return [moment for moment in found if after_s <= moment.time_s <= before_s]

    def _top(self) -> Moment:
        """The club turns round; here the hands are highest."""
        hands = self.one.hands[:, 1] / self.one.arm
        half_s = _TOP_WINDOW * self.downswing_s
        found = turning(self.time_s, hands, near_s=self.top_s, half_s=half_s, sd=self.hands_sd)
        return found.widened(_CLUB_TURNS_SD * self.downswing_s)

    def _address(self, back: Moment) -> Moment:
        """The last moment before the hands move away."""
        return self._leaving(self.rest, until_s=back.time_s) if self.rest and back.found else Moment()

    def _finish(self, through: Moment) -> Moment:
        """The last moment of the final pose; where its end is not seen, anywhere in what is seen of it."""
        start = int(np.searchsorted(self.time_s, through.time_s)) if through.found else len(self.time_s)
        found = rests(
            self.time_s[start:], self.one.hands[start:] / self.one.arm, length_s=self.downswing_s, extent=_POSE
        )
        if not found:
            return Moment()
        pose = replace(found[0], start=start + found[0].start, stop=start + found[0].stop)
        left = self._leaving(pose, until_s=math.inf)
        if left.found:
            return left
        held_s = float(self.time_s[pose.stop - 1] - self.time_s[pose.start])
        return Moment(float(self.time_s[pose.start]), held_s / math.sqrt(12))

    def _leaving(self, rest: Rest, *, until_s: float) -> Moment:
        steps = slice(rest.start, int(np.searchsorted(self.time_s, until_s, side="right")) + 1)
        away = np.linalg.norm(self.one.hands[steps] / self.one.arm - rest.place, axis=-1)
        level = max(_LEAVES, 2 * rest.spread)
        return leaving_rest(self.time_s[steps], away, level=level, sd=self.hands_sd)


def _first(moments: list[Moment]) -> Moment:
    return moments[0] if moments else Moment()


def _last(moments: list[Moment]) -> Moment:
    return moments[-1] if moments else Moment()


def _between(before: Moment, after: Moment) -> Moment:
    """The middle: the arm is as far from straight down at both."""
    return Moment((before.time_s + after.time_s) / 2, math.hypot(before.sd_s, after.sd_s) / 2)
