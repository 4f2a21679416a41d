"""The timeline: what is added up by hand here must come out there."""

import json
from pathlib import Path

import pytest

from gonio.apps.cli.bench_profile import chrome_trace, critical_path, profile_of, write_trace
from gonio.timing import Span


def span(stage: str, start_s: float, end_s: float, thread: str = "MainThread") -> Span:
    return Span(stage, 100 + start_s, 100 + end_s, 0.001, thread, {"MainThread": 1, "gonio-prefetch": 2}.get(thread, 3))


PIPELINE = [
    span("decode", 0, 1, "gonio-prefetch"),
    span("decode", 1, 2, "gonio-prefetch"),
    span("inference", 1, 4),
    span("inference", 4, 7),
    span("draw", 4.5, 5, "gonio-writer"),
    span("draw", 7.5, 8, "gonio-writer"),
]
"""Two frames: decoded, looked at, drawn; inference is what the run waits for."""


def test_shares() -> None:
    profile = profile_of(PIPELINE, frames=2)
    shares = {share.stage: share for share in profile.stages}
    assert list(shares) == ["decode", "inference", "draw"]
    assert profile.wall_s == pytest.approx(8)
    assert [shares[stage].busy for stage in shares] == pytest.approx([2 / 8, 6 / 8, 1 / 8])
    assert [shares[stage].alone for stage in shares] == pytest.approx([1 / 8, (6 - 1 - 0.5) / 8, 0.5 / 8])
    assert [shares[stage].frame_ms for stage in shares] == pytest.approx([1000, 3000, 500])
    assert shares["inference"].cpu_ms == pytest.approx(1)
    assert profile.threads == pytest.approx({"gonio-prefetch": 2 / 8, "MainThread": 6 / 8, "gonio-writer": 1 / 8})
    assert profile.idle == pytest.approx(0.5 / 8)


def test_critical_path() -> None:
    path = [(stage, round(seconds, 6)) for stage, seconds in critical_path(PIPELINE)]
    assert path == [("draw", 0.5), ("", 0.5), ("inference", 3), ("", 0), ("inference", 3), ("", 0), ("decode", 1)]
    profile = profile_of(PIPELINE, frames=2)
    assert {share.stage: share.critical for share in profile.stages} == pytest.approx(
        {"decode": 1 / 8, "inference": 6 / 8, "draw": 0.5 / 8}
    )
    assert profile.waiting == pytest.approx(0.5 / 8)


def test_a_stage_within_a_stage_is_on_the_path_once() -> None:
    path = critical_path([span("outer", 0, 4), span("inner", 1, 2), span("next", 4, 5)])
    assert [(stage, round(seconds, 6)) for stage, seconds in path] == [("next", 1), ("", 0), ("outer", 4)]


def test_the_trace_is_what_chrome_reads(tmp_path: Path) -> None:
    write_trace(tmp_path / "trace.json", PIPELINE)
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert trace == chrome_trace(PIPELINE)
    names = {event["tid"]: event["args"]["name"] for event in trace["traceEvents"] if event["ph"] == "M"}
    assert set(names.values()) == {"MainThread", "gonio-prefetch", "gonio-writer"}
    events = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert [event["ts"] for event in events] == sorted(event["ts"] for event in events)
    assert (events[0]["name"], events[0]["ts"], events[0]["dur"]) == ("decode", 0, 1e6)
    assert len(events) == len(PIPELINE)


def test_no_spans_give_an_empty_trace() -> None:
    assert chrome_trace([])["traceEvents"] == []
