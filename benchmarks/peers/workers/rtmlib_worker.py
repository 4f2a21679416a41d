"""Worker for rtmlib: its ``Body``, a YOLOX detector and RTMPose on onnxruntime, or the same with RTMDet.

The library is loaded by name because it exists only in its own environment, not in the one that checks this
file.
"""

import importlib
from pathlib import Path
from typing import Any

from benchmarks.peers.workers.network import give_sessions_threads
from benchmarks.peers.workers.protocol import Image, serve

THREADS_NOTE = "no thread setting in its interface: its sessions were given the thread count from outside"
ONE_BY_ONE_NOTE = "its pose network runs once for each box, one person at a time"
LIGHTER_NOTE = 'RTMDet-nano is lighter than the detector of its "lightweight" mode, YOLOX-tiny at 416 x 416 px'
OPEN_WH = {"RTMDet": (320, 320)}  # what RTMDet-nano is trained for; its files leave it open
COMMON = {"backend": "onnxruntime", "device": "cpu"}


class RtmlibBody:
    """rtmlib's two-stage body pose, from two files or in its "lightweight" mode with its own download."""

    channel_order = "BGR"
    packages: tuple[str, ...] = ("rtmlib", "onnxruntime", "numpy", "opencv-python")

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Load ``options["det"]`` and ``options["pose"]``, or let rtmlib download its own."""
        importlib.import_module("cv2").setNumThreads(threads)
        give_sessions_threads(threads)
        notes = self._load_files(options) if "det" in options else self._load_lightweight()
        self._found = 0
        self._detect = self._body.det_model
        self._body.det_model = self._count
        return [*notes, ONE_BY_ONE_NOTE, THREADS_NOTE]

    def predict(self, image: Image) -> int:
        """Boxes in ``image``; without any, rtmlib takes the whole picture for one person, and 0 is returned."""
        self._body(image)
        return self._found

    def _count(self, image: Image) -> Any:
        boxes = self._detect(image)
        self._found = len(boxes)
        return boxes

    def _load_lightweight(self) -> list[str]:
        try:
            self._body = importlib.import_module("rtmlib").Body(mode="lightweight", **COMMON)
        except OSError as error:
            raise ConnectionError(f"its weights live on a server that could not be reached ({error})") from error
        return ['"lightweight" mode: YOLOX-tiny and RTMPose-s']

    def _load_files(self, options: dict[str, str]) -> list[str]:
        """``Body`` knows YOLOX alone; rtmlib's ``Custom`` takes other detectors through the same two steps."""
        rtmlib: Any = importlib.import_module("rtmlib")
        det, pose, det_class = options["det"], options["pose"], options["det_class"]
        det_wh, pose_wh = input_wh(det, open_wh=OPEN_WH.get(det_class)), input_wh(pose)
        networks = {"det": det, "pose": pose, "det_input_size": det_wh, "pose_input_size": pose_wh, **COMMON}
        if det_class == "YOLOX":
            self._body = rtmlib.Body(**networks)
        else:
            self._body = rtmlib.Custom(det_class=det_class, pose_class="RTMPose", **networks)
        notes = [f"detector: the file {Path(det).name} through its own {det_class} class, input {in_words(det_wh)}"]
        notes += [LIGHTER_NOTE] if det_class == "RTMDet" else []
        pose_note = f"pose network: the file {Path(pose).name}, input {in_words(pose_wh)}"
        return [*notes, options.get("pose_note", pose_note)]


def input_wh(path: str, *, open_wh: tuple[int, int] | None = None) -> tuple[int, int]:
    """Width and height that the network file expects, which rtmlib must be told.

    Args:
        path: The file.
        open_wh: What to take where the file leaves them open.

    Raises:
        ValueError: If the file leaves them open and ``open_wh`` does not say them.
    """
    session = importlib.import_module("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    height, width = session.get_inputs()[0].shape[2:]
    if isinstance(height, int) and isinstance(width, int):
        return width, height
    if open_wh is None:
        raise ValueError(f"'{path}' has no fixed input size ({height} x {width})")
    return open_wh


def in_words(size_wh: tuple[int, int]) -> str:
    """Height by width, as networks' sizes are written."""
    return f"{size_wh[1]} x {size_wh[0]} px"


if __name__ == "__main__":
    serve(RtmlibBody())
