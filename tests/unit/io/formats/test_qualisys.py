import re
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.formats.qualisys import read_qualisys

CALIBRATION = """<?xml version="1.0" encoding="ASCII"?>
<calibration><cameras><camera serial="left" viewrotation="0">
  <fov_video left="8" top="0" right="1095" bottom="1919"/>
  <transform x="0" y="-3000" z="1000" r11="1" r12="0" r13="0" r21="0" r22="0" r23="1" r31="0" r32="-1" r33="0"/>
  <intrinsic centerPointU="35328" centerPointV="61440" focalLengthU="107520" focalLengthV="107584"
    radialDistortion1="0.01" radialDistortion2="0.02" radialDistortion3="0.05"
    tangentalDistortion1="0.03" tangentalDistortion2="0.04"/>
</camera></cameras></calibration>"""


def written(folder: Path, text: str) -> Path:
    path = folder / "calib.qca.txt"
    path.write_text(text, "ascii")
    return path


def test_units_and_axes(tmp_path: Path) -> None:
    """Known values: a camera 3 m before the origin and 1 m up, level, that looks along the world's y."""
    (camera,) = read_qualisys(written(tmp_path, CALIBRATION))
    assert (camera.name, camera.size_wh) == ("left", (1088, 1920))
    np.testing.assert_allclose(camera.matrix, [[1680, 0, 544], [0, 1681, 960], [0, 0, 1]])
    np.testing.assert_allclose(camera.distortion, [0.01, 0.02, 0.03, 0.04, 0.05])
    np.testing.assert_allclose(camera.project(np.array([0.0, 0.0, 1.0])), [544, 960])
    to_the_right, above = camera.project(np.array([[0.1, 0, 1], [0, 0, 1.1]]))
    assert to_the_right[0] > 544
    assert above[1] < 960


def test_a_real_calibration(shared_data: Path) -> None:
    """Four cameras of a laboratory that look at a person near the origin: its middle is in each picture."""
    cameras = read_qualisys(shared_data / "videos" / "pose2sim_single" / "Calib.qca.txt")
    assert [camera.name for camera in cameras] == ["cam01", "cam02", "cam03", "cam04"]
    for camera in cameras:
        assert camera.size_wh == (1088, 1920)
        x, y = camera.project(np.array([-1.0, 0.0, 0.9]))
        assert 0 < x < 1088
        assert 0 < y < 1920


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(("</calibration>", ""), "it is not XML", id="cut off"),
        pytest.param(("camera ", "lamp "), "no camera", id="no camera"),
        pytest.param(('viewrotation="0"', 'viewrotation="90"'), "rotation of 90", id="turned view"),
        pytest.param(('r33="0"', ""), "lacks a number .*r33", id="missing number"),
        pytest.param(('x="0"', 'x="far"'), "lacks a number .*far", id="no number"),
        pytest.param(('r11="1"', 'r11="-1"'), "rotation of camera 'left'", id="mirrored"),
        pytest.param(("<fov_video", "<fov_marker"), "lacks a number .*fov_video", id="missing part"),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = CALIBRATION.replace(*change).replace("</camera>", "</lamp>" if "lamp" in change[1] else "</camera>")
    with pytest.raises(MediaError, match=says):
        read_qualisys(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=re.escape("gone.qca.txt")):
        read_qualisys(tmp_path / "gone.qca.txt")
