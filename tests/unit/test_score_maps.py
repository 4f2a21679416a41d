import numpy as np
import pytest

from gonio.score_maps import back_through_knots, back_through_logit, logit, through_knots, through_logit


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


@pytest.mark.parametrize(("temperature", "bias"), [(1, 0), (0.5, 2.1), (2, -1)])
def test_back_through_the_logit(temperature: float, bias: float) -> None:
    """As float32, which is what a model's probabilities are: at the upper end many scores lie close together."""
    scores = np.linspace(1e-3, 1 - 1e-3, 999)
    values = through_logit(scores, temperature=temperature, bias=bias).astype(np.float32)
    np.testing.assert_allclose(back_through_logit(values, temperature=temperature, bias=bias), scores, atol=3e-4)
    ends = back_through_logit(np.array([0, 1], np.float32), temperature=1, bias=0)
    np.testing.assert_allclose(ends, [0, 1], atol=1e-6)


def test_back_through_knots() -> None:
    """Between knots that rise exactly; where they are level, the middle."""
    knots = [(0.1, 0.0), (0.3, 0.0), (0.5, 0.4), (0.9, 1.0)]
    np.testing.assert_allclose(back_through_knots(np.array([0.0, 0.4, 0.7, 1.0]), knots), [0.2, 0.5, 0.7, 0.9])
    rising = knots[1:]
    scores = np.linspace(0.3, 0.9, 50)
    np.testing.assert_allclose(back_through_knots(through_knots(scores, rising), rising), scores)
