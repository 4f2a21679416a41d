"""OpenSim's storage files, read back by a dozen lines of its own."""

from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError, ShapeError
from gonio.io.formats.mot import read_mot, write_mot

NAMES = ("pelvis_tx", "knee_angle_r")
VALUES = np.array([[0.5, 61.25], [0.25, np.nan], [1 / 3, -4e-9]])
TIMES = np.array([0.0, 0.04, 0.0667])


def independent(path: Path) -> tuple[dict[str, str], list[str], np.ndarray]:
    head, _, body = path.read_text().partition("endheader\n")
    header = dict(line.split("=") for line in head.splitlines()[1:])
    columns, *rows = [line.split("\t") for line in body.splitlines()]
    return header, columns, np.array(rows, float)


def test_written_file_by_an_independent_reader(tmp_path: Path) -> None:
    write_mot(tmp_path / "a.mot", NAMES, VALUES, TIMES)
    header, columns, rows = independent(tmp_path / "a.mot")
    assert header == {"version": "1", "nRows": "3", "nColumns": "3", "inDegrees": "yes"}
    assert columns == ["time", *NAMES]
    np.testing.assert_array_equal(rows, np.column_stack([TIMES, VALUES]))


def test_read_back(tmp_path: Path) -> None:
    write_mot(tmp_path / "a.sto", NAMES, VALUES, TIMES, in_degrees=False, title="Angles")
    table = read_mot(tmp_path / "a.sto")
    assert (table.names, table.in_degrees, table.title) == (NAMES, False, "Angles")
    np.testing.assert_array_equal(table.values, VALUES)
    np.testing.assert_array_equal(table.time_s, TIMES)


def test_degrees_leave_lengths(tmp_path: Path) -> None:
    write_mot(tmp_path / "a.mot", NAMES, np.array([[0.5, np.pi]]), np.zeros(1), in_degrees=False)
    table = read_mot(tmp_path / "a.mot").degrees()
    np.testing.assert_allclose(table.values, [[0.5, 180.0]])
    assert table.degrees() is table
    np.testing.assert_allclose(table.column("knee_angle_r"), [180])
    with pytest.raises(ConfigError, match="no column 'knee'"):
        table.column("knee")


def test_header_of_simm(tmp_path: Path) -> None:
    text = "name walk\ndatacolumns 2\ndatarows 1\nrange 0 1\nendheader\ntime knee\n0.5  7.25\n"
    (tmp_path / "a.mot").write_text(text)
    table = read_mot(tmp_path / "a.mot")
    assert (table.names, table.time_s.tolist(), table.values.tolist()) == (("knee",), [0.5], [[7.25]])


GOOD = "Coordinates\nversion=1\nnRows=2\nnColumns=2\ninDegrees=yes\nendheader\ntime\tknee\n0\t1\n0.1\t2\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no such thing\n", "no line 'endheader'"),
        (GOOD[: GOOD.index("time")], "no line 'endheader' with"),
        (GOOD.replace("0.1\t2\n", ""), "announces 2 rows and holds 1"),
        (GOOD.replace("0.1\t2\n", "0.1\n"), "line 9 has 1 numbers, expected 2"),
        (GOOD.replace("0.1\t2", "0.1\ttwo"), "line 9 has an odd cell"),
        (GOOD.replace("time\t", "frame\t"), "first column is 'frame'"),
        (GOOD.replace("time\tknee", "time\tknee\tknee"), "two columns are named 'knee'"),
    ],
    ids=["other", "header alone", "cut", "cut in a line", "word", "no time", "name twice"],
)
def test_damaged(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.mot").write_text(text)
    with pytest.raises(MediaError, match=message):
        read_mot(tmp_path / "a.mot")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ShapeError):
        write_mot(tmp_path / "a.mot", NAMES, VALUES, TIMES[:2])
    with pytest.raises(ConfigError, match="'knee angle'"):
        write_mot(tmp_path / "a.mot", ("knee angle",), VALUES[:, :1], TIMES)
    assert not list(tmp_path.iterdir())


def test_real_forces(shared_data: Path) -> None:
    table = read_mot(shared_data / "gait" / "walk_grf.mot")
    assert table.values.shape == (4778, 18)
    assert not table.in_degrees
    assert table.column("ground_force_r_vy").max() > 500
