"""MediaPipe's smoothing of landmarks in a video: its constants, and its form of the One Euro filter."""

import math

import numpy as np

from gonio.arrays import FloatArray, FloatArray64

STEP_S = 0.033333
"""Time between frames: MediaPipe's pose solution does not ask and takes 30 frames a second."""
_KEEP = 0.9
"""Share of a visibility that comes from the frames before."""


class OneEuro:
    """A One Euro filter whose speed is taken between raw values, in units of a scale that may change. Keeps state.

    Source:
        G. Casiez et al., "1 euro filter", CHI 2012; between raw values as in MediaPipe 0.10.21.
    """

    def __init__(self, *, min_cutoff_hz: float, beta: float, speed_cutoff_hz: float = 1.0) -> None:
        """Take the cut-off at rest, how much it rises with the speed, and the cut-off of the speed."""
        self._min_cutoff_hz, self._beta, self._speed_share = min_cutoff_hz, beta, _share(np.array(speed_cutoff_hz))
        self._raw: FloatArray64 | None = None
        self._value: FloatArray64 = np.zeros(0)
        self._speed: FloatArray64 = np.zeros(0)

    def step(self, values: FloatArray | FloatArray64, scale: float = 1.0) -> FloatArray64:
        """The next frame's values, smoothed; always of one shape."""
        now = np.asarray(values, np.float64)
        if self._raw is None:
            self._value, self._speed = now, np.zeros_like(now)
        else:
            self._speed = self._speed + self._speed_share * ((now - self._raw) / (scale * STEP_S) - self._speed)
            share = _share(self._min_cutoff_hz + self._beta * np.abs(self._speed))
            self._value = self._value + share * (now - self._value)
        self._raw = now
        return self._value


class PoseSmoother:
    """Everything that MediaPipe smooths of one person. Keeps state.

    The two alignment points are always smoothed, so that the region of the next frame is calm; the rest if asked.
    """

    def __init__(self, *, landmarks: bool) -> None:
        """Start anew; ``landmarks``: smooth also what is shown."""
        self._landmarks = landmarks
        self._alignment = OneEuro(min_cutoff_hz=0.01, beta=10.0)
        self._points = OneEuro(min_cutoff_hz=0.05, beta=80.0)
        self._world = OneEuro(min_cutoff_hz=0.1, beta=40.0)
        self._visibility: FloatArray64 | None = None

    def alignment(self, points: FloatArray) -> FloatArray64:
        """Alignment points ``(2, 2)`` px for the next region."""
        return self._alignment.step(points, _diameter(points))

    def points(self, points: FloatArray64, alignment: FloatArray) -> FloatArray64:
        """Landmarks ``(K, 3)`` px; the person's scale is that of the alignment points, as they were found."""
        return self._points.step(points, _diameter(alignment)) if self._landmarks else points

    def world(self, positions: FloatArray64) -> FloatArray64:
        """Positions ``(K, 3)`` m."""
        return self._world.step(positions) if self._landmarks else positions

    def visibility(self, values: FloatArray64) -> FloatArray64:
        """Visibilities ``(K,)``."""
        if self._landmarks and self._visibility is not None:
            values = _KEEP * self._visibility + (1 - _KEEP) * values
        self._visibility = values
        return values


def _diameter(alignment: FloatArray) -> float:
    """Of the circle around the body, px."""
    return max(2 * math.dist(*alignment.tolist()), 1e-6)


def _share(cutoff_hz: FloatArray64) -> FloatArray64:
    """Weight of a new sample in a first-order low-pass."""
    turn = 2 * np.pi * cutoff_hz * STEP_S
    return np.asarray(turn / (turn + 1))
