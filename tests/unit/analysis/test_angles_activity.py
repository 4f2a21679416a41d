"""Which angles a view shows; the values are those of `angle_series`, which has its own tests."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.gait_walker import walker
from benchmarks.motion.golfer import Golfer, filmed, in_space, swing
from benchmarks.motion.jumper import Jumper, filmed_jump

from gonio.analysis.angle_table import angle_definition
from gonio.analysis.angles_activity import analyse_angles, is_shown
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.analysis.view import View

SQUATTING = filmed_jump(Jumper(crouch_m=0.3)).sequence.between(0, 1.2)


def names(analysis: Analysis) -> set[tuple[str, str]]:
    return {(series.name, series.side) for series in analysis.series}


def test_the_side_view_shows_the_sagittal_plane_of_both_sides() -> None:
    analysis = analyse_angles(SQUATTING)
    assert {("knee_flexion", "left"), ("knee_flexion", "right"), ("trunk_lean", "both")} <= names(analysis)
    assert not {name for name, _ in names(analysis)} & {"knee_valgus", "pelvis_obliquity"}
    assert analysis.facts["view"].startswith("side")


def test_the_frontal_view_shows_the_frontal_plane() -> None:
    analysis = analyse_angles(
        filmed(swing(Golfer()), camera="face_on").between(0, 0.8), AnalysisOptions(view="frontal")
    )
    assert {name for name, _ in names(analysis)} & {"knee_valgus", "pelvis_obliquity"}
    assert "knee_flexion" not in {name for name, _ in names(analysis)}


def test_space_shows_everything() -> None:
    shown = {name for name, _ in names(analyse_angles(in_space(swing(Golfer()))))}
    assert {"knee_flexion", "pelvis_obliquity"} <= shown


def test_a_summary_of_each_angle() -> None:
    analysis = analyse_angles(SQUATTING)
    own = [measure.name for measure in analysis.measures if measure.side == "left" and "knee_flexion" in measure.name]
    assert len(own) == 5
    assert "peak_knee_flexion_velocity" in own
    knee = max(one.value for one in analysis.measures if "knee_flexion" in one.name and one.unit == "deg")
    assert 60 < knee < 120


def test_of_somebody_who_turns_round_one_facing_is_measured() -> None:
    out = walker(seconds=3.0)
    back = out.keypoints * np.array([-1, 1], np.float32)
    both = replace(
        out,
        keypoints=np.concatenate([out.keypoints, back]),
        scores=np.concatenate([out.scores, out.scores]),
        time_s=np.concatenate([out.time_s, out.time_s + 3.0]),
    )
    alone, found = analyse_angles(out), analyse_angles(both)
    for name in ("peak_knee_flexion", "least_knee_flexion"):
        wanted = alone.measure(name, "left")
        assert found.measure(name, "left").value == pytest.approx(wanted.value, abs=2 * wanted.sd)
    assert found.findings[0].text.startswith("The person turns round: measured from")
    assert found.excluded_fraction == pytest.approx(0.5, abs=0.1)
    assert not any("turns round" in finding.text for finding in alone.findings)


@pytest.mark.parametrize(("view", "wide"), [("side", 0.03), ("oblique", 0.7), ("frontal", 1.0)])
def test_a_head_that_turns_leaves_nothing_out(view: str, wide: float) -> None:
    clip = walker(skeleton="coco17")
    heights = {
        "ear": (0.07, 1.6),
        "shoulder": (0.19, 1.4),
        "hip": (0.11, 0.9),
        "knee": (0.11, 0.45),
        "ankle": (0.11, 0),
    }
    keypoints = np.full_like(clip.keypoints, np.nan)
    for part, (half, up) in heights.items():
        for side, x in (("left", half * wide), ("right", -half * wide)):
            keypoints[:, 0, clip.skeleton.index(f"{side}_{part}")] = (x, up)
    keypoints[:, 0, clip.skeleton.index("nose")] = np.stack(
        [np.where(clip.time_s < 3, 0.1, -0.1), np.full(len(clip), 1.6)], axis=1
    )
    found = analyse_angles(replace(clip, keypoints=keypoints))
    assert found.facts["view"].startswith(view)
    assert found.excluded_fraction == 0
    assert not any("turns round" in finding.text for finding in found.findings)


def test_one_side_is_enough() -> None:
    sides = {side for _, side in names(analyse_angles(SQUATTING, AnalysisOptions(side="left")))}
    assert sides == {"left", "both"}


def test_what_is_never_seen_is_said() -> None:
    scores = SQUATTING.scores.copy()
    scores[:, :, SQUATTING.skeleton.index("left_wrist")] = 0.0
    analysis = analyse_angles(replace(SQUATTING, scores=scores))
    assert ("elbow_flexion", "left") not in names(analysis)
    texts = [finding.text for finding in analysis.findings]
    assert "Not measured (left wrist hidden or doubtful): left elbow flexion, left wrist flexion." in texts


@pytest.mark.parametrize(("until_s", "measured"), [(-1.0, False), (0.001, True)], ids=["no frame", "one frame"])
def test_hardly_a_frame(until_s: float, measured: bool) -> None:
    assert bool(analyse_angles(SQUATTING.between(-2, until_s)).series) is measured


def test_what_is_not_measured_is_told_with_its_reason() -> None:
    sequence = filmed_jump(Jumper(crouch_m=0.3), skeleton="coco17").sequence.between(0, 1.2)
    texts = [finding.text for finding in analyse_angles(sequence).findings]
    assert "Not measured (left hand not found): left wrist flexion." in texts
    assert any(text.startswith("Not shown by a picture of the sagittal plane: knee valgus") for text in texts)


@pytest.mark.parametrize(("yaw_deg", "plane"), [(35, "knee_flexion"), (50, "knee_valgus")])
def test_an_oblique_picture_has_one_plane_the_nearer(yaw_deg: float, plane: str) -> None:
    """The bend of a leg in the picture has one name, not two."""
    view = View("oblique", "right", "right", 1.0, "told", turned_deg=yaw_deg)
    shown = {name for name in ("knee_flexion", "knee_valgus") if is_shown(angle_definition(name), view)}
    assert shown == {plane}
