"""``gonio progress``: several sessions of one person on one page."""

from pathlib import Path
from typing import Annotated

import typer

from gonio.apps.cli.console import say


def progress(
    sessions: Annotated[
        list[Path],
        typer.Argument(help="Two or more, from 'gonio analyse --json'.", metavar="SESSION.json..."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.", metavar="FILE.html")] = Path("progress.html"),
    person: Annotated[str, typer.Option(help="Name or number to show on the page.")] = "",
) -> None:
    """Show how a person's numbers change from session to session, beside what error alone explains.

    Example: gonio progress 2026-09-01.json 2026-10-01.json --out progress.html
    """
    from gonio.motion_report.progress import write_progress  # needs an extra
    from gonio.motion_report.sessions import read_session  # needs an extra

    read = [read_session(path) for path in sessions]
    out.parent.mkdir(parents=True, exist_ok=True)
    write_progress(out, read, person=person)
    say(f"written: {out}")
