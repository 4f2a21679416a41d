"""Make the sample media again: ``python -m scripts.make_samples --scikit-image WHEEL --sports2d WHEEL``.

The wheels are those that ``samples/SOURCES.md`` names, as ``pip download --no-deps`` gives them.
"""

import argparse
import hashlib
import io
import zipfile
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "samples"
ASTRONAUT = ("skimage/data/astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5")
DEMO = ("Sports2D/Demo/demo.mp4", "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039")
FIRST_FRAME, FRAMES, SIZE_WH = 52, 90, (1280, 720)


def member(wheel: Path, name: str, sha256: str) -> bytes:
    """One file of a wheel, checked."""
    data = zipfile.ZipFile(wheel).read(name)
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise SystemExit(f"{name} in {wheel.name} has sha256 {digest}, expected {sha256}; take the version named")
    return data


def write_astronaut(data: bytes, path: Path) -> None:
    """The photograph as JPEG."""
    Image.open(io.BytesIO(data)).convert("RGB").save(path, quality=92)


def write_walk(data: bytes, path: Path) -> None:
    """Three seconds of the clip, smaller, H.264, at the frames' own times."""
    with (
        av.open(io.BytesIO(data), mode="r") as clip,
        av.open(str(path), mode="w", options={"movflags": "+faststart"}) as out,
    ):
        target = out.add_stream("libx264", rate=30, options={"crf": "25", "preset": "veryslow"})
        target.width, target.height = SIZE_WH
        target.pix_fmt = "yuv420p"
        target.codec_context.time_base = Fraction(1, 30)
        source = clip.streams.video[0]
        for index, frame in enumerate(clip.decode(source)):
            if not FIRST_FRAME <= index < FIRST_FRAME + FRAMES:
                continue
            small = frame.reformat(*SIZE_WH, format="yuv420p", interpolation="AREA")
            small.pts, small.time_base = index - FIRST_FRAME, Fraction(1, 30)
            out.mux(target.encode(small))
        out.mux(target.encode(None))


def main() -> None:
    """Read the two wheels, write the two samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scikit-image", type=Path, required=True, help="scikit-image's wheel")
    parser.add_argument("--sports2d", type=Path, required=True, help="Sports2D's wheel")
    options = parser.parse_args()
    write_astronaut(member(options.scikit_image, *ASTRONAUT), SAMPLES / "astronaut.jpg")
    write_walk(member(options.sports2d, *DEMO), SAMPLES / "walk.mp4")
    for path in sorted(SAMPLES.glob("*.*")):
        print(f"{path.name}: {path.stat().st_size} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
