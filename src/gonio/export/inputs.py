"""What an export is tried on: crops of people, whole pictures, noise."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.geometry.affine import crop_box
from gonio.io.sources import open_source
from gonio.models.card import CropInput, ModelCard, StretchInput
from gonio.models.loader import load_model
from gonio.models.onestage import picture_input
from gonio.models.preprocess import to_batch

SAMPLES = Path(__file__).parents[3] / "samples"
"""The repository's sample pictures; not there where the package alone is installed."""
_MOST_PICTURES, _MOST_PEOPLE, _MOST_INPUTS = 16, 3, 32
_FRAME_STEP, _FRAMES = 20, 3  # of the sample clip
_NOISE = 2


def pictures_for_parity(folder: Path | None) -> list[ImageArray]:
    """Up to 16 pictures of a folder; without one the repository's samples, or none where they are not installed.

    Raises:
        MediaError: If the folder holds no pictures.
    """
    if folder is not None:
        return [frame.image for frame in islice(open_source(folder), _MOST_PICTURES)]
    if not SAMPLES.is_dir():
        return []
    frames = islice(open_source(SAMPLES / "walk.mp4", stride=_FRAME_STEP, prefetch=0), _FRAMES)
    return [frame.image for frame in [*open_source(SAMPLES / "astronaut.jpg"), *frames]]


def parity_batches(
    card: ModelCard, pictures: Sequence[ImageArray], *, batch: int | None = None, size_hw: tuple[int, int] | None = None
) -> list[FloatArray]:
    """Network inputs of these pictures, and of noise.

    Args:
        card: Says how an input is made.
        pictures: ``(H, W, 3)`` uint8 RGB.
        batch: Inputs a batch; None for any number: then there are batches of one and of several.
        size_hw: Pad whole pictures right and below to this size, for a network that takes no other.

    Returns:
        Batches ``(B, 3, h, w)`` float32, of several sizes for a network that takes whole pictures.
    """
    inputs = [_padded(card, image, size_hw) for image in _inputs(card, [*pictures, *_noise()])]
    batches: list[FloatArray] = []
    for shape in dict.fromkeys(image.shape for image in inputs):
        alike = [image for image in inputs if image.shape == shape][:_MOST_INPUTS]
        if batch is None:
            groups = [alike[:1], *(alike[start : start + 4] for start in range(1, len(alike), 4))]
        else:
            groups = [alike[start : start + batch] for start in range(0, len(alike), batch)]
            groups[-1] = (groups[-1] * batch)[:batch]  # a fixed batch has no gaps
        batches.extend(to_batch(group, card.input) for group in groups)
    return batches


def _inputs(card: ModelCard, images: Sequence[ImageArray]) -> Iterator[ImageArray]:
    if not isinstance(card.input, CropInput):
        for image in images:
            yield picture_input(image, card.input)[0]
        return
    finder = load_model("multipose")
    for image in images:
        height, width = image.shape[:2]
        whole = np.array([0, 0, width, height], np.float32)
        for box in [*finder(image).boxes[:_MOST_PEOPLE], whole]:
            yield _crop(card.input, image, box)


def _crop(how: CropInput, image: ImageArray, box: FloatArray) -> ImageArray:
    return crop_box(image, box, size_wh=how.input_hw[::-1], margin=how.margin, pad_value=how.pad_value)[0]


def _padded(card: ModelCard, image: ImageArray, size_hw: tuple[int, int] | None) -> ImageArray:
    if size_hw is None or image.shape[:2] == size_hw:
        return image
    value = 0 if isinstance(card.input, StretchInput) else card.input.pad_value
    canvas = np.full((*size_hw, 3), value, np.uint8)
    canvas[: image.shape[0], : image.shape[1]] = image
    return canvas


def _noise() -> list[ImageArray]:
    """Fine noise and clouds, 240 x 320, always the same."""
    random = np.random.default_rng(0)
    fine = random.integers(0, 256, (_NOISE, 240, 320, 3), np.uint8)
    coarse = random.integers(0, 256, (_NOISE, 12, 16, 3), np.uint8)
    clouds = [np.asarray(cv2.resize(one, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8) for one in coarse]
    return [*fine, *clouds]
