from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gonio.datasets.split import split_images
from gonio.errors import ConfigError

Make = Callable[..., Any]


def names(parts: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [one.file_name for one in images] for name, images in parts.items()}


def test_shares_are_kept_and_everyone_is_somewhere(make_person: Make) -> None:
    images = [make_person(i) for i in range(50)]
    parts = split_images(images, {"train": 0.7, "val": 0.2, "test": 0.1})
    assert {name: len(own) for name, own in parts.items()} == {"train": 35, "val": 10, "test": 5}
    assert sorted(one.image_id for own in parts.values() for one in own) == list(range(50))


def test_the_order_given_does_not_matter_and_the_seed_does(make_person: Make) -> None:
    images = [make_person(i) for i in range(20)]
    shares = {"train": 3.0, "val": 1.0}
    forward, backward = names(split_images(images, shares)), names(split_images(images[::-1], shares))
    assert {name: sorted(own) for name, own in forward.items()} == {name: sorted(own) for name, own in backward.items()}
    assert names(split_images(images, shares, seed=1)) != forward


def test_it_is_the_same_everywhere(make_person: Make) -> None:
    """A known division: it must not depend on Python's own hash."""
    parts = split_images([make_person(i) for i in range(8)], {"train": 3, "val": 1})
    assert names(parts)["val"] == ["001.png", "007.png"]


def test_frames_of_a_video_stay_together(make_person: Make) -> None:
    images = [replace(make_person(i), file_name=f"clip{i // 5}_{i:04d}.jpg") for i in range(40)]
    parts = split_images(images, {"train": 0.75, "val": 0.25}, group=r"(.*)_[0-9]+")
    clips = {name: {one.file_name.split("_")[0] for one in own} for name, own in parts.items()}
    assert not clips["train"] & clips["val"]
    assert (len(parts["train"]), len(parts["val"])) == (30, 10)


@pytest.mark.parametrize("shares", [{}, {"train": 0.0}, {"train": -1.0, "val": 2.0}, {"train": float("nan")}])
def test_shares_must_be_positive(make_person: Make, shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="give a positive number for each split"):
        split_images([make_person()], shares)


def test_a_bad_pattern_and_equal_names(make_person: Make) -> None:
    with pytest.raises(ConfigError, match=r"'\(' is no regular expression"):
        split_images([make_person()], {"a": 1}, group="(")
    with pytest.raises(ConfigError, match="two pictures have the same file name"):
        split_images([make_person(), make_person()], {"a": 1})
