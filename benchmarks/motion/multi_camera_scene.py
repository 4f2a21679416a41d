"""Pose2Sim's scene with one person and four cameras: cameras that fit the videos, and how far they can be trusted.

Two things are wrong with the scene as it comes, and both would be laid at the models' door:

- Two of the videos have been scaled into smaller frames since they were calibrated, between black bars.
- All four cameras point some ten pixels beside where their calibration says. Things that do not move show it, and with
  the centres of the four pictures moved the others of these things fall into place.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from gonio.arrays import FloatArray64, ImageArray
from gonio.geometry.calibrated_camera import CalibratedCamera
from gonio.geometry.triangulation import triangulate
from gonio.io.formats.qualisys import read_qualisys
from gonio.io.sources import open_source

Cameras = tuple[CalibratedCamera, ...]
POINTS = Path(__file__).with_name("multi_camera_points.toml")
_BLACK = 12.0
"""Mean value of a black bar, of 255; video codecs smear a little."""
_HELD = 0.02
"""How much a moved px counts as an error of as many px: just enough to keep what no point decides."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Cameras, videos, and what is known to stand still.

    Attributes:
        clips: One video per camera.
        calibrated: The cameras as their calibration has them, in the frames of the videos.
        centred: The same, the centres of their pictures fitted to the fixed points.
        fixed: ``(C, P, 2)`` px, NaN where a camera does not see the point; bolts first.
        bolts: How many of them are bolts, the others squares.
    """

    clips: tuple[Path, ...]
    calibrated: Cameras
    centred: Cameras
    fixed: FloatArray64
    bolts: int

    def held_out_px(self) -> tuple[float, float]:
        """Error of the squares: as calibrated, and with the centres fitted to the bolts alone."""
        bolts, squares = self.fixed[:, : self.bolts], self.fixed[:, self.bolts :]
        return rms(errors(self.calibrated, squares)), rms(errors(centred(self.calibrated, bolts), squares))


def load_scene(folder: Path) -> Scene:
    """Read the calibration and look at the first frame of each video.

    Raises:
        ConfigError: If a video's frames are not those that its camera was calibrated with, nor a letterboxed copy.
    """
    cameras = read_qualisys(folder / "Calib.qca.txt")
    clips = tuple(folder / f"{camera.name}.mp4" for camera in cameras)
    calibrated = tuple(_fitting(camera, clip) for camera, clip in zip(cameras, clips, strict=True))
    table = tomllib.loads(POINTS.read_text("utf-8"))
    unseen = (np.nan, np.nan)
    fixed = np.array([[seen.get(camera.name, unseen) for seen in table.values()] for camera in cameras])
    bolts = sum(name.startswith("bolt") for name in table)
    return Scene(clips, calibrated, centred(calibrated, fixed), fixed, bolts)


def errors(
    cameras: Sequence[CalibratedCamera], pixels: FloatArray64, weights: FloatArray64 | None = None
) -> FloatArray64:
    """``(C, ..., 2)``: from where a point is seen to where the triangulated one is, px; NaN where it is not seen."""
    points = triangulate(cameras, pixels, weights)
    return np.stack([camera.project(points) for camera in cameras]) - pixels


def centred(cameras: Cameras, fixed: FloatArray64) -> Cameras:
    """The cameras whose pictures' centres make the fixed points ``(C, P, 2)`` agree best."""

    def moved(offsets: FloatArray64) -> Cameras:
        pairs = zip(cameras, offsets.reshape(-1, 2), strict=True)
        return tuple(camera.with_centre_moved(by_px.tolist()) for camera, by_px in pairs)

    def residuals(offsets: FloatArray64) -> FloatArray64:
        return np.concatenate([np.nan_to_num(errors(moved(offsets), fixed)).ravel(), _HELD * offsets])

    return moved(least_squares(residuals, np.zeros(2 * len(cameras))).x)


def rms(differences: FloatArray64) -> float:
    """Root mean square of the distances, px."""
    return float(np.sqrt(np.nanmean((differences**2).sum(axis=-1))))


def _fitting(camera: CalibratedCamera, clip: Path) -> CalibratedCamera:
    """The camera in the frames of its video."""
    image = next(iter(open_source(clip))).image
    size_wh = (image.shape[1], image.shape[0])
    if size_wh != camera.size_wh and not _has_bars(image, camera.size_wh):
        camera.check_frame(size_wh, clip.name)
    return camera.letterboxed(size_wh)


def _has_bars(image: ImageArray, size_wh: tuple[int, int]) -> bool:
    """Whether a picture of that size, scaled to fit, would leave bars in this frame, and they are black."""
    height, width = image.shape[:2]
    scale = min(width / size_wh[0], height / size_wh[1])
    left, top = (int((new - scale * old) / 2) for new, old in zip((width, height), size_wh, strict=True))
    bars = (image[:top], image[height - top :], image[:, :left], image[:, width - left :])
    return max(left, top) > 0 and all(bar.size == 0 or bar.mean() < _BLACK for bar in bars)
