import math

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.errors import ShapeError
from gonio.geometry.oks import oks


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


SIGMAS = f32([0.1, 0.2])
ORIGIN = np.zeros((1, 2, 2), np.float32)


def test_a_pose_on_its_reference_is_one() -> None:
    assert oks(ORIGIN, ORIGIN, areas=f32([100]), sigmas=SIGMAS).tolist() == [[1]]


def test_one_standard_deviation_away() -> None:
    """d = 2 sigma sqrt(area) gives exp(-1/2) for that keypoint."""
    moved = f32([[[2, 0], [0, 4]]])
    assert oks(moved, ORIGIN, areas=f32([100]), sigmas=SIGMAS)[0, 0] == pytest.approx(math.exp(-0.5))


def test_it_is_the_mean_over_keypoints() -> None:
    moved = f32([[[0, 0], [1e6, 0]]])
    assert oks(moved, ORIGIN, areas=f32([100]), sigmas=SIGMAS).tolist() == [[0.5]]


def test_a_missing_keypoint_is_infinitely_far() -> None:
    missing = f32([[[0, 0], [math.nan, math.nan]]])
    assert oks(missing, ORIGIN, areas=f32([100]), sigmas=SIGMAS).tolist() == [[0.5]]


def test_an_unlabelled_reference_keypoint_does_not_count() -> None:
    moved = f32([[[0, 0], [50, 50]]])
    labelled = np.array([[True, False]])
    assert oks(moved, ORIGIN, areas=f32([100]), sigmas=SIGMAS, labelled=labelled).tolist() == [[1]]
    reference = f32([[[0, 0], [math.nan, math.nan]]])
    assert oks(moved, reference, areas=f32([100]), sigmas=SIGMAS).tolist() == [[1]]


def test_a_reference_without_keypoints_is_like_nobody() -> None:
    labelled = np.zeros((1, 2), bool)
    assert oks(ORIGIN, ORIGIN, areas=f32([100]), sigmas=SIGMAS, labelled=labelled).tolist() == [[0]]


def test_a_reference_without_area_is_like_nobody_but_itself() -> None:
    near = f32([[[0.1, 0], [0.1, 0]]])
    assert oks(near, ORIGIN, areas=f32([0]), sigmas=SIGMAS).tolist() == [[0]]
    assert oks(ORIGIN, ORIGIN, areas=f32([0]), sigmas=SIGMAS).tolist() == [[1]]


@pytest.mark.parametrize(("n", "m"), [(0, 2), (3, 0), (3, 2)])
def test_it_is_of_every_pair(n: int, m: int) -> None:
    values = oks(
        np.zeros((n, 2, 2), np.float32),
        np.zeros((m, 2, 2), np.float32),
        areas=np.ones(m, np.float32),
        sigmas=SIGMAS,
    )
    assert values.shape == (n, m)
    assert values.dtype == np.float32


@pytest.mark.parametrize(
    ("keypoints", "areas", "labelled", "message"),
    [
        pytest.param((1, 3, 2), (1,), (1, 2), r"keypoints has shape \(1, 3, 2\), expected \(1, 2, 2\)", id="K"),
        pytest.param((1, 2, 2), (2,), (1, 2), r"areas has shape \(2,\), expected \(1,\)", id="M"),
        pytest.param((1, 2, 2), (1,), (1, 3), r"labelled has shape \(1, 3\), expected \(1, 2\)", id="labelled"),
    ],
)
def test_shapes_must_fit(
    keypoints: tuple[int, ...], areas: tuple[int, ...], labelled: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        oks(
            np.zeros(keypoints, np.float32),
            ORIGIN,
            areas=np.ones(areas, np.float32),
            sigmas=SIGMAS,
            labelled=np.ones(labelled, bool),
        )
