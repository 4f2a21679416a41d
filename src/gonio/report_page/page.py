"""The page itself. Everything that comes from a file is escaped; pictures and curves are inside."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from gonio.arrays import ImageArray
from gonio.evaluation.calibration import CalibrationFit
from gonio.evaluation.reliability import CORRECT_OKS, Reliability
from gonio.evaluation.report import EvaluationReport
from gonio.io.atomic import atomic_path
from gonio.io.images import read_image
from gonio.labelled import LabelledPictures
from gonio.report_page.cases import Case, draw_case, worst_cases
from gonio.report_page.plots import Axis, Curve, line_plot
from gonio.structures.poses import Poses

NOT_MEDICAL = "Angles are measured in the plane of the picture. Gonio is not a medical device."

_STYLE = """
:root { color-scheme: light; } body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: #fff;
max-width: 1100px; margin: 2em auto; padding: 0 1em; } h1 { font-size: 1.5em; }
h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; margin: .6em 0 1.2em; } th, td { padding: .2em .7em; text-align: right;
border-bottom: 1px solid #ddd; } th:first-child, td:first-child { text-align: left; } .plots, .cases { display: flex;
flex-wrap: wrap; gap: 1.2em; } figure { margin: 0; } figcaption { font-size: .85em; color: #444; max-width: 45em; }
.pair { display: flex; gap: 4px; } .note { color: #666; max-width: 50em; } img { display: block; max-width: 100%; }
"""


@dataclass(frozen=True, slots=True, eq=False)
class PageContent:
    """What a page is made of.

    Attributes:
        model: Name of the model.
        report: What was measured.
        pictures: The labelled pictures.
        predictions: Poses of the pictures, in their order.
        fit: A calibration, where one was measured.
        min_person_score: Poses that score lower are not shown where nobody was found.
    """

    model: str
    report: EvaluationReport
    pictures: LabelledPictures
    predictions: Sequence[Poses]
    fit: CalibrationFit | None = None
    min_person_score: float = 0


def write_page(path: Path, content: PageContent, *, worst: int = 12) -> None:
    """Write the page.

    Args:
        path: An HTML file; it is complete or absent.
        content: What to show.
        worst: How many of the least alike people to draw, and half as many whom nobody found.

    Raises:
        MediaError: If a picture cannot be read or the file cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(page_html(content, worst=worst), "utf-8")


def page_html(content: PageContent, *, worst: int = 12) -> str:
    """The page as text; see `write_page`."""
    report = content.report
    title = escape(f"{content.model}: {report.people} people in {report.images} pictures")
    found, lost = worst_cases(report.matched, worst)
    sections = [
        f"<h1>{title}</h1>",
        f'<p class="note">{escape(", ".join(content.pictures.names))}. Compared keypoints: '
        f"{escape(report.skeleton)}. {_notes(report)}</p>",
        "<h2>Accuracy</h2>",
        _summary(report),
        f'<div class="plots">{_pck_plot(report)}{_reliability_plot(report, content.fit)}</div>',
        "<h2>Groups</h2>",
        _groups(report),
        "<h2>Keypoints</h2>",
        _joints(report),
        "<h2>Angles</h2>",
        f'<p class="note">{NOT_MEDICAL}</p>',
        _angles(report),
        "<h2>Scores of keypoints</h2>",
        _calibration(report.reliability, content.fit),
        "<h2>Least like their labels</h2>",
        '<p class="note">Left the label, right the pose. Hollow: hidden, or an unsure score.</p>',
        f'<div class="cases">{"".join(_figure(case, content) for case in found)}</div>',
    ]
    if lost:
        sections.append("<h2>Not found</h2>")
        sections.append('<p class="note">The largest of them. Right: whoever was found there instead.</p>')
        sections.append(f'<div class="cases">{"".join(_figure(case, content) for case in lost)}</div>')
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(sections) + "\n</body></html>\n"
    )


def _notes(report: EvaluationReport) -> str:
    return escape(" ".join(f"{note[:1].upper()}{note[1:]}." for note in report.notes))


def _summary(report: EvaluationReport) -> str:
    scores = report.coco.to_dict()
    coco = table(("%", *scores), [("COCO", *(number(value) for value in scores.values()))])
    pck = [f"PCK@{score.threshold:g}" for score in report.pck_at]
    distance = report.distance
    names = ("", *pck, "AUC (0 to 0.5)", "EPE mean px", "median px", "p95 px", "missed")
    values = (
        f"per {report.pck.unit}, %",
        *(number(score.pck) for score in report.pck_at),
        *(number(value) for value in (report.curve.auc, distance.mean_px, distance.median_px, distance.p95_px)),
        str(distance.missed),
    )
    return coco + table(names, [values])


def _groups(report: EvaluationReport) -> str:
    pck = f"PCK@{report.pck.threshold:g} %"
    rows = [
        (
            f"{group.kind}: {group.name}",
            str(group.people),
            str(group.keypoints),
            *(number(value) for value in (group.AP, group.AR, group.pck, group.mean_px, group.median_px)),
            str(group.missed),
        )
        for group in report.groups
    ]
    return table(("", "people", "keypoints", "AP", "AR", pck, "EPE px", "median px", "missed"), rows)


def _joints(report: EvaluationReport) -> str:
    rows = [
        (
            joint.name,
            str(joint.labelled),
            str(joint.missed),
            number(joint.mean_px),
            number(joint.median_px),
            number(joint.median_torso, 3),
            number(joint.pck),
        )
        for joint in report.joints
    ]
    pck = f"PCK@{report.pck.threshold:g} %"
    return table(("", "labelled", "missed", "EPE px", "median px", "median, torsos", pck), rows)


def _angles(report: EvaluationReport) -> str:
    rows = [
        (
            f"{angle.name} ({', '.join(angle.points)})",
            str(angle.labelled),
            str(angle.missed),
            *(number(v) for v in (angle.mean_abs_deg, angle.median_abs_deg, angle.p95_abs_deg, angle.bias_deg)),
        )
        for angle in report.angles
    ]
    names = ("degrees", "labelled", "missed", "mean absolute", "median absolute", "p95 absolute", "bias")
    return table(names, rows)


def _calibration(measured: Reliability, fit: CalibrationFit | None) -> str:
    rows = [("as they are", str(measured.keypoints), *(number(v, 3) for v in (measured.ece, measured.brier)))]
    if fit is not None:
        rows += [
            (f"{kind}, on held-out pictures", str(one.keypoints), number(one.ece, 3), number(one.brier, 3))
            for kind, one in fit.after.items()
        ]
    text = (
        f"A keypoint is right when its own term of OKS is at least {CORRECT_OKS:g}: {number(100 * measured.correct)} % "
        "of those that were predicted and can be judged are."
    )
    shown = f'<p class="note">{text}</p>' + table(("", "keypoints", "ECE", "Brier"), rows)
    if fit is None:
        return shown
    errors = [(number(r.score, 2), number(r.median, 3), number(r.rms, 3), str(r.keypoints)) for r in fit.errors]
    names = ("calibrated score", "median error", "rms error", "keypoints")
    unit = "Expected error as a part of the root of the area of the pose's box:"
    return shown + f'<p class="note">{unit}</p>' + table(names, errors)


def _pck_plot(report: EvaluationReport) -> str:
    curve = report.curve
    points = tuple(zip(curve.thresholds, curve.pck, strict=True))
    unit = "torso lengths" if curve.unit == "torso" else "longer sides of the box"
    plot = line_plot(
        [Curve("PCK", points)], x=Axis(f"threshold, {unit}", curve.thresholds[-1]), y=Axis("PCK, %", 100), title="PCK"
    )
    return f"<figure>{plot}<figcaption>PCK over its threshold; area {number(curve.auc)} %.</figcaption></figure>"


def _reliability_plot(report: EvaluationReport, fit: CalibrationFit | None) -> str:
    curves = [_reliability_curve("scores as they are", report.reliability)]
    if fit is not None:
        curves.append(_reliability_curve(f"{fit.map.method}, held out", fit.after[fit.map.method]))
    plot = line_plot(curves, x=Axis("score"), y=Axis("share that is right"), title="Reliability", diagonal=True)
    caption = "Reliability: on the dashed line a score is a probability. Dots grow with the number of keypoints."
    return f"<figure>{plot}<figcaption>{caption}</figcaption></figure>"


def _reliability_curve(name: str, measured: Reliability) -> Curve:
    most = max((one.keypoints for one in measured.bins), default=0) or 1
    points = tuple((one.mean_score, one.correct) for one in measured.bins)
    return Curve(name, points, tuple(math.sqrt(one.keypoints / most) for one in measured.bins))


def _figure(case: Case, content: PageContent) -> str:
    labels, poses = content.pictures.annotations[case.image], content.predictions[case.image]
    if case.person is None:
        poses = poses[poses.person_scores >= content.min_person_score]
    pair = draw_case(case, read_image(content.pictures.files[case.image]), labels, poses)
    label, pose = (_img(picture, text) for picture, text in zip(pair, ("label", "pose"), strict=True))
    fact = "nobody found" if case.person is None else f"OKS {case.oks:.2f}, person score {case.person_score:.2f}"
    caption = escape(f"{labels.file_name}, person {case.label + 1}: {fact}")
    return f'<figure><div class="pair">{label}{pose}</div><figcaption>{caption}</figcaption></figure>'


def _img(picture: ImageArray, text: str) -> str:
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=82)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    height, width = picture.shape[:2]
    return f'<img alt="{escape(text)}" width="{width}" height="{height}" src="data:image/jpeg;base64,{data}">'


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One ``<table>``; every text is escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def number(value: float | None, digits: int = 1) -> str:
    """A number as people read it; a dash for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"
