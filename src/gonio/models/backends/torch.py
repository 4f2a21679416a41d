"""PyTorch: on the CPU, and on GPUs of NVIDIA; compiled, or as CUDA graphs."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ConfigError, ModelMismatchError
from gonio.models.backends.device import Device, Precision, parse_device
from gonio.models.backends.layout import ImageInput, Inputs, read_inputs
from gonio.optional import require

_IMAGE = {"image": ("float32", (None, 3, None, None))}
"""The one input of a network of ours."""
_MOST_GRAPHS = 32  # sizes of input that are kept; each holds the network's memory once more


class TorchBackend:
    """A network in PyTorch, in evaluation mode. State: CUDA graphs, where they are asked for; threads take turns then.

    PyTorch's number of threads is the process's: the last network that was loaded with one decides.
    """

    def __init__(
        self,
        network: Any,
        channels: Mapping[str, int | None],
        *,
        inputs: Inputs | None = None,
        threads: int | None = None,
        device: str | Device = "cpu",
        precision: Precision | None = "float32",
        compiled: bool = False,
        graphs: bool = False,
    ) -> None:
        """Take a network, and move it to its device.

        Args:
            network: A module that maps its inputs, in order, to a dict of outputs. It is used as it is: moved, and put
                into evaluation mode.
            channels: The outputs that it has, with their sizes along axis 1 where they are known.
            inputs: What it takes; None: one batch ``(B, 3, h, w)`` float32.
            threads: Of PyTorch in this process; None: they stay as they are.
            device: ``cpu``, ``cuda`` or ``cuda:1``.
            precision: ``float32``, ``bfloat16``, or on a GPU ``float16``; the latter by `torch.autocast`.
            compiled: Compile it with ``torch.compile``: the first run of each size of input takes a minute or more.
            graphs: Record a CUDA graph for each size of input, and replay it: for small networks and batches, where
                starting the operators takes longer than they do.

        Raises:
            MissingDependencyError: If torch is not installed.
            ConfigError: If the device is not here, or the settings do not go together.
        """
        self._torch: Any = require("torch", extra="export", purpose="running a model in PyTorch")
        self._device = self._checked(parse_device(device) if isinstance(device, str) else device)
        on_gpu = self._device.type == "cuda"
        if graphs and not on_gpu:
            raise ConfigError("CUDA graphs are for device='cuda'; leave graphs out, or give a GPU")
        if precision == "float16" and not on_gpu:
            raise ConfigError("PyTorch computes in float16 on a GPU alone; give bfloat16, or leave precision out")
        self._numbers = None if precision in (None, "float32") else getattr(self._torch, str(precision))
        self._inputs = inputs or read_inputs(_IMAGE, None, what="the network")
        self._channels = dict(channels)
        # of an ONNX file in its order; the image need not come first
        self._order: tuple[str, ...] = getattr(network, "input_names", (self._inputs.image.name,))
        network = network.to(self._device).eval()
        self._network = _Compiled(self._torch, network) if compiled else network
        self._graphs = _Graphs(self._torch, self._forward) if graphs else None
        if threads is not None and threads != self._torch.get_num_threads():
            self._torch.set_num_threads(threads)
        extras = [word for word, on in (("compiled", compiled), ("CUDA graphs", graphs)) if on]
        self._description = self._described(threads, precision, extras)

    @classmethod
    def from_onnx(
        cls, path: Path, *, constants: Mapping[str, tuple[float, ...]] | None = None, **settings: Any
    ) -> "TorchBackend":
        """An ONNX file, operator by operator in PyTorch.

        Args:
            path: The ONNX file.
            constants: Its inputs beside the image, each with the values for one image.
            settings: As of the class.

        Raises:
            MissingDependencyError: If torch or onnx is not installed.
            WeightsError: If the file cannot be read.
            ModelError: If it has an operator that is not known.
            ModelMismatchError: If the network does not take exactly one batch of images, and the constants.
        """
        for package in ("torch", "onnx"):
            require(package, extra="export", purpose="running an ONNX file in PyTorch")
        room: Any = require("gonio.onnx_in_torch.module", extra="export", purpose="running an ONNX file in PyTorch")
        network = room.OnnxModule(path)
        inputs = read_inputs(network.input_types, constants, what=f"'{path}'")
        return cls(network, network.output_channels, inputs=inputs, **settings)

    def _checked(self, device: Device) -> Any:
        """The device as PyTorch calls it, where it is here."""
        torch = self._torch
        if device.kind not in ("cpu", "cuda"):
            raise ConfigError(f"PyTorch runs here on cpu or cuda, not on {device}; give one of these")
        if device.kind == "cuda":
            have = torch.cuda.device_count() if torch.cuda.is_available() else 0
            if (device.index or 0) >= have:
                why = "it is a build for CPUs" if torch.version.cuda is None else f"it sees {have} GPUs"
                raise ConfigError(
                    f"this PyTorch ({torch.__version__}) cannot run on {device}: {why}; install a build of PyTorch for "
                    "CUDA and a driver that fits, or leave device out"
                )
        return torch.device(str(device) if device.index is not None or device.kind == "cpu" else "cuda:0")

    def _described(self, threads: int | None, precision: Precision | None, extras: list[str]) -> str:
        where = (
            "CPU" if self._device.type == "cpu" else f"{self._device} {self._torch.cuda.get_device_name(self._device)}"
        )
        counted = [] if threads is None else [f"{threads} thread{'s' if threads > 1 else ''}"]
        computes = [] if self._numbers is None else [f"computes in {precision}"]
        return ", ".join([f"torch {self._torch.__version__}", where, *counted, *computes, *extras])

    @property
    def image(self) -> ImageInput:
        """What the network says of its image input."""
        return self._inputs.image

    @property
    def description(self) -> str:
        """Runtime, version, device and threads."""
        return self._description

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels; None where they are open."""
        return dict(self._channels)

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised.

        Raises:
            ModelMismatchError: If the network cannot take an input of this size.
        """
        return self._inputs.each(batch, self._infer)

    def _infer(self, inputs: dict[str, Any]) -> dict[str, Any]:
        torch = self._torch
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            for context in self._contexts():
                stack.enter_context(context)
            tensors = {name: torch.from_numpy(value).to(self._device) for name, value in inputs.items()}
            try:
                found = self._graphs(tensors) if self._graphs is not None else self._forward(tensors)
            except torch.OutOfMemoryError:
                raise
            except (RuntimeError, AssertionError, ValueError) as error:
                shape = tuple(inputs[self._inputs.image.name].shape)
                raise ModelMismatchError(
                    f"the network cannot run on an input of shape {shape} ({str(error).strip().splitlines()[0]}); "
                    "check the card's input size"
                ) from error
            return {name: np.asarray(value.float().cpu().numpy()) for name, value in found.items()}

    def _contexts(self) -> list[AbstractContextManager[Any]]:
        torch = self._torch
        contexts: list[AbstractContextManager[Any]] = []
        if self._device.type == "cuda":
            contexts.append(torch.cuda.device(self._device))
        if self._numbers is not None:
            contexts.append(torch.autocast(self._device.type, dtype=self._numbers))
        elif self._device.type == "cuda":  # else convolutions are rounded to ten bits
            contexts.append(torch.backends.cudnn.flags(enabled=True, allow_tf32=False))
        return contexts

    def _forward(self, tensors: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._network(*(tensors[name] for name in self._order))
        return found


class _Compiled:
    """A network compiled anew for each size of input. State: what was compiled.

    It is traced to one flat graph first: of the interpreter of ONNX files the compiler would make hundreds of pieces.
    """

    def __init__(self, torch: Any, network: Any) -> None:
        self._torch, self._network = torch, network
        self._made: dict[tuple[Any, ...], Any] = {}
        self._turn = Lock()

    def __call__(self, *tensors: Any) -> Any:
        """The outputs."""
        key = tuple(tuple(value.shape) for value in tensors)
        with self._turn:
            if key not in self._made:
                trace: Any = require(
                    "torch.fx.experimental.proxy_tensor", extra="export", purpose="compiling a model"
                ).make_fx
                self._made[key] = self._torch.compile(trace(self._network)(*tensors))
        return self._made[key](*tensors)


class _Graphs:
    """A CUDA graph for each size of input. State: the graphs with their arrays, which one thread uses at a time."""

    def __init__(self, torch: Any, forward: Any) -> None:
        self._torch, self._forward = torch, forward
        self._recorded: OrderedDict[tuple[Any, ...], tuple[Any, dict[str, Any], dict[str, Any]]] = OrderedDict()
        self._turn = Lock()

    def __call__(self, tensors: dict[str, Any]) -> dict[str, Any]:
        """The outputs, copied out of the graph's own arrays."""
        key = tuple((name, tuple(value.shape)) for name, value in tensors.items())
        with self._turn:
            if key not in self._recorded:
                if len(self._recorded) == _MOST_GRAPHS:
                    self._recorded.popitem(last=False)
                self._recorded[key] = self._record(tensors)
            self._recorded.move_to_end(key)
            graph, taken, given = self._recorded[key]
            for name, value in tensors.items():
                taken[name].copy_(value)
            graph.replay()
            return {name: value.clone() for name, value in given.items()}

    def _record(self, tensors: dict[str, Any]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        torch = self._torch
        taken = {name: value.clone() for name, value in tensors.items()}
        aside = torch.cuda.Stream()  # as PyTorch's documentation asks for: some runs beforehand, beside the stream
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self._forward(taken)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            given = self._forward(taken)
        return graph, taken, given
