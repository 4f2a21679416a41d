from pathlib import Path

import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, one_track, seen

from gonio.analysis.scale import (
    PARTS_OF_HEIGHT,
    Scale,
    read_scale,
    scale_from_height,
    scale_from_length,
    to_metres,
    up_from_line,
)
from gonio.errors import ConfigError

PERSON = jointed_person(50, hip_flexion=np.linspace(0, 90, 50), knee_flexion=np.linspace(0, 120, 50))
HEIGHT_M = (0.52 + 0.44 + 0.44) / sum(PARTS_OF_HEIGHT.values())


def test_height_even_of_somebody_who_squats() -> None:
    scale = scale_from_height(seen(PERSON, px_per_m=250), HEIGHT_M)
    # the trunk is seen from the side, where the shoulders' and hips' width does not show
    assert scale.metres_per_px == pytest.approx(1 / 250, rel=1e-3)
    assert scale.sd / scale.metres_per_px == pytest.approx(0.05, rel=0.02)


def test_height_needs_a_whole_side_and_a_plausible_number() -> None:
    sequence = seen(PERSON)
    with pytest.raises(ConfigError, match=r"183 m is not a person's"):
        scale_from_height(sequence, 183)
    with pytest.raises(ConfigError, match="already in metres"):
        scale_from_height(one_track(PERSON, unit="m"), 1.8)
    for side in ("left", "right"):
        sequence.keypoints[:, 0, sequence.skeleton.index(f"{side}_ankle")] = np.nan
    with pytest.raises(ConfigError, match="on neither side"):
        scale_from_height(sequence, 1.8)


def test_a_known_length_and_its_error() -> None:
    scale = scale_from_length((100, 100), (100, 300), 1.0, length_sd_m=0.01, click_sd_px=1.0)
    assert scale.metres_per_px == 0.005
    assert scale.sd == pytest.approx(0.005 * np.hypot(0.01, np.sqrt(2) / 200))
    with pytest.raises(ConfigError, match=r"0\.0 px gives no scale"):
        scale_from_length((1, 1), (1, 1), 1.0)


@pytest.mark.parametrize("text", ["metres_per_px: 0.004\nsd: 0.0001\nup_deg: 2\n", '{"metres_per_px": 4e-3}'])
def test_a_calibration_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "scale.yaml"
    file.write_text(text)
    if "4e-3" in text:
        text = text.replace("4e-3", "0.004")
        file.write_text(text)
    assert read_scale(file).metres_per_px == 0.004


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[1, 2]", "must have metres_per_px"),
        ("metres_per_px: 0.004\nunit: cm", "nothing else"),
        ("metres_per_px: four", "metres_per_px must be a number, got 'four'"),
        ("metres_per_px: -1", r"metres_per_px is -1; give a number from 1e-05 to 1"),
        ("metres_per_px: 42", "metres_per_px is 42; give a number"),
        ("metres_per_px: .nan", "metres_per_px is nan; give a number"),
        ("metres_per_px: 0.004\nup_deg: 190", "up_deg is 190; give a number from -180 to 180"),
        ("metres_per_px: 0.004\nsd: -1", r"sd is -1; give a number from 0 to 0\.004"),
        ("{", "neither YAML nor JSON"),
    ],
)
def test_a_wrong_calibration_file(text: str, match: str, tmp_path: Path) -> None:
    file = tmp_path / "scale.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=match):
        read_scale(file)


@pytest.mark.parametrize("tilt_deg", [-30.0, 0.0, 12.0])
@pytest.mark.parametrize("line", ["vertical", "floor"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_roll_from_a_line(tilt_deg: float, line: str, turned: bool) -> None:
    along = np.radians(tilt_deg + (90 if line == "vertical" else 0))
    ends = [(50.0, 50.0), (50 + 80 * np.cos(along), 50 - 80 * np.sin(along))]
    start, end = ends[::-1] if turned else ends
    assert up_from_line(start, end, line=line) == pytest.approx(tilt_deg)  # type: ignore[arg-type]


def test_a_line_of_no_length() -> None:
    with pytest.raises(ConfigError, match="one point"):
        up_from_line((1, 1), (1, 1), line="floor")


def test_to_metres_turns_over_scales_and_says_so() -> None:
    sequence = seen(PERSON, px_per_m=250, roll_deg=5)
    metres = to_metres(sequence, Scale(1 / 250, 1e-5, "a ruler", up_deg=5), origin_px=(960, 540))
    np.testing.assert_allclose(metres.keypoints[:, 0], PERSON[..., :2] - (0, 1), atol=1e-4)
    assert metres.unit == "m"
    assert metres.history == ("to metres: 0.004 m/px +- 1e-05 from a ruler, up 5 deg",)
    with pytest.raises(ConfigError, match="already in metres"):
        to_metres(metres, Scale(1.0, 0.0, "a ruler"))
