from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gonio.analysis.cleaning import CleaningSettings, clean
from gonio.arrays import FlagArray, FloatArray64
from gonio.errors import ConfigError
from gonio.structures.flags import EXCLUDED, KeypointFlag
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
WRIST = 9


def _waving(rate: float = 30.0) -> tuple[PoseSequence, FloatArray64]:
    """A person of 340 px who stands and waves the left hand; also the same without noise."""
    time_s = np.arange(90) / rate
    points = np.zeros((90, 1, 17, 2))
    heights = {0: 10, 1: 5, 3: 8, 5: 60, 7: 120, 9: 175, 11: 180, 13: 265, 15: 345}
    for left, y in heights.items():
        for k in {left, COCO.flip_indices[left]}:
            points[:, 0, k] = (230 if COCO.sides[k] == "left" else 170, y)
    points[:, 0, WRIST, 0] += 20 * np.sin(2 * np.pi * time_s)
    noisy = points + np.random.default_rng(0).normal(0, 1.0, points.shape)
    ones = np.ones(points.shape[:3], np.float32)
    return PoseSequence(noisy.astype(np.float32), ones, time_s, np.zeros(1, np.int64), COCO), points


def _flags(sequence: PoseSequence) -> FlagArray:
    assert sequence.flags is not None
    return sequence.flags


def _line(sequence: PoseSequence, start: str) -> str:
    return next(line for line in sequence.history if line.startswith(start))


def test_noise_is_less_afterwards_and_nothing_else_changes() -> None:
    sequence, truth = _waving()
    cleaned = clean(sequence)
    assert np.std(cleaned.keypoints - truth) < 0.7 * np.std(sequence.keypoints - truth)
    assert not _flags(cleaned).any()
    assert cleaned.keypoints.dtype == np.float32
    np.testing.assert_array_equal(cleaned.time_s, sequence.time_s)
    np.testing.assert_array_equal(cleaned.scores, sequence.scores)
    assert cleaned.unit == "px"


def test_a_low_score_in_passing_is_filled() -> None:
    sequence, truth = _waving()
    sequence.scores[40:43, 0, WRIST] = 0.1
    sequence.keypoints[40:43, 0, WRIST] = 0
    cleaned = clean(sequence)
    np.testing.assert_allclose(cleaned.keypoints[40:43, 0, WRIST], truth[40:43, 0, WRIST], atol=4)
    assert (_flags(cleaned)[40:43, 0, WRIST] == KeypointFlag.FILLED).all()
    assert cleaned.scores[41, 0, WRIST] == np.float32(0.1)
    assert ": 3 (0.2 %)" in _line(cleaned, "keypoints with a score below 0.2 left out")
    assert _line(cleaned, "gaps up to 0.2 s filled").startswith("gaps up to 0.2 s filled: 3 ")


def test_a_low_score_for_long_stays_out_with_its_reason() -> None:
    sequence, _ = _waving()
    sequence.scores[30:60, 0, WRIST] = 0.1
    cleaned = clean(sequence)
    assert np.isnan(cleaned.keypoints[30:60, 0, WRIST]).all()
    reason = KeypointFlag.LOW_SCORE | KeypointFlag.EXTRAPOLATED | KeypointFlag.MISSING
    assert (_flags(cleaned)[30:60, 0, WRIST] == reason).all()
    assert (_flags(cleaned)[30:60, 0, WRIST] & EXCLUDED).all()


def test_an_outlier_is_rejected_and_filled() -> None:
    sequence, truth = _waving()
    sequence.keypoints[50, 0, WRIST] += (15, -90)
    cleaned = clean(sequence)
    np.testing.assert_allclose(cleaned.keypoints[50, 0, WRIST], truth[50, 0, WRIST], atol=4)
    assert _flags(cleaned)[50, 0, WRIST] == KeypointFlag.FILLED
    assert _line(cleaned, "keypoints rejected").startswith("keypoints rejected: 1 ")


def test_exchanged_sides_come_back_and_are_counted() -> None:
    sequence, truth = _waving()
    sequence.keypoints[60:64, 0, 11:] = sequence.keypoints[60:64, 0][:, [12, 11, 14, 13, 16, 15]]
    cleaned = clean(sequence)
    np.testing.assert_allclose(cleaned.keypoints[60:64, 0, 11:], truth[60:64, 0, 11:], atol=4)
    assert _line(cleaned, "left and right") == "left and right exchanged back: legs once (4 frames)"


def test_every_step_can_be_left_out() -> None:
    sequence, _ = _waving()
    settings = CleaningSettings(min_score=0, repair_sides=False, reject_outliers=False, max_gap_s=0, filter="none")
    cleaned = clean(sequence, settings)
    np.testing.assert_array_equal(cleaned.keypoints, sequence.keypoints)
    assert cleaned.history[-1] == "not filtered"


def test_the_history_names_the_cutoff() -> None:
    sequence, _ = _waving()
    assert _line(clean(sequence, CleaningSettings(cutoff_hz=6)), "filtered").endswith("order 4, cut-off 6 Hz")
    assert "Hz by residual analysis (Winter), median" in _line(clean(sequence), "filtered")


def test_a_cutoff_too_high_for_the_frame_rate_is_lowered_and_said_so() -> None:
    sequence, _ = _waving(rate=10)
    line = _line(clean(sequence, CleaningSettings(cutoff_hz=6)), "filtered")
    assert line.endswith("cut-off 4 Hz instead of 6 Hz, as frames come at 10 per second")


def test_three_dimensions_and_metres_stay() -> None:
    sequence, _ = _waving()
    points = np.concatenate([sequence.keypoints, sequence.keypoints[..., :1]], axis=-1) / 200
    cleaned = clean(replace(sequence, keypoints=points.astype(np.float32), unit="m"))
    assert cleaned.keypoints.shape[-1] == 3
    assert cleaned.unit == "m"
    np.testing.assert_allclose(cleaned.keypoints, points, atol=0.05)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5])
def test_short_sequences_pass(length: int) -> None:
    sequence, _ = _waving()
    assert len(clean(sequence.between(0, (length - 0.5) / 30))) == length


def test_nobody_passes() -> None:
    sequence, _ = _waving()
    nobody = replace(
        sequence, keypoints=sequence.keypoints[:, :0], scores=sequence.scores[:, :0], track_ids=sequence.track_ids[:0]
    )
    assert clean(nobody).keypoints.shape == (90, 0, 17, 2)


@pytest.mark.parametrize(
    "wrong",
    [{"filter": "median"}, {"min_score": 2}, {"max_gap_s": -1}, {"cutoff_hz": 0}, {"cutoff_limits_hz": (5, 3)}],
    ids=str,
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} is"):
        CleaningSettings(**wrong)
