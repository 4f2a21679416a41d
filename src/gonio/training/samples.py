"""From labels to samples: what a network sees, what it should say, and how much each keypoint counts.

Every sample is a function of (seed, epoch, place in the epoch) alone: whichever process makes it, before or after a
kill, it is the same to the byte.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from gonio.arrays import BoolArray, FloatArray, ImageArray
from gonio.augmentation import Picture, augment_crop, augment_picture
from gonio.augmentation.affine import move_boxes
from gonio.codecs import BoxGrid, Codec, DecodedPeople, SinglePersonGrid
from gonio.datasets.pictures import read_labelled
from gonio.errors import ConfigError
from gonio.io.images import read_image
from gonio.training.data import Labelled, is_learnable, person_of
from gonio.training.recipe_parts import Data

Batch = dict[str, Any]
"""``image`` (and ``clean``) ``(B, 3, h, w)`` uint8, ``keypoints`` ``(B, K, 2)`` px, ``weights`` ``(B, K)``,
``targets`` by name; of `gonio.training.features` ``maps`` by name instead of ``image``."""
Key = tuple[int, int, int]
"""Epoch, place in its order, index of the sample."""

_AT_A_PEAK = 0.1
_OTHERS = 4
"""Pictures from which the occluders of one crop may come."""
_MOST_BOXES = 100
"""Of one picture; of more people the largest."""


class People(Dataset[Batch]):
    """Crops around single people, for a top-down network.

    Attributes:
        order: Indices of the samples, each as often as an epoch sees it.
    """

    def __init__(
        self,
        pictures: Sequence[Labelled],
        *,
        data: Data,
        codec: Codec,
        input_hw: tuple[int, int],
        seed: int,
        clean: bool = False,
    ) -> None:
        """Choose who is learnt from: see `is_learnable`.

        Args:
            pictures: Where they are.
            data: The recipe's.
            codec: What targets are made with.
            input_hw: px.
            seed: Of augmentation.
            clean: Also give the crop as a teacher sees it.

        Raises:
            ConfigError: If nobody is left.
        """
        self.pictures, self.data, self.codec, self.input_hw = pictures, data, codec, input_hw
        self.seed, self.clean = seed, clean
        self.people = [
            (i, n)
            for i, one in enumerate(pictures)
            for n in range(len(one.labels))
            if is_learnable(one.labels, n, data.min_keypoints, data.min_size)
        ]
        self.order = np.repeat(np.arange(len(self.people)), [pictures[i].repeat for i, _ in self.people])
        if not self.people:
            raise ConfigError(
                f"none of {len(pictures)} pictures shows a person with {data.min_keypoints} labelled keypoints"
                f"{f' and {data.min_size:g} px' if data.min_size else ''}; check the labels with 'gonio data info', or "
                f"lower data.min_keypoints{' or data.min_size' if data.min_size else ''}"
            )

    def __len__(self) -> int:
        return len(self.people)

    def picture_of(self, index: int) -> Path:
        """Where this sample is from."""
        return self.pictures[self.people[index][0]].path

    def __getitem__(self, key: Key) -> Batch:
        """The sample of this key."""
        epoch, place, index = key
        rng = np.random.default_rng([self.seed, epoch, place])
        i, n = self.people[index]
        one = self.pictures[i]
        crop = augment_crop(
            read_labelled(one.path, one.labels),
            person_of(one.labels, n),
            settings=self.data.augmentation,
            input_hw=self.input_hw,
            margin=self.data.margin,
            pad_value=self.data.pad_value,
            skeleton=one.labels.skeleton,
            rng=rng,
            others=_Others(self.pictures, rng),
        )
        weights = np.where(crop.visibility > 0, crop.weights, 0).astype(np.float32)
        learnt = np.where((weights > 0)[:, None], crop.keypoints, np.nan)  # nor is the centre theirs who count nothing
        targets = encode(self.codec, learnt[None], crop.box[None], self.input_hw)
        if isinstance(self.codec, SinglePersonGrid):
            others = one.labels.boxes[(np.arange(len(one.labels)) != n) & np.isfinite(one.labels.boxes).all(axis=1)]
            targets |= {"ignore": others_cells(targets, move_boxes(crop.matrix, others), self.codec.stride)}
        sample = _sample(crop.image, crop.keypoints, weights, targets)
        return sample | ({"clean": planes(crop.clean)} if self.clean else {})


class Scenes(Dataset[Batch]):
    """Whole pictures, for a one-stage network or a detector.

    Attributes:
        order: As of `People`.
    """

    def __init__(
        self, pictures: Sequence[Labelled], *, data: Data, codec: Codec, input_hw: tuple[int, int], seed: int
    ) -> None:
        """As `People`; pictures without anybody teach what is nobody.

        Raises:
            ConfigError: If nobody is in any picture.
        """
        self.pictures, self.data, self.codec, self.input_hw, self.seed = pictures, data, codec, input_hw, seed
        self.order = np.repeat(np.arange(len(pictures)), [one.repeat for one in pictures])
        if not any(len(one.labels) for one in pictures):
            raise ConfigError(f"none of {len(pictures)} pictures shows a labelled person; check data.train")

    def __len__(self) -> int:
        return len(self.pictures)

    def picture_of(self, index: int) -> Path:
        """As of `People`."""
        return self.pictures[index].path

    def __getitem__(self, key: Key) -> Batch:
        """The sample of this key; ``keypoints`` and ``weights`` say nothing, as there may be many people."""
        epoch, place, index = key
        one = self.pictures[index]
        seen = augment_picture(
            read_labelled(one.path, one.labels),
            [person_of(one.labels, n) for n in range(len(one.labels))],
            settings=self.data.augmentation,
            input_hw=self.input_hw,
            pad_value=self.data.pad_value,
            skeleton=one.labels.skeleton,
            rng=np.random.default_rng([self.seed, epoch, place]),
        )
        k = len(one.labels.skeleton)
        targets = self._targets(seen, one.labels.is_crowd[seen.people])
        return _sample(seen.image, np.full((k, 2), np.nan, np.float32), np.ones(k, np.float32), targets)

    def _targets(self, seen: Picture, crowd: BoolArray) -> dict[str, FloatArray]:
        if isinstance(self.codec, BoxGrid):
            return {"boxes": padded(seen.boxes[~crowd]), "crowd": padded(seen.boxes[crowd])}
        weights = np.where(seen.visibility > 0, seen.weights, 0).astype(np.float32)
        keypoints = np.where((weights > 0)[..., None], seen.keypoints, np.nan)
        targets = encode(self.codec, keypoints[~crowd], seen.boxes[~crowd], self.input_hw)
        stride = self.input_hw[0] // targets["center"].shape[1]
        ignore = ignored_cells(seen.boxes / stride, (keypoints + 0.5) / stride, weights, crowd, self.input_hw, stride)
        ignore[0][targets["center"][0] == 1] = 0  # whoever is labelled within a crowd is somebody
        return targets | {"ignore": ignore}


def encode(codec: Codec, keypoints: FloatArray, boxes: FloatArray, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
    """Targets of one input, without a batch axis; keypoints ``(N, K, 2)``, NaN where they are not learnt from."""
    n, k = keypoints.shape[:2]
    ones = np.ones((n, k), np.float32)
    people = DecodedPeople(keypoints.astype(np.float32), ones, boxes.astype(np.float32), np.ones(n, np.float32))
    return {name: array[0] for name, array in codec.encode(people, input_hw).items()}


def padded(boxes: FloatArray) -> FloatArray:
    """The largest boxes ``(N, 4)`` as always so many rows, NaN where there is nobody."""
    rows = np.full((_MOST_BOXES, 4), np.nan, np.float32)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    chosen = boxes[np.sort(np.argsort(-areas, kind="stable")[:_MOST_BOXES])]
    rows[: len(chosen)] = chosen
    return rows


def ignored_cells(
    boxes: FloatArray,
    keypoints: FloatArray,
    weights: FloatArray,
    crowd: BoolArray,
    input_hw: tuple[int, int],
    stride: int,
) -> FloatArray:
    """How far a grid's scores teach nothing, ``(1 + K, h, w)`` in [0, 1], centres first.

    Centres are ignored in crowds. Each keypoint's map is ignored in a person's box as far as their label is not
    trusted, and wholly where there is none; but the cell of a label counts what that label does, whoever's box it
    also lies in.

    Args:
        boxes: ``(N, 4)`` in cells.
        keypoints: ``(N, K, 2)`` x y in cells; NaN where there is no label.
        weights: ``(N, K)``, 0 where there is no label.
        crowd: ``(N,)``.
        input_hw: Of the network, px.
        stride: px a cell.
    """
    height, width = input_hw[0] // stride, input_hw[1] // stride
    ignore = np.zeros((1 + weights.shape[1], height, width), np.float32)
    for box, trust, many in zip(boxes, weights, crowd, strict=True):
        x1, y1 = np.floor(box[:2]).astype(int).clip(0)
        x2, y2 = np.ceil(box[2:]).astype(int).clip(0)
        doubt = np.concatenate([[float(many)], 1 - trust]).astype(np.float32)[:, None, None]
        ignore[:, y1:y2, x1:x2] = np.maximum(ignore[:, y1:y2, x1:x2], doubt)
    for n, k in np.argwhere((weights > 0) & ~crowd[:, None]):
        column, row = np.floor(keypoints[n, k]).astype(int)
        if 0 <= row < height and 0 <= column < width:
            ignore[1 + k, row, column] = 1 - weights[n, k]
    return ignore


def others_cells(targets: Mapping[str, FloatArray], boxes: FloatArray, stride: int) -> FloatArray:
    """Where a crop's scores teach nothing, ``(1 + K, h, w)`` 0 or 1, centres first: on other people, but at the peaks.

    MoveNet's maps show everybody, and who is meant is told by the place in the crop. To teach it that neighbours are
    nobody costs it much of what it knows.

    Args:
        targets: Of the crop's own person, as encoded.
        boxes: ``(N, 4)`` of the others, px of the crop.
        stride: px a cell.
    """
    peaks = np.concatenate([targets["center"], targets["heatmap"]])
    ignore = np.zeros_like(peaks)
    first, last = np.floor(boxes[:, :2] / stride), np.ceil(boxes[:, 2:] / stride)
    for x1, y1, x2, y2 in np.concatenate([first, last], axis=1).astype(int).clip(0):
        ignore[:, y1:y2, x1:x2] = 1
    ignore[peaks > _AT_A_PEAK] = 0
    return ignore


def planes(image: ImageArray) -> Tensor:
    """``(h, w, 3)`` → ``(3, h, w)``, uint8."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


class _Others(Sequence[ImageArray]):
    """Pictures to cut occluders from, decoded only when one is asked for."""

    def __init__(self, pictures: Sequence[Labelled], rng: np.random.Generator) -> None:
        self._pictures = [pictures[i] for i in rng.integers(len(pictures), size=_OTHERS)]

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: Any) -> Any:
        return read_image(self._pictures[index].path)


def _sample(image: ImageArray, keypoints: FloatArray, weights: FloatArray, targets: dict[str, FloatArray]) -> Batch:
    return {
        "image": planes(image),
        "keypoints": torch.from_numpy(np.ascontiguousarray(keypoints, np.float32)),
        "weights": torch.from_numpy(weights),
        "targets": {name: torch.from_numpy(array) for name, array in targets.items()},
    }
