"""``gonio evaluate``: how good a model is on labelled pictures."""

import json as json_text
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console

from gonio.apps.cli.console import number_table, progress_bar
from gonio.evaluation.report import EvaluationReport, evaluate_poses
from gonio.labelled import predict_labelled, read_labels
from gonio.models.loader import load_model
from gonio.optional import require


def evaluate(
    images: Annotated[list[Path], typer.Option(help="Folder of pictures; may be given again.", metavar="DIR")],
    annotations: Annotated[
        list[Path], typer.Option(help="COCO keypoint labels; may be given again.", metavar="FILE.json")
    ],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    flip_test: Annotated[bool, typer.Option("--flip-test", help="Average with the mirrored picture.")] = False,
    input_size: Annotated[
        int | None,
        typer.Option(help="Longer side that the one-stage network sees, px.", show_default="the model's"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Measure a model on labelled pictures: COCO AP and AR, PCK, error per joint, pictures per second.

    Labels steer nothing: the model sees whole pictures. Several files are scored together as one data set.

    Example: gonio evaluate --images val2017 --annotations val2017.json
    """
    require("pycocotools", extra="eval", purpose="measuring COCO AP")  # now, not after the last picture
    labels = read_labels(annotations)
    ready = load_model(model, threads=threads, input_size=input_size)
    predictions = []
    start = perf_counter()
    with progress_bar() as bar:
        task = bar.add_task("evaluate", total=len(labels), fps=0.0, people=0)
        for poses in predict_labelled(ready, labels, images, flip_test=flip_test):
            predictions.append(poses)
            bar.update(task, advance=1, fps=len(predictions) / (perf_counter() - start), people=len(poses))
    images_per_s = len(labels) / (perf_counter() - start)
    report = evaluate_poses(labels, predictions)
    if json:
        facts: dict[str, Any] = {
            "model": ready.card.name,
            **report.to_dict(),
            "images_per_s": round(images_per_s, 2),
        }
        sys.stdout.write(json_text.dumps(facts, allow_nan=False) + "\n")
    else:
        _print(report, ready.card.name, images_per_s)


def _print(report: EvaluationReport, model: str, images_per_s: float) -> None:
    out = Console()
    typer.echo(f"{model}: {report.people} labelled people in {report.images} images, {images_per_s:.1f} images/s")
    scores = report.coco.to_dict()
    table = number_table("%", *scores)
    table.add_row("COCO", *(_number(value) for value in scores.values()))
    out.print(table)
    typer.echo(f"PCK@{report.pck.threshold} of the torso: {_number(report.pck.pck)} %")
    joints = number_table("joint", "labelled", "missed", "median px", "median torso", "mean px", "PCK %")
    for joint in report.joints:
        joints.add_row(
            joint.name,
            str(joint.labelled),
            str(joint.missed),
            _number(joint.median_px),
            _number(joint.median_torso, 3),
            _number(joint.mean_px),
            _number(joint.pck),
        )
    out.print(joints)


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}f}"
