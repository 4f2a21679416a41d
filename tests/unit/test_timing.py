import threading

import pytest

from gonio.timing import record_stages, timed


def test_each_run_of_a_stage_is_one_entry() -> None:
    with record_stages() as times:
        for _ in range(3):
            with timed("draw"):
                pass
        with timed("encode"):
            pass
    assert {stage: len(seconds) for stage, seconds in times.items()} == {"draw": 3, "encode": 1}
    assert all(second >= 0 for seconds in times.values() for second in seconds)


def test_a_stage_within_a_stage_counts_in_both() -> None:
    with record_stages() as times, timed("outer"), timed("inner"):
        pass
    assert times["outer"][0] >= times["inner"][0]


def test_nothing_is_recorded_unless_somebody_asks() -> None:
    with timed("before"):
        pass
    with record_stages() as times:
        pass
    with timed("after"):
        pass
    assert not times


def test_the_innermost_recording_gets_it() -> None:
    with record_stages() as outer:
        with record_stages() as inner, timed("a"):
            pass
        with timed("b"):
            pass
    assert (list(outer), list(inner)) == (["b"], ["a"])


def test_other_threads_are_not_recorded() -> None:
    def work() -> None:
        with timed("elsewhere"):
            pass

    with record_stages() as times:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert not times


def test_a_stage_that_fails_is_recorded_and_recording_ends() -> None:
    seen = []

    def fail() -> None:
        with record_stages() as times:
            seen.append(times)
            with timed("broken"):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with timed("after"):
        pass
    assert {stage: len(seconds) for stage, seconds in seen[0].items()} == {"broken": 1}


def test_spans_say_when_and_where_only_if_asked() -> None:
    with record_stages() as plain, timed("draw"):
        pass
    assert plain.spans is None
    with record_stages(with_spans=True) as times:
        with timed("outer"), timed("inner"):
            pass
        with pytest.raises(ZeroDivisionError), timed("broken"):
            raise ZeroDivisionError
    assert times.spans is not None
    inner, outer, broken = times.spans  # in the order of their ends
    assert (inner.stage, outer.stage, broken.stage) == ("inner", "outer", "broken")
    assert outer.start_s <= inner.start_s <= inner.end_s <= outer.end_s <= broken.start_s
    assert {span.thread for span in times.spans} == {threading.current_thread().name}
    assert times["outer"] == [outer.end_s - outer.start_s]
    assert outer.cpu_s >= 0
