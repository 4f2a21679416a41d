"""Oracle: right-handed rotations about x forward, y up, z to the right, written out here, of a person who stands.

These are the axes of Wu and Cavanagh 1995, of Wu et al. 2002 and 2005 and of OpenSim's models; the signs of ``isb`` and
``opensim`` follow from them. ISB's knee is the exception: Grood and Suntay count flexion positive.
"""

import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, one_track
from scipy.spatial.transform import Rotation

from gonio.analysis.angles import angle_series
from gonio.analysis.landmarks import Limb
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

_NAMES = load_skeleton("halpe26").keypoint_names
_ABOVE = tuple(name for name in _NAMES if not name.endswith(("hip", "knee", "ankle", "heel", "toe")))
_FOOT = ("heel", "big_toe", "small_toe")
_SHANK = ("ankle", *_FOOT)
_LEG = ("knee", *_SHANK)
_BEND_DEG = 12.0


def _turned(axis: str, angle_deg: float, about: str, moved: tuple[str, ...]) -> PoseSequence:
    """Somebody who stands, some points turned about another one."""
    points = jointed_person(5)
    centre = points[:, [_NAMES.index(about)]] if about != "mid_hip" else np.array([0.0, 1.0, 0.0])
    chosen = [_NAMES.index(name) for name in moved]
    turn = Rotation.from_euler(axis, angle_deg, degrees=True).as_matrix()
    points[:, chosen] = (points[:, chosen] - centre) @ turn.T + centre
    return one_track(points, unit="m")


def _of_side(side: Limb, parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts)


@pytest.mark.parametrize(
    ("name", "side", "axis", "about", "moved", "isb", "opensim"),
    [
        ("trunk_lean", "both", "z", "mid_hip", _ABOVE, 1, 1),
        ("trunk_lateral_lean", "right", "x", "mid_hip", _ABOVE, 1, 1),
        ("hip_flexion", "right", "z", "right_hip", _of_side("right", _LEG), 1, 1),
        ("hip_abduction", "right", "x", "right_hip", _of_side("right", _LEG), 1, 1),
        ("knee_flexion", "right", "z", "right_knee", _of_side("right", _SHANK), -1, 1),
        ("knee_valgus", "right", "x", "right_knee", _of_side("right", _SHANK), 1, 1),
        ("ankle_dorsiflexion", "right", "z", "right_ankle", _of_side("right", _FOOT), 1, 1),
        ("pelvis_obliquity", "left", "x", "mid_hip", ("left_hip", "right_hip"), 1, 1),
    ],
)
@pytest.mark.parametrize("turned_deg", [_BEND_DEG, -_BEND_DEG])
def test_signs_are_those_of_the_axes(
    name: str, side: Side, axis: str, about: str, moved: tuple[str, ...], isb: int, opensim: int, turned_deg: float
) -> None:
    person = _turned(axis, turned_deg, about, moved)
    for convention, sign in (("isb", isb), ("opensim", opensim)):
        options = AnalysisOptions(convention=convention)  # type: ignore[arg-type]
        found = angle_series(person, name, side=side, options=options)
        np.testing.assert_allclose(found.values, sign * turned_deg, atol=0.01, err_msg=convention)


def test_isb_elevation_is_a_turn_about_minus_x() -> None:
    """Wu et al. 2005: an arm that goes outwards turns about the forward axis the negative way."""
    person = _turned("x", -30.0, "right_shoulder", _of_side("right", ("elbow", "wrist")))
    found = angle_series(person, "shoulder_elevation", side="right", options=AnalysisOptions(convention="isb"))
    np.testing.assert_allclose(found.values, -30.0, atol=0.01)


def test_hip_and_knee_are_differences_of_winters_segment_angles() -> None:
    """Winter's convention: counter-clockwise from the horizontal, distal to proximal end, of somebody facing right."""
    phase = np.linspace(0, 6, 40)
    hip, knee = 20 + 30 * np.sin(phase), 35 + 30 * np.cos(phase)
    points = jointed_person(40, trunk_lean=12.0, hip_flexion=hip, knee_flexion=knee)

    def segment_deg(distal: str, proximal: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        along = points[:, _NAMES.index(proximal)] - points[:, _NAMES.index(distal)]
        return np.asarray(np.degrees(np.arctan2(along[:, 1], along[:, 0])), np.float64)

    trunk, thigh, leg = (
        segment_deg(*ends)
        for ends in (("right_hip", "right_shoulder"), ("right_knee", "right_hip"), ("right_ankle", "right_knee"))
    )
    person = one_track(points, unit="m")
    np.testing.assert_allclose(angle_series(person, "hip_flexion", side="right").values, thigh - trunk, atol=0.01)
    np.testing.assert_allclose(angle_series(person, "knee_flexion", side="right").values, thigh - leg, atol=0.01)
