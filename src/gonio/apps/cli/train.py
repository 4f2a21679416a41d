"""``gonio train``: from a recipe to a checkpoint."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gonio.apps.cli.console import console, say
from gonio.optional import require

if TYPE_CHECKING:
    from gonio.training.reports import EpochReport, FeatureReport, StepReport
    from gonio.training.state import Metrics


def train(
    recipe: Annotated[Path, typer.Argument(help="A YAML file; recipes/ has one for every network.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change one value; may be given again.", metavar="KEY=VALUE")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over, even where an interrupted run could go on.")
    ] = False,
) -> None:
    """Train a network: checkpoints, logs and sample pictures go to runs/NAME.

    Give the same command again after Ctrl-C, a kill or a power cut: the run goes on where it was saved last, and ends
    with the weights that it would have had. On several GPUs or machines start it through accelerate or torchrun:
    torchrun --nproc-per-node 8 --no-python gonio train recipes/gonio-s.yaml

    Example: gonio train recipes/gonio-s.yaml --set optim.lr=1e-3
    """
    require("torch", extra="train", purpose="training")
    require("accelerate", extra="train", purpose="training")
    from gonio.training.loop import train as run  # torch is optional, and slow to import
    from gonio.training.recipe import read_recipe  # needs yaml, which is optional
    from gonio.training.run_files import STATE  # beside the loop

    chosen = read_recipe(recipe, changes or ())
    steps: set[int] = set()
    speaks = os.environ.get("RANK", "0") == "0"  # of several processes one talks
    with _bar(shown=speaks) as bar:
        task = bar.add_task(chosen.name, total=None, words="")
        tenths: set[int] = set()

        def at_features(report: "FeatureReport") -> None:
            tenth = 10 * report.done // report.total
            if not tenths:
                say(
                    f"{report.total} samples are made once and kept in {report.folder} until the run's end, "
                    f"{report.size / 1e9:.3g} GB; {report.done} are there"
                )
            elif tenth not in tenths and not console.is_terminal:
                say(f"{report.done} of {report.total} are made")
            tenths.add(tenth)
            bar.update(task, completed=report.done, total=report.total, words="samples made")

        def at_step(report: "StepReport") -> None:
            steps.add(report.step)
            bar.update(
                task,
                completed=report.step,
                total=report.steps,
                words=f"loss {report.loss:.4f}  {report.per_s:.0f}/s  {_words(report.metrics)}",
            )

        try:
            best = run(chosen, fresh=fresh, on_features=at_features, on_step=at_step, on_epoch=_say_epoch)
        except KeyboardInterrupt:
            if speaks and (chosen.folder / STATE).exists():
                say(f"stopped; what was done is in {chosen.folder}, and the same command goes on from there")
            raise
    if speaks and not steps:
        say(f"nothing was left to do: this run in {chosen.folder} has ended; --fresh starts it over")
    if speaks:
        say(f"best checkpoint: {best}")


def _say_epoch(report: "EpochReport") -> None:
    """One line, above the bar, or alone in the file that a run in the background writes to."""
    best = "  best so far" if report.better else ""
    say(f"epoch {report.epoch}/{report.epochs}  loss {report.loss:.4g}  {_words(report.metrics)}{best}".rstrip())


def _words(metrics: "Metrics") -> str:
    return "  ".join(f"{name} {value:.1f}" for name, value in metrics.items() if value is not None)


def _bar(*, shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        disable=not (shown and console.is_terminal),
    )
