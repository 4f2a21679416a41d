"""The feet and hips of a jumper, and what keypoint errors make of them."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.jumper import Jumper as Somebody
from benchmarks.motion.jumper import filmed_jump

from gonio.analysis.jumper import Height, jumper_of
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.options import AnalysisOptions
from gonio.structures.sequence import PoseSequence

CLIP = filmed_jump(Somebody()).sequence
FRAME = np.array([100])


def feet(sequence: PoseSequence) -> Height:
    jumper = jumper_of(sequence, AnalysisOptions())
    assert jumper is not None
    return jumper.feet


def lifted(sequence: PoseSequence, name: str, px: float) -> PoseSequence:
    """One keypoint higher, in a few frames."""
    keypoints = sequence.keypoints.copy()
    keypoints[98:103, :, sequence.skeleton.index(name), 1] -= px
    return replace(sequence, keypoints=keypoints)


def test_of_two_feet_the_lower_one_counts_where_they_are_far_apart() -> None:
    known = replace(CLIP, keypoint_sd=np.full_like(CLIP.scores, 1.0))
    both, one = feet(known), feet(lifted(known, "left_big_toe", 30.0))
    assert one.values[FRAME] == pytest.approx(both.values[FRAME], abs=1e-3)


def test_of_two_feet_that_errors_do_not_tell_apart_both_count() -> None:
    known = replace(CLIP, keypoint_sd=np.full_like(CLIP.scores, 5.0))
    both, one = feet(known), feet(lifted(known, "left_big_toe", 1.0))
    two = feet(lifted(lifted(known, "left_big_toe", 1.0), "right_big_toe", 1.0))
    share = (one.values - both.values)[FRAME] / (two.values - both.values)[FRAME]
    assert share == pytest.approx(0.5, abs=0.1)


def test_a_foot_that_is_not_seen_leaves_the_other() -> None:
    keypoints = CLIP.keypoints.copy()
    keypoints[90:110, :, CLIP.skeleton.index("left_big_toe")] = np.nan
    one = feet(replace(CLIP, keypoints=keypoints))
    assert one.values[FRAME] == pytest.approx(feet(CLIP).values[FRAME], abs=1e-3)
    assert np.isfinite(KeypointErrors.of(CLIP).sd_of(one.gradient(FRAME, np.ones(1))))


def test_what_lasts_does_not_lift_a_foot_off_the_ground() -> None:
    """It is as wrong where the foot stands."""
    known = replace(CLIP, keypoint_sd=np.full_like(CLIP.scores, 2.0))
    height, errors = feet(known), KeypointErrors.of(known)
    fresh = [replace(shape, fresh=0.0, fading=0.0, lasting=1.0) for shape in errors.shapes]
    lasting = replace(errors, shapes=tuple(fresh))
    standing = np.array([30])
    assert (
        lasting.sd_of(height.gradient(standing, np.ones(1))) < 1e-9 < errors.sd_of(height.gradient(FRAME, np.ones(1)))
    )
