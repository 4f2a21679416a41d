"""The command's front: its verbs, and what becomes of an error."""

import logging
import os
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from gonio._version import __version__
from gonio.apps.cli.console import WarningsHandler, say_error
from gonio.apps.cli.verbs import VERBS, Verbs, stand_in
from gonio.errors import PoseError

UNEXPECTED = 70
"""Exit code of a fault of Gonio itself; sysexits.h calls it EX_SOFTWARE."""

app = typer.Typer(
    name="gonio",
    cls=Verbs,
    help="Human pose estimation that people can measure with.",
    epilog="Example: gonio predict photo.jpg",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for _verb, _summary in VERBS.items():
    app.command(_verb, help=_summary)(stand_in)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gonio {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # its callback acts before a verb is asked for
        bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Human pose estimation that people can measure with."""


def main() -> None:
    """Run the command.

    Exit codes: 0 done, 1 a `PoseError` in one line, 2 wrong usage, 70 a fault of Gonio itself, 130 stopped by Ctrl-C,
    SIGTERM or SIGHUP.
    ``GONIO_DEBUG=1`` shows the traceback of any error.
    """
    logging.basicConfig(level=logging.WARNING, handlers=[WarningsHandler()])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an ended run leaves valid files too
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # else nohup's
        signal.signal(signal.SIGHUP, signal.default_int_handler)  # and one whose terminal is gone
    try:
        app()
    except PoseError as error:
        _stop(str(error), exit_code=1)
    except Exception as error:  # noqa: BLE001 - this door's one broad handler: a person gets a sentence
        fact = f"unexpected {type(error).__name__}: {error}"
        _stop(f"{fact}; set GONIO_DEBUG=1 for the traceback and report it, please", exit_code=UNEXPECTED)


def _stop(message: str, *, exit_code: int) -> NoReturn:
    if os.environ.get("GONIO_DEBUG"):
        traceback.print_exc()
    say_error(message)
    sys.exit(exit_code)
