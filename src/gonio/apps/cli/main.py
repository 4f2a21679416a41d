"""The command's front: its verbs, and what becomes of an error."""

import logging
import sys
from typing import Annotated

import typer

from gonio._version import __version__
from gonio.apps.cli import bench, evaluate, info, models, predict
from gonio.apps.cli.console import console
from gonio.errors import PoseError

app = typer.Typer(
    name="gonio",
    help="Human pose estimation that people can measure with.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(predict.predict)
app.command()(evaluate.evaluate)
app.command()(bench.bench)
app.command()(models.models)
app.command()(info.info)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    """Human pose estimation that people can measure with."""
    if version:
        typer.echo(f"gonio {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command; exit 0 done, 1 a `PoseError` in one line, 2 wrong usage, 130 stopped by Ctrl-C."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except PoseError as error:
        console.print(f"[bold red]error:[/] {_plain(error)}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(130)


def _plain(error: BaseException) -> str:
    """The message as it is, safe from being read as markup."""
    return str(error).replace("[", r"\[")
