from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gonio.datasets.lint import lint_sets
from gonio.datasets.lint_pictures import lint_names, lint_pictures, pixel_digest
from gonio.errors import ConfigError

Make = Callable[..., Any]


def picture(folder: Path, name: str, seed: int, size_wh: tuple[int, int] = (640, 480)) -> None:
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(small).resize(size_wh, Image.Resampling.NEAREST).save(folder / name)


def test_pictures_that_are_all_different(tmp_path: Path, make_person: Make, make_set: Make) -> None:
    for i in (1, 2):
        picture(tmp_path, f"00{i}.png", i)
    assert list(lint_pictures([make_set(make_person(1), make_person(2), folder=tmp_path)])) == []


def test_the_same_pixels_twice_in_a_set_and_over_sets(tmp_path: Path, make_person: Make, make_set: Make) -> None:
    picture(tmp_path, "001.png", 1)
    picture(tmp_path, "002.bmp", 1)
    picture(tmp_path, "003.png", 1)
    second = replace(make_person(2), file_name="002.bmp")
    train = make_set(make_person(1), second, folder=tmp_path)
    val = make_set(make_person(3), name="val", folder=tmp_path)
    duplicate, leak = lint_pictures([train, val])
    assert (duplicate.code, duplicate.split, duplicate.image) == ("duplicate-image", "train", "002.bmp")
    assert (leak.code, leak.split, leak.image) == ("leak", "val", "003.png")
    assert leak.message == "the same pixels as '001.png' in train"


def test_missing_unreadable_and_of_another_size(tmp_path: Path, make_person: Make, make_set: Make) -> None:
    (tmp_path / "002.png").write_text("no picture")
    picture(tmp_path, "003.png", 3, (480, 640))
    found = list(lint_pictures([make_set(*(make_person(i) for i in (1, 2, 3)), folder=tmp_path)]))
    assert [finding.code for finding in found] == ["missing-image", "unreadable-image", "image-size"]
    assert found[2].message == "480 x 640 px, its labels say 640 x 480"


def test_names_twice(make_person: Make, make_set: Make) -> None:
    (finding,) = lint_names(make_set(make_person(1), replace(make_person(2), file_name="001.png")))
    assert (finding.code, finding.message) == ("duplicate-name", "2 pictures have this name")


def test_a_digest_sees_size_and_pixels_only(tmp_path: Path) -> None:
    Image.new("RGB", (4, 2)).save(tmp_path / "a.png")
    Image.new("RGB", (2, 4)).save(tmp_path / "b.png")
    Image.new("RGB", (4, 2)).save(tmp_path / "c.bmp")
    digests = [pixel_digest(tmp_path / name) for name in ("a.png", "b.png", "c.bmp")]
    assert digests[0] == digests[2] != digests[1]
    assert digests[0][1] == (2, 4)


def test_sets_need_different_names(make_set: Make) -> None:
    with pytest.raises(ConfigError, match=r"two sets have the same name \(train, train\)"):
        lint_sets([make_set(), make_set()])


def test_everything_at_once(tmp_path: Path, make_person: Make, make_set: Make, swap_sides: Make) -> None:
    found = lint_sets([make_set(swap_sides(make_person(1)), folder=tmp_path)])
    assert [finding.code for finding in found] == ["sides-swapped", "missing-image"]
    assert len(lint_sets([make_set(swap_sides(make_person(1)), folder=tmp_path)], pictures=False)) == 1
    assert str(found[0]).startswith("train: 001.png person 0: sides-swapped: eyes")
    assert found[1].to_dict()["image"] == "001.png"
