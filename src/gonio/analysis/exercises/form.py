"""Form: which rules a repetition broke, and what to tell the reader about all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from gonio.analysis.exercises.body import Body, LimbLengths
from gonio.analysis.exercises.conditions import check
from gonio.analysis.exercises.spec import Exercise, Rule
from gonio.analysis.exercises.timing import Found
from gonio.analysis.result import Finding, Repetition
from gonio.analysis.series import Side
from gonio.analysis.view import Kind

INCOMPLETE_RANGE = "incomplete_range"
TOO_FAST = "too_fast"
_A: dict[Kind, str] = {"side": "a side", "frontal": "a frontal", "oblique": "an oblique"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that was broken.

    Attributes:
        name: Of the rule.
        text: What was seen.
        cue: What to say to the person.
        time_s: When.
        source: Of the threshold.
    """

    name: str
    text: str
    cue: str
    time_s: float
    source: str


def faults_of(body: Body, found: Found, exercise: Exercise, lengths: LimbLengths, view: Kind) -> tuple[Fault, ...]:
    """The faults of one repetition, those of range and tempo first.

    Args:
        body: The whole recording, or at least the time of the repetition.
        found: The repetition.
        exercise: Whose rules.
        lengths: Of the limbs.
        view: From where the person is seen: rules that cannot be judged from there are left out.
    """
    return (*_range_faults(found, exercise), *_rule_faults(body, found, exercise, lengths, view))


def hold_faults(
    body: Body, start_s: float, end_s: float, exercise: Exercise, lengths: LimbLengths, view: Kind
) -> tuple[Fault, ...]:
    """The faults of a hold."""
    found = Found.of(Repetition(start_s, start_s, end_s), (start_s, end_s))
    return _rule_faults(body, found, exercise, lengths, view)


def findings_of(faults: Sequence[Fault], repetitions: int) -> tuple[Finding, ...]:
    """One sentence for each rule that was broken, the most frequent first."""
    by_name: dict[str, list[Fault]] = {}
    for fault in faults:
        by_name.setdefault(fault.name, []).append(fault)
    ranked = sorted(by_name.values(), key=len, reverse=True)
    return tuple(
        Finding(
            "fault",
            f"{same[0].text[:1].upper()}{same[0].text[1:]} in {len(same)} of {repetitions}.",
            tuple(fault.time_s for fault in same),
            same[0].source,
        )
        for same in ranked
    )


def limits_of(exercise: Exercise, view: Kind) -> tuple[Finding, ...]:
    """What cannot be judged from this side."""
    unseen = [rule for rule in exercise.rules if rule.views and view not in rule.views]
    return tuple(
        Finding("limit", f"{_words(rule)} cannot be judged in {_A[view]} view; it needs: {', '.join(rule.views)}.")
        for rule in unseen
    )


def _range_faults(found: Found, exercise: Exercise) -> tuple[Fault, ...]:
    repetition, tempo, wanted = found.repetition, exercise.tempo, exercise.range
    faults = []
    margin = repetition.range_sd if repetition.range_sd > 0 else 0.0
    if wanted is not None and found.finished and repetition.range + margin < wanted.full:
        text = f"the range was less than {wanted.full:g} {exercise.signals[0].unit}"
        faults.append(Fault(INCOMPLETE_RANGE, text, wanted.cue, repetition.turn_s, wanted.source))
    whole = found.begun and found.finished
    if whole and tempo.hurried_s is not None and repetition.end_s - repetition.start_s < tempo.hurried_s:
        text = f"less than {tempo.hurried_s:g} s were taken"
        faults.append(Fault(TOO_FAST, text, "Slow down", repetition.turn_s, tempo.source))
    return tuple(faults)


def _rule_faults(body: Body, found: Found, exercise: Exercise, lengths: LimbLengths, view: Kind) -> tuple[Fault, ...]:
    judged = [rule for rule in exercise.rules if not rule.views or view in rule.views]
    broken = [rule for rule in judged if _is_broken(body, found, rule, lengths)]
    return tuple(Fault(rule.name, rule.text, rule.cue, found.repetition.turn_s, rule.source) for rule in broken)


def _is_broken(body: Body, found: Found, rule: Rule, lengths: LimbLengths) -> bool:
    side: Side = found.repetition.side
    checked = check(during(body, found, rule.during), rule, lengths, side=side)
    return checked.holds is False


def during(body: Body, found: Found, part: str) -> Body:
    """The steps of a repetition, or those about its extreme."""
    if part == "turn":
        return body.between(*found.hold_s)
    return body.between(found.repetition.start_s, found.repetition.end_s)


def _words(rule: Rule) -> str:
    words = rule.name.replace("_", " ")
    return words[:1].upper() + words[1:]
