"""The timing itself: the libraries take turns, round after round, so that a slow minute hits all alike."""

import os
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.peers.cases import Case
from benchmarks.peers.client import WorkerClient, WorkerFailedError
from benchmarks.peers.contenders import Contender
from benchmarks.peers.environments import WORK
from benchmarks.peers.report import Mode, Report, Timing

# A finished onnxruntime run leaves its threads spinning for a moment; not into the next library's turn.
PAUSE_S = 0.03


class Comparison:
    """All measurements with one thread count; what it learns goes into ``report``."""

    def __init__(self, contenders: Sequence[Contender], report: Report, *, rounds: int, repeats: int) -> None:
        self._contenders = contenders
        self._report = report
        self._rounds = rounds
        self._repeats = repeats
        self._workers: dict[str, WorkerClient] = {}

    def run(self, cases: Sequence[Case], threads: int) -> None:
        """Start the workers, time each case, end the workers; one that fails is left out and reported."""
        with processors(threads):
            try:
                for contender in self._contenders:
                    self._start(contender, threads)
                for case in cases:
                    self._time_case(case, threads)
            finally:
                for worker in self._workers.values():
                    worker.close()
                self._workers.clear()

    def _start(self, contender: Contender, threads: int) -> None:
        say(f"{threads} thread(s): loading {contender.label}")
        worker = start_worker(contender, threads)
        self._workers[contender.label] = worker
        try:
            reply = worker.ask("load", options=contender.options, threads=threads)
        except WorkerFailedError as error:
            self._drop(contender.label, error)
            return
        self._report.versions[contender.label] = reply["versions"]
        self._report.notes[contender.label] = reply["notes"]

    def _time_case(self, case: Case, threads: int) -> None:
        self._report.pictures[case.name] = case.people
        taking_turns: dict[Mode, list[str]] = {"end_to_end": [], "network": []}
        for label, worker in list(self._workers.items()):
            try:
                reply = worker.ask("case", path=str(case.path))
            except WorkerFailedError as error:
                self._drop(label, error)
                continue
            self._report.found[label, case.name] = reply["people_found"]
            self._report.network_inputs[label, case.name] = reply["network_inputs"]
            taking_turns["end_to_end"].append(label)
            if reply["network_inputs"]:
                taking_turns["network"].append(label)
        for mode, labels in taking_turns.items():
            say(f"{threads} thread(s), {case.name}, {mode}: {self._rounds} rounds")
            turns = self._take_turns(labels, mode)
            self._report.timings.extend(
                Timing(label, threads, case.name, mode, tuple(seconds)) for label, seconds in turns.items()
            )

    def _take_turns(self, labels: Sequence[str], mode: Mode) -> dict[str, list[float]]:
        """Seconds per round of each label: A B C, A B C, ...; each turn is the median of its repeats."""
        seconds: dict[str, list[float]] = {label: [] for label in labels}
        for _ in range(self._rounds):
            for label in list(seconds):
                time.sleep(PAUSE_S)
                try:
                    reply = self._workers[label].ask("run", mode=mode, times=self._repeats)
                except WorkerFailedError as error:
                    self._drop(label, error)
                    del seconds[label]
                    continue
                seconds[label].append(statistics.median(reply["seconds"]))
        return seconds

    def _drop(self, label: str, error: WorkerFailedError) -> None:
        say(f"{label}: {error}")
        self._report.missing[label] = str(error)
        self._workers.pop(label).close()


def start_worker(contender: Contender, threads: int) -> WorkerClient:
    """A contender's process; nothing is loaded yet. It inherits this one's processors."""
    log = WORK / "logs" / f"{re.sub('[^a-z0-9]+', '-', contender.label.lower())}.log"
    return WorkerClient(python=contender.python, module=contender.module, threads=threads, log=log)


@contextmanager
def processors(count: int) -> Iterator[None]:
    """Hold this process, and the workers it starts inside the block, to ``count`` processors.

    Where the system cannot do that, only the libraries' own thread settings hold.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)
