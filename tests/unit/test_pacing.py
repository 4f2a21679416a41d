"""Pace: by a clock of the test's own, so that nothing here waits."""

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.pacing import Pace
from gonio.structures.frame import Frame

PICTURE = np.zeros((2, 2, 3), np.uint8)


def clip(fps: float, seconds: float) -> list[Frame]:
    return [Frame(PICTURE, index=i, time_s=i / fps) for i in range(round(fps * seconds))]


class Machine:
    """A clock that moves by what each frame costs."""

    def __init__(self, frame_s: float) -> None:
        self.now_s = 100.0
        self._frame_s = frame_s

    def __call__(self) -> float:
        return self.now_s

    def run(self, pace: Pace, frames: list[Frame]) -> list[Frame]:
        taken = []
        for frame in pace.over(frames):
            taken.append(frame)
            self.now_s += self._frame_s
        return taken


@pytest.mark.parametrize(("fps", "target"), [(30, 10), (30, 15), (25, 10), (29.97, 10), (30, 30), (24, 60), (30, 7)])
def test_a_quick_machine_takes_the_target_or_all(fps: float, target: float) -> None:
    machine, frames = Machine(0.0), clip(fps, 10)
    pace = Pace(target, is_live=False, clock=machine)
    taken = machine.run(pace, frames)
    assert abs(len(taken) - 10 * min(fps, target)) <= 1
    assert (pace.taken, pace.dropped) == (len(taken), len(frames) - len(taken))
    assert [frame.time_s for frame in taken] == [frames[frame.index].time_s for frame in taken]


@pytest.mark.parametrize("target", [10, 30, 100])
def test_a_slow_machine_takes_as_long_as_the_clip(target: float) -> None:
    machine = Machine(0.25)
    taken = machine.run(Pace(target, is_live=False, clock=machine), clip(30, 10))
    assert machine.now_s - 100 == pytest.approx(10, abs=0.6)
    assert len(taken) == pytest.approx(40, abs=2)
    gaps = np.diff([frame.time_s or 0.0 for frame in taken])
    assert gaps.max() < 0.5  # what is left out is spread over the clip


def test_a_live_source_is_thinned_only() -> None:
    machine = Machine(5.0)
    taken = machine.run(Pace(10, is_live=True, clock=machine), clip(30, 2))
    assert [frame.index for frame in taken] == list(range(0, 60, 3))


def test_uneven_times() -> None:
    times = [0.0, 0.01, 0.02, 0.5, 0.51, 2.0, 2.2]
    frames = [Frame(PICTURE, index=i, time_s=time) for i, time in enumerate(times)]
    machine = Machine(0.0)
    taken = machine.run(Pace(10, is_live=False, clock=machine), frames)
    assert [frame.time_s for frame in taken] == [0.0, 0.5, 2.0, 2.2]


def test_a_clip_that_starts_late() -> None:
    frames = [Frame(PICTURE, index=i, time_s=60 + i / 30) for i in range(30)]
    machine = Machine(0.0)
    assert len(machine.run(Pace(10, is_live=False, clock=machine), frames)) == 10


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_rates_that_are_none(rate: float) -> None:
    with pytest.raises(ConfigError, match="target_fps is"):
        Pace(rate, is_live=False)


@pytest.mark.parametrize("fps", [30, 50, 59.94, 60, 100, 120, 240])
def test_the_sources_own_rate_takes_every_frame_of_rounded_times(fps: float) -> None:
    """Containers of the web keep whole milliseconds."""
    frames = [Frame(PICTURE, index=i, time_s=round(i / fps, 3)) for i in range(600)]
    pace = Pace(fps, is_live=True, clock=Machine(0.0))
    assert len(list(pace.over(frames))) == 600


def test_a_cameras_jitter_costs_no_frame() -> None:
    jitter = np.random.default_rng(0).uniform(-0.008, 0.008, 900)
    jitter[0] = 0
    frames = [Frame(PICTURE, index=i, time_s=1 + i / 30 + float(shift)) for i, shift in enumerate(jitter)]
    pace = Pace(30, is_live=True, clock=Machine(0.0))
    assert len(list(pace.over(frames))) == 900
