"""Draw the pictures of ``docs/your-model.md``: a frame of ``samples/walk.mp4`` as each kind of model sees it.

    python scripts/model_pictures.py --models ../shared/models

Model files that are not there are left out and named. Only pictures come of it: no file of a model is copied.
"""

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.io.images import write_image
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.recognise import Choices, recognise

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "images"
FRAME = 45
CROP = (slice(60, 720), slice(140, 1020))  # px of the frame: the people
WIDTH = 440

SHIPPED = ("thunder", "multipose", "blazepose-lite")
FILES = {
    "yolo": ("yolo11n-pose-640.onnx", Choices(codec="yolo-pose", skeleton="coco17")),
    "heatmaps": ("tinypose-256x192.onnx", Choices()),
    "detector": ("rtmdet-nano-person.onnx", Choices()),
}
"""By the end of the picture's name: the file, and what ``gonio models add`` is told of it."""


def recognised(file: Path, choices: Choices) -> PoseModel:
    """The model of a file that stays where it is."""
    with tempfile.TemporaryDirectory() as folder:
        card = recognise(file, choices)
        whole = card.weights.model_copy(update={"file": str(file.resolve())})
        path = Path(folder) / "card.json"
        path.write_text(card.model_copy(update={"weights": whole}).model_dump_json(), encoding="utf-8")
        return load_model(path)


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT.parent / "shared" / "models")
    folder: Path = parser.parse_args().models
    image = next(frame.image for frame in open_source(str(ROOT / "samples" / "walk.mp4")) if frame.index == FRAME)
    models = {name: load_model(name) for name in SHIPPED}
    for end, (name, choices) in FILES.items():
        if (folder / name).is_file():
            models[end] = recognised(folder / name, choices)
        else:
            print(f"left out: {folder / name} is not there")
    for end, model in models.items():
        style = DrawStyle(min_score=0.3, boxes=model.card.task == "detector")
        drawn = draw_poses(image, model(image), style=style)[CROP]
        height = round(WIDTH * drawn.shape[0] / drawn.shape[1])
        path = OUT / f"model-{end}.jpg"
        small = np.asarray(cv2.resize(drawn, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
        write_image(path, small, quality=70)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
