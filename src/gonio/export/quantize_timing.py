"""How long networks take, measured side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gonio.arrays import FloatArray
from gonio.models.backends import Backend

_IN_A_ROW = 5  # runs of a network before the next has its turn: it finds its weights in the caches, as in use


@dataclass(frozen=True, slots=True)
class Latency:
    """Times of one network for the same batch.

    Attributes:
        median_ms: Of all counted runs.
        fastest_ms: The fastest of them: what a machine does that does nothing else.
    """

    median_ms: float
    fastest_ms: float


def interleaved_latency(backends: Sequence[Backend], batch: FloatArray, *, repeat: int) -> list[Latency]:
    """Time networks that take turns, so that whatever else the machine does slows all of them alike.

    Args:
        backends: Loaded networks, with the same number of threads.
        batch: ``(B, 3, h, w)``.
        repeat: Counted runs of each, at least; the first turn of each is not counted.
    """
    seconds: list[list[float]] = [[] for _ in backends]
    for turn in range(1 + -(-repeat // _IN_A_ROW)):
        for times, backend in zip(seconds, backends, strict=True):
            for _ in range(_IN_A_ROW):
                start = perf_counter()
                backend.run(batch)
                times.extend([perf_counter() - start] if turn else [])
    return [Latency(round(float(np.median(t)) * 1e3, 3), round(min(t) * 1e3, 3)) for t in seconds]
