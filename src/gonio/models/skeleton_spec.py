"""`SkeletonSpec`: a skeleton written out, for a card or checkpoint whose keypoints are not one of the shipped sets."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gonio.errors import ConfigError, ShapeError
from gonio.structures.skeleton import Colour, Skeleton, load_skeleton, skeleton_names


class SkeletonSpec(BaseModel):
    """A `Skeleton` field for field, as JSON holds it.

    Attributes:
        name: For example ``"gloved-hand"``.
        keypoint_names: K names, in the order of the arrays.
        links: Pairs of 0-based keypoint indices to draw a line between.
        flip_indices: K indices: which keypoint each one becomes in a mirrored image.
        sigmas: K falloffs of COCO's object keypoint similarity.
        keypoint_colours: K colours; left out, they follow the sides.
        link_colours: One colour per link; left out, they follow the sides.
        source: The paper or page that defines the set.

    Example:
        >>> spec = SkeletonSpec.of(load_skeleton("coco17"))
        >>> len(spec.keypoint_names), spec.to_skeleton()
        (17, Skeleton(coco17: 17 keypoints, 16 links))
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    keypoint_names: tuple[str, ...]
    links: tuple[tuple[int, int], ...] = ()
    flip_indices: tuple[int, ...]
    sigmas: tuple[float, ...]
    keypoint_colours: tuple[Colour, ...] = ()
    link_colours: tuple[Colour, ...] = ()
    source: str = ""

    @model_validator(mode="after")
    def _is_a_skeleton(self) -> Self:
        """Say at once what a `Skeleton` would refuse."""
        try:
            self.to_skeleton()
        except (ConfigError, ShapeError) as error:
            raise ValueError(str(error)) from error
        return self

    @classmethod
    def of(cls, skeleton: Skeleton) -> Self:
        """The same skeleton, as JSON can hold it."""
        return cls(**{name: getattr(skeleton, name) for name in cls.model_fields})

    def to_skeleton(self) -> Skeleton:
        """The skeleton."""
        return Skeleton(**{name: getattr(self, name) for name in type(self).model_fields})


def _means_the_same(one: Skeleton, other: Skeleton) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("keypoint_names", "flip_indices", "sigmas"))


def skeleton_entry(skeleton: Skeleton) -> str | SkeletonSpec:
    """What a card says of a skeleton: the name of a shipped one, any other in full."""
    if skeleton.name in skeleton_names() and _means_the_same(load_skeleton(skeleton.name), skeleton):
        return skeleton.name
    return SkeletonSpec.of(skeleton)
