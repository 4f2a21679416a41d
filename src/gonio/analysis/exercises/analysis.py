"""`analyse_exercise`: repetitions or holds of one person, with times, range, tempo, symmetry, angles and form."""

import math
from dataclasses import replace

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.exercises.body import Body, LimbLengths
from gonio.analysis.exercises.form import Fault, faults_of, findings_of, hold_faults, limits_of
from gonio.analysis.exercises.holds import Hold, find_holds, why_none
from gonio.analysis.exercises.measures import (
    angle_measures,
    angles_of,
    hold_measures,
    repetition_measures,
)
from gonio.analysis.exercises.repetitions import Count, find_repetitions
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import chains_of, signal_series
from gonio.analysis.exercises.single import beside_each_other, phase_durations, symmetry, symmetry_measure
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.exercises.timing import Found
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Event, Finding, Measure, Repetition
from gonio.analysis.view import View, detect_view
from gonio.structures.sequence import PoseSequence

_ABOUT_S = 0.5
"""By which a recording of a test may be too short: a watch is not stopped better."""


def analyse_exercise(sequence: PoseSequence, exercise: Exercise, options: AnalysisOptions | None = None) -> Analysis:
    """Analyse one person who does one exercise.

    Args:
        sequence: Of one person, cleaned, in px or m.
        exercise: What they do.
        options: ``up_deg``, ``view``, ``convention`` and ``min_score`` are used.

    Returns:
        Repetitions with their faults. Events: each start posture and each extreme, named as the exercise says (of a
        squat ``top`` and ``bottom``), ``rep_start`` and ``rep_end``; of a hold ``hold_start`` and ``hold_end``.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    options = options or AnalysisOptions()
    body = Body.of(sequence, options)
    lengths = LimbLengths()
    lengths.learn(body, chains_of(exercise))
    view = detect_view(sequence, options=options)
    if exercise.kind == "hold":
        return _of_holds(sequence, exercise, body, lengths, view, options)
    return _of_repetitions(sequence, exercise, body, lengths, view, options)


def _of_repetitions(
    sequence: PoseSequence, exercise: Exercise, body: Body, lengths: LimbLengths, view: View, options: AnalysisOptions
) -> Analysis:
    doubt = Doubt(None if sequence.keypoint_sd is None else KeypointErrors.of(sequence))
    count = find_repetitions(body, exercise, lengths, doubt.keypoints)
    in_time, late = _in_time(count.found, exercise)
    found = tuple(replace(one, range_sd=doubt.sd_of(one.range)) for one in in_time)
    faults = [faults_of(body, one, exercise, lengths, view.kind) for one in found]
    angles = angles_of(sequence, exercise, view, options, doubt.keypoints)
    signal = next(one for one in exercise.signals if one.name == count.series[0].name)
    beside = beside_each_other(body, exercise, signal, lengths, view, doubt)
    compared = [symmetry(one, beside, doubt) for one in found]
    single = [
        (*phase_durations(one, exercise, doubt), symmetry_measure([own], doubt))
        for one, own in zip(found, compared, strict=True)
    ]
    measures = [*repetition_measures(found, exercise, signal, doubt)]
    if found and not exercise.one_sided:
        measures.append(symmetry_measure(compared, doubt))
    if exercise.name.endswith("-5x"):
        measures.append(_five_times(found, doubt))
    return Analysis(
        activity=exercise.name,
        track_id=int(sequence.track_ids[0]),
        events=_events(found, exercise, doubt),
        repetitions=tuple(map(_as_seen, found, faults, single)),
        measures=(*measures, *angle_measures(angles, found, exercise.events.turn)),
        series=(*count.series, *angles),
        findings=(
            *findings_of([fault for broken in faults for fault in broken], len(found)),
            *_notes(count, late),
            *_too_short(found, exercise, float(body.time_s[-1]) if len(body) else 0.0),
            *(() if found else _none_found(count, exercise, signal)),
            *((*limits_of(exercise, view.kind), *_camera(signal)) if found else ()),
        ),
        excluded_fraction=max(series.excluded_fraction for series in count.series),
        facts=_facts(exercise, signal, view),
        history=sequence.history,
    )


def _of_holds(
    sequence: PoseSequence, exercise: Exercise, body: Body, lengths: LimbLengths, view: View, options: AnalysisOptions
) -> Analysis:
    holds = find_holds(body, exercise, lengths)
    faults = [
        fault for hold in holds for fault in hold_faults(body, hold.start_s, hold.end_s, exercise, lengths, view.kind)
    ]
    series = signal_series(body, exercise.signals[0], lengths)
    return Analysis(
        activity=exercise.name,
        track_id=int(sequence.track_ids[0]),
        events=tuple(event for hold in holds for event in _hold_events(hold)),
        measures=tuple(hold_measures(holds)),
        series=(series, *angles_of(sequence, exercise, view, options)),
        findings=(
            *findings_of(faults, len(holds)),
            *(limits_of(exercise, view.kind) if holds else (Finding("limit", why_none(body, exercise, lengths)),)),
        ),
        excluded_fraction=series.excluded_fraction,
        facts=_facts(exercise, exercise.signals[0], view),
        history=sequence.history,
    )


def _in_time(found: tuple[Found, ...], exercise: Exercise) -> tuple[tuple[Found, ...], int]:
    """Those more than half done when the time of the test is over, and how many were not.

    Source:
        The 30 s chair stand: more than half way up at the end is a full stand (Rikli and Jones, Senior Fitness Test).
    """
    if exercise.count_within_s is None or not found:
        return found, 0
    stop_s = found[0].repetition.start_s + exercise.count_within_s
    done = tuple(one for one in found if not one.half_out_s > stop_s)
    return done, len(found) - len(done)


def _too_short(found: tuple[Found, ...], exercise: Exercise, last_s: float) -> tuple[Finding, ...]:
    """A test of so many seconds counts too few in a recording of less."""
    if exercise.count_within_s is None or not found:
        return ()
    seen_s = last_s - found[0].repetition.start_s
    if seen_s >= exercise.count_within_s - _ABOUT_S:
        return ()
    text = f"The recording ends {seen_s:.1f} s after the first start, and the test takes {exercise.count_within_s:g} s."
    return (Finding("limit", text),)


def _five_times(found: tuple[Found, ...], doubt: Doubt) -> Measure:
    """From the first start to the fifth end, seated again: what the five-times test reports.

    A clinician's watch starts at "go": the time to react is not in it. The Short Physical Performance Battery stops the
    watch at the fifth stand instead.
    """
    if len(found) < 5:
        return Measure("five_times", math.nan, math.nan, "s", note=f"only {len(found)} of 5 repetitions")
    if not (found[0].begun and found[4].finished):
        why = "the recording does not show the whole of the first and the fifth repetition"
        return Measure("five_times", math.nan, math.nan, "s", note=why)
    lasted = found[4].end - found[0].start
    return Measure(
        "five_times", lasted.value, doubt.sd_of(lasted), "s", source="Whitney et al., Phys Ther 85(10), 2005"
    )


def _events(found: tuple[Found, ...], exercise: Exercise, doubt: Doubt) -> tuple[Event, ...]:
    names, events = exercise.events, []
    for one in found:
        moments = [(names.turn, one.turn)]
        if one.begun:
            moments += [(names.rest, one.rest), ("rep_start", one.start)]
        if one.finished:
            moments.append(("rep_end", one.end))
        if one.rest_after is not None:
            moments.append((names.rest, one.rest_after))
        events += [Event(name, moment.value, one.side, doubt.sd_of(moment)) for name, moment in moments]
    return tuple(sorted(events, key=lambda event: event.time_s))


def _hold_events(hold: Hold) -> tuple[Event, Event]:
    sd_s = hold.sd_s / math.sqrt(2)
    return Event("hold_start", hold.start_s, hold.side, sd_s), Event("hold_end", hold.end_s, hold.side, sd_s)


def _as_seen(found: Found, faults: tuple[Fault, ...], measures: tuple[Measure, ...]) -> Repetition:
    """With its faults and numbers, and without a start or an end that the recording does not show."""
    return replace(
        found.repetition,
        start_s=found.repetition.start_s if found.begun else math.nan,
        end_s=found.repetition.end_s if found.finished else math.nan,
        faults=tuple(fault.name for fault in faults),
        measures=measures,
    )


def _notes(count: Count, late: int) -> tuple[Finding, ...]:
    """What was seen and not counted, and why."""
    notes = []
    if count.cut_off is not None:
        text = "The recording begins within a repetition, which is not counted."
        notes.append(Finding("note", text, (count.cut_off.repetition.turn_s,)))
    if count.found and not count.found[-1].finished:
        text = "The recording ends within a repetition, which is counted: it had gone half of the usual way or more."
        notes.append(Finding("note", text, (count.found[-1].repetition.turn_s,)))
    if count.partial:
        notes.append(Finding("note", f"Movements too small beside the others, not counted: {count.partial}."))
    if count.unsure:
        notes.append(
            Finding("note", f"Movements not clearly larger than their own error, not counted: {count.unsure}.")
        )
    if count.not_allowed:
        text = "Movements not counted, because the rest of the body did not move as in this exercise: "
        notes.append(Finding("note", f"{text}{count.not_allowed}."))
    if late:
        notes.append(Finding("note", f"Repetitions after the time of the test, not counted: {late}."))
    return tuple(notes)


def _camera(signal: SignalSpec) -> tuple[Finding, ...]:
    """Of a height in the picture, the camera's own movement cannot be told."""
    if signal.kind != "rise":
        return ()
    text = "Counted on the height in the picture: a camera that moves, as in a hand, gives such movements, too."
    return (Finding("limit", text),)


def _none_found(count: Count, exercise: Exercise, signal: SignalSpec) -> tuple[Finding, ...]:
    """Why a recording has no repetition: nothing was seen, or nothing moved far enough."""
    series = min(count.series, key=lambda one: one.excluded_fraction)
    what, needed = signal.words, exercise.needed_range.least
    values = series.values[series.valid]
    reached = float(np.subtract(*np.percentile(values, (95, 5)))) if len(values) else 0.0
    if not len(values):
        why = f"the {what} is never seen well enough"
    elif count.unsure:
        why = f"the {what} changes by little more than its error; the points may be hidden or out of the picture"
    elif reached < needed:
        why = f"the {what} changes by {reached:.0f} {series.unit} in all, and a repetition needs {needed:g}"
    else:
        why = f"the {what} does not go out and back as in this exercise"
    return (Finding("limit", f"No repetition was found: {why}."),)


def _facts(exercise: Exercise, signal: SignalSpec, view: View) -> dict[str, str]:
    return {
        "exercise": exercise.title,
        "source": exercise.source,
        "view": f"{view.kind} ({view.note})",
        "signal": signal.words,
    }
