"""Do a model's keypoints in four cameras mean the same points in space? Reprojection error by joint, for each model.

``python -m benchmarks.motion.multi_camera [--data FOLDER] [--models NAME ...]``: about three minutes
on two cores. No label is involved: a keypoint that means another part of the body in another camera, or that has
changed sides, cannot be put anywhere in space where all cameras agree.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.motion.multi_camera_scene import Cameras, Scene, errors, load_scene, rms
from benchmarks.motion.people import main_person
from gonio.arrays import FloatArray64
from gonio.geometry.triangulation import triangulate
from gonio.models.loader import load_model
from gonio.models.registry import shipped_models
from gonio.structures.conversion import convert_keypoints
from gonio.structures.skeleton import Skeleton, load_skeleton

SHARED = Path(os.environ.get("GONIO_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"
_CHAIN = ("ankle", "knee", "hip", "shoulder", "ear")
_CHAIN_PART = 0.90
"""Of the height: ankle to knee to hip to shoulder to ear, 0.039 to 0.936 (R. Drillis, R. Contini 1966, in D. Winter,
Biomechanics and Motor Control of Human Movement, 4th edition, 2009, figure 4.1; the ear at the height of the eye)."""

_HEAD = ("nose", "eye", "ear", "head")
_BODY = "below the head"
"""Faces are made unrecognisable in this scene, and two cameras see the person from behind."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The person as every camera sees them.

    Attributes:
        pixels: ``(C, T, K, 2)`` px.
        scores: ``(C, T, K)``.
        skeleton: What the K keypoints are.
    """

    pixels: FloatArray64
    scores: FloatArray64
    skeleton: Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How one model's keypoints agree.

    Attributes:
        used: ``(C, T, K)`` px, from the keypoint to the point triangulated from all cameras.
        left_out: ``(C, T, K)`` px, to the point triangulated from the other cameras.
        height_px: ``(C, T, 1)``: how tall the person, standing upright there, would be in the picture.
        skeleton: What the K keypoints are.
    """

    used: FloatArray64
    left_out: FloatArray64
    height_px: FloatArray64
    skeleton: Skeleton


def look(scene: Scene, model: str, stored: Path | None = None) -> Views:
    """Run a model on every video, or read its stored keypoints; COCO's 17 of the moments that all cameras saw."""
    ready = None if stored else load_model(model)
    sequences = [main_person(clip, model=ready, stored=stored) for clip in scene.clips]
    steps = _same_moments([sequence.time_s for sequence in sequences])
    pairs = list(zip(sequences, steps, strict=True))
    common = load_skeleton("coco17")
    keypoints, scores = convert_keypoints(
        np.stack([sequence.keypoints[step, 0] for sequence, step in pairs]),
        np.stack([sequence.scores[step, 0] for sequence, step in pairs]),
        source=sequences[0].skeleton,
        target=common,
    )
    return Views(keypoints.astype(np.float64), scores.astype(np.float64), common)


def agreement(cameras: Cameras, views: Views) -> Agreement:
    """Triangulate from all cameras, and for each camera from the others."""
    left_out = np.empty(views.scores.shape)
    for one, camera in enumerate(cameras):
        others = np.arange(len(cameras)) != one
        points = triangulate([cameras[i] for i in np.flatnonzero(others)], views.pixels[others], views.scores[others])
        left_out[one] = np.linalg.norm(camera.project(points) - views.pixels[one], axis=-1)
    points = triangulate(cameras, views.pixels, views.scores)
    used = np.linalg.norm(errors(cameras, views.pixels, views.scores), axis=-1)
    return Agreement(used, left_out, height_px(cameras, points, views.skeleton), views.skeleton)


def best_shifts(cameras: Cameras, views: Views, *, reach: int = 3) -> list[int]:
    """By how many frames each camera would have to be shifted for all to agree best; 0 where they are in step."""
    shifts = range(-reach, reach + 1)
    steps = np.arange(reach, views.scores.shape[1] - reach)

    def error(camera: int, shift: int) -> float:
        pixels, scores = views.pixels[:, steps].copy(), views.scores[:, steps].copy()
        pixels[camera], scores[camera] = views.pixels[camera, steps + shift], views.scores[camera, steps + shift]
        return float(np.nanmedian(np.linalg.norm(errors(cameras, pixels, scores), axis=-1)))

    return [min(shifts, key=lambda shift: error(one, shift)) for one in range(len(cameras))]


def _same_moments(times: Sequence[FloatArray64]) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """For each camera the frames nearest to those of the first; moments that one of them lacks are left out."""
    nearest = [np.abs(own[None] - times[0][:, None]).argmin(axis=1) for own in times]
    apart = np.max([np.abs(own[step] - times[0]) for own, step in zip(times, nearest, strict=True)], axis=0)
    together = apart < 0.25 * np.median(np.diff(times[0]))
    return [step[together] for step in nearest]


def height_px(cameras: Cameras, points: FloatArray64, skeleton: Skeleton) -> FloatArray64:
    """From the lengths of the limbs, so that it is the same in every posture, and the distance from each camera."""
    sides = [[skeleton.index(f"{side}_{name}") for name in _CHAIN] for side in ("left", "right")]
    middles = points[:, sides].mean(axis=1)[:, 2:]  # the trunk in the middle, legs each for itself
    legs = np.linalg.norm(np.diff(points[:, sides][:, :, :3], axis=2), axis=-1).sum(axis=2).mean(axis=1)
    height_m = np.nanmedian(legs + np.linalg.norm(np.diff(middles, axis=1), axis=-1).sum(axis=1)) / _CHAIN_PART
    depths = [(middles[:, 0] - camera.position) @ camera.rotation[2] for camera in cameras]
    tall = [camera.matrix[1, 1] * height_m / depth for camera, depth in zip(cameras, depths, strict=True)]
    return np.array(tall)[..., None]


def print_table(found: dict[str, Agreement]) -> None:
    """Joints down, models across."""
    width = 34
    print(f"{'':16}" + "".join(f"{name:^{width}}" for name in found))
    print(f"{'':16}" + f"{'all cameras':>13}{'left out':>12}{'% of':>7}  " * len(found))
    print(f"{'joint':16}" + f"{'median':>7}{'mean':>6}{'median':>7}{'mean':>5}{'height':>7}  " * len(found))
    names = next(iter(found.values())).skeleton.keypoint_names
    for row in (*names, _BODY, "all"):
        print(f"{row.replace('_', ' '):16}" + "".join(_cell(one, row) for one in found.values()))


def _cell(one: Agreement, row: str) -> str:
    columns = _columns(row, one.skeleton)
    used, left_out = one.used[..., columns], one.left_out[..., columns]
    share = 100 * np.nanmedian(left_out / one.height_px)
    return (
        f"{np.nanmedian(used):7.1f}{np.nanmean(used):6.1f}{np.nanmedian(left_out):7.1f}{np.nanmean(left_out):5.0f}"
        f"{share:7.1f}  "
    )


def _columns(row: str, skeleton: Skeleton) -> list[int]:
    if row in skeleton.keypoint_names:
        return [skeleton.index(row)]
    names = enumerate(skeleton.keypoint_names)
    return [k for k, name in names if row == "all" or not any(part in name for part in _HEAD)]


def print_scene(scene: Scene) -> None:
    """What is known of the cameras without any model."""
    changed = [
        f"{clip.name} {camera.size_wh[0]} x {camera.size_wh[1]}"
        for clip, camera in zip(scene.clips, scene.calibrated, strict=True)
    ]
    print(f"frames: {', '.join(changed)}; smaller ones are letterboxed, and their cameras fitted to them")
    before, after = scene.held_out_px()
    print(
        f"things that stand still, rms: {rms(errors(scene.calibrated, scene.fixed)):.1f} px as calibrated, "
        f"{rms(errors(scene.centred, scene.fixed)):.1f} px with the pictures' centres moved; squares, with the centres "
        f"fitted to the bolts alone: {before:.1f} px -> {after:.1f} px"
    )


def main() -> None:
    """Print the cameras' own errors, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED / "videos" / "pose2sim_single", help="folder of the scene")
    parser.add_argument("--models", nargs="+", default=[card.name for card in shipped_models()], help="default: all")
    parser.add_argument("--stored", type=Path, help="folder that has, by model, gonio JSON files instead of running it")
    asked = parser.parse_args()
    scene = load_scene(asked.data)
    print_scene(scene)
    views = {name: look(scene, name, asked.stored and asked.stored / name) for name in asked.models}
    for name, view in views.items():
        print(f"frames by which each camera is out of step, by {name}: {best_shifts(scene.centred, view)}")
    for title, cameras in (("centres moved", scene.centred), ("as calibrated", scene.calibrated)):
        found = {name: agreement(cameras, view) for name, view in views.items()}
        print(f"\nreprojection error, px; cameras {title}")
        print_table(found)
        height = np.median([one.height_px for one in found.values()])
        print(f"the person is {height:.0f} px tall (median); {next(iter(views.values())).scores.shape[1]} moments")


if __name__ == "__main__":
    main()
