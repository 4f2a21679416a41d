"""How the command looks. It talks on standard error, so that standard output holds data and nothing else."""

import logging

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

console = Console(stderr=True)

# What these log is said again, and better, at the end of a run: in the list of what could not be read.
_REPORTED_AT_THE_END = ("gonio.io.sources.base", "gonio.io.formats.writer", "gonio.streams")


def say(message: str, style: str = "") -> None:
    """Say one line as it is: no markup is read into it, no line break added."""
    console.print(Text(message, style=style), soft_wrap=True)


def say_error(message: str) -> None:
    """Say what went wrong, in one line that begins with ``error:``."""
    console.print(Text.assemble(("error:", "bold red"), " ", message), soft_wrap=True)


def count(number: int, noun: str) -> str:
    """The number and what is counted.

    Example:
        >>> count(1, "frame"), count(2, "frame")
        ('1 frame', '2 frames')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def progress_bar() -> Progress:
    """A bar with the fields ``fps`` and ``people``; silent where standard error is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} fps  {task.fields[people]} people"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=False,  # which would send the data to standard error, in colour
        redirect_stderr=False,
    )


def number_table(*headers: str) -> Table:
    """A table whose first column names what the numbers of the others are about; narrow, for 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, header in enumerate(headers):
        table.add_column(header, justify="right" if place else "left", no_wrap=not place)
    return table


class WarningsHandler(logging.Handler):
    """Says the library's warnings, above the progress bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say one, unless the verb's own report will."""
        if record.name not in _REPORTED_AT_THE_END:
            say(f"warning: {record.getMessage()}", style="yellow")
