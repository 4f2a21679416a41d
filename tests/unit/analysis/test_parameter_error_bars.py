"""Stated error bars of events and parameters against Monte Carlo with the errors that were measured of the model."""

import pytest
from benchmarks.motion.gait_events import SHARED
from benchmarks.motion.gait_trials import load_trials, seen
from benchmarks.motion.moving_people import markers
from benchmarks.motion.parameter_error_bars import Row, Scene, exercise_scene, gait_scene, jump_scene, rows

DRAWS = 80
"""The sd of so few draws is itself known to 8 %."""
SMOOTH, EVENTS = 0.15, 0.25
JUMPS = 400


def found(scene: Scene, draws: int = DRAWS) -> dict[str, Row]:
    return {row.name: row for row in rows(scene, "measured", draws)}


def test_jumps_err_as_drawn_keypoints_make_them() -> None:
    by_name = found(jump_scene(), JUMPS)
    assert len(by_name) == 8
    for name, row in by_name.items():
        assert row.ratio == pytest.approx(1.0, abs=0.2), name


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared gait recordings")
def test_running_numbers_err_as_drawn_keypoints_make_them() -> None:
    run = load_trials(SHARED)[1]
    by_name = found(gait_scene("running", seen(run.sequence, fps=60), scaled=True))
    smooth = ("trunk_lean", "vertical_oscillation", "vertical_ratio", "speed", "right overstride")
    both = (f"{side} {name}" for side in ("left", "right") for name in ("step_length", "stride_length", "step_time"))
    for name in (*smooth, *both):
        assert by_name[name].ratio == pytest.approx(1.0, abs=SMOOTH), name
    for name in ("event heel_strike", "event toe_off"):
        assert by_name[name].ratio == pytest.approx(1.0, abs=EVENTS), name
        assert by_name[name].stated > by_name[name].propagated  # the methods' own error
    assert by_name["left stride_time"].same > 0.93  # no strike that the recording ends before


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared gait recordings")
def test_times_of_a_walk_err_as_drawn_keypoints_make_them() -> None:
    walk = load_trials(SHARED)[0]
    by_name = found(gait_scene("walking", seen(walk.sequence, fps=60), scaled=True))
    for name in ("event heel_strike", "event toe_off", "cadence", "left stride_time", "left step_time", "speed"):
        assert by_name[name].ratio == pytest.approx(1.0, abs=0.2), name


def test_the_cadence_of_a_walk_towards_the_camera_errs_as_drawn() -> None:
    by_name = found(gait_scene("front", markers("walk", "frontal", 60.0), frontal=True))
    assert by_name["cadence"].ratio == pytest.approx(1.0, abs=EVENTS)
    assert by_name["cadence"].drawn < 1.2  # of single highest samples it was 2.0


def test_angles_at_the_bottom_of_a_squat_do_not_average_out() -> None:
    by_name = found(exercise_scene("squat", "squat", "left"))
    angles = [name for name in by_name if name.endswith(("flexion_at_bottom", "lean_at_bottom", "flexion_range"))]
    assert len(angles) == 9
    for name in angles:
        assert by_name[name].ratio == pytest.approx(1.0, abs=SMOOTH), name
