"""SharedRuns: the same outputs as alone, from fewer runs."""

import threading

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.models.backends.sharing import SharedRuns, run_network


class Doubling:
    """Gives each input's mean, twice; the first run waits until all others have come."""

    description = "doubling"
    output_channels: dict[str, int | None] = {"mean": 1}  # noqa: RUF012

    def __init__(self, *, whole: bool = False, fails: bool = False) -> None:
        self.batches: list[int] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self._whole = whole
        self._fails = fails

    def run(self, batch: FloatArray) -> Outputs:
        first = not self.batches
        self.batches.append(len(batch))
        if first:
            self.begun.set()
            self.go.wait(5)
        if self._fails:
            raise ValueError("no")
        means = 2 * batch.mean(axis=(1, 2, 3))[:, None]
        return {"mean": means.sum(keepdims=True) if self._whole else means}


def ask(shared: SharedRuns, backend: Doubling, sizes: list[tuple[int, int]]) -> dict[int, Outputs | Exception]:
    """Each thread asks once, for a batch of so many images of so many pixels; the first runs until the others wait."""
    answers: dict[int, Outputs | Exception] = {}

    def work(number: int) -> None:
        count, side = sizes[number]
        try:
            with shared.joined():
                answers[number] = run_network(backend, np.full((count, 3, side, side), number, np.float32))
        except ValueError as error:
            answers[number] = error

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(sizes))]
    threads[0].start()
    assert backend.begun.wait(5)
    for thread in threads[1:]:
        thread.start()
    while len(shared._waiting) < len(sizes) - 1:
        threading.Event().wait(0.001)
    backend.go.set()
    for thread in threads:
        thread.join()
    return answers


def test_who_comes_while_it_runs_shares_the_next_run() -> None:
    shared, backend = SharedRuns(), Doubling()
    answers = ask(shared, backend, [(1, 4), (2, 4), (1, 4), (3, 4)])
    assert backend.batches == [1, 6]
    assert (shared.runs, shared.inputs) == (2, 7)
    for number, count in enumerate((1, 2, 1, 3)):
        outputs = answers[number]
        assert isinstance(outputs, dict)
        assert outputs["mean"].tolist() == [[2.0 * number]] * count


def test_inputs_of_another_size_run_by_themselves() -> None:
    shared, backend = SharedRuns(), Doubling()
    answers = ask(shared, backend, [(1, 4), (1, 8), (1, 4), (1, 8)])
    assert sorted(backend.batches) == [1, 1, 2]
    assert [answers[i]["mean"].tolist() for i in range(4)] == [[[0.0]], [[2.0]], [[4.0]], [[6.0]]]  # type: ignore[index]


def test_no_run_is_larger_than_it_may_be() -> None:
    backend = Doubling()
    ask(SharedRuns(max_batch=2), backend, [(1, 4)] * 6)
    assert sum(backend.batches) == 6
    assert max(backend.batches) == 2


def test_outputs_that_cannot_be_told_apart() -> None:
    backend = Doubling(whole=True)
    answers = ask(SharedRuns(), backend, [(1, 4), (1, 4), (1, 4)])
    assert [answers[i]["mean"].item() for i in range(3)] == [0.0, 2.0, 4.0]  # type: ignore[index]


def test_an_error_comes_to_everyone_who_shared_the_run() -> None:
    answers = ask(SharedRuns(), Doubling(fails=True), [(1, 4), (1, 4), (1, 4)])
    assert [str(answer) for answer in answers.values()] == ["no"] * 3


def test_alone_it_is_the_backend_itself() -> None:
    backend = Doubling()
    backend.go.set()
    assert run_network(backend, np.ones((2, 3, 4, 4), np.float32))["mean"].tolist() == [[2.0], [2.0]]
    assert backend.batches == [2]


@pytest.mark.parametrize("count", [1, 5])
def test_one_thread_waits_for_nobody(count: int) -> None:
    shared, backend = SharedRuns(), Doubling()
    backend.go.set()
    with shared.joined():
        for _ in range(count):
            run_network(backend, np.ones((1, 3, 4, 4), np.float32))
    assert backend.batches == [1] * count
