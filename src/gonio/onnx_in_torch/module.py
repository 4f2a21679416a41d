"""`OnnxModule`: an ONNX file as a PyTorch module, so that a teacher shares its student's device.

A small interpreter: operator by operator, in the file's order, in PyTorch. What depends on no input is computed once,
when the file is read; every other value is dropped after its last use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from gonio.errors import ModelError, ModelMismatchError, WeightsError
from gonio.onnx_in_torch.operators import DTYPES, HOST_INPUTS, OPERATORS, Node, Operator
from gonio.optional import require

_OWN_DOMAINS = ("", "ai.onnx")
_NO_ONNX: Any = require("google.protobuf.message", extra="train", purpose="reading ONNX files").DecodeError


@dataclass(frozen=True, slots=True)
class _Step:
    """One operator, what it takes and gives, and what nobody needs after it."""

    node: Node
    operator: Operator
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    done: tuple[str, ...] = ()


class OnnxModule(nn.Module):
    """A network from an ONNX file; for inference.

    Weights are buffers, so ``.to(device)`` and ``torch.autocast`` work as with any module; it has no parameters, and
    only `run` gives gradients, of its inputs. Numbers that only say how (shapes, axes, limits) stay on the CPU.

    Attributes:
        input_names: The graph's inputs, in order.
        input_types: Of each the type as numpy calls it, None where numpy has none, and the shape, None where an axis
            is open.
        output_names: Its outputs, in order.
        output_channels: Each output's size along axis 1; None where the file leaves it open.

    Example:
        >>> from gonio.models.registry import WEIGHTS_FOLDER
        >>> network = OnnxModule(WEIGHTS_FOLDER / "movenet-lightning.onnx")
        >>> {name: tuple(output.shape) for name, output in network(torch.zeros(1, 3, 64, 64)).items()}["heatmap"]
        (1, 17, 16, 16)
    """

    def __init__(self, path: str | Path, *, operators: Mapping[str, Operator] | None = None) -> None:
        """Read a file.

        Args:
            path: The ONNX file; its external data, if any, beside it.
            operators: Other ways to compute operators, by their names.

        Raises:
            WeightsError: If the file cannot be read or is no ONNX file.
            ModelError: If it has an operator that is not known here.
        """
        super().__init__()
        self._path = Path(path)
        model = _read(self._path)
        steps = _steps(model, self._path, OPERATORS | dict(operators or {}))
        graph = model.graph
        stored = {tensor.name: _tensor(tensor, self._path) for tensor in graph.initializer}
        self.input_names = tuple(value.name for value in graph.input if value.name not in stored)
        self.input_types = {value.name: _type(value) for value in graph.input if value.name not in stored}
        self.output_names = tuple(value.name for value in graph.output)
        self.output_channels = {value.name: _channels(value) for value in graph.output}
        steps, constants = self._folded(steps, stored)
        self._steps = _with_last_uses(steps, self.output_names)
        self._keep(constants)

    @torch.no_grad()
    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """The outputs by name, without gradient.

        Raises:
            ModelMismatchError: As `run` does.
        """
        return self.run(*inputs)

    def run(self, *inputs: Tensor) -> dict[str, Tensor]:
        """The outputs by name, with the gradients that the inputs ask for.

        Raises:
            ModelMismatchError: If there are more or fewer inputs than the graph takes, or they have other shapes.
        """
        if len(inputs) != len(self.input_names):
            raise ModelMismatchError(
                f"'{self._path}' takes {len(self.input_names)} inputs ({', '.join(self.input_names)}), got "
                f"{len(inputs)}; give each once"
            )
        values: dict[str, Tensor | None] = {"": None}  # an empty name is an optional input that is left out
        values |= {name: self.get_buffer(buffer) for name, buffer in self._buffer_names.items()}
        values |= self._host
        values |= dict(zip(self.input_names, inputs, strict=True))
        for step in self._steps:
            values |= self._results(step, [values[name] for name in step.inputs])
            for name in step.done:
                del values[name]
        return {name: output for name in self.output_names if (output := values[name]) is not None}

    def _results(self, step: _Step, inputs: Sequence[Tensor | None]) -> dict[str, Tensor]:
        """What one operator makes of its inputs."""
        try:
            result = step.operator(step.node, *inputs)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, IndexError, ValueError) as error:
            shapes = ", ".join("none" if value is None else str(tuple(value.shape)) for value in inputs)
            raise ModelMismatchError(
                f"'{self._path}': {step.node.kind} ({step.node.name!r}) cannot run on shapes {shapes}: {error}; "
                "check the input's size"
            ) from error
        results = (result,) if isinstance(result, Tensor) else result
        return {name: value for name, value in zip(step.outputs, results, strict=False) if name}

    def _folded(self, steps: Sequence[_Step], constants: dict[str, Tensor]) -> tuple[list[_Step], dict[str, Tensor]]:
        """The steps that depend on an input, and everything else computed."""
        constants = dict(constants)
        left = []
        for step in steps:
            if all(name in constants for name in step.inputs if name):
                constants |= self._results(step, [constants.get(name) for name in step.inputs])
            else:
                left.append(step)
        return left, constants

    def _keep(self, constants: dict[str, Tensor]) -> None:
        """Constants that are still used: numbers that say how aside, all others as buffers."""
        used = {name for step in self._steps for name in step.inputs} | set(self.output_names)
        how = {
            step.inputs[place]
            for step in self._steps
            for place in HOST_INPUTS.get(step.node.kind, ())
            if place < len(step.inputs)
        }
        self._host: dict[str, Tensor] = {}
        self._buffer_names: dict[str, str] = {}
        for name, value in constants.items():
            if name not in used:
                continue
            if name in how or (value.dtype == torch.int64 and value.dim() < 2):
                self._host[name] = value
            else:
                self._buffer_names[name] = f"constant_{len(self._buffer_names)}"
                self.register_buffer(self._buffer_names[name], value)


def _read(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path)
    except (OSError, _NO_ONNX, onnx.checker.ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged or no ONNX file"
        raise WeightsError(f"cannot read '{path}': {reason}; check the path, or get the file anew") from error
    if not model.graph.output:
        raise WeightsError(f"cannot read '{path}': it holds no graph; get the file anew")
    return model


def _steps(model: onnx.ModelProto, path: Path, operators: Mapping[str, Operator]) -> list[_Step]:
    opset = next((own.version for own in model.opset_import if own.domain in _OWN_DOMAINS), 1)
    unknown = sorted(
        {
            f"{node.domain}.{node.op_type}" if node.domain not in _OWN_DOMAINS else node.op_type
            for node in model.graph.node
            if node.domain not in _OWN_DOMAINS or node.op_type not in operators
        }
    )
    if unknown:
        raise ModelError(
            f"'{path}' has operators that cannot run in PyTorch here: {', '.join(unknown)}; export the network without "
            "them (what finds and selects boxes often can be cut off), or label beforehand with another runtime"
        )
    return [
        _Step(
            Node(
                node.op_type,
                node.name or (node.output[0] if node.output else ""),
                {attribute.name: _attribute(attribute, path) for attribute in node.attribute},
                len(node.output),
                opset,
                str(path),
            ),
            operators[node.op_type],
            tuple(node.input),
            tuple(node.output),
        )
        for node in model.graph.node
    ]


def _with_last_uses(steps: Sequence[_Step], outputs: Sequence[str]) -> list[_Step]:
    """Each step with the values that it is the last to need."""
    needed = {"", *outputs}
    result = []
    for step in reversed(steps):
        names = {*step.inputs, *step.outputs}
        result.append(_Step(step.node, step.operator, step.inputs, step.outputs, tuple(names - needed)))
        needed |= names
    return result[::-1]


def _attribute(attribute: onnx.AttributeProto, path: Path) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _tensor(value, path)
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, int | float):
        return [one.decode() if isinstance(one, bytes) else one for one in value]
    return value


def _tensor(stored: onnx.TensorProto, path: Path) -> Tensor:
    if stored.data_type not in DTYPES:
        raise ModelError(
            f"'{path}': {stored.name!r} holds numbers of the type {onnx.TensorProto.DataType.Name(stored.data_type)}, "
            "which PyTorch has not; export the network with another"
        )
    array = onnx.numpy_helper.to_array(stored)
    if stored.data_type == onnx.TensorProto.BFLOAT16:  # numpy has none of its own
        return torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16)
    return torch.from_numpy(np.array(array))  # a copy: the file's bytes are not to be written to


def _type(value: onnx.ValueInfoProto) -> tuple[str | None, tuple[int | None, ...]]:
    """Type and shape of an input."""
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type) if kind.elem_type in DTYPES else None
    shape = tuple(axis.dim_value or None for axis in kind.shape.dim)
    return (dtype.name if dtype is not None and dtype.kind in "fiu" else None), shape


def _channels(value: onnx.ValueInfoProto) -> int | None:
    dimensions = value.type.tensor_type.shape.dim
    return dimensions[1].dim_value or None if len(dimensions) > 1 else None
