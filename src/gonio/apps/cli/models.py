"""``gonio models``: what is on the shelf."""

import sys
from typing import Annotated

import typer

from gonio.models.card import ModelCard
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
        ap = next((f"{figure.value:.1f}" for figure in card.measured if figure.metric == "AP"), "-")
        name = f"{card.name} (default)" if card.default else card.name
        typer.echo(_line(name, card.task, card.skeleton, ap, card.licence.weights))
        for detail in _details(card):
            typer.echo(f"  {detail}")


def _line(name: str, task: str, skeleton: str, ap: str, licence: str) -> str:
    return f"{name:<22}{task:<12}{skeleton:<14}{ap:>5}  {licence}"


def _details(card: ModelCard) -> list[str]:
    figures = [f"{figure.metric} {figure.value:g} on {figure.data}: {figure.command}" for figure in card.measured]
    return [card.summary, *figures]
