"""What a report says a person typed to make it."""

from pathlib import Path

from gonio.analysis.options import AnalysisOptions
from gonio.apps.cli.analysis_options import Scene, options_of
from gonio.apps.cli.analysis_run import Request
from gonio.io.sources.base import Selection

ALL = Selection()


def request(
    *,
    activity: str = "auto",
    options: AnalysisOptions | None = None,
    person: int | None = None,
    part: Selection = ALL,
) -> Request:
    return Request(
        activity=activity,
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
    options = options_of(Scene(height_m=1.72, up_deg=5), view="side", side=None, convention="isb")
    command = request(activity="mine/bow.yaml", options=options, person=2).command(
        "films/run 1.mp4", Path("out/a.html")
    )
    assert command == (
        "gonio analyse 'run 1.mp4' --as bow.yaml --person 2 --height 1.72 --view side --up 5 --convention isb "
        "--report a.html --blur-faces"
    )


def test_a_part_is_asked_for_again() -> None:
    command = request(part=Selection(3.5, 12)).command("run.mp4", Path("a.pdf"))
    assert command == "gonio analyse run.mp4 --as auto --start 3.5 --end 12 --report a.pdf --blur-faces"


def test_what_was_left_out_is_left_out() -> None:
    assert request().command("run.mp4", Path("a.pdf")) == "gonio analyse run.mp4 --as auto --report a.pdf --blur-faces"
