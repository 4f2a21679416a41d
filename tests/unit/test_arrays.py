import pytest

from gonio.arrays import check_shape
from gonio.errors import PoseError, ShapeError


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param((2, 3), (2, 3), id="equal"),
        pytest.param((2, 3), (None, 3), id="any first"),
        pytest.param((0, 17, 2), (0, None, 2), id="nobody"),
        pytest.param((), (), id="a number"),
        pytest.param([4], (4,), id="a list"),
    ],
)
def test_shapes_that_fit(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> None:
    check_shape("scores", shape, expected)


@pytest.mark.parametrize(
    ("shape", "expected", "message"),
    [
        pytest.param((1, 3), (2, 3), "scores has shape (1, 3), expected (2, 3)", id="length"),
        pytest.param((3,), (2, 3), "scores has shape (3,), expected (2, 3)", id="fewer axes"),
        pytest.param((2, 3, 4), (2, 3), "scores has shape (2, 3, 4), expected (2, 3)", id="more axes"),
        pytest.param((5, 2), (None, 3), "scores has shape (5, 2), expected (any, 3)", id="any and length"),
        pytest.param((2,), (3,), "scores has shape (2,), expected (3,)", id="one axis"),
    ],
)
def test_shapes_that_do_not(shape: tuple[int, ...], expected: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        check_shape("scores", shape, expected)
    assert str(caught.value) == message
    assert isinstance(caught.value, PoseError)
    assert isinstance(caught.value, ValueError)
