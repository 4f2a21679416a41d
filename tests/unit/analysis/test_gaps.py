from collections.abc import Sequence

import numpy as np
import pytest

from gonio.analysis.gaps import fill_gaps
from gonio.arrays import FlagArray, FloatArray64
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

WRIST = 9


def _line(
    times: Sequence[float] | FloatArray64, missing: list[int], *, dimensions: int = 2, flags: FlagArray | None = None
) -> PoseSequence:
    """A wrist that moves evenly; NaN at the indices ``missing``."""
    points = np.full((len(times), 1, 17, dimensions), np.nan, np.float32)
    points[:, 0, WRIST] = np.asarray(times)[:, None] * 10
    points[missing, 0, WRIST] = np.nan
    return PoseSequence(
        points, np.ones((len(times), 1, 17), np.float32), np.asarray(times, np.float64), np.zeros(1, np.int64),
        load_skeleton("coco17"), flags=flags,
    )  # fmt: skip


def _flags(sequence: PoseSequence) -> FlagArray:
    assert sequence.flags is not None
    return sequence.flags


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_short_gap_is_filled_along_true_time(dimensions: int) -> None:
    times = [0.0, 0.03, 0.1, 0.13, 0.17, 0.2]
    filled = fill_gaps(_line(times, [2, 3], dimensions=dimensions), max_gap_s=0.2)
    np.testing.assert_allclose(filled.keypoints[:, 0, WRIST, -1], np.array(times) * 10, rtol=1e-5)
    assert _flags(filled)[:, 0, WRIST].tolist() == [0, 0, 32, 32, 0, 0]


def test_the_limit_counts_from_sighting_to_sighting() -> None:
    sequence = _line(np.arange(10) / 10, [4, 5])
    assert np.isfinite(fill_gaps(sequence, max_gap_s=0.31).keypoints[4, 0, WRIST]).all()
    assert np.isnan(fill_gaps(sequence, max_gap_s=0.29).keypoints[4, 0, WRIST]).all()


def test_ends_and_long_gaps_stay_open_and_keep_their_reason() -> None:
    flags = np.zeros((10, 1, 17), np.uint8)
    flags[4:8, 0, WRIST] = KeypointFlag.LOW_SCORE
    filled = fill_gaps(_line(np.arange(10) / 10, [0, 4, 5, 6, 7, 9], flags=flags), max_gap_s=0.2)
    got = [KeypointFlag(int(flag)) for flag in _flags(filled)[:, 0, WRIST]]
    assert got[0] == got[9] == KeypointFlag.MISSING | KeypointFlag.EXTRAPOLATED
    assert got[5] == KeypointFlag.MISSING | KeypointFlag.EXTRAPOLATED | KeypointFlag.LOW_SCORE
    assert np.isnan(filled.keypoints[[0, 5, 9], 0, WRIST]).all()


def test_filling_replaces_the_reason() -> None:
    flags = np.zeros((5, 1, 17), np.uint8)
    flags[2, 0, WRIST] = KeypointFlag.OUTLIER | KeypointFlag.SIDES_EXCHANGED
    filled = fill_gaps(_line(np.arange(5) / 30, [2], flags=flags), max_gap_s=0.2)
    assert _flags(filled)[2, 0, WRIST] == KeypointFlag.FILLED | KeypointFlag.SIDES_EXCHANGED


def test_what_was_never_seen_is_only_missing() -> None:
    filled = fill_gaps(_line(np.arange(5) / 30, []), max_gap_s=0.2)
    assert (_flags(filled)[:, 0, 0] == KeypointFlag.MISSING).all()


def test_never_goes_beyond_what_was_seen() -> None:
    sequence = _line(np.arange(8) / 30, [3, 4])
    sequence.keypoints[:, 0, WRIST] = np.array([0, 0, 0, np.nan, np.nan, 5, 5, 5])[:, None]
    filled = fill_gaps(sequence, max_gap_s=0.2).keypoints[:, 0, WRIST]
    assert (filled >= 0).all()
    assert (filled <= 5).all()


def test_an_empty_sequence_stays_empty() -> None:
    assert len(fill_gaps(_line([], []), max_gap_s=0.2)) == 0
