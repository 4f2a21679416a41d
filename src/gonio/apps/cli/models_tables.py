"""Models for people: where each is, how good, on what terms, and the zoo as a table for a page."""

from urllib.parse import urlsplit

from gonio.models.card import ModelCard
from gonio.models.registry import find_card, shelf_of, zoo_models

PUBLISHED = "published by its authors; not measured here"
"""What a card says in place of a command where its figures are its authors'."""

_FIRST = ("AP", "whole-body AP", "box AP", "AUC")


def where_and_size(card: ModelCard) -> tuple[str, int | None]:
    """Whether the weights are here, and the bytes of all their files; of absent ones of the download, where known."""
    _, folder = find_card(card.name)
    path = folder / card.weights.file
    files = [path, *(path.parent / name for name in card.weights.reads)]
    shelf = shelf_of(card.name)
    if not all(file.is_file() for file in files):
        return ("to pull" if card.weights.urls else "absent"), card.weights.size
    return {"shipped": "shipped", "zoo": "pulled"}.get(shelf, "added"), sum(file.stat().st_size for file in files)


def accuracy(card: ModelCard) -> str:
    """Its AP, with a star where nobody measured it here."""
    for figure in card.measured:
        for name in ("AP", "whole-body AP", "box AP"):
            if name in figure.scores:
                return f"{figure.scores[name]:.1f}{'*' if figure.command == PUBLISHED else ' '}"
    return "- "


def short_terms(card: ModelCard) -> str:
    """The first word of the terms, a licence's short name; a question mark where nobody knows them."""
    terms = card.licence.weights
    return "?" if terms.startswith("not known") else terms.split()[0].rstrip(",;")


def zoo_table() -> str:
    """The zoo as Markdown."""
    lines = [
        "| model | task | keypoints | input | figure | from | sha256 |",
        "|---|---|---|---|---|---|---|",
    ]
    for card in zoo_models():
        skeleton = "-" if card.task == "detector" else card.load_skeleton().name
        hosts = ", ".join(dict.fromkeys(urlsplit(url).netloc for url in card.weights.urls)) or "nobody: see its origin"
        known = "stated" if card.weights.sha256 else "trusted on first use"
        cells = (f"`{card.name}`", card.task, skeleton, _input(card), _figure(card), hosts, known)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _figure(card: ModelCard) -> str:
    """Its first figure, by the customary name where it has one."""
    if not card.measured:
        return "-"
    scores = card.measured[0].scores
    name = next((one for one in _FIRST if one in scores), next(iter(scores)))
    return f"{scores[name]} {name}"


def _input(card: ModelCard) -> str:
    height, width = card.input.fixed_hw or (0, 0)
    return f"{height} x {width}"
