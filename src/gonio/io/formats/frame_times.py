"""When frames were: what readers of files of keypoints share, for files that have times and for those that count."""

import logging
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError, MediaError
from gonio.io.formats.label_parts import unusable

_log = logging.getLogger(__name__)

TIME_FIELDS = {
    "timestamp_ms": 1e-3,
    "time_ms": 1e-3,
    "timestampms": 1e-3,
    "time_s": 1.0,
    "timestamp": None,
    "time": None,
}
"""Names of times in small letters, with the seconds in one of their units; None: the name does not say it."""

_SLOWEST_S = 2.0
"""Between two frames; of a slower film nothing that a person does can be told."""
_UNITS = {1.0: "s", 1e-3: "ms", 1e-6: "us", 1e-9: "ns"}


def time_of_frame(index: int, fps: float | None, source: str | Path) -> float:
    """When a frame was, for files that count frames and have no times.

    Raises:
        ConfigError: If the rate is not given, or not positive.
    """
    if fps is None or not fps > 0:
        raise ConfigError(
            f"'{source}' counts frames and has no times; give the frame rate of its video with --fps (in Python: fps)"
        )
    return index / fps


def say_rate_is_not_used(source: str | Path, fps: float | None) -> None:
    """A warning, where somebody gave the rate of a file that has times or a rate of its own."""
    if fps is not None:
        _log.warning("%s has a time for each frame; the frame rate of %g is not used", source, fps)


def in_seconds(values: FloatArray64, field: str, source: str | Path) -> FloatArray64:
    """Times in seconds.

    Where the name of the field does not say the unit, it is that of seconds, milliseconds, microseconds and nanoseconds
    in which frames are 2 ms to 2 s apart in the middle, which no two of them are; other than seconds is told by a
    warning.

    Example:
        >>> in_seconds(np.array([0.0, 33.0, 67.0]), "timestamp", "run.json")
        array([0.   , 0.033, 0.067])
    """
    factor = TIME_FIELDS[field.lower()]
    if factor is not None:
        return values * factor
    step = float(np.nanmedian(np.diff(values))) if len(values) > 1 else 0.0
    factor = next((factor for factor in _UNITS if step * factor <= _SLOWEST_S), 1.0)
    if factor != 1:
        shown = f"{step:.4g} apart"
        _log.warning("%s: times named %s are %s and taken for %s", source, field, shown, _UNITS[factor])
    return values * factor


def first_wrong_time(time_s: FloatArray64) -> int | None:
    """The index of the first time that is no number or not after the one before it; None: they increase.

    Example:
        >>> first_wrong_time(np.array([0.0, 0.1, 0.1]))
        2
    """
    wrong = ~np.isfinite(time_s)
    wrong[1:] |= ~(time_s[1:] > time_s[:-1])  # a comparison with NaN is false
    return int(wrong.argmax()) if wrong.any() else None


def check_times(time_s: FloatArray64, source: str | Path) -> None:
    """Raise at times that do not increase from frame to frame.

    Raises:
        MediaError: If they do not; the sentence names the frame.
    """
    if (wrong := first_wrong_time(time_s)) is not None:
        before = f" after {time_s[wrong - 1]:g} s" if wrong else ""
        raise MediaError(
            f"the times in '{source}' do not increase from frame to frame: frame {wrong} of {len(time_s)} is at "
            f"{time_s[wrong]:g} s{before}; is it of several videos?"
        )


def check_pace(time_s: FloatArray64, source: str | Path) -> None:
    """Raise at frames that are too far apart for a movement to be told from them.

    Raises:
        MediaError: If they are typically more than two seconds apart.
    """
    step = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    if step > _SLOWEST_S:
        raise unusable(source, f"its frames are {step:.4g} s apart", "times are in seconds; are these milliseconds?")
