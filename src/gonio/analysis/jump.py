"""`analyse_jump`: how high and how quickly somebody jumps in place with both feet, from the time in the air.

The physics does the measuring: who is in the air for a time T has risen ``g T^2 / 8``, whatever the scale of the
picture. It also serves as the example of an activity in ``docs/activities.md``.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Estimate, mean
from gonio.analysis.flights import Flight, find_flights
from gonio.analysis.jumper import Jumper, jumper_of
from gonio.analysis.known_scale import known_scale
from gonio.analysis.moments import rests
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Event, Finding, Measure, Repetition
from gonio.analysis.scale import Scale
from gonio.analysis.series import Reason, Series
from gonio.structures.sequence import PoseSequence

GRAVITY = 9.80665
"""m/s2: standard gravity; between equator and poles it differs by 0.5 %, a jump of 40 cm by 2 mm."""
_BOSCO = "flight time method: Bosco, Luhtanen and Komi, Eur J Appl Physiol 50, 1983"
_YOUNG = "reactive strength index: Young, New Studies in Athletics 10, 1995"
_SUNK = 0.05
"""Leg lengths that the hips may be lower at landing than at take-off; more lengthens the flight."""
_REST = 0.03
"""Leg lengths within which resting hips stay."""
_STANDING = 0.2
"""Leg lengths below the take-off at which somebody whose hips rest stands; lower, it is the turn of a crouch."""
_LEG_M = (0.5, 1.4)
"""Length of a leg by which the time in the air agrees with the rise of the hips: a child's, and more than anybody's."""
_DISAGREE = 0.25
"""Relative difference of two heights beyond which the times or the scale must be wrong."""


def analyse_jump(
    sequence: PoseSequence, options: AnalysisOptions | None = None, *, method_errors: bool = True
) -> Analysis:
    """Jumps in place: take-off, landing, flight time, height, and contact time between repeated jumps.

    Args:
        sequence: Of one person, cleaned; the camera must not move. With ``keypoint_sd``, the error bars are what it
            makes of them; without, what the keypoints tremble by.
        options: ``height_m`` or ``metres_per_px`` let the height be compared with the rise of the hips.
        method_errors: Whether error bars hold what is assumed of the posture, beside what keypoint errors make of a
            number; False: keypoint errors alone, to be held against drawn ones.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    options = options or AnalysisOptions()
    jumper = jumper_of(sequence, options)
    flights = find_flights(jumper) if jumper else []
    track_id = int(sequence.track_ids[0])
    if jumper is None or not flights:
        text = "No jump found: both feet never leave the ground together with the hips."
        if jumper is None:
            text = "No jump can be found: hips or feet are never seen."
        unseen = 1.0 if jumper is None else _unseen(jumper)
        findings = (Finding("limit", text),)
        return Analysis("jump", track_id, findings=findings, excluded_fraction=unseen, history=sequence.history)
    scale = known_scale(sequence, options)
    doubt = Doubt(jumper.errors, {}, method_errors)
    return Analysis(
        activity="jump",
        track_id=track_id,
        events=tuple(_events(flights, doubt)),
        repetitions=tuple(_repetition(flight, doubt) for flight in flights),
        measures=tuple(_measures(jumper, flights, scale, doubt)),
        series=(_foot_height(jumper),),
        findings=tuple(_findings(jumper, flights, scale)),
        excluded_fraction=_unseen(jumper),
        facts={
            "method": "height from the time in the air",
            "feet": "toes" if jumper.toes else "ankles, taken to be on tiptoe at take-off and landing",
            "scale": scale.source if scale else "not needed; unknown",
        },
        history=sequence.history,
    )


def height_m(flight: Flight) -> Estimate:
    """Rise of the hips from take-off to apex.

    Source:
        Bosco, Luhtanen and Komi, "A simple method for measurement of mechanical power in jumping", 1983:
        ``h = g T^2 / 8``, for a landing in the posture of the take-off.
    """
    time = flight.time
    per_s = GRAVITY * time.value / 4
    landing_speed = 4 * flight.rise.value / time.value
    landed = Estimate(0.0, {flight.posture: per_s / landing_speed})
    return Estimate(GRAVITY * time.value**2 / 8, time.scaled(per_s).gradient) + landed


def _events(flights: Sequence[Flight], doubt: Doubt) -> Iterator[Event]:
    for flight in flights:
        for name, when in (("take_off", flight.take_off), ("apex", flight.apex), ("landing", flight.landing)):
            yield Event(name, when.value, sd_s=doubt.sd_of(when))


def _repetition(flight: Flight, doubt: Doubt) -> Repetition:
    height = height_m(flight)
    times_s = (flight.take_off.value, flight.apex.value, flight.landing.value)
    return Repetition(*times_s, range=height.value, range_sd=doubt.sd_of(height), unit="m")


def _measures(jumper: Jumper, flights: Sequence[Flight], scale: Scale | None, doubt: Doubt) -> Iterator[Measure]:
    def mean_of(name: str, values: Sequence[Estimate], unit: str, source: str = "") -> Measure:
        total = mean(values)
        return Measure(name, total.value, doubt.sd_of(total), unit, source=source, count=len(values))

    heights = [height_m(flight) for flight in flights]
    yield mean_of("flight_time", [flight.time for flight in flights], "s")
    yield mean_of("jump_height", heights, "m", source=_BOSCO)
    if len(flights) > 1:
        best = max(heights, key=lambda height: height.value)
        yield Measure("best_jump_height", best.value, doubt.sd_of(best), "m", source=_BOSCO)
    if scale is not None:
        rise, sd = _hip_rise_m(jumper, flights, scale, doubt)
        yield Measure("hip_rise", rise, sd, "m", count=len(flights))
    contacts = list(_contacts(jumper, flights))
    if contacts:
        yield mean_of("contact_time", [contact for contact, _ in contacts], "s")
        strengths = [height_m(flight) / contact for contact, flight in contacts]
        yield mean_of("reactive_strength_index", strengths, "m/s", source=_YOUNG)


def _hip_rise_m(jumper: Jumper, flights: Sequence[Flight], scale: Scale, doubt: Doubt) -> tuple[float, float]:
    """Mean rise of the hips in the picture, and its sd, that of the scale included."""
    rise = mean([flight.rise for flight in flights]).scaled(jumper.leg)
    return scale.metres(rise.value, doubt.sd_of(rise))


def _contacts(jumper: Jumper, flights: Sequence[Flight]) -> Iterator[tuple[Estimate, Flight]]:
    """Time on the ground and the jump that follows, where nobody stands still in between."""
    time_s, known = jumper.time_s, np.isfinite(jumper.hips.values)
    for before, after in pairwise(flights):
        ground = known & (time_s >= before.landing.value) & (time_s <= after.take_off.value)
        hips = jumper.hips.values[ground]
        found = rests(time_s[ground], hips[:, None], length_s=after.time.value, extent=_REST)
        if not any(rest.place[0] > hips[-1] - _STANDING for rest in found):
            yield after.take_off - before.landing, after


def _foot_height(jumper: Jumper) -> Series:
    feet = jumper.feet
    return Series(
        name="foot_height",
        unit="leg lengths",
        side="both",
        time_s=jumper.time_s,
        values=feet.values,
        sd=feet.sd(jumper.errors),
        reasons=np.where(np.isfinite(feet.values), 0, Reason.MISSING).astype(np.uint8),
    )


def _unseen(jumper: Jumper) -> float:
    """Share of the frames in which no foot is seen."""
    return float(np.isnan(jumper.feet.values).mean())


def _findings(jumper: Jumper, flights: Sequence[Flight], scale: Scale | None) -> Iterator[Finding]:
    if not jumper.toes:
        yield Finding(
            "limit", "Toes are not seen: take-off and landing are judged from the ankles, with a wider error bar."
        )
    sunk = tuple(flight.landing.value for flight in flights if flight.sunk > _SUNK)
    if sunk:
        yield Finding("limit", "Landed with bent legs, which lengthens the flight: the height is too large.", sunk)
    height = float(np.mean([height_m(flight).value for flight in flights]))
    leg_m = float(np.median([height_m(flight).value / flight.rise.value for flight in flights]))
    if not _LEG_M[0] < leg_m < _LEG_M[1]:
        yield Finding(
            "limit",
            f"By the time in the air a leg would be {leg_m:.1f} m long: this is slow motion, or no free flight.",
        )
    elif scale is not None:
        rise = float(np.mean([flight.rise.value for flight in flights])) * jumper.leg * scale.metres_per_px
        if abs(rise - height) > _DISAGREE * height:
            yield Finding(
                "limit",
                f"The hips rise {rise:.2f} m in the picture, and {height:.2f} m by the time in the air: "
                "the times or the scale must be wrong.",
            )
