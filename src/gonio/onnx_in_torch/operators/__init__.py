"""ONNX operators in PyTorch, those that pose networks are made of; `gonio.onnx_in_torch.module` runs them.

Each is a function of its node and its inputs, None where an optional one is left out. Numbers that only say how (a
shape, an axis, a limit) stay on the CPU whatever device the pictures are on, so that nothing waits for the device.

Source:
    The operators' definitions in https://onnx.ai/onnx/operators, opsets 7 to 22.
"""

from gonio.onnx_in_torch.operators.arithmetic import ARITHMETIC
from gonio.onnx_in_torch.operators.node import DTYPES, Node, Operator
from gonio.onnx_in_torch.operators.shapes import SHAPES
from gonio.onnx_in_torch.operators.spatial import SPATIAL

OPERATORS: dict[str, Operator] = ARITHMETIC | SHAPES | SPATIAL
"""By the operator's name."""

_REDUCTIONS = {name: (1,) for name in OPERATORS if name.startswith("Reduce")}
HOST_INPUTS: dict[str, tuple[int, ...]] = _REDUCTIONS | {
    "Clip": (1, 2),
    "ConstantOfShape": (0,),
    "CumSum": (1,),
    "Expand": (1,),
    "Pad": (1, 2, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
}
"""Which inputs of an operator only say how: these stay on the CPU."""

__all__ = ["DTYPES", "HOST_INPUTS", "OPERATORS", "Node", "Operator"]
