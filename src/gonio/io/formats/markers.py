"""`MarkerData`: named points over time as marker-based motion capture records them, before they become keypoints."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, check_shape
from gonio.errors import ConfigError
from gonio.io.formats.keypoint_arrays import present
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_log = logging.getLogger(__name__)

METRES_PER = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 0.01),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 0.001),
}
"""Units of length as files spell them, in small letters."""


@dataclass(frozen=True, slots=True, eq=False)
class MarkerData:
    """T time steps of M markers.

    Attributes:
        names: M names, as the file has them.
        positions: ``(T, M, 3)`` float64, in ``unit`` and the file's own axes; NaN where a marker was not seen.
        time_s: ``(T,)`` float64, strictly increasing.
        unit: ``"m"``; ``"px"`` in files that programs make of pixel coordinates.
        source: The file's name, for sentences.

    Raises:
        ShapeError: If the arrays disagree on T or M.
    """

    names: tuple[str, ...]
    positions: FloatArray64
    time_s: FloatArray64
    unit: Literal["m", "px"] = "m"
    source: str = ""

    def __post_init__(self) -> None:
        check_shape("positions", self.positions.shape, (len(self.time_s), len(self.names), 3))

    def find(self, name: str) -> int | None:
        """Index of a marker: by its exact name, else by any case, else without a prefix ``Subject:``.

        Example:
            >>> markers = MarkerData(("Anna:LHEE", "Anna:RHEE"), np.zeros((1, 2, 3)), np.zeros(1))
            >>> markers.find("rhee"), markers.find("LTOE")
            (1, None)
        """
        bare = tuple(own.rpartition(":")[2] for own in self.names)
        for spelled in (self.names, bare):
            for candidates, wanted in ((spelled, name), ([one.lower() for one in spelled], name.lower())):
                if wanted in candidates:
                    return candidates.index(wanted)
        return None

    def suggestion(self, name: str) -> str:
        """Names of the file like this one, as the end of a sentence."""
        close = get_close_matches(name.lower(), [own.lower() for own in self.names], n=1)
        meant = [own for own in self.names if own.lower() in close]
        shown = ", ".join(self.names[:8]) + (" …" if len(self.names) > 8 else "")
        return f"did you mean {meant[0]!r}? " * bool(meant) + f"its markers are {shown}"


def axes_matrix(forward: str, up: str) -> FloatArray64:
    """``(3, 3)`` rotation from a file's axes to Gonio's: x forward, y up, z to the right, as in OpenSim.

    Args:
        forward: The file's axis along which the person faces or goes: ``"x"``, ``"-y"``...
        up: The file's axis against gravity.

    Raises:
        ConfigError: If one is no axis, or both are the same one.

    Example:
        >>> axes_matrix("y", "z") @ [0, 1, 0]  # a step forward along the file's y
        array([1., 0., 0.])
    """
    rows = np.stack([_axis(forward), _axis(up)])
    if rows[0] @ rows[1]:
        raise ConfigError(f"the axes forward {forward!r} and up {up!r} are the same; give two different ones")
    return np.vstack([rows, np.cross(rows[0], rows[1])]) + 0.0  # turns -0.0 into 0.0


def one_person(
    points: FloatArray64, time_s: FloatArray64, skeleton: Skeleton, unit: Literal["m", "px"] = "m"
) -> PoseSequence:
    """Points without scores ``(T, 1, K, D)`` as a sequence: score 1 where there is a point, 0 where it is missing."""
    there = present(points)
    keypoints: FloatArray = np.where(there[..., None], points, np.nan).astype(np.float32)
    return PoseSequence(keypoints, there.astype(np.float32), time_s, np.zeros(1, np.int64), skeleton, unit)


def without_zeros(markers: MarkerData) -> MarkerData:
    """The same markers, not seen where a file has 0, 0, 0 for them, as programs export what they lost.

    A marker that is at the origin in all frames is left there.
    """
    zero = (markers.positions == 0).all(axis=-1)
    lost = zero & ~zero.all(axis=0)
    if not lost.any():
        return markers
    _log.warning(
        "%s: %d positions are 0, 0, 0 and taken for missing, %.1f %%", markers.source, lost.sum(), 100 * lost.mean()
    )
    return replace(markers, positions=np.where(lost[..., None], np.nan, markers.positions))


def marker_names(sequence: PoseSequence, what: str) -> tuple[str, ...]:
    """The markers that a sequence of one person becomes: its keypoints.

    Args:
        sequence: Of one person.
        what: The format, as the start of a sentence.

    Raises:
        ConfigError: If it holds nobody, or more than one person.
    """
    if len(sequence.track_ids) != 1:
        ids = sequence.track_ids.tolist()
        raise ConfigError(f"{what} holds one person, got the tracks {ids}; choose one with sequence.person(id)")
    return sequence.skeleton.keypoint_names


def sampling_rate_hz(time_s: FloatArray64) -> float:
    """The rate that a file's header names: that of the median step; 1 for a single frame."""
    return round(float(1 / np.median(np.diff(time_s))), 6) if len(time_s) > 1 else 1.0


def uniform_rate_hz(time_s: FloatArray64, what: str) -> float:
    """The one rate of a file that has no time for each frame.

    Args:
        time_s: ``(T,)``.
        what: The format, as the start of a sentence.

    Raises:
        ConfigError: If a frame lies more than a quarter of a step off its place.
    """
    if len(time_s) < 2:
        return 1.0
    step = (time_s[-1] - time_s[0]) / (len(time_s) - 1)
    off = np.abs(time_s - time_s[0] - step * np.arange(len(time_s))).max()
    if off > 0.25 * step:
        raise ConfigError(
            f"{what} has one frame rate, and a time is {1000 * off:.0f} ms off that of {1 / step:.4g} Hz; "
            f"give an even rate with --resample {sampling_rate_hz(time_s):.0f} (in Python: io.formats.resampling), "
            "or write .trc or .parquet, which keep true times"
        )
    return float(1 / step)


def first_repeated(names: Sequence[str]) -> str | None:
    """A name that stands twice."""
    return next((name for i, name in enumerate(names) if name in names[:i]), None)


def _axis(name: str) -> FloatArray64:
    sign, letter = (-1.0, name[1:]) if name.startswith("-") else (1.0, name.removeprefix("+"))
    if letter.lower() not in ("x", "y", "z"):
        raise ConfigError(f"no axis is named {name!r}; write x, y or z, with a minus before it for the other way")
    return np.asarray(sign * np.eye(3)["xyz".index(letter.lower())], np.float64)
