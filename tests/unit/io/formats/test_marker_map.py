"""Marker maps, on drawn markers and on the trials of the example map."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.marker_map import MarkerMap, load_marker_map, map_of_names
from gonio.io.formats.markers import MarkerData, axes_matrix
from gonio.io.formats.trc import read_trc

EXAMPLE = Path(__file__).resolve().parents[4] / "docs" / "examples" / "rajagopal-markers.yaml"

BODY = {
    "R.ASIS": (0.1, 1.0, 0.12),
    "L.ASIS": (0.1, 1.0, -0.12),
    "R.PSIS": (-0.1, 1.0, 0.06),
    "L.PSIS": (-0.1, 1.0, -0.06),
    "R.Heel": (-0.1, 0.05, 0.1),
    "R.Toe": (0.15, 0.05, 0.1),
    "L.Heel": (0.2, 0.05, -0.1),
    "L.Toe": (0.45, 0.05, -0.1),
}


def markers_of(body: Mapping[str, tuple[float, float, float]] = BODY, axes: tuple[str, str] = ("x", "y")) -> MarkerData:
    """Three frames of a standing person, in a laboratory whose forward and up are the given axes."""
    points = np.array([list(body.values())] * 3) @ axes_matrix(*axes)
    return MarkerData(tuple(body), points, np.arange(3) / 100, source="lab.trc")


def load(folder: Path, text: str) -> MarkerMap:
    (folder / "map.yaml").write_text(text)
    return load_marker_map(folder / "map.yaml")


def test_one_marker_a_mean_and_another_spelling(tmp_path: Path) -> None:
    found = load(tmp_path, "keypoints: {left_heel: LCAL | L.Heel, right_hip: [R.ASIS, R.PSIS]}").sequence(markers_of())
    assert found.skeleton.name == "halpe26"
    assert (found.unit, found.keypoints.shape) == ("m", (3, 1, 26, 3))
    np.testing.assert_allclose(found.point("left_heel")[0, 0], BODY["L.Heel"], atol=1e-6)
    np.testing.assert_allclose(found.point("right_hip")[0, 0], (0.0, 1.0, 0.09), atol=1e-6)
    assert np.isnan(found.point("nose")).all()
    assert found.scores.sum() == 3 * 2


@pytest.mark.parametrize(
    "text",
    ["left_heel: L.Heel\nright_heel: R.Heel", "L.Heel: left_heel\nR.Heel: right_heel"],
    ids=["keypoint to marker", "marker to keypoint"],
)
def test_short_files(tmp_path: Path, text: str) -> None:
    found = load(tmp_path, text).sequence(markers_of())
    np.testing.assert_allclose(found.point("right_heel")[0, 0], BODY["R.Heel"], atol=1e-6)


@pytest.mark.parametrize("axes", [("x", "y"), ("y", "z"), ("-x", "z"), ("z", "-x")], ids="/".join)
def test_axes_are_found_from_the_body(axes: tuple[str, str]) -> None:
    names = {"left_heel": ("L.Heel",), "left_big_toe": ("L.Toe",), "right_heel": ("R.Heel",), "left_hip": ("L.ASIS",)}
    expected = MarkerMap(keypoints=names).sequence(markers_of())
    found = MarkerMap(keypoints=names).sequence(markers_of(axes=axes))
    np.testing.assert_allclose(found.keypoints, expected.keypoints, atol=1e-6)
    assert f"forward along {axes[0]}, up along {axes[1]}" in found.history[0]


def test_hip_joint_centres() -> None:
    """By hand: width 0.24, depth 0.2; 0.24 * 0.2 + 0.0099 back, 0.3 * 0.24 + 0.0109 down, 0.33 * 0.24 + 0.0073 out."""
    pelvis = {"left_asis": "L.ASIS", "right_asis": "R.ASIS", "left_psis": "L.PSIS", "right_psis": "R.PSIS"}
    content = {"keypoints": {"left_heel": "L.Heel"}, "hips": {"method": "harrington", **pelvis}}
    found = MarkerMap.model_validate(content).sequence(markers_of())
    np.testing.assert_allclose(found.point("right_hip")[0, 0], (0.1 - 0.0579, 1 - 0.0829, 0.0865), atol=1e-6)
    np.testing.assert_allclose(found.point("left_hip")[0, 0], (0.1 - 0.0579, 1 - 0.0829, -0.0865), atol=1e-6)


def test_a_keypoint_without_its_markers_is_missing_and_said(caplog: pytest.LogCaptureFixture) -> None:
    names = {"left_heel": ("L.Heel",), "left_hip": ("L.ASIS", "L.Trochanter")}
    found = MarkerMap(keypoints=names).sequence(markers_of())
    assert np.isnan(found.point("left_hip")).all()
    assert "no markers for left_hip" in found.history[0]
    assert "no markers for left_hip" in caplog.text


def test_a_marker_out_of_sight_takes_the_mean_with_it() -> None:
    markers = markers_of()
    markers.positions[1, markers.find("L.PSIS")] = np.nan
    found = MarkerMap(keypoints={"left_hip": ("L.ASIS", "L.PSIS")}).sequence(markers)
    np.testing.assert_array_equal(np.isnan(found.point("left_hip")[:, 0, 0]), [False, True, False])


def test_side_camera(tmp_path: Path) -> None:
    found = load(tmp_path, "{left_heel: L.Heel, left_big_toe: L.Toe, left_hip: L.ASIS, camera: side}").sequence(
        markers_of()
    )
    assert (found.unit, found.keypoints.shape[-1]) == ("px", 2)
    heel, toe, hip = (found.point(name)[0, 0] for name in ("left_heel", "left_big_toe", "left_hip"))
    assert toe[0] > heel[0]  # seen from the right, forward is right
    assert hip[1] < heel[1]  # y down


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{left_heel: [}", "not YAML at line 1"),
        ("[1, 2]", "a marker map has names"),
        ("keypoints: {}", "name at least one keypoint"),
        ("keypoints: {left_heel: []}", "left_heel has no marker"),
        ("keypoints: {left_heel: L.Heel}\naxis: {up: y}", "axis: Extra inputs"),
        ("keypoints: {left_heel: L.Heel}\naxes: {up: w, forward: x}", "axes.up"),
        ("keypoints: {left_heel: L.Heel}\ncamera: front", "the camera is 'front'; there is side"),
        ("keypoints: {left_hip: A}\nhips: {method: harrington, left_asis: A, right_asis: B, left_psis: C, "
         "right_psis: D}", "hips computes left_hip"),
    ],
    ids=["yaml", "list", "empty", "no marker", "unknown field", "unknown axis", "camera", "hips twice"],
)  # fmt: skip
def test_wrong_maps(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_a_skeleton_without_the_keypoint() -> None:
    with pytest.raises(ConfigError, match="'coco17' has no keypoint 'left_heel'"):
        _ = MarkerMap(keypoints={"left_heel": ("L.Heel",)}, skeleton="coco17").target


def test_a_map_of_another_laboratory() -> None:
    with pytest.raises(MediaError, match=r"none of the map's markers, such as 'L_Heel'; did you mean 'L.Heel'\?"):
        MarkerMap(keypoints={"left_heel": ("L_Heel",)}).sequence(markers_of())


def test_a_wrong_unit() -> None:
    metres_as_millimetres = {name: (x * 1000, y * 1000, z * 1000) for name, (x, y, z) in BODY.items()}
    with pytest.raises(MediaError, match=r"950 m apart, which no person is; correct the unit"):
        MarkerMap(keypoints={"left_heel": ("L.Heel",), "left_hip": ("L.ASIS",)}).sequence(
            markers_of(metres_as_millimetres)
        )


def test_names_of_keypoints_need_no_map() -> None:
    named = MarkerData(("RBigToe", "Anna:LHeel", "C7"), np.zeros((1, 3, 3)), np.zeros(1))
    assert map_of_names(named).keypoints == {"right_big_toe": ("RBigToe",), "left_heel": ("Anna:LHeel",)}
    with pytest.raises(ConfigError, match=r"no names of keypoints \(C7 …\)"):
        map_of_names(MarkerData(("C7",), np.zeros((1, 1, 3)), np.zeros(1)))


def test_markers_that_are_not_understood_are_said(caplog: pytest.LogCaptureFixture) -> None:
    map_of_names(MarkerData(("RBigToe", "C7", "T10", "STRN"), np.zeros((1, 4, 3)), np.zeros(1), source="lab.trc"))
    assert "lab.trc: only 1 of 4 markers have names of keypoints" in caplog.text


@pytest.mark.parametrize("name", ["walk", "run"])
def test_the_example_fits_its_trials(shared_data: Path, name: str) -> None:
    found = load_marker_map(EXAMPLE).sequence(read_trc(shared_data / "gait" / f"{name}_markers.trc"))
    hips = found.point("left_hip") - found.point("right_hip")
    assert 0.14 < np.median(np.linalg.norm(hips, axis=-1)) < 0.2  # adults: 0.15 to 0.19 m
    assert (hips[..., 2] < 0).all()  # left is at -z
    assert (found.point("left_hip")[..., 1] > 0.8).all()
    missing = {"left_knee", "right_knee", "left_ankle", "right_ankle"} if name == "run" else set()
    assert all(np.isnan(found.point(point)).all() == (point in missing) for point in ("left_knee", "left_heel"))
