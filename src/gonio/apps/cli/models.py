"""``gonio models``: what is on the shelf; its subcommands fetch, check and add models."""

import json as json_text
import sys
import textwrap
from typing import Annotated

import typer

from gonio.apps.cli import models_add, models_pull
from gonio.apps.cli.models_tables import PUBLISHED, accuracy, short_terms, where_and_size, zoo_table
from gonio.models.card import ModelCard
from gonio.models.registry import list_models

models = typer.Typer(
    name="models",
    help="List the models, and fetch, show, bundle or remove them.",
    epilog="Example: gonio models pull rtmpose-m",
    invoke_without_command=True,
    rich_markup_mode="rich",
)
models.command()(models_pull.pull)
models.command()(models_pull.show)
models.command()(models_pull.remove)
models.command()(models_pull.bundle)
models.command()(models_pull.unbundle)
models.command()(models_add.add)
models.command()(models_add.check)


@models.callback()
def listing(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the cards as one JSON array.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the zoo as a table for a page.")] = False,
) -> None:
    """List the models, and fetch, show, bundle or remove them.

    Example: gonio models
    """
    if context.invoked_subcommand is not None:
        return
    cards = sorted(list_models(), key=lambda card: not card.default)
    if json:
        sys.stdout.write("[" + ",\n".join(json_text.dumps(_facts(card), indent=2) for card in cards) + "]\n")
    elif markdown:
        sys.stdout.write(zoo_table())
    else:
        _list(cards)


def _facts(card: ModelCard) -> dict[str, object]:
    """The card, and whether its weights are here."""
    where, size = where_and_size(card)
    return card.model_dump(mode="json") | {"where": where, "bytes": size}


def _list(cards: list[ModelCard]) -> None:
    typer.echo(_line("model", "task", "keypoints", "AP ", "MB", "where", "terms"))
    for card in cards:
        where, size = where_and_size(card)
        name = f"{card.name} (default)" if card.default else card.name
        megabytes = "-" if size is None else f"{size / 1e6:.0f}"
        skeleton = "-" if card.task == "detector" else card.load_skeleton().name
        typer.echo(_line(name, card.task, skeleton, accuracy(card), megabytes, where, short_terms(card)))
        typer.echo(f"  {card.summary}")
    for data in dict.fromkeys(figure.data for card in cards for figure in card.measured if figure.command != PUBLISHED):
        typer.echo(textwrap.fill(f"AP measured on {data}.", width=80))
    typer.echo("* published by its authors, not measured here; of detectors: of boxes.")
    typer.echo("'gonio models pull NAME' fetches one, 'gonio models show NAME' tells all of it.")


def _line(name: str, task: str, skeleton: str, ap: str, size: str, where: str, terms: str) -> str:
    return f"{name:<23}{task:<10}{skeleton:<17}{ap:>6}{size:>5} {where:<8}{terms:<10}".rstrip()
