"""``analyse``: from a video, or from stored keypoints, to measurements. Track, choose the person, clean, measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gonio.analysis.activities import find_activity
from gonio.analysis.body_size import check_body_size, with_body_size_said
from gonio.analysis.cleaning import CleaningSettings
from gonio.analysis.few_frames import with_few_frames_said
from gonio.analysis.impossible import without_impossible
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.errors import ConfigError
from gonio.io.formats.marker_map import MarkerMap
from gonio.io.formats.sequence_files import SUFFIXES, is_keypoint_file
from gonio.io.sources import Source, SourceLike, open_source
from gonio.io.sources.base import Selection
from gonio.io.sources.video import VIDEO_SUFFIXES
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.registry import measuring_name
from gonio.motion.choice import whoever_does_it
from gonio.motion.people import OnStep, errors_of, main_people, prepare, read_people, track_people, with_person
from gonio.motion.settings import Setting, settings_of
from gonio.results import Result
from gonio.structures.sequence import PoseSequence


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A person's movement and what was measured of it.

    Attributes:
        analysis: The numbers.
        sequence: The person's keypoints that they rest on: cleaned, of one track.
        everyone: All people that were followed, the measured one cleaned, the others as they were found.
        source: Name of the video or file.
        model: Name of the model that found the keypoints; None: they came from a file.
        settings: What was asked for, by the names of `analyse`; None: not given.
    """

    analysis: Analysis
    sequence: PoseSequence
    everyone: PoseSequence
    source: str
    model: str | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


def analyse(
    source: SourceLike | Source,
    *,
    activity: str = "auto",
    options: AnalysisOptions | None = None,
    track_id: int | None = None,
    model: str | Path | PoseModel | None = None,
    threads: int | None = None,
    marker_map: str | Path | MarkerMap | None = None,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
    cleaning: CleaningSettings | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    on_result: Callable[[Result], None] | None = None,
    on_step: OnStep = lambda *_: None,
) -> Motion:
    """Measure the movement of one person in a video or in a file of keypoints.

    Args:
        source: A video, or a file of keypoints (``.json .jsonl .csv .parquet .nc .trc .c3d .bvh .h5``, a folder of
            OpenPose's).
        activity: ``"auto"``, or a name from `gonio.analysis.activities.list_activities`: ``"squat"``, ``"gait"``,
            ``"running"``, ``"golf"``, ``"jump"``, ``"angles"``...
        options: What is known beforehand: height, scale, view, side.
        track_id: Whom; default: of those who are about as large and as long in sight as the one who is most, the first
            who does what is asked for, else that one.
        model: As of `gonio.stream`; only for a video.
        threads: Threads of each network, only where ``model`` is a name.
        marker_map: Of a file of markers: which of them make which keypoint.
        fps: Of files of keypoints that count frames and have no times.
        size_wh: Of the picture, for files of keypoints in parts of it.
        cleaning: How the keypoints are cleaned.
        start_s: Leave out what comes before; all times stay those of the source.
        end_s: Stop at this time.
        on_result: Called with each frame of a video as it is done, to show progress.
        on_step: Called now and then in the other long steps: with ``"tracking"``, ``"cleaning"`` or ``"measuring"``
            (``"cleaning track 2"`` where somebody else is tried), the frames done and the frames in all.

    Raises:
        MediaError: If the source cannot be read, or nobody is in it or in the part of it.
        ConfigError: If there is no such activity, track or option, or the scale makes the person a giant or a dwarf.
        MissingDependencyError: If the packages of ``gonio[analysis]`` are not installed.

    Example:
        >>> analyse("squats.mp4", activity="squat").analysis.repetitions  # doctest: +SKIP
    """
    measure = find_activity(activity)  # before the work
    options = options or AnalysisOptions()
    part = Selection(start_s, end_s)
    if isinstance(source, str | Path) and is_keypoint_file(source):
        name, used = str(source), None
        everyone = read_people(source, marker_map=marker_map, fps=fps, size_wh=size_wh, part=part, on_step=on_step)
    else:
        if marker_map is not None:
            raise ConfigError(f"a marker map goes with files of markers; '{source}' is a video")
        if fps is not None or size_wh is not None:
            what = "is a video and has its own"
            if isinstance(source, str | Path) and (end := Path(source).suffix.lower()) and end not in VIDEO_SUFFIXES:
                what = f"is none that is known by its end; they end in {', '.join(SUFFIXES)}"
            raise ConfigError(f"a frame rate and a size go with files of keypoints; '{source}' {what}")
        used = model if isinstance(model, PoseModel) else load_model(model or measuring_name(), threads=threads)
        opened = open_source(source, start_s=start_s, end_s=end_s)
        name, everyone = opened.name, track_people(opened, used, up_deg=options.up_deg, on_result=on_result)
    if part.has_times:
        everyone = everyone.noted(f"only the part {part}")

    tracks = main_people(everyone) if track_id is None else [track_id]

    def measured(track: int) -> tuple[Analysis, PoseSequence]:
        whom = "" if track == tracks[0] else f" track {track}"

        def step(name: str, done: int, of: int) -> None:
            on_step(f"{name}{whom}", done, of)

        person = prepare(everyone.person(track), errors=errors_of(used), cleaning=cleaning, on_step=step)
        check_body_size(person, options)
        step("measuring", 0, len(person))
        found = with_few_frames_said(without_impossible(measure(person, options)))
        return with_body_size_said(found, person, options), person

    analysis, person = whoever_does_it(activity, tracks, measured)
    settings = settings_of(
        activity, options, track_id=track_id, part=part, fps=fps, size_wh=size_wh, marker_map=marker_map
    )
    found_by = used.card.name if used else None
    return Motion(analysis, person, with_person(everyone, person), name, found_by, settings)
