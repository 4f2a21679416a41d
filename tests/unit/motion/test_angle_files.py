"""Joint angles on disk: OpenSim's coordinates, and tables with velocities and error bars."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, seen

from gonio.analysis.angles import angle_series
from gonio.analysis.kinematics import angular_velocity
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.analysis.uncertainty import with_uncertainty
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.io.formats.mot import read_mot
from gonio.motion.analyse import Motion
from gonio.motion.angle_columns import angle_columns
from gonio.motion.outputs import check_places, write_numbers
from gonio.structures.sequence import PoseSequence

PHASE = np.linspace(0, 6, 60)
POINTS = jointed_person(
    60,
    trunk_lean=15 + 5 * np.sin(PHASE),
    hip_flexion=20 + 30 * np.sin(PHASE),
    knee_flexion=35 + 30 * np.cos(PHASE),
    ankle_dorsiflexion=10 * np.sin(2 * PHASE),
    shoulder_elevation=40 * np.sin(PHASE),
    elbow_flexion=50 + 20 * np.cos(PHASE),
)
FILMED = with_uncertainty(seen(POINTS))
OPENSIM = AnalysisOptions(convention="opensim")


def motion(sequence: PoseSequence = FILMED) -> Motion:
    return Motion(Analysis("angles", 0), sequence, sequence, "film")


def pitch(start: str, end: str) -> FloatArray64:
    """How far a segment is turned about z, to the right, from hanging straight down; of somebody who goes along x."""
    along = POINTS[:, FILMED.skeleton.index(end)] - POINTS[:, FILMED.skeleton.index(start)]
    return np.asarray(np.degrees(np.arctan2(along[:, 0], -along[:, 1])), np.float64)


@pytest.mark.parametrize("suffix", [".mot", ".sto", ".STO"])
def test_a_model_that_takes_the_coordinates_stands_as_the_person(tmp_path: Path, suffix: str) -> None:
    """Oracle: the chain of gait2392 with Rajagopal's arms, every joint a turn about z to the right."""
    check_places("film.mp4", [], [tmp_path / f"a{suffix}"], OPENSIM)
    write_numbers(tmp_path / f"a{suffix}", motion(), OPENSIM)
    table = read_mot(tmp_path / f"a{suffix}")
    torso = table.column("pelvis_tilt")  # and lumbar_extension has its zero
    np.testing.assert_allclose(torso, pitch("right_shoulder", "right_hip"), atol=0.05)
    for side in ("left", "right"):
        thigh = torso + table.column(f"hip_flexion_{side[0]}")
        shank = thigh + table.column(f"knee_angle_{side[0]}")
        arm = torso + table.column(f"arm_flex_{side[0]}")
        forearm = arm + table.column(f"elbow_flex_{side[0]}")
        foot = shank + table.column(f"ankle_angle_{side[0]}") + 90
        chain = {("hip", "knee"): thigh, ("knee", "ankle"): shank, ("shoulder", "elbow"): arm,
                 ("elbow", "wrist"): forearm, ("heel", "big_toe"): foot}  # fmt: skip
        for (start, end), turned in chain.items():
            np.testing.assert_allclose(turned, pitch(f"{side}_{start}", f"{side}_{end}"), atol=0.05, err_msg=end)
    assert table.column("arm_flex_r").min() < -30
    assert not {
        name for name in table.names if name.startswith(("lumbar", "trunk_lean", "knee_flexion", "shoulder_el"))
    }


def test_from_the_front_arms_are_lifted_sideways() -> None:
    standing = jointed_person(20, hip_abduction=15.0)
    for side, sign in (("left", -1), ("right", 1)):
        index = FILMED.skeleton.index
        lifted = np.array([0.0, -np.cos(np.radians(70)), sign * np.sin(np.radians(70))])
        for part, far in (("elbow", 0.32), ("wrist", 0.58)):
            standing[:, index(f"{side}_{part}")] = standing[:, index(f"{side}_shoulder")] + far * lifted
    names, values = angle_columns(seen(standing, camera="front"), OPENSIM)
    found = dict(zip(names, values.mean(axis=0), strict=True))
    assert found["arm_add_l"] == pytest.approx(-70, abs=0.1)
    assert found["arm_add_r"] == pytest.approx(-70, abs=0.1)
    assert found["hip_adduction_l"] == pytest.approx(-15, abs=0.1)
    assert found["pelvis_list"] == pytest.approx(0, abs=0.1)
    assert not [name for name in names if name.startswith("arm_flex")]


def test_other_conventions_keep_their_names() -> None:
    names, _ = angle_columns(FILMED, AnalysisOptions())
    assert {"knee_flexion_left", "trunk_lean", "shoulder_elevation_right"} <= set(names)


def rows_of(path: Path) -> dict[str, list[str]]:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def test_a_table_has_angles_velocities_and_both_error_bars(tmp_path: Path) -> None:
    sequence = with_uncertainty(seen(POINTS))
    sequence.scores[20:24, 0, sequence.skeleton.index("right_knee")] = 0.1
    path = tmp_path / "walk.angles.csv"
    check_places("film.mp4", [], [path], AnalysisOptions())
    write_numbers(path, motion(sequence), AnalysisOptions())
    rows = rows_of(path)
    assert list(rows) == [
        "time_s", "angle", "side", "value_deg", "sd_deg", "velocity_deg_s", "velocity_sd_deg_s", "excluded"
    ]  # fmt: skip
    own = [
        i for i, pair in enumerate(zip(rows["angle"], rows["side"], strict=True)) if pair == ("knee_flexion", "right")
    ]
    columns = {name: np.array([float(values[i] or "nan") for i in own]) for name, values in rows.items() if "_" in name}
    knee = angle_series(sequence, "knee_flexion", side="right")
    np.testing.assert_allclose(columns["value_deg"], knee.valid_values)
    np.testing.assert_array_equal(columns["time_s"], sequence.time_s)
    assert np.isnan(columns["sd_deg"][20:24]).all()
    assert np.isnan(columns["velocity_deg_s"][20:24]).all()
    assert {rows["excluded"][i] for i in own[20:24]} == {"hidden or doubtful"}
    assert {rows["excluded"][i] for i in [*own[:20], *own[24:]]} == {""}
    true = np.gradient(knee.values, sequence.time_s)
    np.testing.assert_allclose(columns["velocity_deg_s"][26:-1], true[26:-1], atol=2)
    np.testing.assert_allclose(columns["velocity_sd_deg_s"][30:], angular_velocity(knee).sd[30:])


def test_json_and_parquet_hold_the_same(tmp_path: Path) -> None:
    for end in ("csv", "json", "parquet"):
        write_numbers(tmp_path / f"a.angles.{end}", motion(), OPENSIM)
    rows = rows_of(tmp_path / "a.angles.csv")
    document = json.loads((tmp_path / "a.angles.json").read_text())
    assert (document["format"], document["convention"]) == ("gonio.angles", "opensim")
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(tmp_path / "a.angles.parquet")
    for name, cells in rows.items():
        if name in ("angle", "side", "excluded"):
            assert document["columns"][name] == cells == frame[name].tolist()
        else:
            expected = np.array([float(cell or "nan") for cell in cells])
            np.testing.assert_array_equal(np.array(document["columns"][name], np.float64), expected)
            np.testing.assert_array_equal(frame[name].to_numpy(), expected)


def test_every_end_is_named_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"ends in '.xyz'; end .* \.csv, .* or for angles in \.mot, \.sto, \.angles\.csv"
    ):
        check_places("film.mp4", [], [tmp_path / "a.xyz"], AnalysisOptions())
