"""``gonio models``: what is on the shelf."""

import sys
import textwrap
from typing import Annotated

import typer

from gonio.models.registry import list_models


def models(
    json: Annotated[bool, typer.Option("--json", help="Print the cards as one JSON array.")] = False,
) -> None:
    """List the models: task, skeleton, measured accuracy, licence of the weights.

    Example: gonio models
    """
    cards = sorted(list_models(), key=lambda card: not card.default)
    if json:
        sys.stdout.write("[" + ",\n".join(card.model_dump_json(indent=2) for card in cards) + "]\n")
        return
    typer.echo(_line("model", "task", "keypoints", "AP", "weights"))
    for card in cards:
        ap = next((f"{figure.scores['AP']:.1f}" for figure in card.measured if "AP" in figure.scores), "-")
        name = f"{card.name} (default)" if card.default else card.name
        typer.echo(_line(name, card.task, card.load_skeleton().name, ap, card.licence.weights))
        typer.echo(f"  {card.summary}")
    for data in dict.fromkeys(figure.data for card in cards for figure in card.measured):
        typer.echo(textwrap.fill(f"Measured on {data}.", width=80))
    typer.echo("'gonio models --json' tells all: commands, limits, papers, training data.")


def _line(name: str, task: str, skeleton: str, ap: str, licence: str) -> str:
    return f"{name:<20}{task:<11}{skeleton:<10}{ap:>5}  {licence}"
