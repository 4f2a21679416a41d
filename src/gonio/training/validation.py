"""How good a network is while it learns: OKS AP and PCK, or AP of boxes, by the code that measures finished models."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from gonio.arrays import ImageArray
from gonio.codecs import BoxGrid, Codec, DecodedPeople
from gonio.datasets.pictures import read_labelled
from gonio.datasets.sheet import Tile
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.errors import ConfigError
from gonio.evaluation.coco import coco_ap
from gonio.evaluation.coco_boxes import box_ap
from gonio.evaluation.matching import keypoint_errors
from gonio.evaluation.pck import pck
from gonio.geometry.affine import crop_box, invert, letterbox, transform, transform_boxes
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.training.data import Labelled, is_learnable
from gonio.training.networks import PoseNetwork
from gonio.training.recipe_parts import Data
from gonio.training.samples import planes
from gonio.training.state import Metrics

_CHUNK = 32
_SHOWN = 12


class Validator:
    """Measures a network on labelled pictures; top-down networks are given the labels' boxes."""

    def __init__(self, pictures: Sequence[Labelled], *, data: Data, network: PoseNetwork, top_down: bool) -> None:
        """Choose what is measured on; a one-stage network also looks at pictures of nobody, where it may be wrong.

        Raises:
            ConfigError: If nobody in the pictures can be measured on.
        """
        self.data, self.top_down = data, top_down
        self.codec: Codec = network.codec
        self.input_hw, self.mean, self.std, self.multiple = (
            network.input_hw, network.mean, network.std, network.multiple,
        )  # fmt: skip
        if top_down:
            chosen = [one for one in (_of_people(one, data.min_keypoints) for one in pictures) if len(one.labels)]
        else:
            chosen = list(pictures)
        if not any(len(one.labels) for one in chosen):
            raise ConfigError(
                f"none of {len(pictures)} pictures to measure on shows a person with {data.min_keypoints} labelled "
                "keypoints; check data.val, or lower data.min_keypoints"
            )
        self.pictures = _at_most(chosen, data.val_people, by_people=top_down)

    def measure(self, network: nn.Module, device: torch.device) -> tuple[Metrics, list[Tile]]:
        """AP, AP50 and AR, and PCK of keypoints, in percent (None where not defined); and pictures to look at."""
        found: list[Poses] = []
        shown: list[Tile] = []
        network.eval()
        for one in self.pictures:
            image = read_labelled(one.path, one.labels)
            poses = self._look(network, image, one.labels, device)
            found.append(poses)
            if len(shown) < _SHOWN:
                drawn = draw_poses(image, poses, style=DrawStyle(boxes=not self.top_down))
                shown.append(Tile(drawn, one.labels.only(np.zeros(0, np.int64)), one.path.name))
        labels = [replace(one.labels, image_id=i) for i, one in enumerate(self.pictures)]
        if isinstance(self.codec, BoxGrid):
            boxes = box_ap(labels, found).to_dict()
            return {name: boxes[name] for name in ("AP", "AP50", "AR")}, shown
        coco = coco_ap(labels, found).to_dict()
        return {name: coco[name] for name in ("AP", "AP50", "AR")} | {"PCK@0.2": _pck(labels, found)}, shown

    def _look(self, network: nn.Module, image: ImageArray, labels: Annotations, device: torch.device) -> Poses:
        height, width = self.input_hw
        if self.top_down:
            cuts = [
                crop_box(image, box, size_wh=(width, height), margin=self.data.margin, pad_value=self.data.pad_value)
                for box in labels.boxes
            ]
        else:
            longer, pad = max(self.input_hw), self.data.pad_value
            cuts = [letterbox(image, longer_side=longer, multiple=self.multiple, pad_value=pad)]
        people = [one for chunk in _chunks([crop for crop, _ in cuts]) for one in self._decode(network, chunk, device)]
        inverse = [invert(matrix) for _, matrix in cuts]
        if self.top_down:
            keypoints = np.stack([transform(m, one.keypoints[0]) for m, one in zip(inverse, people, strict=True)])
            scores = np.concatenate([one.scores for one in people])
            return Poses(keypoints, scores, labels.boxes, scores.mean(axis=1), labels.skeleton)
        one, matrix = people[0], inverse[0]
        return Poses(
            transform(matrix, one.keypoints), one.scores, transform_boxes(matrix, one.boxes), one.person_scores,
            labels.skeleton,
        )  # fmt: skip

    def _decode(self, network: nn.Module, crops: list[ImageArray], device: torch.device) -> list[DecodedPeople]:
        batch = torch.stack([planes(crop) for crop in crops]).to(device)
        with torch.inference_mode():
            outputs: dict[str, Tensor] = network(normalised(batch, self.mean, self.std))
        return self.codec.decode({name: value.float().cpu().numpy() for name, value in outputs.items()})


def normalised(images: Tensor, mean: float, std: float) -> Tensor:
    """Bytes ``(B, 3, h, w)`` as a network wants them."""
    return (images.float() - mean) / std


def _of_people(one: Labelled, min_keypoints: int) -> Labelled:
    keep = [n for n in range(len(one.labels)) if is_learnable(one.labels, n, min_keypoints)]
    return Labelled(one.path, one.labels.only(np.array(keep, np.int64)), one.repeat)


def _at_most(pictures: list[Labelled], limit: int | None, *, by_people: bool) -> list[Labelled]:
    """Evenly chosen pictures with about so many people, or so many pictures."""
    total = sum(len(one.labels) for one in pictures) if by_people else len(pictures)
    if limit is None or total <= limit:
        return pictures
    step = total / limit
    return [pictures[int(i * step)] for i in range(int(len(pictures) / step))] or pictures[:1]


def _chunks(crops: list[ImageArray]) -> Iterator[list[ImageArray]]:
    for start in range(0, len(crops), _CHUNK):
        yield crops[start : start + _CHUNK]


def _pck(labels: Sequence[Annotations], found: Sequence[Poses]) -> float | None:
    """PCK@0.2; None where nobody can be measured."""
    value = pck(keypoint_errors(labels, found)).pck
    return None if math.isnan(value) else value
