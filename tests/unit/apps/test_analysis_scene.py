"""What is said of the scene: once, in range, and in the picture."""

from pathlib import Path

import pytest

from gonio.apps.cli.analysis_options import Scene, check_marks, options_of
from gonio.errors import ConfigError


@pytest.fixture
def tilted(tmp_path: Path) -> Path:
    file = tmp_path / "hall.yaml"
    file.write_text("metres_per_px: 0.004\nup_deg: 3\n")
    return file


def test_the_tilt_of_a_file_is_taken(tilted: Path) -> None:
    assert options_of(Scene(calibration=tilted), view=None, side=None, convention="clinical").up_deg == 3


@pytest.mark.parametrize("scene", [{"up_deg": 5.0}, {"floor": "0,9,9,9"}, {"vertical": "0,9,0,0"}], ids=str)
def test_a_tilt_beside_that_of_a_file_is_refused(tilted: Path, scene: dict[str, float | str]) -> None:
    given = Scene(calibration=tilted, **scene)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^up_deg of hall\.yaml and --\w+ both say the tilt; give one of them$"):
        options_of(given, view=None, side=None, convention="clinical")


def test_a_known_length_gives_a_scale_in_range() -> None:
    with pytest.raises(ConfigError, match="scale of --known-length is 10; give a number of metres per px"):
        options_of(Scene(known_length="0,0,1,0=10"), view=None, side=None, convention="clinical")


@pytest.mark.parametrize(
    ("scene", "sentence"),
    [
        (
            Scene(known_length="5000,650,300,650=1"),
            "5000,650 of --known-length is outside the picture, which is 1280 x",
        ),
        (Scene(vertical="640,700,640,-20"), "640,-20 of --vertical"),
        (Scene(floor="10,721,1270,690"), "10,721 of --floor"),
    ],
    ids=["known length", "vertical", "floor"],
)
def test_a_mark_outside_the_picture_is_refused(scene: Scene, sentence: str) -> None:
    assert scene.has_marks
    with pytest.raises(ConfigError, match=sentence):
        check_marks(scene, (1280, 720))
    check_marks(scene, None)


def test_marks_in_the_picture_and_none() -> None:
    check_marks(Scene(known_length="0,0,1280,720=1", floor="0,5,9,5"), (1280, 720))
    check_marks(Scene(), (1280, 720))
    assert not Scene(up_deg=5, metres_per_px=0.1).has_marks
