"""Weights stored as float16 in an ONNX graph that computes in float32, and back."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gonio.errors import ExportError

_SMALL = 16  # numbers; smaller tensors stay float32: nothing to gain, and some are factors of a size
_HALF_LIMIT = 65504.0  # largest float16


def narrow(model: onnx.ModelProto) -> None:
    """Store weights as float16, each behind a cast that the runtime folds when it loads: half the file, same speed.

    Raises:
        ExportError: If a weight is too large for float16.
    """
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims, dtype=int) <= _SMALL:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max() > _HALF_LIMIT:
            raise ExportError(
                f"weight {tensor.name!r} holds {np.abs(values).max():.3g}, and float16 ends at {_HALF_LIMIT:g}; "
                "choose --precision float32"
            )
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_f16"))
        casts.append(helper.make_node("Cast", [f"{name}_f16"], [name], to=TensorProto.FLOAT))
    _set_nodes(model, [*casts, *model.graph.node])


def widen(model: onnx.ModelProto) -> None:
    """Turn weights that are stored as float16 and cast to float32 into float32 weights: undo `narrow`."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT16}
    rest = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in stored and node.attribute[0].i == TensorProto.FLOAT:
            values = numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
            model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        else:
            rest.append(node)
    _set_nodes(model, rest)
    used = {name for node in rest for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _set_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
