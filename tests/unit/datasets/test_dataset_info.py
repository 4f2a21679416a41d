from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gonio.datasets.info import describe

Make = Callable[..., Any]


def test_counts(make_person: Make, join: Make) -> None:
    crowd = replace(make_person(1), is_crowd=np.ones(1, bool))
    nobody = make_person(1, missing=make_person().skeleton.keypoint_names)
    small = replace(make_person(2, hidden=["nose"]), areas=np.array([500], np.float32), image_hw=(100, 200))
    info = describe([join(make_person(1), crowd, nobody), small, replace(crowd, image_id=3)], name="train")
    assert (info.name, info.skeleton, info.images, info.images_with_people) == ("train", "coco17", 3, 2)
    assert (info.people, info.people_with_keypoints, info.crowds) == (3, 2, 2)
    assert (info.small, info.medium, info.large) == (1, 0, 2)
    assert info.size_wh == ((200, 640, 640), (100, 480, 480))
    assert info.box_height == (300, 300, 300)
    nose, eye = info.keypoints[:2]
    assert (nose.name, nose.visible, nose.hidden, nose.missing) == ("nose", 1, 1, 0)
    assert (eye.visible, eye.hidden, eye.missing) == (2, 0, 0)
    assert info.to_dict()["keypoints"][0]["name"] == "nose"


def test_nothing() -> None:
    info = describe([], name="empty")
    assert (info.images, info.people, info.keypoints, info.box_height) == (0, 0, (), (0, 0, 0))


def test_the_limits_of_size_are_cocos(make_person: Make) -> None:
    areas = [32**2 - 1, 32**2, 96**2 - 1, 96**2]
    images = [replace(make_person(i), areas=np.array([area], np.float32)) for i, area in enumerate(areas)]
    info = describe(images, name="x")
    assert (info.small, info.medium, info.large) == (1, 2, 1)
