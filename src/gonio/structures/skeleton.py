"""`Skeleton`: what the K keypoints of a pose are, how they are linked, mirrored, weighed and coloured.

The six sets that ship are data, one TOML file each in ``skeletons/``; this file reads and checks them.
"""

import tomllib
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeVar

from gonio.arrays import check_shape
from gonio.errors import ConfigError, did_you_mean

Colour = tuple[int, int, int]
"""Red, green, blue in 0..255."""
Side = Literal["left", "right", "centre"]
"""The person's side, not the picture's."""

Item = TypeVar("Item", bound=Hashable)

_SIDE_COLOURS: dict[Side, Colour] = {
    "left": (255, 154, 31),
    "right": (64, 160, 255),
    "centre": (150, 214, 178),
}


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """A set of K keypoints.

    Attributes:
        name: For example ``"coco17"``.
        keypoint_names: K names, in the order of the arrays. One name means one point of the body in every
            skeleton; ``left_`` and ``right_`` at its start are the person's.
        links: Pairs of 0-based keypoint indices to draw a line between.
        flip_indices: K indices: which keypoint each one becomes in a mirrored image. Its own inverse.
        sigmas: K falloffs of COCO's object keypoint similarity, as a fraction of the root of a person's area.
        keypoint_colours: K colours; left out, they follow the sides.
        link_colours: One colour per link; left out, they follow the sides.
        source: The paper or page that defines the set.

    Raises:
        ShapeError: If a tuple has the wrong length.
        ConfigError: If a name or link repeats, an index is out of range, the flip does not undo itself, a
            sigma is not positive, or a colour is not within 0..255.

    Example:
        >>> skeleton = load_skeleton("coco17")
        >>> len(skeleton), skeleton.index("left_knee"), skeleton.sides[13]
        (17, 13, 'left')
    """

    name: str
    keypoint_names: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    flip_indices: tuple[int, ...]
    sigmas: tuple[float, ...]
    keypoint_colours: tuple[Colour, ...] = ()
    link_colours: tuple[Colour, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        self._check_lengths()
        self._check_values()
        # A frozen dataclass fills in its defaults this way only.
        if not self.keypoint_colours:
            object.__setattr__(self, "keypoint_colours", tuple(_SIDE_COLOURS[side] for side in self.sides))
        if not self.link_colours:
            object.__setattr__(self, "link_colours", tuple(_SIDE_COLOURS[side] for side in self.link_sides))

    def __len__(self) -> int:
        return len(self.keypoint_names)

    def __repr__(self) -> str:
        return f"Skeleton({self.name}: {len(self)} keypoints, {len(self.links)} links)"

    def index(self, name: str) -> int:
        """Position of a keypoint in the arrays.

        Raises:
            ConfigError: If the skeleton has no keypoint of that name.
        """
        if name not in self.keypoint_names:
            hint = did_you_mean(name, self.keypoint_names)
            raise ConfigError(
                f"skeleton {self.name!r} has no keypoint {name!r}; {hint}keypoint_names has all {len(self)}."
            )
        return self.keypoint_names.index(name)

    @property
    def sides(self) -> tuple[Side, ...]:
        """K sides, read from the names."""
        return tuple(_side_of(name) for name in self.keypoint_names)

    @property
    def link_sides(self) -> tuple[Side, ...]:
        """One side per link: that of its ends; ``"centre"`` where it crosses from left to right."""
        sides = self.sides
        return tuple(_side_of_link({sides[a], sides[b]}) for a, b in self.links)

    def _check_lengths(self) -> None:
        k = len(self.keypoint_names)
        expected = {"flip_indices": k, "sigmas": k}
        if self.keypoint_colours:
            expected["keypoint_colours"] = k
        if self.link_colours:
            expected["link_colours"] = len(self.links)
        for field, length in expected.items():
            check_shape(f"{field} of skeleton {self.name!r}", (len(getattr(self, field)),), (length,))

    def _check_values(self) -> None:
        k = len(self.keypoint_names)
        where = f"of skeleton {self.name!r}"
        if k == 0:
            raise ConfigError(f"keypoint_names {where} is empty; name at least one keypoint.")
        if twice := _first_repeated(self.keypoint_names):
            raise ConfigError(f"keypoint_names {where} has {twice!r} twice; every name must be unique.")
        for a, b in self.links:
            if not (0 <= a < k and 0 <= b < k and a != b):
                raise ConfigError(f"links {where} has {(a, b)}; a link joins two different indices in 0..{k - 1}.")
        if again := _first_repeated(tuple(sorted(link)) for link in self.links):
            raise ConfigError(f"links {where} has {again} twice; every link must be unique.")
        for i, mirrored in enumerate(self.flip_indices):
            if not 0 <= mirrored < k or self.flip_indices[mirrored] != i:
                raise ConfigError(f"flip_indices {where} sends {i} to {mirrored}, which does not lead back to {i}.")
        if wrong := [sigma for sigma in self.sigmas if not 0 < sigma < float("inf")]:
            raise ConfigError(f"sigmas {where} has {wrong[0]}; every sigma must be a positive number.")
        for colour in self.keypoint_colours + self.link_colours:
            if len(colour) != 3 or not all(0 <= channel <= 255 for channel in colour):
                raise ConfigError(f"colours {where} has {colour}; a colour is (red, green, blue) within 0..255.")


@cache
def load_skeleton(name: str) -> Skeleton:
    """One of the skeletons that ship with Gonio; the same object each time.

    Raises:
        ConfigError: If there is no skeleton of that name.
    """
    if name not in skeleton_names():
        hint = did_you_mean(name, skeleton_names())
        raise ConfigError(f"no skeleton named {name!r}; {hint}there are: {', '.join(skeleton_names())}.")
    return _from_toml(name, tomllib.loads((_folder() / f"{name}.toml").read_text("utf-8")))


@cache
def skeleton_names() -> tuple[str, ...]:
    """Names of the skeletons that ship with Gonio, in alphabetical order.

    Example:
        >>> skeleton_names()
        ('blazepose33', 'coco17', 'coco_wholebody133', 'halpe26', 'lsp14', 'mpii16')
    """
    return tuple(sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")))


def _folder() -> Traversable:
    return resources.files("gonio.structures") / "skeletons"


def _from_toml(name: str, data: dict[str, Any]) -> Skeleton:
    """Turn the file's names into indices, and its parts of the body into colours."""
    keypoints = data["keypoints"]
    index = {keypoint["name"]: i for i, keypoint in enumerate(keypoints)}
    colours: dict[str, Colour] = {part: (r, g, b) for part, (r, g, b) in data["colours"].items()}
    links = [(part, index[a], index[b]) for part, pairs in data["links"].items() for a, b in pairs]
    return Skeleton(
        name=name,
        keypoint_names=tuple(keypoint["name"] for keypoint in keypoints),
        links=tuple((a, b) for _, a, b in links),
        flip_indices=tuple(index[keypoint.get("flip", keypoint["name"])] for keypoint in keypoints),
        sigmas=tuple(keypoint["sigma"] for keypoint in keypoints),
        keypoint_colours=tuple(colours[keypoint["part"]] for keypoint in keypoints),
        link_colours=tuple(colours[part] for part, _, _ in links),
        source=data["source"],
    )


def _side_of(name: str) -> Side:
    if name.startswith("left_"):
        return "left"
    return "right" if name.startswith("right_") else "centre"


def _side_of_link(ends: set[Side]) -> Side:
    if ends >= {"left", "right"} or ends == {"centre"}:
        return "centre"
    return "left" if "left" in ends else "right"


def _first_repeated(items: Iterable[Item]) -> Item | None:
    seen: set[Item] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None
