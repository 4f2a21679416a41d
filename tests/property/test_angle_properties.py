import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.geometry.angles import joint_angle_deg


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_turning_shifting_scaling_and_mirroring_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 100, (3, 2))
    turn, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 10)
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = points @ rotation.T * (1, -1) + rng.normal(0, 100, 2)
    assert joint_angle_deg(*moved) == pytest.approx(joint_angle_deg(*points), abs=1e-6)
    a, b, c = points
    assert joint_angle_deg(c, b, a) == joint_angle_deg(a, b, c)
