"""From the names in a label file to a `Skeleton`: one that ships, or one made of the names themselves.

Tools write the same point as ``left_knee``, ``Left Knee``, ``LKnee`` or ``knee-l``. Names are compared, and kept,
in Gonio's spelling: small letters, underscores, the side in front.
"""

import re
from collections import Counter
from collections.abc import Sequence

from gonio.errors import ConfigError
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_MIRRORED = {"left": "right", "right": "left"}

DEFAULT_SIGMA = 0.072
"""OKS falloff of a keypoint that no published set has: the median of COCO's seventeen, that of the elbows."""


def normal_name(name: str) -> str:
    """A keypoint's name in Gonio's spelling.

    Example:
        >>> [normal_name(name) for name in ("Left Knee", "RAnkle", "hip-l", "leftEye", "neck", "lip")]
        ['left_knee', 'right_ankle', 'left_hip', 'left_eye', 'neck', 'lip']
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if len(words) > 1:
        for place in (0, -1):
            if side := _SIDES.get(words[place]):
                words.pop(place)
                return "_".join([side, *words])
    return "_".join(words) or name


def mirrored_names(names: Sequence[str]) -> tuple[int, ...]:
    """For each name the index of its partner on the other side; its own where it has none.

    Example:
        >>> mirrored_names(["nose", "left_eye", "right_eye", "left_hand"])
        (0, 2, 1, 3)
    """
    index = {normal_name(name): i for i, name in enumerate(names)}
    return tuple(index.get(_partner(normal_name(name)), i) for i, name in enumerate(names))


def known_skeleton(names: Sequence[str]) -> Skeleton | None:
    """The skeleton that ships and has exactly these keypoints, in whatever order and spelling."""
    wanted = Counter(normal_name(name) for name in names)
    for name in skeleton_names():
        skeleton = load_skeleton(name)
        if Counter(normal_name(own) for own in skeleton.keypoint_names) == wanted:
            return skeleton
    return None


def skeleton_of_names(
    names: Sequence[str],
    *,
    name: str,
    links: Sequence[tuple[int, int]] = (),
    flip_indices: Sequence[int] | None = None,
) -> Skeleton:
    """The skeleton that ships with exactly these keypoints; if none does, one made of them.

    Args:
        names: K names as the file has them.
        name: What a made skeleton is called.
        links: Pairs of 0-based indices; repeated ones and those of a point with itself are dropped.
        flip_indices: K mirror partners; left out, they are read from the names' left and right.

    Returns:
        A skeleton; a made one has its names in Gonio's spelling, in the order given, and `DEFAULT_SIGMA`.

    Raises:
        ConfigError: If a name repeats, or a link or mirror partner is impossible.
        ShapeError: If there are not K mirror partners.
    """
    if (known := known_skeleton(names)) is not None:
        return known
    spelled = tuple(normal_name(own) for own in names)
    unique = {tuple(sorted(link)): None for link in links if link[0] != link[1]}
    return Skeleton(
        name=name,
        keypoint_names=spelled if len(set(spelled)) == len(spelled) else tuple(names),
        links=tuple((a, b) for a, b in unique),
        flip_indices=tuple(flip_indices) if flip_indices is not None else mirrored_names(names),
        sigmas=(DEFAULT_SIGMA,) * len(names),
        source="made of the names in a label file",
    )


def order_of(names: Sequence[str], skeleton: Skeleton) -> list[int | None]:
    """For each name the index in the skeleton, or None where it lacks it.

    Raises:
        ConfigError: If the skeleton has none of the names.
    """
    index = {normal_name(own): k for k, own in enumerate(skeleton.keypoint_names)}
    order = [index.get(normal_name(name)) for name in names]
    if all(place is None for place in order):
        shown = ", ".join(names[:4])
        raise ConfigError(
            f"the skeleton {skeleton.name!r} has none of the {len(names)} labelled keypoints ({shown} …); "
            "choose the one that was labelled."
        )
    return order


def _partner(name: str) -> str:
    side, _, rest = name.partition("_")
    return f"{_MIRRORED[side]}_{rest}" if side in _MIRRORED else name
