"""RTMO and MoveNet as they decode themselves: what is left is the order of numbers, and what is refused."""

from typing import Any

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, Codec, DecodedPeople
from gonio.codecs.movenet_decoded import MoveNetDecoded
from gonio.codecs.rtmo import RTMO
from gonio.errors import ConfigError, ModelMismatchError

K = 3
HW = (64, 96)
PEOPLE = DecodedPeople(
    keypoints=np.array([[(10.3, 20.7), (33, 41.5), (80.2, 5.9)], [(1, 2), (np.nan, np.nan), (90, 60)]], np.float32),
    scores=np.array([[0.9, 0.8, 0.7], [0.6, 0.5, 0.4]], np.float32),
    boxes=np.array([[8, 4, 84, 44], [0, 0, 96, 64]], np.float32),
    person_scores=np.array([0.95, 0.3], np.float32),
)
CODECS_OF_MANY: list[Codec] = [RTMO(K), MoveNetDecoded(K, HW, people="many")]
ALL: list[Codec] = [*CODECS_OF_MANY, MoveNetDecoded(K, HW)]


def test_cards_know_them_by_name() -> None:
    assert CODECS["rtmo"] is RTMO
    assert CODECS["movenet-decoded"] is MoveNetDecoded


@pytest.mark.parametrize("codec", CODECS_OF_MANY, ids=lambda codec: type(codec).__name__)
def test_a_perfect_network_of_many_is_understood(codec: Codec) -> None:
    (found,) = codec.decode(codec.encode(PEOPLE, HW))
    known = np.isfinite(PEOPLE.keypoints)
    np.testing.assert_allclose(found.keypoints[known], PEOPLE.keypoints[known], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.boxes, PEOPLE.boxes, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(found.person_scores, PEOPLE.person_scores)
    assert found.scores[1].tolist() == [np.float32(0.6), 0, np.float32(0.4)]  # of the missing one: nothing
    np.testing.assert_array_equal(found.scores[0], PEOPLE.scores[0])


def test_a_perfect_network_of_one_is_understood() -> None:
    codec = MoveNetDecoded(K, HW)
    (found,) = codec.decode(codec.encode(PEOPLE, HW))
    np.testing.assert_allclose(found.keypoints, PEOPLE.keypoints[:1], rtol=0, atol=1e-4)
    assert np.isnan(found.boxes).all()
    assert found.person_scores[0] == pytest.approx(0.8)


@pytest.mark.parametrize("codec", ALL, ids=lambda codec: str(codec.output_channels))
def test_nobody_and_no_input(codec: Codec) -> None:
    nobody = DecodedPeople(*(np.zeros(shape, np.float32) for shape in ((0, K, 2), (0, K), (0, 4), (0,))))
    outputs = codec.encode(nobody, HW)
    assert all(not (one.scores > 0).any() for one in codec.decode(outputs))
    assert codec.decode({name: array[:0] for name, array in outputs.items()}) == []


@pytest.mark.parametrize("codec", CODECS_OF_MANY, ids=lambda codec: type(codec).__name__)
def test_rows_that_fill_up_are_nobody_and_inputs_do_not_mix(codec: Codec) -> None:
    one = codec.encode(PEOPLE, HW)
    empty = {name: np.zeros_like(array) for name, array in one.items()}
    first, second = codec.decode({name: np.concatenate([one[name], empty[name]]) for name in one})
    assert (len(first), len(second)) == (2, 0)


@pytest.mark.parametrize("codec", ALL, ids=lambda codec: str(codec.output_channels))
def test_there_is_no_flip_test(codec: Codec) -> None:
    with pytest.raises(ConfigError, match="has no flip test; leave --flip-test out"):
        codec.unflip(codec.encode(PEOPLE, HW), (0, 2, 1))


def spoilt(codec: Codec, value: float, *where: Any) -> dict[str, FloatArray]:
    outputs = codec.encode(PEOPLE, HW)
    name = list(outputs)[-1]
    outputs[name][where] = value
    return outputs


@pytest.mark.parametrize(
    ("codec", "where", "value", "said"),
    [
        (RTMO(K), (0, 0, 0, 2), 3, "scores of keypoints run from"),
        (RTMO(K), (0, 0, 0, 2), np.nan, "scores of keypoints run from"),
        (RTMO(K), (0, 0, 0, 0), np.nan, "keypoints hold values that are no numbers"),
        (MoveNetDecoded(K, HW), (0, 0, 0, 2), -4, "scores of keypoints run from -4"),
        (MoveNetDecoded(K, HW), (0, 0, 0, 0), 120, "a keypoint lies at .* inputs beyond the rim"),
        (MoveNetDecoded(K, HW), (0, 0, 0, 0), np.nan, "coordinates of keypoints hold values that are no numbers"),
        (MoveNetDecoded(K, HW, people="many"), (0, 0, -1), 9, "scores of people run from"),
        (MoveNetDecoded(K, HW, people="many"), (0, 0, -2), np.inf, "boxes hold values that are no numbers"),
    ],
)
def test_values_that_no_such_network_gives(codec: Codec, where: Any, value: float, said: str) -> None:
    with pytest.raises(ModelMismatchError, match=said):
        codec.decode(spoilt(codec, value, *where))


@pytest.mark.parametrize("codec", ALL, ids=lambda codec: str(codec.output_channels))
def test_shapes_of_other_networks(codec: Codec) -> None:
    outputs = codec.encode(PEOPLE, HW)
    last = list(outputs)[-1]
    with pytest.raises(ModelMismatchError, match=f"output '{last}' has shape"):
        codec.decode(outputs | {last: outputs[last][..., :-1]})
    with pytest.raises(ModelMismatchError, match="the network has no output"):
        codec.decode({"other": outputs[last]})


def test_parameters_are_checked() -> None:
    with pytest.raises(ConfigError, match="people is 'two'; known are one, many"):
        MoveNetDecoded(K, HW, people="two")  # type: ignore[arg-type]
    for wrong in (-0.1, 1.5):
        with pytest.raises(ConfigError, match="min_score is"):
            RTMO(K, min_score=wrong)
        with pytest.raises(ConfigError, match="min_score is"):
            MoveNetDecoded(K, HW, min_score=wrong)
