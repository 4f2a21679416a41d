"""What a clip shows, from synthetic movements whose name is known, and from the shipped clip's keypoints."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.golfer import Camera, Golfer, filmed, random_golfer, swing
from benchmarks.motion.jumper import Jumper, filmed_jump

from gonio.analysis.auto import analyse_auto, decide
from gonio.analysis.options import AnalysisOptions
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence


@pytest.mark.parametrize("camera", ["face_on", "down_the_line"])
@pytest.mark.parametrize("left_handed", [False, True])
def test_a_golf_swing(camera: Camera, left_handed: bool) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        clip = filmed(swing(random_golfer(rng)), camera=camera, left_handed=left_handed, noise=0.005, rng=rng)
        assert decide(clip).activity == "golf", seed


def test_hands_apart_hold_no_club() -> None:
    clip = filmed(swing(Golfer()), camera="face_on")
    keypoints = clip.keypoints.copy()
    keypoints[:, :, clip.skeleton.index("right_wrist"), 0] -= 120
    assert decide(replace(clip, keypoints=keypoints)).activity != "golf"


def test_feet_that_go_are_no_swing() -> None:
    clip = filmed(swing(Golfer()), camera="face_on")
    moved = clip.keypoints + np.linspace(0, 900, len(clip), dtype=np.float32)[:, None, None, None] * np.array(
        [1, 0], np.float32
    )
    assert decide(replace(clip, keypoints=moved.astype(np.float32))).activity != "golf"


def test_somebody_who_stands_has_angles() -> None:
    clip = filmed_jump(Jumper()).sequence.between(0, 0.6)
    decision = decide(clip)
    assert decision.activity == "angles"
    assert "no golf swing, no declared exercise and no steps" in decision.reason


def test_the_reason_is_told() -> None:
    analysis = analyse_auto(filmed(swing(Golfer()), camera="face_on"), AnalysisOptions())
    assert analysis.activity == "golf"
    assert analysis.facts["recognised"].startswith("golf: joined hands go up slowly")
    assert analysis.findings[-1].kind == "note"


def test_nobody_is_an_error() -> None:
    clip = filmed(swing(Golfer()), camera="face_on")
    nobody = PoseSequence(clip.keypoints[:, :0], clip.scores[:, :0], clip.time_s, clip.track_ids[:0], clip.skeleton)
    with pytest.raises(ConfigError, match="measures one person"):
        decide(nobody)
