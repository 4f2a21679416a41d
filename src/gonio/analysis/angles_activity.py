"""`analyse_angles`: every joint and segment angle that the view allows, of both sides, with its summary."""

from collections.abc import Iterator
from dataclasses import replace

from gonio.analysis.angle_table import AngleDefinition, angle_definition, list_angles
from gonio.analysis.angles import AngleSeries, angle_series
from gonio.analysis.kinematics import summarise
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Finding
from gonio.analysis.series import Side
from gonio.analysis.view import View, detect_view, longest_facing
from gonio.structures.sequence import PoseSequence

_BETWEEN_DEG = 45.0
"""Turned away from the side view by more, the frontal plane is the nearer one."""


def analyse_angles(sequence: PoseSequence, options: AnalysisOptions | None = None) -> Analysis:
    """Angles over time and their mean, peak, least and range.

    Args:
        sequence: Of one person, cleaned; in space every angle is measured, in a picture those of its plane.
        options: ``convention``, ``view``, ``up_deg`` and ``min_score``; ``side`` leaves the other side out.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    options = options or AnalysisOptions()
    view = detect_view(sequence, options=options)
    way = longest_facing(sequence, options=options) if view.kind != "frontal" else None
    if way is not None:
        return _of_one_facing(sequence, options, way)
    in_space = sequence.keypoints.shape[-1] == 3
    shown = [angle for angle in map(angle_definition, list_angles()) if in_space or is_shown(angle, view)]
    series = [
        angle_series(sequence, angle.name, side=side, view=view, options=options)
        for angle in shown
        for side in _sides(angle, options)
    ]
    measured = tuple(one for one in series if one.valid.any())
    return Analysis(
        activity="angles",
        track_id=int(sequence.track_ids[0]),
        measures=tuple(measure for one in measured for measure in summarise(one)),
        series=measured,
        findings=tuple(_findings(series, view)),
        excluded_fraction=min((one.excluded_fraction for one in series), default=1.0),
        facts={"view": _words(view), "convention": options.convention},
        history=sequence.history,
    )


def _of_one_facing(sequence: PoseSequence, options: AnalysisOptions, way: tuple[float, float]) -> Analysis:
    """Of somebody who turns round: signs hold for one facing, so the longest is measured, and a sentence says which."""
    part = sequence.between(*way)
    found = analyse_angles(part, options)
    text = (
        f"The person turns round: measured from {way[0]:.1f} to {way[1]:.1f} s, the longest time that they face one "
        "way; cut the clip for the rest."
    )
    left_out = 1 - len(part) / len(sequence) * (1 - found.excluded_fraction)
    return replace(found, findings=(Finding("limit", text), *found.findings), excluded_fraction=left_out)


def is_shown(angle: AngleDefinition, view: View) -> bool:
    """Whether a picture from there shows the plane of the angle; an oblique one, the nearer plane.

    A picture has one plane: knee flexion and knee valgus of the same picture would be two names for one number.
    """
    return angle.plane in ("any", _plane_of(view))


def _plane_of(view: View) -> str:
    oblique = view.kind == "oblique" and view.turned_deg > _BETWEEN_DEG
    return "frontal" if view.kind == "frontal" or oblique else "sagittal"


def _sides(angle: AngleDefinition, options: AnalysisOptions) -> tuple[Side, ...]:
    if not angle.sided:
        return ("both",)
    return ("left", "right") if options.side in (None, "both") else (options.side,)


def _findings(series: list[AngleSeries], view: View) -> Iterator[Finding]:
    if view.kind == "oblique":
        yield Finding(
            "limit", "Seen between side and front: angles are those of the picture, not of the body; film squarely."
        )
    by_reason: dict[str, list[str]] = {}
    for one in series:
        if not one.valid.any():
            by_reason.setdefault(one.why or "not found", []).append(one.label)
    for why, labels in by_reason.items():
        yield Finding("limit", f"Not measured ({why}): {', '.join(labels)}.")
    tried = {one.name for one in series}
    other = [name.replace("_", " ") for name in list_angles() if name not in tried]
    if other:
        tell = " Tell the other view to have them all the same." if view.kind == "oblique" else ""
        yield Finding("limit", f"Not shown by a picture of the {_plane_of(view)} plane: {', '.join(other)}.{tell}")


def _words(view: View) -> str:
    return f"{view.kind}, facing {view.facing} ({view.note})"
