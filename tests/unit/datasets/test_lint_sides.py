from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gonio.datasets.lint_sides import MIN_PEOPLE, SET_PEOPLE, lint_sides

Make = Callable[..., Any]
FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


def codes(found: Any) -> list[str]:
    return [finding.code for finding in found]


def turned(labels: Any, degrees: float) -> Any:
    """The picture turned about the person's middle: sides are sides, however the body lies."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([150, 210])
    return replace(labels, keypoints=((labels.keypoints - centre) @ turn.T + centre).astype(np.float32))


@pytest.mark.parametrize("degrees", range(0, 360, 45))
def test_who_faces_us_is_right_and_swapped_is_found(
    make_person: Make, make_set: Make, swap_sides: Make, degrees: float
) -> None:
    good = turned(make_person(), degrees)
    assert list(lint_sides(make_set(good))) == []
    (finding,) = lint_sides(make_set(swap_sides(good)))
    assert (finding.code, finding.image, finding.person) == ("sides-swapped", "001.png", 0)
    assert "eyes and nose are mirrored" in finding.message


def test_from_behind_without_a_face_is_right(make_person: Make, make_set: Make, swap_sides: Make) -> None:
    """Their left is on our left: the same points as someone swapped who faces us, but no face is seen."""
    assert list(lint_sides(make_set(swap_sides(make_person(missing=FACE))))) == []


def test_a_swapped_body_under_a_face_that_is_right(make_person: Make, make_set: Make, swap_sides: Make) -> None:
    good, bad = make_person(), swap_sides(make_person())
    points = np.concatenate([good.keypoints[:, :5], bad.keypoints[:, 5:]], axis=1)
    (finding,) = lint_sides(make_set(replace(good, keypoints=points)))
    assert finding.message == "the face looks at us, but shoulders and hips say that we see the back"


def test_swapped_hips(make_person: Make, make_set: Make) -> None:
    (finding,) = lint_sides(make_set(make_person(left_hip=(32, 160), right_hip=(68, 160))))
    assert "shoulders and hips are turned opposite ways" in finding.message


@pytest.mark.parametrize("part", ["knee", "elbow"])
def test_swapped_middle_joints(make_person: Make, make_set: Make, part: str) -> None:
    places = {"knee": ((70, 225), (30, 225)), "elbow": ((90, 110), (10, 110))}[part]
    swapped = {f"right_{part}": places[0], f"left_{part}": places[1]}
    wide = {"left_hip": (90, 160), "right_hip": (10, 160), "left_ankle": (90, 290), "right_ankle": (10, 290)}
    if part == "knee":
        swapped = {"right_knee": (90, 225), "left_knee": (10, 225)} | wide
    (finding,) = lint_sides(make_set(make_person(**swapped)))
    assert finding.message == f"left and right {part} are swapped"


def test_the_wrong_ear(make_person: Make, make_set: Make) -> None:
    """Looks to the right of the picture, so the right ear shows."""
    profile = {"nose": (70, 30), "left_ear": (45, 28), "right_ear": (45, 28)}
    eyes = ["left_eye", "right_eye"]
    assert list(lint_sides(make_set(make_person(missing=[*eyes, "left_ear"], **profile)))) == []
    (finding,) = lint_sides(make_set(make_person(missing=[*eyes, "right_ear"], **profile)))
    assert "its right ear shows, but the left one is labelled" in finding.message


def test_a_head_that_hangs_down_or_is_thrown_back_is_not_judged(make_person: Make, make_set: Make) -> None:
    back = {"nose": (50, 20), "left_eye": (56, 28), "right_eye": (44, 28)}
    assert list(lint_sides(make_set(make_person(missing=["left_ear", "right_ear"], **back)))) == []


def test_a_set_that_is_swapped(make_person: Make, make_set: Make, swap_sides: Make) -> None:
    people = [swap_sides(make_person(i)) for i in range(SET_PEOPLE)]
    found = list(lint_sides(make_set(*people)))
    assert codes(found) == ["sides-swapped"] * SET_PEOPLE + ["sides-swapped-set"]
    assert found[-1].message.startswith("5 of the 5 people")
    assert found[-1].image is None


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        pytest.param("left_hip", "left_knee", "left_knee is below left_hip in 0% of 10", id="hip and knee"),
        pytest.param("nose", "left_ankle", "left_hip is below nose in 0% of 10", id="nose and ankle"),
        pytest.param(
            "left_elbow",
            "left_wrist",
            "left_elbow is between left_shoulder and left_wrist in 0% of 10",
            id="elbow and wrist",
        ),
    ],
)
def test_exchanged_keypoints_of_a_set(make_person: Make, make_set: Make, a: str, b: str, message: str) -> None:
    points = make_person().keypoints[0] - np.array([100, 60])
    names = make_person().skeleton.keypoint_names
    moved = {a: tuple(points[names.index(b)]), b: tuple(points[names.index(a)])}
    people = [make_person(i, **moved) for i in range(MIN_PEOPLE)]
    messages = [finding.message for finding in lint_sides(make_set(*people)) if finding.code == "keypoint-order"]
    assert any(message in one for one in messages), messages
    assert "keypoint-order" not in codes(lint_sides(make_set(*people[1:])))


def test_no_pictures(make_set: Make) -> None:
    assert list(lint_sides(make_set())) == []
