"""The report as one HTML file: it needs nothing beside it, loads nothing, and is made to be read on a phone too."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from gonio.analysis.result import NOT_MEDICAL, Analysis
from gonio.io.atomic import atomic_path
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.cycles import cycle_plots
from gonio.motion_report.faces import Heads, find_heads
from gonio.motion_report.film import Film, make_film
from gonio.motion_report.markup import data_block, page, tag
from gonio.motion_report.measures import measures_table, tiles
from gonio.motion_report.overlay import overlay_data, staged
from gonio.motion_report.repetitions import repetitions_table
from gonio.motion_report.sections import exclusions, findings_list, gallery, method
from gonio.motion_report.stills import Still, take_stills
from gonio.motion_report.timeline import curves_data, timeline
from gonio.motion_report.words import activity, join, title, verdict
from gonio.structures.sequence import PoseSequence

_MAX_STAGED = 3600
"""Steps of a recording without a video that the page can play."""


def write_report(path: Path, content: ReportContent, options: ReportOptions | None = None) -> None:
    """Write the report.

    Args:
        path: An HTML file; it is complete or absent.
        content: What to show.
        options: Limits, and whether faces are blurred; the defaults if left out.

    Raises:
        MediaError: If the video cannot be read or the file cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(report_html(content, options), "utf-8")


def report_html(content: ReportContent, options: ReportOptions | None = None) -> str:
    """The report as text; see `write_report`."""
    options = options or ReportOptions()
    heads = heads_to_blur(content, options)
    film, without = make_film(content, options, heads)
    data, size_wh = _data(content, film)
    stills = [take_stills(content, one, options, heads) for one in content.analyses]
    people = [
        _person(content, i, one, pictures)
        for i, (one, pictures) in enumerate(zip(content.analyses, stills, strict=True))
    ]
    body = [
        _header(content),
        _people_switch(content.analyses),
        *(_of_person(i, _summary(one, content)) for i, one in enumerate(content.analyses)),
        tag("div", _player(film, size_wh, without, _whom(content), options), _timelines(content), class_="watch"),
        *people,
        tag("section", tag("h2", "Method"), method(content), id="method"),
        tag(
            "footer", tag("p", tag("strong", NOT_MEDICAL), " Its numbers support a judgement, they do not replace one.")
        ),
        data_block("report-data", data),
        _film_block(film),
    ]
    return page(title=titled(content.analyses), body="\n".join(body))


def heads_to_blur(content: ReportContent, options: ReportOptions) -> Heads | None:
    """Where faces are, if they are to be blurred and there are pictures of them."""
    if not options.blur_faces or content.pictures is None or content.sequence.unit != "px":
        return None
    return find_heads(content.sequence)


def titled(analyses: Sequence[Analysis]) -> str:
    """The activities as a title: ``"Squat and walking"``."""
    names = join([activity(name).lower() for name in dict.fromkeys(one.activity for one in analyses)])
    return title(names) or "Motion report"


def _header(content: ReportContent) -> str:
    day = f"{content.created.day} {content.created:%B %Y}"
    line = " · ".join(part for part in ("Motion report", content.source, day) if part)
    theme = tag("button", "Dark", type="button", id="theme", class_="screen")
    return tag(
        "header", tag("div", tag("p", escape(line), class_="over"), theme), tag("h1", escape(titled(content.analyses)))
    )


def _people_switch(analyses: Sequence[Analysis]) -> str:
    if len(analyses) < 2:
        return ""
    buttons = [
        tag("button", escape(_name(i, analyses)), type="button", data_person=i, aria_pressed="false")
        for i in range(len(analyses))
    ]
    return tag("nav", *buttons, class_="people screen", aria_label="People")


def _name(person: int, analyses: Sequence[Analysis]) -> str:
    one = analyses[person]
    same = len({analysis.activity for analysis in analyses}) == 1
    return f"Person {one.track_id}" + ("" if same else f", {activity(one.activity).lower()}")


def _of_person(person: int, *parts: str) -> str:
    return tag("div", *parts, class_="of-person", data_of=person)


def _summary(analysis: Analysis, content: ReportContent) -> str:
    many = len(content.analyses) > 1
    who = tag("b", f"Person {analysis.track_id}: ") if many else ""
    return tag("p", who, escape(verdict(analysis)), class_="verdict") + tiles(analysis)


def _timelines(content: ReportContent) -> str:
    if not content.analyses:
        return tag("p", "Nobody was analysed.", class_="note")
    names = [_name(i, content.analyses) if len(content.analyses) > 1 else "" for i in range(len(content.analyses))]
    return tag(
        "div",
        *(
            _of_person(i, _printed(name), timeline(analysis, i, content.span_s))
            for i, (name, analysis) in enumerate(zip(names, content.analyses, strict=True))
        ),
    )


def _printed(name: str) -> str:
    """On paper all people follow each other, each below its name; on screen one is chosen."""
    return tag("h2", escape(name), class_="print-only") if name else ""


def _person(content: ReportContent, person: int, analysis: Analysis, stills: Sequence[Still]) -> str:
    pictures = gallery(stills, analysis) + repetitions_table(analysis.repetitions)
    cycles = cycle_plots(analysis.cycles)
    sections = [
        ("Findings", findings_list(analysis.findings)),
        ("Repetitions" if analysis.repetitions else "Moments", pictures),
        ("Cycles, 0 to 100\u202f%", cycles),
        ("Measures", measures_table(analysis.measures)),
        ("What was excluded, and why", exclusions(analysis)),
    ]
    shown = [tag("section", tag("h2", name), body) for name, body in sections if body]
    name = _name(person, content.analyses) if len(content.analyses) > 1 else ""
    return _of_person(person, _printed(name), *shown)


def _whom(content: ReportContent) -> str:
    """Which of several people the numbers are of; where several are analysed, a switch says it."""
    if len(content.analyses) != 1 or len(content.sequence.track_ids) < 2:
        return ""
    return f"Thick lines: the person who was measured (track {content.analyses[0].track_id}); thin lines: others."


def _player(film: Film | None, size_wh: tuple[int, int], without: str, whom: str, options: ReportOptions) -> str:
    width, height = size_wh
    video = tag("video", muted=True, playsinline=True, preload="auto", tabindex=-1) if film else ""
    canvas = tag("canvas", width=width, height=height)
    stage = tag("div", video, canvas, class_="stage", id="stage")
    buttons = [
        tag("button", "◂", type="button", id="back", title="One frame back", aria_label="One frame back"),
        tag("button", "Play", type="button", id="play"),
        tag("button", "▸", type="button", id="on", title="One frame on", aria_label="One frame on"),
        tag("output", "", id="clock"),
        tag("label", "Speed ", tag("select", *(_speed(s) for s in ("1", "0.5", "0.25", "0.1")), id="speed")),
        tag("label", '<input type="checkbox" id="skeleton" checked> Skeleton'),
    ]
    slider = '<input type="range" id="seek" min="0" max="1000" value="0" step="any" aria-label="Time">'
    notes = list(film.notes) if film else [without]
    if options.blur_faces and film:
        notes.append("Heads of tracked people are blurred; bystanders whom nobody tracked may be recognisable.")
    if whom:
        notes.append(whom)
    text = tag("p", escape(" ".join(notes)), class_="note") if any(notes) else ""
    return tag("div", stage, slider, tag("div", *buttons, class_="controls screen"), text, class_="player")


def _speed(speed: str) -> str:
    return tag("option", f"{speed}\u00d7", value=speed)


def _data(content: ReportContent, film: Film | None) -> tuple[dict[str, Any], tuple[int, int]]:
    sequence = content.sequence
    if film is not None:
        size_wh, times, scale = film.size_wh, film.times, film.scale
    else:
        step = max(1, -(-len(sequence) // _MAX_STAGED))
        points, size_wh = staged(sequence)
        sequence, scale = _with_points(sequence, points), 1.0
        times = sequence.time_s[::step]
    shown = sequence.unit == "px" and len(sequence) > 0
    return {
        "size": size_wh,
        "times": np.round(times, 4).tolist(),
        "overlay": overlay_data(sequence, times, scale) if shown else None,
        "tracks": [analysis.track_id for analysis in content.analyses],
        "curves": [curve for i, analysis in enumerate(content.analyses) for curve in curves_data(analysis, i)],
    }, size_wh


def _with_points(sequence: PoseSequence, points: np.ndarray[Any, Any]) -> PoseSequence:
    return PoseSequence(
        points.astype(np.float32),
        sequence.scores,
        sequence.time_s,
        sequence.track_ids,
        sequence.skeleton,
        flags=sequence.flags,
    )


def _film_block(film: Film | None) -> str:
    """The film as text that the script turns into a file of its own: iOS plays no video from a data address."""
    if film is None:
        return ""
    return f'<script type="text/plain" id="film">{base64.b64encode(film.data).decode("ascii")}</script>'
