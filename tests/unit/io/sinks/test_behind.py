"""WriteBehind: everything in order, errors in the caller's thread, nothing left running."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.io.sinks.behind import WriteBehind
from gonio.timing import record_stages, timed


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "gonio-writer"]


@given(values=st.lists(st.integers()), depth=st.integers(0, 4))
def test_everything_is_written_in_order(values: list[int], depth: int) -> None:
    written: list[int] = []
    with WriteBehind(written.append, depth=depth) as behind:
        for value in values:
            behind.put(value)
    assert written == values


def test_it_writes_in_another_thread_and_waits_when_it_is_full() -> None:
    go, names, waiting = threading.Event(), [], threading.Event()

    def write(value: int) -> None:
        waiting.set()
        go.wait(5)
        names.append((value, threading.current_thread().name))

    with WriteBehind(write, depth=2) as behind:
        behind.put(0)
        assert waiting.wait(5)
        behind.put(1)
        behind.put(2)
        late = threading.Timer(0.05, go.set)
        late.start()
        behind.put(3)  # there is room only once the first is written
        assert go.is_set()
    assert names == [(value, "gonio-writer") for value in range(4)]
    late.join()


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_an_error_ends_the_writing(depth: int) -> None:
    written: list[int] = []

    def write(value: int) -> None:
        if value == 2:
            raise KeyError("here")
        written.append(value)

    def run() -> None:
        with WriteBehind(write, depth=depth) as behind:
            for value in range(100):
                behind.put(value)

    with pytest.raises(KeyError, match="here"):
        run()
    assert written == [0, 1]


def test_an_error_of_the_last_item_comes_at_the_end() -> None:
    def fail(value: int) -> None:
        raise KeyError(value)

    behind = WriteBehind(fail, depth=4)
    behind.put(7)
    with pytest.raises(KeyError, match="7"):
        behind.close()
    behind.close()  # it is told once


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_what_waits_is_written_when_the_block_is_left_early(stop: type[BaseException]) -> None:
    written: list[int] = []

    def run() -> None:
        with WriteBehind(written.append, depth=3) as behind:
            for value in range(3):
                behind.put(value)
            raise stop

    with pytest.raises(stop):
        run()
    assert written == [0, 1, 2]


def test_the_callers_recording_hears_the_thread() -> None:
    def write(value: int) -> None:
        with timed("write"):
            assert value >= 0

    with record_stages(with_spans=True) as times, WriteBehind(write, depth=2) as behind:
        behind.put(1)
        behind.put(2)
    assert len(times["write"]) == 2
    assert times.spans is not None
    assert {span.thread for span in times.spans} == {"gonio-writer"}


def test_nothing_put_starts_nothing() -> None:
    with WriteBehind(print, depth=2):
        assert not [thread for thread in threading.enumerate() if thread.name == "gonio-writer"]


def test_who_goes_on_after_an_error_hears_it_again() -> None:
    def fail(value: int) -> None:
        raise KeyError(value)

    behind = WriteBehind(fail, depth=1)
    with suppress(KeyError):  # one of these hears it first
        for value in range(4):
            behind.put(value)
    for value in range(4, 8):  # the thread is dead: to wait for room would be for ever
        with pytest.raises(KeyError, match="0"):
            behind.put(value)
    behind.close()


def test_nothing_is_taken_after_the_end() -> None:
    behind: WriteBehind[int] = WriteBehind(lambda _: None, depth=2)
    behind.put(1)
    behind.close()
    with pytest.raises(ValueError, match="it is closed"):
        behind.put(2)
