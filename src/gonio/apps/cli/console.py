"""Where the command talks: standard error, so that standard output holds data and nothing else."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

console = Console(stderr=True)


def progress_bar() -> Progress:
    """A bar with the fields ``fps`` and ``people``; silent where standard error is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} fps  {task.fields[people]} people"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
