"""A glance at a small copy: enough where it shows large, certain people; else the detector looks at its own size."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.io.images import read_image
from gonio.models.card import FirstGlance, read_card
from gonio.models.loader import load_model
from gonio.models.onestage import OneStageModel
from gonio.models.proposals import after_a_glance, everyone, in_two_sizes
from gonio.models.registry import find_card
from gonio.timing import record_stages

if TYPE_CHECKING:
    from tests.unit.models.conftest import Dots, Tiny

CARD = find_card("multipose")[0]
PORTRAIT = Path(__file__).parents[3] / "samples" / "astronaut.jpg"
GLANCE = FirstGlance(longer_side=128, min_size=0.3, min_score=0.25)


def points(size: float) -> list[tuple[float, float]]:
    """Somebody around the middle of a picture of 640 x 480, so many px high."""
    return [(320 - size / 5, 240 - size / 2), (320 + size / 5, 240), (320, 240 + size / 2)]


@pytest.mark.parametrize(
    ("size", "strength", "sizes"),
    [
        pytest.param(300, 1.0, [128], id="large: the small copy is enough"),
        pytest.param(120, 1.0, [128, 320], id="small: the detector looks"),
        pytest.param(300, 0.1, [128, 320], id="doubtful: the detector looks"),
        pytest.param(0, 1.0, [128, 320], id="nobody: the detector looks"),
    ],
)
def test_it_is_enough_or_not(dots: "Dots", size: float, strength: float, sizes: list[int]) -> None:
    backend = dots.backend(CARD)
    backend.factors["center"] = strength
    propose = after_a_glance(OneStageModel(CARD, backend), GLANCE, min_score=0.01)
    picture = dots.picture((640, 480), points(size), radius=30) if size else np.zeros((480, 640, 3), np.uint8)
    people = propose(picture)
    assert [call[3] for call in backend.calls] == sizes
    assert len(people) == (1 if size else 0)


@pytest.mark.parametrize(("input_size", "runs"), [(None, 2), (320, 1)])
def test_the_default_glances_unless_a_size_is_asked_for(input_size: int | None, runs: int) -> None:
    """Of a picture of nobody the glance is not enough."""
    model = load_model("thunder", threads=1, input_size=input_size)
    with record_stages() as times:
        assert len(model(np.zeros((240, 320, 3), np.uint8))) == 0
    assert len(times["inference"]) == runs


def test_two_looks_propose_everybody_once_by_the_surer_box(dots: "Dots") -> None:
    backend = dots.backend(CARD)
    detector = OneStageModel(CARD, backend)
    picture = dots.picture((640, 480), points(300), radius=30)
    people = in_two_sizes(detector, 448)(picture)
    assert [call[3] for call in backend.calls] == [320, 448]
    both = [everyone(model)(picture) for model in (detector, detector.at_size(448))]
    assert [len(one) for one in (people, *both)] == [1, 1, 1]
    assert people.person_scores[0] == max(one.person_scores[0] for one in both)
    assert len(in_two_sizes(detector, 448)(np.zeros((480, 640, 3), np.uint8))) == 0


@pytest.mark.parametrize(("picture", "runs"), [("nobody", 3), ("large", 2)])
def test_the_thorough_model_looks_twice_where_a_glance_is_not_enough(picture: str, runs: int) -> None:
    """Of a large person: the glance and the crop."""
    model = load_model("thunder-thorough", threads=1)
    image = np.zeros((240, 320, 3), np.uint8) if picture == "nobody" else read_image(PORTRAIT)
    with record_stages() as times:
        found = model(image)
    assert len(found) == (picture == "large")
    assert len(times["inference"]) == runs


def test_a_network_of_one_size_has_no_other(dots: "Dots", tiny: "Tiny") -> None:
    stretch = {"kind": "stretch", "input_hw": [192, 256], "mean": [0, 0, 0], "std": [1, 1, 1]}
    card = read_card(tiny.card(input=stretch))
    with pytest.raises(ConfigError, match="stretches pictures to one size"):
        OneStageModel(card, dots.backend(card)).at_size(128)
