"""What a person gets wrong, and what goes wrong: one sentence, exit code 1, and nothing lost."""

import csv
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from gonio.models.registry import WEIGHTS_FOLDER, find_card

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio, Media


def write_photo(path: Path, size_wh: tuple[int, int] = (64, 48)) -> Path:
    Image.new("RGB", size_wh, (120, 130, 140)).save(path)
    return path


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_huge_png(path: Path, side: int) -> Path:
    """A valid black PNG of 1 bit per pixel: 0.1 MB on the disk, 2.7 GB as RGB for a side of 30,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = bytes(1 + (side + 7) // 8)
    pixels = b"".join(packer.compress(row * 100) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    return path


def cut(path: Path, source: Path, part: float) -> Path:
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


# --- sources that cannot be read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fragments"),
    [
        pytest.param("1815.webp", ("no file '1815.webp'", "check the path"), id="missing"),
        pytest.param("photo.jpeg", ("no file 'photo.jpeg'", "did you mean 'photo.jpg'?"), id="nearly"),
        pytest.param(
            "link.jpg", ("no file 'link.jpg'", "a link to 'gone.jpg', which is not there"), id="dangling link"
        ),
        pytest.param("nowhere/a.mp4", ("no file", "folder 'nowhere' does not exist"), id="missing folder"),
        pytest.param("nothing-*.png", ("no file matches 'nothing-*.png'", "quote it"), id="glob"),
        pytest.param("empty", ("no image in 'empty'", "no file lies directly in it"), id="empty folder"),
        pytest.param("texts", ("no image in 'texts'", "found 1 other file", ".jpg"), id="folder without images"),
        pytest.param("films", ("one file for several sources", "name a folder"), id="one file for a folder"),
        pytest.param("text.jpg", ("cannot decode 'text.jpg'", "not a JPEG"), id="text as picture"),
        pytest.param("text.mp4", ("cannot decode 'text.mp4'", "convert it"), id="text as video"),
        pytest.param("cut.jpg", ("cannot decode 'cut.jpg'", "cut off", "copy"), id="truncated picture"),
        pytest.param("zero.jpg", ("'zero.jpg' has 0 bytes", "again"), id="0-byte picture"),
        pytest.param("zero.mp4", ("'zero.mp4' has 0 bytes", "again"), id="0-byte video"),
        pytest.param("huge.png", ("'huge.png' is 30,000 x 30,000 px", "make it smaller"), id="30,000 px"),
        pytest.param("sound.mp4", ("cannot decode 'sound.mp4'", "audio only", "choose another"), id="audio only"),
        pytest.param("a [red]b[/].jpg", ("'a [red]b[/].jpg'", "check the pattern"), id="markup in the name"),
        pytest.param("ftp://host/a.jpg", ("'ftp://host/a.jpg'", "known are http"), id="unknown scheme"),
        pytest.param("camera:one", ("camera number is 'one'", "give 0"), id="camera"),
    ],
)
def test_unreadable_source(
    gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, name: str, fragments: tuple[str, ...]
) -> None:
    write_photo(tmp_path / "photo.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "films").mkdir()
    for text in ("films/a.mp4", "texts/notes.txt", "text.jpg", "text.mp4"):
        (tmp_path / text).write_text("This is no picture.\n" * 50)
    cut(tmp_path / "cut.jpg", astronaut, 0.5)
    (tmp_path / "link.jpg").symlink_to("gone.jpg")
    (tmp_path / "zero.jpg").touch()
    (tmp_path / "zero.mp4").touch()
    if name.startswith("huge"):
        write_huge_png(tmp_path / name, 30_000)
    if name.startswith("sound"):
        write_sound(tmp_path / name)
    earlier = tmp_path / "earlier.json", tmp_path / "earlier.jsonl"
    for file in earlier:
        file.write_text("of an earlier run")
    before = check.names(tmp_path)

    result = gonio("predict", name, "--out", "out", "--json", earlier[0], "--also", earlier[1])

    check.refused(result, *fragments)
    assert check.names(tmp_path) == before
    assert [file.read_text() for file in earlier] == ["of an earlier run"] * 2


def test_address_that_does_not_answer(gonio: "Gonio", check: "Check") -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and never listens
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/photo.jpg"
        check.refused(gonio("predict", address), address)


def test_file_that_may_not_be_read(gonio: "Gonio", check: "Check", tmp_path: Path) -> None:
    write_photo(tmp_path / "secret.jpg").chmod(0)
    result = gonio("predict", "secret.jpg", prefix=without_root_powers())
    check.refused(result, "cannot read 'secret.jpg'", "no permission", "change")


# --- sources that are partly good --------------------------------------------------------------------------------


def test_video_cut_in_half_keeps_what_came_before(
    gonio: "Gonio", check: "Check", tmp_path: Path, small_walk: Path, quick_card: Path
) -> None:
    cut(tmp_path / "half.mp4", small_walk, 0.5)
    result = gonio("predict", "half.mp4", "--model", quick_card, "--out", "out", "--also", "out/half.jsonl")

    found, *places, complaint = result.stderr.splitlines()
    frames = int(found.split(" frames")[0].split()[-1])
    assert 5 <= frames < 30
    assert len(places) == 3
    assert complaint.startswith(f"error: video 'half.mp4' ended early: {frames} of 30 announced frames")
    assert complaint.endswith("Re-copy or re-encode the file")
    assert (result.returncode, result.stdout) == (1, "")
    document = check.document(tmp_path / "out" / "half-poses.json")
    assert [frame["index"] for frame in document["frames"]] == list(range(frames))
    assert complaint == f"error: {document['failures'][0]}"
    assert len(check.video_times(tmp_path / "out" / "half-poses.mp4")) == frames
    lines = [json.loads(line) for line in (tmp_path / "out" / "half.jsonl").read_text().splitlines()]
    assert (len(lines) - 3, lines[-2]["failure"]) == (frames, document["failures"][0])


def test_video_cut_in_half_with_its_index_at_the_end(
    gonio: "Gonio", check: "Check", media: "Media", tmp_path: Path, walk: Path
) -> None:
    whole = media.clip(tmp_path / "whole.mp4", media.pictures(walk, 5), faststart=False)
    cut(tmp_path / "half.mp4", whole, 0.5)
    check.refused(gonio("predict", "half.mp4"), "cannot decode 'half.mp4'", "index (moov) is missing", "copy it again")


def test_folder_of_100_with_3_bad_ones(gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(100):
        write_photo(tmp_path / "photos" / f"{number:02}.png")
    bad = {"07.png": b"", "42.png": b"text" * 9, "99.png": (tmp_path / "photos" / "99.png").read_bytes()[:60]}
    for name, data in bad.items():
        (tmp_path / "photos" / name).write_bytes(data)

    result = gonio("predict", "photos", "--model", quick_card, "--out", "out")

    found, folder, document_place, *complaints = result.stderr.splitlines()
    assert found.startswith("found 0 poses in 97 pictures")
    assert (folder, document_place) == ("  out", "  out/photos-poses.json")
    assert len(complaints) == 3
    for complaint, name in zip(complaints, bad, strict=True):
        assert complaint.startswith("error: ")
        assert f"'photos/{name}'" in complaint
    assert (result.returncode, result.stdout) == (1, "")
    good = [f"{number:02}.png" for number in range(100) if f"{number:02}.png" not in bad]
    assert check.names(tmp_path / "out") == [*good, "photos-poses.json"]
    document = check.document(tmp_path / "out" / "photos-poses.json")
    assert [Path(frame["source"]).name for frame in document["frames"]] == good
    assert [f"error: {failure}" for failure in document["failures"]] == complaints


def test_folder_of_bad_ones_only(gonio: "Gonio", check: "Check", tmp_path: Path, quick_card: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        (tmp_path / "photos" / f"{number}.jpg").write_text("no picture")
    result = gonio("predict", "photos", "--model", quick_card)
    check.refused(result, "none of the 3 pictures of 'photos' could be read", "'photos/0.jpg'")
    assert check.names(tmp_path) == ["photos"]


@pytest.mark.parametrize("model", ["thunder", "multipose"])
def test_nobody_in_sight_is_an_empty_result(gonio: "Gonio", check: "Check", tmp_path: Path, model: str) -> None:
    photo = write_photo(tmp_path / "wall.png", (320, 240))
    result = gonio("predict", photo, "--model", model, "--out", "out", "--also", "out/wall.csv")
    assert result.returncode == 0
    assert result.stderr.startswith("found 0 poses in 1 picture")
    document = check.document(tmp_path / "out" / "wall-poses.json")
    assert [frame["people"] for frame in document["frames"]] == [[]]
    assert (document["failures"], document["complete"]) == ([], True)
    assert len((tmp_path / "out" / "wall.csv").read_text().splitlines()) == 1
    assert (np.asarray(Image.open(tmp_path / "out" / "wall.png")) == np.asarray(Image.open(photo))).all()


# --- settings out of range ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        pytest.param(("--min-score", "nan"), ("min_score is nan", "from 0 to 1"), id="NaN score"),
        pytest.param(("--min-person-score", "nan"), ("min_person_score is nan", "from 0 to 1"), id="NaN person score"),
        pytest.param(("--min-person-score", "-0.1"), ("min_person_score is -0.1", "from 0 to 1"), id="negative"),
        pytest.param(("--stride", "0"), ("stride is 0", "whole number"), id="stride"),
        pytest.param(("--start", "nan"), ("start is nan s", "0 s or later"), id="NaN start"),
        pytest.param(("--end", "1"), ("still pictures", "leave out start and end"), id="end of a picture"),
        pytest.param(("--threads", "0"), ("threads must be", "at least 1", "'0'"), id="threads"),
        pytest.param(("--json", "poses.xml"), ("'poses.xml'", ".jsonl"), id="unknown format"),
        pytest.param(("--json", "a.csv", "--also", "a.csv"), ("'a.csv' is named twice",), id="named twice"),
        pytest.param(("--json", "-", "--also", "-"), ("'-' is named twice",), id="standard output twice"),
        pytest.param(("--json", "folder.json"), ("cannot write 'folder.json'", "it is a folder"), id="folder as file"),
        pytest.param(("--json", "folder"), ("'folder'", "end it in one of"), id="folder without suffix"),
        pytest.param(
            ("--out", "run.json"), ("--out is 'run.json'", "give a folder", "file to --json"), id="numbers as folder"
        ),
        pytest.param(
            ("--out", "photo.png"), ("cannot write 'photo.png", "is a file, not a folder"), id="file as folder"
        ),
    ],
)
def test_impossible_setting(
    gonio: "Gonio", check: "Check", tmp_path: Path, arguments: tuple[str, ...], fragments: tuple[str, ...]
) -> None:
    write_photo(tmp_path / "photo.png")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "gonio-out").mkdir()
    (tmp_path / "gonio-out" / "photo-poses.json").write_text("of an earlier run")
    before = check.names(tmp_path)
    check.refused(gonio("predict", "photo.png", "--model", "multipose", *arguments), *fragments)
    assert check.names(tmp_path) == before
    assert (tmp_path / "gonio-out" / "photo-poses.json").read_text() == "of an earlier run"


def test_threads_of_the_environment(gonio: "Gonio", check: "Check", tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.png")
    result = gonio("predict", photo, env={"GONIO_THREADS": "many"})
    check.refused(result, "GONIO_THREADS must be a whole number of at least 1, got 'many'")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("predict",), id="no source"),
        pytest.param(("predict", "a.jpg", "--colour", "red"), id="unknown option"),
        pytest.param(("predict", "a.jpg", "--stride", "two"), id="no number"),
        pytest.param(("predikt", "a.jpg"), id="unknown verb"),
        pytest.param(("bench", "a.jpg", "--repeat", "0"), id="out of range"),
        pytest.param(("evaluate", "--images", "."), id="missing option"),
    ],
)
def test_wrong_usage_exits_2(gonio: "Gonio", arguments: tuple[str, ...]) -> None:
    result = gonio(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Usage: gonio" in result.stderr
    assert "Traceback" not in result.stderr


# --- models ------------------------------------------------------------------------------------------------------


def test_unknown_model(gonio: "Gonio", check: "Check", astronaut: Path) -> None:
    result = gonio("predict", astronaut, "--model", "tunder")
    check.refused(result, "no model named 'tunder'", "did you mean 'thunder'?", "'gonio models' lists all")


@pytest.mark.parametrize(
    ("fault", "fragments"),
    [
        pytest.param("flipped bit", ("weights of model 'multipose'", "damaged", "reinstall"), id="flipped bit"),
        pytest.param("cut", ("weights of model 'multipose'", "damaged", "reinstall"), id="cut off"),
        pytest.param("missing", ("weights of model 'multipose'", "cannot be read", "reinstall"), id="missing"),
        pytest.param("no onnx", ("cannot load", "not an ONNX model"), id="text with the right sha256"),
        pytest.param("no card", ("'card.json' is not a model card",), id="card that is not JSON"),
        pytest.param("wrong card", ("'card.json' is not a model card", "min_person_score"), id="NaN in the card"),
    ],
)
def test_corrupt_model(
    gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, fault: str, fragments: tuple[str, ...]
) -> None:
    card = find_card("multipose")[0]
    facts = card.model_dump(mode="json", exclude_none=True)
    data = bytearray((WEIGHTS_FOLDER / card.weights.file).read_bytes())
    if fault == "flipped bit":
        data[len(data) // 2] ^= 1
    elif fault == "cut":
        del data[len(data) // 2 :]
    elif fault == "no onnx":
        data = bytearray(b"This is no network.")
        facts["weights"]["sha256"] = hashlib.sha256(data).hexdigest()
    elif fault == "wrong card":
        facts["min_person_score"] = None
    if fault != "missing":
        (tmp_path / card.weights.file).write_bytes(data)
    (tmp_path / "card.json").write_text("{" if fault == "no card" else json.dumps(facts))
    before = check.names(tmp_path)
    check.refused(gonio("predict", astronaut, "--model", "card.json"), *fragments)
    assert check.names(tmp_path) == before


# --- places that cannot be written -------------------------------------------------------------------------------


def without_root_powers() -> tuple[str, ...]:
    """What to put before a command so that permissions bind it, whoever runs the tests."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may read and write everything, and there is no setpriv to take that away")
    return (setpriv, "--bounding-set=-dac_override,-dac_read_search")


def small_disk(folder: Path, *, options: str) -> tuple[str, ...]:
    """What to put before a command so that ``folder`` is a disk of its own, which this command alone sees.

    The disk begins with what ``folder`` holds; what it holds in the end is put into ``folder`` with ``-after`` behind
    its name.
    """
    unshare = shutil.which("unshare")
    script = (
        'place="$0"; options="$1"; shift; cp -R "$place" "$place-before" && mount -t tmpfs none "$place" '
        '&& cp -R "$place-before/." "$place" && mount -o "remount,$options" "$place" || exit 99; '
        '"$@"; code=$?; cp -R "$place" "$place-after"; exit $code'
    )
    for flags in ("-m", "-rm"):  # with the rights of root, or of a user who may play root in a namespace
        trial = [unshare or "", flags, "mount", "-t", "tmpfs", "none", str(folder)]
        if unshare and subprocess.run(trial, check=False, capture_output=True).returncode == 0:
            return (unshare, flags, "sh", "-c", script, str(folder), options)
    pytest.skip("this system lets the tests mount no disk of their own (unshare)")


def test_no_permission_to_write(
    gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, quick_card: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "astronaut-poses.json").write_text("of an earlier run")
    out.chmod(0o555)
    result = gonio("predict", astronaut, "--model", quick_card, "--out", "out", prefix=without_root_powers())
    check.refused(result, "cannot write 'out/astronaut-poses.json'", "no permission", "choose another folder")
    assert check.names(out) == ["astronaut-poses.json"]
    assert (out / "astronaut-poses.json").read_text() == "of an earlier run"


def test_read_only_disk(gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, quick_card: Path) -> None:
    (tmp_path / "out").mkdir()
    prefix = small_disk(tmp_path / "out", options="ro")
    result = gonio("predict", astronaut, "--model", quick_card, "--out", "out", prefix=prefix)
    check.refused(result, "cannot write 'out/astronaut-poses.json'", "read-only", "choose another folder")


def test_disk_full_while_the_video_is_written(
    gonio: "Gonio", check: "Check", tmp_path: Path, walk: Path, quick_card: Path
) -> None:
    """The drawn walk needs more than 1 MB; the disk has 0.4."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "walk-poses.mp4").write_text("of an earlier run")
    result = gonio(
        *("predict", walk, "--model", quick_card, "--out", "out", "--json", "walk.json", "--also", "walk.jsonl"),
        prefix=small_disk(tmp_path / "out", options="size=400k"),
    )
    check.refused(result, "cannot write 'out/walk-poses.mp4'", "no space left", "free some space")
    assert check.names(tmp_path / "out-after") == ["walk-poses.mp4"]
    assert (tmp_path / "out-after" / "walk-poses.mp4").read_text() == "of an earlier run"
    document = check.document(tmp_path / "walk.json")
    assert document["complete"] is False
    assert 1 <= len(document["frames"]) < 90
    last = (tmp_path / "walk.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) == {"complete": False}


def test_disk_full_while_the_numbers_are_written(
    gonio: "Gonio", check: "Check", tmp_path: Path, small_walk: Path, quick_card: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.csv").write_text("of an earlier run")
    (tmp_path / "out" / "ballast").write_bytes(bytes(380 * 1024))
    result = gonio(
        *("predict", small_walk, "--model", "multipose", "--json", "out/run.csv", "--also", "run.json"),
        prefix=small_disk(tmp_path / "out", options="size=400k"),
    )
    check.refused(result, "cannot write 'out/run.csv'", "no space left", "free some space")
    assert check.names(tmp_path / "out-after") == ["ballast", "run.csv"]
    assert (tmp_path / "out-after" / "run.csv").read_text() == "of an earlier run"
    assert check.document(tmp_path / "run.json")["complete"] is False


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("name", ["full.json", "full.jsonl", "full.csv", "full.coco.json"])
def test_full_device(
    gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path, quick_card: Path, name: str
) -> None:
    (tmp_path / name).symlink_to("/dev/full")
    (tmp_path / "other.json").write_text("of an earlier run")
    result = gonio("predict", astronaut, "--model", quick_card, "--json", "other.json", "--also", name)
    check.refused(result, "cannot write", "o space left", "free some space")
    assert (tmp_path / name).is_symlink()
    if name != "full.jsonl":  # which is opened last, and fails with it
        assert (tmp_path / "other.json").read_text() == "of an earlier run"


def test_reader_of_the_output_that_goes_away(command: str, environment: dict[str, str], small_walk: Path) -> None:
    """As ``gonio … --json - | head -c 20`` does."""
    with subprocess.Popen(
        [command, "predict", str(small_walk), "--model", "multipose", "--json", "-"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(20).startswith(b'{"format":"gonio')
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 1
    assert said.startswith("error: the program that reads the output has ended")
    assert len(said.splitlines()) == 1


# --- runs that are stopped ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_leaves_valid_files(
    command: str, environment: dict[str, str], check: "Check", tmp_path: Path, walk: Path, ending: signal.Signals
) -> None:
    """By Ctrl-C, by a service manager, by a terminal that is closed."""
    arguments = "--model multipose --out out --json run.json --also run.jsonl --also run.csv --also run.coco.json"
    with subprocess.Popen(
        [command, "predict", str(walk), *arguments.split()],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=ordinary_signals,
    ) as process:
        wait_for_lines(tmp_path / "run.jsonl", 5, process)
        process.send_signal(ending)
        stdout, stderr = process.communicate(timeout=30)

    said = stderr.decode().splitlines()
    assert (process.returncode, stdout) == (130, b"")
    assert said[0].startswith("found ")
    assert said[-1] == "stopped early; what was written is complete up to here"
    document = check.document(tmp_path / "run.json")
    frames = len(document["frames"])
    assert document["complete"] is False
    assert 4 <= frames < 90
    lines: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert lines[-1] == {"complete": False}
    # The signal may fall between two files' turns at the same frame.
    assert frames - 1 <= len(lines) - 2 <= frames
    assert frames - 1 <= len(check.video_times(tmp_path / "out" / "walk-poses.mp4")) <= frames
    assert isinstance(json.loads((tmp_path / "run.coco.json").read_text()), list)
    table = (tmp_path / "run.csv").read_text()
    assert table.endswith("\n")
    assert {len(row) for row in csv.reader(table.splitlines())} == {14}
    assert check.names(tmp_path) == ["out", "run.coco.json", "run.csv", "run.json", "run.jsonl"]
    assert check.names(tmp_path / "out") == ["walk-poses.mp4"]


def ordinary_signals() -> None:
    """A shell that starts the tests in the background, or nohup, leaves some ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for_lines(path: Path, count: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a growing file has so many lines."""
    give_up = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None, "the command ended before it could be stopped"
        assert time.monotonic() < give_up, "the command wrote nothing"
        time.sleep(0.01)


@pytest.mark.parametrize("debug", [False, True], ids=["plain", "debug"])
def test_fault_of_our_own(gonio: "Gonio", tmp_path: Path, astronaut: Path, debug: bool) -> None:
    """A model that breaks in a way that nobody foresaw: exit 70, a sentence, the traceback on request only."""
    (tmp_path / "sitecustomize.py").write_text(
        "from gonio.models.onestage import OneStageModel\n"
        "def broken(*arguments, **options):\n"
        "    raise RuntimeError('the [bold]flux[/] is low')\n"
        "OneStageModel._estimate = broken\n"
    )
    env = {"PYTHONPATH": str(tmp_path)} | ({"GONIO_DEBUG": "1"} if debug else {})
    result = gonio("predict", astronaut, env=env)
    *before, last = result.stderr.splitlines()
    assert last.startswith("error: unexpected RuntimeError: the [bold]flux[/] is low; set GONIO_DEBUG=1")
    assert (result.returncode, result.stdout) == (70, "")
    assert bool(before) is debug
    assert not debug or before[0].startswith("Traceback")
    assert not (tmp_path / "gonio-out").exists()
