import numpy as np
import pytest

from gonio.errors import ShapeError
from gonio.geometry.angles import joint_angle_deg


@pytest.mark.parametrize(
    ("a", "c", "expected"),
    [
        pytest.param((0, 1), (1, 0), 90, id="right"),
        pytest.param((1, 0), (5, 0), 0, id="folded"),
        pytest.param((-2, 0), (1, 0), 180, id="straight"),
        pytest.param((1, 0), (1, 1), 45, id="half a right one"),
        pytest.param((1, 0), (-1, np.sqrt(3)), 120, id="hexagon"),
        pytest.param((1, 0, 0), (0, 0, 3), 90, id="in space"),
    ],
)
def test_known_angles(a: tuple[float, ...], c: tuple[float, ...], expected: float) -> None:
    joint = np.full(len(a), 7.0)
    assert joint_angle_deg(joint + a, joint, joint + c) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("tiny", [1e-9, 1e-12], ids=str)
def test_angles_near_0_and_180_keep_their_digits(tiny: float) -> None:
    """The arc cosine of a dot product gives exactly 0 and 180 here."""
    joint, along = np.zeros(2), np.array([1.0, 0.0])
    assert joint_angle_deg(along, joint, np.array([1.0, tiny])) == pytest.approx(np.degrees(tiny), rel=1e-9)
    straight = joint_angle_deg(along, joint, np.array([-1.0, tiny]))
    # a float64 near 180 resolves 3e-14 degrees
    assert 180 - straight == pytest.approx(np.degrees(tiny), abs=6e-14)


def test_many_at_once_with_missing_and_coinciding_points() -> None:
    a = np.array([[[0, 1], [np.nan, 1]], [[1, 1], [0, np.inf]]], np.float32)
    b = np.array([[[0, 0], [0, 0]], [[1, 1], [0, 0]]], np.float32)
    c = np.array([[[1, 0], [1, 0]], [[2, 2], [1, 0]]], np.float32)
    angles = joint_angle_deg(a, b, c)
    assert angles.shape == (2, 2)
    np.testing.assert_array_equal(angles, [[90, np.nan], [np.nan, np.nan]])


def test_nobody_gives_no_angles() -> None:
    none = np.zeros((0, 2))
    assert joint_angle_deg(none, none, none).shape == (0,)


@pytest.mark.parametrize("length", [1e-200, 1e200], ids=str)
def test_length_does_not_matter(length: float) -> None:
    end = np.array([[0.0, length], [length, 0.0]])
    assert joint_angle_deg(end[0], np.zeros(2), end[1]) == 90


def test_shapes_must_agree() -> None:
    with pytest.raises(ShapeError, match=r"b has shape \(3,\), expected \(2,\)"):
        joint_angle_deg(np.zeros(2), np.zeros(3), np.zeros(2))
