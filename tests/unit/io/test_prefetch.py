import threading
import time
from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.io.sources.prefetch import prefetched
from gonio.timing import record_stages, timed


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "gonio-prefetch"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert threads() == []


def items(values: list[int]) -> Generator[int, None, None]:
    yield from values


@given(values=st.lists(st.integers()), depth=st.integers(0, 5))
def test_same_items_in_the_same_order(values: list[int], depth: int) -> None:
    assert list(prefetched(items(values), depth)) == values


@given(values=st.lists(st.integers(), max_size=8), depth=st.integers(0, 5))
def test_an_error_comes_after_the_items_before_it(values: list[int], depth: int) -> None:
    def failing() -> Generator[int, None, None]:
        yield from values
        raise KeyError("here")

    got: list[int] = []
    with pytest.raises(KeyError, match="here"):
        got.extend(prefetched(failing(), depth))
    assert got == values


def test_it_runs_ahead_by_the_depth_and_no_further() -> None:
    made = []
    ahead = threading.Event()

    def count() -> Generator[int, None, None]:
        for value in range(100):
            made.append(value)
            if value == 4:
                ahead.set()
            yield value

    reader = prefetched(count(), 3)
    assert next(reader) == 0
    assert ahead.wait(5)  # one taken, three waiting, one in the thread's hand
    time.sleep(0.02)
    assert made == [0, 1, 2, 3, 4]
    reader.close()


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_closing_ends_the_thread_and_closes_the_items(depth: int) -> None:
    closed = []

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    reader = prefetched(endless(), depth)
    next(reader)
    assert len(threads()) == (depth > 0)
    reader.close()
    assert closed == ["gonio-prefetch" if depth else threading.current_thread().name]


def test_leaving_a_loop_ends_the_thread() -> None:
    for value in prefetched(items(list(range(1000))), 2):
        if value == 3:
            break


def test_closing_wakes_a_waiting_source() -> None:
    woken = threading.Event()

    def waiting() -> Generator[int, None, None]:
        yield 1
        assert woken.wait(10)
        yield 2

    reader = prefetched(waiting(), 2, on_close=woken.set)
    assert next(reader) == 1
    reader.close()
    assert woken.is_set()


def test_a_live_source_drops_the_oldest() -> None:
    taken, ended = threading.Event(), threading.Event()

    def live() -> Generator[int, None, None]:
        yield 0
        assert taken.wait(5)
        yield from range(1, 100)
        ended.set()

    dropped: list[None] = []
    reader = prefetched(live(), 3, drop_oldest=True, on_drop=lambda: dropped.append(None))
    assert next(reader) == 0
    taken.set()
    assert ended.wait(5)
    assert list(reader) == [97, 98, 99]
    assert len(dropped) == 96


def test_the_thread_records_into_the_readers_recording() -> None:
    def slow() -> Generator[int, None, None]:
        for value in range(3):
            with timed("decode"):
                pass
            yield value

    with record_stages() as times:
        assert list(prefetched(slow(), 2)) == [0, 1, 2]
    assert len(times["decode"]) == 3
