"""A contact sheet of what training makes of people: one row each, one tile for each kind of augmentation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import ImageArray
from gonio.augmentation import Augmentation, Crop, Person, augment_crop, person_cutout
from gonio.datasets.sheet import Tile, contact_sheets
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

_INPUT_HW, _MARGIN, _PAD = (256, 192), 1.25, 114
_TOGETHER = 4
"""So many tiles show all kinds together."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPerson:
    """One person of a labelled picture.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        labels: The picture's people.
        number: Which of them.
        name: Caption of the plain crop.
    """

    image: ImageArray
    labels: Annotations
    number: int
    name: str

    def person(self) -> Person:
        """As augmentation takes people; every keypoint counts the same."""
        one = self.labels
        return Person(
            one.keypoints[self.number],
            one.visibility[self.number],
            one.boxes[self.number],
            np.ones(len(one.skeleton), np.float32),
        )


def augmented_sheet(
    people: Sequence[LabelledPerson],
    *,
    settings: Augmentation,
    others: Sequence[LabelledPerson] = (),
    seed: int = 0,
    tile_px: int = 150,
) -> ImageArray:
    """Draw a row for each person: the crop of inference, each kind alone and each time, then all as often as they are.

    Args:
        people: At least one.
        settings: The kinds that are switched on are shown, as strong as they are.
        others: People whom occluders are cut from, where they are of another picture.
        seed: Another number, other chances.
        tile_px: Width and height of a tile.

    Returns:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        ConfigError: As `contact_sheets`.
    """
    tiles = [tile for row, one in enumerate(people) for tile in _row(one, settings, _cutouts(one, others), [seed, row])]
    return next(
        contact_sheets(tiles, columns=len(tiles) // len(people), rows=len(people), tile_px=tile_px, boxes=False)
    )


def _row(
    one: LabelledPerson, settings: Augmentation, others: Sequence[ImageArray], seed: Sequence[int]
) -> Iterator[Tile]:
    shown = [(one.name, settings.only()), *((name, settings.only(name)) for name in settings.switched_on())]
    shown += [("together", settings)] * _TOGETHER
    for column, (caption, chosen) in enumerate(shown):
        crop = augment_crop(
            one.image,
            one.person(),
            settings=chosen,
            input_hw=_INPUT_HW,
            margin=_MARGIN,
            pad_value=_PAD,
            skeleton=one.labels.skeleton,
            rng=np.random.default_rng([*seed, column]),
            others=others,
        )
        yield Tile(crop.image, _labels_of(crop, one.labels.skeleton), caption)


def _cutouts(one: LabelledPerson, others: Sequence[LabelledPerson]) -> list[ImageArray]:
    """The others, cut out where that can be done, and their pictures."""
    strangers = [other for other in others if other.labels.file_name != one.labels.file_name]
    cutouts = [person_cutout(other.image, other.person(), skeleton=other.labels.skeleton) for other in strangers]
    found = [cutout for cutout in cutouts if cutout is not None]
    return found or [other.image for other in strangers]


def _labels_of(crop: Crop, skeleton: Skeleton) -> Annotations:
    height, width = crop.image.shape[:2]
    return Annotations(
        keypoints=crop.keypoints[None],
        visibility=crop.visibility[None],
        boxes=np.array([[0, 0, width, height]], np.float32),
        areas=np.array([height * width], np.float32),
        is_crowd=np.zeros(1, np.bool_),
        skeleton=skeleton,
        image_id=0,
        file_name="",
        image_hw=(height, width),
    )
