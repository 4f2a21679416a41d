"""``gonio evaluate``: how good a model is on labelled pictures."""

import json as json_text
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from gonio.apps.cli.console import progress_bar, say
from gonio.apps.cli.evaluation_tables import print_boxes, print_calibration, print_report
from gonio.apps.cli.model_options import DetectorOption, DeviceOption, RuntimeOption
from gonio.errors import ConfigError
from gonio.evaluation.calibration import CalibrationFit, Method, fit_calibration
from gonio.evaluation.coco_boxes import box_ap
from gonio.evaluation.reliability import scored_keypoints
from gonio.evaluation.report import EvaluationReport, evaluate_poses, without_nan
from gonio.labelled import (
    LabelledPictures,
    calibration_of,
    check_card_place,
    load_labelled,
    predict_labelled,
    without_calibration,
    write_calibrated_card,
)
from gonio.models.calibration import Calibration
from gonio.models.card import ModelCard
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.registry import find_card
from gonio.optional import require
from gonio.report_page.page import PageContent, write_page
from gonio.structures.poses import Poses


def evaluate(
    annotations: Annotated[
        list[Path],
        typer.Option(help="COCO, YOLO, CVAT, Label Studio, LSP … labels; may be given again.", metavar="FILE"),
    ],
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of pictures; may be given again.", metavar="DIR", show_default="beside the labels"),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Of a YOLO data set.", show_default="val if there is one, else all")
    ] = None,
    category: Annotated[str | None, typer.Option(help="Class to read, where there are several.")] = None,
    flip_test: Annotated[bool, typer.Option("--flip-test", help="Average with the mirrored picture.")] = False,
    input_size: Annotated[
        int | None,
        typer.Option(help="Longer side that the one-stage network sees, px.", show_default="the model's"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
    runtime: RuntimeOption = None,
    device: DeviceOption = None,
    detector: DetectorOption = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page: tables, curves, the worst cases drawn.", metavar="PAGE.html")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="People drawn on the page.")] = 12,
    calibrate: Annotated[
        Path | None, typer.Option(help="Write a model card whose scores are probabilities.", metavar="CARD.json")
    ] = None,
    calibration_method: Annotated[
        Method | None, typer.Option("--calibration", help="Of --calibrate.", show_default="the better one")
    ] = None,
    unlabelled_wrong: Annotated[
        bool,
        typer.Option("--unlabelled-wrong", help="Meaning of scores: a keypoint that has no label is wrong."),
    ] = False,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Measure boxes instead of keypoints, as of a detector.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Measure a model on labelled pictures: COCO AP and AR, PCK, error per joint, angles, meaning of scores.

    Of a detector, or with --boxes: COCO AP and AR of boxes. Labels steer nothing: the model sees whole pictures.
    Several files are scored together as one data set. docs/evaluate.md defines every number.

    Example: gonio evaluate --annotations val2017.json --images val2017
    """
    require("pycocotools", extra="eval", purpose="measuring COCO AP")  # now, not after the last picture
    if calibrate is not None and (flip_test or input_size is not None or detector is not None):
        raise ConfigError(
            "--calibrate measures a model as its card has it; leave out --flip-test, --input-size and --detector."
        )
    pictures = load_labelled(annotations, folders=images or (), split=split, category=category)
    if not pictures.files:
        raise ConfigError(f"there is no labelled picture in {', '.join(map(str, annotations))}; give at least one.")
    ready = load_model(model, threads=threads, runtime=runtime, device=device, input_size=input_size, detector=detector)
    if boxes or ready.card.task == "detector":
        if calibrate is not None or html is not None:
            raise ConfigError(f"of {ready.card.name!r} boxes alone are measured; leave --calibrate and --html out.")
        _evaluate_boxes(ready, pictures, flip_test=flip_test, json=json)
        return
    if calibrate is not None:
        check_card_place(calibrate, ready.card)
        ready = without_calibration(ready)
    predictions, images_per_s = _predict(ready, pictures, flip_test=flip_test)
    floor = ready.card.min_person_score
    report = evaluate_poses(
        pictures.annotations, predictions, min_person_score=floor, unlabelled_wrong=unlabelled_wrong
    )
    if not json:
        print_report(report, ready.card.name, images_per_s)  # before anything that can fail: it may be hours of work
    fit = None
    if calibrate is not None:
        card, folder = find_card(model if model is not None else ready.card.name)
        scored = scored_keypoints(report.matched, min_person_score=floor, unlabelled_wrong=unlabelled_wrong)
        fit = fit_calibration(scored, method=calibration_method)
        made = _calibration(fit, pictures, report, card, unlabelled_wrong=unlabelled_wrong)
    if json:
        facts: dict[str, Any] = {"model": ready.card.name, **report.to_dict(), "images_per_s": round(images_per_s, 2)}
        if fit is not None:
            facts["calibration"] = without_nan(asdict(fit))
        sys.stdout.write(json_text.dumps(facts, allow_nan=False) + "\n")
    elif fit is not None:
        print_calibration(fit)
    if calibrate is not None:
        write_calibrated_card(calibrate, card, made, weights=folder)
    if html is not None:
        write_page(html, PageContent(ready.card.name, report, pictures, predictions, fit, floor), worst=worst)
    for path in (one for one in (html, calibrate) if one is not None and not json):
        say(f"written: {path}")


def _evaluate_boxes(detector: PoseModel, pictures: LabelledPictures, *, flip_test: bool, json: bool) -> None:
    """Measure the boxes, and print that."""
    predictions, images_per_s = _predict(detector, pictures, flip_test=flip_test)
    scores = box_ap(pictures.annotations, predictions)
    people = sum(int((~labels.is_crowd).sum()) for labels in pictures.annotations)
    if not json:
        print_boxes(scores, detector.card.name, people=people, images=len(predictions), images_per_s=images_per_s)
        return
    facts = {"model": detector.card.name, "measured": "boxes", **scores.to_dict()}
    facts |= {"images": len(predictions), "people": people, "images_per_s": round(images_per_s, 2)}
    sys.stdout.write(json_text.dumps(facts, allow_nan=False) + "\n")


def _predict(model: PoseModel, pictures: LabelledPictures, *, flip_test: bool) -> tuple[list[Poses], float]:
    """The poses of every picture, and pictures per second."""
    predictions: list[Poses] = []
    start = perf_counter()
    with progress_bar() as bar:
        task = bar.add_task("evaluate", total=len(pictures.files), fps=0.0, people=0)
        for poses in predict_labelled(model, pictures, flip_test=flip_test):
            predictions.append(poses)
            bar.update(task, advance=1, fps=len(predictions) / (perf_counter() - start), people=len(poses))
    return predictions, len(predictions) / (perf_counter() - start)


def _calibration(
    fit: CalibrationFit,
    pictures: LabelledPictures,
    report: EvaluationReport,
    card: ModelCard,
    *,
    unlabelled_wrong: bool,
) -> Calibration:
    """What the card holds of it: with what it was measured on, and how."""
    rule = "; a keypoint without a label counts as wrong" if unlabelled_wrong else ""
    data = f"{', '.join(pictures.names)} ({report.images} pictures, {report.people} people){rule}"
    flag = " --unlabelled-wrong" if unlabelled_wrong else ""
    command = f"gonio evaluate --model {card.name} --annotations LABELS{flag} --calibrate CARD.json"
    return calibration_of(fit, data=data, command=command)
