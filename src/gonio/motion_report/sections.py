"""The parts of a report that are words and pictures: stills, findings, what was excluded, how it was made."""

from collections.abc import Mapping, Sequence
from html import escape

from gonio.analysis.result import Analysis, Finding
from gonio.motion_report.content import ReportContent
from gonio.motion_report.markup import image, tag
from gonio.motion_report.stills import Still
from gonio.motion_report.timeline import excluded_text
from gonio.motion_report.words import percent, plural, seconds, title

_KINDS = {"fault": "Fault", "limit": "Limit", "note": "Note"}


def gallery(stills: Sequence[Still], analysis: Analysis) -> str:
    """Pictures that lead the film to their moment."""
    if not stills:
        return ""
    more = len(analysis.repetitions) - len(stills)
    note = f"{len(stills)} of {plural(len(analysis.repetitions), 'repetition')} are pictured." if more > 0 else ""
    return tag("ul", *map(_card, stills), class_="stills") + (tag("p", note, class_="note") if note else "")


def _card(still: Still) -> str:
    moment = still.moment
    height, width = still.image.shape[:2]
    picture = image(still.jpeg(), f"{moment.caption} at {seconds(moment.time_s)}", (width, height))
    faults = "".join(tag("span", escape(fault), class_="flag") for fault in moment.faults)
    caption = f"{tag('b', escape(moment.caption))} {tag('span', seconds(moment.time_s), class_='small')} {faults}"
    return tag("li", tag("button", picture, tag("span", caption), type="button", data_t=f"{moment.time_s:.6f}"))


def findings_list(findings: Sequence[Finding]) -> str:
    """Sentences, faults first, each with the moments to look at."""
    if not findings:
        return tag("p", "Nothing stood out.", class_="note")
    order = list(_KINDS)
    ranked = sorted(findings, key=lambda one: order.index(one.kind) if one.kind in order else len(order))
    return tag("ul", *map(_finding, ranked), class_="findings")


def _finding(finding: Finding) -> str:
    kind = finding.kind if finding.kind in _KINDS else "note"
    moments = "".join(
        tag("button", seconds(time_s), type="button", data_t=f"{time_s:.6f}") for time_s in finding.times_s[:20]
    )
    source = tag("span", escape(finding.source), class_="small") if finding.source else ""
    text = tag("p", escape(finding.text), source)
    return tag("li", tag("span", _KINDS[kind], class_=f"kind {kind}"), text, tag("div", moments))


def exclusions(analysis: Analysis) -> str:
    """How much could not be used, of all and of each curve, and why."""
    whole = f"{percent(analysis.excluded_fraction)} of the frames could not be used at all."
    affected = [series for series in analysis.series if series.excluded_fraction > 0]
    rows = "".join(tag("li", tag("b", escape(title(s.label))), f" {escape(excluded_text(s))}") for s in affected)
    listed = tag("ul", rows, class_="plain") if rows else tag("p", "No curve has a gap.", class_="note")
    return tag("p", whole) + listed


def method(content: ReportContent) -> str:
    """All that someone needs to judge the numbers, or to make them again."""
    made = {"Made": content.created.strftime("%Y-%m-%d %H:%M %Z").strip(), "Input": content.source}
    if content.sha256:
        made["SHA-256 of the input"] = content.sha256
    if content.command:
        made["Command"] = content.command
    parts = [_facts("Recording", made), _facts("Model", content.model)]
    for analysis in content.analyses:
        who = f" of person {analysis.track_id}" if len(content.analyses) > 1 else ""
        parts.append(_facts(f"Circumstances{who}", analysis.facts))
    parts += [_facts("Settings", content.settings), _facts("Versions", content.versions)]
    return tag("div", *parts, class_="facts") + _history(content)


def _facts(name: str, facts: Mapping[str, str]) -> str:
    if not any(facts.values()):
        return ""
    pairs = "".join(tag("dt", escape(title(key))) + tag("dd", escape(text)) for key, text in facts.items() if text)
    return tag("section", tag("h3", escape(name)), tag("dl", pairs))


def _history(content: ReportContent) -> str:
    """What was done to the keypoints, once where all analyses share it."""
    histories = dict.fromkeys([a.history for a in content.analyses if a.history] or [content.sequence.history])
    parts = []
    for history in histories:
        steps = "".join(tag("li", escape(line)) for line in history)
        if steps:
            parts.append(tag("h3", "What was done to the keypoints") + tag("ol", steps, class_="history"))
    return "".join(parts)
