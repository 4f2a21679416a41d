"""The simulated camera: frames by the clock, what was not looked at is counted, delays are from the clock."""

import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from benchmarks.motion import live
from benchmarks.motion.live import Outcome, PacedSource, play, watch

from gonio.analysis.options import AnalysisOptions
from gonio.live import session as session_module
from gonio.live.feed import Feed
from gonio.live.session import LiveSession
from gonio.models.model import PoseModel
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

MODEL = cast("PoseModel", SimpleNamespace(card=SimpleNamespace(calibration=None)))
PICTURES = [np.full((24, 32, 3), value, np.uint8) for value in range(4)]


def nobody(frame: Frame) -> Poses:
    return replace(Poses.empty(load_skeleton("coco17")), frame_index=frame.index, time_s=frame.time_s)


def session(monkeypatch: pytest.MonkeyPatch, look: Callable[[Frame], Poses]) -> LiveSession:
    monkeypatch.setattr(session_module, "Follower", lambda model: look)
    return LiveSession(MODEL, activity="angles", options=AnalysisOptions())


def test_pictures_come_to_and_fro_at_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(live, "time", SimpleNamespace(perf_counter=lambda: now[0], sleep=sleep))
    source = PacedSource(PICTURES, seconds=0.8, fps=10)
    frames = []
    for frame in source._frames():
        frames.append(frame)
        now[0] += 0.15 if frame.index == 0 else 0.02  # the first reader is late, the next frame waits for nobody
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 3, 2, 1, 0, 1]
    assert [frame.time_s for frame in frames] == pytest.approx([index / 10 for index in range(8)])
    assert slept == pytest.approx([0, 0, 0.03, *[0.08] * 5])
    assert source.due_s(3) == pytest.approx(100.3)


def test_every_frame_is_shown_or_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = play(PacedSource(PICTURES, seconds=0.3, fps=40), session(monkeypatch, nobody), Feed())
    assert outcome.came == 12
    assert 0 < len(outcome.delays_s) <= 12


def test_a_slow_look_drops_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, all_came, looked_at = Feed(), threading.Event(), []

    def look(frame: Frame) -> Poses:
        all_came.wait(5)
        looked_at.append(frame.index)
        return nobody(frame)

    class Counted(PacedSource):
        def due_s(self, index: int) -> float:
            if index == 9:
                threading.Timer(0.05, all_came.set).start()
            return super().due_s(index)

    outcome = play(Counted(PICTURES, seconds=0.1, fps=100), session(monkeypatch, look), feed)
    assert outcome.came == 10
    assert looked_at[0] == 0
    assert looked_at[-1] == 9
    assert len(looked_at) <= 3  # the first, the newest, and one that came before the timer
    assert len(outcome.delays_s) <= len(looked_at)


def test_a_delay_is_from_the_clock_and_not_from_when_somebody_fetched_the_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed, delays_s = Feed(), list[float]()
    frame = Frame(PICTURES[0], index=3, time_s=0.0, source="test")
    shown = feed.publish(session(monkeypatch, nobody).step(frame), captured_s=9.0)
    feed.close("done")
    watch(feed, cast("PacedSource", SimpleNamespace(due_s=lambda index: 2.0 * index)), delays_s)
    assert delays_s == [shown.ready_s - 6.0]


def test_a_row_by_hand() -> None:
    assert Outcome(30, (0.010, 0.020, 0.030), 2.0).row("m", "c") == "| m | c | 1.5 | 27 of 30 | 20 | 29 |"
    assert Outcome(30, (), 2.0).row("m") == "| m | 0.0 | 30 of 30 | nan | nan |"
