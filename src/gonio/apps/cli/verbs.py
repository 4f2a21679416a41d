"""The verbs of the command, and how the file of one is loaded when that verb is asked for.

Loading them all takes a second, which help, completion and every single verb would have to wait for.
"""

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

VERBS = {
    "predict": "Find people and their keypoints in SOURCE; write drawn pictures or video, and the numbers.",
    "analyse": "Measure a person's movement in a video or in stored keypoints. Not a medical device.",
    "progress": "Show how a person's numbers change from session to session, beside what error alone explains.",
    "evaluate": "Measure a model on labelled pictures: COCO AP and AR, PCK, error per joint, angles, "
    "meaning of scores.",
    "train": "Train a network: checkpoints, logs and sample pictures go to runs/NAME.",
    "export": "Write MODEL as ONNX, OpenVINO, TorchScript or LiteRT, and prove the file: same inputs, same keypoints.",
    "quantize": "Make a small, fast int8 version of MODEL, and refuse it if people would feel the difference.",
    "bench": "Time every stage from file to drawn file: median and 95th percentile a frame, frames per second, "
    "peak memory.",
    "models": "List the models, and fetch, show, bundle or remove them.",
    "info": "Show versions, runtimes, the CPU and where the weights lie.",
    "data": "Convert, count, check, divide and look at labelled pictures.",
}
"""Each verb and what the list of them says, which is how its own help begins; ``gonio.apps.cli.VERB`` holds it."""


class Verbs(TyperGroup):
    """Lists stand-ins of the verbs; the one that is run, or asked for its help or options, is the verb itself."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """As in Typer, but with the verb's file loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load_verb(name), rest


def stand_in() -> None:
    """Stand in the list of verbs for one that is not loaded."""


def load_verb(name: str) -> Any:
    """Make the command, or the group of commands, of a verb."""
    found = getattr(importlib.import_module(f"gonio.apps.cli.{name}"), name)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)
