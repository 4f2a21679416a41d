import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gonio.datasets.lint_people import MIN_PEOPLE, lint_people
from gonio.structures.annotations import Annotations

Make = Callable[..., Any]


def codes(found: Any) -> list[str]:
    return [finding.code for finding in found]


def test_a_good_person_is_not_found(make_person: Make, make_set: Make) -> None:
    assert list(lint_people(make_set(make_person(1), make_person(2, hidden=["nose"], missing=["left_ear"])))) == []


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        pytest.param({"nose": (-100, -60)}, "visibility-origin", r"nose at \(0, 0\)", id="origin"),
        pytest.param({"left_wrist": (600, 150)}, "outside-image", r"left_wrist, such as \(700, 210\)", id="out"),
        pytest.param({"left_wrist": (400, 150)}, "outside-box", "left_wrist, up to 1.0 of the box", id="box"),
    ],
)
def test_points_where_none_can_be(
    make_person: Make, make_set: Make, changes: dict[str, Any], code: str, message: str
) -> None:
    (finding,) = lint_people(make_set(make_person(7, **changes)))
    assert (finding.code, finding.split, finding.image, finding.person) == (code, "train", "007.png", 0)
    assert re.search(message, finding.message)


def test_what_is_not_labelled_lies_nowhere(make_person: Make, make_set: Make) -> None:
    assert codes(lint_people(make_set(make_person(missing=["nose"], nose=(-100, -60))))) == []


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ([10, 10, 10, 50], "zero-box"),
        ([50, 10, 20, 50], "zero-box"),
        ([np.nan, 10, 20, 50], "zero-box"),
        ([10, 10, 700, 400], "box-outside"),
        ([-3, 10, 300, 400], "box-outside"),
    ],
)
def test_boxes(make_person: Make, make_set: Make, box: list[float], code: str) -> None:
    labels = replace(make_person(), boxes=np.array([box], np.float32))
    assert codes(lint_people(make_set(labels))) == [code]


def test_the_same_person_twice(make_person: Make, make_set: Make, join: Make) -> None:
    twice = join(make_person(), make_person(offset=(300, 60)), make_person(offset=(101, 61)))
    (finding,) = lint_people(make_set(twice))
    assert (finding.code, finding.person, finding.message) == ("duplicate-person", 2, "the same as person 0")


def test_without_keypoints_the_boxes_are_compared(make_person: Make, make_set: Make, join: Make) -> None:
    unlabelled = make_person(missing=make_person().skeleton.keypoint_names)
    assert codes(lint_people(make_set(join(make_person(), unlabelled)))) == ["duplicate-person"]
    moved = replace(unlabelled, boxes=unlabelled.boxes + np.float32(30))
    assert codes(lint_people(make_set(join(make_person(), moved)))) == []


def test_crowds_have_no_points_to_judge(make_person: Make, make_set: Make) -> None:
    crowd: Annotations = replace(make_person(nose=(900, 900)), is_crowd=np.ones(1, bool))
    assert codes(lint_people(make_set(crowd))) == []


def test_a_constant_visibility_needs_many_people(make_person: Make, make_set: Make) -> None:
    many = [make_person(i) for i in range(MIN_PEOPLE)]
    assert codes(lint_people(make_set(*many))) == ["visibility-constant"]
    assert codes(lint_people(make_set(*many[1:]))) == []
    assert codes(lint_people(make_set(*many[1:], make_person(99, hidden=["nose"])))) == []


def test_one_meant_for_visible(make_person: Make, make_set: Make) -> None:
    names = make_person().skeleton.keypoint_names
    (finding,) = lint_people(make_set(*[make_person(i, hidden=names[1:], missing=["nose"]) for i in range(MIN_PEOPLE)]))
    assert "was 1 meant for visible?" in finding.message


def test_a_set_of_which_nothing_is_labelled(make_person: Make, make_set: Make) -> None:
    """As of label files that were not found: a network would learn that nobody is there."""
    blank = make_person(missing=make_person().skeleton.keypoint_names)
    (finding,) = lint_people(make_set(blank, blank.only(np.zeros(0, np.int64))))
    assert (finding.code, finding.image) == ("nothing-labelled", None)
    assert finding.message == "1 people in 2 pictures, and no labelled keypoint"


def test_people_without_an_area(make_person: Make, make_set: Make) -> None:
    flat = replace(make_person(), areas=np.zeros(1, np.float32))
    (finding,) = lint_people(make_set(flat, make_person(2)))
    assert (finding.code, finding.message[:26]) == ("zero-area", "1 of 2 people have no area")
