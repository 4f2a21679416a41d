"""The score of a top-down person, and the way back to the proposal's."""

import numpy as np
import pytest

from gonio.models.person_score import person_scores, proposal_scores

PROPOSALS = np.array([0.05, 0.1, 0.5, 0.99, 1.0])
KEYPOINTS = np.array([0.9, 0.02, 0.5, 1.0, 0.3])


def test_by_hand() -> None:
    """0.25^0.5 x 0.64^0.5 = 0.5 x 0.8, and 0.00032 = 0.2^5."""
    assert person_scores(np.array([0.25]), np.array([0.64]), share=0.5) == pytest.approx(0.4)
    assert person_scores(np.array([0.00032]), np.array([1.0]), share=0.2) == pytest.approx(0.2)
    assert person_scores(np.array([1.0]), np.array([0.00032]), share=0.8) == pytest.approx(0.2)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_there_and_back(share: float) -> None:
    scores = person_scores(PROPOSALS, KEYPOINTS, share=share)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(proposal_scores(scores, KEYPOINTS, share=share), PROPOSALS, rtol=1e-5)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_nobody_scores_more_than_with_perfect_keypoints(share: float) -> None:
    """What makes it right to leave out a proposal whose best score is below the floor; also in float32."""
    rng = np.random.default_rng(0)
    proposals, keypoints = rng.random(100_000, np.float32), 1 - rng.random(100_000, np.float32) ** 8
    best = person_scores(proposals, np.ones_like(proposals), share=share)
    assert (person_scores(proposals, keypoints, share=share) <= best).all()


def test_equal_values_stay() -> None:
    same = np.array([0.0, 0.2, 0.7, 1.0])
    np.testing.assert_allclose(person_scores(same, same, share=0.2), same, rtol=1e-6)


def test_without_keypoints_nobody_can_say() -> None:
    scores = person_scores(np.array([0.7]), np.array([0.0]), share=0.2)
    assert scores.tolist() == [0.0]
    assert proposal_scores(scores, np.array([0.0]), share=0.2).tolist() == [0.0]


def test_nobody() -> None:
    assert person_scores(np.zeros(0), np.zeros(0), share=0.2).shape == (0,)
    assert proposal_scores(np.zeros(0), np.zeros(0), share=0.2).shape == (0,)
