"""How a network's outputs stand for people: encode (labels → targets) and decode (outputs → people), together."""

from collections.abc import Callable

from gonio.codecs.base import Codec, DecodedPeople, Outputs
from gonio.codecs.blazepose import BlazePose
from gonio.codecs.blazepose_detector import BlazePoseDetector
from gonio.codecs.box_grid import BoxGrid
from gonio.codecs.detrpose import DETRPose
from gonio.codecs.grid import MultiPersonGrid, SinglePersonGrid
from gonio.codecs.heatmap import Heatmap
from gonio.codecs.movenet_decoded import MoveNetDecoded
from gonio.codecs.nanodet import NanoDet
from gonio.codecs.picodet import PicoDet
from gonio.codecs.rfdetr import RFDETRKeypoint
from gonio.codecs.rtmdet import RTMDet
from gonio.codecs.rtmo import RTMO
from gonio.codecs.simcc import SimCC
from gonio.codecs.yolo_detect import YoloDetect, YoloDetectEndToEnd
from gonio.codecs.yolo_pose import YoloPose, YoloPoseEndToEnd
from gonio.codecs.yolox import YoloX

CODECS: dict[str, Callable[..., Codec]] = {
    "multi-person-grid": MultiPersonGrid,
    "single-person-grid": SinglePersonGrid,
    "heatmap": Heatmap,
    "simcc": SimCC,
    "rtmo": RTMO,
    "detrpose": DETRPose,
    "rfdetr-keypoint": RFDETRKeypoint,
    "movenet-decoded": MoveNetDecoded,
    "yolo-pose": YoloPose,
    "yolo-pose-end2end": YoloPoseEndToEnd,
    "yolo-detect": YoloDetect,
    "yolo-detect-end2end": YoloDetectEndToEnd,
    "rtmdet": RTMDet,
    "yolox": YoloX,
    "blazepose": BlazePose,
    "blazepose-detector": BlazePoseDetector,
    "nanodet": NanoDet,
    "picodet": PicoDet,
    "box-grid": BoxGrid,
}
"""Codec by the name that a model card uses."""

__all__ = [
    "CODECS",
    "BoxGrid",
    "Codec",
    "DecodedPeople",
    "Heatmap",
    "MultiPersonGrid",
    "Outputs",
    "SimCC",
    "SinglePersonGrid",
]
