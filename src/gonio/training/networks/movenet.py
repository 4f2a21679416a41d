"""MoveNet (Lightning, Thunder, MultiPose) as a module that starts from the shipped weights, to be fine-tuned.

MobileNetV2's body, three steps up to stride 4, one small head per output; the codec is `SinglePersonGrid` or
`MultiPersonGrid`. The batch norms of the original training are folded into its convolutions and stay so.

The weights come from the ONNX files by order: the convolutions of a file, in its order of computation, are those of
this module, in its order of definition: stem; blocks 0 to 16, each expansion (not in block 0), depthwise, projection;
last; neck, top, then per step lateral, depthwise, mix; heads in the codec's order, each depthwise, mix, output. Every
shape is checked, and the outputs' names are.

Source:
    R. Votel, N. Li, "Next-Generation Pose Detection with MoveNet and TensorFlow.js", TensorFlow blog, 2021; M. Sandler
    et al., "MobileNetV2", CVPR 2018.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gonio.codecs import MultiPersonGrid, SinglePersonGrid
from gonio.errors import ConfigError, WeightsError
from gonio.models.registry import WEIGHTS_FOLDER
from gonio.optional import require
from gonio.training.networks.base import SplitNetwork
from gonio.training.networks.unfolding import NormedConv, unfold

_REPEATS, _STRIDES, _EXPAND = (2, 3, 4, 3, 3, 1), (2, 2, 2, 1, 2, 1), 6  # of the blocks after block 0
_TAPS = (9, 5, 2)  # the blocks whose maps the neck adds, at strides 16, 8 and 4
_LAST, _NECK, _HEAD = 1280, (64, 32, 24, 24), 96
_SCORES, _PRIOR = ("center", "heatmap"), 0.1  # behind a sigmoid, and what they say everywhere before training
OWN_KEYPOINTS = 17  # COCO's
_NEW_HEADS = ("heatmap", "regress", "offset")  # whose last convolution depends on the skeleton


@dataclass(frozen=True, slots=True)
class MoveNetSize:
    """How wide the network is, and for how many people.

    Attributes:
        stem: Channels at stride 2.
        widths: Channels of block 0 and of the six groups of blocks after it.
        many: Whether it finds any number of people, or one.
        input_hw: The input size that it is made for, px.
    """

    stem: int
    widths: tuple[int, int, int, int, int, int, int]
    many: bool
    input_hw: tuple[int, int]


SIZES = {
    "lightning": MoveNetSize(32, (16, 24, 32, 64, 96, 160, 320), many=False, input_hw=(192, 192)),
    "thunder": MoveNetSize(56, (32, 40, 56, 112, 168, 280, 560), many=False, input_hw=(256, 256)),
    "multipose": MoveNetSize(48, (24, 40, 48, 96, 144, 240, 480), many=True, input_hw=(256, 320)),
}


class MoveNet(SplitNetwork):
    """Body, neck and heads; random weights unless `load_onnx` or `pretrained` brings others."""

    front_parts: ClassVar[tuple[str, ...]] = ("body",)

    def __init__(
        self,
        size: str = "thunder",
        *,
        n_keypoints: int = 17,
        input_hw: tuple[int, int] | None = None,
        normed_from: int | None = None,
    ) -> None:
        """Make a network with random weights.

        Args:
            size: A key of `SIZES`.
            n_keypoints: K.
            input_hw: Multiples of 32 px; default: the size that the shipped weights are made for.
            normed_from: As of `put_norms_back`; None: nowhere.

        Raises:
            ConfigError: If there is no such size, or the input size is not a multiple of 32.
        """
        super().__init__()
        if size not in SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(SIZES)}")
        chosen = SIZES[size]
        self.size, self.input_hw = size, input_hw or chosen.input_hw
        if self.input_hw[0] % self.multiple or self.input_hw[1] % self.multiple:
            raise ConfigError(f"input_hw is {self.input_hw}; both must be multiples of {self.multiple} px")
        self.codec = MultiPersonGrid(n_keypoints) if chosen.many else SinglePersonGrid(n_keypoints)
        self.body = MoveNetBody(chosen)
        self.heads = nn.ModuleDict(
            {
                name: MoveNetHead(channels, score=name in _SCORES)
                for name, channels in self.codec.output_channels.items()
            }
        )
        if normed_from is not None:
            put_norms_back(self.body, self.heads.values(), from_block=normed_from)

    @classmethod
    def pretrained(
        cls,
        size: str = "thunder",
        *,
        n_keypoints: int = 17,
        input_hw: tuple[int, int] | None = None,
        normed_from: int | None = None,
    ) -> "MoveNet":
        """The network with the weights that the package carries.

        Args:
            size: A key of `SIZES`.
            n_keypoints: With another number than 17 the last convolutions of the keypoint heads stay random.
            input_hw: As of `MoveNet`.
            normed_from: As of `put_norms_back`; None: nowhere.

        Raises:
            ConfigError: As `MoveNet`.
            MissingDependencyError: If onnx is not installed.
            WeightsError: If the file is missing or damaged.
        """
        network = cls(size, n_keypoints=n_keypoints, input_hw=input_hw)
        network.load_onnx(WEIGHTS_FOLDER / f"movenet-{size}.onnx", new_heads=n_keypoints != OWN_KEYPOINTS)
        if normed_from is not None:
            put_norms_back(network.body, network.heads.values(), from_block=normed_from)
            network.unsettled = True
        return network

    def front(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → ``body``, ``(B, 24, h / 4, w / 4)``."""
        return {"body": self.body(image)}

    def rest(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The body's map → the codec's outputs, each ``(B, C, h / 4, w / 4)``."""
        fields = {name: head(maps["body"]) for name, head in self.heads.items()}
        return {name: torch.sigmoid(f) if name in _SCORES else f for name, f in fields.items()}

    def load_onnx(self, path: Path, *, new_heads: bool = False) -> None:
        """Take the weights of a file that ``scripts/convert_movenet.py`` made.

        Args:
            path: The ONNX file.
            new_heads: Leave the last convolutions of the keypoint heads as they are, for another skeleton.

        Raises:
            MissingDependencyError: If onnx is not installed.
            WeightsError: If the file cannot be read or its convolutions are not this network's.
        """
        outputs, stored = _read_convolutions(path)
        mine = [(name, m) for name, m in self.named_modules() if isinstance(m, nn.Conv2d)]
        if outputs != list(self.heads) or len(stored) != len(mine):
            raise WeightsError(
                f"'{path}' has {len(stored)} convolutions and the outputs {outputs}, MoveNet {self.size} has "
                f"{len(mine)} and {list(self.heads)}; give the file of this size"
            )
        fresh = {f"heads.{head}.output" for head in _NEW_HEADS} if new_heads else set()
        pairs = [(name, conv, kept) for (name, conv), kept in zip(mine, stored, strict=True) if name not in fresh]
        for name, convolution, arrays in pairs:
            wanted = [tuple(parameter.shape) for parameter in convolution.parameters()]
            if [array.shape for array in arrays] != wanted:
                raise WeightsError(
                    f"'{path}': {name} should have the shapes {wanted}, the file has {[a.shape for a in arrays]}; "
                    f"give the file of MoveNet {self.size}"
                )
        with torch.no_grad():
            for _, convolution, arrays in pairs:
                for parameter, array in zip(convolution.parameters(), arrays, strict=True):
                    parameter.copy_(torch.from_numpy(array))


class MoveNetTrunk(nn.Module):
    """MobileNetV2's stem and blocks."""

    def __init__(self, size: MoveNetSize) -> None:
        """Make the convolutions, in the order of the files of weights."""
        super().__init__()
        self.stem = SameConv(3, size.stem, kernel=3, stride=2)
        self.blocks = nn.ModuleList(_blocks(size))

    def maps(self, image: Tensor, taps: Iterable[int]) -> list[Tensor]:
        """``(B, 3, h, w)`` → what these blocks make of it, by their numbers from 0, in order; and the last one's."""
        wanted = set(taps)
        fixed = self._fixed_blocks() if torch.is_grad_enabled() and image.device.type == "cpu" else 0
        x, *early = self._front(image, fixed, wanted)
        x, *later = self._through(x, fixed, len(self.blocks), wanted)
        return [*early, *later, x]

    def _fixed_blocks(self) -> int:
        """The blocks from the first on that have nothing to learn."""
        learns = [any(p.requires_grad for p in block.parameters()) for block in self.blocks]
        if any(p.requires_grad for p in self.stem.parameters()):
            return 0
        return learns.index(True) if True in learns else len(learns)

    def _front(self, image: Tensor, fixed: int, taps: set[int]) -> list[Tensor]:
        """What the stem and the fixed blocks make of the pictures, one after the other: so it fits a CPU's cache."""
        if not fixed:
            return [nn.functional.relu6(self.stem(image))]
        each = [self._through(nn.functional.relu6(self.stem(one)), 0, fixed, taps) for one in torch.split(image, 1)]
        return [torch.cat(maps) for maps in zip(*each, strict=True)]

    def _through(self, x: Tensor, first: int, end: int, taps: set[int]) -> list[Tensor]:
        """What some of the blocks make of a map, and what is tapped on the way."""
        tapped = []
        for i in range(first, end):
            x = self.blocks[i](x)
            if i in taps:
                tapped.append(x)
        return [x, *tapped]


class MoveNetBody(MoveNetTrunk):
    """The trunk and the way back up: everything before the heads."""

    def __init__(self, size: MoveNetSize) -> None:
        """Make the convolutions, in the order of the files of weights."""
        super().__init__(size)
        self.channels = _NECK[-1]
        self.last = SameConv(size.widths[-1], _LAST)
        self.neck = MoveNetNeck([self.blocks[tap].outputs for tap in _TAPS])  # type: ignore[misc]

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, h, w)`` → ``(B, 24, h / 4, w / 4)``."""
        return self.with_maps(image, ())[0]

    def with_maps(self, image: Tensor, taps: Iterable[int]) -> list[Tensor]:
        """The same, and before it is led back up what these blocks make of the image, in the order given."""
        wanted = tuple(taps)
        tapped = sorted({*_TAPS, *wanted})
        *maps, x = self.maps(image, tapped)
        by_block = dict(zip(tapped, maps, strict=True))
        top: Tensor = self.neck(nn.functional.relu6(self.last(x)), [by_block[tap] for tap in _TAPS])
        return [top, *(by_block[tap] for tap in wanted)]


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding: at stride 2, on even sides, right and below only."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1, bias: bool = True
    ) -> None:
        """Make the layer."""
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C', h / stride, w / stride)``."""
        return super().forward(x if self.stride[0] == 1 else nn.functional.pad(x, (0, 1, 0, 1)))


class MoveNetBlock(nn.Module):
    """Expansion, depthwise, projection, ReLU6 between them; the input is added where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, expand: int) -> None:
        """Make the convolutions; without an expansion where it is 1."""
        super().__init__()
        inner = inputs * expand
        self.outputs = outputs
        self.expansion = SameConv(inputs, inner) if expand > 1 else None
        self.depthwise = SameConv(inner, inner, kernel=3, stride=stride, groups=inner)
        self.projection = SameConv(inner, outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C', h / stride, w / stride)``."""
        inner = x if self.expansion is None else nn.functional.relu6(self.expansion(x))
        result: Tensor = self.projection(nn.functional.relu6(self.depthwise(inner)))
        return x + result if self.adds else result


class MoveNetNeck(nn.Module):
    """Three steps up: double, add the body's map, mix."""

    def __init__(self, widths: list[int]) -> None:
        """Take the widths of the body's maps, the coarsest first."""
        super().__init__()
        self.top = SameConv(_LAST, _NECK[0])
        self.steps = nn.ModuleList(
            nn.ModuleDict(
                {
                    "lateral": SameConv(width, before),
                    "depthwise": SameConv(before, before, kernel=3, groups=before, bias=False),
                    "mix": SameConv(before, after),
                }
            )
            for width, before, after in zip(widths, _NECK[:-1], _NECK[1:], strict=True)
        )

    def forward(self, x: Tensor, maps: list[Tensor]) -> Tensor:
        """The last map and the body's, the coarsest first → ``(B, 24, h / 4, w / 4)``."""
        x = self.top(x)
        for step, finer in zip(self.steps, maps, strict=True):
            layers: Any = step
            doubled = nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = torch.relu(layers["mix"](layers["depthwise"](doubled + layers["lateral"](finer))))
        return x


class MoveNetHead(nn.Module):
    """Depthwise, mix, ReLU, output."""

    def __init__(self, channels: int, *, score: bool) -> None:
        """Make the convolutions; regressions start at zero, scores at a low value everywhere."""
        super().__init__()
        self.depthwise = SameConv(_NECK[-1], _NECK[-1], kernel=3, groups=_NECK[-1], bias=False)
        self.mix = SameConv(_NECK[-1], _HEAD)
        self.output = SameConv(_HEAD, channels)
        nn.init.normal_(self.output.weight, std=0.001)
        self.output.bias = nn.Parameter(torch.full((channels,), math.log(_PRIOR / (1 - _PRIOR)) if score else 0.0))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 24, h, w)`` → ``(B, channels, h, w)``."""
        return self.output(torch.relu(self.mix(self.depthwise(x))))  # type: ignore[no-any-return]


def put_norms_back(body: MoveNetBody, heads: Iterable[nn.Module], *, from_block: int) -> None:
    """Batch norms, without which pretrained weights are soon lost: see `gonio.training.networks.unfolding`.

    Args:
        body: Whose blocks from this one on (of 17, counted from 0), last convolution and neck get them. Freeze the
            blocks before.
        heads: Get them but for their outputs, whose bias is the score that a map starts with.
        from_block: The first block.
    """
    for block in body.blocks[from_block:]:
        unfold(block)
    body.add_module("last", NormedConv(body.last))
    unfold(body.neck)
    for head in heads:
        unfold(head, keep="output")


def _blocks(size: MoveNetSize) -> list[MoveNetBlock]:
    blocks = [MoveNetBlock(size.stem, size.widths[0], stride=1, expand=1)]
    for width, repeats, stride in zip(size.widths[1:], _REPEATS, _STRIDES, strict=True):
        for i in range(repeats):
            blocks.append(MoveNetBlock(blocks[-1].outputs, width, stride=stride if i == 0 else 1, expand=_EXPAND))
    return blocks


def _read_convolutions(path: Path) -> tuple[list[str], list[list[np.ndarray[Any, np.dtype[np.float32]]]]]:
    """Names of the outputs, and kernel and bias of every convolution in order of computation."""
    onnx: Any = require("onnx", extra="train", purpose="reading the weights of MoveNet")  # optional
    from gonio.stored_weights import widen  # needs onnx

    decode_error: Any = require("google.protobuf.message", extra="train", purpose="reading ONNX files").DecodeError
    try:
        model = onnx.load(path)
    except (OSError, decode_error) as error:
        raise WeightsError(f"'{path}' cannot be read ({error}); reinstall gonio, or give another file") from error
    widen(model)
    graph = model.graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    convolutions = [
        [np.array(arrays[name]) for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"
    ]
    return [output.name for output in graph.output], convolutions
