"""The one-stage model around a perfect network: what comes home tests the letterbox and the way back."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gonio.errors import ConfigError, ModelMismatchError, ShapeError
from gonio.models.card import read_card
from gonio.models.onestage import DetectorModel, OneStageModel
from gonio.models.registry import find_card
from gonio.structures.poses import Poses
from gonio.timing import record_stages

if TYPE_CHECKING:
    from tests.unit.models.conftest import DotBackend, Dots, Tiny

CARD = find_card("multipose")[0]
STRETCH = {"kind": "stretch", "input_hw": [192, 256], "mean": [127.5] * 3, "std": [127.5] * 3}
HOME_PX = 0.02  # a dot's middle, found in the letterboxed picture of whole grey levels
SIZES = [(320, 320), (640, 480), (333, 257), (199, 301), (97, 61), (641, 399), (1283, 721), (1001, 333)]


def model_of(dots: "Dots", card: Any = CARD) -> tuple[OneStageModel, "DotBackend"]:
    backend = dots.backend(card)
    return OneStageModel(card, backend), backend


def three_points(width: int, height: int) -> list[tuple[float, float]]:
    return [(0.31 * width, 0.27 * height), (0.66 * width, 0.42 * height), (0.48 * width, 0.71 * height)]


def dotted(dots: "Dots", size_wh: tuple[int, int]) -> Any:
    """Dots of a size that the network still sees well."""
    return dots.picture(size_wh, three_points(*size_wh), radius=max(size_wh) / 25)


@pytest.mark.parametrize("size_wh", SIZES)
@pytest.mark.parametrize("flip_test", [False, True])
def test_keypoints_come_home(dots: "Dots", size_wh: tuple[int, int], flip_test: bool) -> None:
    model, _ = model_of(dots)
    poses = model(dotted(dots, size_wh), flip_test=flip_test)
    assert len(poses) == 1
    np.testing.assert_allclose(poses.keypoints[0], dots.keypoints(three_points(*size_wh)), rtol=0, atol=HOME_PX)


@pytest.mark.parametrize("size_wh", SIZES)
@pytest.mark.parametrize(
    ("changes", "input_hw"),
    [
        pytest.param({"input__square": True}, (320, 320), id="square"),
        pytest.param({"input__square": True, "input__placement": "centre"}, (320, 320), id="square, centred"),
        pytest.param({"input__placement": "centre", "input__multiple": 64}, None, id="centred"),
        pytest.param({"input": STRETCH}, (192, 256), id="stretched"),
    ],
)
def test_keypoints_come_home_from_other_inputs(
    dots: "Dots", tiny: "Tiny", size_wh: tuple[int, int], changes: dict[str, Any], input_hw: tuple[int, int] | None
) -> None:
    """A dot's middle in a stretched input is known less well: some of it are half pixels."""
    model, backend = model_of(dots, read_card(tiny.card(**changes)))
    poses = model(dotted(dots, size_wh))
    assert input_hw is None or [call[2:] for call in backend.calls] == [input_hw]
    expected = dots.keypoints(three_points(*size_wh))
    np.testing.assert_allclose(poses.keypoints[0], expected, rtol=0, atol=HOME_PX * (5 if "input" in changes else 1))


@pytest.mark.parametrize("size_wh", SIZES)
def test_boxes_come_home(dots: "Dots", size_wh: tuple[int, int]) -> None:
    """The network boxes the pixels of the dots' middles: half an input pixel more than the middles."""
    poses = model_of(dots)[0](dotted(dots, size_wh))
    points = np.array(three_points(*size_wh))
    half = max(size_wh) / 320 / 2
    expected = [*(points.min(axis=0) + 0.5 - half), *(points.max(axis=0) + 0.5 + half)]
    np.testing.assert_allclose(poses.boxes[0], expected, rtol=0, atol=HOME_PX)


@pytest.mark.parametrize(
    ("size_wh", "input_hw"), [((640, 480), (256, 320)), ((480, 640), (320, 256)), ((100, 100), (320, 320))]
)
def test_the_network_sees_multiples_of_32(dots: "Dots", size_wh: tuple[int, int], input_hw: tuple[int, int]) -> None:
    model, backend = model_of(dots)
    model(dotted(dots, size_wh))
    assert backend.calls == [(1, 3, *input_hw)]


def test_the_flip_test_looks_twice(dots: "Dots") -> None:
    model, backend = model_of(dots)
    model(dotted(dots, (320, 320)), flip_test=True)
    assert backend.calls == [(1, 3, 320, 320)] * 2


def test_a_bgr_network_gets_bgr(dots: "Dots", tiny: "Tiny") -> None:
    """The first plane that it sees is blue, on which the ankles lie."""
    card = read_card(tiny.card(input__channel_order="bgr"))
    points = three_points(320, 320)
    poses = model_of(dots, card)[0](dots.picture((320, 320), points))
    np.testing.assert_allclose(poses.keypoints[0], dots.keypoints(points[::-1]), rtol=0, atol=HOME_PX)


def test_nobody_in_sight(dots: "Dots") -> None:
    poses = model_of(dots)[0](np.zeros((48, 64, 3), np.uint8))
    assert len(poses) == 0
    assert poses.keypoints.shape == (0, 17, 2)


def test_a_list_gives_a_list(dots: "Dots") -> None:
    model, _ = model_of(dots)
    pictures = [dotted(dots, (320, 240)), np.zeros((50, 60, 3), np.uint8), dotted(dots, (240, 320))]
    together = model(pictures)
    assert [len(poses) for poses in together] == [1, 0, 1]
    for poses, picture in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(poses.keypoints, model(picture).keypoints)
    assert model([]) == []


@pytest.mark.parametrize(("floor", "count"), [(0, 1), (0.999, 1), (None, 1)])
def test_a_perfect_person_passes_every_floor(dots: "Dots", floor: float | None, count: int) -> None:
    poses = model_of(dots)[0](dotted(dots, (320, 320)), min_person_score=floor)
    assert len(poses) == count


def test_the_floor_is_the_cards_unless_another_is_asked(dots: "Dots", tiny: "Tiny") -> None:
    model, backend = model_of(dots, read_card(tiny.card(min_person_score=0.5)))
    backend.factors["center"] = 0.4
    picture = dotted(dots, (320, 320))
    assert len(model(picture)) == 0
    assert len(model(picture, min_person_score=0.3)) == 1
    assert len(model(picture, min_person_score=0.45)) == 0


@pytest.mark.parametrize("floor", [float("nan"), -0.1, 1.1, float("inf")])
def test_a_floor_out_of_range(dots: "Dots", floor: float) -> None:
    with pytest.raises(ConfigError, match=f"min_person_score is {floor}; give a number from 0 to 1"):
        model_of(dots)[0](np.zeros((8, 8, 3), np.uint8), min_person_score=floor)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((8, 8), np.uint8), id="grey"),
        pytest.param(np.zeros((8, 8, 4), np.uint8), id="with alpha"),
        pytest.param(np.zeros((8, 8, 3), np.float32), id="floats"),
        pytest.param(np.zeros((0, 8, 3), np.uint8), id="empty"),
        pytest.param(np.zeros((2, 8, 8, 3), np.uint8), id="an array of images"),
    ],
)
def test_what_is_no_image(dots: "Dots", image: Any) -> None:
    with pytest.raises(ShapeError, match=r"expected \(H, W, 3\) uint8"):
        model_of(dots)[0](image)


def test_scores_stay_in_range(dots: "Dots") -> None:
    """A sigmoid may exceed 1 by a rounding."""
    model, backend = model_of(dots)
    backend.factors |= {"center": 1.001, "heatmap": 1.001}
    poses = model(dotted(dots, (320, 320)))
    assert poses.scores.max() == poses.person_scores.max() == 1


def test_the_stages_are_timed(dots: "Dots") -> None:
    with record_stages() as times:
        model_of(dots)[0](dotted(dots, (320, 240)))
    assert set(times) == {"preprocess", "inference", "decode keypoints"}


def test_a_card_with_crops_is_refused(dots: "Dots", tiny: "Tiny") -> None:
    card = read_card(tiny.card(base="thunder", task="one-stage"))
    with pytest.raises(
        ConfigError, match="card 'tiny': a one-stage model needs a letterbox or stretch input, got 'crop'"
    ):
        OneStageModel(card, dots.backend(card))


class TestDetector:
    """Boxes of people, and nothing else."""

    def test_of_two_boxes_on_one_another_the_better_stays(self, dots: "Dots", tiny: "Tiny") -> None:
        card = read_card(tiny.card(task="detector", max_oks=0.5))
        people = Poses(
            keypoints=np.full((3, 17, 2), np.nan, np.float32),
            scores=np.zeros((3, 17), np.float32),
            boxes=np.array([[0, 0, 10, 10], [1, 0, 11, 10], [8, 0, 18, 10]], np.float32),
            person_scores=np.array([0.5, 0.9, 0.4], np.float32),
            skeleton=card.load_skeleton(),
        )
        detector = DetectorModel(card, dots.backend(card))
        np.testing.assert_array_equal(detector._distinct(people).person_scores, np.array([0.9, 0.4], np.float32))


def test_a_network_that_does_not_fit_is_refused(dots: "Dots") -> None:
    with pytest.raises(
        ModelMismatchError, match="of model 'multipose' do not fit its card: there should be an output 'box_scale'"
    ):
        OneStageModel(CARD, dots.backend(find_card("thunder")[0]))
