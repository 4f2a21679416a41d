"""`SharedRuns`: what several threads ask of one network at about the same time becomes one run of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.models.backends.base import Backend

_current: ContextVar["SharedRuns | None"] = ContextVar("gonio_shared_runs", default=None)


def run_network(backend: Backend, batch: FloatArray) -> Outputs:
    """``backend.run(batch)``, together with what other threads ask if this one shares its runs."""
    shared = _current.get()
    return backend.run(batch) if shared is None else shared.run(backend, batch)


@dataclass(eq=False)
class _Request:
    backend: Backend
    batch: FloatArray
    outputs: Outputs | None = None
    error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.outputs is not None or self.error is not None

    def fits(self, other: "_Request") -> bool:
        return self.backend is other.backend and self.batch.shape[1:] == other.batch.shape[1:]


class SharedRuns:
    """Batches over threads.

    Nobody waits for company: whoever comes while no network runs starts at once, and whoever comes while one runs is
    taken along, with all that have come, by the next run.

    Attributes:
        runs: How often a network ran.
        inputs: How many crops or pictures it was given in them.

    Args:
        max_batch: Inputs of one run, where several requests share it.
    """

    def __init__(self, *, max_batch: int = 32) -> None:
        self.runs = 0
        self.inputs = 0
        self._max_batch = max_batch
        self._waiting: list[_Request] = []
        self._running = False
        self._changed = threading.Condition()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Networks that run in this context (this thread) run through here."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def run(self, backend: Backend, batch: FloatArray) -> Outputs:
        """As ``backend.run``; raises what it raises, in every thread that shared the run."""
        request = _Request(backend, batch)
        with self._changed:
            self._waiting.append(request)
            self._changed.wait_for(lambda: request.is_done or not self._running)
            if not request.is_done:
                together = self._taken_along(request)
                self._running = True
        if not request.is_done:
            self._run(together)
        if request.outputs is None:
            raise request.error or RuntimeError("a shared run ended without outputs")
        return request.outputs

    def _taken_along(self, request: _Request) -> list[_Request]:
        together, size = [request], len(request.batch)
        for other in self._waiting:
            if other is not request and request.fits(other) and size + len(other.batch) <= self._max_batch:
                together.append(other)
                size += len(other.batch)
        self._waiting = [other for other in self._waiting if other not in together]
        return together

    def _run(self, together: list[_Request]) -> None:
        try:
            results = _run_together(together)
        except BaseException as error:  # noqa: BLE001 - everyone whose run it was raises it
            with self._changed:
                for request in together:
                    request.error = error
                self._running = False
                self._changed.notify_all()
            return
        with self._changed:
            for request, outputs in zip(together, results, strict=True):
                request.outputs = outputs
            self.runs += 1
            self.inputs += sum(len(request.batch) for request in together)
            self._running = False
            self._changed.notify_all()


def _run_together(requests: list[_Request]) -> list[Outputs]:
    backend = requests[0].backend
    if len(requests) == 1:
        return [backend.run(requests[0].batch)]
    ends = np.cumsum([len(request.batch) for request in requests]).tolist()
    outputs = backend.run(np.concatenate([request.batch for request in requests]))
    if any(len(array) != ends[-1] for array in outputs.values()):  # a network whose outputs cannot be told apart
        return [backend.run(request.batch) for request in requests]
    starts = [0, *ends[:-1]]
    return [
        {name: array[start:end] for name, array in outputs.items()} for start, end in zip(starts, ends, strict=True)
    ]
