"""Measures against the synthetic golfer's own angles and lengths."""

import math

import numpy as np
import pytest
from benchmarks.motion.golfer import Golfer, filmed, in_space, random_golfer, swing

from gonio.analysis.golf import analyse_golf
from gonio.analysis.golf.planes import fit_plane
from gonio.analysis.options import AnalysisOptions
from gonio.errors import ConfigError

GOLFER = Golfer()
SWING = swing(GOLFER, fps=60)
RNG = np.random.default_rng(3)
FACE_ON = analyse_golf(filmed(SWING, camera="face_on", noise=0.002, rng=RNG), AnalysisOptions(height_m=1.78))
DOWN_THE_LINE = analyse_golf(filmed(SWING, camera="down_the_line", noise=0.002, rng=RNG))
IN_SPACE = analyse_golf(in_space(SWING))


@pytest.mark.parametrize("analysis", [FACE_ON, DOWN_THE_LINE, IN_SPACE], ids=["face-on", "down-the-line", "in space"])
def test_times(analysis: object) -> None:
    assert isinstance(analysis, type(FACE_ON))
    assert analysis.measure("tempo").value == pytest.approx(GOLFER.tempo, rel=0.15)
    assert analysis.measure("backswing_time").value == pytest.approx(GOLFER.backswing_s, abs=0.08)
    assert analysis.measure("downswing_time").value == pytest.approx(GOLFER.backswing_s / GOLFER.tempo, abs=0.04)


def test_turns_are_seen_face_on_within_their_error() -> None:
    inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        golfer = random_golfer(rng)
        analysis = analyse_golf(filmed(swing(golfer), camera="face_on", noise=0.004, rng=rng))
        for name, truth in (("shoulder_turn_top", golfer.shoulder_turn_deg), ("hip_turn_top", golfer.hip_turn_deg)):
            measure = analysis.measure(name)
            inside.append(abs(measure.value - truth) < 2 * measure.sd)
    assert np.mean(inside) >= 0.9


def test_small_turns_are_less_certain_than_large_ones() -> None:
    assert FACE_ON.measure("hip_turn_top").sd > FACE_ON.measure("shoulder_turn_top").sd


def test_turns_in_space() -> None:
    assert IN_SPACE.measure("shoulder_turn_top").value == pytest.approx(GOLFER.shoulder_turn_deg, abs=2)
    assert IN_SPACE.measure("hip_turn_top").value == pytest.approx(GOLFER.hip_turn_deg, abs=2)


def test_spine() -> None:
    assert DOWN_THE_LINE.measure("spine_angle_address").value == pytest.approx(GOLFER.bend_deg, abs=2)
    assert IN_SPACE.measure("spine_angle_address").value == pytest.approx(GOLFER.bend_deg, abs=0.5)
    assert FACE_ON.measure("spine_tilt_address").value == pytest.approx(0, abs=2)


@pytest.mark.parametrize("left_handed", [False, True])
def test_the_head_sways_with_the_pelvis(left_handed: bool) -> None:
    """Away from the target at the top, towards it at impact, whoever plays."""
    sequence = filmed(SWING, camera="face_on", left_handed=left_handed)
    analysis = analyse_golf(sequence, AnalysisOptions(metres_per_px=1 / 250))
    assert analysis.measure("head_sway_top").value == pytest.approx(-GOLFER.sway_m, abs=0.012)
    assert analysis.measure("head_sway_impact").value == pytest.approx(GOLFER.sway_m, abs=0.012)


def test_without_a_scale_lengths_are_parts_of_an_arm() -> None:
    sway = analyse_golf(filmed(SWING, camera="face_on")).measure("head_sway_top")
    assert (sway.unit, sway.note) == ("%", "of the length of an arm")
    assert sway.value == pytest.approx(-100 * GOLFER.sway_m / (0.332 * 1.78), abs=2.5)


def test_the_hand_plane_down_the_line_is_near_that_in_space() -> None:
    seen, true = DOWN_THE_LINE.measure("hand_plane_slope"), IN_SPACE.measure("hand_plane_slope")
    assert abs(seen.value - true.value) < 2 * seen.sd
    assert IN_SPACE.measure("hand_plane_deviation").value < 0.02


@pytest.mark.parametrize(
    ("analysis", "names", "why"),
    [
        pytest.param(FACE_ON, ("hand_plane_slope", "spine_angle_top"), "seen only down the line", id="face-on"),
        pytest.param(DOWN_THE_LINE, ("hip_turn_top", "head_sway_top", "spine_tilt_top"), "seen only face-on", id="dtl"),
    ],
)
def test_what_the_view_does_not_show_says_so(analysis: object, names: tuple[str, ...], why: str) -> None:
    assert isinstance(analysis, type(FACE_ON))
    for name in names:
        measure = analysis.measure(name)
        assert math.isnan(measure.value)
        assert measure.note == why


def test_the_limits_are_stated() -> None:
    texts = " ".join(finding.text for finding in DOWN_THE_LINE.findings)
    assert "The club is not seen" in texts
    assert "only from behind the hands" in texts
    assert FACE_ON.facts["view"] == "face-on"
    assert FACE_ON.facts["handedness"] == "right-handed"


def test_no_swing_is_a_finding() -> None:
    analysis = analyse_golf(filmed(SWING, camera="face_on").between(0, 0.5))
    assert (analysis.events, analysis.measures) == ((), ())
    assert analysis.findings[0].text.startswith("No golf swing found")


def test_nobody_is_an_error() -> None:
    sequence = filmed(SWING, camera="face_on")
    with pytest.raises(ConfigError, match="measures one person"):
        analyse_golf(
            type(sequence)(
                sequence.keypoints[:, :0],
                sequence.scores[:, :0],
                sequence.time_s,
                sequence.track_ids[:0],
                sequence.skeleton,
            )
        )


def test_a_plane_in_space() -> None:
    """A plane that rises by 60 deg: its normal is 60 deg from up."""
    rng = np.random.default_rng(0)
    along, up_the_slope = np.array([1.0, 0, 0]), np.array([0, math.sin(math.radians(60)), math.cos(math.radians(60))])
    points = rng.uniform(-1, 1, (50, 1)) * along + rng.uniform(-1, 1, (50, 1)) * up_the_slope
    plane = fit_plane(points + rng.normal(0, 0.005, points.shape), 0.005)
    assert plane is not None
    assert plane.slope_deg == pytest.approx(60, abs=3 * plane.slope_sd_deg)
    assert plane.deviation == pytest.approx(0.005, rel=0.3)


def test_too_few_points_make_no_plane() -> None:
    assert fit_plane(np.array([[0.0, 0], [1, 1], [np.nan, 2], [3, 3]]), 0.1) is None
