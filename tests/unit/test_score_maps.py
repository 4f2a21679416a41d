import numpy as np
import pytest

from gonio.score_maps import logit, through_knots, through_logit


def test_logit_by_hand_and_finite_at_the_ends() -> None:
    np.testing.assert_allclose(logit(np.array([0.5, 0.75])), [0, np.log(3)])
    low, high = logit(np.array([0.0, 1.0]))
    assert low == pytest.approx(-high)
    assert np.isfinite(low)


def test_knots_are_joined_by_lines_and_level_beyond() -> None:
    mapped = through_knots(np.array([[0.0, 0.2], [0.3, 1.0]]), [(0.2, 0.4), (0.4, 0.8)])
    np.testing.assert_allclose(mapped, [[0.4, 0.4], [0.6, 0.8]])


def test_one_knot_is_a_constant() -> None:
    assert through_knots(np.array([0.0, 1.0]), [(0.5, 0.7)]).tolist() == [0.7, 0.7]


def test_a_temperature_below_one_sharpens() -> None:
    """By hand: sigmoid(2 ln 3) = 9 / 10; with a bias of -ln 9 it is 1 / 2."""
    assert through_logit(np.array([0.75]), temperature=0.5, bias=0) == pytest.approx(0.9)
    assert through_logit(np.array([0.75]), temperature=0.5, bias=-np.log(9)) == pytest.approx(0.5)


def test_missing_scores_stay_missing() -> None:
    assert np.isnan(through_logit(np.array([np.nan]), temperature=1, bias=0)).all()
