"""The numbers that the documents repeat are those of the model cards."""

import re
from pathlib import Path

import pytest

from gonio.models.registry import list_models

ROOT = Path(__file__).resolve().parents[2]
CARDS = {card.name: card for card in list_models()}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(
    ("page", "row"),
    [
        pytest.param("README.md", r"\| `{name}`(?: \(default\))? \| [^|]+ \| ([\d.]+) \|", id="README"),
        pytest.param("docs/models/movenet.md", r"\| `{name}` \| ([\d.]+) \|", id="movenet.md"),
    ],
)
def test_accuracy_is_the_cards(name: str, page: str, row: str) -> None:
    found = re.search(row.format(name=name), (ROOT / page).read_text("utf-8"))
    assert found, f"{page} has no row for {name}"
    assert float(found[1]) == CARDS[name].measured[0].scores["AP"]
