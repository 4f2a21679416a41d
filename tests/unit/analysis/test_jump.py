"""Jumps against the synthetic jumper, whose height is known exactly."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.jumper import Jumper, filmed_jump, random_jumper

from gonio.analysis.jump import GRAVITY, analyse_jump
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis

ONE = filmed_jump(Jumper())


def times(analysis: Analysis, name: str) -> list[float]:
    return [event.time_s for event in analysis.events if event.name == name]


@pytest.mark.parametrize("skeleton", ["halpe26", "coco17"])
@pytest.mark.parametrize("fps", [25, 60, 240])
def test_one_jump(skeleton: str, fps: float) -> None:
    clip = filmed_jump(Jumper(), skeleton=skeleton, fps=fps)
    analysis = analyse_jump(clip.sequence)
    assert times(analysis, "take_off") == pytest.approx(clip.take_off_s, abs=0.006)
    assert times(analysis, "landing") == pytest.approx(clip.landing_s, abs=0.006)
    assert analysis.measure("jump_height").value == pytest.approx(0.35, abs=0.01)


def test_height_is_that_of_the_flight_time() -> None:
    analysis = analyse_jump(ONE.sequence)
    flight_s = analysis.measure("flight_time").value
    assert analysis.measure("jump_height").value == pytest.approx(GRAVITY * flight_s**2 / 8)


def test_repeated_jumps_have_contact_times() -> None:
    clip = filmed_jump(Jumper(heights_m=(0.3, 0.35, 0.4), contact_s=0.55))
    analysis = analyse_jump(clip.sequence)
    assert [one.range for one in analysis.repetitions] == pytest.approx([0.3, 0.35, 0.4], abs=0.015)
    assert analysis.measure("contact_time").value == pytest.approx(0.55, abs=0.01)
    assert analysis.measure("contact_time").count == 2
    assert analysis.measure("reactive_strength_index").value == pytest.approx(0.375 / 0.55, rel=0.05)
    assert analysis.measure("best_jump_height").value == pytest.approx(0.4, abs=0.015)


def test_a_rest_between_jumps_is_no_contact_time() -> None:
    late = filmed_jump(Jumper(still_s=0.6))
    offset = ONE.sequence.time_s[-1] + 1 / 60
    both = replace(
        ONE.sequence,
        keypoints=np.concatenate([ONE.sequence.keypoints, late.sequence.keypoints]),
        scores=np.concatenate([ONE.sequence.scores, late.sequence.scores]),
        time_s=np.concatenate([ONE.sequence.time_s, late.sequence.time_s + offset]),
        keypoint_sd=None,
    )
    analysis = analyse_jump(both)
    assert len(analysis.repetitions) == 2
    assert not any(measure.name == "contact_time" for measure in analysis.measures)


def test_error_bars_cover_the_truth() -> None:
    inside = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        jumper = random_jumper(rng)
        (one,) = analyse_jump(filmed_jump(jumper, noise=0.005, rng=rng).sequence).repetitions
        inside.append(abs(one.range - jumper.heights_m[0]) < 2 * one.range_sd)
    assert np.mean(inside) > 0.85


def test_keypoint_errors_alone_leave_out_what_is_assumed_of_the_posture() -> None:
    clip = filmed_jump(Jumper(), noise=0.005, rng=np.random.default_rng(1)).sequence
    whole, keypoints = (analyse_jump(clip, method_errors=held) for held in (True, False))
    assert whole.measure("jump_height").sd > keypoints.measure("jump_height").sd > 0
    assert whole.measure("flight_time").sd == keypoints.measure("flight_time").sd


def test_an_assumption_about_all_jumps_does_not_average_out() -> None:
    """Who stands higher on tiptoe does so in each jump."""
    one, three = (
        analyse_jump(filmed_jump(Jumper(heights_m=heights), skeleton="coco17").sequence)
        for heights in ((0.3,), (0.3, 0.3, 0.3))
    )
    assert three.measure("flight_time").sd == pytest.approx(one.measure("flight_time").sd, rel=0.05)
    assert three.measure("flight_time").sd == pytest.approx(2 * three.events[0].sd_s, rel=0.05)


def test_the_error_bar_of_the_best_jump_is_that_of_its_flight() -> None:
    noisy = filmed_jump(Jumper(heights_m=(0.2, 0.4, 0.3)), noise=0.005, rng=np.random.default_rng(2)).sequence
    analysis = analyse_jump(noisy)
    best = max(analysis.repetitions, key=lambda one: one.range)
    assert analysis.measure("best_jump_height").sd == pytest.approx(best.range_sd)


def test_ankles_without_toes_are_less_certain() -> None:
    toes, ankles = (analyse_jump(filmed_jump(Jumper(), skeleton=name).sequence) for name in ("halpe26", "coco17"))
    assert ankles.measure("jump_height").sd > 2 * toes.measure("jump_height").sd
    assert any("Toes are not seen" in finding.text for finding in ankles.findings)


def test_the_hips_agree_where_the_scale_is_known() -> None:
    analysis = analyse_jump(ONE.sequence, AnalysisOptions(metres_per_px=1 / 220))
    assert analysis.measure("hip_rise").value == pytest.approx(0.35, abs=0.01)
    assert not analysis.findings


def test_a_wrong_scale_is_found_out_by_the_flight_time() -> None:
    (finding,) = analyse_jump(ONE.sequence, AnalysisOptions(metres_per_px=1 / 110)).findings
    assert "The hips rise 0.7" in finding.text
    assert "the times or the scale must be wrong" in finding.text


@pytest.mark.parametrize(("slower", "leg"), [(1.5, "1.9"), (4.0, "13")])
def test_slow_motion_is_found_out_by_the_length_of_a_leg(slower: float, leg: str) -> None:
    (finding,) = analyse_jump(replace(ONE.sequence, time_s=ONE.sequence.time_s * slower)).findings
    assert f"a leg would be {leg}" in finding.text
    assert "slow motion" in finding.text


def test_a_landing_with_bent_legs_is_noticed() -> None:
    findings = analyse_jump(filmed_jump(Jumper(landing_bend_m=0.12)).sequence).findings
    assert any("Landed with bent legs" in finding.text for finding in findings)


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 1.0), (1.8, 9.0)], ids=["before", "after"])
def test_who_stays_on_the_ground_has_not_jumped(start_s: float, end_s: float) -> None:
    analysis = analyse_jump(ONE.sequence.between(start_s, end_s))
    assert (analysis.events, analysis.measures) == ((), ())
    assert analysis.findings[0].text.startswith("No jump found")


def test_drawing_up_the_feet_is_no_jump() -> None:
    """Hips that stay, as of somebody who hangs from a bar."""
    keypoints = ONE.sequence.keypoints.copy()
    for name in ("left_hip", "right_hip", "mid_hip"):
        keypoints[:, :, ONE.sequence.skeleton.index(name)] = keypoints[0, :, ONE.sequence.skeleton.index(name)]
    assert not analyse_jump(replace(ONE.sequence, keypoints=keypoints)).events


def test_no_frame_at_all() -> None:
    assert not analyse_jump(ONE.sequence.between(-2, -1)).events


def test_of_somebody_who_is_never_seen_nothing_could_be_used() -> None:
    unseen = replace(ONE.sequence, keypoints=np.full_like(ONE.sequence.keypoints, np.nan))
    analysis = analyse_jump(unseen)
    assert analysis.excluded_fraction == 1.0
    assert "hips or feet are never seen" in analysis.findings[0].text


def test_the_range_of_a_jump_is_its_height_in_metres() -> None:
    analysis = analyse_jump(ONE.sequence)
    (one,) = analysis.repetitions
    assert one.unit == "m"
    assert one.range == pytest.approx(analysis.measure("jump_height").value)
