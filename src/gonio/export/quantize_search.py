"""Which calibration, and which layers stay in float: tried on inputs of the network, judged by what it decodes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from gonio.arrays import FloatArray, FloatArray64
from gonio.codecs import Codec, Outputs
from gonio.errors import ExportError
from gonio.export.compared import Compared
from gonio.export.quantize_effect import input_shift_px
from gonio.export.quantize_graph import Block, FloatGraph, named
from gonio.export.quantize_int8 import Method, block_macs, calibrate, input_means, quantized
from gonio.models.backends import Backend

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how much of it is done and is to do."""


@dataclass(frozen=True, slots=True)
class BlockSensitivity:
    """What happens when one block alone is quantised.

    Attributes:
        block: Name of its first layer.
        layers: How many it has.
        macs_share: Its part of the network's multiplications, 0 to 1.
        shift_mean_px: How far confident keypoints or boxes move, pixels of the network's input.
        shift_p95_px: 95 % move less.
    """

    block: str
    layers: int
    macs_share: float
    shift_mean_px: float
    shift_p95_px: float


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How a network is quantised.

    Attributes:
        method: Of calibration.
        ranges: Of the activations, by that method.
        float_blocks: What stays in float.
    """

    method: Method
    ranges: Any
    float_blocks: tuple[Block, ...]

    @property
    def float_nodes(self) -> set[str]:
        """Names of the nodes that stay in float."""
        return {name for block in self.float_blocks for name in block.nodes}


class Trials:
    """Tries recipes on inputs of the network. State: the float network's answers, computed once.

    Attributes:
        graph: The float network.
        inputs: To calibrate on.
        macs: Multiplications of each block for one input, by name.
        kept: Blocks that stay in float whatever is found.
    """

    def __init__(
        self,
        graph: FloatGraph,
        codec: Codec,
        inputs: Sequence[FloatArray],
        *,
        by: Compared,
        crops: int,
        reference: Backend,
        load: Callable[[Path], Backend],
        folder: Path,
        keep_float: Sequence[str] = (),
    ) -> None:
        """Prepare.

        Args:
            graph: The float network.
            codec: Decodes its outputs.
            inputs: To calibrate on, ``(1, 3, h, w)`` each.
            by: What of its people counts.
            crops: How many of the inputs recipes are tried on.
            reference: The float network, loaded.
            load: Loads a network from a file.
            folder: Where tried networks are written.
            keep_float: Patterns (``*``, ``?``, ``[...]``) of names of layers that stay in float.

        Raises:
            ExportError: If a pattern is no block's, or nothing can be compared.
        """
        self.graph = graph
        self.kept = _matching(graph.blocks, keep_float)
        self.inputs = inputs
        self._codec, self._by = codec, by
        self._load = load
        self._folder = folder
        self._means = input_means(graph, inputs)
        self.macs = block_macs(graph, inputs[0])
        self._tried = [inputs[i] for i in np.linspace(0, len(inputs) - 1, min(crops, len(inputs))).astype(int)]
        self._before: list[Outputs] = [reference.run(one) for one in self._tried]
        if not len(input_shift_px(codec, self._before, self._before, by)):
            raise ExportError(
                f"the float model is sure of no {by.measured} in {len(self._tried)} inputs, so nothing can be "
                "compared; give pictures of the people that the model is for"
            )

    def build(self, recipe: Recipe) -> onnx.ModelProto:
        """The int8 network of a recipe."""
        return quantized(self.graph, recipe.ranges, self._means, float_nodes=recipe.float_nodes)

    def shift_px(self, recipe: Recipe) -> FloatArray64:
        """How far keypoints or boxes move with it, pixels of the network's input."""
        path = self._folder / "trial.onnx"
        onnx.save(self.build(recipe), path)
        backend = self._load(path)
        return input_shift_px(self._codec, self._before, [backend.run(one) for one in self._tried], self._by)

    def macs_share(self, blocks: Collection[Block]) -> float:
        """The part of the network's multiplications that is done in these blocks."""
        return sum(self.macs[block.name] for block in blocks) / max(sum(self.macs.values()), 1)

    def choose(self, methods: Sequence[Method], progress: Progress) -> tuple[Recipe, list[str]]:
        """The calibration that moves them least, then whether the first layer and the heads stay in float.

        Returns:
            The recipe, and a line for each that was tried.
        """
        blocks = self.graph.blocks
        heads = tuple(block for block in blocks if block.is_head or block in self.kept)
        ends = tuple(block for block in blocks if block.is_first or block in heads)
        log: list[str] = []
        total = len(methods) + 2
        best: tuple[float, Recipe] | None = None
        for done, method in enumerate(methods):
            progress("calibrate", done, total)
            best = self._better(best, Recipe(method, calibrate(self.graph, self.inputs, method), heads), log)
        assert best is not None  # noqa: S101 - there is always a method; for the type checker
        for done, kept in enumerate((self.kept, ends)):
            progress("calibrate", len(methods) + done, total)
            if {block.name for block in kept} not in ({block.name for block in heads}, {b.name for b in blocks}):
                best = self._better(best, Recipe(best[1].method, best[1].ranges, kept), log)
        progress("calibrate", total, total)
        return best[1], log

    def _better(self, best: tuple[float, Recipe] | None, recipe: Recipe, log: list[str]) -> tuple[float, Recipe]:
        mean = float(self.shift_px(recipe).mean())
        kept = ", ".join(block.name for block in recipe.float_blocks) or "nothing"
        log.append(f"{recipe.method}, in float {kept}: mean shift {mean:.2f} px of the input")
        return (mean, recipe) if best is None or mean < best[0] else best

    def sensitivity(self, recipe: Recipe, progress: Progress) -> list[BlockSensitivity]:
        """Quantise each block alone; the most sensitive first."""
        rows = []
        blocks = self.graph.blocks
        for done, block in enumerate(blocks):
            progress("sensitivity", done, len(blocks))
            others = tuple(other for other in blocks if other is not block)
            shift = self.shift_px(Recipe(recipe.method, recipe.ranges, others))
            share = self.macs_share([block])
            rows.append(
                BlockSensitivity(
                    block.name, len(block.layers), share, float(shift.mean()), float(np.percentile(shift, 95))
                )
            )
        progress("sensitivity", len(blocks), len(blocks))
        return sorted(rows, key=lambda row: -row.shift_mean_px)


def _matching(blocks: Sequence[Block], patterns: Sequence[str]) -> tuple[Block, ...]:
    for pattern in patterns:
        if not any(named(layer, [pattern]) for block in blocks for layer in block.layers):
            names = ", ".join(block.name for block in blocks)
            raise ExportError(f"no block of the network is named {pattern!r}; there are: {names}")
    return tuple(block for block in blocks if named(block.name, patterns))
