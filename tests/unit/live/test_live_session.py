"""What a frame becomes, without a camera, a model or a page: a drawn figure squats as the test says."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from gonio.analysis.options import AnalysisOptions
from gonio.arrays import FloatArray
from gonio.errors import ConfigError
from gonio.live import session as session_module
from gonio.live.any_motion import AnyMotionCounter
from gonio.live.gauges import gauge_for
from gonio.live.session import LiveSession, LiveView
from gonio.models.model import PoseModel
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
MODEL = cast("PoseModel", SimpleNamespace(card=SimpleNamespace(calibration=None)))
FPS = 20


def squatter(bend_deg: float, *, x: float = 320.0, size: float = 1.0) -> FloatArray:
    """``(17, 2)``: side view, facing right; thighs and shanks turn by half of ``bend_deg`` each, feet in place."""
    half = np.radians(bend_deg / 2)
    ankle = np.array([0.0, 0.0])
    knee = ankle + 80 * np.array([np.sin(half), -np.cos(half)])
    hip = knee + 80 * np.array([-np.sin(half), -np.cos(half)])
    shoulder = hip + 100 * np.array([np.sin(half / 3), -np.cos(half / 3)])
    elbow, wrist, head = (np.add(shoulder, step) for step in ((20, 45), (45, 70), (12, -40)))
    order = [head, *[np.add(head, (-4, -6))] * 2, *[np.add(head, (-14, -2))] * 2]
    for joint in (shoulder, elbow, wrist, hip, knee, ankle):
        order += [np.add(joint, (-2, 0)), np.add(joint, (2, 0))]
    return ((np.stack(order) * size) + (x, 420)).astype(np.float32)


def people(*points: FloatArray, ids: list[int], frame: Frame) -> Poses:
    keypoints = np.stack(points) if points else np.zeros((0, 17, 2), np.float32)
    low, high = keypoints.min(axis=1, initial=1e6), keypoints.max(axis=1, initial=0)
    return Poses(
        keypoints=keypoints,
        scores=np.full(keypoints.shape[:2], 0.95, np.float32),
        boxes=np.concatenate([low, high], axis=1).astype(np.float32),
        person_scores=np.full(len(keypoints), 0.9, np.float32),
        skeleton=COCO,
        track_ids=np.array(ids, np.int64),
        frame_index=frame.index,
        time_s=frame.time_s,
    )


def squatting(frame: Frame) -> Poses:
    return people(squatter(bend(frame.time_s or 0.0)), ids=[4], frame=frame)


class Scene:
    """Stands for the follower: who is in a frame is a function of its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.who: Callable[[Frame], Poses] = lambda frame: people(
            squatter(bend(frame.time_s or 0)), ids=[4], frame=frame
        )
        monkeypatch.setattr(session_module, "Follower", lambda model: lambda frame: self.who(frame))


def bend(time_s: float) -> float:
    """Standing for a second, then down to 110 deg and up again every 2 s."""
    return 0.0 if time_s < 1 else 55 - 55 * float(np.cos(np.pi * (time_s - 1)))


def frames(end_s: float, start_s: float = 0.0) -> Iterator[Frame]:
    image = np.full((480, 640, 3), 90, np.uint8)
    for index in range(round(start_s * FPS), round(end_s * FPS)):
        yield Frame(image, index=index, time_s=index / FPS, source="test")


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def session(activity: str) -> LiveSession:
    return LiveSession(MODEL, activity=activity, options=AnalysisOptions())


def run(live: LiveSession, end_s: float, start_s: float = 0.0) -> list[LiveView]:
    return [live.step(frame) for frame in frames(end_s, start_s)]


def test_squats_are_counted_with_phase_and_signal(scene: Scene) -> None:
    live = session("squat")
    views = run(live, 7.5)
    assert live.title == "Squat"
    assert views[-1].reading.count == 3
    assert {"rest", "descent", "ascent"} <= {view.reading.phase for view in views}
    signal = views[40].reading.signal  # at the bottom: legs shortened by 1 - cos(55 deg)
    assert signal is not None
    assert (signal.unit, signal.label) == ("%", "hip to ankle shortening")
    assert signal.value == pytest.approx(100 * (1 - np.cos(np.radians(55))), abs=4)


def test_the_angle_comes_with_its_error_bar(scene: Scene) -> None:
    view = run(session("squat"), 2.05)[-1]  # at the bottom, bent by 110 deg
    angle = view.reading.angles[0]
    assert (angle.name, angle.side) == ("knee_flexion", "right")  # facing right: that side is seen
    assert angle.value == pytest.approx(110, abs=6)
    assert 0 < angle.sd < 20
    assert angle.why == ""


def test_a_hidden_limb_has_a_reason_and_no_number(scene: Scene) -> None:
    def hidden(frame: Frame) -> Poses:
        poses = people(squatter(30), ids=[4], frame=frame)
        poses.scores[:, [13, 14, 15, 16]] = 0.1
        return poses

    scene.who = hidden
    angles = {angle.label: angle for angle in run(session("angles"), 1.0)[-1].reading.angles}
    assert np.isnan(angles["right knee flexion"].value)
    assert "hidden or doubtful" in angles["right knee flexion"].why
    assert np.isfinite(angles["trunk lean"].value)


def test_angles_count_nothing(scene: Scene) -> None:
    reading = run(session("angles"), 3.0)[-1].reading
    assert (reading.count, reading.phase, reading.signal) == (None, "", None)


def test_auto_counts_whatever_is_repeated(scene: Scene) -> None:
    reading = run(session("auto"), 8.5)[-1].reading
    assert reading.count == 3
    assert reading.signal is not None
    assert reading.signal.curve
    assert reading.signal.curve[-1][0] > 7


def test_auto_counts_each_repetition_once_and_no_rest() -> None:
    """Recounting the same past must not add to the count."""
    counter = AnyMotionCounter()
    counts = []
    for frame in frames(20):
        time_s = frame.time_s or 0.0
        points = squatter(bend(time_s) if time_s < 7 else 0.0)
        counts.append(counter.step(people(points, ids=[1], frame=frame), time_s))
    assert counts == sorted(counts)
    assert counts[-1] == 3
    assert counts[round(0.9 * FPS)] == 0


def test_a_hold_shows_its_seconds(scene: Scene) -> None:
    reading = run(session("plank"), 1.0)[-1].reading
    assert reading.count is None
    assert reading.held_s == 0.0  # nobody planks upright


def test_nobody_in_sight(scene: Scene) -> None:
    scene.who = lambda frame: people(ids=[], frame=frame)
    view = run(session("squat"), 0.5)[-1]
    assert len(view.person) == len(view.others) == view.reading.count == 0
    assert view.reading.angles == ()
    assert (view.drawn() == view.frame.image).all()


def test_a_larger_passer_by_is_not_measured(scene: Scene) -> None:
    def passing(frame: Frame) -> Poses:
        mine = squatter(0)
        if (frame.time_s or 0) < 0.5:
            return people(mine, ids=[4], frame=frame)
        return people(squatter(0, x=200, size=1.1), mine, ids=[9, 4], frame=frame)

    scene.who = passing
    view = run(session("squat"), 1.5)[-1]
    assert np.asarray(view.person.track_ids).tolist() == [4]
    assert np.asarray(view.others.track_ids).tolist() == [9]
    assert (view.drawn() != view.frame.image).any()


def test_another_is_measured_once_the_first_is_gone_for_a_while(scene: Scene) -> None:
    scene.who = lambda frame: people(squatter(0), ids=[4 if (frame.time_s or 0) < 1 else 5], frame=frame)
    chosen = [np.asarray(view.person.track_ids).tolist() for view in run(session("squat"), 3.0)]
    assert chosen[10] == [4]
    assert chosen[round(1.5 * FPS)] == []
    assert chosen[-1] == [5]


def test_reset_counts_from_zero(scene: Scene) -> None:
    live = session("squat")
    assert run(live, 5.5)[-1].reading.count == 2
    live.reset()
    after = run(live, 7.5, start_s=5.5)
    assert after[0].reading.count == 0
    assert after[0].reading.phase == "rest"
    assert len(after[0].person) == 1


@pytest.mark.parametrize("activity", ["gait", "running", "golf", "jump"])
def test_what_needs_the_whole_movement_is_refused(activity: str) -> None:
    with pytest.raises(ConfigError, match=f"'{activity}' cannot be measured live.*record a video.*squat"):
        gauge_for(activity, AnalysisOptions())


def test_an_unknown_exercise_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match="no exercise named 'sqat'; did you mean 'squat'"):
        session("sqat")


def test_a_picture_without_a_time_cannot_be_live(scene: Scene) -> None:
    with pytest.raises(ConfigError, match=r"'photo\.jpg' has frames without a time"):
        session("squat").step(Frame(np.zeros((8, 8, 3), np.uint8), index=0, time_s=None, source="photo.jpg"))
