"""The numbers that the documents repeat are those of the model cards."""

import re
from pathlib import Path

import pytest

from gonio.models.card import ModelCard
from gonio.models.registry import shipped_models

ROOT = Path(__file__).resolve().parents[2]
CARDS = {card.name: card for card in shipped_models() if card.task != "detector"}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(
    ("page", "row"),
    [
        pytest.param("README.md", r"\| `{name}`(?: \(default\))? \| [^|]+ \| ([\d.]+) \|", id="README"),
        pytest.param(None, r"\| `{name}` \| ([\d.]+) \|", id="page"),
    ],
)
def test_accuracy_is_the_cards(name: str, page: str | None, row: str) -> None:
    page = page or ("docs/blazepose.md" if name.startswith("blazepose") else "docs/models/movenet.md")
    found = re.search(row.format(name=name), (ROOT / page).read_text("utf-8"))
    assert found, f"{page} has no row for {name}"
    assert float(found[1]) == CARDS[name].measured[0].scores["AP"]


@pytest.mark.parametrize(
    "card", [one for one in shipped_models() if one.task == "detector"], ids=lambda card: card.name
)
def test_boxes_are_as_accurate_as_the_cards_say(card: ModelCard) -> None:
    """Two rows on the page, in the order of the card's figures turned round: the held-out pictures first."""
    text = (ROOT / "docs/models/movenet.md").read_text("utf-8")
    rows = re.findall(rf"\| `{card.name}` \| ([\d.]+) \| ([\d.]+) \|", text)
    told = [(float(ap), float(ap50)) for ap, ap50 in rows]
    assert told == [(one.scores["AP"], one.scores["AP50"]) for one in reversed(card.measured)]
