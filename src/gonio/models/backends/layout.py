"""How a file wants its images: other order of axes, other numbers, one at a time. The models need not know."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ModelMismatchError

Size = int | str | None
"""Of one axis: a number, or a name or nothing where the file leaves it open."""
MAX_SIDE = 8192
"""Longest side of a network's input, px; and no run has more pixels than a square of it, 800 MB as float32."""


@dataclass(frozen=True, slots=True)
class ImageInput:
    """The image input of a network.

    Attributes:
        name: Of the input.
        dtype: What the network takes, as numpy calls it.
        channels_last: ``(B, h, w, 3)`` instead of ``(B, 3, h, w)``.
        batch: So many images a run; None: any number.
        input_hw: Height and width; None where the file leaves them open.
        scaled: Whole numbers stand for real ones, which the backend scales: rounding them is what the file wants.
    """

    name: str
    dtype: str
    channels_last: bool
    batch: int | None
    input_hw: tuple[int, int] | None
    scaled: bool = False

    @property
    def whole(self) -> tuple[int, int] | None:
        """The lowest and the highest of the whole numbers that it takes as they are; None: it takes real numbers."""
        return None if self.scaled else whole_range(self.dtype)

    def prepared(self, batch: FloatArray) -> Any:
        """The batch ``(B, 3, h, w)`` float32 as the network takes it; whole numbers are rounded and kept in range.

        That the card's normalisation gives whole numbers is seen to before, see `gonio.models.preprocess.check_whole`.
        """
        array = batch.transpose(0, 2, 3, 1) if self.channels_last else batch
        if (limits := whole_range(self.dtype)) is not None:
            array = np.clip(np.rint(array), *limits)
        return np.ascontiguousarray(array, self.dtype)

    def each(self, batch: FloatArray, run: Callable[[Any], dict[str, Any]]) -> Outputs:
        """The outputs as float32, from as many runs as the network's own batch asks for; the last is filled up."""
        size = self.batch
        if size is None or size == len(batch):
            return {name: np.asarray(array, np.float32) for name, array in run(self.prepared(batch)).items()}
        parts: list[dict[str, Any]] = []
        for start in range(0, len(batch), size):
            part = batch[start : start + size]
            missing = np.zeros((size - len(part), *part.shape[1:]), np.float32)
            outputs = run(self.prepared(np.concatenate([part, missing])))
            parts.append({name: array[: len(part)] for name, array in outputs.items()})
        return {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}


def whole_range(dtype: str) -> tuple[int, int] | None:
    """The lowest and the highest number of a type of whole numbers; None of other types."""
    kind = np.dtype(dtype)
    return (int(np.iinfo(kind).min), int(np.iinfo(kind).max)) if np.issubdtype(kind, np.integer) else None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a network takes.

    Attributes:
        image: Its image input.
        constants: The others by name, each ``(1, n)``: the values for one image.
    """

    image: ImageInput
    constants: Mapping[str, Any]

    def each(self, batch: FloatArray, run: Callable[[dict[str, Any]], dict[str, Any]]) -> Outputs:
        """The outputs as float32 for ``(B, 3, h, w)``, where ``run`` takes every input by its name."""

        def with_constants(images: Any) -> dict[str, Any]:
            rest = {name: np.repeat(value, len(images), axis=0) for name, value in self.constants.items()}
            return run({self.image.name: images} | rest)

        return self.image.each(batch, with_constants)


def read_inputs(
    nodes: Mapping[str, tuple[str | None, Sequence[Size]]],
    constants: Mapping[str, tuple[float, ...]] | None,
    *,
    what: str,
    outputs: Iterable[Sequence[Size]] = (),
) -> Inputs:
    """The image input among all, and the others with their values.

    Args:
        nodes: The inputs by name: type as numpy calls it, None where numpy has none; and shape.
        constants: The values for one image of those that are not the image.
        what: How an error calls the network.
        outputs: Shapes of its outputs. Where one has room for one image alone, the network is given one at a time,
            whatever its input says.

    Raises:
        ModelMismatchError: If there is not exactly one image input beside the constants, or its shape is no image's.
    """
    constants = constants or {}
    images = [name for name in nodes if name not in constants]
    missing = [name for name in constants if name not in nodes]
    dtypes = {name: dtype for name, (dtype, _) in nodes.items() if dtype is not None}
    if len(images) != 1 or missing or len(dtypes) < len(nodes):
        seen = [(name, dtype, tuple(shape)) for name, (dtype, shape) in nodes.items()]
        beside = f" and {', '.join(constants)}" if constants else ""
        raise ModelMismatchError(f"{what} takes {seen}, expected one batch of images (B, 3, h, w){beside}")
    name = images[0]
    image = image_input(name, dtypes[name], nodes[name][1], what=what)
    if image.batch is None and any(len(shape) > 1 and shape[0] == 1 for shape in outputs):
        image = replace(image, batch=1)
    return Inputs(image, {name: np.array([values], dtypes[name]) for name, values in constants.items()})


def image_input(name: str, dtype: str, shape: Sequence[Size], *, what: str) -> ImageInput:
    """The image input of this shape.

    Args:
        name: Of the input.
        dtype: As numpy calls it.
        shape: Four axes; those that are no numbers are open.
        what: How an error calls the network.

    Raises:
        ModelMismatchError: If no image of three channels has this shape, or none that fits into memory.
    """
    sizes = [size if isinstance(size, int) and size > 0 else None for size in shape]
    last = len(sizes) == 4 and sizes[3] == 3 and sizes[1] != 3
    if len(sizes) != 4 or not (last or sizes[1] in (3, None)):
        raise ModelMismatchError(
            f"{what} takes {name!r} of shape {tuple(shape)}, expected one batch of images (B, 3, h, w) or (B, h, w, 3)"
        )
    height, width = sizes[1:3] if last else sizes[2:]
    hw = (height, width) if height is not None and width is not None else None
    pixels = (sizes[0] or 1) * (height or 1) * (width or 1)
    if max(height or 1, width or 1) > MAX_SIDE or pixels > MAX_SIDE**2:
        raise ModelMismatchError(
            f"{what} takes {name!r} of shape {tuple(shape)}, more than {MAX_SIDE} x {MAX_SIDE} px a run, which no "
            "memory is made for; export it for the size that it was trained with"
        )
    return ImageInput(name, dtype, last, sizes[0], hw)
