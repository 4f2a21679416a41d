"""Oracle: a person made of segments who moves by stated angles (`jointed_person`)."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.jointed_person import From, jointed_person, one_track, seen

from gonio.analysis.angle_table import ANGLES, angle_definition
from gonio.analysis.angles import angle_series, list_angles
from gonio.analysis.landmarks import Limb
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Reason
from gonio.analysis.turn import turn_between
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.structures.flags import KeypointFlag

STEPS = 60
_PHASE = np.linspace(0, 4 * np.pi, STEPS)
SAGITTAL: dict[str, float | FloatArray64] = {
    "trunk_lean": 10 + 5 * np.sin(_PHASE),
    "neck_flexion": 15.0,
    "hip_flexion": 20 + 25 * np.sin(_PHASE),
    "knee_flexion": 30 - 34 * np.cos(_PHASE),
    "ankle_dorsiflexion": 5 + 10 * np.sin(_PHASE),
    "shoulder_elevation": 30 + 20 * np.sin(_PHASE),
    "elbow_flexion": 40 + 30 * np.cos(_PHASE),
}
MOVING = jointed_person(STEPS, **SAGITTAL)  # type: ignore[arg-type]


@pytest.mark.parametrize("camera", ["left", "right"])
@pytest.mark.parametrize("name", SAGITTAL)
def test_an_angle_is_what_the_person_was_given_whichever_way_they_face(name: str, camera: Limb) -> None:
    found = angle_series(seen(MOVING, camera=camera), name, side=camera)
    np.testing.assert_allclose(found.values, np.broadcast_to(SAGITTAL[name], STEPS), atol=0.01)
    assert found.valid.all()
    assert np.isnan(found.sd).all()


@pytest.mark.parametrize("name", SAGITTAL)
def test_in_space_the_same_after_any_turn_about_the_vertical(name: str) -> None:
    turn = np.array([[np.cos(1), 0, np.sin(1)], [0, 1, 0], [-np.sin(1), 0, np.cos(1)]])
    found = angle_series(one_track(MOVING @ turn, unit="m"), name, side="right")
    np.testing.assert_allclose(found.values, np.broadcast_to(SAGITTAL[name], STEPS), atol=0.01)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("thigh_angle", SAGITTAL["hip_flexion"] - np.asarray(SAGITTAL["trunk_lean"])),
        ("shank_angle", SAGITTAL["knee_flexion"] - (SAGITTAL["hip_flexion"] - np.asarray(SAGITTAL["trunk_lean"]))),
    ],
)
def test_a_segment_against_the_room(name: str, expected: FloatArray64) -> None:
    np.testing.assert_allclose(angle_series(seen(MOVING), name, side="right").values, expected, atol=0.01)


@pytest.mark.parametrize("camera", ["front", "back"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_frontal_angles_have_the_same_sign_on_both_sides_from_front_and_back(camera: From, side: Limb) -> None:
    valgus = 8 + 5 * np.sin(_PHASE)
    person = seen(jointed_person(STEPS, hip_abduction=10.0, knee_valgus=valgus), camera=camera)
    np.testing.assert_allclose(angle_series(person, "knee_valgus", side=side).values, valgus, atol=0.01)
    np.testing.assert_allclose(angle_series(person, "hip_abduction", side=side).values, 10.0, atol=0.01)


def test_the_higher_side_has_the_positive_obliquity() -> None:
    points = jointed_person(4)
    sequence = seen(points, camera="front")
    hip = sequence.skeleton.index("left_hip")
    sequence.keypoints[:, 0, hip, 1] -= 10  # up in the picture
    left, right = (angle_series(sequence, "pelvis_obliquity", side=side).values[0] for side in ("left", "right"))
    assert left == pytest.approx(np.degrees(np.arctan2(10, 0.24 * 300)), abs=1e-3)
    assert right == pytest.approx(-left)


@pytest.mark.parametrize("flexion", [-12.0, 0.0, 150.0, 185.0, 200.0], ids=str)
def test_hyperextension_is_negative_and_deep_flexion_is_not_wrapped(flexion: float) -> None:
    bent = seen(jointed_person(8, hip_flexion=60.0, knee_flexion=flexion, ankle_dorsiflexion=0.0))
    assert angle_series(bent, "knee_flexion", side="right").values == pytest.approx(flexion, abs=0.01)


@pytest.mark.parametrize(("convention", "sign"), [("clinical", 1), ("isb", 1), ("opensim", -1)])
def test_opensim_counts_knee_flexion_negative(convention: str, sign: int) -> None:
    options = AnalysisOptions(convention=convention)  # type: ignore[arg-type]
    found = angle_series(seen(MOVING), "knee_flexion", side="right", options=options)
    np.testing.assert_allclose(found.values, sign * np.asarray(SAGITTAL["knee_flexion"]), atol=0.01)


def test_a_somersault_goes_on_beyond_half_a_turn() -> None:
    lean = np.linspace(0, 700, STEPS)
    found = angle_series(
        seen(jointed_person(STEPS, trunk_lean=lean, knee_flexion=30.0, hip_flexion=20.0)), "trunk_lean"
    )
    np.testing.assert_allclose(found.values, lean, atol=0.01)


def test_without_feet_the_ankle_is_missing_with_a_reason() -> None:
    person = jointed_person(STEPS, skeleton="coco17", knee_flexion=20.0)
    found = angle_series(seen(person, skeleton="coco17"), "ankle_dorsiflexion", side="right")
    assert np.isnan(found.values).all()
    assert (found.reasons == Reason.MISSING).all()
    assert found.why == "right heel not found"


def test_a_hidden_knee_is_named_and_its_value_kept() -> None:
    sequence = seen(MOVING)
    sequence.scores[:15, 0, sequence.skeleton.index("right_knee")] = 0.1
    found = angle_series(sequence, "knee_flexion", side="right")
    assert found.excluded_fraction == 0.25
    assert found.why == "right knee hidden or doubtful"
    assert np.isfinite(found.values).all()


def test_from_the_side_one_hip_is_enough() -> None:
    sequence = seen(MOVING)
    sequence.scores[:15, 0, sequence.skeleton.index("left_hip")] = 0.1
    found = angle_series(sequence, "trunk_lean")
    assert found.valid.all()
    np.testing.assert_allclose(found.values, SAGITTAL["trunk_lean"], atol=0.01)


def test_flags_decide_where_there_are_any() -> None:
    sequence = seen(MOVING)
    flags = np.zeros(sequence.scores.shape, np.uint8)
    flags[0, 0] = KeypointFlag.OUTLIER
    flags[1, 0] = KeypointFlag.FILLED
    found = angle_series(replace(sequence, scores=sequence.scores * 0, flags=flags), "knee_flexion", side="right")
    assert found.reasons[:3].tolist() == [Reason.OUTLIER, 0, 0]


def test_the_camera_roll_is_taken_out() -> None:
    options = AnalysisOptions(up_deg=7.0)
    found = angle_series(seen(MOVING, roll_deg=7.0), "trunk_lean", options=options)
    np.testing.assert_allclose(found.values, SAGITTAL["trunk_lean"], atol=0.01)


def test_every_angle_has_a_value_in_its_range() -> None:
    for name in list_angles():
        angle = ANGLES[name]
        assert angle.lowest <= angle.usual[0] < angle.usual[1] <= angle.lowest + 360
        assert angle.source
    assert angle_definition("trunk_angle").name == "trunk_lean"


def test_what_is_asked_wrongly_is_refused() -> None:
    with pytest.raises(ConfigError, match="no angle is named 'knee'"):
        angle_series(seen(MOVING), "knee")
    with pytest.raises(ConfigError, match="say side='left'"):
        angle_series(seen(MOVING), "knee_flexion", side="both")
    two = seen(MOVING)
    twice = replace(
        two,
        keypoints=np.repeat(two.keypoints, 2, axis=1),
        scores=np.repeat(two.scores, 2, axis=1),
        track_ids=np.arange(2),
    )
    with pytest.raises(ConfigError, match="sequence has 2"):
        angle_series(twice, "knee_flexion")


def test_two_segments_that_coincide_with_a_point_have_no_turn() -> None:
    turn = turn_between(np.array([[1.0, 0, 0], [0, 0, 0]]), np.zeros((2, 3)), np.array([0.0, 0, 1]))
    assert np.isnan(turn.rad).all()
