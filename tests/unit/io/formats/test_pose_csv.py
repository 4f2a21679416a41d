"""CSV: one row per person and keypoint."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.io.formats import CsvWriter
from gonio.io.formats.pose_csv import COLUMNS, WORLD_COLUMNS
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]

COCO = load_skeleton("coco17")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_rows(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    poses = make_poses(2, tracked=True)
    with CsvWriter(tmp_path / "run.csv", skeleton=COCO) as out:
        out.write(make_frame(3, 0.12, 'a, "b".mp4'), poses)
        out.write(make_frame(4, 0.16), make_poses(0))
    rows = rows_of(tmp_path / "run.csv")
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 2 * 17
    knee = next(row for row in rows if row["person"] == "1" and row["keypoint"] == "left_knee")
    assert (knee["frame_index"], knee["time_s"], knee["source"], knee["track_id"]) == (
        "3",
        "0.12",
        'a, "b".mp4',
        "8",
    )
    numbers = [float(knee[name]) for name in COLUMNS[6:]]
    expected = [*poses.keypoints[1, 13], poses.scores[1, 13], poses.person_scores[1], *poses.boxes[1]]
    np.testing.assert_allclose(numbers, np.array(expected, float), atol=5.1e-4, rtol=0)


def test_missing_values_are_empty_cells(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    with CsvWriter(tmp_path / "run.csv", skeleton=COCO) as out:
        out.write(make_frame(0, None), make_poses(1))
    nose = rows_of(tmp_path / "run.csv")[0]
    assert (nose["keypoint"], nose["x"], nose["y"], nose["time_s"], nose["track_id"]) == ("nose", "", "", "", "")
    assert float(nose["score"]) > 0
    assert "nan" not in (tmp_path / "run.csv").read_text()


def test_positions_in_metres_follow_where_the_model_has_them(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses
) -> None:
    world = np.arange(2 * 17 * 3, dtype=np.float32).reshape(2, 17, 3) * np.float32(0.07)
    world[1, 13] = np.nan
    with CsvWriter(tmp_path / "run.csv", skeleton=COCO) as out:
        out.write(make_frame(0), make_poses(0))  # in which nobody can tell
        out.write(make_frame(1), replace(make_poses(2), world=world))
        out.write(make_frame(2), make_poses(1))
    rows = rows_of(tmp_path / "run.csv")
    assert tuple(rows[0]) == COLUMNS + WORLD_COLUMNS
    assert [float(rows[1][name]) for name in WORLD_COLUMNS] == pytest.approx(world[0, 1].tolist(), abs=5.1e-5)
    for row in (rows[17 + 13], rows[2 * 17]):
        assert [row[name] for name in WORLD_COLUMNS] == ["", "", ""]


def test_nobody_gives_the_header_alone(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    with CsvWriter(tmp_path / "run.csv", skeleton=COCO) as out:
        out.write(make_frame(), make_poses(0))
    assert (tmp_path / "run.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_stopped_run_and_failures(
    tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses, caplog: pytest.LogCaptureFixture
) -> None:
    def run() -> None:
        with CsvWriter(tmp_path / "run.csv", skeleton=COCO) as out:
            out.write(make_frame(), make_poses(1))
            out.fail("cannot decode 'b.jpg'")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(rows_of(tmp_path / "run.csv")) == 17
    assert "cannot decode 'b.jpg'" in caplog.text
