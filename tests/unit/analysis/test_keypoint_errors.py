"""Numbers that rest on keypoints against drawn errors of the same kind."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.correlated_noise import Error, errors_of, read_errors
from benchmarks.motion.gait_walker import walker

from gonio.analysis.keypoint_errors import KeypointErrors, Shape, shapes_of
from gonio.analysis.readings import AXIS_COUNT, Gradient, combined, reading, summed
from gonio.structures.sequence import PoseSequence

TIMES = np.arange(40) / 30.0
FRAMES = np.arange(40)
DRAWS = 4000


def errors(shape: Shape) -> KeypointErrors:
    return KeypointErrors(TIMES, np.full((40, 2), 3.0), (shape,) * 2 * AXIS_COUNT)


def drawn(shape: Shape) -> "Callable[[], np.ndarray]":
    rng = np.random.default_rng(0)
    parts = Error(np.sqrt(shape.fresh), np.sqrt(shape.fading), shape.fading_s, np.sqrt(shape.lasting))
    return lambda: 3.0 * parts.draw(TIMES, rng)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(Shape(1.0, 0.0, 1.0, 0.0), id="white"),
        pytest.param(Shape(0.0, 0.0, 1.0, 1.0), id="lasting"),
        pytest.param(Shape(0.1, 0.5, 0.2, 0.4), id="mixed"),
    ],
)
@pytest.mark.parametrize(
    "weights",
    [
        pytest.param(np.full(40, 1 / 40), id="mean"),
        pytest.param(np.sign(FRAMES - 19.5) / 20, id="difference"),
        pytest.param(np.where(FRAMES == 7, 1.0, 0.0), id="one frame"),
    ],
)
def test_a_weighted_sum_errs_as_drawn_ones_do(shape: Shape, weights: np.ndarray) -> None:
    stated = errors(shape).sd_of({reading(FRAMES, weights, {0: 1.0}, 40): 1.0})
    draw = drawn(shape)
    assert stated == pytest.approx(np.std([weights @ draw() for _ in range(DRAWS)]), rel=0.05, abs=1e-9)


def test_what_two_readings_share_counts_once() -> None:
    place, later = (reading(np.array([frame]), np.ones(1), {0: 1.0}, 40) for frame in (3, 4))
    known = errors(Shape(0.0, 0.0, 1.0, 1.0))
    assert known.sd_of({place: 1.0}) == pytest.approx(3.0)
    assert known.sd_of({place: 1.0, later: -1.0}) == 0.0
    assert known.sd_of({place: 1.0, later: 1.0}) == pytest.approx(6.0)
    other = reading(np.array([3]), np.ones(1), combined(({0: 1.0}, 1.0), ({4: 1.0}, 1.0)), 40)
    assert known.sd_of({other: 1.0}) == pytest.approx(3.0 * np.sqrt(2))
    nothing: Gradient = summed(({place: 1.0}, 1.0), ({place: 1.0}, -1.0))
    assert known.sd_of(nothing) == 0.0


def test_an_unknown_error_that_matters_makes_the_sd_unknown() -> None:
    one = reading(np.array([3]), np.ones(1), {0: 1.0}, 40)
    unknown = replace(errors(Shape(1.0, 0.0, 1.0, 0.0)), sd=np.full((40, 2), np.nan))
    assert np.isnan(unknown.sd_of({one: 1.0}))
    assert unknown.sd_of({one: 0.0}) == unknown.sd_of({}) == 0.0


@pytest.mark.parametrize("name", ["left_hip", "right_ankle", "nose", "left_heel", "neck"])
def test_the_table_is_what_was_measured(name: str) -> None:
    across, up, _ = shapes_of(name)
    measured = errors_of(name, read_errors())
    mean = np.mean([error.sd**2 for error in measured])
    for shape, error in zip((across, up), measured, strict=True):
        assert shape.fresh == pytest.approx(error.frame**2 / mean)
        assert shape.fading == pytest.approx(error.quick**2 / mean)
        assert shape.lasting == pytest.approx(error.lasting**2 / mean)
        assert shape.fading_s == error.quick_s


def picture(noise: np.ndarray) -> PoseSequence:
    clean = walker(seconds=6, skeleton="coco17")
    pixels = clean.keypoints * (100.0, -100.0) + noise[:, None, None]
    sd = np.full(clean.scores.shape, 1.0, np.float32)
    return replace(clean, keypoints=pixels.astype(np.float32), unit="px", keypoint_sd=sd)


def test_what_trembles_is_new_in_every_frame_and_the_rest_lasts() -> None:
    rng = np.random.default_rng(0)
    hip = AXIS_COUNT * picture(np.zeros((360, 2))).skeleton.index("left_hip")
    white = KeypointErrors.of(picture(rng.normal(0, 1, (360, 2)))).shapes[hip]
    still = KeypointErrors.of(picture(np.zeros((360, 2)))).shapes[hip]
    assert white.fresh > 0.8 > 0.1 > white.lasting > 0
    assert still == shapes_of("left_hip")[0]
    assert still.lasting > 0.8
