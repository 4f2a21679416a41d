"""``gonio predict a b c``: each source as if it were alone, all at once, and none lost with another."""

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio, Media


@pytest.fixture
def two_films(tmp_path: Path, media: "Media", walk: Path) -> tuple[Path, Path]:
    """12 and 6 frames of the walk."""
    left = media.clip(tmp_path / "left.mp4", media.pictures(walk, 12))
    return left, media.clip(tmp_path / "right.mp4", media.pictures(walk, 6, step=5))


def test_videos_and_a_picture(
    gonio: "Gonio", check: "Check", tmp_path: Path, two_films: tuple[Path, Path], astronaut: Path
) -> None:
    shutil.copy(astronaut, tmp_path)
    options = ("--model", "multipose", "--also", ".csv", "--also", ".coco.json", "--out", "out")
    result = gonio("predict", "left.mp4", "right.mp4", "astronaut.jpg", *options)
    assert (result.returncode, result.stdout) == (0, "")
    found, *places = result.stderr.splitlines()
    assert " in 19 frames of 3 sources, " in found
    films = [f"{name}-poses" for name in ("left", "right")]
    numbers = [f"{stem}{suffix}" for stem in (*films, "astronaut-poses") for suffix in (".json", ".csv", ".coco.json")]
    assert check.names(tmp_path / "out") == sorted([*numbers, "astronaut.jpg", *(f"{stem}.mp4" for stem in films)])
    assert sorted(places) == sorted(f"  out/{name}" for name in check.names(tmp_path / "out"))

    assert gonio("predict", "left.mp4", "--model", "multipose", "--json", "alone.json").returncode == 0
    alone, together = (
        check.document(path)["frames"] for path in (tmp_path / "alone.json", tmp_path / "out" / "left-poses.json")
    )
    assert len(alone) == len(together) == 12
    for one, other in zip(alone, together, strict=True):
        assert (one["index"], one["time_s"], len(one["people"])) == (
            other["index"],
            other["time_s"],
            len(other["people"]),
        )
        for person, same in zip(one["people"], other["people"], strict=True):
            np.testing.assert_allclose(person["keypoints"], same["keypoints"], atol=0.05)
    assert [len(check.video_times(tmp_path / "out" / f"{stem}.mp4")) for stem in films] == [12, 6]
    with av.open(str(tmp_path / "left.mp4")) as before, av.open(str(tmp_path / "out" / f"{films[0]}.mp4")) as after:
        matrices = [next(container.decode(video=0)).colorspace for container in (before, after)]
    assert matrices == [2, 2]  # kept as it was, not converted to BT.709's 1


@pytest.mark.parametrize("name", ["takes", "takes/*.mp4"])
def test_a_folder_or_pattern_of_videos(
    gonio: "Gonio", check: "Check", tmp_path: Path, two_films: tuple[Path, Path], name: str
) -> None:
    (tmp_path / "takes").mkdir()
    for film in two_films:
        film.rename(tmp_path / "takes" / film.name)
    (tmp_path / "takes" / "left.txt").write_text("notes")
    result = gonio("predict", name, "--model", "lightning", "--json", "numbers", "--stride", "6")
    assert result.returncode == 0, result.stderr
    assert " in 3 frames of 2 sources, " in result.stderr
    assert check.names(tmp_path / "numbers") == ["left-poses.json", "right-poses.json"]


def test_the_options_of_a_folder_mean_the_same_whatever_it_holds(
    gonio: "Gonio", check: "Check", tmp_path: Path, two_films: tuple[Path, Path]
) -> None:
    (tmp_path / "takes").mkdir()
    two_films[1].rename(tmp_path / "takes" / "right.mp4")
    options = ("--model", "lightning", "--json", "numbers", "--also", ".csv", "--stride", "6")
    result = gonio("predict", "takes", "takes/right.mp4", *options)
    assert result.returncode == 0, result.stderr
    assert check.names(tmp_path / "numbers") == ["right-poses.csv", "right-poses.json"]


def test_followed_at_a_rate(gonio: "Gonio", check: "Check", tmp_path: Path, two_films: tuple[Path, Path]) -> None:
    result = gonio("predict", *two_films, "--track", "--target-fps", "5", "--model", "multipose", "--json", "numbers")
    assert result.returncode == 0
    assert check.names(tmp_path) == ["left.mp4", "numbers", "right.mp4"]  # --json alone draws nothing
    frames = check.document(tmp_path / "numbers" / "left-poses.json")["frames"]
    assert f"left out {12 - len(frames)} frames of {two_films[0]}" in result.stderr
    assert all("track_id" in person for frame in frames for person in frame["people"])


def test_one_name_twice(gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path, small_walk: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(small_walk, tmp_path / folder / "run.mp4")
        Image.new("RGB", (40, 30)).save(tmp_path / folder / "still.png")
    sources = [f"{folder}/{name}" for folder in "ab" for name in ("run.mp4", "still.png")]
    assert gonio("predict", *sources, "--model", quick_card, "--out", "out", "--end", "0.1").returncode == 1  # stills
    assert gonio("predict", *sources, "--model", quick_card, "--out", "out").returncode == 0
    drawn = ["run-2-poses.mp4", "run-poses.mp4", "still-2", "still.png"]
    numbers = [f"{stem}-poses.json" for stem in ("run", "run-2", "still", "still-2")]
    assert check.names(tmp_path / "out") == sorted([*drawn, *numbers])
    assert check.names(tmp_path / "out" / "still-2") == ["still.png"]
    assert len(check.video_times(tmp_path / "out" / "run-2-poses.mp4")) == 30


def test_a_folder_among_others(
    gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path, astronaut: Path
) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(20):
        Image.new("RGB", (40, 30)).save(tmp_path / "photos" / f"run{number}.png")
    (tmp_path / "photos" / "bad.jpg").write_text("no picture")
    result = gonio("predict", "photos", astronaut, "--model", quick_card, "--out", "out")
    found, *places, error = result.stderr.splitlines()
    assert " in 21 pictures of 2 sources, " in found
    assert places == ["  out", "  out/photos"]
    assert "error: cannot decode 'photos/bad.jpg'" in error
    assert result.returncode == 1
    assert check.names(tmp_path / "out") == ["astronaut-poses.json", "astronaut.jpg", "photos", "photos-poses.json"]
    assert len(check.names(tmp_path / "out" / "photos")) == 20


def test_two_folders_of_one_picture_each(gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path) -> None:
    for day in ("day1", "day2"):
        (tmp_path / day).mkdir()
        Image.new("RGB", (40, 30)).save(tmp_path / day / "frame.png")
    assert gonio("predict", "day1", "day2", "--model", quick_card, "--out", "out").returncode == 0
    assert check.names(tmp_path / "out") == ["day1", "day1-poses.json", "day2", "day2-poses.json"]
    assert check.names(tmp_path / "out" / "day1") == check.names(tmp_path / "out" / "day2") == ["frame.png"]


@pytest.mark.parametrize(
    ("sources", "written", "replaced"),
    [
        pytest.param(("run.mp4", "run-poses.mp4"), "run-poses.mp4", "run-poses.mp4", id="a film"),
        pytest.param(("run.mp4", "a/x.png", "x.png"), "x.png", "x.png", id="a picture"),
        pytest.param(("a", "a/x.png", "b/a/x.png"), "a/x.png", "b/a/x.png", id="a folder, by a link"),
        pytest.param(("*/x.png",), "x.png", "b/x.png", id="one source: a pattern"),
    ],
)
def test_no_source_is_replaced(
    gonio: "Gonio",
    check: "Check",
    tmp_path: Path,
    small_walk: Path,
    quick_card: Path,
    sources: tuple[str, ...],
    written: str,
    replaced: str,
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (40, 30)).save(tmp_path / folder / "x.png")
    for name in ("run.mp4", "run-poses.mp4"):
        shutil.copy(small_walk, tmp_path / name)
    Image.new("RGB", (50, 30)).save(tmp_path / "x.png")
    out = "." if "run.mp4" in sources else "b"
    (tmp_path / "b" / "a").mkdir()
    Image.new("RGB", (60, 30)).save(tmp_path / "b" / "a" / "x.png")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    result = gonio("predict", *sources, "--model", quick_card, "--out", out)
    check.refused(result, f"'{Path(out) / written}'", f"would replace the source '{replaced}'", "another folder")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_settings_for_videos_pass_over_pictures(
    gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path, small_walk: Path
) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "still.png")
    options = ("--track", "--target-fps", "5", "--model", "multipose", "--json", "numbers")
    assert gonio("predict", "still.png", small_walk, *options).returncode == 0
    assert len(check.document(tmp_path / "numbers" / "still-poses.json")["frames"]) == 1
    assert 1 <= len(check.document(tmp_path / "numbers" / "small-walk-poses.json")["frames"]) < 30
    check.refused(gonio("predict", "still.png", *options), "'still.png' is no video")
    check.refused(gonio("predict", "still.png", "still.png", *options), "'still.png' is no video")


def test_bad_ones_among_good_ones(
    gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path, small_walk: Path
) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff")  # which is opened, and breaks at its first frame
    half = small_walk.read_bytes()[: small_walk.stat().st_size // 2]
    (tmp_path / "half.mp4").write_bytes(half)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cut-poses.json").write_text("of an earlier run")
    sources = ("missing.mp4", "text.mp4", "cut.jpg", "half.mp4", small_walk)
    result = gonio("predict", *sources, "--model", quick_card, "--out", "out")
    assert (result.returncode, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert " of 2 sources, " in lines[0]
    errors = [line for line in lines if line.startswith("error: ")]
    assert errors == lines[-4:]  # in the order of the sources, each once, and no warning says it too
    for error, name in zip(errors, sources[:4], strict=True):
        assert str(name) in error
    stems = [f"{stem}-poses{suffix}" for stem in ("half", "small-walk") for suffix in (".json", ".mp4")]
    assert check.names(tmp_path / "out") == sorted([*stems, "cut-poses.json"])
    assert (tmp_path / "out" / "cut-poses.json").read_text() == "of an earlier run"
    assert len(check.document(tmp_path / "out" / "small-walk-poses.json")["frames"]) == 30
    document = check.document(tmp_path / "out" / "half-poses.json")
    assert errors[3] == f"error: {document['failures'][0]}"


def test_none_that_can_be_read(gonio: "Gonio", check: "Check", tmp_path: Path) -> None:
    result = gonio("predict", "a.mp4", "b.mp4", "--out", "out")
    assert [line[:20] for line in result.stderr.splitlines()] == ["error: no file 'a.mp", "error: no file 'b.mp"]
    assert result.returncode == 1
    assert check.names(tmp_path) == []


def test_files_that_cannot_be_written_stop_their_source_alone(
    gonio: "Gonio", check: "Check", tmp_path: Path, two_films: tuple[Path, Path], quick_card: Path
) -> None:
    (tmp_path / "out" / "left-poses.mp4").mkdir(parents=True)  # a folder where the drawn film should lie
    result = gonio("predict", *two_films, "--model", quick_card, "--out", "out")
    (error,) = (line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert "left-poses.mp4" in error
    assert result.returncode == 1
    assert len(check.document(tmp_path / "out" / "right-poses.json")["frames"]) == 6


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        pytest.param(("--out", "result.mp4"), ("--out is 'result.mp4'", "name a folder"), id="a video"),
        pytest.param(("--out", "notes"), ("--out is 'notes'", "name a folder"), id="a file that is there"),
        pytest.param(("--json", "poses.json"), ("--json is 'poses.json'", "name a folder"), id="one document"),
        pytest.param(("--json", "-"), ("--json is '-'", "name a folder"), id="standard output"),
        pytest.param(("--also", "a.csv"), ("--also is 'a.csv'", "the suffix alone"), id="one table"),
        pytest.param(("--also", ".xyz"), ("poses.xyz", ".csv"), id="an unknown suffix"),
    ],
)
def test_one_file_for_several_sources(
    gonio: "Gonio", check: "Check", tmp_path: Path, options: tuple[str, ...], fragments: tuple[str, ...]
) -> None:
    (tmp_path / "notes").write_text("a file")
    check.refused(gonio("predict", "a.mp4", "b.mp4", *options), *fragments)
    assert check.names(tmp_path) == ["notes"]


def test_ctrl_c_keeps_what_was_written(
    command: str,
    environment: dict[str, str],
    check: "Check",
    media: "Media",
    tmp_path: Path,
    walk: Path,
    quick_card: Path,
) -> None:
    pictures = media.pictures(walk, 30)
    for name in ("left", "right"):
        media.clip(tmp_path / f"{name}.mp4", pictures * 60)
    growing = [tmp_path / "out" / f"{name}-poses.jsonl" for name in ("left", "right")]
    with subprocess.Popen(
        [command, "predict", "left.mp4", "right.mp4", "--model", str(quick_card), "--out", "out", "--also", ".jsonl"],
        env=environment,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background ignores it
    ) as process:
        deadline = time.monotonic() + 60
        while not all(path.is_file() and path.read_bytes().count(b"\n") > 5 for path in growing):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"stopped early" in said
    for path in growing:
        document = check.document(path.with_suffix(".json"))
        assert document["complete"] is False
        frames = len(document["frames"])
        assert 5 <= frames < 1800
        assert json.loads(path.read_text().splitlines()[-1]) == {"complete": False}
        assert len(check.video_times(path.with_suffix(".mp4"))) == frames


def test_a_bar_for_each_on_a_terminal(
    command: str, environment: dict[str, str], tmp_path: Path, two_films: tuple[Path, Path], quick_card: Path
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [command, "predict", *map(str, two_films), "--model", str(quick_card), "--json", "numbers"],
        env=environment | {"TERM": "xterm"},
        cwd=tmp_path,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # how Linux tells that the other side has ended
            pass
        os.close(ours)
    assert process.returncode == 0
    for fragment in (b"left.mp4", b"right.mp4", b"12/12", b"6/6"):
        assert fragment in said
