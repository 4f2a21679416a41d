"""Lint of the picture files: missing ones, wrong sizes, the same pixels twice, the same pixels in two splits."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gonio.datasets.findings import Finding
from gonio.datasets.loading import LabelledSet
from gonio.errors import MediaError
from gonio.io.images import read_image


def lint_names(dataset: LabelledSet) -> Iterator[Finding]:
    """File names that a set has twice."""
    counts = Counter(labels.file_name for labels in dataset.images)
    for name, count in counts.items():
        if count > 1:
            yield Finding("duplicate-name", f"{count} pictures have this name", dataset.name, name)


def lint_pictures(sets: Sequence[LabelledSet]) -> Iterator[Finding]:
    """Everything that needs the pixels. Pictures are compared as decoded: another format of the same pixels counts.

    A picture that was scaled or compressed once more is another picture.
    """
    seen: dict[str, tuple[str, str]] = {}
    for dataset in sets:
        done: set[str] = set()
        for labels in dataset.images:
            name = labels.file_name
            if name in done:  # lint_names has said it
                continue
            done.add(name)
            path = dataset.picture(labels)
            if path is None:
                places = ", ".join(f"'{folder}'" for folder in dataset.folders) or "any folder"
                yield Finding("missing-image", f"it is not in {places}", dataset.name, name)
                continue
            try:
                digest, hw = pixel_digest(path)
            except MediaError as error:
                yield Finding("unreadable-image", str(error), dataset.name, name)
                continue
            if hw != labels.image_hw:
                message = f"{hw[1]} x {hw[0]} px, its labels say {labels.image_hw[1]} x {labels.image_hw[0]}"
                yield Finding("image-size", message, dataset.name, name)
            if digest in seen:
                split, other = seen[digest]
                code = "duplicate-image" if split == dataset.name else "leak"
                yield Finding(code, f"the same pixels as '{other}' in {split}", dataset.name, name)
            else:
                seen[digest] = dataset.name, name


def pixel_digest(path: Path) -> tuple[str, tuple[int, int]]:
    """A hash of a picture's upright pixels, and its height and width.

    Raises:
        MediaError: If it cannot be read.
    """
    image = read_image(path)
    size = np.array(image.shape[:2], np.int64).tobytes()
    return hashlib.sha256(size + image.tobytes()).hexdigest(), (image.shape[0], image.shape[1])
