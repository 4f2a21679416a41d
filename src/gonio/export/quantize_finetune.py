"""Quantisation-aware fine-tuning: the int8 network learns to answer as the float network does; nobody labels anything.

Source:
    The float network as the teacher: Polino et al., "Model Compression via Distillation and Quantization", ICLR 2018;
    values inside the network too: Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from gonio.arrays import FloatArray
from gonio.export.quantize_graph import FloatGraph
from gonio.export.quantize_network import Int8Network, open_graph

_BATCH = 8  # inputs of one size that are looked at together
_WEIGHT_RATE = 0.002  # by how many integers Adam moves a weight at once, at most
_BIAS_RATE = 0.02  # the same for biases, of which the largest of a layer counts 64
_RANGE_RATE = 0.005  # the same for the logarithm of a scale
_WARM_UP = 0.1  # of the steps
_INSIDE = 5.0  # what the mean error inside the network counts beside that of one output


def finetuned(
    model: onnx.ModelProto,
    graph: FloatGraph,
    inputs: Sequence[FloatArray],
    *,
    steps: int,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> onnx.ModelProto:
    """The int8 network after learning to answer as the float network does.

    Args:
        model: The int8 network, from `gonio.export.quantize_int8.quantized`; it is left as it is.
        graph: The float network.
        inputs: To learn on, ``(1, 3, h, w)`` of any sizes.
        steps: Of Adam.
        seed: Of the choice of inputs: the same makes the same network.
        progress: Told how many steps are done, and how many there are.
    """
    pairs = _pairs(model, graph)
    weights = {name: numpy_helper.to_array(one) for name, one in graph.weights().items()}
    network = Int8Network(model, weights, inside=list(pairs.values()))
    teacher = open_graph(graph.model, inside=list(pairs))
    outputs = [value.name for value in graph.model.graph.output]
    rates = ((network.weights, _WEIGHT_RATE), (network.biases, _BIAS_RATE), (network.ranges, _RANGE_RATE))
    optimizer = torch.optim.Adam([{"params": list(learned), "lr": rate} for learned, rate in rates])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _part_of_rate(step / steps))
    batches = _Batches(inputs, seed)
    for step in range(steps):
        progress(step, steps)
        batch = batches.draw()
        found, wanted = network(batch), teacher(batch)
        loss = torch.stack([relative_error(found[name], wanted[name]) for name in outputs]).sum()
        if pairs:
            inside = [relative_error(found[rounded], wanted[name]) for name, rounded in pairs.items()]
            loss = loss + _INSIDE * torch.stack(inside).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    progress(steps, steps)
    return network.written()


def relative_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Squared error by the variance of what is wanted: maps count the same whatever their unit."""
    return (found - wanted).square().mean() / wanted.var(correction=0).clamp(min=1e-12)


class _Batches:
    """Inputs by chance, of one size together. State: the random numbers."""

    def __init__(self, inputs: Sequence[FloatArray], seed: int) -> None:
        self._sizes = [one.shape for one in inputs]
        self._alike: dict[tuple[int, ...], list[FloatArray]] = defaultdict(list)
        for one in inputs:
            self._alike[one.shape].append(one)
        self._random = np.random.default_rng(seed)

    def draw(self) -> Tensor:
        alike = self._alike[self._sizes[self._random.integers(len(self._sizes))]]
        chosen = self._random.choice(len(alike), min(_BATCH, len(alike)), replace=False)
        return torch.from_numpy(np.concatenate([alike[i] for i in chosen]))


def _part_of_rate(done: float) -> float:
    """Up to all of it, then down to nothing along a cosine."""
    return min((done + 1e-3) / _WARM_UP, 0.5 * (1 + math.cos(math.pi * done)))


def _pairs(model: onnx.ModelProto, graph: FloatGraph) -> Mapping[str, str]:
    """Values inside the float network, and by them what they are in the int8 network after rounding.

    What is clipped from both sides is left out: there is little to learn where it is at its limits.
    """
    ends = {value.name for value in graph.model.graph.output}
    kinds = {name: node.op_type for node in graph.model.graph.node for name in node.output}
    after = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    return {
        node.input[0]: after[node.output[0]]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear" and kinds.get(node.input[0]) in ("Add", "Conv", "Relu")
        if node.input[0] not in ends and node.output[0] in after
    }
