"""A signal as it comes, without single wrong samples, and how much it trembles: what live counting looks at."""

from collections import deque

import numpy as np

from gonio.analysis.exercises.counter import Sample

_SPAN_S = 0.2
"""Of the median: as of a recording (half of it on either side), and late by half of it. Wrong keypoints last for some
frames of a quick camera, so it is a time and not a number of samples."""
_LEAST_SAMPLES = 3
_LONGEST_SPAN_S = 0.5
"""Slower than six frames per second there are fewer than three samples, rather than old ones."""
_APART_S = (0.05, 0.1)
"""Between samples that are compared, twice: filtered keypoints err alike for longer."""
_NEAR_ENOUGH, _TOO_FAR = 0.75, 1.5
"""Times that, or nothing is compared: over more, a quick repetition bends, too. So with fewer than 13 frames a second
the trembling is not known."""
_GROWTH = 2.0
"""What trembles hardly differs more over twice the time, what bends differs up to four times as much."""
_REMEMBERED_S = 4.0
_LEAST_KNOWN = 8
_MAD_TO_SD = 1.4826


class SteadySignal:
    """Takes one sample after the other. Keeps state: feed it in order of time.

    Example:
        >>> steady = SteadySignal()
        >>> [steady.step(value, step / 30).value for step, value in enumerate([0.0, 0.0, 90.0, 1.0, 1.0])]
        [0.0, 0.0, 0.0, 1.0, 1.0]
    """

    def __init__(self) -> None:
        self._recent: deque[Sample] = deque()
        self._strays: tuple[deque[tuple[float, float]], ...] = tuple(deque() for _ in _APART_S)

    def step(self, value: float, time_s: float, sd: float = float("nan")) -> Sample:
        """Feed a sample; gives the median of the last ones, at the time in their middle."""
        self._recent.append(Sample(value, time_s, sd))
        while time_s - self._recent[0].time_s > _LONGEST_SPAN_S:
            self._recent.popleft()
        for apart_s, strays in zip(_APART_S, self._strays, strict=True):
            self._note_stray(apart_s, strays)
        window = [one for one in self._recent if time_s - one.time_s < _SPAN_S + 1e-6]
        window = window if len(window) >= _LEAST_SAMPLES else list(self._recent)[-_LEAST_SAMPLES:]
        middle = sorted(window, key=lambda one: one.value)[len(window) // 2]
        return Sample(middle.value, (window[0].time_s + time_s) / 2, middle.sd)

    @property
    def trembling(self) -> float:
        """Standard deviation of what changes from sample to sample and is no movement; 0 while too little is known.

        Each sample is compared with the line through one before and one after it: of independent noise the difference
        has a known multiple of its variance, and a movement hardly bends in so short a time. The robust standard
        deviation of a few seconds is taken (Rousseeuw and Croux, J Am Stat Assoc 88, 1993).
        """
        near, far = (
            _MAD_TO_SD * float(np.median([stray for _, stray in strays])) if len(strays) >= _LEAST_KNOWN else 0.0
            for strays in self._strays
        )
        return max(near, far) if far < _GROWTH * near else near

    def _note_stray(self, apart_s: float, strays: deque[tuple[float, float]]) -> None:
        last = self._recent[-1]
        middle = self._before(last, apart_s)
        first = None if middle is None else self._before(middle, apart_s)
        if middle is not None and first is not None:
            part = (middle.time_s - first.time_s) / (last.time_s - first.time_s)
            stray = middle.value - (1 - part) * first.value - part * last.value
            strays.append((last.time_s, abs(stray) / np.sqrt(1 + part**2 + (1 - part) ** 2)))
        while strays and last.time_s - strays[0][0] > _REMEMBERED_S:
            strays.popleft()

    def _before(self, sample: Sample, apart_s: float) -> Sample | None:
        """The latest that is far enough before, if that is not too far."""
        before = [one for one in self._recent if sample.time_s - one.time_s >= _NEAR_ENOUGH * apart_s]
        return before[-1] if before and sample.time_s - before[-1].time_s <= _TOO_FAR * apart_s else None
