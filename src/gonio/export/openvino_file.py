"""An ONNX file as OpenVINO's IR (.xml and .bin)."""

from pathlib import Path

from gonio.export.formats import Precision
from gonio.models.backends.openvino import import_openvino, openvino_core


def write_openvino(model: bytes, path: Path, *, card: str, precision: Precision) -> None:
    """Write ``path`` (.xml) and the file of the weights beside it (.bin).

    Args:
        model: An ONNX model with float32 weights.
        path: Its suffix is .xml.
        card: JSON that goes into the .xml, under ``rt_info/gonio/card``.
        precision: Of the weights; the runtime computes as its device likes.
    """
    openvino = import_openvino()
    network = openvino_core().read_model(model)
    network.set_rt_info(card, ["gonio", "card"])
    openvino.save_model(network, path, compress_to_fp16=precision == "float16")
