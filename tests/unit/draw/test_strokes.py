"""Known outlines and clipped segments."""

import numpy as np
import pytest

from gonio.draw.strokes import clip_segments, strokes


def test_a_stroke_of_no_length_is_a_disc() -> None:
    centre = np.array([[10.0, 20.0]])
    outline = strokes(centre, centre, np.array([[5.0], [9.0]]))
    assert outline.shape[:2] == (2, 1)
    for corners, radius in zip(outline[:, 0] / 16, (5.0, 9.0), strict=True):
        distance = np.linalg.norm(corners - centre, axis=1)
        np.testing.assert_allclose(distance, radius - 0.7, atol=0.1)  # 0.7 px are left to the anti-aliasing


def test_a_level_stroke_is_as_high_as_its_width() -> None:
    outline = strokes(np.array([[0.0, 50.0]]), np.array([[100.0, 50.0]]), np.array([[4.0]]))[0, 0] / 16
    assert np.ptp(outline[:, 1]) == pytest.approx(2 * (4 - 0.7), abs=0.15)
    assert np.ptp(outline[:, 0]) == pytest.approx(100 + 2 * (4 - 0.7), abs=0.15)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param((10, 10), (20, 20), ((10, 10), (20, 20)), id="inside"),
        pytest.param((-100, 50), (200, 50), ((0, 50), (99, 50)), id="through, level"),
        pytest.param((50, -1e9), (50, 1e9), ((50, 0), (50, 99)), id="through, upright, far"),
        pytest.param((0, 0), (99, 0), ((0, 0), (99, 0)), id="on the border"),
        pytest.param((-10, -10), (-5, 200), None, id="beside"),
    ],
)
def test_segments_are_cut_at_the_picture(
    start: tuple[float, float],
    end: tuple[float, float],
    expected: tuple[tuple[float, float], tuple[float, float]] | None,
) -> None:
    a, b = np.array([start], np.float64), np.array([end], np.float64)
    first, last, seen = clip_segments(a, b, size_wh=(100, 100), margin=0)
    assert bool(seen[0]) == (expected is not None)
    if expected is not None:
        np.testing.assert_allclose([first[0], last[0]], expected, atol=1e-6)
