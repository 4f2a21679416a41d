"""From pixels to a network's numbers, as the card says."""

from collections.abc import Sequence

import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.errors import ModelMismatchError
from gonio.models.backends.layout import ImageInput
from gonio.models.card import Normalisation

_WHITE = 255
_WHOLE = 1e-3  # so near to a whole number the rounding of float32 comes


def to_batch(images: Sequence[ImageArray], normalisation: Normalisation) -> FloatArray:
    """Images ``(h, w, 3)`` RGB of one size → ``(B, 3, h, w)`` float32, normalised, in the network's channel order."""
    channels = slice(None) if normalisation.channel_order == "rgb" else slice(None, None, -1)
    scale = 1 / np.array(normalisation.std, np.float32)
    shift = -np.array(normalisation.mean, np.float32) * scale
    height, width = images[0].shape[:2]
    batch = np.empty((len(images), 3, height, width), np.float32)
    for i, image in enumerate(images):
        planes = image[..., channels].transpose(2, 0, 1)
        np.multiply(planes, scale[:, None, None], out=batch[i])
        batch[i] += shift[:, None, None]
    return batch


def check_whole(image: ImageInput, normalisation: Normalisation, *, what: str) -> None:
    """Whether a network of whole numbers is given such: rounded, an ImageNet-normalised picture has five shades.

    Args:
        image: Its input.
        normalisation: What is done to pixels before.
        what: How an error calls the network.

    Raises:
        ModelMismatchError: If the network takes whole numbers, and some pixel becomes none, or one beyond its type.
    """
    if image.whole is None:
        return
    pixel, lowest, highest = np.arange(256)[:, None], *image.whole
    numbers = (pixel - np.array(normalisation.mean)) / np.array(normalisation.std)
    if np.abs(numbers - np.rint(numbers)).max() <= _WHOLE and lowest <= numbers.min() and numbers.max() <= highest:
        return
    mean, std = (" ".join(f"{one:g}" for one in each) for each in (normalisation.mean, normalisation.std))
    raise ModelMismatchError(
        f"{what} takes {image.dtype}, whole numbers from {lowest} to {highest}, but by mean {mean} and std {std} "
        f"pixels become {numbers.min():.3g} to {numbers.max():.3g}, by steps of {1 / max(normalisation.std):.3g}; say "
        f"{_usual(highest)}, or the whole numbers that it was made for"
    )


def _usual(highest: int) -> str:
    """The normalisation that such a type is mostly made for, as options."""
    if highest < _WHITE:
        return "--mean 128 128 128 --std 1 1 1 (-128..127)"
    return "--mean 0 0 0 --std 1 1 1 (0..255 as they are)"
