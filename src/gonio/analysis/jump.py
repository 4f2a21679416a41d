"""`analyse_jump`: how high and how quickly somebody jumps in place with both feet, from the time in the air.

The physics does the measuring: who is in the air for a time T has risen ``g T^2 / 8``, whatever the scale of the
picture. It also serves as the example of an activity in ``docs/activities.md``.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from gonio.analysis.flights import Flight, Jumper, find_flights, jumper_of
from gonio.analysis.known_scale import known_scale
from gonio.analysis.moments import Moment, rests
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Event, Finding, Measure, Repetition
from gonio.analysis.scale import Scale
from gonio.analysis.series import Reason, Series
from gonio.structures.sequence import PoseSequence

GRAVITY = 9.80665
"""m/s2: standard gravity; between equator and poles it differs by 0.5 %, a jump of 40 cm by 2 mm."""
_BOSCO = "flight time method: Bosco, Luhtanen and Komi, Eur J Appl Physiol 50, 1983"
_YOUNG = "reactive strength index: Young, New Studies in Athletics 10, 1995"
_POSTURE_SD = 0.02
"""Leg lengths by which the posture at landing differs from that at take-off, where both look alike: an assumption."""
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


def analyse_jump(sequence: PoseSequence, options: AnalysisOptions | None = None) -> Analysis:
    """Jumps in place: take-off, landing, flight time, height, and contact time between repeated jumps.

    Args:
        sequence: Of one person, cleaned; the camera must not move.
        options: ``height_m`` or ``metres_per_px`` let the height be compared with the rise of the hips.

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
        unseen = 1.0 if jumper is None else float(np.isnan(jumper.feet).mean())
        findings = (Finding("limit", text),)
        return Analysis("jump", track_id, findings=findings, excluded_fraction=unseen, history=sequence.history)
    scale = known_scale(sequence, options)
    return Analysis(
        activity="jump",
        track_id=track_id,
        events=tuple(_events(flights)),
        repetitions=tuple(_repetition(flight) for flight in flights),
        measures=tuple(_measures(jumper, flights, scale)),
        series=(_foot_height(jumper),),
        findings=tuple(_findings(jumper, flights, scale)),
        excluded_fraction=float(np.isnan(jumper.feet).mean()),
        facts={
            "method": "height from the time in the air",
            "feet": "toes" if jumper.toes else "ankles, taken to be on tiptoe at take-off and landing",
            "scale": scale.source if scale else "not needed; unknown",
        },
        history=sequence.history,
    )


def height_m(flight: Flight) -> tuple[float, float]:
    """Rise of the hips from take-off to apex, and its standard deviation.

    Source:
        Bosco, Luhtanen and Komi, "A simple method for measurement of mechanical power in jumping", 1983:
        ``h = g T^2 / 8``, for a landing in the posture of the take-off.
    """
    posture_sd_s = _POSTURE_SD * flight.time_s / (4 * flight.rise)  # over the speed at landing
    sd_s = math.hypot(flight.time_sd_s, posture_sd_s)
    return GRAVITY * flight.time_s**2 / 8, GRAVITY * flight.time_s / 4 * sd_s


def _events(flights: list[Flight]) -> Iterator[Event]:
    for flight in flights:
        yield Event("take_off", flight.take_off.time_s, sd_s=flight.take_off.sd_s)
        yield Event("apex", flight.apex.time_s, sd_s=flight.apex.sd_s)
        yield Event("landing", flight.landing.time_s, sd_s=flight.landing.sd_s)


def _repetition(flight: Flight) -> Repetition:
    height, sd = height_m(flight)
    times_s = (flight.take_off.time_s, flight.apex.time_s, flight.landing.time_s)
    return Repetition(*times_s, range=height, range_sd=sd, unit="m")


def _measures(jumper: Jumper, flights: list[Flight], scale: Scale | None) -> Iterator[Measure]:
    heights = [height_m(flight) for flight in flights]
    yield _mean("flight_time", [(flight.time_s, flight.time_sd_s) for flight in flights], "s")
    yield _mean("jump_height", heights, "m", source=_BOSCO)
    if len(flights) > 1:
        best, sd = max(heights)
        yield Measure("best_jump_height", best, sd, "m", source=_BOSCO)
    if scale is not None:
        yield _mean("hip_rise", [_hip_rise_m(jumper, flight, scale) for flight in flights], "m")
    contacts = list(_contacts(jumper, flights))
    if contacts:
        yield _mean("contact_time", [(contact.time_s, contact.sd_s) for contact, _ in contacts], "s")
        yield _mean("reactive_strength_index", [_strength(*contact) for contact in contacts], "m/s", source=_YOUNG)


def _hip_rise_m(jumper: Jumper, flight: Flight, scale: Scale) -> tuple[float, float]:
    # hips at two times, each the middle of two keypoints
    return scale.metres(flight.rise * jumper.leg, jumper.sd * jumper.leg)


def _contacts(jumper: Jumper, flights: list[Flight]) -> Iterator[tuple[Moment, Flight]]:
    """Time on the ground and the jump that follows, where nobody stands still in between."""
    known = np.isfinite(jumper.hips)
    for before, after in pairwise(flights):
        ground = known & (jumper.time_s >= before.landing.time_s) & (jumper.time_s <= after.take_off.time_s)
        hips = jumper.hips[ground]
        found = rests(jumper.time_s[ground], hips[:, None], length_s=after.time_s, extent=_REST)
        if not any(rest.place[0] > hips[-1] - _STANDING for rest in found):
            yield after.take_off - before.landing, after


def _strength(contact: Moment, flight: Flight) -> tuple[float, float]:
    """Height over contact time."""
    height, sd = height_m(flight)
    index = height / contact.time_s
    return index, index * math.hypot(sd / height, contact.sd_s / contact.time_s)


def _mean(name: str, values: list[tuple[float, float]], unit: str, source: str = "") -> Measure:
    """Of a few values and their errors, taken as independent."""
    numbers, sds = np.array(values).T
    sd = float(np.sqrt((sds**2).sum()) / len(sds))
    return Measure(name, float(numbers.mean()), sd, unit, count=len(numbers), source=source)


def _foot_height(jumper: Jumper) -> Series:
    return Series(
        name="foot_height",
        unit="leg lengths",
        side="both",
        time_s=jumper.time_s,
        values=jumper.feet,
        sd=np.full(len(jumper.time_s), jumper.sd),
        reasons=np.where(np.isfinite(jumper.feet), 0, Reason.MISSING).astype(np.uint8),
    )


def _findings(jumper: Jumper, flights: list[Flight], scale: Scale | None) -> Iterator[Finding]:
    if not jumper.toes:
        yield Finding(
            "limit", "Toes are not seen: take-off and landing are judged from the ankles, with a wider error bar."
        )
    sunk = tuple(flight.landing.time_s for flight in flights if flight.sunk > _SUNK)
    if sunk:
        yield Finding("limit", "Landed with bent legs, which lengthens the flight: the height is too large.", sunk)
    height = float(np.mean([height_m(flight)[0] for flight in flights]))
    leg_m = float(np.median([height_m(flight)[0] / flight.rise for flight in flights]))
    if not _LEG_M[0] < leg_m < _LEG_M[1]:
        yield Finding(
            "limit",
            f"By the time in the air a leg would be {leg_m:.1f} m long: this is slow motion, or no free flight.",
        )
    elif scale is not None:
        rise = float(np.mean([_hip_rise_m(jumper, flight, scale)[0] for flight in flights]))
        if abs(rise - height) > _DISAGREE * height:
            yield Finding(
                "limit",
                f"The hips rise {rise:.2f} m in the picture, and {height:.2f} m by the time in the air: "
                "the times or the scale must be wrong.",
            )
