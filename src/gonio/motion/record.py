"""An analysis as plain data: what ``gonio analyse --json`` prints, and what a progress report reads."""

import hashlib
import math
from datetime import datetime
from pathlib import Path
from typing import Any

from gonio._version import __version__
from gonio.analysis.result import NOT_MEDICAL, Analysis, Event, Finding, Measure, Repetition
from gonio.motion.analyse import Motion

FORMAT = "gonio.analysis"
VERSION = 1


def motion_record(motion: Motion, *, recorded: datetime | None = None) -> dict[str, Any]:
    """One JSON object: ``activity``, ``reps``, ``events``, ``measures``, ``excluded_fraction`` and what explains them.

    Numbers that could not be measured are None; times are in seconds of the source.

    Args:
        motion: What was measured.
        recorded: When the person was recorded; default: when the source was last written.
    """
    analysis = motion.analysis
    return {
        "format": FORMAT,
        "version": VERSION,
        "gonio": __version__,
        "created": (recorded or written_at(motion.source)).astimezone().isoformat(timespec="seconds"),
        "note": NOT_MEDICAL,
        "source": motion.source,
        "sha256": file_hash(motion.source),
        "model": motion.model,
        "track_id": int(motion.sequence.track_ids[0]),
        "settings": dict(motion.settings),
        **analysis_record(analysis),
        "history": list(analysis.history or motion.sequence.history),
    }


def analysis_record(analysis: Analysis) -> dict[str, Any]:
    """The part that the analysis itself knows."""
    return {
        "activity": analysis.activity,
        "reps": len(analysis.repetitions),
        "events": [_event(one) for one in analysis.events],
        "measures": [_measure(one) for one in analysis.measures],
        "excluded_fraction": analysis.excluded_fraction,
        "repetitions": [_repetition(one) for one in analysis.repetitions],
        "findings": [_finding(one) for one in analysis.findings],
        "facts": dict(analysis.facts),
    }


def written_at(path: str) -> datetime:
    """When a file was last written; now for what is no file."""
    file = Path(path)
    return datetime.fromtimestamp(file.stat().st_mtime) if file.is_file() else datetime.now()


def file_hash(path: str) -> str | None:
    """SHA-256 in hexadecimal digits: of a file, or of names and contents of a folder's JSON files; None of a camera."""
    file = Path(path)
    if file.is_dir():
        digest = hashlib.sha256()
        for one in sorted(file.glob("*.json")):
            digest.update(one.name.encode() + b"\0" + one.read_bytes())
        return digest.hexdigest()
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _event(event: Event) -> dict[str, Any]:
    return {"name": event.name, "time_s": event.time_s, "side": event.side, "sd_s": _number(event.sd_s)}


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "value": _number(measure.value),
        "sd": _number(measure.sd),
        "unit": measure.unit,
        "side": measure.side,
        "count": measure.count,
        "excluded_fraction": measure.excluded_fraction,
        "note": measure.note,
        "normal": list(measure.normal) if measure.normal else None,
        "source": measure.source,
    }


def _repetition(one: Repetition) -> dict[str, Any]:
    return {
        "start_s": _number(one.start_s),
        "turn_s": one.turn_s,
        "end_s": _number(one.end_s),
        "side": one.side,
        "range": _number(one.range),
        "range_sd": _number(one.range_sd),
        "unit": one.unit,
        "faults": list(one.faults),
        "measures": [
            {"name": own.name, "value": _number(own.value), "sd": _number(own.sd), "unit": own.unit, "note": own.note}
            for own in one.measures
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"kind": finding.kind, "text": finding.text, "times_s": list(finding.times_s), "source": finding.source}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
