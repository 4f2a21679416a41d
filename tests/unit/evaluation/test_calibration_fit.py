import itertools

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.calibration import error_table, fit_calibration, pool_adjacent_violators
from gonio.evaluation.reliability import ScoredKeypoints
from gonio.score_maps import through_logit


def synthetic(n: int = 4000, *, temperature: float = 0.5, bias: float = 1.0, seed: int = 0) -> ScoredKeypoints:
    """Keypoints whose probability of being right is a known function of their score, of 200 pictures."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.02, 0.98, n)
    truth = through_logit(scores, temperature=temperature, bias=bias)
    errors = rng.exponential(0.1 * (1.1 - truth))
    return ScoredKeypoints(scores, rng.random(n) < truth, errors, rng.integers(0, 200, n))


def nearest_rising(values: list[float], weights: list[float]) -> float:
    """The least weighted squared distance of any way to pool neighbours that rises: brute force."""
    n, best = len(values), np.inf
    for cuts in itertools.product((False, True), repeat=n - 1):
        edges = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), n]
        parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
        means = [np.average(values[part], weights=weights[part]) for part in parts]
        if all(a <= b for a, b in itertools.pairwise(means)):
            cost = sum(
                np.sum(np.array(weights[part]) * (np.array(values[part]) - mean) ** 2)
                for part, mean in zip(parts, means, strict=True)
            )
            best = min(best, float(cost))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_pooling_is_the_nearest_rising_sequence(seed: int) -> None:
    """Oracle: brute force over all ways to pool; isotonic regression is always one of them."""
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(0, 1, 8), rng.uniform(0.5, 3, 8)
    pooled = pool_adjacent_violators(values, weights)
    cost = float((weights * (values - pooled) ** 2).sum())
    assert cost == pytest.approx(nearest_rising(values.tolist(), weights.tolist()), rel=1e-9)


def test_pooling_by_hand() -> None:
    assert pool_adjacent_violators(np.array([3.0, 1.0]), np.array([1.0, 3.0])).tolist() == [1.5, 1.5]
    assert pool_adjacent_violators(np.array([1.0, 2.0, 5.0]), np.ones(3)).tolist() == [1, 2, 5]
    assert pool_adjacent_violators(np.zeros(0), np.zeros(0)).shape == (0,)


def test_temperature_finds_the_true_map() -> None:
    """2 % of 20000 outcomes is about three standard errors of the fit."""
    fit = fit_calibration(synthetic(20_000, temperature=0.5, bias=1.0), method="temperature")
    assert fit.map.temperature == pytest.approx(0.5, rel=0.05)
    assert fit.map.bias == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("method", ["isotonic", "temperature"])
def test_either_map_makes_scores_probabilities(method: str) -> None:
    fit = fit_calibration(synthetic(), method=method)  # type: ignore[arg-type]
    assert fit.map.method == method
    assert fit.before.ece > 0.1
    assert fit.after[fit.map.method].ece < 0.03
    assert fit.after[fit.map.method].brier < fit.before.brier
    grid = np.linspace(0, 1, 101)
    assert (np.diff(fit.map(grid)) >= 0).all()
    np.testing.assert_allclose(fit.map(grid), through_logit(grid, temperature=0.5, bias=1.0), atol=0.12)


def test_scores_that_are_probabilities_stay() -> None:
    fit = fit_calibration(synthetic(20_000, temperature=1, bias=0), method="temperature")
    assert fit.before.ece < 0.02
    np.testing.assert_allclose(fit.map(np.linspace(0.1, 0.9, 9)), np.linspace(0.1, 0.9, 9), atol=0.03)


def test_the_better_one_is_taken_and_the_same_each_time() -> None:
    first, again = fit_calibration(synthetic()), fit_calibration(synthetic())
    assert first.map == again.map
    assert first.after[first.map.method].brier == min(one.brier for one in first.after.values())


def test_held_out_pictures_are_held_out() -> None:
    """Scores that tell the picture apart, and outcomes by the coin: nothing to learn but each picture's luck."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(10), 60)
    luck = rng.random(10) < 0.5
    scores = 0.05 + groups / 11 + rng.uniform(0, 0.01, 600)
    fit = fit_calibration(ScoredKeypoints(scores, luck[groups], np.zeros(600), groups), method="isotonic")
    on_its_own_pictures = float(((fit.map(scores) - luck[groups]) ** 2).mean())
    assert fit.after["isotonic"].brier > on_its_own_pictures + 0.05


def test_a_map_never_turns_scores_round() -> None:
    found = synthetic()
    worse = ScoredKeypoints(1 - found.scores, found.correct, found.errors, found.groups)
    for method in ("isotonic", "temperature"):
        mapped = fit_calibration(worse, method=method).map(np.linspace(0, 1, 50))
        assert (np.diff(mapped) >= 0).all()


def test_errors_fall_as_scores_rise() -> None:
    found = synthetic()
    fit = fit_calibration(found)
    assert [row.score for row in fit.errors] == sorted(row.score for row in fit.errors)
    for values in ([row.median for row in fit.errors], [row.rms for row in fit.errors]):
        assert values == sorted(values, reverse=True)
        assert values[0] > 2 * values[-1]
    assert sum(row.keypoints for row in fit.errors) == len(found)


def test_the_error_table_by_hand() -> None:
    """Twenty keypoints make one row: errors 1 and 3 in turn have the median 2 and the mean square 5."""
    (row,) = error_table(np.full(21, 0.5), np.array([*[1.0, 3.0] * 10, np.nan]))
    assert [row.score, row.median, row.rms, row.keypoints] == pytest.approx([0.5, 2, np.sqrt(5), 20])
    assert error_table(np.full(3, 0.5), np.full(3, np.nan)) == ()


@pytest.mark.parametrize(
    ("keypoints", "fact"),
    [
        pytest.param(synthetic(150), "there are 150 labelled keypoints", id="few"),
        pytest.param(
            ScoredKeypoints(np.full(300, 0.5), np.arange(300) % 2 == 0, np.zeros(300), np.zeros(300, np.int64)),
            "in 1 pictures",
            id="one picture",
        ),
        pytest.param(
            ScoredKeypoints(np.full(300, 0.5), np.ones(300, bool), np.zeros(300), np.arange(300)),
            "300 of them right",
            id="nothing wrong",
        ),
    ],
)
def test_too_little_is_refused(keypoints: ScoredKeypoints, fact: str) -> None:
    with pytest.raises(ConfigError, match=f"{fact}.*give more labelled pictures"):
        fit_calibration(keypoints)


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(ConfigError, match="no calibration method is named 'spline'; there are: isotonic, temperature"):
        fit_calibration(synthetic(), method="spline")  # type: ignore[arg-type]
