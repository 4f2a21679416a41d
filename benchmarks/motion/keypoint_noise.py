"""How far off a model's keypoints are in video, how long each error lasts, and whether it follows the movement.

``python -m benchmarks.motion.keypoint_noise [--data FOLDER] [--stored FOLDER] [--out FILE]``: two minutes on two cores.
Four calibrated cameras see one person, followed as ``gonio analyse`` follows them and not cleaned. What disagrees with
the point that all four triangulate is error; as that point gave way to each of them, their share is made up for. That
person balances and hardly walks, so how the keypoints tremble is compared with a walk seen from the side.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import nnls
from scipy.signal import savgol_filter

from benchmarks.motion.correlated_noise import Error, write_errors
from benchmarks.motion.multi_camera import SHARED, height_px
from benchmarks.motion.multi_camera_scene import Cameras, Scene, load_scene
from gonio.analysis.propagation import error_correlation
from gonio.analysis.residual import temporal_sd
from gonio.arrays import FloatArray64
from gonio.geometry.triangulation import triangulate
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.motion.people import main_people, read_people, track_people
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
PARTS = {
    "ankle": ("left_ankle", "right_ankle"),
    "knee": ("left_knee", "right_knee"),
    "hip": ("left_hip", "right_hip"),
    "shoulder": ("left_shoulder", "right_shoulder"),
    "elbow": ("left_elbow", "right_elbow"),
    "wrist": ("left_wrist", "right_wrist"),
    "head": ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
}
BODY = slice(5, 17)
"""Without the head: faces are made unrecognisable in two of the videos."""
HIPS = slice(11, 13)
"""They keep their error longest."""
LAGS = (1, 2, 3, 6, 12, 18, 30)
LONGEST_S = 0.5
"""What an error is still the same after so long counts as lasting; the scene is 1.7 s long."""
QUICK_S = np.geomspace(0.03, 0.3, 24)
"""Times in which the rest may change to 1 / e."""
SPEEDS = (0.0, 0.15, 0.4, 0.8, np.inf)
"""Heights per second: a foot at rest, ... , a foot in the swing."""
FEWEST = 30
"""Samples of a speed."""
_SMOOTH_S = 0.2
_EYE_OVER_ANKLE = 0.897
"""Of the height (Drillis and Contini 1966, as in `benchmarks.motion.multi_camera`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One person in all cameras.

    Attributes:
        pixels: ``(C, T, K, 2)``.
        cameras: C.
        interval_s: Between frames.
        height_px: ``(C, T, 1)``.
    """

    pixels: FloatArray64
    cameras: Cameras
    interval_s: float
    height_px: FloatArray64


def everyone_in(clip: Path, model: PoseModel | None, stored: Path) -> PoseSequence:
    """People of a video, followed: by a model, or as ``gonio predict --track`` stored them."""
    return track_people(open_source(clip), model) if model else read_people(stored / f"{clip.stem}.json")


def follow(scene: Scene, model: PoseModel | None, stored: Path) -> Seen:
    """The main person in every camera."""
    people = [everyone_in(clip, model, stored) for clip in scene.clips]
    sequences = [everyone.person(main_people(everyone)[0]) for everyone in people]
    pixels = np.stack([sequence.keypoints[:, 0] for sequence in sequences]).astype(np.float64)
    interval_s = float(np.median(np.diff(sequences[0].time_s)))
    cameras = scene.centred
    return Seen(pixels, cameras, interval_s, height_px(cameras, triangulate(cameras, pixels), COCO17))


def residuals(seen: Seen) -> FloatArray64:
    """``(T, K, 2 C)`` from the triangulated point to where each camera sees it: x, y of each, parts of the height."""
    points = triangulate(seen.cameras, seen.pixels)
    there = np.stack([camera.project(points) for camera in seen.cameras])
    return _side_by_side((seen.pixels - there) / seen.height_px[..., None])


def shares(seen: Seen) -> FloatArray64:
    """``(2, 2)``: what a variance of 1 of errors along x and y leaves in the residuals along x and y, cameras summed.

    Source:
        Residuals of least squares are ``(I - H)`` errors, H the projection onto what the point can explain: Draper and
        Smith, Applied Regression Analysis, 3rd edition, 1998, section 8.1; to first order here.
    """
    points, step = triangulate(seen.cameras, seen.pixels), 1e-4
    turned = [
        np.stack([(camera.project(points + move) - camera.project(points - move)) / (2 * step) for move in along], -1)
        for camera in seen.cameras
        for along in [step * np.eye(3)]
    ]
    slopes = _side_by_side(np.stack(turned) / seen.height_px[..., None, None])
    explained = slopes @ np.linalg.pinv(slopes)
    left = ((np.eye(explained.shape[-1]) - explained) ** 2).mean(axis=(0, 1))
    return np.asarray(left.reshape(len(seen.cameras), 2, len(seen.cameras), 2).sum(axis=(0, 2)))


def autocovariance(errors: FloatArray64, share: FloatArray64, lag: int) -> FloatArray64:
    """``(K, 2)`` of the cameras' own errors along x and y: what is still the same ``lag`` frames later, squared."""
    later = (errors[: len(errors) - lag] * errors[lag:]).mean(axis=0)
    return np.asarray(np.linalg.solve(share, later.reshape(len(later), -1, 2).sum(axis=1).T).T)


def parted(covariances: FloatArray64, lags_s: FloatArray64) -> Error:
    """The error whose frame-to-frame, quick and lasting part fit ``(L,)`` autocovariances best, none of them below 0.

    Source:
        Least squares of a nugget, an exponential and a constant: N. Cressie, Statistics for Spatial Data, 1993, 2.4.
    """

    def fit(quick_s: float) -> tuple[float, FloatArray64]:
        design = np.column_stack([lags_s == 0, np.exp(-lags_s / quick_s), np.ones_like(lags_s)])
        variances, distance = nnls(design.astype(np.float64), covariances)
        return float(distance), np.asarray(variances)

    quick_s = float(min(QUICK_S, key=lambda time_s: fit(time_s)[0]))
    frame, quick, lasting = np.sqrt(fit(quick_s)[1]).tolist()
    return Error(frame, quick, quick_s, lasting)


def autocovariances(seen: Seen) -> tuple[FloatArray64, FloatArray64]:
    """``(L,)`` seconds from 0 to `LONGEST_S`, and ``(L, K, 2)`` autocovariances of the errors."""
    errors, share = residuals(seen), shares(seen)
    lags = np.arange(round(LONGEST_S / seen.interval_s) + 1)
    found = np.stack([autocovariance(errors, share, int(lag)) for lag in lags])
    return lags.astype(np.float64) * seen.interval_s, found


def errors_of_parts(lags_s: FloatArray64, covariances: FloatArray64) -> dict[str, tuple[Error, Error]]:
    """By part of the body: along x and along y of the picture, in parts of the height."""
    found = {}
    for part, names in PARTS.items():
        mean = covariances[:, [COCO17.index(name) for name in names]].mean(axis=1)
        found[part] = (parted(mean[:, 0], lags_s), parted(mean[:, 1], lags_s))
    return found


def movement(seen: Seen) -> tuple[FloatArray64, FloatArray64]:
    """``(C, T, K, 2)`` px per second of where the other cameras put a point, and px from there to the keypoint."""
    velocity, off = np.empty_like(seen.pixels), np.empty_like(seen.pixels)
    window = 2 * round(_SMOOTH_S / seen.interval_s / 2) + 1
    for one, camera in enumerate(seen.cameras):
        others = [other for other in range(len(seen.cameras)) if other != one]
        points = triangulate([seen.cameras[other] for other in others], seen.pixels[others])
        there = camera.project(points)
        off[one] = seen.pixels[one] - there
        velocity[one] = savgol_filter(there, window, 3, deriv=1, delta=seen.interval_s, axis=0)
    return velocity, off


def late_s(velocity: FloatArray64, off: FloatArray64) -> float:
    """Seconds by which keypoints trail where they are: the slope of the error by the velocity, offsets taken out."""
    velocity, off = velocity - velocity.mean(axis=1, keepdims=True), off - off.mean(axis=1, keepdims=True)
    return -float((velocity * off).sum() / (velocity**2).sum())


def print_correlation(lags_s: FloatArray64, covariances: FloatArray64) -> None:
    """How long errors stay the same, all keypoints together, the hips', and as `gonio.analysis.propagation` has it."""
    mean, hips = covariances[:, BODY].mean(axis=(1, 2)), covariances[:, HIPS].mean(axis=(1, 2))
    print(f"error without the head: {100 * np.sqrt(mean[0]):.2f} % of the height a coordinate; it is the same after")
    for lag in LAGS:
        taken = float(error_correlation(np.asarray(lags_s[lag])))
        same = f"correlation {mean[lag] / mean[0]:.2f}, of the hips {hips[lag] / hips[0]:.2f}"
        print(f"  {1000 * lags_s[lag]:4.0f} ms: {same}, taken to be {taken:.2f}")


def print_parts(found: dict[str, tuple[Error, Error]]) -> None:
    """Sd of each part of the error."""
    print("sd in % of the height, along the picture: from frame to frame, quick (and 1 / e in), lasting")
    for part, axes in found.items():
        for axis, error in zip(("across", "up"), axes, strict=True):
            parts = 100 * np.array([error.frame, error.quick, error.lasting])
            print(f"  {part:9s}{axis:7s} {parts[0]:5.2f}  {parts[1]:5.2f} ({error.quick_s:.2f} s)  {parts[2]:5.2f}")


def print_movement(seen: Seen) -> None:
    """Whether errors trail the movement, and grow with it."""
    velocity, off = movement(seen)
    speed = np.linalg.norm(velocity / seen.height_px[..., None], axis=-1)
    errors = residuals(seen)
    quick = errors - savgol_filter(errors, 2 * round(QUICK_S[-1] / seen.interval_s / 2) + 1, 1, axis=0)
    quick = np.moveaxis(quick.reshape(*quick.shape[:2], -1, 2), 2, 0)
    speeds = ", ".join(f"{low:g} to {high:g}" for low, high in pairwise(SPEEDS))
    print("ms by which keypoints trail the movement, of all cameras and of each; sd in % of the height of what differs")
    print(f"from the mean of {QUICK_S[-1]:.1f} s, at speeds of {speeds} heights per second")
    every = list(range(len(seen.cameras)))
    for part, names in PARTS.items():
        own = [COCO17.index(name) for name in names]
        late = [late_s(velocity[c][:, :, own], off[c][:, :, own]) for c in (every, *([one] for one in every))]
        sds = []
        for low, high in pairwise(SPEEDS):
            within = (speed[:, :, own] >= low) & (speed[:, :, own] < high)
            sds.append(100 * np.sqrt(np.mean(quick[:, :, own][within] ** 2)) if within.sum() >= FEWEST else np.nan)
        print(f"  {part:9s}", *(f"{1000 * one:4.0f}" for one in late), " ; ", *(f"{sd:5.2f}" for sd in sds))


def print_trembling(seen: Seen, everyone: PoseSequence) -> None:
    """Of this person and of somebody who walks through a picture, both at about 30 frames per second."""
    scene = seen.pixels[:, ::2] / seen.height_px[:, ::2, :, None]
    times = np.arange(scene.shape[1], dtype=np.float64) * 2 * seen.interval_s
    here = np.median([temporal_sd(camera, times) for camera in scene], axis=(0, 1))
    places = everyone.keypoints[:, :, COCO17.index("left_hip"), 0]
    walker = everyone.person(int(everyone.track_ids[np.nanargmax(np.nanmax(places, 0) - np.nanmin(places, 0))]))
    points = walker.keypoints[:, 0].astype(np.float64)
    height = float(np.nanmedian(np.ptp(points[..., 1], axis=1))) / _EYE_OVER_ANKLE
    there = np.nanmedian(temporal_sd(points, walker.time_s), axis=0) / height
    print(f"trembling at 30 frames per second, % of the height: here, and of a walker in side view ({height:.0f} px)")
    for part, names in PARTS.items():
        own = [COCO17.index(name) for name in names]
        print(f"  {part:9s} {100 * here[own].mean():5.2f} {100 * there[own].mean():5.2f}")


def _side_by_side(by_camera: FloatArray64) -> FloatArray64:
    """``(C, T, K, 2, ...)`` as ``(T, K, 2 C, ...)``."""
    moved = np.moveaxis(by_camera, 0, 2)
    return np.asarray(moved.reshape(*moved.shape[:2], -1, *moved.shape[4:]))


def main() -> None:
    """Print the tables, and write the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED / "videos", help="folder of the videos")
    parser.add_argument("--model", default="thunder", help="default: thunder")
    parser.add_argument("--stored", type=Path, help="folder of what gonio predict --track --json wrote, by clip")
    parser.add_argument("--out", type=Path, help="write the errors, for benchmarks.motion.correlated_noise")
    asked = parser.parse_args()
    model, stored = None if asked.stored else load_model(asked.model), asked.stored or Path()
    seen = follow(load_scene(asked.data / "pose2sim_single"), model, stored)
    lags_s, covariances = autocovariances(seen)
    found = errors_of_parts(lags_s, covariances)
    print("the person is, px tall:", ", ".join(f"{np.median(tall):.0f}" for tall in seen.height_px))
    print_correlation(lags_s, covariances)
    print_parts(found)
    print_movement(seen)
    print_trembling(seen, everyone_in(asked.data / "sports2d_demo.mp4", model, stored))
    if asked.out:
        write_errors(asked.out, found, model=asked.model)


if __name__ == "__main__":
    main()
