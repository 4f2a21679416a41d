"""Labelled pictures for a run: read, checked, and divided into what is learnt from and what is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gonio.augmentation import Person
from gonio.datasets.loading import LabelledSet, load_sets
from gonio.datasets.split import split_images
from gonio.errors import ConfigError
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton
from gonio.training.recipe_parts import Data, LabelSource

_NAME_FOLDER = "name their folder in the recipe, as images: [FOLDER] beside labels"
_MIN_SIDE = 2.0
"""px; whose box is thinner shows nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One picture and its people.

    Attributes:
        path: The picture.
        labels: Its people; ``weights`` includes the source's.
        repeat: How often an epoch sees it.
    """

    path: Path
    labels: Annotations
    repeat: int = 1


def load_data(data: Data, *, seed: int) -> tuple[list[Labelled], list[Labelled]]:
    """What to learn from, and what to measure on.

    Args:
        data: The recipe's.
        seed: Of what is held out, where nothing else is there to measure on.

    Raises:
        ConfigError: As `load_labelled`, if a picture is in both, and if holding out leaves one of the two empty.
        MediaError: As `load_labelled`.
    """
    skeleton = load_skeleton(data.skeleton) if data.skeleton else None
    train = load_labelled(data.train, skeleton)
    if not data.val:
        return _held_out(train, data.held_out, seed)
    val = load_labelled(data.val, skeleton or train[0].labels.skeleton)
    if both := {one.path.resolve() for one in train} & {one.path.resolve() for one in val}:
        raise ConfigError(
            f"'{min(both)}' is both learnt from and measured on ({len(both)} pictures are); "
            "take them out of data.val or data.train"
        )
    return train, val


def load_labelled(sources: Sequence[LabelSource], skeleton: Skeleton | None) -> list[Labelled]:
    """Read label files and find their pictures.

    Raises:
        ConfigError: If there is no picture or no such split, or the skeletons differ.
        MediaError: If a file or picture is missing.
    """
    found = [one for source in sources for part in _sets(source, skeleton) for one in _pictures_of(part, source)]
    if not found:
        raise ConfigError(f"'{sources[0].labels}' labels no picture; check data.train and data.val")
    names = found[0].labels.skeleton.keypoint_names
    if other := next((one for one in found if one.labels.skeleton.keypoint_names != names), None):
        raise ConfigError(
            f"'{other.path}' has the keypoints of {other.labels.skeleton.name!r}, others have those of "
            f"{found[0].labels.skeleton.name!r}; name one in data.skeleton"
        )
    return found


def is_learnable(labels: Annotations, person: int, min_keypoints: int, min_size: float = 0) -> bool:
    """Whether a person is one to learn a pose from: no crowd, a large enough box, enough keypoints that count."""
    size = labels.boxes[person, 2:] - labels.boxes[person, :2]
    counts = labels.visibility[person] > 0
    if labels.weights is not None:
        counts &= labels.weights[person] > 0
    large = (size >= _MIN_SIDE).all() and size.max() >= min_size
    return bool(not labels.is_crowd[person] and large and counts.sum() >= min_keypoints)


def person_of(labels: Annotations, person: int) -> Person:
    """One person of a picture, as augmentation takes them."""
    k = len(labels.skeleton)
    weights = np.ones(k, np.float32) if labels.weights is None else labels.weights[person]
    return Person(labels.keypoints[person], labels.visibility[person], labels.boxes[person], weights)


def _sets(source: LabelSource, skeleton: Skeleton | None) -> list[LabelledSet]:
    """The source's splits that are asked for."""
    sets = load_sets(
        [source.labels], folders=source.images, kind=source.format, skeleton=skeleton, category=source.category
    )
    chosen = [one for one in sets if source.split is None or one.name == source.split]
    if not chosen:
        names = ", ".join(one.name for one in sets)
        raise ConfigError(f"'{source.labels}' has no split {source.split!r}; there are {names}")
    return chosen


def _pictures_of(part: LabelledSet, source: LabelSource) -> Iterator[Labelled]:
    for labels, path in zip(part.images, part.pictures(way_out=_NAME_FOLDER), strict=True):
        weights = np.ones(labels.visibility.shape, np.float32) if labels.weights is None else labels.weights
        yield Labelled(path, replace(labels, weights=weights * np.float32(source.weight)), source.repeat)


def _held_out(train: list[Labelled], share: float, seed: int) -> tuple[list[Labelled], list[Labelled]]:
    """Divide by picture: one that two files label is on one side."""
    paths = [one.path.resolve() for one in train]
    first = {path: i for i, path in reversed(list(enumerate(paths)))}
    folders = {folder: i for i, folder in enumerate(dict.fromkeys(path.parent for path in paths))}
    pictures = [
        replace(train[i].labels, image_id=i, file_name=f"{folders[path.parent]}/{path.name}")
        for path, i in first.items()
    ]
    parts = split_images(pictures, {"train": 1 - share, "val": share}, seed=seed)
    measured = {one.image_id for one in parts["val"]}
    learn = [one for one, path in zip(train, paths, strict=True) if first[path] not in measured]
    measure = [one for one, path in zip(train, paths, strict=True) if first[path] in measured]
    if not learn or not measure:
        raise ConfigError(
            f"{len(first)} pictures cannot be divided with held_out {share}; name labels in data.val, or add pictures"
        )
    return learn, measure
