"""The numbers that the documents repeat are those of the model cards."""

import re
from pathlib import Path

import pytest

from gonio.models.registry import shipped_models

ROOT = Path(__file__).resolve().parents[2]
CARDS = {card.name: card for card in shipped_models()}


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
