"""``gonio analyse``: repetitions, gait, running, golf, jumps and joint angles, with error bars."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gonio.apps.cli.analysis_options import Scene, options_of, rate_of, resample_of, size_of
from gonio.apps.cli.analysis_run import (
    Request,
    analyse_source,
    print_activities,
    watch,
)
from gonio.apps.cli.model_options import DetectorOption, DeviceOption, RuntimeOption
from gonio.errors import ConfigError
from gonio.io.sources.base import Selection


def analyse(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A video or stored keypoints, or a folder or pattern of these.", metavar="SOURCE", show_default=False
        ),
    ] = None,
    activity: Annotated[
        str, typer.Option("--as", help="auto, angles, gait, running, golf, jump, an exercise, or its YAML file.")
    ] = "auto",
    report: Annotated[
        list[Path] | None, typer.Option(help="Write a report; may be given again.", metavar="FILE.html|.pdf")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            help="Write the cleaned keypoints (.csv .parquet .trc .c3d .bvh .nc .json) or the angles (.angles.csv "
            ".angles.parquet .angles.json .mot .sto); of a folder: the folder of reports.",
        ),
    ] = None,
    resample: Annotated[
        float | None, typer.Option(help="Frames a second in the files of --out; without it their own times.")
    ] = None,
    person: Annotated[
        int | None,
        typer.Option(help="Track id of whom to measure.", show_default="the largest and longest in sight"),
    ] = None,
    height: Annotated[float | None, typer.Option(help="The person's height in metres, for lengths.")] = None,
    metres_per_px: Annotated[float | None, typer.Option(help="Scale in the plane of motion.")] = None,
    known_length: Annotated[
        str | None, typer.Option(help="Two points of the picture and the metres between them.", metavar="X,Y,X,Y=M")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="File with metres_per_px, and sd and up_deg if known.", metavar="FILE.yaml")
    ] = None,
    view: Annotated[str | None, typer.Option(help="side or frontal.", show_default="found")] = None,
    side: Annotated[str | None, typer.Option(help="left or right; in golf handedness.", show_default="found")] = None,
    up: Annotated[float, typer.Option(help="Roll of the camera: where up is, degrees counter-clockwise.")] = 0.0,
    vertical: Annotated[
        str | None, typer.Option(help="A line of the picture that is vertical, instead of --up.", metavar="X,Y,X,Y")
    ] = None,
    floor: Annotated[
        str | None, typer.Option(help="A line of the picture that is level, instead of --up.", metavar="X,Y,X,Y")
    ] = None,
    convention: Annotated[str, typer.Option(help="Signs and zeros of angles: clinical, isb or opensim.")] = "clinical",
    marker_map: Annotated[
        Path | None,
        typer.Option(
            "--map", help="Which markers, or keypoints of other names, are which keypoint.", metavar="FILE.yaml"
        ),
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Of the video, for keypoint files that count frames.")] = None,
    size: Annotated[
        str | None, typer.Option(help="Of the picture, for keypoints in parts of it.", metavar="WIDTHxHEIGHT")
    ] = None,
    start: Annotated[float | None, typer.Option(help="Leave out what comes before, in seconds of the source.")] = None,
    end: Annotated[float | None, typer.Option(help="Stop here, in seconds of the source.")] = None,
    date: Annotated[
        datetime | None, typer.Option(help="Of the recording, for 'gonio progress'.", show_default="of the file")
    ] = None,
    blur_faces: Annotated[bool, typer.Option("--blur-faces", help="Nobody's face in the report.")] = False,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
    runtime: RuntimeOption = None,
    device: DeviceOption = None,
    detector: DetectorOption = None,
    camera: Annotated[
        int | None, typer.Option(help="Live from this camera: a page on this machine shows angle, count and cue.")
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="List what --as understands, and stop.")] = False,
) -> None:
    """Measure a person's movement in a video or in stored keypoints. Not a medical device.

    Examples:
      gonio analyse squats.mp4 --as squat --report squats.html
      gonio analyse walk.mp4 --as gait --height 1.72 --json > walk.json
      gonio analyse trial.trc --map markers.yaml --as running
      gonio analyse session.mp4 --start 3.5 --end 12 --as lunge
      gonio analyse --camera 0 --as squat
    """
    if names:
        print_activities()
        return
    scene = Scene(
        height_m=height,
        metres_per_px=metres_per_px,
        known_length=known_length,
        calibration=calibration,
        up_deg=up,
        vertical=vertical,
        floor=floor,
    )
    request = Request(
        activity=activity,
        scene=scene,
        options=options_of(scene, view=view, side=side, convention=convention),
        person=person,
        marker_map=marker_map,
        model=model,
        threads=threads,
        runtime=runtime,
        device=device,
        detector=detector,
        fps=rate_of(fps),
        size_wh=size_of(size),
        part=Selection(start, end),
        recorded=date,
        blur_faces=blur_faces,
        resample_hz=resample_of(resample),
    )
    if camera is not None:
        if source is not None or report or out or json or request.part.has_times:
            raise ConfigError(
                "--camera is live: leave out SOURCE, --report, --out, --json, --start and --end; "
                "record a video for these"
            )
        watch(camera, request)
        return
    if source is None:
        raise ConfigError("name a video or a file of keypoints, or a camera: gonio analyse squats.mp4 --as squat")
    analyse_source(source, request, reports=report or [], out=out or [], json=json)
