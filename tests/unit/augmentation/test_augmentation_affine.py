import numpy as np
import pytest

from gonio.arrays import FloatArray, ImageArray
from gonio.augmentation.affine import Change, chance, change_matrix, cut, draw_change, keep_padding, move_boxes, warp
from gonio.augmentation.settings import Augmentation
from gonio.geometry.affine import crop_box, crop_matrix, transform

BOX = np.array([50, 20, 150, 270], np.float32)
HW = (256, 192)


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


def moved(change: Change, points: object, box: FloatArray = BOX, margin: float = 1.0) -> FloatArray:
    return transform(change_matrix(box, change, input_hw=HW, margin=margin), f32(points))


def test_no_change_is_the_region_of_inference() -> None:
    """crop_box rounds its region to whole pixels; a box whose region is whole must agree exactly."""
    box = f32([40, 30, 136, 158])
    own = change_matrix(box, Change(), input_hw=HW, margin=1.0)
    _, theirs = crop_box(np.zeros((200, 200, 3), np.uint8), box, size_wh=(192, 256), margin=1.0, pad_value=0)
    np.testing.assert_allclose(own, theirs, atol=1e-12)
    np.testing.assert_allclose(own, crop_matrix((40, 30, 136, 158), (192, 256)), atol=1e-12)


def test_each_part_of_a_change_has_its_known_value() -> None:
    middle = [[99.5, 144.5]]  # the box's centre as a pixel coordinate
    above = [[99.5, 44.5]]  # 100 px above it; the region is 250 px high, so that is 102.4 px of the crop
    np.testing.assert_allclose(moved(Change(), above), [[95.5, 127.5 - 102.4]], atol=1e-3)
    np.testing.assert_allclose(moved(Change(scale=0.5), above), [[95.5, 127.5 - 51.2]], atol=1e-3)
    np.testing.assert_allclose(moved(Change(shift=(0.25, -0.5)), middle), [[95.5 + 48, 127.5 - 128]], atol=1e-3)
    np.testing.assert_allclose(moved(Change(degrees=90), middle), [[95.5, 127.5]], atol=1e-3)


def test_a_quarter_turn_is_clockwise_and_fits_the_crop() -> None:
    """250 px of height become the width of the region, which is 192 px of the crop."""
    scale = 192 / 250
    found = moved(Change(degrees=90), [[99.5, 44.5]])
    np.testing.assert_allclose(found, [[95.5 + 100 * scale, 127.5]], atol=1e-3)


def test_a_flip_mirrors_the_pixels_of_the_crop() -> None:
    points = [[60, 30], [99.5, 144.5], [140.25, 260]]
    plain, mirrored = moved(Change(), points), moved(Change(flip=True), points)
    np.testing.assert_allclose(mirrored, np.stack([191 - plain[:, 0], plain[:, 1]], axis=1), atol=1e-3)


def test_a_stretch_is_width_over_height_along_the_pictures_axes() -> None:
    matrix = change_matrix(BOX, Change(stretch=1.8), input_hw=HW, margin=1.0)
    assert matrix[0, 0] / matrix[1, 1] == pytest.approx(1.8)
    assert matrix[0, 1] == matrix[1, 0] == 0
    turned = change_matrix(BOX, Change(stretch=1.8, degrees=33), input_hw=HW, margin=1.0)
    assert np.linalg.norm(turned[:, 0]) / np.linalg.norm(turned[:, 1]) == pytest.approx(1.8)
    assert turned[:, 0] @ turned[:, 1] == pytest.approx(0, abs=1e-12)


def test_nothing_drawn_is_nothing_done() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert draw_change(Augmentation.off(), rng) == Change()
    assert rng.bit_generator.state == before
    assert Change().only_flips
    assert Change(flip=True).only_flips


def test_draws_stay_in_their_ranges() -> None:
    rng, settings = np.random.default_rng(0), Augmentation().only("scale", "rotation", "translation", "aspect")
    drawn = [draw_change(settings, rng) for _ in range(300)]
    assert 0.7 <= min(one.scale for one in drawn) < 0.75 < 1.2 < max(one.scale for one in drawn) <= 1.3
    assert -40 <= min(one.degrees for one in drawn) < -35 < 35 < max(one.degrees for one in drawn) <= 40
    assert 0.08 < max(abs(value) for one in drawn for value in one.shift) <= 0.1
    assert 1 / 1.8 <= min(one.stretch for one in drawn) < 0.6 < 1.6 < max(one.stretch for one in drawn) <= 1.8
    turned = [draw_change(Augmentation().only("turn"), rng).degrees for _ in range(100)]
    assert min(turned) < -150 < 150 < max(turned)


def test_chance_follows_its_probability() -> None:
    rng = np.random.default_rng(0)
    assert 400 < sum(chance(rng, 0.25) for _ in range(2000)) < 600
    assert all(chance(rng, 1.0) for _ in range(100))
    assert not any(chance(rng, 0.0) for _ in range(100))


def test_a_mirrored_crop_is_the_mirrored_crop(scene: ImageArray) -> None:
    options = {"input_hw": HW, "margin": 1.25, "pad_value": 114}
    plain, _ = cut(scene, BOX, Change(), **options)  # type: ignore[arg-type]
    mirrored, matrix = cut(scene, BOX, Change(flip=True), **options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(mirrored, plain[:, ::-1])
    assert matrix[0, 0] < 0


def test_warping_without_scaling_copies_pixels(scene: ImageArray) -> None:
    shifted = warp(scene, np.array([[1.0, 0, -30], [0, 1, -40]]), input_hw=(50, 60), pad_value=0)
    np.testing.assert_array_equal(shifted, scene[40:90, 30:90])


def test_shrinking_means_instead_of_skipping() -> None:
    """Stripes of one pixel have to become their mean; without halving first they would stay stripes."""
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 200
    for shrink in (2.0, 4.0, 5.0):
        matrix = np.array([[1 / shrink, 0, 1], [0, 1 / shrink, 1]])
        small = warp(stripes, matrix, input_hw=(80, 80), pad_value=100)
        assert np.abs(small[5:-5, 5:-5].astype(int) - 100).max() <= 1


def test_a_stretched_picture_is_halved_along_its_long_side_only() -> None:
    rows = np.zeros((64, 512, 3), np.uint8)
    rows[::2] = 200
    small = warp(rows, np.array([[0.25, 0, 0], [0, 1.0, 0]]), input_hw=(60, 120), pad_value=0)
    np.testing.assert_array_equal(np.unique(small[::2, 2:-2]), [200])
    np.testing.assert_array_equal(np.unique(small[1::2, 2:-2]), [0])


def test_beyond_the_picture_is_padding(scene: ImageArray) -> None:
    nothing = warp(scene, np.array([[1.0, 0, 1000], [0, 1, 0]]), input_hw=(20, 30), pad_value=7)
    np.testing.assert_array_equal(nothing, np.full((20, 30, 3), 7))
    windowed = warp(scene, np.eye(2, 3), input_hw=(300, 220), pad_value=7, window=(20, 30, 100, 90))
    np.testing.assert_array_equal(windowed[30:90, 20:100], scene[30:90, 20:100])
    windowed[30:90, 20:100] = 7
    assert (windowed == 7).all()


def test_padding_is_kept_whatever_is_done_to_the_rest() -> None:
    clean = np.full((40, 60, 3), 114, np.uint8)
    changed = np.full_like(clean, 30)
    kept = keep_padding(changed, clean, np.eye(2, 3), (10, 5, 200, 200))
    assert (kept[:5] == 114).all()
    assert (kept[:, :10] == 114).all()
    assert (kept[5:, 10:] == 30).all()
    whole = keep_padding(np.full_like(clean, 30), clean, np.eye(2, 3), (0, 0, 60, 40))
    assert (whole == 30).all()
    assert keep_padding(clean, clean, np.eye(2, 3), (10, 5, 20, 20)) is clean


def test_boxes_shift_mirror_and_turn() -> None:
    boxes = f32([[10, 20, 30, 60]])
    np.testing.assert_allclose(move_boxes(np.array([[2.0, 0, 0.5], [0, 3, 1]]), boxes), [[20, 60, 60, 180]], atol=1e-5)
    np.testing.assert_allclose(move_boxes(np.array([[-1.0, 0, 99], [0, 1, 0]]), boxes), [[70, 20, 90, 60]], atol=1e-5)
    turned = move_boxes(np.array([[0.0, -1, 99], [1, 0, 0]]), boxes)
    np.testing.assert_allclose(turned, [[40, 10, 80, 30]], atol=1e-4)
