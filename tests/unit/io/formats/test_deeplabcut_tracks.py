"""DeepLabCut's predictions; pandas writes them as DeepLabCut does."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError, MissingDependencyError
from gonio.io.formats.deeplabcut_tracks import read_deeplabcut_tracks
from gonio.structures.skeleton import load_skeleton

pandas = pytest.importorskip("pandas")
PARTS = ["LeftKnee", "nose", "tail"]
VALUES = np.random.default_rng(0).uniform(0, 1, (4, 18)) * np.tile([500, 400, 1], 6)


def table(people: list[str]) -> Any:
    levels = [["DLC_net"], *([people] if people else []), PARTS, ["x", "y", "likelihood"]]
    names = ["scorer", *(["individuals"] if people else []), "bodyparts", "coords"]
    columns = pandas.MultiIndex.from_product(levels, names=names)
    return pandas.DataFrame(VALUES[:, : len(columns)], columns=columns)


def test_one(tmp_path: Path) -> None:
    table([]).to_csv(tmp_path / "a.csv")
    found = read_deeplabcut_tracks(tmp_path / "a.csv", fps=50)
    assert found.skeleton.keypoint_names == ("left_knee", "nose", "tail")
    assert found.time_s.tolist() == [0, 0.02, 0.04, 0.06]
    np.testing.assert_allclose(found.point("nose")[:, 0], VALUES[:, 3:5], rtol=1e-6)
    np.testing.assert_allclose(found.scores[:, 0, 1], VALUES[:, 5], rtol=1e-6)


def test_several_and_a_skeleton(tmp_path: Path) -> None:
    frame = table(["ann", "ben"])
    frame.iloc[2, 9:18] = np.nan
    frame.to_csv(tmp_path / "a.csv")
    found = read_deeplabcut_tracks(tmp_path / "a.csv", load_skeleton("coco17"), fps=50)
    assert found.track_ids.tolist() == [0, 1]
    np.testing.assert_allclose(found.point("left_knee")[[0, 1, 3], 1], VALUES[[0, 1, 3], 9:11], rtol=1e-6)
    assert np.isnan(found.keypoints[2, 1]).all()
    assert found.scores[2, 1].max() == 0


def test_hdf5(tmp_path: Path) -> None:
    pytest.importorskip("tables", reason="PyTables is not installed")
    table(["ann", "ben"]).to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table", mode="w")
    table(["ann", "ben"]).to_csv(tmp_path / "a.csv")
    one, other = (read_deeplabcut_tracks(tmp_path / f"a.{suffix}", fps=50) for suffix in ("h5", "csv"))
    np.testing.assert_allclose(one.keypoints, other.keypoints, rtol=1e-6)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-6)


def written(folder: Path, change: Callable[[str], str]) -> Path:
    table([]).to_csv(folder / "a.csv")
    (folder / "a.csv").write_text(change((folder / "a.csv").read_text()))
    return folder / "a.csv"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub(r"^(\d+),", r"\1.0,", text, flags=re.MULTILINE),
        lambda text: text.replace(",", ";").replace(".", ","),
        lambda text: text.replace(",", "\t").replace("\n", "\r\n"),
    ],
    ids=["frames as floats", "semicolons and decimal commas", "tabs"],
)
def test_tables_that_went_through_other_programs(tmp_path: Path, change: Callable[[str], str]) -> None:
    found = read_deeplabcut_tracks(written(tmp_path, change), fps=50)
    assert found.time_s.tolist() == [0, 0.02, 0.04, 0.06]
    np.testing.assert_allclose(found.point("nose")[:, 0], VALUES[:, 3:5], rtol=1e-6)


def test_what_was_not_found_is_missing(tmp_path: Path) -> None:
    frame = table([])
    frame.iloc[1, 3:6] = -1
    frame.iloc[2, 3:6] = 0
    frame.iloc[3, 5] = 0  # a doubtful one keeps its place
    frame.to_csv(tmp_path / "a.csv")
    found = read_deeplabcut_tracks(tmp_path / "a.csv", fps=50)
    assert np.isfinite(found.point("nose")[:, 0, 0]).tolist() == [True, False, False, True]
    assert found.scores[:, 0, 1].tolist() == [pytest.approx(VALUES[0, 5]), 0, 0, 0]


def test_positions_in_space_and_a_table_without_rows(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"positions in space \(x, y, z\) without saying their unit"):
        read_deeplabcut_tracks(written(tmp_path, lambda text: text.replace("likelihood", "z")), fps=50)
    with pytest.raises(MediaError, match="has a header but no frame"):
        read_deeplabcut_tracks(written(tmp_path, lambda text: "\n".join(text.splitlines()[:3]) + "\n"), fps=50)


def test_hdf5_of_a_reader_that_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyTables: what pandas gives is read as the CSV is, and PyTables' own error becomes one sentence."""
    (tmp_path / "a.h5").write_bytes(b"h5")
    given: list[Any] = [table(["ann", "ben"]), RuntimeError("HDF5 error back trace")]  # HDF5ExtError is one

    def read_hdf(_path: Path) -> Any:
        one = given.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    module = "gonio.io.formats.deeplabcut_tracks.require"
    monkeypatch.setattr(module, lambda *_, **__: SimpleNamespace(read_hdf=read_hdf))
    table(["ann", "ben"]).to_csv(tmp_path / "a.csv")
    one, other = (read_deeplabcut_tracks(tmp_path / f"a.{suffix}", fps=50) for suffix in ("h5", "csv"))
    np.testing.assert_allclose(one.keypoints, other.keypoints, rtol=1e-6)
    with pytest.raises(MediaError, match="no HDF5 table that can be read"):
        read_deeplabcut_tracks(tmp_path / "a.h5", fps=50)


def test_hdf5_without_pytables_names_the_way_out(tmp_path: Path) -> None:
    if find_spec("tables") is not None:
        pytest.skip("PyTables is installed")
    (tmp_path / "a.h5").write_bytes(b"h5")
    with pytest.raises(MissingDependencyError, match=r"save_as_csv=True needs nothing.*gonio\[deeplabcut\]"):
        read_deeplabcut_tracks(tmp_path / "a.h5", fps=50)


def test_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    table([]).to_csv(path)
    text = path.read_text()
    with pytest.raises(ConfigError, match="give the frame rate of its video with --fps"):
        read_deeplabcut_tracks(path)
    path.write_text(text[: text.rindex(",")])
    with pytest.raises(MediaError, match=r"a row is not one of numbers|another number of cells"):
        read_deeplabcut_tracks(path, fps=50)
    path.write_text(text.replace("\n1,", "\nlabeled-data/run/img01.png,"))
    with pytest.raises(MediaError, match="a row is not one of numbers"):
        read_deeplabcut_tracks(path, fps=50)
    path.write_text("scorer,a\nbodyparts,b\n")
    with pytest.raises(MediaError, match="lacks the rows bodyparts and coords"):
        read_deeplabcut_tracks(path, fps=50)
