"""Worker for rtmlib's ``Body``: a YOLOX detector and RTMPose on onnxruntime.

The library is loaded by name because it exists only in its own environment, not in the one that checks this
file.
"""

import importlib
from typing import Any

from benchmarks.peers.workers.network import give_sessions_threads
from benchmarks.peers.workers.protocol import Image, serve


class RtmlibBody:
    """rtmlib's two-stage body pose, from two files or in its "lightweight" mode with its own download."""

    channel_order = "BGR"
    packages: tuple[str, ...] = ("rtmlib", "onnxruntime", "numpy", "opencv-python")

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Load ``options["det"]`` and ``options["pose"]``, or let rtmlib download its own."""
        importlib.import_module("cv2").setNumThreads(threads)
        give_sessions_threads(threads)
        body: Any = importlib.import_module("rtmlib").Body
        common = {"backend": "onnxruntime", "device": "cpu"}
        note = "no thread setting in its interface: its sessions were given the thread count from outside"
        if "det" not in options:
            try:
                self._body = body(mode="lightweight", **common)
            except OSError as error:
                raise ConnectionError(f"its weights live on a server that could not be reached ({error})") from error
            return ['"lightweight" mode: YOLOX-tiny and RTMPose-s', note]
        det, pose = options["det"], options["pose"]
        sizes = {"det_input_size": input_wh(det), "pose_input_size": input_wh(pose)}
        self._body = body(det=det, pose=pose, **sizes, **common)
        return [f"detector and pose network from files, inputs {sizes['det_input_size']} "
                f"and {sizes['pose_input_size']}", note]  # fmt: skip

    def predict(self, image: Image) -> int:
        """People in ``image``; without a detection rtmlib takes the whole picture for one person."""
        keypoints, _ = self._body(image)
        return len(keypoints)


def input_wh(path: str) -> tuple[int, int]:
    """Width and height that the network file expects, which rtmlib must be told.

    Raises:
        ValueError: If the file leaves them open.
    """
    session = importlib.import_module("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    height, width = session.get_inputs()[0].shape[2:]
    if not (isinstance(height, int) and isinstance(width, int)):
        raise ValueError(f"'{path}' has no fixed input size ({height} x {width})")
    return width, height


if __name__ == "__main__":
    serve(RtmlibBody())
