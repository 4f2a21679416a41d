"""Divide pictures into splits: the same way each time, and never two frames of one video into two splits."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from gonio.errors import ConfigError
from gonio.structures.annotations import Annotations


def split_images(
    images: Sequence[Annotations], parts: Mapping[str, float], *, seed: int = 0, group: str | None = None
) -> dict[str, list[Annotations]]:
    """Divide pictures by the hash of their names, so that neither their order nor the machine matters.

    Groups are taken in the order of their hash; each goes to the split that lacks most of its share. A split is
    therefore off its share by one group at most.

    Args:
        images: Pictures with different file names.
        parts: Name of each split and its share; the shares are divided by their sum.
        seed: Another number gives another division.
        group: A regular expression that is looked for in the file name; pictures for which it (or its first
            bracket) gives the same text stay together. One without a match is a group of its own.

    Returns:
        For each split its pictures, in the order given. Every picture is in exactly one.

    Raises:
        ConfigError: If a share is not positive, a file name repeats or the expression is none.
    """
    if not parts or not all(0 < share < float("inf") for share in parts.values()):
        raise ConfigError(f"the shares are {dict(parts)}; give a positive number for each split, such as train=0.8.")
    if len({labels.file_name for labels in images}) != len(images):
        raise ConfigError("two pictures have the same file name; 'gonio data lint' says which.")
    groups: dict[str, list[int]] = {}
    for i, labels in enumerate(images):
        groups.setdefault(group_of(labels.file_name, group), []).append(i)
    total = sum(parts.values())
    wanted = {name: len(images) * share / total for name, share in parts.items()}
    home: dict[int, str] = {}
    for key in sorted(groups, key=lambda key: _hash(key, seed)):
        name = max(wanted, key=lambda name: (wanted[name], name))
        wanted[name] -= len(groups[key])
        home |= dict.fromkeys(groups[key], name)
    return {name: [labels for i, labels in enumerate(images) if home[i] == name] for name in parts}


def group_of(file_name: str, pattern: str | None) -> str:
    """What a picture is kept together by.

    Raises:
        ConfigError: If the pattern is no regular expression.

    Example:
        >>> group_of("gym/squat3_0042.jpg", r"(.*)_[0-9]+"), group_of("photo.jpg", r"(.*)_[0-9]+")
        ('gym/squat3', 'photo.jpg')
    """
    name = PurePosixPath(file_name).as_posix()
    if pattern is None:
        return name
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise ConfigError(f"group {pattern!r} is no regular expression: {error}; try '(.*)_[0-9]+'.") from error
    if match is None:
        return name
    return str(match.group(1) if match.re.groups and match.group(1) is not None else match.group(0))


def _hash(key: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()
