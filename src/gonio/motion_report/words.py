"""Numbers, units and names as people read them, and the sentence that sums an analysis up."""

import math
from collections.abc import Sequence

from gonio.analysis.result import Analysis, Measure, error_text, value_decimals
from gonio.motion_report.scales import MINUS

DASH = "\u2013"
_UNITS = {"deg": "°", "deg/s": "°/s", "1": "", "": "", "m/s^2": "m/s²"}
_ACTIVITIES = {"gait": "Walking", "angles": "Joint angles", "golf": "Golf swing"}
_TITLES = {"sit_to_stand": "Sit-to-stand", "push_up": "Push-up", "pull_up": "Pull-up"}


def unit(name: str) -> str:
    r"""How a unit is written after a number: ``"°"``, ``" s"``, nothing.

    Example:
        >>> unit("deg"), unit("s"), unit("1")
        ('°', '\u202fs', '')
    """
    text = _UNITS.get(name, name)
    return text if not text or text.startswith("°") else f"\u202f{text}"


def number(value: float, unit_name: str = "") -> str:
    """A number with the digits that suit its unit; a dash for none.

    Example:
        >>> number(61.25, "deg"), number(0.5, "s"), number(float("nan")) == DASH
        ('61.2', '0.500', True)
    """
    if not math.isfinite(value):
        return DASH
    digits = 0 if abs(value) >= 1000 else value_decimals(value, unit_name)
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.replace("-", "")


def is_count(value: float, unit_name: str) -> bool:
    """Whether a number is a count of something: whole and without a unit."""
    return unit_name in ("", "1") and float(value).is_integer()


def with_error(value: float, sd: float, unit_name: str) -> str:
    r"""A number with its standard deviation, where that is known, and its unit.

    Example:
        >>> with_error(61.23, 3.8, "deg"), with_error(1.1, float("nan"), "s")
        ('61.2° ± 3.8°', '1.100\u202fs')
        >>> with_error(1.25, 0.004, "m/s")
        '1.25 ± <0.01\u202fm/s'
    """
    if not math.isfinite(value):
        return DASH
    after = unit(unit_name)
    if not math.isfinite(sd):
        return f"{number(value, unit_name)}{after}"
    # A sign of degrees belongs to each number, a unit with a space to both.
    between = after if after.startswith("°") else ""
    return f"{number(value, unit_name)}{between} ± {error_text(sd, unit_name)}{after}"


def percent(share: float) -> str:
    r"""A share in whole per cent; what is neither nothing nor all is not shown as such.

    Example:
        >>> percent(0.124), percent(0.001), percent(0)
        ('12\u202f%', '<1\u202f%', '0\u202f%')
    """
    if 0 < share < 0.01:
        return "<1\u202f%"
    return f"{min(round(100 * share), 99 if share < 1 else 100)}\u202f%"


def seconds(time_s: float) -> str:
    """``"1.23 s"``, from a minute on ``"2:05.3"``."""
    if not math.isfinite(time_s):
        return DASH
    if abs(time_s) < 60:
        return f"{time_s:.2f}\u202fs"
    tenths = round(time_s * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def title(name: str) -> str:
    """``"knee_flexion"`` as a heading: ``"Knee flexion"``."""
    key = name.replace("-", "_")
    words = _TITLES.get(key) or name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def activity(name: str) -> str:
    """An activity as a title."""
    return _ACTIVITIES.get(name, title(name))


def plural(count: int, word: str) -> str:
    """``"1 repetition"``, ``"3 repetitions"``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def join(parts: Sequence[str]) -> str:
    """``"a, b and c"``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def measure_text(measure: Measure) -> str:
    """Value with error bar, or that there is none."""
    if not math.isfinite(measure.value):
        return "not measured"
    return with_error(measure.value, measure.sd, measure.unit)


def verdict(analysis: Analysis) -> str:
    """One or two sentences: how much was seen, what is wrong, how much of it can be trusted."""
    faulty = sum(bool(repetition.faults) for repetition in analysis.repetitions)
    strides = max((len(cycle.start_s) for cycle in analysis.cycles), default=0)
    faults = sum(finding.kind == "fault" for finding in analysis.findings)
    parts = []
    if analysis.repetitions:
        count = plural(len(analysis.repetitions), "repetition")
        parts.append(f"{count}, {f'{faulty} with a fault' if faulty else 'none with a fault'}")
    elif strides:
        parts.append(plural(strides, "cycle"))
    elif analysis.events:
        parts.append(plural(len(analysis.events), "event"))
    if faults and not faulty:
        parts.append(plural(faults, "fault"))
    if not any(math.isfinite(measure.value) for measure in analysis.measures):
        parts.append("nothing could be measured")
    trust = f"{percent(analysis.excluded_fraction)} of the frames could not be used."
    if not analysis.excluded_fraction > 0:
        trust = "Every frame could be used."
    return f"{', '.join(parts)}. {trust}" if parts else trust
