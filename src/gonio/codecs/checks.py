"""Is this output what the card says it is? A wrong file is told by its shapes and by values that no score has."""

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import Outputs
from gonio.errors import ModelMismatchError

_TOLERANCE = 1e-3
_FARTHEST = 8.0
_TOLD = 0.3


def output_of(outputs: Outputs, name: str, shape: tuple[int | None, ...]) -> FloatArray:
    """One output, of this shape.

    Args:
        outputs: By name.
        name: The codec's name of it.
        shape: Sizes of all axes, the batch first; None: any.

    Raises:
        ModelMismatchError: If it is missing or of another shape.
    """
    if name not in outputs:
        raise ModelMismatchError(
            f"the network has no output {name!r}, only {', '.join(outputs)}; see 'outputs' of its card"
        )
    array = outputs[name]
    if len(array.shape) != len(shape) or any(
        want not in (have, None) for have, want in zip(array.shape, shape, strict=True)
    ):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ModelMismatchError(
            f"output {name!r} has shape {array.shape}, expected ({wanted}); the card names another codec or skeleton "
            "than the file was made for"
        )
    return array


def probabilities(array: FloatArray, what: str) -> FloatArray:
    """Scores in [0, 1], as they are up to rounding.

    Args:
        array: Scores of any shape.
        what: How an error calls them.

    Raises:
        ModelMismatchError: If one is not a number, or clearly outside: logits, coordinates, or another file.
    """
    if array.size:
        low, high = float(array.min()), float(array.max())
        if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # False for NaN as well
            raise ModelMismatchError(
                f"{what} run from {low:.3g} to {high:.3g}, expected 0 to 1; the card's codec or normalisation is "
                "not that of the file"
            )
    return np.clip(array, 0, 1)


def finite(array: FloatArray, what: str, *, highest: float | None = None) -> FloatArray:
    """Values as they are.

    Args:
        array: Of any shape.
        what: How an error calls them.
        highest: No sound network's value is above.

    Raises:
        ModelMismatchError: If one is not a finite number, or above the highest.
    """
    if not np.isfinite(array).all():
        raise ModelMismatchError(
            f"{what} hold values that are no numbers (NaN or infinite); the file is damaged, or the input is not "
            "normalised as it was in training"
        )
    if highest is not None and array.size and float(array.max()) > highest:
        raise ModelMismatchError(
            f"{what} reach {float(array.max()):.3g}, expected 1 or little more; the card's codec or normalisation is "
            "not that of the file"
        )
    return array


def within_reach(keypoints: FloatArray, scores: FloatArray, input_hw: tuple[int, int]) -> FloatArray:
    """Keypoints as they are, unless some that the network is sure of lie far outside its input.

    A person is less than eight heads high, so even the feet of one whose face fills the input are fewer than eight of
    its longer sides beyond its rim. What lies farther is of another unit, or of another file. A keypoint that no label
    of the training had may lie anywhere, by its low score.

    Args:
        keypoints: ``(..., 2)`` px of the input; NaN where there is none.
        scores: ``(...)``; those below 0.3 may lie anywhere.
        input_hw: Height and width of the input, px.

    Raises:
        ModelMismatchError: If one is farther beyond the rim than eight inputs are long.
    """
    beyond = np.maximum(-keypoints, keypoints - np.array(input_hw[::-1], np.float32)) / max(input_hw)
    told = np.where(np.isfinite(beyond) & (scores >= _TOLD)[..., None], beyond, 0)
    if told.size and float(told.max()) > _FARTHEST:
        x, y = keypoints.reshape(-1, 2)[int(told.max(axis=-1).argmax())].tolist()
        raise ModelMismatchError(
            f"a keypoint lies at ({x:.4g}, {y:.4g}) px of an input of {input_hw[1]} x {input_hw[0]} px, more than "
            f"{_FARTHEST:g} inputs beyond the rim; the file gives coordinates in another unit, or the card's codec is "
            "not that of the file"
        )
    return keypoints
