"""The codec of BlazePose's detector: round trip, what is refused; tests/golden has the reference."""

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, DecodedPeople
from gonio.codecs.blazepose_detector import BlazePoseDetector, circles
from gonio.errors import ConfigError, ModelMismatchError

HW = (224, 224)


def people(middles: list[tuple[float, float]], scores: list[float], *, radius: float = 40) -> DecodedPeople:
    """Bodies turned a little more each, shoulders half a radius from the hips."""
    angles = 0.4 * np.arange(len(middles))
    up = np.stack([np.sin(angles), -np.cos(angles)], axis=-1)[:, None]
    share = np.array([0, 1, 0.5, 1.25])[:, None]
    points = (np.array(middles, float).reshape(-1, 1, 2) + radius * share * up).astype(np.float32)
    known = np.array(scores, np.float32)
    return DecodedPeople(points, np.repeat(known[:, None], 4, axis=1), circles(points), known)


TWO = people([(60, 120), (160, 110)], [0.9, 0.6])


def codec(**parameters: object) -> BlazePoseDetector:
    return BlazePoseDetector(n_keypoints=4, **({"input_hw": HW} | parameters))  # type: ignore[arg-type]


def test_people_come_back_best_first() -> None:
    turned = people([(160, 110), (60, 120)], [0.6, 0.9])
    assert CODECS["blazepose-detector"] is BlazePoseDetector
    (found,) = codec().decode(codec().encode(turned, HW))
    order = [1, 0]
    np.testing.assert_allclose(found.person_scores, turned.person_scores[order], atol=1e-6)
    np.testing.assert_allclose(found.keypoints, turned.keypoints[order], atol=1e-4)
    np.testing.assert_allclose(found.boxes, turned.boxes[order], atol=1e-3)
    np.testing.assert_allclose(found.scores, turned.scores[order], atol=1e-6)
    assert found.keypoints.dtype == found.boxes.dtype == found.person_scores.dtype == np.float32


def test_the_box_is_the_square_around_the_circle() -> None:
    (box,) = circles(people([(100, 80)], [1], radius=30).keypoints)
    np.testing.assert_allclose(box, (70.5, 50.5, 130.5, 110.5), atol=1e-4)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_scores_at_the_ends(score: float) -> None:
    told = codec(min_score=0).encode(people([(100, 100)], [score]), HW)
    assert np.isfinite(told["person"]).all()
    assert codec(min_score=0).decode(told)[0].person_scores[0] == pytest.approx(score)


def test_nobody_and_a_batch() -> None:
    nobody, two = (codec().encode(one, HW)["person"] for one in (people([], []), TWO))
    found = codec().decode({"person": np.concatenate([two, nobody, two])})
    assert [len(one) for one in found] == [2, 0, 2]
    assert found[1].keypoints.shape == (0, 4, 2)


def test_floor_and_number_of_people() -> None:
    told = codec().encode(TWO, HW)
    assert codec(min_score=0.7).decode(told)[0].person_scores.tolist() == pytest.approx([0.9])
    assert codec(max_people=1).decode(told)[0].person_scores.tolist() == pytest.approx([0.9])


def test_two_anchors_of_one_head_are_averaged() -> None:
    rows = codec().encode(people([(100, 120)], [0.8]), HW)["person"]
    first = int(rows[0, :, 0].argmax())
    again = rows.copy()
    again[0, first + 1] = again[0, first]  # the other anchor of the cell
    again[0, first + 1, 0] = 0  # of score 0.5
    again[0, first + 1, 5] += 13
    (found,) = codec().decode({"person": again})
    (alone,) = codec().decode({"person": rows})
    assert found.person_scores[0] == alone.person_scores[0]
    assert found.keypoints[0, 0, 0] - alone.keypoints[0, 0, 0] == pytest.approx(13 * 0.5 / 1.3, abs=1e-4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"input_hw": None}, "need the input's size"),
        ({"strides": ()}, "strides are"),
        ({"n_keypoints": 17}, "tells 4 points, but the skeleton has 17"),
        ({"min_score": 2}, "min_score is 2"),
    ],
)
def test_parameters_out_of_range(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BlazePoseDetector(**({"n_keypoints": 4, "input_hw": HW} | parameters))  # type: ignore[arg-type]


def rows(shape: tuple[int, ...], value: float = 0) -> FloatArray:
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (rows((1, 2254, 12)), "expected \\(any, any, 13\\)"),
        (rows((1, 100, 13)), "100 rows, but an input of \\(224, 224\\) px has 2254 anchors"),
        (rows((1, 2254, 13), np.nan), "no numbers"),
    ],
)
def test_another_file(array: FloatArray, message: str) -> None:
    with pytest.raises(ModelMismatchError, match=message):
        codec().decode({"person": array})


def test_there_is_no_flip_test() -> None:
    with pytest.raises(ConfigError, match="no flip test"):
        codec().unflip({}, ())
