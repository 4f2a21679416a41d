"""Worker for MediaPipe's ``mp.solutions.pose``, whose wheel 0.10.21 carries a detector and one pose model.

The library is loaded by name because it exists only in its own environment, not in the one that checks this
file.
"""

import importlib
from typing import Any

from benchmarks.peers.workers.protocol import Image, serve

NOTES = [
    "finds one person at most, so its time does not grow with the people and compares for one person only; "
    "33 BlazePose landmarks",
    "runs on TensorFlow Lite with XNNPACK, not on onnxruntime; its interface cannot run the model alone",
    'the "full" landmark model: the only one inside the wheel; "lite" and "heavy" would be downloaded',
    "no thread setting in its interface: held to the processors of its share like every other worker",
]


class MediaPipePose:
    """``mp.solutions.pose.Pose`` for single pictures."""

    channel_order = "RGB"
    packages: tuple[str, ...] = ("mediapipe", "numpy")

    def load(self, options: dict[str, str], threads: int) -> list[str]:  # noqa: ARG002 - it has no thread setting
        """Make the landmarker for still pictures: the detector runs on each, as in the other libraries."""
        solutions: Any = importlib.import_module("mediapipe").solutions
        self._pose = solutions.pose.Pose(static_image_mode=True, model_complexity=1)
        return NOTES

    def predict(self, image: Image) -> int:
        """1 if landmarks were found, else 0."""
        return int(self._pose.process(image).pose_landmarks is not None)


if __name__ == "__main__":
    serve(MediaPipePose())
