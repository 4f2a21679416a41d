import numpy as np
import pytest

from gonio.models.card import ModelCard, Normalisation
from gonio.models.preprocess import to_batch
from gonio.models.registry import shipped_models

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


def test_known_pixel() -> None:
    """(0, 127.5, 255) around 127.5 in steps of 127.5: -1, 0, 1; a byte cannot be 127.5, so 51 stands for -0.6."""
    image = np.array([[[0, 51, 255]]], np.uint8)
    batch = to_batch([image], Normalisation(mean=(127.5,) * 3, std=(127.5,) * 3))
    np.testing.assert_allclose(batch[0, :, 0, 0], [-1, -0.6, 1], rtol=0, atol=1e-6)


def test_each_channel_has_its_own_mean_and_std() -> None:
    image = np.array([[[10, 20, 30]]], np.uint8)
    batch = to_batch([image], Normalisation(mean=(1, 2, 3), std=(3, 6, 9)))
    np.testing.assert_allclose(batch[0, :, 0, 0], [3, 3, 3], rtol=1e-6)


def test_bgr_turns_the_channels_and_keeps_the_networks_order_of_means() -> None:
    image = np.array([[[10, 20, 30]]], np.uint8)
    batch = to_batch([image], Normalisation(channel_order="bgr", mean=(1, 2, 3), std=(1, 1, 1)))
    np.testing.assert_allclose(batch[0, :, 0, 0], [29, 18, 7], rtol=1e-6)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_every_pixel_as_the_formula_says(order: str) -> None:
    mean, std = IMAGENET
    images = list(np.random.default_rng(0).integers(0, 256, (3, 5, 7, 3), np.uint8))
    batch = to_batch(images, Normalisation.model_validate({"channel_order": order, "mean": mean, "std": std}))
    planes = np.stack(images)[..., :: 1 if order == "rgb" else -1].astype(np.float64)
    expected = ((planes - mean) / std).transpose(0, 3, 1, 2)
    assert batch.shape == (3, 3, 5, 7)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    np.testing.assert_allclose(batch, expected, rtol=0, atol=1e-5)


def test_it_takes_views() -> None:
    """A mirrored or cut picture is not contiguous."""
    image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    plain = Normalisation(mean=(0, 0, 0), std=(1, 1, 1))
    view = image[::2, ::-1]
    np.testing.assert_array_equal(to_batch([view], plain), to_batch([view.copy()], plain))
    np.testing.assert_array_equal(to_batch([view], plain)[0], view.transpose(2, 0, 1))


@pytest.mark.parametrize("card", [pytest.param(card, id=card.name) for card in shipped_models()])
def test_the_shipped_models_see_what_they_were_trained_on(card: ModelCard) -> None:
    """MODELS: RGB, ``x / 127.5 - 1``; of BlazePose ``x / 255``."""
    expected = [0, 0.2, 1] if card.name.startswith("blazepose") else [-1, -0.6, 1]
    batch = to_batch([np.array([[[0, 51, 255]]], np.uint8)], card.input)
    np.testing.assert_allclose(batch[0, :, 0, 0], expected, rtol=0, atol=1e-6)
