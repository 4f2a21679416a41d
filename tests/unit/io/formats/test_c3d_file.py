"""C3D; ezc3d is the independent reader."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.c3d import read_c3d, write_c3d
from gonio.structures.sequence import PoseSequence

ezc3d = pytest.importorskip("ezc3d")
MakeSequence = Callable[..., PoseSequence]


def test_written_file_by_ezc3d(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence()
    write_c3d(tmp_path / "a.c3d", sequence)
    content = ezc3d.c3d(str(tmp_path / "a.c3d"))
    point = content["parameters"]["POINT"]
    assert tuple(point["LABELS"]["value"]) == sequence.skeleton.keypoint_names
    assert (point["UNITS"]["value"], point["RATE"]["value"][0]) == (["mm"], 50)
    points = content["data"]["points"][:3].transpose(2, 1, 0) / 1000
    np.testing.assert_allclose(points, sequence.keypoints[:, 0], atol=1e-6)
    residuals = content["data"]["meta_points"]["residuals"][0].T
    np.testing.assert_array_equal(residuals < 0, np.isnan(sequence.keypoints[:, 0, :, 0]))


def test_read_back(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence()
    write_c3d(tmp_path / "a.c3d", sequence)
    markers = read_c3d(tmp_path / "a.c3d")
    np.testing.assert_allclose(markers.positions, sequence.keypoints[:, 0], atol=1e-6)
    np.testing.assert_allclose(markers.time_s, sequence.time_s)


def test_what_does_not_fit(tmp_path: Path, make_sequence: MakeSequence) -> None:
    with pytest.raises(ConfigError, match="holds metres, got pixels"):
        write_c3d(tmp_path / "a.c3d", make_sequence(unit="px", d=2))
    uneven = replace(make_sequence(), time_s=np.array([0, 0.02, 0.04, 0.09, 0.1]))
    with pytest.raises(ConfigError, match=r"one frame rate, and a time is 15 ms off that of 40 Hz"):
        write_c3d(tmp_path / "a.c3d", uneven)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"text, not binary", bytes([2, 0x50]) * 300], ids=["empty", "text", "noise"])
def test_not_c3d(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.c3d").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.c3d"):
        read_c3d(tmp_path / "a.c3d")


def test_cut_short(tmp_path: Path, make_sequence: MakeSequence) -> None:
    write_c3d(tmp_path / "a.c3d", make_sequence())
    whole = (tmp_path / "a.c3d").read_bytes()
    (tmp_path / "b.c3d").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(MediaError, match="cut short"):
        read_c3d(tmp_path / "b.c3d")
