"""``gonio models pull`` and what belongs to it: show, remove, bundle, unbundle."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from gonio.apps.cli.console import console, say
from gonio.apps.cli.models_tables import PUBLISHED, where_and_size
from gonio.errors import ConfigError, ModelError
from gonio.models.bundle import read_bundle, write_bundle
from gonio.models.card import ModelCard
from gonio.models.download import Progress as Watcher
from gonio.models.download import host_of
from gonio.models.registry import find_card, shelf_of
from gonio.models.store import megabytes, store

Names = Annotated[list[str], typer.Argument(help="From 'gonio models'.", metavar="NAME...")]
AcceptNew = Annotated[
    bool, typer.Option("--accept-new", help="Take weights that are other ones than came first, and trust them now.")
]


def pull(
    names: Names,
    accept_new: AcceptNew = False,
    mirror: Annotated[
        str | None,
        typer.Option(help="Ask here first; ends in /: a folder with the same file names.", metavar="URL"),
    ] = None,
) -> None:
    """Download the weights of models, check them, and keep them for good.

    What is here already is checked and not downloaded. An interrupted download goes on where it stopped.

    Example: gonio models pull rtmpose-m rtmdet-nano
    """
    if mirror is not None and len(names) > 1 and not mirror.endswith("/"):
        raise ConfigError(f"--mirror '{mirror}' is one file, but {len(names)} models are named; end a folder in /")
    for name in names:
        card = _of_the_shelf(name)
        if shelf_of(card.name) == "shipped":
            say(f"{card.name}: ships with gonio, nothing to download")
            continue
        with _bar(card.name) as watcher:
            pulled = store().pull(card, mirror=mirror, accept_new=accept_new, progress=watcher)
        if pulled.url is None:
            say(f"{card.name}: is here, and right ({megabytes(pulled.size)})")
        else:
            say(f"{card.name}: {megabytes(pulled.size)} from {host_of(pulled.url)}; {card.licence.weights}")
        if pulled.trusted_first:
            say(
                f"{card.name}: nobody states the sha256 of these weights; from now on it must be {pulled.sha256}",
                style="yellow",
            )
        sys.stdout.write(f"{pulled.path}\n")


def _of_the_shelf(name: str) -> ModelCard:
    """The card of a model of the shelf; a card file somewhere might call itself like one."""
    card, folder = find_card(name)
    if card.name != name:
        where = f" from {card.weights.urls[0]}" if card.weights.urls else ""
        raise ModelError(
            f"'{name}' is a file and no name on the shelf; put its weights '{card.weights.file}'{where} into "
            f"'{folder}', or 'gonio models add --install' the model"
        )
    return card


def show(name: Annotated[str, typer.Argument(help="A model, or the path of a card.")]) -> None:
    """Tell everything about one model: how it is run, its terms, figures and limits.

    Example: gonio models show rtmpose-m
    """
    card, folder = find_card(name)
    for title, text in _story(card, folder / card.weights.file):
        sys.stdout.write(f"{title:<14} {text}\n")


def remove(names: Names) -> None:
    """Delete pulled weights, or a model that you added.

    Example: gonio models remove rtmpose-m
    """
    for name in names:
        card, _ = find_card(name)
        if card.name != name or shelf_of(name) in ("shipped", "file"):
            what = "ships with gonio" if card.name == name else "was never added, it is a file of yours"
            raise ModelError(f"model {card.name!r} {what}; only pulled and added models can be removed")
        freed = store().remove(card.name)
        say(f"{card.name}: {f'removed, {megabytes(freed)} freed' if freed else 'was not here'}")


def bundle(
    names: Names,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to make.", metavar="FILE.zip")] = Path(
        "gonio-models.zip"
    ),
) -> None:
    """Put pulled models into one file, for machines without network.

    Example: gonio models bundle rtmpose-m rtmdet-nano --out gonio-models.zip
    """
    size = write_bundle(names, out)
    say(f"written: {out} ({megabytes(size)}); on the other machine: gonio models unbundle {out.name}")


def unbundle(
    file: Annotated[Path, typer.Argument(help="From 'gonio models bundle'.", metavar="FILE.zip")],
    accept_new: AcceptNew = False,
) -> None:
    """Take the models of a bundle in, checked by sha256; no network is needed.

    Example: gonio models unbundle gonio-models.zip
    """
    for one in read_bundle(file, accept_new=accept_new):
        say(f"{one.name}: {megabytes(one.size)}, sha256 {one.sha256[:12]}…{', with its card' if one.added else ''}")


@contextmanager
def _bar(name: str) -> Iterator[Watcher]:
    """A bar of bytes; silent where standard error is no terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    quiet = not console.is_terminal
    with Progress(
        *columns, console=console, disable=quiet, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task(name, total=None)

        def watch(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield watch


def _story(card: ModelCard, path: Path) -> Iterator[tuple[str, str]]:
    where, size = where_and_size(card) if shelf_of(card.name) != "file" else ("a file of yours", None)
    record = store().record(card.name) if shelf_of(card.name) in ("zoo", "added") else None
    yield card.name, card.summary
    yield "task", card.task
    yield "keypoints", card.load_skeleton().name
    yield "input", ", ".join(f"{key} {value}" for key, value in card.input.model_dump().items())
    yield "codec", ", ".join(f"{value}" if key == "kind" else f"{key} {value}" for key, value in card.codec)
    yield "weights", f"{' + '.join((path.name, *card.weights.reads))}: {where}{f', {megabytes(size)}' if size else ''}"
    if path.is_file():
        yield "", str(path)
    if card.weights.sha256 is not None:
        yield "sha256", f"{card.weights.sha256} (stated by the card)"
    elif record is not None:
        yield "sha256", f"{record.sha256} (of {record.day}, trusted on first use)"
    else:
        yield "sha256", "nobody states it; that of the first download will be trusted"
    for name, sha256 in card.weights.reads.items():
        yield "", f"{sha256} ({name}, stated by the card)"
    for url in card.weights.urls:
        yield "from", url
    yield "terms", card.licence.weights
    yield "training data", card.licence.training_data
    yield "origin", card.licence.origin
    yield "paper", card.paper
    for figure in card.measured:
        scores = ", ".join(f"{name} {value:g}" for name, value in figure.scores.items())
        yield "figures", f"{scores} on {figure.data}"
        yield "", figure.command if figure.command == PUBLISHED else f"by: {figure.command}"
    for limit in card.limits:
        yield "limit", limit
