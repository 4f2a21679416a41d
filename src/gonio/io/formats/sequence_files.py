"""One door to every file of keypoints over time: the name's end and the first characters say which format it is.

| File | Format | Reads | Writes |
|---|---|---|---|
| ``.json``, ``.jsonl`` | Gonio's poses, as ``gonio predict`` writes them | yes | yes |
| ``.csv`` | long table of Gonio; DeepLabCut; MediaPipe | yes | the table |
| ``.parquet`` | long table | yes | yes |
| ``.nc`` | movement, xarray | yes | yes |
| ``.coco.json``, ``.json`` | COCO results, AlphaPose | yes | yes |
| ``.trc`` | markers: OpenSim, Sports2D, Pose2Sim | yes | yes |
| ``.c3d`` | markers | yes | yes |
| ``.bvh`` | bones | yes | yes |
| ``.h5`` | DeepLabCut | yes | no |
| ``.json`` | MediaPipe, myogait | yes | no |
| a folder | OpenPose | yes | yes |
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from gonio.errors import ConfigError, MediaError
from gonio.io.files import check_is_file
from gonio.io.formats.bvh import write_bvh
from gonio.io.formats.bvh_reader import read_bvh
from gonio.io.formats.c3d import read_c3d, write_c3d
from gonio.io.formats.coco_sequence import is_coco_results, read_coco_results, write_coco_sequence
from gonio.io.formats.deeplabcut import is_deeplabcut
from gonio.io.formats.deeplabcut_tracks import read_deeplabcut_tracks
from gonio.io.formats.frame_times import check_pace, say_rate_is_not_used
from gonio.io.formats.keypoint_map import named_by_map, say_unknown_names
from gonio.io.formats.landmarks import read_landmarks_json
from gonio.io.formats.landmarks_csv import read_landmarks_csv
from gonio.io.formats.marker_map import MarkerMap, load_marker_map, map_of_names
from gonio.io.formats.markers import MarkerData, one_person, without_zeros
from gonio.io.formats.netcdf import read_netcdf, write_netcdf
from gonio.io.formats.openpose import is_openpose, is_openpose_folder, read_openpose, write_openpose
from gonio.io.formats.parquet import read_parquet, write_parquet
from gonio.io.formats.pose_frames import as_skeleton, check_frames, frames_of_sequence, sequence_of_frames, times_of
from gonio.io.formats.pose_json import read_json
from gonio.io.formats.pose_jsonl import read_jsonl
from gonio.io.formats.pose_sequence_json import write_json_sequence
from gonio.io.formats.reading import read_text
from gonio.io.formats.records import FORMAT
from gonio.io.formats.table_csv import is_table_csv, read_table_csv, write_table_csv
from gonio.io.formats.trc import read_trc, write_trc
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_TIMED = (".trc", ".c3d", ".bvh", ".jsonl", ".parquet")
"""Files that always have times."""
ANGLE_SUFFIXES = (".mot", ".sto")
"""OpenSim's files of angles, which hold no keypoints."""
_MARKER_READERS: dict[str, Callable[[Path], MarkerData]] = {".trc": read_trc, ".c3d": read_c3d, ".bvh": read_bvh}
_WRITERS: dict[str, Callable[[Path, PoseSequence], None]] = {
    ".coco.json": write_coco_sequence,  # before .json, which it ends in
    ".json": write_json_sequence,
    ".jsonl": write_json_sequence,
    ".csv": write_table_csv,
    ".parquet": write_parquet,
    ".nc": write_netcdf,
    ".trc": write_trc,
    ".c3d": write_c3d,
    ".bvh": write_bvh,
}
SUFFIXES = (".json", ".jsonl", ".csv", ".parquet", ".nc", ".trc", ".c3d", ".bvh", ".h5")
"""What a file of keypoints over time may end in, in small letters."""


def read_sequence(
    path: str | Path,
    *,
    map: str | Path | MarkerMap | None = None,  # noqa: A002 - the name of the option that people type
    skeleton: Skeleton | None = None,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
) -> PoseSequence:
    """Read keypoints over time, whoever wrote them.

    Args:
        path: A file, or OpenPose's folder.
        map: Marker map of a file whose markers (``.trc``, ``.c3d``, ``.bvh``) or keypoints (DeepLabCut and others) have
            names of their own; without it they are taken for keypoints by their names.
        skeleton: What the keypoints shall be, matched by name; None: what the file has.
        fps: Frame rate, for files that count frames: OpenPose, DeepLabCut, COCO.
        size_wh: Of the picture, for files that hold parts of it: MediaPipe.

    Raises:
        MediaError: If the file cannot be read or is of no known format.
        ConfigError: If ``fps``, ``size_wh`` or a map is needed and not given, the map does not fit, or the file has
            several people who were not tracked: `read_pose_frames` gives these to a tracker.
    """
    path = Path(path)
    found = _read(path, map, skeleton, fps, size_wh)
    return found if isinstance(found, PoseSequence) else sequence_of_frames(found, path)


def is_keypoint_file(path: str | Path) -> bool:
    """Whether this is stored keypoints by its name, or a folder of OpenPose's: no video, no picture."""
    path = Path(path)
    if path.is_dir():
        return is_openpose_folder(path)
    return path.suffix.lower() in (*SUFFIXES, *ANGLE_SUFFIXES)  # that of angles is told apart when it is read


def read_keypoints(
    path: str | Path,
    *,
    map: str | Path | MarkerMap | None = None,  # noqa: A002 - as of read_sequence
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
) -> PoseSequence | list[Poses]:
    """What a file holds: one sequence, or frames of people, with track ids or without.

    Arguments and errors are those of `read_sequence`, less that of people without track ids; and a MediaError tells of
    frames that are too far apart to be those of a movement.
    """
    found = _read(Path(path), map, None, fps, size_wh)
    if not isinstance(found, PoseSequence):
        check_frames(found, path)
    check_pace(times_of(found), path)
    say_unknown_names(found, path)
    return found


def check_writable(path: str | Path, *, or_angles: Sequence[str] = ()) -> None:
    """Complain of a name that `write_sequence` has no format for, before the work.

    Args:
        path: Of the file, or of a folder.
        or_angles: Ends of names that angles can be written to.

    Raises:
        ConfigError: If no format goes by that name.
    """
    path = Path(path)
    if path.suffix and not path.name.lower().endswith((*_WRITERS, *or_angles)):
        angles = f", or for angles in {', '.join(or_angles)}" if or_angles else ""
        raise ConfigError(
            f"no format for sequences ends in '{path.suffix}'; end '{path}' in {', '.join(_WRITERS)}{angles}"
        )


def read_pose_frames(
    path: str | Path,
    *,
    skeleton: Skeleton | None = None,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
) -> list[Poses]:
    """Read keypoints frame by frame, with track ids where the file has them: what a tracker takes.

    Arguments are those of `read_sequence`.

    Raises:
        MediaError: As `read_sequence`.
        ConfigError: As `read_sequence`, or if the keypoints are not in pixels.
    """
    found = _read(Path(path), None, skeleton, fps, size_wh)
    return frames_of_sequence(found) if isinstance(found, PoseSequence) else found


def write_sequence(path: str | Path, sequence: PoseSequence) -> None:
    """Write a sequence; the name's end picks the format, a name without one is a folder for OpenPose.

    Only ``.csv``, ``.parquet`` and ``.nc`` keep everything (CSV not the history); ``docs/formats.md`` lists what the
    others cannot hold.

    Raises:
        ConfigError: If no format goes by that name, or the format cannot hold such a sequence.
        MediaError: If the file cannot be written.
        MissingDependencyError: If the format's package is not installed.
    """
    path = Path(path)
    check_writable(path)
    for suffix, write in _WRITERS.items():
        if path.name.lower().endswith(suffix):
            write(path, sequence)
            return
    write_openpose(path, sequence)


def _read(
    path: Path,
    map_: str | Path | MarkerMap | None,
    skeleton: Skeleton | None,
    fps: float | None,
    size_wh: tuple[int, int] | None,
) -> PoseSequence | list[Poses]:
    suffix = path.suffix.lower()
    if suffix in _TIMED:
        say_rate_is_not_used(path, fps)
    if suffix in _MARKER_READERS:
        return _sequence_of_markers(without_zeros(_MARKER_READERS[suffix](path)), map_, skeleton)
    if map_ is not None:
        found = _read(path, None, None, fps, size_wh)
        return named_by_map(found, _loaded(map_, skeleton), path)
    if path.is_dir():
        return read_openpose(path, skeleton, fps=fps, size_wh=size_wh)
    check_is_file(path)
    match suffix:
        case ".json":
            return _read_some_json(path, skeleton, fps, size_wh)
        case ".jsonl":
            return as_skeleton(read_jsonl(path), skeleton)
        case ".csv":
            return _read_some_csv(path, skeleton, fps, size_wh)
        case ".parquet":
            return read_parquet(path, skeleton)
        case ".nc":
            return read_netcdf(path, skeleton, fps=fps)
        case ".h5":
            return read_deeplabcut_tracks(path, skeleton, fps=fps)
        case angles if angles in ANGLE_SUFFIXES:
            raise MediaError(f"'{path}' holds angles or forces, not keypoints; give keypoints or markers")
    raise MediaError(f"'{path}' is no file of keypoints that is known; known are {', '.join(SUFFIXES)} and folders")


def _loaded(map_: str | Path | MarkerMap, skeleton: Skeleton | None) -> MarkerMap:
    """A map, of the skeleton that was asked for."""
    loaded = map_ if isinstance(map_, MarkerMap) else load_marker_map(map_)
    return loaded if skeleton is None else loaded.model_copy(update={"skeleton": skeleton.name})


def _sequence_of_markers(
    markers: MarkerData, map_: str | Path | MarkerMap | None, skeleton: Skeleton | None
) -> PoseSequence:
    found = map_of_names(markers, skeleton) if map_ is None else _loaded(map_, skeleton)
    if markers.unit == "m":
        return found.sequence(markers)
    points, _ = found.place(markers)
    return one_person(points[:, None, :, :2], markers.time_s, found.target, unit="px")


def _read_some_json(
    path: Path, skeleton: Skeleton | None, fps: float | None, size_wh: tuple[int, int] | None
) -> list[Poses]:
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise MediaError(f"'{path}' is not JSON ({error}); was it cut off or edited?") from error
    if is_coco_results(content):
        return read_coco_results(path, skeleton, fps=fps)
    if is_openpose(content):
        raise MediaError(f"'{path}' is one frame of OpenPose; give the folder '{path.parent}' with all of them")
    own = content.get("format") if isinstance(content, dict) else None
    if own != FORMAT and str(own).startswith("gonio."):
        raise MediaError(f"'{path}' is a {own}, numbers and no keypoints; give the file that was analysed")
    if own == FORMAT:
        say_rate_is_not_used(path, fps)
        return as_skeleton(read_json(path), skeleton)
    return read_landmarks_json(path, skeleton, fps=fps, size_wh=size_wh)


def _read_some_csv(
    path: Path, skeleton: Skeleton | None, fps: float | None, size_wh: tuple[int, int] | None
) -> PoseSequence | list[Poses]:
    text = read_text(path)
    if is_deeplabcut(text):
        return read_deeplabcut_tracks(path, skeleton, fps=fps)
    if is_table_csv(text):
        say_rate_is_not_used(path, fps)
        return read_table_csv(path, skeleton)
    return read_landmarks_csv(path, skeleton, fps=fps, size_wh=size_wh)
