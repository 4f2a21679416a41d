from collections.abc import Callable
from typing import Any

import numpy as np

from gonio.augmentation import Augmentation
from gonio.datasets.augmented_sheet import LabelledPerson, augmented_sheet

Make = Callable[..., Any]
NOISE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
TILE = 64


def test_a_row_for_each_person_and_a_tile_for_each_kind(make_person: Make) -> None:
    people = [LabelledPerson(NOISE, make_person(n), 0, f"{n}") for n in range(2)]
    settings = Augmentation().only("flip", "grey")
    sheet = augmented_sheet(people, settings=settings, tile_px=TILE)
    assert sheet.shape == (2 * (TILE + 28) + 6, (1 + 2 + 4) * (TILE + 6) + 6, 3)
    tiles = [sheet[6 : 6 + TILE, 6 + n * (TILE + 6) : 6 + n * (TILE + 6) + TILE] for n in range(7)]
    assert (tiles[0] != tiles[1]).any()
    everything = augmented_sheet(people[:1], settings=Augmentation(), tile_px=TILE)
    assert everything.shape[1] == (1 + len(Augmentation.kinds()) + 4) * (TILE + 6) + 6


def test_another_seed_is_another_sheet(make_person: Make) -> None:
    people = [LabelledPerson(NOISE, make_person(), 0, "a")]
    settings = Augmentation().only("rotation")
    one, again, other = (augmented_sheet(people, settings=settings, tile_px=TILE, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_nobody_is_pasted_over_themselves(make_person: Make) -> None:
    """Others of the same picture are left out; without any the tile is the plain crop's."""
    own, stranger = make_person(1), make_person(2)
    people = [LabelledPerson(NOISE, own, 0, "x")]
    settings = Augmentation().only("pasted_person")

    def tiles(others: list[LabelledPerson]) -> list[Any]:
        sheet = augmented_sheet(people, settings=settings, others=others, tile_px=TILE)
        return [sheet[6 : 6 + TILE, 6 + n * (TILE + 6) : 6 + n * (TILE + 6) + TILE] for n in range(2)]

    plain, pasted = tiles(people)
    np.testing.assert_array_equal(plain, pasted)
    plain, pasted = tiles([LabelledPerson(255 - NOISE, stranger, 0, "y")])
    assert (plain != pasted).any()
