from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.gait_walker import Gait, walker

from gonio.analysis.gait import events as gait_events
from gonio.analysis.gait.direction import body_of
from gonio.analysis.gait.events import HEEL_STRIKE, TOE_OFF, find_steps
from gonio.analysis.gait.methods import OFFS, STRIKES
from gonio.analysis.gait.strides import stances, stride_time, turns
from gonio.analysis.landmarks import Limb
from gonio.analysis.moments import Moment
from gonio.structures.sequence import PoseSequence

RUN = Gait(stride_s=0.7, stance=0.35, speed=3.5)
SIDES: tuple[Limb, Limb] = ("left", "right")
ENDING_S = 5.8
"""Of recordings of 6 s: what is near their end may be found or not where it is noisy."""


def test_turns_alternate_and_ignore_small_ones() -> None:
    values = np.array([0.0, 5, 4.5, 10, 2, 3, 2, 9, 1])
    assert list(turns(values, 3.0)) == [(0, False), (3, True), (4, False), (7, True), (8, False)]
    assert list(turns(np.zeros(5), 0.0)) == []


@pytest.mark.parametrize("treadmill", [False, True])
@pytest.mark.parametrize("fps", [30, 60, 120])
def test_every_strike_and_toe_off_is_found_once(fps: float, treadmill: bool) -> None:
    gait = Gait()
    steps = find_steps(walker(gait, fps=fps, treadmill=treadmill))
    assert steps.body.travels is not treadmill
    assert steps.locomotion.activity == "gait"
    assert steps.stride_s == pytest.approx(gait.stride_s, rel=0.05)
    for side in SIDES:
        for name, truth in ((HEEL_STRIKE, gait.strikes(side, 6)), (TOE_OFF, gait.offs(side, 6))):
            found = [event.time_s for event in steps.times(name, side)]
            np.testing.assert_allclose(found, truth, atol=0.025)


def test_running_is_told_from_walking() -> None:
    for seconds in (2.0, 6.0):
        assert find_steps(walker(RUN, seconds=seconds)).locomotion.activity == "running"
        assert find_steps(walker(seconds=seconds)).locomotion.activity == "gait"


def test_somebody_who_stands_has_no_steps() -> None:
    walking = walker(seconds=3.0)
    standing = replace(walking, keypoints=np.repeat(walking.keypoints[:1], len(walking), axis=0))
    assert find_steps(standing).events == ()


def test_no_frame_has_no_steps() -> None:
    walking = walker(seconds=3.0)
    none = replace(walking, keypoints=walking.keypoints[:0], scores=walking.scores[:0], time_s=walking.time_s[:0])
    assert find_steps(none).events == ()


def test_without_feet_the_ankles_do() -> None:
    gait = Gait()
    steps = find_steps(walker(gait, skeleton="coco17"))
    assert not any(leg.has_foot for leg in steps.legs)
    for side in SIDES:
        assert len(steps.times(HEEL_STRIKE, side)) == len(gait.strikes(side, 6))


def test_a_toe_off_just_before_the_end_is_found_without_feet() -> None:
    """Habit must not draw it beyond the end."""
    gait = Gait()
    assert gait.offs("left", 6)[-1] > 5.9
    found = find_steps(walker(gait, skeleton="coco17", fps=30)).times(TOE_OFF, "left")
    assert len(found) == len(gait.offs("left", 6))


@pytest.mark.parametrize("seed", range(3))
def test_an_ankle_seen_badly_in_mid_stance_is_no_toe_off(seed: int) -> None:
    """For 0.2 s, up to 10 cm too high: the leg seems to fold faster than it does in pre-swing."""
    gait = Gait()
    noisy = walker(gait, skeleton="coco17", fps=30)
    noise = np.random.default_rng(seed).normal(0, 0.01, noisy.keypoints.shape)
    noisy = replace(noisy, keypoints=(noisy.keypoints + noise).astype(np.float32))
    badly = noisy.keypoints.copy()
    for strike_s in gait.strikes("left", 6):
        too_high = np.clip(1 - ((noisy.time_s - strike_s - 0.4 * gait.stride_s) / 0.1) ** 2, 0, None)
        badly[:, 0, noisy.skeleton.index("left_ankle"), 1] += (0.1 * too_high).astype(np.float32)
    found, undisturbed = (
        [event.time_s for event in find_steps(sequence).times(TOE_OFF, "left") if event.time_s < ENDING_S]
        for sequence in (replace(noisy, keypoints=badly), noisy)
    )
    assert len(found) == sum(true_s < ENDING_S for true_s in gait.offs("left", 6))
    np.testing.assert_allclose(found, undisturbed, atol=0.05)


def test_a_toe_off_that_was_not_seen_takes_no_strike_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = walker(RUN, skeleton="coco17")
    strikes = [event.time_s for event in find_steps(runner).events if event.name == HEEL_STRIKE]
    monkeypatch.setattr(gait_events, "_ANKLE_RUN_OFF", (gait_events.Voter(lambda *_: None),))
    found = find_steps(runner).events
    assert {event.name for event in found} == {HEEL_STRIKE}
    assert [event.time_s for event in found] == strikes


def test_no_toe_leaves_before_the_other_foot_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    walking = walker(skeleton="coco17")
    zeni = gait_events.Voter(OFFS["zeni"])
    monkeypatch.setattr(gait_events, "_ANKLE_OFF", (zeni,))
    alone = find_steps(walking).events
    early = gait_events.Voter(lambda leg, stance: Moment(stance.ahead_s + 0.4 * leg.stride_s, 0.001))
    monkeypatch.setattr(gait_events, "_ANKLE_OFF", (early, zeni))
    for event, expected in zip(find_steps(walking).events[2:-2], alone[2:-2], strict=True):
        assert event.time_s == pytest.approx(expected.time_s, abs=0.001)


def test_facing_is_found_on_a_treadmill_and_to_the_left() -> None:
    sequence = walker(treadmill=True)
    left = replace(sequence, keypoints=sequence.keypoints * np.array([-1, 1], np.float32))
    assert body_of(sequence).forward_sign == 1
    assert body_of(left).forward_sign == -1
    assert body_of(left).agreement > 0.9


def test_backward_walking_is_said() -> None:
    sequence = walker()
    assert not body_of(sequence).backward
    assert body_of(replace(sequence, keypoints=sequence.keypoints[::-1].copy())).backward


def test_noise_makes_events_less_sure_and_not_more() -> None:
    clean = walker()
    noise = np.random.default_rng(0).normal(0, 0.02, clean.keypoints.shape)
    noisy = find_steps(replace(clean, keypoints=(clean.keypoints + noise).astype(np.float32)))
    sure, unsure = (np.mean([event.sd_s for event in steps.events]) for steps in (find_steps(clean), noisy))
    assert 0 < sure < unsure < 0.03
    assert len(noisy.events) == len(find_steps(clean).events)


def test_one_missing_second_costs_only_the_events_in_it() -> None:
    sequence = walker(fps=60)
    keypoints = sequence.keypoints.copy()
    keypoints[180:240] = np.nan
    events = find_steps(replace(sequence, keypoints=keypoints)).events
    outside = [event for event in find_steps(sequence).events if not 2.7 < event.time_s < 4.3]
    for event in outside:
        near = [other.time_s for other in events if (other.name, other.side) == (event.name, event.side)]
        assert np.abs(np.array(near) - event.time_s).min() < 0.01


@pytest.mark.parametrize("methods", [STRIKES, OFFS])
def test_methods_are_functions_of_a_leg_and_a_stance(methods: dict[str, object]) -> None:
    steps = find_steps(walker(fps=100))
    (leg, _) = steps.legs
    for name in methods:
        method = STRIKES.get(name, None) if methods is STRIKES else OFFS[name]
        assert method is not None
        assert "Source:" in (method.__doc__ or ""), name
        for stance in stances(leg)[1:-1]:
            moment = method(leg, stance)
            assert moment is None or abs(moment.time_s - stance.ahead_s) < leg.stride_s


def test_a_stride_time_needs_feet_that_pass_each_other() -> None:
    sequence = walker(seconds=0.3)
    assert np.isnan(stride_time(body_of(sequence), sequence))


@pytest.mark.parametrize("fps", [4, 5, 6, 7])
@pytest.mark.parametrize("slower", [1, 4], ids=["as it was", "slow motion"])
def test_too_few_frames_a_stride_give_no_false_strides(fps: int, slower: int) -> None:
    few = walker(Gait(stride_s=1.0), seconds=9.0, fps=fps)
    few = replace(few, time_s=few.time_s * slower)
    assert find_steps(few).events == ()
    enough = walker(Gait(stride_s=1.0), seconds=9.0, fps=10)
    enough = replace(enough, time_s=enough.time_s * slower)
    assert find_steps(enough).stride_s == pytest.approx(slower, rel=0.06)


@pytest.mark.parametrize(("fps", "stride_s", "speed"), [(25, 0.5, 0.4), (30, 0.4, 0.4), (25, 0.4, 0.4)])
def test_quick_short_steps_are_found_in_noise(fps: int, stride_s: float, speed: float) -> None:
    clean = walker(Gait(stride_s=stride_s, stance=0.65, speed=speed), seconds=10.0, fps=fps, skeleton="coco17")
    noise = np.random.default_rng(0).normal(0, 0.0125, clean.keypoints.shape)
    steps = find_steps(replace(clean, keypoints=(clean.keypoints + noise).astype(np.float32)))
    assert steps.stride_s == pytest.approx(stride_s, rel=0.1)
    assert len(steps.times(HEEL_STRIKE, "left")) == pytest.approx(10 / stride_s, rel=0.15)


def test_an_unseen_leg_is_left_out() -> None:
    sequence: PoseSequence = walker()
    keypoints = sequence.keypoints.copy()
    for part in ("heel", "big_toe", "ankle"):
        keypoints[:, :, sequence.skeleton.index(f"left_{part}")] = np.nan
    assert find_steps(replace(sequence, keypoints=keypoints)).times(HEEL_STRIKE, "left") == ()


@pytest.mark.parametrize("missing", range(1, 24, 2))
def test_where_a_foot_is_first_seen_is_no_event(missing: int) -> None:
    sequence = walker(skeleton="coco17", fps=30)
    keypoints = sequence.keypoints.copy()
    keypoints[:missing, :, sequence.skeleton.index("left_ankle")] = np.nan
    expected = [event.time_s for event in find_steps(sequence).times(HEEL_STRIKE, "left")]
    for strike in find_steps(replace(sequence, keypoints=keypoints)).times(HEEL_STRIKE, "left"):
        assert np.abs(np.array(expected) - strike.time_s).min() < 0.03
