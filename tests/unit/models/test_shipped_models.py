"""The shipped models on the shipped photograph. Oracle: where a person sees the joints in it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import gonio
from gonio.arrays import ImageArray
from gonio.errors import ConfigError
from gonio.io.images import read_image
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.topdown import TopDownModel

NAMES = ["multipose", "lightning", "thunder", "thunder-int8"]
PLACES = {  # px, read off the picture by eye: x, y and by how much eye and model may differ
    "nose": (225, 124, 8),
    "left_eye": (247, 103, 6),
    "right_eye": (203, 101, 6),
    "left_ear": (273, 120, 14),
    "right_ear": (175, 115, 14),
    "left_shoulder": (318, 266, 48),  # somewhere in a stiff suit; the one-stage model is the roughest
    "right_shoulder": (97, 254, 48),
}
ASTRONAUT = Path(__file__).resolve().parents[3] / "samples" / "astronaut.jpg"

Load = Callable[[str], PoseModel]


@pytest.fixture(scope="module")
def load() -> Load:
    """Each model once, one thread."""
    return cache(lambda name: load_model(name, threads=1))


@pytest.fixture(scope="module")
def astronaut() -> ImageArray:
    return read_image(ASTRONAUT)


@pytest.mark.parametrize("flip_test", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_one_person_where_she_is(load: Load, astronaut: ImageArray, name: str, flip_test: bool) -> None:
    model = load(name)
    poses = model(astronaut, flip_test=flip_test)
    assert len(poses) == 1
    found = dict(zip(poses.skeleton.keypoint_names, poses.keypoints[0], strict=True))
    for joint, (x, y, radius) in PLACES.items():
        assert np.hypot(*(found[joint] - (x, y))) < radius, (joint, found[joint])
    shown = dict(zip(poses.skeleton.keypoint_names, poses.scores[0], strict=True))
    assert min(shown[joint] for joint in PLACES) > 0.5  # rather right than wrong: cards are calibrated
    assert max(shown["left_ankle"], shown["right_ankle"]) < 0.5  # beyond the lower edge
    x1, y1, x2, y2 = poses.boxes[0]
    assert x1 < 60
    assert y1 < 110
    assert x2 > 300
    assert y2 > 440


@pytest.mark.parametrize("name", NAMES)
def test_the_mirror_image_has_left_and_right_swapped(load: Load, astronaut: ImageArray, name: str) -> None:
    poses = load(name)(np.ascontiguousarray(astronaut[:, ::-1]))
    assert len(poses) == 1
    flipped = dict(zip(poses.skeleton.keypoint_names, poses.keypoints[0], strict=True))
    for joint, (x, y, radius) in PLACES.items():
        other = joint.replace("left", "x").replace("right", "left").replace("x", "right")
        assert np.hypot(*(flipped[other] - (511 - x, y))) < radius, (joint, flipped[other])


@pytest.fixture(scope="module")
def eight(astronaut: ImageArray) -> ImageArray:
    """Two rows of four, 256 px each: more than the six to which the original graph is limited."""
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    return np.tile(np.asarray(small, np.uint8), (2, 4, 1))


@pytest.mark.parametrize("name", NAMES)
def test_eight_people_are_eight_poses(eight: ImageArray, name: str) -> None:
    """Each where she is, at 128 input px a person."""
    poses = load_model(name, threads=1, input_size=512)(eight)
    assert len(poses) == 8
    for row in range(2):
        for column in range(4):
            nose = np.array([225 / 2 + 256 * column, 124 / 2 + 256 * row])
            assert (np.hypot(*(poses.keypoints[:, 0] - nose).T) < 6).sum() == 1, (row, column)


@pytest.mark.parametrize("name", ["lightning", "thunder"])
def test_more_than_six_people_are_found_as_it_comes(load: Load, eight: ImageArray, name: str) -> None:
    """At the default input size each is 80 input px large, of which the proposals may miss one."""
    assert len(load(name)(eight)) > 6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_nobody_in_a_blank_picture(load: Load, name: str, shade: int) -> None:
    poses = load(name)(np.full((240, 320, 3), shade, np.uint8))
    assert len(poses) == 0
    assert (poses.keypoints.shape, poses.boxes.shape) == ((0, 17, 2), (0, 4))


@pytest.mark.parametrize("name", ["multipose", "lightning"])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 2), (5, 3000), (3000, 5), (31, 33)])
def test_odd_sizes_do_not_crash(load: Load, name: str, size_hw: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)
    poses = load(name)(noise, min_person_score=0)
    assert np.isfinite(poses.keypoints).all()
    assert (poses.boxes >= 0).all()
    assert (poses.boxes <= np.array([*size_hw[::-1], *size_hw[::-1]])).all()


def test_four_threads_share_one_model(load: Load, astronaut: ImageArray) -> None:
    """The same numbers as one after another."""
    model = load("lightning")
    pictures = [np.ascontiguousarray(np.roll(astronaut, shift, axis=1)[: 512 - shift]) for shift in (0, 17, 40, 63)]
    one_by_one = [model(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(model, pictures * 3))
    for i, poses in enumerate(at_once):
        for field in ("keypoints", "scores", "boxes", "person_scores"):
            np.testing.assert_array_equal(getattr(poses, field), getattr(one_by_one[i % 4], field))


def test_the_same_picture_gives_the_same_people(load: Load, astronaut: ImageArray) -> None:
    before = astronaut.copy()
    first, second = load("multipose")(astronaut), load("multipose")(astronaut)
    np.testing.assert_array_equal(first.keypoints, second.keypoints)
    np.testing.assert_array_equal(astronaut, before)  # the picture is the caller's


@pytest.mark.parametrize("wrong", [pytest.param("photo.jpg", id="path"), pytest.param(None, id="nothing")])
def test_what_is_no_array_is_refused(wrong: object) -> None:
    model = load_model("multipose", threads=1)
    with pytest.raises(ConfigError, match=f"got {type(wrong).__name__}; gonio.predict opens files"):
        model(wrong)  # type: ignore[call-overload]


def test_threads_do_not_go_with_a_loaded_model() -> None:
    model = load_model("multipose", threads=1)
    with pytest.raises(ConfigError, match="give them to load_model"):
        gonio.predict(np.zeros((8, 8, 3), np.uint8), model=model, threads=2)


def test_int8_is_near_the_float_model(load: Load, astronaut: ImageArray) -> None:
    exact = load("thunder")(astronaut)
    int8 = load("thunder-int8")
    assert isinstance(int8, TopDownModel)
    quick = int8.refine(astronaut, exact)  # in the same crop: MultiPose in int8 gives a box of its own
    sure = exact.scores[0] > 0.5
    away = np.linalg.norm(exact.keypoints[0] - quick.keypoints[0], axis=-1)[sure]
    assert 0 < away.max() < 0.02 * (exact.boxes[0, 3] - exact.boxes[0, 1])
