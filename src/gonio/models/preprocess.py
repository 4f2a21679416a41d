"""From pixels to a network's numbers, as the card says."""

from collections.abc import Sequence

import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.models.card import Normalisation


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
