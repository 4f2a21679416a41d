"""What a drawn video costs: processor time, bytes and loss for several settings. ``python -m benchmarks.encoding``.

The sample clip is enlarged to 1920 x 1080 px, people are drawn on it as `gonio predict` does, and each setting encodes
the same pictures. The quality is that of the luma against the drawn pictures, as they were given to the encoder. With
the preset ``quick`` the CRF is the quantiser of every frame.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import process_time

import av
import cv2
import numpy as np

from gonio.arrays import ImageArray
from gonio.io.sinks.video import VideoSink
from gonio.io.sources import open_source
from gonio.io.yuv import to_yuv420
from gonio.models.loader import load_model
from gonio.pipeline import stream

CLIP = Path(__file__).resolve().parents[1] / "samples" / "walk.mp4"
SETTINGS = (
    *(("quick", crf) for crf in (21, 22, 23, 24)),
    ("ultrafast", 23),
    ("superfast", 23),
    ("veryfast", 21),
    ("veryfast", 23),
    ("medium", 23),
)
FPS = 30


def main(arguments: list[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoding", description=__doc__)
    parser.add_argument("--frames", type=int, default=45)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each setting; the least processor time counts")
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080), metavar=("W", "H"))
    chosen = parser.parse_args(arguments)
    pictures = _drawn(chosen.frames, tuple(chosen.size))
    sys.stdout.write("| preset | crf | cpu ms a frame | kB a frame | PSNR dB |\n|---|---:|---:|---:|---:|\n")
    costs: dict[tuple[str, int], list[float]] = {setting: [] for setting in SETTINGS}
    found: dict[tuple[str, int], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(chosen.rounds):
            for preset, crf in SETTINGS:
                path = Path(folder) / f"{preset}-{crf}.mp4"
                costs[preset, crf].append(_encode(pictures, path, preset, crf))
                found[preset, crf] = path.stat().st_size / len(pictures) / 1e3, _psnr(pictures, path)
    for (preset, crf), (size, quality) in found.items():
        cost = min(costs[preset, crf]) * 1e3
        sys.stdout.write(f"| {preset} | {crf} | {cost:.1f} | {size:.1f} | {quality:.2f} |\n")


def _drawn(frames: int, size_wh: tuple[int, int]) -> list[ImageArray]:
    source = open_source(CLIP)
    pictures = [cv2.resize(f.image, size_wh, interpolation=cv2.INTER_CUBIC) for f in islice(source, frames)]
    images = [np.asarray(picture, np.uint8) for picture in pictures]
    return [result.plot() for result in stream(images, model=load_model("multipose"))]


def _encode(pictures: Sequence[ImageArray], path: Path, preset: str, crf: int) -> float:
    """Seconds of processor time a frame, of all threads, colours included."""
    begin = process_time()
    with VideoSink(path, fps_hint=FPS, preset=preset, crf=crf) as sink:
        for index, picture in enumerate(pictures):
            sink.write(picture, index / FPS)
    return (process_time() - begin) / len(pictures)


def _psnr(pictures: Sequence[ImageArray], path: Path) -> float:
    errors = []
    with av.open(str(path)) as container:
        for picture, frame in zip(pictures, container.decode(video=0), strict=True):
            height = picture.shape[0]
            luma = frame.to_ndarray()[:height].astype(np.float32)
            errors.append(float(((luma - to_yuv420(picture)[:height]) ** 2).mean()))
    return float(10 * np.log10(255**2 / np.mean(errors)))


if __name__ == "__main__":
    main()
