"""``gonio train``: from a recipe to a checkpoint."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gonio.apps.cli.console import console, say
from gonio.optional import require


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
    with the weights that it would have had. On several GPUs or machines start it through accelerate or torchrun.

    Example: gonio train recipes/gonio-s.yaml --set optim.lr=1e-3
    """
    require("torch", extra="train", purpose="training")
    require("accelerate", extra="train", purpose="training")
    from gonio.training.loop import StepReport  # torch is optional, and slow to import
    from gonio.training.loop import train as run  # beside it
    from gonio.training.recipe import read_recipe  # needs yaml, which is optional

    chosen = read_recipe(recipe, changes or ())
    with _bar() as bar:
        task = bar.add_task(chosen.name, total=None, loss=0.0, speed=0.0, metrics="")

        def report(at: StepReport) -> None:
            measured = "  ".join(f"{name} {value:.1f}" for name, value in at.metrics.items() if value is not None)
            bar.update(task, completed=at.step, total=at.steps, loss=at.loss, speed=at.people_per_s, metrics=measured)

        best = run(chosen, fresh=fresh, on_step=report)
    say(f"best checkpoint: {best}")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  {task.fields[speed]:.0f}/s  {task.fields[metrics]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
