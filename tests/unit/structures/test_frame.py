from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from gonio.errors import PoseError, ShapeError
from gonio.structures.frame import Frame


def test_size_is_width_then_height() -> None:
    assert Frame(np.zeros((480, 640, 3), np.uint8)).size_wh == (640, 480)


def test_a_still_has_no_time() -> None:
    frame = Frame(np.zeros((1, 1, 3), np.uint8))
    assert (frame.index, frame.time_s, frame.source) == (0, None, "array")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        pytest.param((480, 640), "uint8", id="grey"),
        pytest.param((480, 640, 4), "uint8", id="with alpha"),
        pytest.param((3, 480, 640), "uint8", id="channels first"),
        pytest.param((0, 640, 3), "uint8", id="no rows"),
        pytest.param((480, 640, 3), "float32", id="floats"),
        pytest.param((1, 480, 640, 3), "uint8", id="batch"),
    ],
)
def test_other_images_are_refused_with_what_was_seen(shape: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(ShapeError, match=rf"\({shape[0]}, .*{dtype}, expected \(H, W, 3\) uint8"):
        Frame(np.zeros(shape, dtype))


def test_what_is_no_array_is_refused_too() -> None:
    """Such as the None of ``cv2.imread`` and of a camera that has ended."""
    with pytest.raises(ShapeError, match=r"image is NoneType, expected an .* array in RGB order; was its file read"):
        Frame(None)  # type: ignore[arg-type]


def test_a_shape_error_is_a_pose_error_and_a_value_error() -> None:
    with pytest.raises(PoseError):
        Frame(np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match="expected"):
        Frame(np.zeros((2, 2), np.uint8))


def test_it_is_frozen() -> None:
    frame = Frame(np.zeros((1, 1, 3), np.uint8))
    with pytest.raises(FrozenInstanceError):
        frame.index = 3  # type: ignore[misc]
