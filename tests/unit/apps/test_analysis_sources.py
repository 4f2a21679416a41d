"""What a folder or a pattern is made of."""

import json
from pathlib import Path

import pytest

from gonio.apps.cli.analysis_sources import sources_of
from gonio.errors import ConfigError


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def names_of(name: Path | str) -> list[str] | None:
    found = sources_of(str(name))
    return None if found is None else [path.name for path in found]


def test_files_of_keypoints_in_natural_order(tmp_path: Path) -> None:
    make(tmp_path, "t10.trc", "t2.trc", "a.csv", "b.parquet", "notes.txt", "a.mot", ".hidden.csv")
    assert names_of(tmp_path) == ["a.csv", "b.parquet", "t2.trc", "t10.trc"]


def test_tables_of_angles_are_no_keypoints(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "a.angles.csv", "a.angles.parquet", "a.angles.json")
    assert names_of(tmp_path) == ["a.csv"]


def test_beside_videos_only_the_videos(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "a.csv", "b.MOV")
    assert names_of(tmp_path) == ["a.mp4", "b.MOV"]
    assert names_of(tmp_path / "*.csv") == ["a.csv"]


def test_deeplabcut_writes_its_table_twice(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "a.h5", "b.h5")
    assert names_of(tmp_path) == ["a.csv", "b.h5"]


def test_folders_of_openpose_and_records(tmp_path: Path) -> None:
    make(tmp_path, "cam2/x_0_keypoints.json", "cam1/x_0_keypoints.json", "other/a.txt")
    for name, kind in (("poses", "gonio.poses"), ("walk", "gonio.analysis"), ("theirs", None)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"format": kind, "frames": []} if kind else {"frames": []}))
    assert names_of(tmp_path) == ["cam1", "cam2", "poses.json", "theirs.json"]
    assert names_of(tmp_path / "cam1") is None


def test_what_is_one_source(tmp_path: Path) -> None:
    make(tmp_path, "a[1].csv")
    for name in (tmp_path / "a[1].csv", tmp_path / "none.csv", "rtsp://camera/*", "0"):
        assert names_of(name) is None


def test_nothing_to_measure(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    with pytest.raises(ConfigError, match=r"no video and no file of keypoints in .*; videos end in"):
        sources_of(str(tmp_path))
    with pytest.raises(ConfigError, match=r"nothing fits the pattern '.*\*\.csv'"):
        sources_of(str(tmp_path / "*.csv"))
