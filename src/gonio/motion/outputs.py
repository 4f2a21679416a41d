"""What is left on disk of a measured movement: cleaned keypoints, angles, a report."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from gonio.analysis.known_scale import known_scale
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.scale import to_metres
from gonio.errors import ConfigError
from gonio.io.formats.mot import write_mot
from gonio.io.formats.resampling import resampled
from gonio.io.formats.sequence_files import ANGLE_SUFFIXES, check_writable, is_keypoint_file, write_sequence
from gonio.motion.analyse import Motion
from gonio.motion.angle_columns import angle_columns
from gonio.motion.angle_files import ANGLE_FILES, write_angles
from gonio.motion.record import file_hash
from gonio.motion_report.content import ReportContent, ReportOptions, pictures_of
from gonio.motion_report.page import write_report
from gonio.motion_report.pdf import write_pdf

_IN_METRES = (".trc", ".c3d", ".bvh")
_REPORTS = {".html": write_report, ".pdf": write_pdf}


def check_places(source: str, reports: Sequence[Path], numbers: Sequence[Path], options: AnalysisOptions) -> None:
    """Complain of a name that nothing can be written to, before the work.

    Raises:
        ConfigError: If a report or a file of numbers ends in something unknown, or needs metres and no scale is known.
    """
    to_scale = options.height_m is not None or options.metres_per_px is not None or is_keypoint_file(source)
    for path in reports:
        if path.suffix.lower() not in _REPORTS:
            raise ConfigError(f"a report ends in {' or '.join(_REPORTS)}, got '{path}'")
    for path in numbers:
        check_writable(path, or_angles=(*ANGLE_SUFFIXES, *ANGLE_FILES))
        if path.suffix.lower() == ".c3d" and not to_scale:
            raise ConfigError(f"'{path}' would hold metres; give the person's height or another scale, or write .trc")


def write_numbers(path: Path, motion: Motion, options: AnalysisOptions, *, rate_hz: float | None = None) -> None:
    """Angles or the cleaned keypoints, by the name's end; motion capture's formats in metres where the scale is known.

    Args:
        path: The file.
        motion: What was measured.
        options: What was known of scale and tilt.
        rate_hz: Resample to this even rate; None: the frames' own times.

    Raises:
        ConfigError: If the format cannot hold them.
        MediaError: If the file cannot be written.
    """
    sequence = motion.sequence if rate_hz is None else resampled(motion.sequence, rate_hz)
    if path.suffix.lower() in ANGLE_SUFFIXES:
        names, values = angle_columns(sequence, options)
        write_mot(path, names, values, sequence.time_s)
        return
    if path.name.lower().endswith(ANGLE_FILES):
        write_angles(path, sequence, options)
        return
    scale = known_scale(motion.sequence, options)
    if scale is not None and sequence.unit == "px" and path.suffix.lower() in _IN_METRES:
        sequence = to_metres(sequence, replace(scale, up_deg=options.up_deg))
    write_sequence(path, sequence)


def write_motion_report(
    path: Path,
    source: str,
    motion: Motion,
    *,
    command: str,
    blur_faces: bool = False,
) -> None:
    """The page or the PDF of one person, with the film where the source is a video file.

    Args:
        path: It ends in ``.html`` or ``.pdf``.
        source: What was analysed.
        motion: What was found.
        command: What a person types to make it again.
        blur_faces: Nobody shall be recognised.

    Raises:
        MediaError: If the source cannot be read again, or the file cannot be written.
    """
    video = None if is_keypoint_file(source) or not Path(source).is_file() else Path(source)
    content = ReportContent(
        analyses=(motion.analysis,),
        sequence=motion.everyone,
        created=datetime.now().astimezone(),
        source=Path(source).name,
        sha256=file_hash(source) or "",
        pictures=pictures_of(video, start_s=float(motion.sequence.time_s[0])) if video else None,
        model={"model": motion.model} if motion.model else {},
        versions={name: version(name) for name in ("gonio", "numpy", "scipy")},
        settings={name: str(value) for name, value in motion.settings.items() if value is not None},
        command=command,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _REPORTS[path.suffix.lower()](path, content, ReportOptions(blur_faces=blur_faces))
