import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.evaluation.calibration import fit_calibration, pool_adjacent_violators
from gonio.evaluation.matching import KeypointErrors
from gonio.evaluation.pck import pck_curve
from gonio.evaluation.reliability import ScoredKeypoints, reliability

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, spread=st.floats(0, 100), missing=st.floats(0, 1))
def test_the_area_is_a_percentage_and_falls_with_the_error(seed: int, spread: float, missing: float) -> None:
    rng = np.random.default_rng(seed)
    labelled = rng.random((4, 6)) < 0.8
    distances = np.where(labelled & (rng.random((4, 6)) >= missing), rng.exponential(spread + 1e-9, (4, 6)), np.nan)
    unit = rng.uniform(10, 100, 4)
    curve = pck_curve(KeypointErrors(distances, labelled, unit))
    if not labelled.any():
        assert np.isnan(curve.auc)
        return
    assert 0 <= curve.auc <= 100
    assert (np.diff(curve.pck) >= 0).all()
    assert pck_curve(KeypointErrors(2 * distances, labelled, unit)).auc <= curve.auc
    # the drawn curve encloses the same area, up to its steps
    assert np.trapezoid(curve.pck, curve.thresholds) / 0.5 == pytest.approx(curve.auc, abs=1.1)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.floats(-100, 100), min_size=1, max_size=30),
    seed=seeds,
)
def test_pooling_rises_and_keeps_the_mean(values: list[float], seed: int) -> None:
    weights = np.random.default_rng(seed).uniform(0.1, 10, len(values))
    pooled = pool_adjacent_violators(np.array(values), weights)
    assert (np.diff(pooled) >= 0).all()
    assert np.average(pooled, weights=weights) == pytest.approx(np.average(values, weights=weights), abs=1e-9)
    np.testing.assert_allclose(pool_adjacent_violators(pooled, weights), pooled, atol=1e-9)
    assert pooled.min() >= min(values) - 1e-9
    assert pooled.max() <= max(values) + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_probabilities_have_no_calibration_error(seed: int) -> None:
    """20000 outcomes in 10 bins: the mean distance by chance alone is 0.009."""
    rng = np.random.default_rng(seed)
    scores = rng.random(20_000)
    measured = reliability(scores, rng.random(20_000) < scores)
    assert measured.ece < 0.02
    assert measured.brier == pytest.approx(1 / 6, abs=0.01)  # the mean of p (1 - p)
    assert 0 <= reliability(rng.random(50), rng.random(50) < 0.5).ece <= 1


@settings(max_examples=15, deadline=None)
@given(seed=seeds, power=st.floats(0.2, 5), method=st.sampled_from(["isotonic", "temperature"]))
def test_calibrated_scores_never_turn_round(seed: int, power: float, method: str) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(600)
    keypoints = ScoredKeypoints(
        scores, rng.random(600) < 0.05 + 0.9 * scores**power, rng.random(600), rng.integers(0, 30, 600)
    )
    mapped = fit_calibration(keypoints, method=method).map(np.linspace(0, 1, 200))  # type: ignore[arg-type]
    assert (np.diff(mapped) >= 0).all()
    assert mapped.min() >= 0
    assert mapped.max() <= 1
