from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import ValidationError

from gonio.errors import ConfigError
from gonio.models.calibration import Calibration, expected_error_px
from gonio.models.card import ModelCard, read_card
from gonio.models.loader import load_model
from gonio.models.registry import find_card
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

FACTS: dict[str, Any] = {
    "ece_before": 0.4,
    "ece_after": 0.02,
    "brier_before": 0.2,
    "brier_after": 0.1,
    "data": "two pictures",
    "images": 2,
    "keypoints": 300,
}
ROWS = [
    {"score": 0.25, "median": 0.2, "rms": 0.4, "keypoints": 10},
    {"score": 0.75, "median": 0.1, "rms": 0.2, "keypoints": 10},
]
KNOTS = Calibration(method="isotonic", knots=((0.0, 0.1), (0.5, 0.9)), keypoint_error=tuple(ROWS), **FACTS)  # type: ignore[arg-type]


def card_with(calibration: Calibration | None) -> ModelCard:
    return find_card("multipose")[0].model_copy(update={"calibration": calibration})


def one_person(scores: list[float], box: tuple[float, float, float, float] = (0, 0, 50, 200)) -> Poses:
    keypoints = np.zeros((1, 17, 2), np.float32)
    keypoints[0, 3] = np.nan
    return Poses(
        keypoints=keypoints,
        scores=np.array([scores + [0.0] * (17 - len(scores))], np.float32),
        boxes=np.array([box], np.float32),
        person_scores=np.ones(1, np.float32),
        skeleton=load_skeleton("coco17"),
    )


def test_isotonic_scores() -> None:
    mapped = KNOTS.apply(np.array([[0.0, 0.25], [0.5, 1.0]], np.float32))
    np.testing.assert_allclose(mapped, [[0.1, 0.5], [0.9, 0.9]], rtol=1e-6)
    assert mapped.dtype == np.float32


def test_temperature_scores() -> None:
    """By hand: sigmoid(2 ln 3) = 0.9."""
    calibration = Calibration(method="temperature", temperature=0.5, **FACTS)
    assert calibration.apply(np.array([0.75], np.float32)) == pytest.approx(0.9)


@pytest.mark.parametrize("calibration", [KNOTS, Calibration(method="temperature", temperature=0.5, bias=2, **FACTS)])
def test_scores_can_be_had_back(calibration: Calibration) -> None:
    scores = np.linspace(0.01, 0.5, 30, dtype=np.float32)
    back = calibration.undo(calibration.apply(scores))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, scores, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        pytest.param({"method": "isotonic"}, "needs knots", id="no knots"),
        pytest.param({"method": "isotonic", "knots": [(0.5, 0.1), (0.4, 0.2)]}, "rising scores", id="scores fall"),
        pytest.param({"method": "isotonic", "knots": [(0.1, 0.9), (0.4, 0.2)]}, "rising scores", id="values fall"),
        pytest.param({"method": "temperature", "keypoint_error": ROWS[::-1]}, "rising scores", id="rows fall"),
        pytest.param({"method": "temperature", "temperature": 0}, "greater than 0", id="no temperature"),
        pytest.param({"method": "magic"}, "isotonic", id="method"),
    ],
)
def test_what_is_no_calibration(changes: dict[str, Any], fact: str) -> None:
    with pytest.raises(ValidationError, match=fact):
        Calibration.model_validate(FACTS | changes)


def test_expected_errors_by_hand() -> None:
    """A box of 50 x 200 px has a root of 100 px: scores of 0.25, 0.5 and 1 are 40, 30 and 20 px off."""
    errors = expected_error_px(one_person([0.25, 0.5, 1.0]), card_with(KNOTS))
    np.testing.assert_allclose(errors[0, :5], [40, 30, 20, np.nan, 40], rtol=1e-6)
    assert errors.dtype == np.float32
    medians = expected_error_px(one_person([0.5]), card_with(KNOTS), statistic="median")
    assert medians[0, 0] == pytest.approx(15)


def test_without_a_box_or_people_there_is_no_error() -> None:
    assert np.isnan(expected_error_px(one_person([1.0], box=(5, 5, 5, 9)), card_with(KNOTS))).all()
    assert expected_error_px(Poses.empty(load_skeleton("coco17")), card_with(KNOTS)).shape == (0, 17)


@pytest.mark.parametrize(
    "calibration", [None, KNOTS.model_copy(update={"keypoint_error": ()})], ids=["none", "no rows"]
)
def test_without_a_table_it_says_how_to_get_one(calibration: Calibration | None) -> None:
    with pytest.raises(ConfigError, match=r"'multipose' is not calibrated.*gonio evaluate --calibrate"):
        expected_error_px(one_person([1.0]), card_with(calibration))


def test_a_calibrated_model_says_probabilities_and_nothing_else_changes(tiny: "Tiny") -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    plain = load_model(tiny.card(), threads=1)(image, min_person_score=0)
    path = tiny.card(calibration=KNOTS.model_dump(mode="json"))
    assert read_card(path).calibration == KNOTS
    calibrated = load_model(path, threads=1)(image, min_person_score=0)
    assert len(plain) > 0
    np.testing.assert_array_equal(calibrated.scores, KNOTS.apply(plain.scores))
    for name in ("keypoints", "boxes", "person_scores"):
        np.testing.assert_array_equal(getattr(calibrated, name), getattr(plain, name))
