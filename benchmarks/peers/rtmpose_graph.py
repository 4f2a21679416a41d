"""RTMPose's graph with made-up weights: ``python -m benchmarks.peers.rtmpose_graph rtmpose-s.onnx``.

rtmlib's weights lie on a model server. How long a network runs follows from its layers and their sizes, not from the
values of its weights: so this one may be timed in the place of the published one. It is good for nothing else.

What shows that its layers are the published ones: size s has 5.47 M parameters and 0.68 G multiply-adds, as published,
and sizes t, m and l agree as well, to the last digit given (`PUBLISHED`; tests/unit/benchmarks/test_rtmpose_graph.py).
Two operations for each output of a batch norm are part of that; without them size s has 0.676 G.

Source:
    T. Jiang et al., "RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose", 2023, arXiv:2303.07399. The
    backbone is CSPNeXt of C. Lyu et al., "RTMDet", 2022, arXiv:2212.07784, the gated attention unit that of W. Hua et
    al., "Transformer Quality in Linear Time", 2022, arXiv:2202.10447. Widths and depths are those of the configuration
    ``rtmpose-s_8xb256-420e_body8-256x192`` in open-mmlab/mmpose, whose weights rtmlib's "lightweight" mode downloads.
"""

import argparse
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_HW = (256, 192)
N_KEYPOINTS = 17
STRIDE = 32  # of the backbone, px
SPLIT_RATIO = 2  # bins a pixel
OPSET = 11  # MMDeploy's, by which the published files were made
SEED = 0

HEAD_WIDTH, ATTENTION_WIDTH, EXPANSION = 256, 128, 2
STEM_WIDTH = 64  # this and the next before scaling
STAGES = ((128, 3), (256, 6), (512, 6), (1024, 3))  # channels, blocks


@dataclass(frozen=True, slots=True)
class Size:
    """One of the published sizes.

    Attributes:
        depth: Factor on the backbone's blocks.
        width: Factor on its channels.
        parameters_m: As published, millions.
        gmacs: As published under the name of GFLOPs, billions of multiply-adds.
    """

    depth: float
    width: float
    parameters_m: float
    gmacs: float


# The authors' table for COCO's 17 keypoints at 256 x 192: README of projects/rtmpose in open-mmlab/mmpose.
PUBLISHED = {
    "t": Size(0.167, 0.375, 3.34, 0.36),
    "s": Size(0.33, 0.5, 5.47, 0.68),
    "m": Size(0.67, 0.75, 13.59, 1.93),
    "l": Size(1.0, 1.0, 27.66, 4.16),
}


class RTMPose(nn.Module):
    """CSPNeXt, and the head that classifies each keypoint's x and y.

    ``(B, 3, 256, 192)`` RGB, normalised, to ``simcc_x`` ``(B, 17, 384)`` and ``simcc_y`` ``(B, 17, 512)``.
    """

    def __init__(self, size: str = "s") -> None:
        super().__init__()
        depth, width = PUBLISHED[size].depth, PUBLISHED[size].width
        channels = [int(wide * width) for wide in (STEM_WIDTH, *(wide for wide, _ in STAGES))]
        layers: list[nn.Module] = [
            convolution(3, channels[0] // 2, 3, stride=2),
            convolution(channels[0] // 2, channels[0] // 2, 3),
            convolution(channels[0] // 2, channels[0], 3),
        ]
        for number, (_, blocks) in enumerate(STAGES):
            wide, last = channels[number + 1], number == len(STAGES) - 1
            layers.append(convolution(channels[number], wide, 3, stride=2))
            if last:
                layers.append(PyramidPooling(wide))
            layers.append(CrossStage(wide, blocks=max(round(blocks * depth), 1), residual=not last))
        self.backbone = nn.Sequential(*layers)
        cells = (INPUT_HW[0] // STRIDE) * (INPUT_HW[1] // STRIDE)
        self.to_keypoints = nn.Conv2d(channels[-1], N_KEYPOINTS, 7, padding=3)
        self.mlp = nn.Sequential(ScaleNorm(cells), nn.Linear(cells, HEAD_WIDTH, bias=False))
        self.attention = GatedAttention()
        self.x = nn.Linear(HEAD_WIDTH, INPUT_HW[1] * SPLIT_RATIO, bias=False)
        self.y = nn.Linear(HEAD_WIDTH, INPUT_HW[0] * SPLIT_RATIO, bias=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The scores of each keypoint's bins in x and in y."""
        tokens = self.attention(self.mlp(self.to_keypoints(self.backbone(image)).flatten(2)))
        return self.x(tokens), self.y(tokens)


def convolution(narrow: int, wide: int, kernel: int = 1, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, SiLU; the norm is folded away by the export."""
    conv = nn.Conv2d(narrow, wide, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(wide, eps=1e-3), nn.SiLU())


class PyramidPooling(nn.Module):
    """Maxima over three neighbourhoods beside the map itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = convolution(channels, channels // 2)
        self.pools = nn.ModuleList(nn.MaxPool2d(kernel, 1, kernel // 2) for kernel in (5, 9, 13))
        self.after = convolution(channels * 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        x = self.before(x)
        merged: Tensor = self.after(torch.cat([x, *(pool(x) for pool in self.pools)], dim=1))
        return merged


class Block(nn.Module):
    """A dense 3 x 3, a 5 x 5 by channel, a 1 x 1."""

    def __init__(self, channels: int, *, residual: bool) -> None:
        super().__init__()
        by_channel = convolution(channels, channels, 5, groups=channels)
        self.body = nn.Sequential(convolution(channels, channels, 3), by_channel, convolution(channels, channels))
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        y: Tensor = self.body(x)
        return x + y if self.residual else y


class CrossStage(nn.Module):
    """Half of the channels go through the blocks, half around them; then channel attention."""

    def __init__(self, channels: int, *, blocks: int, residual: bool) -> None:
        super().__init__()
        half = channels // 2
        self.through, self.around = convolution(channels, half), convolution(channels, half)
        self.blocks = nn.Sequential(*(Block(half, residual=residual) for _ in range(blocks)))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1), nn.Hardsigmoid())
        self.merge = convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        both = torch.cat([self.blocks(self.through(x)), self.around(x)], dim=1)
        merged: Tensor = self.merge(both * self.gate(both))
        return merged


class ScaleNorm(nn.Module):
    """Each token divided by the root mean square of its values, times one learned number."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))
        self.scale = width**-0.5

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        rms = torch.linalg.vector_norm(x, dim=-1, keepdim=True) * self.scale
        normed: Tensor = x / rms.clamp(min=1e-5) * self.gain
        return normed


class GatedAttention(nn.Module):
    """Self-attention among the keypoints, with squared ReLU in place of softmax, and a gate."""

    def __init__(self) -> None:
        super().__init__()
        inner = HEAD_WIDTH * EXPANSION
        self.widths = [inner, inner, ATTENTION_WIDTH]
        self.norm = ScaleNorm(HEAD_WIDTH)
        self.into = nn.Linear(HEAD_WIDTH, sum(self.widths), bias=False)
        self.out = nn.Linear(inner, HEAD_WIDTH, bias=False)
        self.gamma = nn.Parameter(torch.rand(2, ATTENTION_WIDTH))
        self.beta = nn.Parameter(torch.rand(2, ATTENTION_WIDTH))
        self.shortcut = nn.Parameter(torch.ones(HEAD_WIDTH))

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, K, 256)``, the same shape."""
        gate, values, shared = torch.split(functional.silu(self.into(self.norm(tokens))), self.widths, dim=-1)
        queries, keys = (shared.unsqueeze(2) * self.gamma + self.beta).unbind(dim=2)
        weights = functional.relu(queries @ keys.transpose(1, 2) / math.sqrt(ATTENTION_WIDTH)).square()
        update: Tensor = self.out(gate * (weights @ values))
        return tokens * self.shortcut + update

    def own_macs(self, tokens: Tensor) -> int:
        """Multiply-adds beside those of its layers, for `gonio.training.networks.count_macs`: the two products."""
        batch, keypoints, _ = tokens.shape
        return batch * keypoints**2 * (ATTENTION_WIDTH + self.widths[1])


def made_up(size: str = "s", *, seed: int = SEED) -> RTMPose:
    """The network in evaluation mode; the same seed gives the same weights, to rounding.

    Its norms have seen noise, so that values keep an ordinary size from layer to layer, as after training. Without that
    they might fade to subnormal numbers, with which processors are slow: the one way in which values would matter.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = RTMPose(size)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the plain mean over what it has seen
        network.train()(torch.randn(2, 3, *INPUT_HW))
    return network.eval()


def export(network: RTMPose, path: Path) -> None:
    """Write ``network`` as ONNX with the published files' input and outputs; the batch is open, as there."""
    batch = {0: "batch"}
    options: dict[str, Any] = {
        "input_names": ["input"],
        "output_names": ["simcc_x", "simcc_y"],
        "dynamic_axes": {"input": batch, "simcc_x": batch, "simcc_y": batch},
        "opset_version": OPSET,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this exporter, MMDeploy's too, announces its successor
        torch.onnx.export(network, (torch.zeros(1, 3, *INPUT_HW),), path, dynamo=False, verbose=False, **options)


def main() -> None:
    """Write one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.rtmpose_graph", description=__doc__)
    parser.add_argument("out", type=Path, metavar="FILE.onnx")
    parser.add_argument("--size", choices=PUBLISHED, default="s")
    args = parser.parse_args()
    export(made_up(args.size), args.out)


if __name__ == "__main__":
    main()
