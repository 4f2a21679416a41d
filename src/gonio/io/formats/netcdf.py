"""NetCDF in the layout of movement, the toolbox of animal motion on xarray: the same file opens there and in xarray.

Dimensions ``time, space, keypoints, individuals``; variables ``position`` and ``confidence``; attributes ``ds_type``,
``time_unit``, ``fps`` and ``source_software``. Source: movement 0.15, ``validators.datasets.ValidPosesInputs``.
What movement does not know and leaves alone: the variables ``keypoint_sd`` and ``flags``, the attributes ``unit``,
``skeleton`` and ``history``.
"""

from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray64, IntArray
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.frame_times import first_wrong_time, say_rate_is_not_used, time_of_frame
from gonio.io.formats.keypoint_arrays import present, sequence_of_names
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.markers import sampling_rate_hz
from gonio.optional import require
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

_POINT_DIMS = ("time", "keypoints", "individuals")


def write_netcdf(path: str | Path, sequence: PoseSequence) -> None:
    """Write a sequence; individuals are named ``id_7`` after their tracks.

    Raises:
        MediaError: If the file cannot be written.
        MissingDependencyError: If xarray or netCDF4 is not installed.
    """
    xarray = require("xarray", extra="formats", purpose="writing netCDF")
    require("netCDF4", extra="formats", purpose="writing netCDF")
    extra = {"keypoint_sd": sequence.keypoint_sd, "flags": sequence.flags}
    variables: dict[str, Any] = {
        "position": (("time", "space", *_POINT_DIMS[1:]), sequence.keypoints.transpose(0, 3, 2, 1)),
        "confidence": (_POINT_DIMS, sequence.scores.swapaxes(1, 2)),
        **{name: (_POINT_DIMS, array.swapaxes(1, 2)) for name, array in extra.items() if array is not None},
    }
    if sequence.world is not None:
        world_dims = ("time", "world_axes", *_POINT_DIMS[1:])  # the picture's space may have two axes only
        variables["world"] = (world_dims, sequence.world.transpose(0, 3, 2, 1))
    coordinates = {
        "time": sequence.time_s,
        "space": list("xyz"[: sequence.keypoints.shape[-1]]),
        "keypoints": list(sequence.skeleton.keypoint_names),
        "individuals": [f"id_{track}" for track in sequence.track_ids],
    }
    attributes = {
        "ds_type": "poses",
        "source_software": "Gonio",
        "time_unit": "seconds",
        "fps": sampling_rate_hz(sequence.time_s),
        "unit": sequence.unit,
        "skeleton": sequence.skeleton.name,
        "history": "\n".join(sequence.history),
    }
    dataset = xarray.Dataset(variables, coordinates, attributes)
    with atomic_path(Path(path)) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", format="NETCDF4")


def read_netcdf(path: str | Path, skeleton: Skeleton | None = None, *, fps: float | None = None) -> PoseSequence:
    """Read a sequence that Gonio or movement wrote.

    Args:
        path: The file.
        skeleton: What the keypoints are; None: a skeleton that ships with these names, else one made of them.
        fps: For files that count frames.

    Returns:
        Pixels unless the file says metres. Where it has no confidence, a keypoint with coordinates has score 1.

    Raises:
        MediaError: If the file cannot be read or is no data set of poses.
        ConfigError: If it counts frames and ``fps`` is not given, or the skeleton lacks a keypoint.
        MissingDependencyError: If xarray or netCDF4 is not installed.
    """
    path = Path(path)
    check_is_file(path)
    xarray = require("xarray", extra="formats", purpose="reading netCDF")
    require("netCDF4", extra="formats", purpose="reading netCDF")
    try:
        with xarray.open_dataset(path, engine="netcdf4", decode_times=False) as opened:
            dataset = opened.load()
    except (OSError, ValueError, RuntimeError) as error:
        raise unusable(path, "it is no netCDF file that can be read", "it may have been cut short") from error
    missing = {"time", "space", "keypoints", "individuals"} - set(map(str, dataset.coords))
    if missing or "position" not in dataset:
        raise unusable(path, "it is no data set of poses", "movement's layout has position over time, space, keypoints")
    return _sequence(dataset, path, skeleton, fps)


def _sequence(dataset: Any, path: Path, skeleton: Skeleton | None, fps: float | None) -> PoseSequence:
    axes = [str(axis) for axis in dataset["space"].to_numpy()]
    if sorted(axes) not in (["x", "y"], ["x", "y", "z"]):
        raise unusable(path, f"its axes in space are {', '.join(axes)}", "they are x and y, and perhaps z")
    if len(axes) > 2 and "unit" not in dataset.attrs:
        fact = "it holds positions in space (x, y, z) and does not say that they are metres"
        raise unusable(path, fact, "scale them to metres, turn y up, and write the attribute unit = m")
    dataset = dataset.sel(space=sorted(axes))

    def laid_out(name: str) -> Any:
        return dataset[name].transpose("time", "individuals", "keypoints", ...).to_numpy()

    keypoints = np.asarray(laid_out("position"), np.float32)
    there = present(keypoints)
    scores = np.asarray(laid_out("confidence"), np.float32) if "confidence" in dataset else np.full(there.shape, np.nan)
    return sequence_of_names(
        [str(name) for name in dataset["keypoints"].to_numpy()],
        np.where(there[..., None], keypoints, np.nan).astype(np.float32),
        np.where(np.isnan(scores), there, scores).astype(np.float32),
        _times(dataset, path, fps),
        track_ids=_track_ids([str(name) for name in dataset["individuals"].to_numpy()]),
        skeleton=skeleton or _named(str(dataset.attrs.get("skeleton", ""))),
        unit="m" if dataset.attrs.get("unit") == "m" else "px",
        history=tuple(line for line in str(dataset.attrs.get("history", "")).split("\n") if line),
        keypoint_sd=laid_out("keypoint_sd") if "keypoint_sd" in dataset else None,
        flags=laid_out("flags") if "flags" in dataset else None,
        world=laid_out("world") if "world" in dataset else None,
    )


def _times(dataset: Any, path: Path, fps: float | None) -> FloatArray64:
    values: FloatArray64 = np.asarray(dataset["time"].to_numpy(), np.float64)
    if dataset.attrs.get("time_unit") != "frames":
        say_rate_is_not_used(path, fps)
    else:
        values = np.array([time_of_frame(index, fps, path) for index in values.tolist()])
    if (wrong := first_wrong_time(values)) is not None:
        raise unusable(path, f"its times do not increase, first at step {wrong}", "sort the data set by time")
    return values


def _named(skeleton: str) -> Skeleton | None:
    return load_skeleton(skeleton) if skeleton in skeleton_names() else None


def _track_ids(names: list[str]) -> IntArray:
    """The numbers of ``id_7``; 0, 1, 2... where the individuals have other names."""
    numbers = [name.rpartition("_")[2] for name in names]
    if all(number.isdecimal() for number in numbers) and len(set(map(int, numbers))) == len(names):
        return np.array(list(map(int, numbers)), np.int64)
    return np.arange(len(names))
