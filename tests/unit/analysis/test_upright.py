import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, one_track, seen

from gonio.analysis.landmarks import landmark, positions
from gonio.analysis.upright import upright
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.structures.skeleton import load_skeleton

PERSON = jointed_person(20, trunk_lean=10.0, knee_flexion=15.0)


def test_pixels_are_turned_over_and_metres_are_not() -> None:
    picture = np.full((1, 26, 2), (3.0, 4.0))
    assert upright(one_track(picture))[0, 0, 0].tolist() == [3.0, -4.0]
    assert upright(one_track(picture, unit="m"))[0, 0, 0].tolist() == [3.0, 4.0]


@pytest.mark.parametrize("roll_deg", [-90.0, -7.0, 0.0, 30.0])
def test_a_rolled_camera_is_turned_back(roll_deg: float) -> None:
    level, rolled = seen(PERSON), seen(PERSON, roll_deg=roll_deg)
    difference = upright(rolled, up_deg=roll_deg) - upright(level)
    np.testing.assert_allclose(difference - difference[:1, :, :1], 0, atol=1e-3)


def walked(degrees: float, *, speed: float, facing: float) -> FloatArray64:
    """Somebody who faces one way and goes another, both degrees counter-clockwise seen from above."""
    path = np.arange(20)[:, None, None] * speed * np.array([1.0, 0, 0])
    return turned(PERSON, facing) + turned(np.broadcast_to(path, (20, 1, 3)), degrees)


def turned(points: FloatArray64, degrees: float) -> FloatArray64:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x * cos + z * sin, y, z * cos - x * sin], axis=-1)


@pytest.mark.parametrize(
    ("path_deg", "speed", "forward_deg"),
    [(130.0, 0.1, 130.0), (140.0, 0.1, 140.0), (-50.0, 0.1, 130.0), (140.0, 0.0, 130.0)],
    ids=["straight", "hips a little turned", "backwards", "on the spot"],
)
def test_in_space_forward_is_the_path_if_it_leads_where_the_hips_face(
    path_deg: float, speed: float, forward_deg: float
) -> None:
    found = upright(one_track(walked(path_deg, speed=speed, facing=130.0), unit="m"))
    expected = turned(walked(path_deg, speed=speed, facing=130.0), -forward_deg)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


def test_the_middle_of_two_points_and_a_point_without_side() -> None:
    coco = load_skeleton("coco17")
    points = np.arange(34.0).reshape(17, 2)
    assert positions(points, landmark(coco, "mid_hip")).tolist() == [23.0, 24.0]
    assert landmark(coco, "nose").indices == (0,)
    assert np.isnan(positions(points, landmark(coco, "toe", "left"))).all()
    assert landmark(coco, "toe", "left").label == "left toe"
    with pytest.raises(ConfigError, match="'knee' has a side"):
        landmark(coco, "knee")
