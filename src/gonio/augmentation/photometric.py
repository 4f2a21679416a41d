"""What light, lenses, sensors and compression do to a picture; keypoints stay where they are."""

from functools import cache
from statistics import NormalDist

import cv2
import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64, ImageArray
from gonio.augmentation.affine import chance
from gonio.augmentation.settings import Augmentation, LowLight

_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
"""Red, green, blue to brightness and two colour axes: NTSC's, as in SMPTE C."""
_RGB = np.linalg.inv(_YIQ)


def change_light(image: ImageArray, *, settings: Augmentation, rng: np.random.Generator) -> ImageArray:
    """Change a picture as happens on the way from a scene to a file: light, lens, sensor, size, compression.

    Returns:
        ``(h, w, 3)`` uint8; the given array where nothing was done.
    """
    image = _change_colours(image, settings, rng)
    if chance(rng, settings.low_light.probability):
        image = _darken(image, settings.low_light, rng)
    if chance(rng, settings.motion_blur.probability):
        length = float(rng.uniform(*settings.motion_blur.length))
        image = smear(image, length=length, degrees=float(rng.uniform(0, 180)))
    if chance(rng, settings.blur.probability):
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(*settings.blur.sigma))), np.uint8)
    if chance(rng, settings.noise.probability):
        image = add_noise(image, float(rng.uniform(*settings.noise.sigma)), rng)
    if chance(rng, settings.low_resolution.probability):
        image = coarsen(image, float(rng.uniform(*settings.low_resolution.factor)))
    if chance(rng, settings.jpeg.probability):
        low, high = settings.jpeg.quality
        image = compress(image, int(rng.integers(low, high + 1)))
    return image


def colour_matrix(
    *, brightness: float = 0.0, contrast: float = 1.0, saturation: float = 1.0, hue: float = 0.0
) -> FloatArray64:
    """Matrix ``(3, 4)`` from red, green, blue and 1 to red, green, blue, 0 to 255.

    Args:
        brightness: Added, as a share of white.
        contrast: Factor about the mid-grey of 127.5.
        saturation: Factor; 0 leaves brightness alone.
        hue: Turn of the colour circle, degrees.
    """
    cos, sin = np.cos(np.deg2rad(hue)), np.sin(np.deg2rad(hue))
    in_yiq = np.array([[1, 0, 0], [0, saturation * cos, -saturation * sin], [0, saturation * sin, saturation * cos]])
    offset = 127.5 * (1 - contrast) + 255 * brightness
    return np.concatenate([contrast * (_RGB @ in_yiq @ _YIQ), np.full((3, 1), offset)], axis=1)


def smear(image: ImageArray, *, length: float, degrees: float) -> ImageArray:
    """Mean along a centred line of a length in px; the picture does not shift."""
    half = max(int(np.ceil(length / 2)), 1)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    reach = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]) * (length - 1) / 2
    for x, y in np.linspace(-reach, reach, 4 * half + 1) + half:
        column, row = int(x), int(y)
        across, down = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer([1 - down, down], [1 - across, across])[
            : kernel.shape[0] - row, : kernel.shape[1] - column
        ]
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def add_noise(image: ImageArray, sigma: float, rng: np.random.Generator) -> ImageArray:
    """Gaussian noise of a standard deviation in grey levels."""
    # a byte of chance looked up among 256 quantiles: eight times as fast as drawing from the distribution
    noise = cv2.LUT(rng.integers(0, 256, image.shape, dtype=np.uint8), np.rint(_quantiles() * sigma).astype(np.int16))
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)


def coarsen(image: ImageArray, factor: float) -> ImageArray:
    """Shrink by a factor and enlarge again."""
    height, width = image.shape[:2]
    small_wh = max(round(width / factor), 1), max(round(height / factor), 1)
    small = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def compress(image: ImageArray, quality: int) -> ImageArray:
    """Through a JPEG of this quality, 1 to 100, in memory."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def _change_colours(image: ImageArray, settings: Augmentation, rng: np.random.Generator) -> ImageArray:
    """Brightness, contrast, saturation, hue and grey in one matrix: one pass over the pixels."""
    colour, drawn = settings.colour, {"brightness": 0.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}
    changed = chance(rng, colour.probability)
    if changed:
        brightness, contrast, saturation, hue = (float(value) for value in rng.uniform(-1, 1, 4))
        drawn = {
            "brightness": brightness * colour.brightness,
            "contrast": 1 + contrast * colour.contrast,
            "saturation": 1 + saturation * colour.saturation,
            "hue": hue * colour.hue,
        }
    if chance(rng, settings.grey.probability):
        drawn["saturation"], changed = 0.0, True
    return np.asarray(cv2.transform(image, colour_matrix(**drawn)), np.uint8) if changed else image


def _darken(image: ImageArray, settings: LowLight, rng: np.random.Generator) -> ImageArray:
    gamma, light = float(rng.uniform(*settings.gamma)), float(rng.uniform(*settings.light))
    levels = 255 * light * np.linspace(0, 1, 256) ** gamma
    dark = np.asarray(cv2.LUT(image, np.rint(levels).astype(np.uint8)), np.uint8)
    return add_noise(dark, float(rng.uniform(0, settings.noise)), rng)


@cache
def _quantiles() -> npt.NDArray[np.float32]:
    """256 equally likely values of the standard normal distribution, scaled to a standard deviation of 1."""
    normal = NormalDist()
    values = np.array([normal.inv_cdf((level + 0.5) / 256) for level in range(256)])
    return np.asarray(values / values.std(), np.float32)
