"""What holds for every person, camera and noise. Oracle of error bars: Monte Carlo and the truth."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.error_bars import over_time
from benchmarks.motion.jointed_person import From, jointed_person, one_track, seen
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.analysis.angle_table import ANGLES
from gonio.analysis.angles import angle_series, list_angles
from gonio.analysis.kinematics import mean
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.analysis.uncertainty import with_uncertainty
from gonio.analysis.view import detect_view
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

SIDES: tuple[Side, ...] = ("left", "right")
IN_SIDE_VIEW = [name for name in list_angles() if ANGLES[name].plane != "frontal" and name != "wrist_flexion"]
IN_FRONT_VIEW = [name for name in list_angles() if ANGLES[name].plane == "frontal"]
JOINTS = ["ankle_dorsiflexion", "knee_flexion", "hip_flexion", "elbow_flexion", "shoulder_elevation", "neck_flexion"]


def person(seed: int, steps: int = 30) -> FloatArray64:
    """Somebody whose joints move at random, within what people do."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, rng.uniform(3, 12), steps)

    def moving(low: float, high: float) -> FloatArray64:
        a, b = np.sort(rng.uniform(low, high, 2))
        return np.asarray(a + (b - a) * (0.5 - 0.5 * np.cos(phase + rng.uniform(0, 6))))

    return jointed_person(
        steps,
        trunk_lean=moving(-10, 60),
        neck_flexion=moving(-10, 30),
        hip_flexion=moving(0, 90),
        knee_flexion=moving(10, 120),
        ankle_dorsiflexion=moving(-30, 20),
        shoulder_elevation=moving(10, 120),
        elbow_flexion=moving(10, 120),
        hip_abduction=0.0,
        right_extra=rng.uniform(0, 15),
    )


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """As the same model sees the picture in a mirror: left and right change places."""
    flip = list(sequence.skeleton.flip_indices)
    return replace(sequence, keypoints=(sequence.keypoints * (-1, 1) + (1920, 0))[:, :, flip].astype(np.float32))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    turn=st.floats(-180, 180),
    scale=st.floats(0.3, 3),
    shift=st.floats(-3000, 3000),
    camera=st.sampled_from(["left", "right"]),
)
def test_turning_scaling_and_shifting_the_picture_change_no_joint(
    seed: int, turn: float, scale: float, shift: float, camera: From
) -> None:
    points = person(seed)
    plain = seen(points, camera=camera)
    moved = seen(points, camera=camera, roll_deg=turn, px_per_m=300 * scale)
    moved.keypoints[:] += shift
    for name in JOINTS:
        for side in SIDES:
            values = angle_series(moved, name, side=side).values
            np.testing.assert_allclose(values, angle_series(plain, name, side=side).values, atol=0.05)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), roll=st.floats(-90, 90))
def test_with_the_roll_known_segments_do_not_change_either(seed: int, roll: float) -> None:
    points = person(seed)
    options = AnalysisOptions(up_deg=roll)
    for name in IN_SIDE_VIEW:
        plain = angle_series(seen(points), name).values
        rolled = angle_series(seen(points, roll_deg=roll), name, options=options).values
        np.testing.assert_allclose(rolled, plain, atol=0.05)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), camera=st.sampled_from(["left", "right", "front", "back"]))
def test_a_mirror_exchanges_the_sides_and_nothing_else(seed: int, camera: From) -> None:
    sequence = seen(person(seed), camera=camera)
    names = IN_SIDE_VIEW if camera in ("left", "right") else IN_FRONT_VIEW
    for name in names:
        for side, other in zip(SIDES, SIDES[::-1], strict=True):
            values = angle_series(mirrored(sequence), name, side=other).values
            np.testing.assert_allclose(values, angle_series(sequence, name, side=side).values, atol=0.01)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), camera=st.sampled_from(["right", "front"]))
def test_first_order_agrees_with_monte_carlo_within_a_tenth(seed: int, camera: From) -> None:
    """10,000 draws have a standard deviation within 2 % of the truth; segments are at least 15 sd long."""
    draws = 10_000
    clean = seen(person(seed), camera=camera)
    view = replace(detect_view(clean), kind="side" if camera == "right" else "frontal")
    rng = np.random.default_rng(seed)
    sd = rng.uniform(0.3, 3.0, len(clean.skeleton)).astype(np.float32)
    pose = np.repeat(clean.keypoints[:1].astype(np.float64), draws, axis=0)
    noise = rng.normal(0, 1, pose.shape) * sd[:, None]
    noisy = one_track((pose + noise)[:, 0])
    noisy = replace(noisy, keypoint_sd=np.broadcast_to(sd, noisy.scores.shape))
    still = replace(noisy, keypoints=pose.astype(np.float32))
    for name in IN_SIDE_VIEW if camera == "right" else ["pelvis_obliquity", "shoulder_obliquity", "trunk_lateral_lean"]:
        if ANGLES[name].plane == "any" and angle_series(clean, name).values[0] < 10:
            continue  # an angle without sign folds at 0
        first_order = angle_series(still, name, view=view).sd[0]
        assert np.std(angle_series(noisy, name, view=view).values) == pytest.approx(first_order, rel=0.1)


@pytest.mark.parametrize("name", ["ankle_dorsiflexion", "knee_flexion", "hip_flexion", "trunk_lean", "thigh_angle"])
def test_error_bars_from_the_trembling_cover_the_truth_at_their_rate(name: str) -> None:
    """White noise of unknown size, found by `with_uncertainty`; 4,000 samples: 68.3 +- 3 %, 95.4 +- 2 %."""
    rng = np.random.default_rng(3)
    truth = one_track(person(11, 4000)[..., :2], unit="m")
    noisy = replace(truth, keypoints=truth.keypoints + rng.normal(0, 0.004, truth.keypoints.shape).astype(np.float32))
    view = detect_view(truth)
    found = angle_series(with_uncertainty(noisy), name, view=view)
    error = np.abs(found.values - angle_series(truth, name, view=view).values) / found.sd
    assert np.mean(error < 1) == pytest.approx(0.683, abs=0.03)
    assert np.mean(error < 2) == pytest.approx(0.954, abs=0.02)


def test_error_bars_from_the_scores_cover_the_truth_at_their_rate() -> None:
    """Errors as the table says, lasting from frame to frame, so that the trembling does not show them; many clips."""
    rng = np.random.default_rng(4)
    knots = ((0.2, 0.06), (1.0, 0.02))
    clean = seen(person(12, 40))
    box = np.sqrt(np.prod(1.2 * np.ptp(clean.keypoints[:, 0], axis=1), axis=-1))
    within: list[float] = []
    means: list[float] = []
    truth = angle_series(clean, "knee_flexion")
    for _ in range(200):
        scores = rng.uniform(0.3, 1, clean.scores.shape).astype(np.float32)
        rms = np.interp(scores, *np.array(knots).T) * box[:, None, None]
        error = rng.normal(0, 1, (1, *clean.keypoints.shape[1:])) * rms[..., None] / np.sqrt(2)
        wrong = replace(clean, keypoints=(clean.keypoints + error).astype(np.float32), scores=scores)
        found = angle_series(with_uncertainty(wrong, error_by_score=knots), "knee_flexion", view=detect_view(clean))
        within.append(float(np.mean(np.abs(found.values - truth.values) < found.sd)))
        whole = mean(found)
        means.append(abs(whole.value - mean(truth).value) / whole.sd)
    assert np.mean(within) == pytest.approx(0.683, abs=0.08)
    # a mean over 40 frames of lasting errors is no better than one frame: far from sd / sqrt(40)
    assert 0.5 < np.mean(np.array(means) < 1) < 0.8


@pytest.mark.parametrize("name", ["ankle_dorsiflexion", "knee_flexion", "shank_angle", "hip_abduction"])
def test_error_bars_cover_noise_as_it_was_measured(name: str) -> None:
    """A part of it lasts, a part fades and a part is new in every frame; of the hips most lasts, of the ankles little.

    Of 100 takes 68.3 +- 5 % lie within 1 sd, and 95.4 +- 2 % within 2; means are allowed twice that below, for what a
    single number says of all joints.
    """
    sample, whole, velocity, *_ = over_time(name, "front" if ANGLES[name].plane == "frontal" else "right")
    assert np.mean(np.abs(sample) < 1) == pytest.approx(0.683, abs=0.06)
    assert np.mean(np.abs(sample) < 2) > 0.9
    assert np.mean(np.abs(whole) < 1) > 0.55
    assert np.mean(np.abs(whole) < 2) > 0.8
    assert np.mean(np.abs(velocity) < 1) > 0.65
    assert np.mean(np.abs(velocity) < 2) > 0.93
