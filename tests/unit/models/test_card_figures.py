"""Figures by joint in the shipped cards, and the script that writes them."""

from pathlib import Path
from typing import Any

import pytest
from scripts.card_figures import BY_JOINT, with_figures

from gonio.models.card import ModelCard
from gonio.models.registry import shipped_models

PAGE = Path(__file__).parents[3] / "docs" / "models" / "movenet.md"
DATA = "coco (7 images, 9 people)"
RUN: dict[str, Any] = {
    "model": "one",
    "images": 7,
    "people": 9,
    "AP": 51.25,
    "APM": 40.04,
    "joints": [{"name": "nose", "pck": 80.04}, {"name": "left_eye", "pck": None}],
}


def test_a_second_run_replaces_the_first() -> None:
    foreign = {"scores": {"shift": 0.3}, "data": "d", "command": "gonio quantize"}
    card = {"measured": [{"scores": {"AP": 1.0, "APM": 2.0}, "data": DATA, "command": "c"}, foreign]}
    once = with_figures(card, RUN)
    assert once["measured"] == [
        {"scores": {"AP": 51.2, "APM": 40.0}, "data": DATA, "command": "c"},
        {"scores": {"PCK@0.2 nose": 80.0}, "data": DATA, "command": "c"},
        foreign,
    ]
    assert with_figures(once, RUN) == once


def test_figures_of_other_pictures_are_refused() -> None:
    card = {"measured": [{"scores": {"AP": 1.0}, "data": DATA, "command": "c"}]}
    with pytest.raises(SystemExit, match="8 images of 9 people are not"):
        with_figures(card, RUN | {"images": 8})


POSE_MODELS = [card for card in shipped_models() if card.task != "detector"]


@pytest.mark.parametrize("card", POSE_MODELS, ids=lambda card: card.name)
def test_every_shipped_card_says_how_right_each_joint_is(card: ModelCard) -> None:
    names = {name.removeprefix(BY_JOINT) for name in card.measured[1].scores}
    assert (
        {"nose", "left_shoulder", "right_wrist", "left_hip", "right_ankle"}
        <= names
        <= {*card.load_skeleton().keypoint_names}
    )


def test_the_page_says_the_same() -> None:
    cards = {card.name: card for card in shipped_models()}
    lines = PAGE.read_text("utf-8").splitlines()
    head = next(line for line in lines if line.startswith("| joint | thunder-int8 |"))
    models = [cell.strip() for cell in head.split("|")[2:-1]]
    rows = [line.split("|")[1:-1] for line in lines[lines.index(head) + 2 :][:17]]
    for name, *values in rows:
        told = [cards[model].measured[1].scores[BY_JOINT + name.strip()] for model in models]
        assert [float(value) for value in values] == told
