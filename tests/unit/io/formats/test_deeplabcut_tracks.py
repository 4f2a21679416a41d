"""DeepLabCut's predictions; pandas writes them as DeepLabCut does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
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
