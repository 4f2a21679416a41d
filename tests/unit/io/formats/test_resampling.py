"""Resampling to an even rate; oracle: numpy's interpolation, and straight lines that stay what they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.io.formats.resampling import resampled
from gonio.io.formats.sequence_files import read_sequence, write_sequence
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence

MakeSequence = Callable[..., PoseSequence]
UNEVEN = np.array([1.0, 1.02, 1.07, 1.1, 1.15])


def test_along_straight_lines(make_sequence: MakeSequence) -> None:
    given = replace(make_sequence(2), time_s=UNEVEN)
    given = replace(given, keypoint_sd=np.where(given.scores > 0, given.scores, np.nan).astype(np.float32))
    found = resampled(given, 100)
    np.testing.assert_allclose(found.time_s, 1 + np.arange(16) / 100)
    for name in ("keypoints", "scores"):
        old, new = getattr(given, name)[:, 1, 3], getattr(found, name)[:, 1, 3]
        for column in np.ndindex(old.shape[1:]):
            theirs = np.interp(found.time_s, UNEVEN, old[(slice(None), *column)])
            np.testing.assert_allclose(new[(slice(None), *column)], theirs, atol=1e-5)
    assert found.history == ("resampled along straight lines from typically 25 Hz to 100 Hz",)


def test_frames_that_are_there_stay_and_gaps_too(make_sequence: MakeSequence) -> None:
    given = replace(make_sequence(), time_s=UNEVEN, flags=np.zeros((5, 1, 26), np.uint8))
    knee = given.skeleton.index("left_knee")  # missing in the second frame
    found = resampled(given, 100)
    np.testing.assert_array_equal(found.keypoints[[0, 7, 10, 15]], given.keypoints[[0, 2, 3, 4]])
    there = np.isfinite(found.keypoints[:, 0, knee, 0])
    assert there.tolist() == [True] + [False] * 6 + [True] * 9
    assert found.flags is not None
    assert ((found.flags[:, 0, knee] & KeypointFlag.MISSING) > 0).tolist() == (~there).tolist()
    assert (found.scores[:, 0, knee] > 0).tolist() == there.tolist()


def test_nothing_is_put_into_a_long_gap(make_sequence: MakeSequence) -> None:
    given = replace(make_sequence(), time_s=np.array([0.0, 0.1, 0.5, 0.6, 0.7]))
    found = resampled(given, 20).point("nose")[:, 0, 0]
    assert np.isfinite(found).tolist() == [True] * 3 + [False] * 7 + [True] * 5


@pytest.mark.parametrize("rate", [5.0, 4.0, 1.0])
def test_a_slow_film_is_no_gap(make_sequence: MakeSequence, rate: float) -> None:
    given = make_sequence()
    found = resampled(replace(given, time_s=np.arange(5) / rate), 30)
    assert np.isfinite(found.point("nose")).all()


def test_one_frame_and_a_wrong_rate(make_sequence: MakeSequence) -> None:
    given = make_sequence()
    one = given.between(0, 0.01)
    assert resampled(one, 50) is one
    for rate in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="give a positive number of frames a second"):
            resampled(given, rate)


@pytest.mark.parametrize("suffix", [".c3d", ".bvh"])
def test_a_file_of_one_rate_says_the_way_out_and_it_leads_there(
    tmp_path: Path, make_sequence: MakeSequence, suffix: str
) -> None:
    if suffix == ".c3d":
        pytest.importorskip("ezc3d")
    given = replace(make_sequence(), time_s=UNEVEN)
    with pytest.raises(ConfigError, match=r"give an even rate with --resample 25 "):
        write_sequence(tmp_path / f"a{suffix}", given)
    write_sequence(tmp_path / f"a{suffix}", resampled(given, 25))
    np.testing.assert_allclose(read_sequence(tmp_path / f"a{suffix}").time_s, np.arange(4) / 25, atol=1e-9)
