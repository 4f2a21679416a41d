from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from benchmarks.motion.golfer import filmed, random_golfer, swing

from gonio.analysis.sides import exchange, limb_keypoints, repair_sides
from gonio.arrays import BoolArray, FlagArray, IntArray
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
LEGS, ARMS = (limb_keypoints(COCO, limb)[0].ravel() for limb in ("legs", "arms"))


def _walker(rate: float = 30.0, people: int = 1, unit: Literal["px", "m"] = "px") -> PoseSequence:
    """Seen from the side, 350 px tall: legs and arms swing past each other twice in a stride of 1.1 s."""
    time_s = np.arange(0, 4.0, 1 / rate)
    points = np.zeros((len(time_s), people, 17, 2))
    for side, sign in ((0, 1), (1, -1)):
        swing = sign * np.sin(2 * np.pi * time_s / 1.1)[:, None]
        bend = np.clip(sign * np.cos(2 * np.pi * time_s / 1.1), 0, None)[:, None]
        for joint, (x, y) in {
            5: (0, 60),
            7: (-30, 125),
            9: (-60, 180),
            11: (0, 180),
            13: (40, 265),
            15: (75, 345),
        }.items():
            points[:, :, joint + side, 0] = x * swing - 30 * bend * (joint == 15)
            points[:, :, joint + side, 1] = y - 25 * bend * (joint == 15)
        points[:, :, 1 + side] = (10, 5)
        points[:, :, 3 + side] = (0, 8)
    points[:, :, 0] = (15, 12)
    points[..., 0] += 100 * time_s[:, None, None] + 500 * np.arange(people)[:, None]
    points += np.random.default_rng(0).normal(0, 1.5, points.shape)
    scores = np.random.default_rng(1).uniform(0.5, 1, points.shape[:3]).astype(np.float32)
    return PoseSequence(points.astype(np.float32), scores, time_s, np.arange(people), COCO, unit)


def _spoilt(
    sequence: PoseSequence, bursts: list[tuple[int, int]], keypoints: IntArray = LEGS, person: int = 0
) -> PoseSequence:
    mask = np.zeros(sequence.scores.shape, bool)
    for start, end in bursts:
        mask[start:end, person, keypoints] = True
    return exchange(sequence, mask)


def _flags(sequence: PoseSequence) -> FlagArray:
    assert sequence.flags is not None
    return sequence.flags


def test_it_tells_how_far_it_is() -> None:
    told: list[float] = []
    repair_sides(_spoilt(_walker(people=2), [(33, 50)]), on_progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert any(0.5 < done < 1 for done in told)


def _far_apart(sequence: PoseSequence, pairs: IntArray) -> BoolArray:
    gap = np.abs(sequence.keypoints[:, 0, pairs[::2], 0] - sequence.keypoints[:, 0, pairs[1::2], 0])
    return np.asarray(gap.max(axis=1) > 10)


@pytest.mark.parametrize("rate", [25, 60, 120])
def test_legs_that_cross_are_left_alone(rate: float) -> None:
    repaired, repairs = repair_sides(_walker(rate=rate))
    assert not _flags(repaired).any()
    assert sum(repairs.bursts.values()) == 0
    assert str(repairs) == "none"


@pytest.mark.parametrize("bursts", [[(20, 21)], [(31, 36), (70, 72)], [(40, 55)], [(50, 60), (80, 81)]], ids=str)
@pytest.mark.parametrize("limb", [LEGS, ARMS, np.arange(1, 17)], ids=["legs", "arms", "body"])
def test_bursts_are_found_wherever_sides_are_apart(bursts: list[tuple[int, int]], limb: IntArray) -> None:
    clean = _walker()
    repaired, _ = repair_sides(_spoilt(clean, bursts, limb))
    for pairs in (LEGS, ARMS):
        apart = _far_apart(clean, pairs)
        np.testing.assert_array_equal(repaired.keypoints[apart][:, 0, pairs], clean.keypoints[apart][:, 0, pairs])


def test_a_swap_from_crossing_to_crossing_is_found() -> None:
    """The hard case: no leg jumps, they only bounce off each other (a half stride lasts 16.5 frames)."""
    clean = _walker()
    repaired, repairs = repair_sides(_spoilt(clean, [(33, 50)]))
    apart = _far_apart(clean, LEGS)
    np.testing.assert_array_equal(repaired.keypoints[apart], clean.keypoints[apart])
    assert repairs.bursts["legs"] == 1
    assert 12 <= repairs.frames["legs"] <= 20
    assert str(repairs).startswith("legs once")


def test_only_the_exchanged_joint_is_exchanged_back() -> None:
    clean = _walker()
    repaired, _ = repair_sides(_spoilt(clean, [(22, 30)], np.array([15, 16])))
    apart = np.abs(clean.keypoints[:, 0, 15, 0] - clean.keypoints[:, 0, 16, 0]) > 15
    np.testing.assert_array_equal(repaired.keypoints[apart][:, 0, 11:], clean.keypoints[apart][:, 0, 11:])


def test_scores_deviations_and_flags_go_along() -> None:
    clean = _walker()
    spoilt = _spoilt(clean, [(38, 44)])
    repaired, _ = repair_sides(PoseSequence(spoilt.keypoints, spoilt.scores, spoilt.time_s, spoilt.track_ids, COCO))
    np.testing.assert_array_equal(repaired.scores[38:44, 0, 15:], clean.scores[38:44, 0, 15:])
    assert (_flags(repaired)[38:44, 0, 15:] == KeypointFlag.SIDES_EXCHANGED).all()
    assert not _flags(repaired)[30:36].any()


def test_sides_exchanged_throughout_cannot_be_told_and_stay() -> None:
    wrong = _spoilt(_walker(), [(0, 1000)], np.arange(1, 17))
    repaired, repairs = repair_sides(wrong)
    assert sum(repairs.frames.values()) == 0
    np.testing.assert_array_equal(repaired.keypoints, wrong.keypoints)


def test_a_burst_at_the_very_beginning_is_found() -> None:
    clean = _walker()
    repaired, _ = repair_sides(_spoilt(clean, [(0, 5)]))
    np.testing.assert_array_equal(repaired.keypoints[1:5], clean.keypoints[1:5])


def test_each_person_is_repaired_by_themselves() -> None:
    clean = _walker(people=2)
    repaired, _ = repair_sides(_spoilt(clean, [(40, 44)], person=1))
    np.testing.assert_array_equal(repaired.keypoints[40:44], clean.keypoints[40:44])
    assert not _flags(repaired)[:, 0].any()


def test_missing_keypoints_do_not_hinder() -> None:
    clean = _walker()
    clean.keypoints[25:28, 0, 15] = np.nan
    clean.keypoints[::7, 0, 14] = np.nan
    repaired, _ = repair_sides(_spoilt(clean, [(38, 44)]))
    np.testing.assert_array_equal(repaired.keypoints[38:44], clean.keypoints[38:44])


def test_works_in_three_dimensions_and_metres() -> None:
    flat = _walker(unit="m")
    depth = np.where(np.arange(17) % 2, 0.1, -0.1)[None, None, :, None]
    points = np.concatenate([flat.keypoints / 200, np.broadcast_to(depth, flat.keypoints[..., :1].shape)], axis=-1)
    clean = PoseSequence(points.astype(np.float32), flat.scores, flat.time_s, flat.track_ids, COCO, "m")
    repaired, _ = repair_sides(_spoilt(clean, [(38, 44)]))
    np.testing.assert_array_equal(repaired.keypoints[38:44], clean.keypoints[38:44])


@pytest.mark.parametrize("name", ["halpe26", "blazepose33", "coco_wholebody133", "lsp14", "mpii16"])
def test_every_pair_of_every_skeleton_belongs_to_one_limb(name: str) -> None:
    skeleton = load_skeleton(name)
    pairs = np.concatenate([limb_keypoints(skeleton, limb)[0] for limb in ("legs", "arms", "head")])
    expected = {(i, other) for i, other in enumerate(skeleton.flip_indices) if skeleton.sides[i] == "left"}
    assert {tuple(pair) for pair in pairs.tolist()} == expected


@pytest.mark.parametrize("length", [0, 1, 2])
def test_too_short_to_tell(length: int) -> None:
    walker = _walker().between(0, (length - 0.5) / 30)
    assert len(walker) == length
    assert not _flags(repair_sides(walker)[0]).any()


def test_nobody_and_nothing_seen() -> None:
    walker = _walker()
    unseen = PoseSequence(np.full_like(walker.keypoints, np.nan), walker.scores, walker.time_s, walker.track_ids, COCO)
    assert not _flags(repair_sides(unseen)[0]).any()
    nobody = PoseSequence(walker.keypoints[:, :0], walker.scores[:, :0], walker.time_s, walker.track_ids[:0], COCO)
    assert _flags(repair_sides(nobody)[0]).shape == (len(walker), 0, 17)


@pytest.mark.parametrize("noise", [0.0, 0.008])
def test_hands_on_one_grip_are_not_exchanged(noise: float) -> None:
    """A swing between two rests: the limbs are never as wild as in the half second of the downswing."""
    rng = np.random.default_rng(2)
    golfer = filmed(swing(random_golfer(rng)), camera="face_on", noise=noise, rng=rng)
    _, repairs = repair_sides(golfer)
    assert repairs.frames["arms"] == 0
    assert repairs.frames["legs"] == 0


def test_positions_in_metres_change_sides_too() -> None:
    clean = _walker()
    world = np.random.default_rng(2).normal(size=(*clean.scores.shape, 3)).astype(np.float32)
    spoilt = _spoilt(replace(clean, world=world), [(20, 30)])
    assert spoilt.world is not None
    left, right = COCO.index("left_knee"), COCO.index("right_knee")
    np.testing.assert_array_equal(spoilt.world[20:30, :, left], world[20:30, :, right])
    np.testing.assert_array_equal(spoilt.world[30:], world[30:])
    back = _spoilt(spoilt, [(20, 30)]).world
    np.testing.assert_array_equal(np.asarray(back), world)


def _hanging(seed: int) -> PoseSequence:
    """Seen from behind, pulling up slowly; for a third of a second the left arm is drawn on the right one."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0, 8, 1 / 30)
    points = np.full((len(time_s), 1, 17, 2), np.nan)
    rise = 40 * (1 - np.cos(2 * np.pi * time_s / 2.5))[:, None]
    for joint, x, y, moves in ((5, 100, 700, 1.0), (7, 200, 570, 0.6), (9, 285, 350, 0.0)):
        for side, sign in ((0, -1), (1, 1)):
            points[:, :, joint + side, 0] = sign * x
            points[:, :, joint + side, 1] = y - moves * rise
    points += rng.normal(0, 2.5, points.shape)
    for joint, start, end in ((5, 57, 60), (7, 54, 63), (9, 46, 66)):
        points[start:end, :, joint] = points[start:end, :, joint + 1] + rng.normal(0, 2, (end - start, 1, 2))
    scores = np.isfinite(points[..., 0]).astype(np.float32)
    return PoseSequence(points.astype(np.float32), scores, time_s, np.zeros(1, np.int64), COCO)


@pytest.mark.parametrize("seed", [0, 6, 8])
def test_a_limb_drawn_on_the_other_does_not_leave_the_rest_exchanged(seed: int) -> None:
    clean = _hanging(seed)
    repaired, _ = repair_sides(_spoilt(clean, [(51, 65)], ARMS))
    after = slice(66, None)
    np.testing.assert_array_equal(repaired.keypoints[after], clean.keypoints[after])


@pytest.mark.parametrize("unseen", [(0, 45), (10, 45)], ids=["who comes in late", "who was hidden"])
def test_an_exchange_at_the_first_sight_of_somebody_is_found(unseen: tuple[int, int]) -> None:
    clean = _walker()
    clean.keypoints[slice(*unseen)] = np.nan
    repaired, _ = repair_sides(_spoilt(clean, [(45, 52)]))
    apart = _far_apart(clean, LEGS)
    np.testing.assert_array_equal(repaired.keypoints[apart][:, 0, LEGS], clean.keypoints[apart][:, 0, LEGS])
