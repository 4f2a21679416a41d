"""What a report says a person typed to make it."""

import subprocess
import sys
from pathlib import Path

import pytest

from gonio.analysis.options import AnalysisOptions
from gonio.apps.cli.analysis_options import Scene, options_of
from gonio.apps.cli.analysis_run import Request
from gonio.io.sources.base import Selection

ALL = Selection()
NO_SCENE = Scene()


def request(
    *,
    activity: str = "auto",
    scene: Scene = NO_SCENE,
    options: AnalysisOptions | None = None,
    person: int | None = None,
    part: Selection = ALL,
) -> Request:
    return Request(
        activity=activity,
        scene=scene,
        options=options or AnalysisOptions(),
        person=person,
        marker_map=None,
        model=None,
        threads=None,
        runtime=None,
        device=None,
        detector=None,
        fps=None,
        size_wh=None,
        part=part,
        recorded=None,
        blur_faces=True,
    )


def test_it_is_as_it_was_asked_for_and_has_no_folders() -> None:
    scene = Scene(height_m=1.72, up_deg=5)
    options = options_of(scene, view="side", side=None, convention="isb")
    command = request(activity="mine/bow.yaml", scene=scene, options=options, person=2).command(
        "films/run 1.mp4", Path("out/a.html")
    )
    assert command == (
        "gonio analyse 'run 1.mp4' --as bow.yaml --person 2 --height 1.72 --view side --up 5 --convention isb "
        "--report a.html --blur-faces"
    )


@pytest.mark.parametrize(
    ("scene", "typed"),
    [
        (Scene(known_length="100,650,300,650=1.0"), "--known-length 100,650,300,650=1.0"),
        (Scene(calibration=Path("cameras/hall.yaml")), "--calibration hall.yaml"),
        (Scene(metres_per_px=0.004, floor="10,700,1270,690"), "--metres-per-px 0.004 --floor 10,700,1270,690"),
        (Scene(vertical="640,700,652,20"), "--vertical 640,700,652,20"),
    ],
    ids=["known length", "calibration", "number and floor", "vertical"],
)
def test_scale_and_tilt_are_as_they_were_typed(scene: Scene, typed: str) -> None:
    command = request(scene=scene).command("run.mp4", Path("a.pdf"))
    assert command == f"gonio analyse run.mp4 --as auto {typed} --report a.pdf --blur-faces"


def test_a_part_is_asked_for_again() -> None:
    command = request(part=Selection(3.5, 12)).command("run.mp4", Path("a.pdf"))
    assert command == "gonio analyse run.mp4 --as auto --start 3.5 --end 12 --report a.pdf --blur-faces"


def test_what_was_left_out_is_left_out() -> None:
    assert request().command("run.mp4", Path("a.pdf")) == "gonio analyse run.mp4 --as auto --report a.pdf --blur-faces"


def test_one_source_needs_no_room_for_several_streams() -> None:
    program = "import sys, gonio.apps.cli.analysis_run; sys.exit('gonio.streams' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
