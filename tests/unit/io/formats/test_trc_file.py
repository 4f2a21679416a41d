"""TRC, read back by a dozen lines of its own, and the trials that OpenSim teaches with."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.trc import read_trc, write_trc
from gonio.structures.sequence import PoseSequence

MakeSequence = Callable[..., PoseSequence]

HEADER = """PathFileType\t4\t(X/Y/Z)\twalk.trc
DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames
100\t100\t2\t2\tmm\t100\t1\t2
Frame#\tTime\tL.Heel\t\t\tL.Toe\t\t
\t\tX1\tY1\tZ1\tX2\tY2\tZ2
"""
ROWS = "\n1\t0.00\t100\t200\t-300\t\t\t\n2\t0.01\t110\t 210.5\t-310\t1\t2\t3\n"


def write(folder: Path, text: str, name: str = "walk.trc") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def independent(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Header values, marker names, rows: knows only where things stand."""
    lines = path.read_text().split("\n")
    rows = [[float(cell or "nan") for cell in line.split("\t")] for line in lines[6:] if line]
    return lines[2].split("\t"), lines[3].split("\t")[2::3], np.array(rows)


def test_read(tmp_path: Path) -> None:
    markers = read_trc(write(tmp_path, HEADER + ROWS))
    assert markers.names == ("L.Heel", "L.Toe")
    assert markers.unit == "m"
    np.testing.assert_array_equal(markers.time_s, [0, 0.01])
    np.testing.assert_allclose(markers.positions[:, 0], [[0.1, 0.2, -0.3], [0.11, 0.2105, -0.31]])
    assert np.isnan(markers.positions[0, 1]).all()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEADER + ROWS.lstrip("\n"), id="no blank line"),
        pytest.param(HEADER + ROWS.replace("-300\t\t\t", "-300"), id="last empty cells dropped"),
        pytest.param(HEADER + ROWS.replace("-300\t\t\t", "-300\t\t\t\t"), id="a tab too many"),
        pytest.param((HEADER + ROWS).replace("\n", "\r\n"), id="Windows lines"),
        pytest.param(HEADER + ROWS.replace("1\t0.00", "23\t0.00", 1), id="frames from 23"),
        pytest.param(
            HEADER + ROWS.replace("1\t0.00", "1.0\t0.00", 1).replace("\n2\t", "\n2.0\t"), id="frames as floats"
        ),
        pytest.param(HEADER + ROWS.replace(".", ","), id="decimal commas"),
        pytest.param(HEADER.replace("\tmm\t", "\tMillimeters\t") + ROWS, id="unit in words"),
        pytest.param(HEADER + ROWS.replace("-300\t\t\t", "-300\tNaN\tnan\tNaN"), id="NaN for a blank"),
    ],
)
def test_what_real_files_do(tmp_path: Path, text: str) -> None:
    usual = read_trc(write(tmp_path, HEADER + ROWS))
    markers = read_trc(write(tmp_path, text, "other.trc"))
    np.testing.assert_array_equal(markers.positions, usual.positions)
    np.testing.assert_array_equal(markers.time_s, usual.time_s)


def test_a_path_in_the_code_page_of_windows(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_bytes((HEADER.replace("walk.trc", "C:\\José\\walk.trc") + ROWS).encode("latin-1"))
    usual = read_trc(write(tmp_path, HEADER + ROWS))
    np.testing.assert_array_equal(read_trc(tmp_path / "a.trc").positions, usual.positions)


def test_nothing_but_the_mark_of_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(MediaError, match="does not begin with the five header lines"):
        read_trc(tmp_path / "a.trc")


def test_more_rows_than_announced_are_read_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(read_trc(write(tmp_path, HEADER.replace("100\t2\t2", "100\t1\t2") + ROWS)).time_s) == 2
    assert "announces 1 frames of 2 markers but holds 2 of 2" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("nothing of the kind", "does not begin with the five header lines", id="other text"),
        pytest.param(HEADER, "no row of data", id="header alone"),
        pytest.param(HEADER + ROWS[: ROWS.index("2\t0.01")], "announces 2 frames and holds 1", id="cut at a line"),
        pytest.param(HEADER + ROWS[:-8], "its last line, 8, ends in the middle", id="cut in a line"),
        pytest.param(HEADER.replace("\tmm\t", "\tfurlong\t") + ROWS, "unit is 'furlong'", id="unit"),
        pytest.param(HEADER + ROWS.replace("0.01", "0.00"), "times do not increase", id="times"),
        pytest.param(HEADER + ROWS.replace("110", "eleven"), "line 8 has an odd cell", id="word"),
        pytest.param(HEADER + ROWS.replace("1\t2\t3", "1\t2\t3\t4"), "line 8 has 8 numbers, expected 7", id="too many"),
        pytest.param(HEADER.replace("L.Toe", "L.Heel") + ROWS, "two markers are named 'L.Heel'", id="name twice"),
    ],
)
def test_damaged(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_trc(write(tmp_path, text))


@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 9], ids=["empty", "binary"])
def test_not_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.trc").write_bytes(content)
    with pytest.raises(MediaError):
        read_trc(tmp_path / "a.trc")


def test_written_file_by_an_independent_reader(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence()
    write_trc(tmp_path / "a.trc", sequence)
    values, names, rows = independent(tmp_path / "a.trc")
    assert values == ["50", "50", "5", "26", "m", "50", "1", "5"]
    assert tuple(names) == sequence.skeleton.keypoint_names
    np.testing.assert_array_equal(rows[:, 1], sequence.time_s)
    np.testing.assert_allclose(rows[:, 2:].reshape(5, 26, 3), sequence.keypoints[:, 0], atol=5.1e-7)


def test_several_people_do_not_fit(tmp_path: Path, make_sequence: MakeSequence) -> None:
    with pytest.raises(ConfigError, match=r"one person, got the tracks \[2, 5\]"):
        write_trc(tmp_path / "a.trc", make_sequence(2))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "shape", "start_s"), [("walk", (238, 41, 3), 0.0), ("run", (510, 42, 3), 0.23)], ids=["walk", "run"]
)
def test_real_trials(shared_data: Path, name: str, shape: tuple[int, int, int], start_s: float) -> None:
    markers = read_trc(shared_data / "gait" / f"{name}_markers.trc")
    assert markers.positions.shape == shape
    assert markers.time_s[0] == start_s
    assert np.isfinite(markers.positions).all()
    height = np.ptp(markers.positions[0, :, 1])
    assert 1.3 < height < 1.8  # of the markers, heel to shoulder
