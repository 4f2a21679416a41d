from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gonio.errors import ShapeError
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton


def labels_of(n: int) -> Annotations:
    return Annotations(
        keypoints=np.zeros((n, 17, 2), np.float32),
        visibility=np.full((n, 17), 2, np.int64),
        boxes=np.zeros((n, 4), np.float32),
        areas=np.ones(n, np.float32),
        is_crowd=np.zeros(n, bool),
        skeleton=load_skeleton("coco17"),
        image_id=5,
        file_name="5.jpg",
        image_hw=(480, 640),
    )


@pytest.mark.parametrize("n", [0, 1, 3])
def test_its_length_is_the_number_of_people(n: int) -> None:
    assert len(labels_of(n)) == n


@pytest.mark.parametrize(
    ("field", "shape", "message"),
    [
        pytest.param("keypoints", (2, 16, 2), r"keypoints has shape \(2, 16, 2\), expected \(2, 17, 2\)", id="K"),
        pytest.param("visibility", (2, 17, 1), r"visibility has shape", id="visibility"),
        pytest.param("boxes", (1, 4), r"boxes has shape \(1, 4\), expected \(2, 4\)", id="N"),
        pytest.param("is_crowd", (3,), r"is_crowd has shape \(3,\), expected \(2,\)", id="crowd"),
    ],
)
def test_arrays_that_disagree_are_refused(field: str, shape: tuple[int, ...], message: str) -> None:
    changes: dict[str, Any] = {field: np.zeros(shape)}
    with pytest.raises(ShapeError, match=message):
        replace(labels_of(2), **changes)


@pytest.mark.parametrize("value", [-1, 3])
def test_visibility_is_zero_one_or_two(value: int) -> None:
    visibility = np.full((1, 17), 2)
    visibility[0, 4] = value
    with pytest.raises(ShapeError, match=rf"visibility must be 0, 1 or 2, got .*{value}.* in '5.jpg'"):
        replace(labels_of(1), visibility=visibility)
