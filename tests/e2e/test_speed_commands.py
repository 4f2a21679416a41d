"""The doors to speed: the timeline, several sources at once, a rate to hold, the encoder's settings."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio


def test_profile(gonio: "Gonio", tmp_path: Path, small_walk: Path, quick_card: Path) -> None:
    options = ("--model", quick_card, "--repeat", "1", "--profile", "trace.json")
    result = gonio("bench", small_walk, *options, "--json")
    facts = json.loads(result.stdout)
    stages = {stage["stage"]: stage for stage in facts["profile"]["stages"]}
    assert {"decode", "preprocess", "inference", "draw", "encode"} <= set(stages)
    assert stages["encode"]["thread"] == stages["draw"]["thread"] == "gonio-writer"
    assert stages["decode"]["thread"] == "gonio-prefetch"
    assert all(0 <= stage[key] <= 1 for stage in stages.values() for key in ("busy", "alone", "critical"))
    assert sum(stage["critical"] for stage in stages.values()) + facts["profile"]["waiting"] == pytest.approx(
        1, abs=0.1
    )
    assert facts["cpu_ms"] > 0
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert sum(event["name"] == "draw" for event in events) == 30


def test_profile_for_people(gonio: "Gonio", small_walk: Path, quick_card: Path) -> None:
    result = gonio("bench", small_walk, "--model", quick_card, "--repeat", "1", "--profile", "trace.json")
    for word in ("busy", "alone", "critical", "writer", "prefetch", "nothing ran for"):
        assert word in result.stdout
    assert result.stderr.splitlines() == ["  trace.json"]


def test_several_sources_at_once(gonio: "Gonio", small_walk: Path, astronaut: Path, quick_card: Path) -> None:
    result = gonio("bench", small_walk, small_walk, astronaut, "--model", quick_card, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert [stream["frames"] for stream in facts["streams"]] == [30, 30, 1]
    assert facts["frames"] == 61
    assert facts["mean_batch"] >= 1
    for stream in facts["streams"]:
        assert 0 < stream["latency_ms"]["p50"] <= stream["latency_ms"]["p95"]
    said = gonio("bench", small_walk, astronaut, "--model", quick_card).stdout
    assert "2 sources at once" in said
    assert "inputs a run of a network" in said


def test_one_of_several_that_breaks_off_is_told(
    gonio: "Gonio", tmp_path: Path, astronaut: Path, quick_card: Path
) -> None:
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    result = gonio("bench", astronaut, "cut.jpg", "--model", quick_card)
    assert result.stderr.startswith("error: cannot decode 'cut.jpg'")
    assert "2 sources at once" in result.stdout


@pytest.mark.parametrize("option", [("--devices",), ("--profile", "trace.json")])
def test_what_takes_one_source(gonio: "Gonio", check: "Check", astronaut: Path, option: tuple[str, ...]) -> None:
    check.refused(gonio("bench", astronaut, astronaut, *option), "take one source", "give one")


def test_a_rate_to_hold(gonio: "Gonio", check: "Check", tmp_path: Path, small_walk: Path, quick_card: Path) -> None:
    result = gonio("predict", small_walk, "--model", quick_card, "--target-fps", "5", "--out", "out")
    document = check.document(tmp_path / "out" / "small-walk-poses.json")
    frames = document["frames"]
    assert 1 <= len(frames) <= 6  # of one second
    assert f"left out {30 - len(frames)} frames" in result.stderr
    assert (result.returncode, document["complete"]) == (0, True)
    drawn = check.video_times(tmp_path / "out" / "small-walk-poses.mp4")
    assert drawn == pytest.approx([frame["time_s"] for frame in frames], abs=1e-4)


def test_a_rate_to_hold_with_a_detector_that_may_rest(gonio: "Gonio", tmp_path: Path, small_walk: Path) -> None:
    options = ("--model", "lightning", "--track", "--target-fps", "10", "--json", "a.json")
    said = gonio("predict", small_walk, *options).stderr.splitlines()[1]
    frames = len(json.loads((tmp_path / "a.json").read_text())["frames"])
    assert said.startswith(f"left out {30 - frames} frames: the times of the others are true; the detector ran every ")
    assert said.endswith(" frames")


def test_settings_of_the_drawn_video(gonio: "Gonio", tmp_path: Path, small_walk: Path, quick_card: Path) -> None:
    sizes = []
    for crf in ("15", "40"):
        options = ("--model", quick_card, "--out", crf, "--crf", crf, "--preset", "veryfast")
        assert gonio("predict", small_walk, *options).returncode == 0
        sizes.append((tmp_path / crf / "small-walk-poses.mp4").stat().st_size)
    assert sizes[0] > 2 * sizes[1]


def test_settings_that_are_none(gonio: "Gonio", check: "Check", small_walk: Path) -> None:
    check.refused(gonio("predict", small_walk, "--preset", "warp"), "no preset is named 'warp'", "quick")
    check.refused(gonio("predict", small_walk, "--target-fps", "0"), "target_fps is 0", "above 0")
