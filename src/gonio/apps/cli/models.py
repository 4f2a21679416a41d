"""``gonio models``: what is on the shelf."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gonio.models.registry import list_models


def models(
    json: Annotated[bool, typer.Option("--json", help="Print the cards as one JSON array.")] = False,
) -> None:
    """List the models: task, skeleton, licence, measured accuracy.

    Example: gonio models
    """
    cards = list_models()
    if json:
        sys.stdout.write("[" + ",\n".join(card.model_dump_json(indent=2) for card in cards) + "]\n")
        return
    table = Table("name", "task", "keypoints", "AP", "weights' licence", "summary")
    for card in cards:
        ap = next((f"{m.value:.1f}" for m in card.measured if m.metric == "AP"), "")
        name = f"{card.name} (default)" if card.default else card.name
        table.add_row(name, card.task, card.skeleton, ap, card.licence.weights, card.summary)
    Console().print(table)
    for card in cards:
        for figure in card.measured:
            typer.echo(f"{card.name}: {figure.metric} {figure.value} on {figure.data}; {figure.command}")
