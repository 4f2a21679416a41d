"""Oracle: a person made of segments, seen by cameras at stated places."""

import numpy as np
import pytest
from benchmarks.motion.jointed_person import From, jointed_person, one_track, seen

from gonio.analysis.options import AnalysisOptions
from gonio.analysis.view import detect_view

_PHASE = np.linspace(0, 6 * np.pi, 90)
WALK = jointed_person(90, hip_flexion=10 + 25 * np.sin(_PHASE), knee_flexion=25 - 20 * np.cos(_PHASE))
PUSH_UP = jointed_person(
    90, trunk_lean=85.0, shoulder_elevation=60 + 25 * np.sin(_PHASE), elbow_flexion=45 - 40 * np.sin(_PHASE)
)


@pytest.mark.parametrize("motion", [WALK, PUSH_UP], ids=["walk", "push-up"])
@pytest.mark.parametrize("camera", ["left", "right"])
@pytest.mark.parametrize("skeleton", ["halpe26", "coco17"])
def test_from_the_side(motion: np.ndarray, camera: From, skeleton: str) -> None:
    if skeleton == "coco17":
        motion = motion[:, :17]
    view = detect_view(seen(motion, camera=camera, skeleton=skeleton))
    assert (view.kind, view.facing, view.visible_side) == ("side", camera, camera)
    assert view.confidence > 0.2


@pytest.mark.parametrize(("camera", "facing"), [("front", "camera"), ("back", "away")])
def test_from_front_and_back(camera: From, facing: str) -> None:
    view = detect_view(seen(WALK, camera=camera))
    assert (view.kind, view.facing, view.visible_side) == ("frontal", facing, "both")


@pytest.mark.parametrize(("turned_deg", "kind"), [(0, "side"), (15, "side"), (45, "oblique"), (75, "frontal")])
def test_between(turned_deg: float, kind: str) -> None:
    turn = np.radians(turned_deg)
    forward, up, right = np.moveaxis(WALK, -1, 0)
    turned = np.stack([forward * np.cos(turn) + right * np.sin(turn), up, right], axis=-1)
    view = detect_view(seen(turned))
    assert view.kind == kind
    assert view.turned_deg == pytest.approx(turned_deg, abs=5)  # people are not all equally broad
    assert view.sideways == 1


def test_neither_noise_nor_gaps_nor_roll_change_it() -> None:
    sequence = seen(WALK, camera="left", roll_deg=90.0)
    rng = np.random.default_rng(0)
    sequence.keypoints[:] += rng.normal(0, 6, sequence.keypoints.shape)
    sequence.keypoints[rng.random(sequence.keypoints.shape[:3]) < 0.3] = np.nan
    assert detect_view(sequence).facing == "left"


def test_nothing_seen_is_no_confidence() -> None:
    empty = seen(np.full_like(WALK, np.nan))
    view = detect_view(empty)
    assert (view.kind, view.confidence) == ("oblique", 0.0)


def test_what_was_told_wins_and_space_shows_every_plane() -> None:
    assert detect_view(seen(WALK), options=AnalysisOptions(view="frontal")).kind == "frontal"
    assert detect_view(one_track(WALK, unit="m")).note.startswith("three dimensions")
