"""Codecs of networks that answer with queries: what comes back, and what is refused."""

from typing import Any

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, Codec, DecodedPeople
from gonio.codecs.detrpose import DETRPose
from gonio.codecs.rfdetr import RFDETRKeypoint
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.boxes import box_around

K = 3
HW = (96, 128)
CASES: list[Codec] = [
    DETRPose(K),
    RFDETRKeypoint(K, input_hw=HW),
    RFDETRKeypoint(K, input_hw=HW, person_class=0, uncertainty=0),
    RFDETRKeypoint(K, input_hw=HW, person_class=2, keypoint_slots=5),
]
IDS = ["detrpose", "rfdetr", "people first, without uncertainty", "third of three classes"]
every = pytest.mark.parametrize("codec", CASES, ids=IDS)


def people(keypoints: object, person_scores: object) -> DecodedPeople:
    points = np.array(keypoints, np.float32).reshape(-1, K, 2)
    return DecodedPeople(
        keypoints=points,
        scores=np.tile(np.array([0.3, 0.6, 0.9], np.float32), (len(points), 1)),
        boxes=box_around(points, np.ones((len(points), K), bool)),
        person_scores=np.array(person_scores, np.float32),
    )


TWO = people([[(10, 12), (30, 40), (20, 90)], [(70, 20), (90, 30), (110, 60)]], (0.9, 0.6))


def test_cards_know_them_by_name() -> None:
    assert CODECS["detrpose"] is DETRPose
    assert CODECS["rfdetr-keypoint"] is RFDETRKeypoint


@every
def test_people_come_back_best_first(codec: Codec) -> None:
    turned = DecodedPeople(*(array[::-1] for array in (TWO.keypoints, TWO.scores, TWO.boxes, TWO.person_scores)))
    (found,) = codec.decode(codec.encode(turned, HW))
    np.testing.assert_allclose(found.keypoints, TWO.keypoints, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.boxes, TWO.boxes, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.person_scores, TWO.person_scores, rtol=0, atol=1e-6)
    if isinstance(codec, DETRPose):  # it has no others
        np.testing.assert_array_equal(found.scores, np.repeat(found.person_scores[:, None], K, axis=1))
    else:
        np.testing.assert_allclose(found.scores, TWO.scores, rtol=0, atol=1e-6)
    arrays = (found.keypoints, found.scores, found.boxes, found.person_scores)
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@every
def test_nobody_and_no_input(codec: Codec) -> None:
    outputs = codec.encode(people([], []), HW)
    (found,) = codec.decode(outputs)
    assert (found.keypoints.shape, found.boxes.shape) == ((0, K, 2), (0, 4))
    assert codec.decode({name: array[:0] for name, array in outputs.items()}) == []


@every
def test_inputs_of_a_batch_do_not_mix(codec: Codec) -> None:
    moved = people(TWO.keypoints + 3, TWO.person_scores)
    parts = [codec.encode(one, HW) for one in (TWO, moved)]
    both = codec.decode({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    for found, expected in zip(both, (TWO, moved), strict=True):
        np.testing.assert_allclose(found.keypoints, expected.keypoints, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["detrpose", "rfdetr-keypoint"])
def test_floor_number_of_people_and_other_classes(name: str) -> None:
    def build(**parameters: Any) -> Codec:
        return CODECS[name](n_keypoints=K, **({"input_hw": HW} if name == "rfdetr-keypoint" else {}) | parameters)

    outputs = build(person_class=2).encode(TWO, HW)
    assert len(build(person_class=1).decode(outputs)[0]) == 0
    assert len(build(person_class=2, min_score=0.7).decode(outputs)[0]) == 1
    assert len(build(person_class=2, min_score=0.95).decode(outputs)[0]) == 0
    assert build(person_class=2, max_people=1).decode(outputs)[0].person_scores == pytest.approx([0.9], abs=1e-6)
    twice = build().encode(people([TWO.keypoints[0]] * 2, (0.8, 0.7)), HW)
    assert (len(build().decode(twice)[0]), len(build(max_iou=0.9).decode(twice)[0])) == (2, 1)


def test_a_query_of_two_classes_is_one_person() -> None:
    """The file lists pairs of query and class; the other class is what nothing was labelled with."""
    outputs = DETRPose(K).encode(people([TWO.keypoints[0]] * 2, (0.9, 0.2)), HW)
    outputs["labels"][0, 1] = 0
    assert len(DETRPose(K).decode(outputs)[0]) == 1


@every
def test_there_is_no_flip_test(codec: Codec) -> None:
    with pytest.raises(ConfigError, match="no flip test; leave --flip-test out"):
        codec.unflip({}, (0, 2, 1))


@every
def test_another_file_is_told(codec: Codec) -> None:
    outputs = codec.encode(TWO, HW)
    with pytest.raises(ModelMismatchError, match="has no output"):
        codec.decode({"maps": np.zeros((1, K, 24, 32), np.float32)})
    for name, array in outputs.items():
        with pytest.raises(ModelMismatchError, match="has shape"):
            codec.decode(outputs | {name: array[None]})
        with pytest.raises(ModelMismatchError, match=r"has shape|another skeleton"):
            codec.decode(outputs | {name: array[:, :1]})
        with pytest.raises(ModelMismatchError, match=r"run from|no numbers|not whole"):
            codec.decode(outputs | {name: np.full_like(array, np.nan)})


def spoilt(codec: Codec, name: str, change: Any) -> dict[str, FloatArray]:
    outputs = codec.encode(TWO, HW)
    return outputs | {name: np.asarray(change(outputs[name]), np.float32)}


@pytest.mark.parametrize(
    ("codec", "name", "change", "said"),
    [
        (CASES[0], "scores", lambda a: a * 9, "scores of people run from 5.4 to 8.1"),
        (CASES[0], "labels", lambda a: a + 0.5, "numbers of the classes are not whole"),
        (CASES[0], "keypoints", lambda a: a / 128, r"reach no farther than 0.859 px; give .* as 'orig_target_sizes'"),
        (
            CASES[0],
            "keypoints",
            lambda a: a[:, :, :2],
            r"'keypoints' has shape \(1, 2, 2, 2\), expected \(1, 2, 3, 2\)",
        ),
        (CASES[1], "labels", lambda a: 1 / (1 + np.exp(-a)), "lie from 0 to 1, so they are probabilities"),
        (CASES[1], "labels", lambda a: a[..., :1], "has 1 classes from 0, but person_class is 1"),
        (CASES[1], "keypoints", lambda a: a[:, :, :K], "has 3 keypoints, expected 3 for each class up to 1"),
        (CASES[1], "keypoints", lambda a: a[:, :, :5], "has 5 keypoints, expected 3 for each class up to 1"),
        (CASES[1], "keypoints", lambda a: a[..., :3], r"shape \(1, 2, 6, 3\), expected \(1, 2, any, 8\)"),
        (CASES[1], "keypoints", lambda a: a * ([128, 96] + [1] * 6), "shares of keypoints reach 110, expected 1 or"),
        (CASES[1], "dets", lambda a: a * 128, "shares of boxes reach"),
    ],
)
def test_values_that_no_such_network_gives(codec: Codec, name: str, change: Any, said: str) -> None:
    with pytest.raises(ModelMismatchError, match=said):
        codec.decode(spoilt(codec, name, change))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"input_hw": None}, "need its size; give the card an input of kind 'stretch'"),
        ({"keypoint_slots": 2}, "keypoint_slots is 2, but there are 3 keypoints"),
        ({"uncertainty": -0.1}, "uncertainty is -0.1; give 0 or more"),
        ({"uncertainty": float("nan")}, "uncertainty is nan"),
        ({"min_score": 2}, "min_score is 2"),
        ({"person_class": -1}, "person_class is -1"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RFDETRKeypoint(K, **{"input_hw": HW} | parameters)
    if "min_score" in parameters:
        with pytest.raises(ConfigError, match=said):
            DETRPose(K, **parameters)


def test_missing_keypoints_are_told_as_not_found() -> None:
    lame = TWO.keypoints.copy()
    lame[0, 1] = np.nan
    codec = RFDETRKeypoint(K, input_hw=HW)
    told = codec.encode(DecodedPeople(lame, TWO.scores, TWO.boxes, TWO.person_scores), HW)
    (found,) = codec.decode(told)
    assert found.scores[0].round(4).tolist() == [np.float32(0.3), 0, np.float32(0.9)]
    assert found.keypoints[0, 1].tolist() == [0, 0]
