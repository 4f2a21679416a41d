import cv2
import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.augmentation import Augmentation
from gonio.augmentation.photometric import add_noise, change_light, coarsen, colour_matrix, compress, smear

LIGHT = ("colour", "grey", "low_light", "motion_blur", "blur", "noise", "low_resolution", "jpeg")


def pixel(*rgb: int) -> ImageArray:
    return np.array([[rgb]], np.uint8)


def coloured(rgb: tuple[int, int, int], **change: float) -> list[int]:
    return [int(value) for value in cv2.transform(pixel(*rgb), colour_matrix(**change))[0, 0]]


def test_known_colours() -> None:
    assert coloured((10, 200, 90)) == [10, 200, 90]
    assert coloured((10, 200, 90), brightness=0.2) == [61, 251, 141]
    assert coloured((100, 155, 250), contrast=0.5) == [114, 141, 189]
    grey = round(0.299 * 10 + 0.587 * 200 + 0.114 * 90)
    assert coloured((10, 200, 90), saturation=0) == [grey] * 3
    assert coloured((10, 200, 90), hue=360) == [10, 200, 90]
    assert coloured((128, 128, 128), hue=77, saturation=2) == [128, 128, 128]


def test_a_third_of_the_circle_makes_red_green_or_blue() -> None:
    red, green, blue = coloured((150, 90, 90), hue=120)
    assert max(red, green, blue) != red
    assert abs(0.299 * red + 0.587 * green + 0.114 * blue - (0.299 * 150 + 0.701 * 90)) < 1.5


@pytest.mark.parametrize("kind", LIGHT)
def test_each_kind_changes_the_picture_the_same_way_each_time(scene: ImageArray, kind: str) -> None:
    settings, before = Augmentation().only(kind), scene.copy()
    once = change_light(scene, settings=settings, rng=np.random.default_rng(5))
    again = change_light(scene, settings=settings, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(scene, before)
    assert once.shape == scene.shape
    assert once.dtype == np.uint8
    assert (once != scene).mean() > 0.1


def test_off_gives_the_same_picture(scene: ImageArray) -> None:
    assert change_light(scene, settings=Augmentation.off(), rng=np.random.default_rng(0)) is scene


def test_grey_has_no_colour(scene: ImageArray) -> None:
    grey = change_light(scene, settings=Augmentation().only("grey", "colour"), rng=np.random.default_rng(0))
    assert np.ptp(grey.astype(int), axis=-1).max() <= 1


def test_low_light_is_darker(scene: ImageArray) -> None:
    for seed in range(5):
        dark = change_light(scene, settings=Augmentation().only("low_light"), rng=np.random.default_rng(seed))
        assert dark.mean() < 0.75 * scene.mean()


@pytest.mark.parametrize(("length", "degrees"), [(3, 0), (9, 0), (9, 90), (12.5, 30), (30, 135)])
def test_motion_is_as_long_as_it_says_and_does_not_shift(length: float, degrees: float) -> None:
    """The variance of a line of n px is (n - 1)^2 / 12 and a bit for its thickness."""
    spot = np.zeros((101, 101, 3), np.uint8)
    spot[46:55, 46:55] = 255
    smeared = smear(spot, length=length, degrees=degrees)[..., 0].astype(float)
    rows, columns = np.mgrid[:101, :101] - 50.0
    weight = smeared / smeared.sum()
    assert (weight * columns).sum() == pytest.approx(0, abs=0.1)
    assert (weight * rows).sum() == pytest.approx(0, abs=0.1)
    along = columns * np.cos(np.deg2rad(degrees)) + rows * np.sin(np.deg2rad(degrees))
    own = (9**2 - 1) / 12
    assert (weight * along**2).sum() - own == pytest.approx((length - 1) ** 2 / 12, rel=0.15, abs=0.5)


@pytest.mark.parametrize("sigma", [2.0, 10.0])
def test_noise_is_as_strong_as_it_says(sigma: float) -> None:
    noisy = add_noise(np.full((100, 100, 3), 128, np.uint8), sigma, np.random.default_rng(0)).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.3)
    assert noisy.std() == pytest.approx(sigma, rel=0.05)
    flat = add_noise(np.full((4, 4, 3), 255, np.uint8), 5.0, np.random.default_rng(0))
    assert flat.min() > 200  # saturates instead of wrapping


def test_coarse_and_compressed_pictures_stay_in_place() -> None:
    flat = np.full((30, 40, 3), (200, 60, 20), np.uint8)
    np.testing.assert_array_equal(coarsen(flat, 3.3), flat)
    assert np.abs(compress(flat, 80).astype(int) - flat).max() <= 4  # red stays red
    ramp = np.repeat(np.arange(0, 240, 6, dtype=np.uint8)[None, :, None], 30, axis=0).repeat(3, axis=2)
    assert np.abs(coarsen(ramp, 2).astype(int) - ramp)[:, 3:-3].max() <= 2
    assert compress(ramp, 10).tobytes() != ramp.tobytes()
