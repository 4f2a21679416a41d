"""Events against the synthetic golfer, whose club says when they are; the analysis sees the body alone."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.golfer import Camera, Golfer, filmed, in_space, random_golfer, swing

from gonio.analysis.golf import analyse_golf
from gonio.analysis.golf.events import EVENTS, SwingEvents, find_events, in_order
from gonio.analysis.golf.signals import player
from gonio.analysis.moments import Moment
from gonio.analysis.options import AnalysisOptions
from gonio.structures.sequence import PoseSequence

CAMERAS: tuple[Camera, ...] = ("face_on", "down_the_line")
SWING = swing(Golfer(), fps=60)
PROXIES = {"toe_up": 0.05, "mid_follow_through": 0.03, "top": 0.04, "address": 0.06, "finish": 0.06}
"""Seconds that events may be off which hands show only about; the others are within a hundredth."""


def found(sequence: PoseSequence, options: AnalysisOptions | None = None) -> SwingEvents:
    options = options or AnalysisOptions()
    one = player(sequence, options)
    assert one is not None
    events = find_events(one, options)
    assert events is not None
    return events


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_face_on(event: str) -> None:
    moment = found(filmed(SWING, camera="face_on")).moments[event]
    assert moment.time_s == pytest.approx(SWING.truth[event], abs=PROXIES.get(event, 0.012))


@pytest.mark.parametrize("event", [name for name in EVENTS if name not in ("address", "finish")])
def test_each_event_down_the_line(event: str) -> None:
    """Takeaway and relaxing go along the line of sight: their ends are seen too late there."""
    moment = found(filmed(SWING, camera="down_the_line")).moments[event]
    assert moment.time_s == pytest.approx(SWING.truth[event], abs=PROXIES.get(event, 0.012))


def test_each_event_in_space() -> None:
    moments = found(in_space(SWING)).moments
    for event in EVENTS:
        assert moments[event].time_s == pytest.approx(SWING.truth[event], abs=PROXIES.get(event, 0.012)), event


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize(("left_handed", "lead"), [(False, "left"), (True, "right")])
def test_view_and_handedness(camera: Camera, left_handed: bool, lead: str) -> None:
    events = found(filmed(SWING, camera=camera, left_handed=left_handed))
    assert (events.view, events.lead, events.strokes) == (camera, lead, 1)


def test_options_override_view_and_handedness() -> None:
    events = found(filmed(SWING, camera="face_on"), AnalysisOptions(view="side", side="left"))
    assert (events.view, events.lead) == ("down_the_line", "right")


@pytest.mark.parametrize("camera", CAMERAS)
def test_events_are_in_order_for_everybody(camera: Camera) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        moments = found(filmed(swing(random_golfer(rng)), camera=camera, noise=0.005, rng=rng)).moments
        times = [moment.time_s for moment in moments.values() if moment.found]
        assert len(times) >= 7
        assert times == sorted(times)


def test_between_frames() -> None:
    """At 30 frames a second, starting anywhere within a frame, mid-downswing is within a tenth of a frame."""
    for start_s in np.linspace(0, 1 / 30, 5):
        coarse = swing(Golfer(), fps=30, start_s=float(start_s))
        moment = found(filmed(coarse, camera="face_on")).moments["mid_downswing"]
        assert moment.time_s == pytest.approx(coarse.truth["mid_downswing"], abs=1 / 300)


def test_error_bars_follow_the_noise() -> None:
    rng = np.random.default_rng(0)
    calm, shaky = (found(filmed(SWING, camera="face_on", noise=noise, rng=rng)) for noise in (0.002, 0.01))
    for event in ("mid_backswing", "mid_downswing"):
        assert 2 < shaky.moments[event].sd_s / calm.moments[event].sd_s < 10


def test_a_hidden_lead_wrist_is_replaced_by_the_other_on_the_grip() -> None:
    sequence = filmed(SWING, camera="down_the_line")
    scores = sequence.scores.copy()
    scores[:, :, sequence.skeleton.index("left_wrist")] = 0.1
    moments = found(replace(sequence, scores=scores)).moments
    assert moments["mid_downswing"].time_s == pytest.approx(SWING.truth["mid_downswing"], abs=0.03)


def test_a_clip_that_begins_in_the_backswing_has_no_address() -> None:
    start_s = SWING.truth["toe_up"] + 0.05
    moments = found(filmed(SWING, camera="face_on").between(start_s, 99)).moments
    assert not moments["address"].found
    assert moments["impact"].time_s == pytest.approx(SWING.truth["impact"], abs=0.02)


def test_a_final_pose_that_is_held_to_the_end_is_anywhere_in_it() -> None:
    sequence = filmed(SWING, camera="face_on").between(0, SWING.truth["finish"] - 0.02)
    finish = found(sequence).moments["finish"]
    assert SWING.truth["impact"] < finish.time_s <= SWING.truth["finish"]
    assert finish.sd_s > 0.03


def test_the_fastest_of_two_swings() -> None:
    practice = filmed(swing(Golfer(), fps=60), camera="face_on", slow_motion=1.6)
    real = filmed(SWING, camera="face_on")
    offset = practice.time_s[-1] + 1.5  # in which the arms are lowered
    lowered = np.linspace(practice.keypoints[-1], real.keypoints[0], 31)[1:-1]
    both = replace(
        real,
        keypoints=np.concatenate([practice.keypoints, lowered, real.keypoints]),
        scores=np.full((len(practice) + 29 + len(real), 1, 17), 0.9, np.float32),
        time_s=np.concatenate(
            [practice.time_s, np.linspace(practice.time_s[-1], offset, 31)[1:-1], real.time_s + offset]
        ),
        keypoint_sd=None,
    )
    events = found(both)
    assert events.strokes == 2
    assert events.moments["impact"].time_s == pytest.approx(offset + SWING.truth["impact"], abs=0.02)


def test_who_does_not_swing_has_no_events() -> None:
    still = filmed(SWING, camera="face_on").between(0, 0.5)
    one = player(still, AnalysisOptions())
    assert one is not None
    assert find_events(one, AnalysisOptions()) is None


@pytest.mark.parametrize("steps", [0, 1])
def test_hardly_a_frame(steps: int) -> None:
    sequence = filmed(SWING, camera="face_on").between(-1, steps - 1)
    assert len(sequence) == steps
    assert not analyse_golf(sequence).events


def test_what_contradicts_the_order_of_a_swing_is_not_found() -> None:
    """Where hands are guessed, a level may be crossed at any time: toe-up after the top, impact before it."""
    times = dict(zip(EVENTS, (0.1, 1.2, 0.8, 1.0, 1.3, 0.9, 1.5, float("nan")), strict=True))
    ordered = in_order({name: Moment(time_s) for name, time_s in times.items()})
    assert [name for name in EVENTS if not ordered[name].found] == ["toe_up", "impact", "finish"]
    kept = [ordered[name].time_s for name in EVENTS if ordered[name].found]
    assert kept == sorted(kept)
