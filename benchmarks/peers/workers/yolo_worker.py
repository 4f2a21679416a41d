"""Worker for Ultralytics' YOLO11n-pose through its own ``YOLO(...).predict``, on onnxruntime.

Ultralytics is AGPL-3.0. It is no part of Gonio: this file runs as a process in an environment made for it,
nothing of Gonio imports it, and it only hands times back. The library is loaded by name because it exists
only there.
"""

import importlib
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.workers.network import give_sessions_threads
from benchmarks.peers.workers.protocol import Image, serve

THREADS_NOTE = "no thread setting in its interface: its session was given the thread count from outside"
STAND_IN_NOTE = (
    "torchvision's compiled part does not load beside this torch (it wants CUDA libraries); the one function "
    "of it that prediction calls, ops.nms, is stood in for by OpenCV's C++ NMS, which keeps the boxes of "
    "Ultralytics' own Python fallback in a fraction of its time"
)


class UltralyticsPose:
    """``YOLO(onnx).predict`` with its defaults, the network at 640 x 640."""

    channel_order = "BGR"
    packages: tuple[str, ...] = (
        "ultralytics",
        "torch",
        "torchvision",
        "onnxruntime",
        "numpy",
        "opencv-python-headless",
    )

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Load ``options["onnx"]``; ``options["home"]`` is the only folder that Ultralytics may write to."""
        notes = [THREADS_NOTE, options["weights_note"]]
        if stand_in_for_torchvision():
            notes.append(STAND_IN_NOTE)
        give_sessions_threads(threads)
        self._model = load_ultralytics(Path(options["home"])).YOLO(options["onnx"], task="pose")
        # After Ultralytics' import, which sets both for itself.
        importlib.import_module("torch").set_num_threads(threads)
        importlib.import_module("cv2").setNumThreads(threads)
        return notes

    def predict(self, image: Image) -> int:
        """People in ``image``, keypoints included."""
        result = self._model.predict(image, imgsz=640, device="cpu", verbose=False)[0]
        return len(result.keypoints.data.numpy()) if result.keypoints is not None else 0


def load_ultralytics(home: Path) -> Any:
    """Ultralytics, kept off the network, from installing packages by itself, and from sending usage data."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=str(home))
    ultralytics = importlib.import_module("ultralytics")
    ultralytics.settings.update(sync=False)
    return ultralytics


def stand_in_for_torchvision() -> bool:
    """Where torchvision cannot be imported, put its ``ops.nms`` in place; says whether that was needed."""
    try:
        importlib.import_module("torchvision")
    # What the dynamic loader and torch's operator registry raise when the compiled part is missing.
    except (ImportError, OSError, RuntimeError):
        torchvision = types.ModuleType("torchvision")
        torchvision.ops = types.SimpleNamespace(nms=nms)  # type: ignore[attr-defined]
        sys.modules["torchvision"] = torchvision
        return True
    return False


def nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Indices of the boxes to keep, best first, as ``torchvision.ops.nms`` gives them.

    Args:
        boxes: ``(N, 4)`` xyxy tensor.
        scores: ``(N,)`` tensor.
        iou_threshold: Overlap above which the weaker box goes.
    """
    xywh = boxes.numpy().astype(np.float64)
    xywh[:, 2:] -= xywh[:, :2]
    keep = importlib.import_module("cv2").dnn.NMSBoxes(xywh, scores.numpy(), 0.0, iou_threshold)
    return importlib.import_module("torch").as_tensor(np.asarray(keep, dtype=np.int64).reshape(-1))


if __name__ == "__main__":
    serve(UltralyticsPose())
