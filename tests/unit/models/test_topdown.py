"""The top-down model around a perfect network and a proposer who says what the test wants."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.errors import ConfigError
from gonio.models.card import ModelCard, read_card
from gonio.models.registry import find_card
from gonio.models.topdown import TopDownModel
from gonio.structures.poses import Poses

if TYPE_CHECKING:
    from tests.unit.models.conftest import DotBackend, Dots, Tiny

THUNDER = find_card("thunder")[0]
CARD = THUNDER.model_copy(update={"calibration": None})  # scores as the network gives them
EQUAL = CARD.model_copy(update={"proposal_share": 0.5})
BLACK = np.zeros((240, 320, 3), np.uint8)
HOME_PX = 0.02  # a dot's middle, found in a crop of whole grey levels

LEFT = [(100.0, 80.0), (130.5, 120.25), (90.0, 170.75)]
RIGHT = [(330.0, 100.0), (360.25, 160.5), (310.5, 220.0)]
LEFT_BOX, RIGHT_BOX = (70, 55, 155, 195), (285, 75, 385, 245)


def model_of(
    dots: "Dots", proposals: Poses | Callable[[ImageArray], Poses], card: Any = CARD
) -> tuple[TopDownModel, "DotBackend"]:
    backend = dots.backend(card)
    proposer = (lambda _: proposals) if isinstance(proposals, Poses) else proposals
    return TopDownModel(card, backend, proposer), backend


@pytest.mark.parametrize("flip_test", [False, True])
@pytest.mark.parametrize("size_wh", [(420, 300), (421, 303), (399, 287)])
def test_keypoints_come_home(dots: "Dots", size_wh: tuple[int, int], flip_test: bool) -> None:
    proposals = dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.9, 0.5))
    poses = model_of(dots, proposals)[0](dots.picture(size_wh, LEFT, RIGHT), flip_test=flip_test)
    assert len(poses) == 2
    for found, points in zip(poses.keypoints, (LEFT, RIGHT), strict=True):
        np.testing.assert_allclose(found, dots.keypoints(points), rtol=0, atol=HOME_PX)


@pytest.mark.parametrize("scale", [0.3, 0.55, 1.0, 2.3, 4.1, 9.7])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.37, 0.71)])
def test_people_of_every_size_come_home(dots: "Dots", scale: float, shift: tuple[float, float]) -> None:
    """Grown, shrunk, and shrunk by more than half; boxes on fractions of a pixel."""
    points = [(scale * x + shift[0], scale * y + shift[1]) for x, y in LEFT]
    box = [scale * LEFT_BOX[i] + shift[i % 2] for i in range(4)]
    size_wh = (round(200 * scale) + 1, round(230 * scale) + 2)
    picture = dots.picture(size_wh, points, radius=max(8 * scale, 5))
    poses = model_of(dots, dots.proposals(box, scores=(0.9,)))[0](picture)
    np.testing.assert_allclose(poses.keypoints[0], dots.keypoints(points), rtol=0, atol=HOME_PX * max(scale, 1))


def test_a_person_at_the_edge_comes_home(dots: "Dots") -> None:
    """The box reaches far beyond the picture on three sides."""
    points = [(10.0, 12.0), (50.0, 30.0), (30.0, 90.0)]
    proposals = dots.proposals((-60, -40, 80, 140), scores=(0.9,))
    poses = model_of(dots, proposals)[0](dots.picture((101, 105), points))
    np.testing.assert_allclose(poses.keypoints[0], dots.keypoints(points), rtol=0, atol=HOME_PX)


def test_boxes_are_those_proposed(dots: "Dots") -> None:
    proposals = dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.9, 0.5))
    poses = model_of(dots, proposals)[0](dots.picture((420, 300), LEFT, RIGHT))
    assert poses.boxes.tolist() == [list(LEFT_BOX), list(RIGHT_BOX)]


@pytest.mark.parametrize("flip_test", [False, True])
def test_an_images_crops_of_one_size_are_one_batch(dots: "Dots", flip_test: bool) -> None:
    proposals = dots.proposals(LEFT_BOX, RIGHT_BOX, (0, 0, 60, 60), scores=(0.9, 0.8, 0.7))
    model, backend = model_of(dots, proposals)
    model(dots.picture((420, 300), LEFT, RIGHT), flip_test=flip_test)
    runs = 2 if flip_test else 1
    assert sorted(backend.calls) == [(1, 3, 256, 256)] * runs + [(2, 3, 256, 160)] * runs


@pytest.mark.parametrize(
    ("box", "input_hw"),
    [
        pytest.param((0, 0, 50, 50), (256, 256), id="square"),
        pytest.param((0, 0, 100, 200), (256, 128), id="twice as high as wide"),
        pytest.param((0, 0, 101, 200), (256, 160), id="a little wider: the next multiple"),
        pytest.param((0, 0, 20, 200), (256, 64), id="narrow: not below the card's side"),
        pytest.param((0, 0, 200, 120), (160, 256), id="lying"),
        pytest.param((5, 5, 5, 5), (256, 256), id="no size"),
    ],
)
def test_a_crop_follows_its_box(dots: "Dots", tiny: "Tiny", box: tuple[float, ...], input_hw: tuple[int, int]) -> None:
    model, backend = model_of(dots, dots.proposals(box, scores=(0.9,)))
    model(BLACK)
    assert [call[2:] for call in backend.calls] == [input_hw]
    fixed = read_card(tiny.card(base="thunder", input__min_side=None))
    model, backend = model_of(dots, dots.proposals(box, scores=(0.9,)), fixed)
    model(BLACK)
    assert [call[2:] for call in backend.calls] == [(256, 256)]


def test_the_batch_does_not_change_a_person(dots: "Dots") -> None:
    picture = dots.picture((420, 300), LEFT, RIGHT)
    both = model_of(dots, dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.9, 0.5)))[0](picture)
    alone = model_of(dots, dots.proposals(RIGHT_BOX, scores=(0.5,)))[0](picture)
    np.testing.assert_array_equal(both.keypoints[1], alone.keypoints[0])


def test_the_score_is_the_geometric_mean_that_the_card_weighs(dots: "Dots") -> None:
    proposals, picture = dots.proposals(LEFT_BOX, scores=(0.64,)), dots.picture((420, 300), LEFT)
    poses = model_of(dots, proposals, EQUAL)[0](picture)
    assert poses.person_scores[0] == pytest.approx(np.sqrt(0.64 * poses.scores[0].mean()))
    fifth = model_of(dots, proposals, CARD.model_copy(update={"proposal_share": 0.2}))[0](picture)
    assert fifth.person_scores[0] == pytest.approx(0.64**0.2 * poses.scores[0].mean() ** 0.8)


@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize("calibrated", [False, True])
def test_people_tell_what_their_proposals_scored(dots: "Dots", share: float, calibrated: bool) -> None:
    """Also those whose keypoint scores are probabilities by now."""
    card = (THUNDER if calibrated else CARD).model_copy(update={"proposal_share": share})
    model, backend = model_of(dots, dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.9, 0.3)), card)
    backend.factors["heatmap"] = 0.4
    poses = model(dots.picture((420, 300), LEFT, RIGHT), min_person_score=0)
    np.testing.assert_allclose(model.proposal_scores(poses), [0.9, 0.3], rtol=1e-4)


def test_a_close_look_alone_gives_the_scores_of_a_call(dots: "Dots") -> None:
    """As in a video while the detector rests."""
    picture = dots.picture((420, 300), LEFT, RIGHT)
    model, backend = model_of(dots, dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.9, 0.3)), THUNDER)
    backend.factors["heatmap"] = 0.4
    poses = model(picture)
    again = model.refine(picture, replace(poses, person_scores=model.proposal_scores(poses)))
    np.testing.assert_allclose(again.person_scores, poses.person_scores, rtol=1e-4)


def test_best_person_first(dots: "Dots") -> None:
    proposals = dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.5, 0.9))
    poses = model_of(dots, proposals)[0](dots.picture((420, 300), LEFT, RIGHT))
    assert poses.boxes.tolist() == [list(RIGHT_BOX), list(LEFT_BOX)]


class TestNobody:
    def test_without_proposals_the_network_does_not_run(self, dots: "Dots") -> None:
        model, backend = model_of(dots, dots.proposals(scores=()))
        poses = model(BLACK)
        assert (len(poses), poses.keypoints.shape, backend.calls) == (0, (0, 17, 2), [])

    def test_a_list_gives_a_list(self, dots: "Dots") -> None:
        def proposer(image: ImageArray) -> Poses:
            boxes = [LEFT_BOX] if image.any() else []
            return dots.proposals(*boxes, scores=[0.9] * len(boxes))

        model, _ = model_of(dots, proposer)
        assert [len(poses) for poses in model([BLACK, dots.picture((300, 240), LEFT), BLACK])] == [0, 1, 0]


class TestFloor:
    """The final score is at most proposal^share: whose proposal cannot reach the floor needs no crop."""

    @pytest.mark.parametrize(
        ("floor", "crops"),
        [
            pytest.param(0, 3, id="only the card's floor of proposals"),
            pytest.param(0.2, 3, id="0.2^2 is that floor"),
            pytest.param(0.3, 2, id="0.3^2 = 0.09"),
            pytest.param(0.6, 1, id="0.6^2 = 0.36"),
            pytest.param(0.99, 0, id="0.99^2 = 0.98"),
        ],
    )
    def test_crops_that_cannot_count_are_not_looked_at(
        self, dots: "Dots", tiny: "Tiny", floor: float, crops: int
    ) -> None:
        card = read_card(tiny.card(base="thunder", proposals__min_score=0.04, proposal_share=0.5))
        self.check(dots, card, floor, crops)

    @pytest.mark.parametrize(
        ("floor", "crops"),
        [
            pytest.param(0.54, 3, id="0.54^5 = 0.046"),
            pytest.param(0.56, 2, id="0.56^5 = 0.055"),
            pytest.param(0.8, 1, id="0.8^5 = 0.33"),
            pytest.param(0.99, 0, id="0.99^5 = 0.95"),
        ],
    )
    def test_with_a_smaller_share_fewer_are_sure_not_to_count(
        self, dots: "Dots", tiny: "Tiny", floor: float, crops: int
    ) -> None:
        card = read_card(tiny.card(base="thunder", proposals__min_score=0.04, proposal_share=0.2))
        self.check(dots, card, floor, crops)

    def check(self, dots: "Dots", card: ModelCard, floor: float, crops: int) -> None:
        boxes = [LEFT_BOX, RIGHT_BOX, (0, 0, 60, 60), (0, 60, 60, 120)]
        proposals = dots.proposals(*boxes, scores=(0.9, 0.3, 0.05, 0.03))
        model, backend = model_of(dots, proposals, card)
        model(dots.picture((420, 300), LEFT, RIGHT), min_person_score=floor)
        assert sum(call[0] for call in backend.calls) == crops

    def test_who_is_below_it_after_all_is_left_out(self, dots: "Dots") -> None:
        """An empty crop has keypoint scores of 0."""
        proposals = dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.9, 0.5))
        model, backend = model_of(dots, proposals)
        picture = dots.picture((420, 300), LEFT)
        assert len(model(picture, min_person_score=0.3)) == 1
        assert len(model(picture, min_person_score=0)) == 2
        assert [call[0] for call in backend.calls] == [2, 2]

    def test_it_takes_nobody_away_who_would_pass(self, dots: "Dots") -> None:
        """Scores that are clipped to 1: the final score is the root of the proposal's, 0.5."""
        model, backend = model_of(dots, dots.proposals(LEFT_BOX, scores=(0.25,)), EQUAL)
        backend.factors["heatmap"] = 100
        picture = dots.picture((420, 300), LEFT)
        assert len(model(picture, min_person_score=0.5)) == 1
        assert len(model(picture, min_person_score=0.501)) == 0


class TestSamePersonTwice:
    def test_the_better_pose_stays(self, dots: "Dots") -> None:
        """Two boxes around one person."""
        wide = (60, 45, 165, 205)
        proposals = dots.proposals(LEFT_BOX, wide, scores=(0.6, 0.9))
        model, backend = model_of(dots, proposals)
        poses = model(dots.picture((420, 300), LEFT))
        assert sum(call[0] for call in backend.calls) == 2
        assert poses.boxes.tolist() == [list(wide)]

    def test_different_people_stay(self, dots: "Dots") -> None:
        proposals = dots.proposals(LEFT_BOX, RIGHT_BOX, scores=(0.6, 0.9))
        assert len(model_of(dots, proposals)[0](dots.picture((420, 300), LEFT, RIGHT))) == 2

    def test_how_alike_is_the_cards_to_say(self, dots: "Dots", tiny: "Tiny") -> None:
        card = read_card(tiny.card(base="thunder", max_oks=1.0))
        proposals = dots.proposals(LEFT_BOX, (60, 45, 165, 205), scores=(0.6, 0.9))
        assert len(model_of(dots, proposals, card)[0](dots.picture((420, 300), LEFT))) == 2


def test_a_card_without_crops_is_refused(dots: "Dots") -> None:
    card = find_card("multipose")[0]
    with pytest.raises(ConfigError, match="card 'multipose': a top-down model needs a crop input, got 'letterbox'"):
        TopDownModel(card, dots.backend(card), lambda _: dots.proposals(scores=()))


def test_a_box_of_no_size_is_survived(dots: "Dots") -> None:
    proposals = dots.proposals((50, 50, 50, 50), (-90, -90, -80, -80), (9, 9, 5, 5), scores=(0.9, 0.8, 0.7))
    poses = model_of(dots, proposals)[0](BLACK, min_person_score=0)
    assert np.isfinite(poses.keypoints).all()
