"""Trends over sessions, and which of them are more than error."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tests.unit.motion_report.conftest import HOSTILE

from gonio.errors import ConfigError, MediaError
from gonio.motion_report.progress import progress_html, trends_of, write_progress
from gonio.motion_report.sessions import Session, read_session


def session(day: int, value: float | None, sd: float | None = 2.0, **more: Any) -> Session:
    measures = [{"name": "peak_knee_flexion", "value": value, "sd": sd, "unit": "deg", "side": "left"}]
    facts = {"activity": "squat", "created": f"2026-11-{day:02d}T10:00:00", "measures": measures, "reps": 3}
    return Session.model_validate(facts | more)


def test_a_change_is_judged_by_both_errors() -> None:
    """MDC95 = 1.96 sqrt(2^2 + 2^2) = 5.54."""
    small, large = (progress_html([session(1, 60), session(9, 60 + change)]) for change in (5.5, 5.6))
    assert "0 of 1 number changed" in small
    assert "within measurement error" in small
    assert "1 of 1 number changed" in large
    assert "beyond measurement error" in large
    assert "+5.6°" in large
    assert "5.5°" in large
    assert "Weir" in large


def test_sessions_are_put_in_order_and_gaps_left_out() -> None:
    sessions = [session(9, 70), session(1, 60), session(5, None), session(7, math.nan)]
    (trend,) = trends_of(sorted(sessions, key=lambda one: one.created))
    assert trend.values == (60, 70)
    assert "1 November 2026 to 9 November 2026" in progress_html(sessions)


def test_without_an_error_nothing_is_claimed() -> None:
    page = progress_html([session(1, 60, None), session(2, 90)])
    assert "cannot be judged: an error is not known" in page


def test_names_are_escaped() -> None:
    page = progress_html([session(1, 60, activity=HOSTILE), session(2, 61, activity=HOSTILE)], person=HOSTILE)
    assert page.count("<script") == 1
    assert "<img" not in page


@pytest.mark.parametrize(
    "sessions", [[], [session(1, 60)], [session(1, 60), session(2, 60, activity="gait")]], ids=["none", "one", "mixed"]
)
def test_progress_needs_sessions_of_one_kind(sessions: list[Session]) -> None:
    with pytest.raises(ConfigError, match="progress needs two or more sessions of one activity"):
        progress_html(sessions)


def test_documents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(session(1, 60).model_dump_json())
    assert read_session(path) == session(1, 60)
    write_progress(tmp_path / "out.html", [read_session(path), session(2, 65)])
    assert "Peak knee flexion" in (tmp_path / "out.html").read_text("utf-8").replace("Left peak", "Peak")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "is not JSON"),
        (json.dumps({"activity": "squat"}), r"is not a stored analysis \(created: "),
        (None, "cannot read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str | None, match: str) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MediaError, match=match):
        read_session(path)


def test_a_count_needs_no_error() -> None:
    count = [{"name": "repetitions", "value": 5, "sd": None, "unit": "1", "side": "both"}]
    page = progress_html([session(1, 60, measures=count), session(2, 60, measures=count)])
    assert "a count" in page
    assert "cannot be judged" not in page


def test_what_makes_sessions_different_is_said() -> None:
    same = progress_html([session(1, 60, facts={"view": "side"}), session(2, 60, facts={"view": "side (found)"})])
    assert "differ in" not in same
    other = progress_html([session(1, 60, facts={"view": "frontal"}), session(2, 60, facts={"view": "side"})])
    assert "The sessions differ in view" in other
    speed = [[{"name": "speed", "value": 1.2, "sd": 0.1, "unit": u, "side": "both"}] for u in ("m/s", "leg lengths/s")]
    page = progress_html([session(1, 60, measures=speed[0]), session(2, 60, measures=speed[1])])
    assert "in different units: Speed." in page


def test_what_is_not_known_of_a_session_makes_no_difference() -> None:
    known = session(1, 60, facts={"view": "side (found)", "signal": "shortening of hip, knee, ankle"}, model="thunder")
    assert "differ in" not in progress_html([known, session(2, 60)])


def test_ranges_of_other_signals_are_no_improvement() -> None:
    def counted_on(day: int, signal: str, value: float) -> Session:
        measures = [{"name": "range", "value": value, "sd": 1.0, "unit": "%"}]
        return session(day, None, measures=measures, facts={"signal": signal} if signal else {})

    feet, none = "shortening of hip, knee, ankle", "lowering of hip, knee"
    page = progress_html([counted_on(1, feet, 30), counted_on(2, none, 95)])
    assert "beyond measurement error" not in page
    assert "The sessions differ in signal" in page
    assert "counted on the same signal: Range." in page
    (trend,) = trends_of([counted_on(1, feet, 30), counted_on(2, none, 95), counted_on(3, feet, 35)])
    assert (trend.values, trend.signal) == ((30, 35), feet)
    assert f"Range, {feet}" in progress_html([counted_on(1, feet, 30), counted_on(2, none, 9), counted_on(3, feet, 35)])
    (trend,) = trends_of([counted_on(1, "", 30), counted_on(2, feet, 35)])
    assert trend.values == (30, 35)
