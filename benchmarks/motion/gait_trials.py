"""Walks and runs with known heel strikes and toe-offs, from the shared data: markers with force plates, and labels.

Each comes in 3D; `seen` gives it as a camera at the side would, with the frame rate, noise and skeleton of video.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.motion.correlated_noise import Errors, draw
from gonio.arrays import FloatArray, FloatArray64
from gonio.io.formats.marker_map import MarkerMap
from gonio.io.formats.trc import read_trc
from gonio.io.formats.virtual_camera import SideCamera, through_side_camera
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

Limb = Literal["left", "right"]
LIMBS: tuple[Limb, Limb] = ("left", "right")
PLATE_N = 50.0
"""Force above which a foot is on the ground."""
HEIGHT_M = 1.8
"""Of the people, for errors that are known as parts of it; the files do not say."""
_SHORTEST_S = 0.05
"""Contacts shorter than this are the plate's ringing."""
_WALK = {
    f"{side}_{keypoint}": f"{side[0].upper()}.{marker}"
    for side in LIMBS
    for keypoint, marker in (
        ("heel", "Heel"), ("big_toe", "Toe"), ("small_toe", "MT5"), ("ankle", "Ankle"), ("knee", "Knee"),
        ("hip", "ASIS"), ("shoulder", "Shoulder"), ("elbow", "Elbow"), ("wrist", "Wrist"),
    )
}  # fmt: skip
_RUN = {
    f"{side}_{keypoint}": f"{side[0].upper()}{marker}"
    for side in LIMBS
    for keypoint, marker in (("heel", "CAL"), ("big_toe", "TOE"), ("small_toe", "MT5"), ("shoulder", "ACR"))
} | {f"{side}_hip": [f"{side[0].upper()}ASI", f"{side[0].upper()}PSI"] for side in LIMBS}


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """True times of one foot, in seconds."""

    heel_strike: FloatArray64
    toe_off: FloatArray64


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One recording.

    Attributes:
        name: ``"walk"``, ``"run"``, ``"parkinson"``.
        sequence: 3D, metres, Halpe-26.
        truth: By side.
    """

    name: str
    sequence: PoseSequence
    truth: Mapping[Limb, Truth]


def load_trials(folder: Path) -> tuple[Trial, ...]:
    """All trials of ``data/gait``."""
    return (
        Trial("walk", _markers(folder / "walk_markers.trc", _WALK), _plates(folder / "walk_grf.mot")),
        Trial("run", with_ankles(_markers(folder / "run_markers.trc", _RUN)), _plates(folder / "run_grf.mot")),
        _labelled(folder / "parkinson_landmarks.json"),
    )


def seen(
    sequence: PoseSequence,
    *,
    fps: float,
    noise_m: float = 0.0,
    errors: Errors | None = None,
    skeleton: str = "halpe26",
    side: Limb = "right",
    seed: int = 0,
) -> PoseSequence:
    """A 3D sequence as video: another frame rate, a camera at the side, noise on every keypoint.

    Args:
        sequence: 3D.
        fps: Frames per second; they begin at a random time within the first frame interval.
        noise_m: Standard deviation along each axis of white noise, metres in the plane of motion.
        errors: Those of a model, added to it.
        skeleton: ``"halpe26"``, or ``"coco17"``, which has no heels and toes.
        side: Of the person, that the camera sees: they go to the right of the picture, or to the left.
        seed: Of the noise and the first frame.
    """
    rng = np.random.default_rng(seed)
    start = sequence.time_s[0] + rng.uniform(0, 1 / fps)
    slow = at_times(sequence, np.arange(start, sequence.time_s[-1], 1 / fps))
    picture = through_side_camera(with_skeleton(slow, skeleton), SideCamera(side=side))
    px_per_m = _extent(picture.keypoints[..., 1]) / _extent(slow.keypoints[..., 1])
    noise = rng.normal(0, noise_m * px_per_m, picture.keypoints.shape)
    if errors is not None:
        noise += draw(picture.skeleton, picture.time_s, errors, rng)[:, None] * HEIGHT_M * px_per_m
    return replace(picture, keypoints=(picture.keypoints + noise).astype(np.float32))


def at_times(sequence: PoseSequence, time_s: FloatArray64) -> PoseSequence:
    """Linear between the frames."""
    flat = sequence.keypoints.reshape(len(sequence), -1).astype(np.float64)
    columns = [np.interp(time_s, sequence.time_s, column) for column in flat.T]
    keypoints = np.stack(columns, axis=1).reshape(len(time_s), *sequence.keypoints.shape[1:])
    scores = _there(keypoints)
    return replace(sequence, keypoints=keypoints.astype(np.float32), scores=scores, time_s=time_s)


def with_skeleton(sequence: PoseSequence, name: str) -> PoseSequence:
    """The keypoints that another skeleton has too."""
    skeleton = load_skeleton(name)
    keypoints = np.full((len(sequence), 1, len(skeleton), sequence.keypoints.shape[-1]), np.nan, np.float32)
    for keypoint in set(skeleton.keypoint_names) & set(sequence.skeleton.keypoint_names):
        keypoints[:, :, skeleton.index(keypoint)] = sequence.point(keypoint)
    scores = _there(keypoints)
    return replace(sequence, keypoints=keypoints, scores=scores, skeleton=skeleton)


def with_ankles(sequence: PoseSequence) -> PoseSequence:
    """Ankles fixed to the feet, a quarter foot ahead of and above the heel, for trials without ankle markers."""
    keypoints = sequence.keypoints.copy()
    for side in LIMBS:
        heel, toe = (sequence.point(f"{side}_{part}") for part in ("heel", "big_toe"))
        along = toe - heel
        above = np.stack([-along[..., 1], along[..., 0], 0 * along[..., 2]], axis=-1)
        keypoints[:, :, sequence.skeleton.index(f"{side}_ankle")] = heel + 0.25 * along + 0.25 * above
    return replace(sequence, keypoints=keypoints, scores=_there(keypoints))


def _markers(path: Path, keypoints: Mapping[str, str | list[str]]) -> PoseSequence:
    marker_map = {"skeleton": "halpe26", "axes": {"forward": "x", "up": "y"}, "keypoints": dict(keypoints)}
    return MarkerMap.model_validate(marker_map).sequence(read_trc(path))


def _plates(path: Path) -> dict[Limb, Truth]:
    """Times at which the vertical force of each foot passes `PLATE_N`, between samples."""
    lines = path.read_text("utf-8").splitlines()
    header = next(i for i, line in enumerate(lines) if line.strip() == "endheader") + 1
    names = lines[header].split()
    data = np.array([[float(cell) for cell in line.split()] for line in lines[header + 1 :] if line.strip()])
    return {side: _contacts(data[:, 0], data[:, _force_column(names, side)]) for side in LIMBS}


def _force_column(names: list[str], side: Limb) -> int:
    letter = side[0]
    spellings = (f"ground_force_{letter}_vy", f"{letter}_ground_force_vy", f"{letter.upper()}_ground_force_vy")
    return next(names.index(name) for name in spellings if name in names)


def _contacts(time_s: FloatArray64, force: FloatArray64) -> Truth:
    def passes(rising: bool) -> FloatArray64:
        above = force > PLATE_N
        i = np.flatnonzero(~above[:-1] & above[1:] if rising else above[:-1] & ~above[1:])
        return np.asarray(time_s[i] + (PLATE_N - force[i]) / (force[i + 1] - force[i]) * (time_s[i + 1] - time_s[i]))

    strikes, offs = passes(True), passes(False)
    long_enough = [not np.any((offs > strike) & (offs < strike + _SHORTEST_S)) for strike in strikes]
    lasted = [not np.any((strikes < off) & (strikes > off - _SHORTEST_S)) for off in offs]
    return Truth(strikes[long_enough], offs[lasted])


def _labelled(path: Path) -> Trial:
    content = json.loads(path.read_text("utf-8"))
    skeleton = load_skeleton("halpe26")
    names = {name: name.replace("_toe", "_big_toe") for name in content["angle_frames"][0]["landmark_positions"]}
    keypoints = np.full((content["n_frames"], 1, len(skeleton), 3), np.nan, np.float32)
    for given, keypoint in names.items():
        places = [frame["landmark_positions"][given] for frame in content["angle_frames"]]
        keypoints[:, 0, skeleton.index(keypoint)] = np.array(places) / 1000
    time_s = np.arange(content["n_frames"]) / content["fps"]
    scores = _there(keypoints)
    sequence = PoseSequence(keypoints, scores, time_s, np.array([0]), skeleton, "m")
    truth = content["ground_truth"]
    return Trial(
        "parkinson",
        sequence,
        {
            side: Truth(*(np.array(truth[key][side]) / content["fps"] for key in ("hs_frames", "to_frames")))
            for side in LIMBS
        },
    )


def _there(keypoints: FloatArray | FloatArray64) -> FloatArray:
    """Score 1 where there is a keypoint."""
    return np.asarray(np.isfinite(keypoints).all(axis=-1), np.float32)


def _extent(heights: FloatArray) -> float:
    low, high = np.nanmin(heights, axis=(1, 2)), np.nanmax(heights, axis=(1, 2))
    return float(np.median(high - low))
