"""Pace: by a clock of the test's own, so that nothing here waits."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.following import FollowSettings
from gonio.pacing import DetectorRest, Pace, PaceReport
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


class Following:
    """A machine on which the detector and the rest of a frame cost so much; the detector runs after its rest."""

    def __init__(self, *, detector_s: float, rest_s: float, settings: FollowSettings | None = None) -> None:
        self.settings = settings or FollowSettings()
        self.rest_s = self.settings.detect_every_s
        self.detections = 0
        self.now_s = 100.0
        self._costs_s = detector_s, rest_s
        self._last_s = -1e9

    def clock(self) -> float:
        return self.now_s

    def run(
        self, target_fps: float, frames: Iterable[Frame], *, is_live: bool = False, rests: bool = True
    ) -> PaceReport:
        rest, report = DetectorRest(self, 1 / target_fps), PaceReport()
        pace = Pace(target_fps, is_live=is_live, rest=rest if rests else None, clock=self.clock)
        for frame in pace.over(frames):
            time_s = frame.time_s or 0.0
            if time_s - self._last_s >= self.rest_s - 1e-9:
                self.detections, self._last_s = self.detections + 1, time_s
                self.now_s += self._costs_s[0]
            self.now_s += self._costs_s[1]
        pace.report(report)
        return report


def test_the_detector_rests_before_frames_are_left_out() -> None:
    """10 a second: 0.05 s for a frame and 0.2 s more for the detector, which 0.09 s allow at every fifth."""
    frames = clip(10, 30)
    settings = FollowSettings(detect_every_s=0.1)
    stiff = Following(detector_s=0.2, rest_s=0.05, settings=settings).run(10, frames, rests=False)
    supple = Following(detector_s=0.2, rest_s=0.05, settings=settings).run(10, frames)
    assert stiff.dropped > 100
    assert supple.dropped <= 5  # until the costs were known
    assert supple.taken + supple.dropped == 300
    assert supple.detections is not None
    assert supple.taken / supple.detections == pytest.approx(5, abs=0.3)
    assert stiff.detections is None


def test_when_rest_is_not_enough_frames_are_left_out_too() -> None:
    following = Following(detector_s=0.2, rest_s=0.15)
    report = following.run(10, clip(10, 30))
    assert report.dropped > 80
    assert following.rest_s == following.settings.longest_rest_s


def test_on_a_quick_machine_the_detector_runs_as_often_as_it_should() -> None:
    following = Following(detector_s=0.02, rest_s=0.01)
    report = following.run(10, clip(10, 10))
    assert (report.dropped, following.rest_s) == (0, following.settings.detect_every_s)
    assert report.detections == 50


def test_the_detector_comes_back_when_it_becomes_cheap() -> None:
    following = Following(detector_s=0.2, rest_s=0.05)
    following.run(10, clip(10, 10))
    assert following.rest_s > 2 * following.settings.detect_every_s
    following._costs_s = 0.01, 0.01
    following._last_s = -1e9
    following.run(10, clip(10, 30))
    assert following.rest_s == following.settings.detect_every_s


def test_waiting_for_a_camera_is_no_cost() -> None:
    following = Following(detector_s=0.02, rest_s=0.01)

    def arriving() -> Iterator[Frame]:
        for frame in clip(10, 10):
            following.now_s = max(following.now_s, 100 + (frame.time_s or 0.0))
            yield frame

    following.run(10, arriving(), is_live=True)
    assert following.rest_s == following.settings.detect_every_s


def test_a_detector_that_shall_not_rest_does_not() -> None:
    settings = FollowSettings(detect_every_s=0, longest_rest_s=0)
    following = Following(detector_s=0.2, rest_s=0.05, settings=settings)
    report = following.run(10, clip(10, 10))
    assert report.detections == report.taken


def test_what_a_frame_may_cost_follows_from_how_far_apart_they_come() -> None:
    """Every fifth of 25 a second, of which 10 may be looked at: 0.12 s are no reason to rest longer."""
    settings = FollowSettings(detect_every_s=0.2)
    frames = clip(5, 30)
    report = Following(detector_s=0.1, rest_s=0.02, settings=settings).run(10, frames)
    assert (report.dropped, report.taken) == (0, 150)
    assert report.detections is not None
    assert report.detections > 140
