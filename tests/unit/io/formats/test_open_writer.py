"""Which writer a name picks, streams as targets, and targets that cannot be written."""

import errno
import io
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats import (
    CocoResultsWriter,
    CsvWriter,
    JsonLinesWriter,
    JsonWriter,
    PoseFormat,
    PoseWriter,
    format_of,
    open_writer,
)
from gonio.io.formats import output as output_module
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

FullDisk = Callable[[int], AbstractContextManager[None]]
MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]

COCO = load_skeleton("coco17")
NAMES = ["run.json", "run.jsonl", "run.csv", "run.coco.json"]


def opened(target: str | Path | io.StringIO, kind: PoseFormat | None = None) -> PoseWriter:
    return open_writer(target, model="multipose", skeleton=COCO, kind=kind)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run.json", JsonWriter),
        ("RUN.JSON", JsonWriter),
        ("run.jsonl", JsonLinesWriter),
        ("run.csv", CsvWriter),
        ("run.coco.json", CocoResultsWriter),
        ("my.run.json", JsonWriter),
        ("coco.json", JsonWriter),
    ],
)
def test_suffix_picks_the_writer(tmp_path: Path, name: str, expected: type) -> None:
    with opened(tmp_path / "new folder" / name) as out:
        assert isinstance(out, expected)
    assert (tmp_path / "new folder" / name).stat().st_size > 0


def test_kind_beats_the_suffix(tmp_path: Path) -> None:
    with opened(tmp_path / "run.txt", "csv") as out:
        assert isinstance(out, CsvWriter)


@pytest.mark.parametrize("name", ["run.xml", "run", "json", ".json.gz"])
def test_unknown_suffix_lists_the_known(name: str) -> None:
    with pytest.raises(ConfigError, match=r"\.coco\.json, \.csv, \.json, \.jsonl"):
        format_of(name)


def test_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no format for poses is named 'xml'; there are: json, jsonl, csv, coco"):
        opened(tmp_path / "x.json", "xml")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "coco"])
def test_standard_output(
    capsys: pytest.CaptureFixture[str], make_frame: MakeFrame, make_poses: MakePoses, kind: PoseFormat
) -> None:
    with opened("-", kind) as out:
        out.write(make_frame(), make_poses(1))
    text = capsys.readouterr().out
    assert text.endswith("\n")
    if kind in ("json", "coco"):
        json.loads(text)
    else:
        assert len(text.splitlines()) == {"jsonl": 3, "csv": 18}[kind]
    sys.stdout.write("still open\n")


def test_text_stream_gets_a_json_document_and_stays_open(make_frame: MakeFrame, make_poses: MakePoses) -> None:
    stream = io.StringIO()

    def run() -> None:
        with opened(stream) as out:
            out.write(make_frame(), make_poses(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    document = json.loads(stream.getvalue())
    assert (len(document["frames"]), document["complete"]) == (1, False)


def test_stream_that_cannot_show_a_character(make_frame: MakeFrame, make_poses: MakePoses) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with open_writer(stream, model="m", skeleton=COCO, kind="csv") as out:
        out.write(make_frame(source="Läufer.mp4"), make_poses(1))
    assert b"L\\xe4ufer.mp4" in raw.getvalue()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BrokenPipeError(), "the program that reads the output has ended"),
        (OSError(errno.ENOSPC, "No space left"), "cannot write to the output stream: No space left"),
    ],
)
def test_stream_that_fails(make_frame: MakeFrame, make_poses: MakePoses, error: OSError, sentence: str) -> None:
    class Failing(io.StringIO):
        def write(self, text: str) -> int:
            if '"people"' in text:
                raise error
            return super().write(text)

    with pytest.raises(MediaError, match=sentence), opened(Failing()) as out:
        out.write(make_frame(), make_poses(1))


@pytest.mark.parametrize("name", NAMES)
def test_folder_of_that_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(MediaError, match=f"cannot write '.*{name}'"):
        opened(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_file_in_place_of_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match=f"cannot write '.*{name}'"):
        opened(tmp_path / "file" / name)


@pytest.mark.parametrize("name", NAMES)
def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The system's refusal is simulated: a test that runs as root may write anywhere."""

    def refuse(path: Path, mode: str) -> io.FileIO:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / name).write_text("earlier")
    monkeypatch.setattr(output_module, "FileIO", refuse)
    with pytest.raises(MediaError, match=f"cannot write '.*{name}': .*ermission"):
        opened(tmp_path / name)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "earlier")]


@pytest.mark.parametrize("name", ["run.json", "run.csv", "run.coco.json"])
def test_full_disk_leaves_the_earlier_file(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, full_disk: FullDisk, name: str
) -> None:
    (tmp_path / name).write_text("earlier")

    def run() -> None:
        with opened(tmp_path / name) as out:
            for index in range(100):
                out.write(make_frame(index), make_poses(1))

    with full_disk(4000), pytest.raises(MediaError, match=f"cannot write '.*{name}'"):
        run()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "earlier")]


def test_full_disk_at_the_very_end(tmp_path: Path, full_disk: FullDisk) -> None:
    path = tmp_path / "run.json"
    path.write_text("earlier")
    out = opened(path)
    out.fail("x" * 5000)
    with full_disk(4000), pytest.raises(MediaError, match="cannot write"):
        out.close()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("run.json", "earlier")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "coco"])
def test_device_that_is_full(make_frame: MakeFrame, make_poses: MakePoses, kind: PoseFormat) -> None:
    with pytest.raises(MediaError, match=r"cannot write '/dev/full'.*space"):
        opened("/dev/full", kind)
