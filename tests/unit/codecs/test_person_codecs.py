"""Codecs of detectors and of one-stage YOLO networks, one by one; two of them against loops."""

import math
from typing import Any

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, BoxGrid, Codec, DecodedPeople
from gonio.codecs.nanodet import NanoDet
from gonio.codecs.persons import MAX_CANDIDATES
from gonio.codecs.picodet import PicoDet
from gonio.codecs.rtmdet import RTMDet
from gonio.codecs.yolo_detect import YoloDetect, YoloDetectEndToEnd
from gonio.codecs.yolo_pose import YoloPose, YoloPoseEndToEnd
from gonio.codecs.yolox import YoloX
from gonio.errors import ConfigError, ModelMismatchError

K = 3
HW = (96, 128)
NAMES = [
    "yolo-pose",
    "yolo-pose-end2end",
    "yolo-detect",
    "yolo-detect-end2end",
    "rtmdet",
    "yolox",
    "nanodet",
    "picodet",
    "box-grid",
]
POSE = [name for name in NAMES if "pose" in name]


def build(name: str, **parameters: Any) -> Codec:
    sized = {"input_hw": HW} if name in ("yolox", "nanodet") else {}
    return CODECS[name](n_keypoints=K, **sized | parameters)


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


def people(boxes: object, scores: object) -> DecodedPeople:
    """People with keypoints spread over their boxes, each more visible than the one before."""
    corners, known = f32(boxes).reshape(-1, 4), f32(scores)
    share = f32([[0.2, 0.3], [0.5, 0.5], [0.9, 0.6]])
    keypoints = corners[:, None, :2] + share * (corners[:, None, 2:] - corners[:, None, :2])
    return DecodedPeople(keypoints, np.tile(f32([0.3, 0.6, 0.9]), (len(known), 1)), corners, known)


TWO = people([(8, 12, 40, 90), (60, 20, 120, 70)], (0.9, 0.6))
SAME = people([(8, 12, 40, 90), (9, 12, 41, 90), (60, 20, 120, 70)], (0.6, 0.9, 0.5))


@pytest.mark.parametrize("name", NAMES)
class TestAll:
    def test_people_come_back_best_first(self, name: str) -> None:
        codec = build(name)
        turned = people(TWO.boxes[::-1], TWO.person_scores[::-1])
        (found,) = codec.decode(codec.encode(turned, HW))
        np.testing.assert_allclose(found.boxes, TWO.boxes, rtol=0, atol=1e-4)
        np.testing.assert_allclose(found.person_scores, TWO.person_scores, rtol=0, atol=1e-6)
        if name in POSE:
            np.testing.assert_allclose(found.keypoints, TWO.keypoints, rtol=0, atol=1e-4)
            np.testing.assert_allclose(found.scores, TWO.scores, rtol=0, atol=1e-6)
        else:
            assert np.isnan(found.keypoints).all()
            assert not found.scores.any()
        assert {a.dtype for a in (found.keypoints, found.scores, found.boxes, found.person_scores)} == {
            np.dtype(np.float32)
        }

    def test_other_classes_are_nobody(self, name: str) -> None:
        if name == "box-grid":
            with pytest.raises(ConfigError, match="know people alone"):
                build(name, person_class=2)
            return
        parameters = {"classes": 3} if name == "yolo-pose" else {}
        told = build(name, person_class=2, **parameters).encode(TWO, HW)
        assert len(build(name, person_class=2, **parameters).decode(told)[0]) == 2
        assert len(build(name, person_class=1, **parameters).decode(told)[0]) == 0

    def test_floor_and_number_of_people(self, name: str) -> None:
        outputs = build(name).encode(TWO, HW)
        assert len(build(name, min_score=0.7).decode(outputs)[0]) == 1
        assert len(build(name, min_score=0.95).decode(outputs)[0]) == 0
        assert build(name, max_people=1).decode(outputs)[0].person_scores.tolist() == [np.float32(0.9)]

    def test_nobody_and_no_input(self, name: str) -> None:
        codec = build(name)
        outputs = codec.encode(people([], []), HW)
        (found,) = codec.decode(outputs)
        assert (found.keypoints.shape, found.boxes.shape) == ((0, K, 2), (0, 4))
        assert codec.decode({key: array[:0] for key, array in outputs.items()}) == []

    def test_inputs_of_a_batch_do_not_mix(self, name: str) -> None:
        codec = build(name)
        moved = people(TWO.boxes + 3, TWO.person_scores)
        parts = [codec.encode(one, HW) for one in (TWO, moved)]
        both = codec.decode({key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
        for found, expected in zip(both, (TWO, moved), strict=True):
            np.testing.assert_allclose(found.boxes, expected.boxes, rtol=0, atol=1e-4)

    def test_there_is_no_flip_test(self, name: str) -> None:
        with pytest.raises(ConfigError, match="no flip test; leave --flip-test out"):
            build(name).unflip({}, (0, 2, 1))

    def test_another_file_is_told(self, name: str) -> None:
        codec = build(name)
        outputs = codec.encode(TWO, HW)
        with pytest.raises(ModelMismatchError, match="has no output"):
            codec.decode({"maps": np.zeros((1, K, 24, 32), np.float32)})
        with pytest.raises(ModelMismatchError, match="has shape"):
            codec.decode({key: array[None] for key, array in outputs.items()})
        with pytest.raises(ModelMismatchError, match=r"run from|no numbers|not whole"):
            codec.decode({key: np.full_like(array, np.nan) for key, array in outputs.items()})
        with pytest.raises(ModelMismatchError, match=r"run from|no numbers|not whole"):
            codec.decode({key: array * 1000 + 0.25 for key, array in outputs.items()})

    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ({"min_score": 1.5}, "min_score is 1.5"),
            ({"max_iou": -0.1}, "max_iou is -0.1"),
            ({"person_class": -1}, "person_class is -1"),
            ({"max_people": 0}, "max_people 0"),
        ],
    )
    def test_parameters_are_checked(self, name: str, parameters: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            build(name, **parameters)


@pytest.mark.parametrize("name", ["yolo-pose", "yolo-detect", "picodet"])
def test_of_two_boxes_on_one_person_the_better_stays(name: str) -> None:
    codec = build(name)
    (found,) = codec.decode(codec.encode(SAME, HW))
    np.testing.assert_allclose(found.boxes, SAME.boxes[[1, 2]], rtol=0, atol=1e-4)
    both = build(name, max_iou=1.0)
    assert len(both.decode(both.encode(SAME, HW))[0]) == 3


@pytest.mark.parametrize("name", ["yolo-pose-end2end", "yolo-detect-end2end", "rtmdet"])
def test_what_the_file_kept_is_kept_unless_asked(name: str) -> None:
    codec = build(name)
    outputs = codec.encode(SAME, HW)
    assert len(codec.decode(outputs)[0]) == 3
    assert len(build(name, max_iou=0.7).decode(outputs)[0]) == 2


@pytest.mark.parametrize("name", ["yolo-pose", "yolo-detect"])
def test_thousands_of_candidates_are_few_people(name: str) -> None:
    """Every cell of a 640 px input says the same person: one is left, and of the rest the best are looked at."""
    codec = build(name, min_score=0)
    columns = np.repeat(codec.encode(people([TWO.boxes[0]], [0.5]), HW)["predictions"], 8400, axis=2)
    columns[:, 4] = np.linspace(0, 1, 8400, dtype=np.float32)
    (found,) = codec.decode({"predictions": columns})
    assert found.person_scores.tolist() == [1.0]
    assert MAX_CANDIDATES < 8400


def test_without_visibility_keypoints_score_as_their_person() -> None:
    for kind in (YoloPose, YoloPoseEndToEnd):
        codec = kind(K, values=2)
        (found,) = codec.decode(codec.encode(TWO, HW))
        np.testing.assert_allclose(found.keypoints, TWO.keypoints, rtol=0, atol=1e-4)
        np.testing.assert_allclose(found.scores, np.repeat(TWO.person_scores[:, None], K, axis=1), atol=1e-6)


def test_a_missing_keypoint_is_encoded_as_unseen() -> None:
    keypoints = TWO.keypoints.copy()
    keypoints[0, 1] = np.nan
    codec = YoloPose(K)
    (found,) = codec.decode(codec.encode(DecodedPeople(keypoints, TWO.scores, TWO.boxes, TWO.person_scores), HW))
    assert found.scores[0].tolist() == [np.float32(0.3), 0.0, np.float32(0.9)]
    assert np.isfinite(found.keypoints).all()


@pytest.mark.parametrize("name", NAMES[:4])
def test_pixels_and_shares_are_not_taken_for_each_other(name: str) -> None:
    pixels, shares = build(name), build(name, normalised=True, input_hw=HW)
    told = shares.encode(TWO, HW)
    (found,) = shares.decode(told)
    np.testing.assert_allclose(found.boxes, TWO.boxes, rtol=0, atol=1e-4)
    with pytest.raises(ModelMismatchError, match="coordinates from 0 to 1: say so by the codec's parameter normalised"):
        pixels.decode(told)
    with pytest.raises(ModelMismatchError, match="leave the codec's parameter normalised out"):
        shares.decode(pixels.encode(TWO, HW))
    with pytest.raises(ConfigError, match="give the card a square letterbox"):
        build(name, normalised=True)


def test_yolo_parameters_are_checked() -> None:
    with pytest.raises(ConfigError, match="values is 4"):
        YoloPose(K, values=4)
    with pytest.raises(ConfigError, match="person_class is 1, but there are 1 classes"):
        YoloPose(K, person_class=1)
    with pytest.raises(ModelMismatchError, match=r"shape \(1, 6, 4\), so 2 classes from 0, but person_class is 5"):
        YoloDetect(K, person_class=5).decode({"predictions": np.zeros((1, 6, 4), np.float32)})
    with pytest.raises(ModelMismatchError, match="numbers of the classes are not whole"):
        YoloDetectEndToEnd(K).decode({"predictions": f32([[[0, 0, 9, 9, 0.5, 0.5]]])})
    assert YoloPose(17).output_channels == {"predictions": 56}
    assert YoloPose(21, values=2, classes=4).output_channels == {"predictions": 50}


def test_a_file_of_one_class_may_have_no_labels() -> None:
    codec = RTMDet(K, labelled=False)
    assert codec.output_channels == {"dets": None}
    (found,) = codec.decode(codec.encode(TWO, HW))
    np.testing.assert_array_equal(found.boxes, TWO.boxes)
    padded = {"dets": f32([[[0, 0, 9, 9, 0.8], [0, 0, 0, 0, 0]]]), "labels": f32([[0, -1]])}
    assert len(RTMDet(K, min_score=0).decode(padded)[0]) == 1  # a row that fills the batch up is class -1


def test_picodet_says_which_class_is_missing() -> None:
    with pytest.raises(ModelMismatchError, match="has 1 classes from 0, but person_class is 3"):
        PicoDet(K, person_class=3).decode(PicoDet(K).encode(TWO, HW))


def test_yolox_decoded_by_the_file() -> None:
    codec = YoloX(K, decoded=True)
    (found,) = codec.decode(codec.encode(TWO, HW))
    np.testing.assert_allclose(found.boxes, TWO.boxes, rtol=0, atol=1e-4)
    raw = YoloX(K, input_hw=HW)
    with pytest.raises(ModelMismatchError, match=r"logarithms of the boxes' sizes reach .* parameter decoded"):
        raw.decode(codec.encode(TWO, HW))


def test_grids_that_do_not_fit_the_input_are_told() -> None:
    outputs = YoloX(K, input_hw=HW).encode(TWO, HW)
    with pytest.raises(ModelMismatchError, match=r"252 rows, but an input of \(64, 64\) px has 84 cells of 8, 16, 32"):
        YoloX(K, input_hw=(64, 64)).decode(outputs)
    told = NanoDet(K, input_hw=HW).encode(TWO, HW)
    with pytest.raises(ModelMismatchError, match=r"expected \(any, 252, at least 33\)"):
        NanoDet(K, input_hw=HW, strides=(8, 16, 32)).decode(told)
    for kind in (YoloX, NanoDet):
        with pytest.raises(ConfigError, match="need the input's size"):
            kind(K)
        with pytest.raises(ConfigError, match="strides are"):
            kind(K, input_hw=HW, strides=(0,))
    with pytest.raises(ConfigError, match="point is 2"):
        NanoDet(K, input_hw=HW, point=2)


def overlap(a: list[float], b: list[float]) -> float:
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    both = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0


def kept_one_by_one(boxes: list[list[float]], scores: list[float], floor: float, limit: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
        if scores[i] >= floor and all(overlap(boxes[i], boxes[j]) <= limit for j in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize(("strides", "point"), [((8, 16, 32, 64), 0.0), ((8, 16, 32), 0.5)])
def test_nanodet_against_loops(strides: tuple[int, ...], point: float) -> None:
    """Oracle: the definition of the distribution of sides (Generalized Focal Loss, equation 3), number by number."""
    rng = np.random.default_rng(3)
    cells = [
        ((x + point) * stride, (y + point) * stride, stride)
        for stride in strides
        for y in range(math.ceil(HW[0] / stride))
        for x in range(math.ceil(HW[1] / stride))
    ]
    rows = np.concatenate([rng.random((len(cells), 2)), rng.normal(0, 2, (len(cells), 32))], axis=1).astype(np.float32)
    boxes = []
    for (x, y, stride), row in zip(cells, rows.tolist(), strict=True):
        sides = []
        for side in range(4):
            powers = [math.exp(logit) for logit in row[2 + 8 * side : 10 + 8 * side]]
            sides.append(stride * sum(bin_ * power for bin_, power in enumerate(powers)) / sum(powers))
        box = (x - sides[0], y - sides[1], x + sides[2], y + sides[3])
        boxes.append([min(max(at, 0), side) for at, side in zip(box, HW[::-1] * 2, strict=True)])
    scores = rows[:, 1].tolist()
    kept = kept_one_by_one(boxes, scores, 0.3, 0.6)
    codec = NanoDet(K, person_class=1, min_score=0.3, input_hw=HW, strides=strides, point=point)
    (found,) = codec.decode({"output": rows[None]})
    assert 10 < len(kept) < 0.7 * len(cells)
    np.testing.assert_allclose(found.boxes, f32([boxes[i] for i in kept]), rtol=0, atol=1e-3)
    np.testing.assert_array_equal(found.person_scores, f32([scores[i] for i in kept]))


def test_picodet_against_loops() -> None:
    """Oracle: greedy suppression as everybody defines it, box by box."""
    rng = np.random.default_rng(4)
    middle, size = rng.uniform(20, 90, (300, 2)), rng.uniform(10, 60, (300, 2))
    boxes = np.concatenate([middle - size / 2, middle + size / 2], axis=1).astype(np.float32)
    scores = rng.random((2, 300)).astype(np.float32)
    kept = kept_one_by_one(boxes.tolist(), scores[1].tolist(), 0.2, 0.6)
    (found,) = PicoDet(K, person_class=1, min_score=0.2).decode({"boxes": boxes[None], "scores": scores[None]})
    assert 50 < len(kept) < 230
    np.testing.assert_array_equal(found.boxes, boxes[kept])
    np.testing.assert_array_equal(found.person_scores, scores[1, kept])


class TestBoxGrid:
    def test_a_picture_of_any_size_is_read_from_its_maps(self) -> None:
        for hw in ((32, 32), (64, 160), (320, 224)):
            codec = BoxGrid(K)
            told = people([(2, 3, hw[1] - 1, hw[0] - 2)], [0.7])
            (found,) = codec.decode(codec.encode(told, hw))
            np.testing.assert_allclose(found.boxes, told.boxes, atol=1e-4)

    def test_maps_that_do_not_fit_together_are_refused(self) -> None:
        outputs = BoxGrid(K).encode(TWO, HW)
        outputs["boxes_32"] = outputs["boxes_32"][..., :-1]
        with pytest.raises(ModelMismatchError, match="boxes_32"):
            BoxGrid(K).decode(outputs)

    def test_more_people_than_cells_cannot_be_said(self) -> None:
        with pytest.raises(ConfigError, match="no cell is left"):
            BoxGrid(K).encode(people([(1, 1, 2, 2)], [0.5]), HW)
