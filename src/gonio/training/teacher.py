"""`Teacher`: a top-down model that labels what a student learns from.

It runs in PyTorch whatever its weights are, an ONNX file or one of our checkpoints, on the device of its student.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gonio.arrays import FloatArray64
from gonio.codecs import Codec, Heatmap, SimCC
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.affine import crop_matrix, invert
from gonio.models.card import CropInput, ModelCard, Weights
from gonio.models.registry import find_card, find_weights
from gonio.onnx_in_torch.module import OnnxModule
from gonio.structures.skeleton import Skeleton
from gonio.training.checkpoint import load_checkpoint
from gonio.training.decoding import decode_heatmaps
from gonio.training.networks import PoseNetwork
from gonio.training.soft_targets import agreement_weights, heatmaps_to_simcc, resample_heatmaps

__all__ = ["Teacher", "TeacherLabels", "agreement_weights", "heatmaps_to_simcc", "resample_heatmaps"]

CHECKPOINT_SUFFIXES = (".safetensors",)
"""What tells a checkpoint from a card; its ``.json`` is known by the ``.safetensors`` beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class TeacherLabels:
    """What a teacher says of B images; tensors without gradient, float32, on its device.

    Attributes:
        keypoints: ``(B, K, 2)`` px of the images.
        scores: ``(B, K)`` in [0, 1].
        heatmaps: ``(B, K, h', w')`` of its own input, if its codec is a `Heatmap`.
        simcc: Lines ``(B, K, bins)`` of its own input, along x and y, if its codec is `SimCC`.
        codec: What these mean.
        matrix: ``(2, 3)`` float64, on the CPU: from pixels of the images to those of its own input.
    """

    keypoints: Tensor
    scores: Tensor
    heatmaps: Tensor | None
    simcc: tuple[Tensor, Tensor] | None
    codec: Codec
    matrix: Tensor


class Teacher(nn.Module):
    """A network with everything that makes labels of its outputs; always in evaluation mode, without gradient.

    Attributes:
        codec: What the network's outputs mean.
        input_hw: The network's input, px.
        skeleton: What its keypoints are.
        margin: How its crops are cut: see `gonio.geometry.affine.crop_box`.
        pad_value: Grey level beside the picture.
        flip_test: Whether it also looks at the mirrored images, and averages.

    Example:
        >>> teacher = Teacher.from_card("lightning")
        >>> labels = teacher(torch.zeros(2, 3, 128, 96))
        >>> labels.keypoints.shape, labels.scores.shape
        (torch.Size([2, 17, 2]), torch.Size([2, 17]))
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, network: nn.Module, *, codec: Codec, crop: CropInput, skeleton: Skeleton, flip_test: bool = False
    ) -> None:
        """Take any network that maps ``(B, 3, h, w)`` to the codec's outputs by name.

        Args:
            network: It is frozen, and put into evaluation mode.
            codec: What its outputs mean.
            crop: Its input: size, normalisation, and how its crops are cut.
            skeleton: What its keypoints are.
            flip_test: See the class.

        Raises:
            ConfigError: If the codec has another number of keypoints than the skeleton.
        """
        super().__init__()
        n_keypoints = getattr(codec, "n_keypoints", len(skeleton))
        if n_keypoints != len(skeleton):
            raise ConfigError(f"the codec has {n_keypoints} keypoints, the skeleton {skeleton.name!r} {len(skeleton)}")
        self.network = network.requires_grad_(False)
        self.codec, self.skeleton, self.flip_test = codec, skeleton, flip_test
        self.input_hw, self.margin, self.pad_value = crop.input_hw, crop.margin, crop.pad_value
        self._turned = crop.channel_order == "bgr"
        self.register_buffer("mean", torch.tensor(crop.mean)[:, None, None])
        self.register_buffer("std", torch.tensor(crop.std)[:, None, None])
        self.eval()

    @classmethod
    def load(cls, source: str | Path, *, weights: Path | None = None, flip_test: bool = False) -> Self:
        """A teacher from a card, a card's name, or a checkpoint (``.safetensors``, or its ``.json``)."""
        path = Path(source)
        if path.suffix in CHECKPOINT_SUFFIXES or (path.suffix == ".json" and path.with_suffix(".safetensors").exists()):
            return cls.from_checkpoint(path, flip_test=flip_test)
        return cls.from_card(source, weights=weights, flip_test=flip_test)

    @classmethod
    def from_card(cls, card: str | Path, *, weights: Path | None = None, flip_test: bool = False) -> Self:
        """A teacher whose weights are an ONNX file.

        Args:
            card: A model card (.json), or the name of a model of the package.
            weights: The weights file, where it is not beside the card; it must be the one that the card names.
            flip_test: See the class.

        Raises:
            UnknownModelError: If there is no such card.
            WeightsError: If the weights are missing, or not those of the card.
            ConfigError: If the model is not top-down.
            ModelMismatchError: If the network's outputs are not those that the card says.
            ModelError: If the network has an operator that `OnnxModule` does not know.
        """
        found, folder = find_card(card)
        crop = _crop_of(found)
        if weights is not None:
            renamed = Weights(file=weights.name, sha256=found.weights.sha256)
            found, folder = found.model_copy(update={"weights": renamed}), weights.parent
        network, codec = OnnxModule(find_weights(found, folder)), found.build_codec()
        for name, channels in codec.output_channels.items():
            if network.output_channels.get(name, -1) not in (channels, None):
                raise ModelMismatchError(
                    f"the weights of model {found.name!r} do not fit its card: output {name!r} should have {channels} "
                    f"channels, the network has {network.output_channels}"
                )
        return cls(network, codec=codec, crop=crop, skeleton=found.load_skeleton(), flip_test=flip_test)

    @classmethod
    def from_checkpoint(cls, path: Path, *, flip_test: bool = False) -> Self:
        """A teacher that was trained here.

        Args:
            path: Either file of the checkpoint.
            flip_test: See the class.

        Raises:
            WeightsError: If a file is missing or damaged.
            ConfigError: If the network is not top-down.
        """
        network, info = load_checkpoint(path)
        if info.crop is None:
            raise ConfigError(f"'{path}' sees whole pictures, but a teacher is a top-down model; give one with a crop")
        return cls.from_network(
            network,
            skeleton=info.skeleton.to_skeleton(),
            margin=info.crop.margin,
            pad_value=info.crop.pad_value,
            flip_test=flip_test,
        )

    @classmethod
    def from_network(
        cls, network: PoseNetwork, *, skeleton: Skeleton, margin: float, pad_value: int = 0, flip_test: bool = False
    ) -> Self:
        """A teacher from a network that knows its codec, input and normalisation."""
        crop = CropInput(
            kind="crop",
            input_hw=network.input_hw,
            margin=margin,
            pad_value=pad_value,
            mean=(network.mean,) * 3,
            std=(network.std,) * 3,
        )
        return cls(network, codec=network.codec, crop=crop, skeleton=skeleton, flip_test=flip_test)

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - a part of a student's module tree stays what it is
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherLabels:
        """Labels of images that each show one person, the crop's region.

        Args:
            images: ``(B, 3, h, w)`` RGB, 0 to 255; of another size than the network's input they are resized, with
                grey borders where the aspect differs.
        """
        inputs, matrix = self._fitted(images.to(self.mean.device, torch.float32))
        batch = ((inputs.flip(1) if self._turned else inputs) - self.mean) / self.std
        outputs = self._outputs(batch)
        if self.flip_test:
            mirrored = self._unflipped(self._outputs(batch.flip(-1)))
            outputs = {name: (values + mirrored[name]) / 2 for name, values in outputs.items()}
        return self._labels(outputs, matrix)

    def _outputs(self, batch: Tensor) -> dict[str, Tensor]:
        """The network's outputs. On a CPU crops go through one by one: what a batch needs in between fits no cache."""
        alone = batch.device.type == "cpu" and len(batch) > 0
        each = [self.network(part) for part in ([one[None] for one in batch] if alone else [batch])]
        return {name: torch.cat([one[name].float() for one in each]) for name in self.codec.output_channels}

    def _labels(self, outputs: dict[str, Tensor], matrix: FloatArray64) -> TeacherLabels:
        """Decode, and bring the keypoints home."""
        keypoints, scores = self._decoded(outputs)
        back = torch.from_numpy(invert(matrix)).to(keypoints.device)
        home = (keypoints.double()[..., None, :] * back[:, :2]).sum(dim=-1) + back[:, 2]
        codec = self.codec
        return TeacherLabels(
            keypoints=home.float(),
            scores=scores.clamp(0, 1),
            heatmaps=outputs[codec.output] if isinstance(codec, Heatmap) else None,
            simcc=(outputs[codec.output_x], outputs[codec.output_y]) if isinstance(codec, SimCC) else None,
            codec=codec,
            matrix=torch.from_numpy(matrix),
        )

    def _decoded(self, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Keypoints ``(B, K, 2)`` px of the input, and scores ``(B, K)``; heatmaps are large and stay on the device."""
        codec, device = self.codec, self.mean.device
        if isinstance(codec, Heatmap) and codec.refinement != "quarter":
            return decode_heatmaps(outputs[codec.output], codec)
        people = codec.decode({name: values.cpu().numpy() for name, values in outputs.items()})
        k = len(self.skeleton)
        keypoints = np.stack([one.keypoints[0] for one in people]) if people else np.zeros((0, k, 2), np.float32)
        scores = np.stack([one.scores[0] for one in people]) if people else np.zeros((0, k), np.float32)
        return torch.from_numpy(keypoints).to(device), torch.from_numpy(scores).to(device)

    def _fitted(self, images: Tensor) -> tuple[Tensor, FloatArray64]:
        """The images at the network's input size, and the exact matrix from the ones to the others."""
        (height, width), (to_height, to_width) = images.shape[2:], self.input_hw
        if (height, width) == (to_height, to_width):
            return images, np.eye(2, 3)
        scale = min(to_height / height, to_width / width)
        new_h, new_w = min(round(height * scale), to_height), min(round(width * scale), to_width)
        top, left = (to_height - new_h) // 2, (to_width - new_w) // 2
        resized = functional.interpolate(images, (new_h, new_w), mode="bilinear", antialias=scale < 1)
        border = (left, to_width - new_w - left, top, to_height - new_h - top)
        matrix = crop_matrix((0, 0, width, height), (new_w, new_h)) + np.array([[0, 0, left], [0, 0, top]])
        return functional.pad(resized, border, value=float(self.pad_value)), matrix

    def _unflipped(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """`Codec.unflip`; of heatmaps on the device, as they are large."""
        flip, codec = list(self.skeleton.flip_indices), self.codec
        if isinstance(codec, Heatmap):
            turned = outputs[codec.output].flip(-1)[:, flip]
            columns = (torch.arange(turned.shape[-1], device=turned.device) - codec.flip_shift).clamp(min=0)
            return {codec.output: turned[..., columns]}
        arrays = codec.unflip({name: values.cpu().numpy() for name, values in outputs.items()}, flip)
        device = self.mean.device
        return {name: torch.from_numpy(np.ascontiguousarray(array)).to(device) for name, array in arrays.items()}


def _crop_of(card: ModelCard) -> CropInput:
    if not isinstance(card.input, CropInput):
        raise ConfigError(
            f"model {card.name!r} is {card.task}, but a teacher is a top-down model; give one with a crop"
        )
    return card.input
