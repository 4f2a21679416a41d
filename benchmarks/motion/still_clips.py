"""Videos in which nobody moves: one picture of a clip, shown for seconds, with a sensor's noise and an unsteady hand.

It is encoded as a camera does: a codec makes of noise that is new in every frame something that lasts for some frames,
and a model sees movement in that.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from gonio.arrays import ImageArray
from gonio.io.sources import open_source

MOMENTS = (0.2, 0.5, 0.8)
"""Of which picture, as a part of the clip's frames."""
_LONGEST_PX = 640
_RATE_HZ = 30
_NOISE = 8.0
"""Standard deviation of the sensor's noise in a room that is not bright, of 255."""
_SWAY_PX, _TREMOR_PX, _ZOOM = 3.0, 0.7, 0.01
"""Of a camera in the hand: slow drift, trembling from frame to frame, and going nearer and farther."""


def write_still(path: Path, picture: ImageArray, *, in_hand: bool, seed: int, lasts_s: float = 5.0) -> None:
    """Write an H.264 video of one picture; the same seed gives the same frames.

    Args:
        path: An MP4 file.
        picture: ``(H, W, 3)`` uint8 RGB.
        in_hand: Whether somebody holds the camera, or it stands.
        seed: Of the noise.
        lasts_s: How long.
    """
    rng = np.random.default_rng(seed)
    picture = _of_even_size(picture)
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=_RATE_HZ, options={"crf": "26", "threads": "1"})
        video.height, video.width = picture.shape[:2]
        video.pix_fmt = "yuv420p"
        for frame in range(round(lasts_s * _RATE_HZ)):
            seen = _as_held(picture, frame, rng) if in_hand else picture
            strays = _NOISE * rng.standard_normal(seen.shape, np.float32)
            noisy = np.asarray(cv2.add(seen, strays, dtype=cv2.CV_8U), np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        file.mux(video.encode())


def pictures(clip: Path, frames: int) -> Iterator[ImageArray]:
    """Those of `MOMENTS` of a clip of so many frames."""
    wanted = {int(part * frames) for part in MOMENTS}
    for number, frame in enumerate(open_source(clip)):
        if number in wanted:
            yield frame.image


def _of_even_size(picture: ImageArray) -> ImageArray:
    """At most 640 px long, and with even sides, as the codec needs them."""
    scale = min(1.0, _LONGEST_PX / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    return np.asarray(small[: height // 2 * 2, : width // 2 * 2])


def _as_held(picture: ImageArray, frame: int, rng: np.random.Generator) -> ImageArray:
    seconds = frame / _RATE_HZ
    right = _SWAY_PX * np.sin(2.3 * seconds) + rng.normal(0, _TREMOR_PX)
    down = _SWAY_PX * np.sin(1.8 * seconds) + rng.normal(0, _TREMOR_PX)
    nearer = 1 + _ZOOM * np.sin(1.5 * seconds)
    matrix = np.array([[nearer, 0, right], [0, nearer, down]])
    height, width = picture.shape[:2]
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))
