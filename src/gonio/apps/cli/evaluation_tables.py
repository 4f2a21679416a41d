"""The tables of ``gonio evaluate`` in a terminal."""

import typer
from rich.console import Console

from gonio.apps.cli.console import number_table
from gonio.evaluation.calibration import CalibrationFit
from gonio.evaluation.coco_boxes import BoxScores
from gonio.evaluation.report import EvaluationReport
from gonio.report_page.page import NOT_MEDICAL, number


def print_report(report: EvaluationReport, model: str, images_per_s: float) -> None:
    """Everything that was measured, on standard output."""
    out = Console()
    typer.echo(f"{model}: {report.people} labelled people in {report.images} images, {images_per_s:.1f} images/s")
    for note in report.notes:
        typer.echo(note)
    scores = report.coco.to_dict()
    table = number_table("%", *scores)
    table.add_row("COCO", *(number(value) for value in scores.values()))
    out.print(table)
    unit = "torso" if report.pck.unit == "torso" else "longer side of the box"
    pck = ", ".join(f"@{score.threshold:g} {number(score.pck)}" for score in report.pck_at)
    typer.echo(f"PCK in % of the {unit}: {pck}; area under the curve to 0.5: {number(report.curve.auc)} %")
    distance = report.distance
    typer.echo(
        f"Distance, px: mean (EPE) {number(distance.mean_px)}, median {number(distance.median_px)}, "
        f"95th percentile {number(distance.p95_px)}; missed {distance.missed} of "
        f"{distance.keypoints + distance.missed} keypoints"
    )
    _print_groups(out, report)
    _print_joints(out, report)
    _print_angles(out, report)
    meant = report.reliability
    typer.echo(
        f"Keypoint scores: {number(100 * meant.correct)} % of {meant.keypoints} are right, expected calibration error "
        f"{number(meant.ece, 3)}, Brier score {number(meant.brier, 3)}"
    )


def print_boxes(scores: BoxScores, detector: str, *, people: int, images: int, images_per_s: float) -> None:
    """How well a detector finds people, on standard output."""
    typer.echo(f"{detector}: {people} labelled people in {images} images, {images_per_s:.1f} images/s")
    values = scores.to_dict()
    table = number_table("%", *values)
    table.add_row("COCO, boxes", *(number(value) for value in values.values()))
    Console().print(table)


def print_calibration(fit: CalibrationFit) -> None:
    """What calibration changes, measured on pictures that it was not fitted on."""
    table = number_table("calibration", "ECE", "Brier")
    table.add_row("none", number(fit.before.ece, 3), number(fit.before.brier, 3))
    for method, after in fit.after.items():
        chosen = " (taken)" if method == fit.map.method else ""
        table.add_row(f"{method}{chosen}", number(after.ece, 3), number(after.brier, 3))
    Console().print(table)
    typer.echo(
        f"{fit.before.keypoints} keypoints of {fit.images} images; each judged by a map that never saw its image"
    )


def _print_groups(out: Console, report: EvaluationReport) -> None:
    table = number_table("group", "people", "AP", "AR", "PCK %", "EPE px", "median px", "missed")
    for group in report.groups:
        table.add_row(
            f"{group.kind}: {group.name}",
            str(group.people),
            *(number(value) for value in (group.AP, group.AR, group.pck, group.mean_px, group.median_px)),
            str(group.missed),
        )
    out.print(table)


def _print_joints(out: Console, report: EvaluationReport) -> None:
    table = number_table("joint", "labelled", "missed", "median px", "median torso", "mean px", "PCK %")
    for joint in report.joints:
        table.add_row(
            joint.name,
            str(joint.labelled),
            str(joint.missed),
            number(joint.median_px),
            number(joint.median_torso, 3),
            number(joint.mean_px),
            number(joint.pck),
        )
    out.print(table)


def _print_angles(out: Console, report: EvaluationReport) -> None:
    if not report.angles:
        return
    table = number_table("angle, degrees", "labelled", "missed", "mean abs", "median abs", "p95 abs", "bias")
    for angle in report.angles:
        table.add_row(
            angle.name,
            str(angle.labelled),
            str(angle.missed),
            *(number(v) for v in (angle.mean_abs_deg, angle.median_abs_deg, angle.p95_abs_deg, angle.bias_deg)),
        )
    out.print(table)
    typer.echo(NOT_MEDICAL)
