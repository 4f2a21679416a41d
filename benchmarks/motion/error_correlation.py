"""How long a network's error at a keypoint stays the same, and how large boxes are over keypoints.

``python -m benchmarks.motion.error_correlation FOLDER``: FOLDER holds ``cam01.json`` to ``cam04.json``, made by ``gonio
predict`` from ``videos/pose2sim_single`` of the shared data, and the like of any other videos for the boxes. The truth
of a keypoint in one picture is where the other three calibrated cameras put it.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from gonio.analysis.propagation import error_correlation
from gonio.arrays import FloatArray64
from gonio.io.formats.pose_json import read_json
from gonio.structures.poses import Poses

DATA = Path(os.environ.get("GONIO_SHARED", Path(__file__).parents[3] / "shared")) / "data"
CAMERAS = ("cam01", "cam02", "cam03", "cam04")
LAGS = (1, 2, 3, 6, 12, 18, 30)
RATE_HZ = 60.0
BODY = slice(5, 17)
GROSS_PX = 60.0
"""Further off than this is another point of the body, not an error of this one."""


def main(folder: Path) -> None:
    """Print both tables."""
    errors = left_out_errors(folder)
    errors = np.where(np.abs(errors) < GROSS_PX, errors, np.nan)
    variance = np.nanmean(errors**2)
    print(f"error against three other cameras: rms {np.sqrt(variance):.1f} px a coordinate; it is the same after")
    for lag in LAGS:
        correlation = np.nanmean(errors[:, :-lag] * errors[:, lag:]) / variance
        model = float(error_correlation(np.array(lag / RATE_HZ)))
        print(f"  {1000 * lag / RATE_HZ:4.0f} ms: correlation {correlation:.2f}, taken to be {model:.2f}")
    ratios = {file.stem: box_ratio(read_json(file)) for file in sorted(folder.glob("*.json"))}
    print(f"root of box area over that of the keypoints: median of clips {np.median(list(ratios.values())):.2f}")
    print("  " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))


def left_out_errors(folder: Path) -> FloatArray64:
    """``(cameras, T, K, 2)`` px: each keypoint minus where the other cameras put it."""
    cameras = projections(DATA / "videos" / "pose2sim_single" / "Calib.qca.txt")
    clips = [best_person(read_json(folder / f"{name}.json")) for name in CAMERAS]
    steps = min(len(clip) for clip in clips)
    seen = np.stack([clip[:steps, BODY] for clip in clips])
    out = np.full((*seen.shape[:3], 2), np.nan)
    for camera in range(len(CAMERAS)):
        others = [other for other in range(len(CAMERAS)) if other != camera]
        for index in np.ndindex(seen.shape[1:3]):
            points = np.array([seen[(other, *index)] for other in others])
            if np.isfinite(points).all():
                there = cameras[camera] @ triangulated(points, cameras[others])
                out[(camera, *index)] = seen[(camera, *index)][:2] - there[:2] / there[2]
    return out


def triangulated(points: FloatArray64, cameras: FloatArray64) -> FloatArray64:
    """``(4,)`` homogeneous point from ``(C, 3)`` x, y, score by the direct linear transform, weighted by score."""
    rows = points[:, None, 2:] * (points[:, :2, None] * cameras[:, 2:] - cameras[:, :2])
    return np.asarray(np.linalg.svd(rows.reshape(-1, 4))[2][-1])


def projections(file: Path) -> FloatArray64:
    """``(4, 3, 4)`` projection matrices of a Qualisys calibration file (64 units a pixel), distortion left out."""
    matrices = []
    for camera in ElementTree.parse(file).getroot().iter("camera"):  # noqa: S314
        place, lens = camera.find("transform"), camera.find("intrinsic")
        if place is None or lens is None:
            raise ValueError(f"{file.name} has a camera without transform or intrinsic")
        turn = np.diag([1, -1, -1]) @ np.array([[float(place.attrib[f"r{i}{j}"]) for j in "123"] for i in "123"])
        at = np.array([float(place.attrib[axis]) for axis in "xyz"])
        inner = np.eye(3)
        for i, axis in enumerate("UV"):
            inner[i, i] = float(lens.attrib[f"focalLength{axis}"]) / 64
            inner[i, 2] = float(lens.attrib[f"centerPoint{axis}"]) / 64
        matrices.append(inner @ np.column_stack([turn, -turn @ at]))
    return np.array(matrices)


def best_person(frames: list[Poses]) -> FloatArray64:
    """``(T, K, 3)``: x, y, score of the person found best in each frame; NaN where nobody is."""
    out = np.full((len(frames), len(frames[0].skeleton), 3), np.nan)
    for step, poses in enumerate(frames):
        if len(poses):
            best = int(poses.person_scores.argmax())
            out[step] = np.column_stack([poses.keypoints[best], poses.scores[best]])
    return out


def box_ratio(frames: list[Poses]) -> float:
    """Median over everyone."""
    ratios = [
        np.sqrt(np.ptp(box.reshape(2, 2), axis=0).prod() / np.ptp(keypoints, axis=0).prod())
        for poses in frames
        for box, keypoints in zip(poses.boxes, poses.keypoints, strict=True)
    ]
    return float(np.nanmedian(ratios))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
