"""NetCDF; xarray is the independent reader, and movement's own check is made where it is installed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.netcdf import read_netcdf, write_netcdf
from gonio.structures.sequence import PoseSequence

xarray = pytest.importorskip("xarray")
pytest.importorskip("netCDF4")
MakeSequence = Callable[..., PoseSequence]


def test_written_file_by_xarray(tmp_path: Path, make_sequence: MakeSequence) -> None:
    """The layout is that of ``ValidPosesInputs.to_dataset`` of movement 0.15."""
    sequence = make_sequence(2, unit="px", d=2)
    write_netcdf(tmp_path / "a.nc", sequence)
    with xarray.open_dataset(tmp_path / "a.nc") as data:
        assert data["position"].dims == ("time", "space", "keypoints", "individuals")
        assert data["confidence"].dims == ("time", "keypoints", "individuals")
        assert data["space"].values.tolist() == ["x", "y"]
        assert data["individuals"].values.tolist() == ["id_2", "id_5"]
        assert {name: data.attrs[name] for name in ("ds_type", "time_unit", "fps", "source_software")} == {
            "ds_type": "poses",
            "time_unit": "seconds",
            "fps": 50.0,
            "source_software": "Gonio",
        }
        knee = data["position"].sel(keypoints="left_knee", individuals="id_5")
        np.testing.assert_array_equal(knee, sequence.point("left_knee")[:, 1])
        np.testing.assert_array_equal(data["time"], sequence.time_s)


def test_movement_accepts_it(tmp_path: Path, make_sequence: MakeSequence) -> None:
    datasets = pytest.importorskip("movement.validators.datasets", reason="movement is not installed")
    sequence = make_sequence(2)
    write_netcdf(tmp_path / "a.nc", replace(sequence, world=sequence.keypoints))
    with xarray.open_dataset(tmp_path / "a.nc") as data:
        datasets.ValidPosesInputs.validate(data)


def test_read_back(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence(2)
    flags = np.full(sequence.scores.shape, 3, np.uint8)
    world = (sequence.keypoints[..., ::-1] * 2).astype(np.float32)
    sd = sequence.scores * np.float32(0.9)
    sequence = replace(sequence, keypoint_sd=sd, flags=flags, world=world, history=("a", "b"))
    write_netcdf(tmp_path / "a.nc", sequence)
    found = read_netcdf(tmp_path / "a.nc")
    for name in ("keypoints", "scores", "time_s", "track_ids", "keypoint_sd", "flags", "world"):
        np.testing.assert_array_equal(getattr(found, name), getattr(sequence, name), err_msg=name)
    assert (found.skeleton.name, found.unit, found.history) == ("halpe26", "m", ("a", "b"))


def made_elsewhere(space: Sequence[str] = ("x", "y"), **attributes: object) -> object:
    """As movement makes it of numbers alone: frames, no confidence, names in another order."""
    position = np.arange(3 * len(space) * 2, dtype=float).reshape(3, len(space), 2, 1)
    coordinates = {"time": [0, 1, 2], "space": list(space), "keypoints": ["right_knee", "nose"], "individuals": ["Ann"]}
    variables = {
        "position": (tuple(coordinates), position),
        "confidence": (("time", "keypoints", "individuals"), np.full((3, 2, 1), np.nan)),
    }
    return xarray.Dataset(variables, coordinates, {"ds_type": "poses", "time_unit": "frames", **attributes})


def test_frames_of_another_program(tmp_path: Path) -> None:
    made_elsewhere().to_netcdf(tmp_path / "a.nc", engine="netcdf4")  # type: ignore[attr-defined]
    found = read_netcdf(tmp_path / "a.nc", fps=25)
    assert found.time_s.tolist() == [0, 0.04, 0.08]
    assert found.point("nose")[:, 0].tolist() == [[1, 3], [5, 7], [9, 11]]
    assert (found.scores == 1).all()
    assert found.track_ids.tolist() == [0]
    with pytest.raises(ConfigError, match="counts frames and has no times; give the frame rate"):
        read_netcdf(tmp_path / "a.nc")


def test_axes_in_another_order(tmp_path: Path) -> None:
    made_elsewhere(space=["y", "x"]).to_netcdf(tmp_path / "a.nc", engine="netcdf4")  # type: ignore[attr-defined]
    assert read_netcdf(tmp_path / "a.nc", fps=25).point("nose")[:, 0].tolist() == [[3, 1], [7, 5], [11, 9]]


def test_positions_in_space_without_a_unit_are_not_taken_for_pixels(tmp_path: Path) -> None:
    made_elsewhere(space=["x", "y", "z"]).to_netcdf(tmp_path / "a.nc", engine="netcdf4")  # type: ignore[attr-defined]
    with pytest.raises(MediaError, match="does not say that they are metres"):
        read_netcdf(tmp_path / "a.nc", fps=25)
    made_elsewhere(space=["x", "y", "z"], unit="m").to_netcdf(tmp_path / "b.nc", engine="netcdf4")  # type: ignore[attr-defined]
    assert read_netcdf(tmp_path / "b.nc", fps=25).unit == "m"
    made_elsewhere(space=["u", "v"]).to_netcdf(tmp_path / "c.nc", engine="netcdf4")  # type: ignore[attr-defined]
    with pytest.raises(MediaError, match="its axes in space are u, v"):
        read_netcdf(tmp_path / "c.nc", fps=25)


def test_a_rate_beside_times_is_said(
    tmp_path: Path, make_sequence: MakeSequence, caplog: pytest.LogCaptureFixture
) -> None:
    write_netcdf(tmp_path / "a.nc", make_sequence())
    assert read_netcdf(tmp_path / "a.nc", fps=25).time_s[1] == 0.02
    assert "the frame rate of 25 is not used" in caplog.text


def test_not_poses(tmp_path: Path) -> None:
    xarray.Dataset({"temperature": ("time", [1.0])}).to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(MediaError, match="no data set of poses"):
        read_netcdf(tmp_path / "a.nc")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n" + bytes(99)], ids=["empty", "text", "cut"])
def test_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.nc").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.nc"):
        read_netcdf(tmp_path / "a.nc")
