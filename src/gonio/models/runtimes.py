"""Which runtime opens a network and on which device, why, and the network opened there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonio.errors import ConfigError, MissingDependencyError
from gonio.models.backends import Backend, LiteRtBackend, OnnxBackend, OpenVinoBackend, TorchBackend
from gonio.models.backends.device import PRECISIONS, Device, Precision, parse_device
from gonio.models.backends.onnx import INSTALL, onnx_devices
from gonio.models.backends.openvino import openvino_devices
from gonio.models.card import ModelCard
from gonio.models.checkpoints import open_checkpoint
from gonio.optional import require

RUNTIMES = ("onnxruntime", "openvino", "litert", "torch")
"""The runtimes that ``runtime=`` accepts."""
OPENED_BY = {
    ".onnx": ("onnxruntime", "openvino", "torch"),
    ".xml": ("openvino",),
    ".tflite": ("litert",),
    ".safetensors": ("torch",),
}
"""Which runtimes open a file, the one that is taken where none is asked for first."""
DEVICES = {
    "onnxruntime": ("cpu", "cuda", "tensorrt", "directml", "coreml"),
    "openvino": ("cpu", "gpu", "npu", "auto"),
    "litert": ("cpu",),
    "torch": ("cpu", "cuda"),
}
"""What each runtime can be told."""


@dataclass(frozen=True, slots=True)
class RuntimeWish:
    """What a person asks for; None: whatever fits.

    Attributes:
        runtime: One of `RUNTIMES`.
        device: As `gonio.models.backends.device.parse_device` reads it.
        precision: In which numbers the network computes: float32, unless less is asked for.
        compiled: Of PyTorch: compile the network.
        graphs: Of PyTorch on a GPU: record CUDA graphs.
    """

    runtime: str | None = None
    device: str | None = None
    precision: Precision | None = None
    compiled: bool = False
    graphs: bool = False

    def __post_init__(self) -> None:
        if self.runtime not in (None, *RUNTIMES):
            raise ConfigError(f"no runtime named {self.runtime!r}; this version has {', '.join(RUNTIMES)}")
        if self.precision not in (None, *PRECISIONS):
            raise ConfigError(f"no precision named {self.precision!r}; give one of {', '.join(PRECISIONS)}")
        if self.device is not None:
            parse_device(self.device)

    def __str__(self) -> str:
        asked = (self.runtime, self.device, self.precision, "compiled" * self.compiled, "graphs" * self.graphs)
        return " ".join(one for one in asked if one) or "no wish"

    def fits(self, suffix: str) -> bool:
        """Whether a file of this kind can be opened as asked, as far as its name tells."""
        device = parse_device(self.device or "cpu")
        able = [one for one in RUNTIMES if device.kind in DEVICES[one] and _able(one, device, self)]
        return any(one in able and self.runtime in (None, one) for one in OPENED_BY.get(suffix, ()))


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """A wish, settled for one file.

    Attributes:
        runtime: Which opens it.
        device: Where it runs.
        reason: Why this runtime, for the log.
    """

    runtime: str
    device: Device
    reason: str


def choose_runtime(file: str | Path, wish: RuntimeWish) -> RuntimeChoice:
    """Settle a wish for a weights file: by what was asked, then by what opens the file, then by what is installed.

    Raises:
        ConfigError: If no runtime does it; the message says which does, or what to install.
    """
    suffix = Path(file).suffix
    openers = OPENED_BY.get(suffix)
    if openers is None:
        raise ConfigError(f"no runtime opens '{file}'; weights end in {', '.join(OPENED_BY)}")
    device = parse_device(wish.device or "cpu")
    if wish.runtime is not None:
        if wish.runtime not in openers:
            raise ConfigError(
                f"{wish.runtime} does not open '{Path(file).name}': a {suffix} file runs in {', '.join(openers)}; "
                "leave runtime out, or export the model for it"
            )
        if device.kind not in DEVICES[wish.runtime]:
            raise ConfigError(
                f"{wish.runtime} has no device {str(device)!r}: it has {', '.join(DEVICES[wish.runtime])}; choose one, "
                "or leave runtime out"
            )
        return RuntimeChoice(wish.runtime, device, "it was asked for")
    fitting = [one for one in openers if device.kind in DEVICES[one] and _able(one, device, wish)]
    if not fitting:
        raise ConfigError(
            f"a {suffix} file runs in {', '.join(openers)}, and {wish} is for {_who_can(device, wish)}; leave some of "
            "it out, or give the model as another file"
        )
    if len(openers) == 1:
        return RuntimeChoice(fitting[0], device, f"what opens {suffix} files")
    if device.kind == "cuda" and fitting[0] == "onnxruntime":
        return _first_with_cuda(device)
    if fitting[0] != openers[0]:
        return RuntimeChoice(fitting[0], device, f"the first that can do {wish}")
    alone = "the default where no device is asked" if wish.device is None else "the first that has this device"
    return RuntimeChoice(fitting[0], device, alone)


def _able(runtime: str, device: Device, wish: RuntimeWish) -> bool:
    """Whether a runtime knows what is asked beside the device; whether it is installed is another matter."""
    if (wish.compiled or wish.graphs) and runtime != "torch":
        return False
    if wish.precision in (None, "float32"):
        return True
    if wish.precision == "bfloat16" or runtime == "openvino":
        return runtime in ("openvino", "torch")
    return (runtime, device.kind) in (("torch", "cuda"), ("onnxruntime", "tensorrt"))


def _who_can(device: Device, wish: RuntimeWish) -> str:
    able = [one for one in RUNTIMES if device.kind in DEVICES[one] and _able(one, device, wish)]
    return ", ".join(able) or "none of the runtimes"


def _first_with_cuda(device: Device) -> RuntimeChoice:
    """ONNX Runtime where it was built for it, else PyTorch."""
    if "cuda" in _or_nothing(onnx_devices):
        return RuntimeChoice("onnxruntime", device, "the first that has this device")
    if _or_nothing(torch_devices)[1:]:
        return RuntimeChoice("torch", device, "ONNX Runtime here is built without this device, PyTorch has it")
    raise ConfigError(
        f"nothing here runs on {device}: ONNX Runtime has {', '.join(_or_nothing(onnx_devices)) or 'nothing'}, "
        f"PyTorch {', '.join(_or_nothing(torch_devices)) or 'nothing'}; of ONNX Runtime {INSTALL['cuda']}; "
        "or install a build of PyTorch for CUDA"
    )


def open_network(path: Path, card: ModelCard, wish: RuntimeWish, choice: RuntimeChoice, *, threads: int) -> Backend:
    """A card's weights in the chosen runtime.

    Raises:
        ConfigError: If the runtime cannot do what was asked for, or not here.
        MissingDependencyError: If it is not installed.
        WeightsError: If it cannot read the file.
        ModelMismatchError: If the network takes other inputs than the card says.
    """
    if choice.runtime != "torch" and (wish.compiled or wish.graphs):
        raise ConfigError(f"compiled and graphs are PyTorch's, and the model runs in {choice.runtime}; leave them out")
    settings: dict[str, Any] = {"threads": threads}
    if choice.runtime == "litert":
        if wish.precision not in (None, "float32"):
            raise ConfigError(f"LiteRT computes as the file says, not in {wish.precision}; leave precision out")
        return LiteRtBackend(path, constants=card.constants, **settings)
    settings |= {"device": choice.device, "precision": wish.precision or "float32"}
    if choice.runtime == "torch":
        settings |= {"compiled": wish.compiled, "graphs": wish.graphs}
        if path.suffix == ".safetensors":
            network, _ = open_checkpoint(path)
            return TorchBackend(network, network.codec.output_channels, **settings)
        return TorchBackend.from_onnx(path, constants=card.constants, **settings)
    if choice.runtime == "openvino":
        return OpenVinoBackend(path, constants=card.constants, fixed_hw=card.input.fixed_hw, **settings)
    return OnnxBackend(path, constants=card.constants, **settings)


def list_runtimes() -> dict[str, tuple[str, ...]]:
    """The runtimes that are installed, each with the devices that it has here.

    ONNX Runtime names those that it was built for: whether one is in this machine shows when a model is loaded on it.
    """
    finders: Mapping[str, Callable[[], tuple[str, ...]]] = {
        "onnxruntime": onnx_devices,
        "openvino": lambda: tuple(device.lower() for device in openvino_devices()),
        "litert": _litert_devices,
        "torch": torch_devices,
    }
    return {name: found for name, find in finders.items() if (found := _or_nothing(find))}


def torch_devices() -> tuple[str, ...]:
    """The CPU, and each GPU that PyTorch sees.

    Raises:
        MissingDependencyError: If torch is not installed.
    """
    torch: Any = require("torch", extra="export", purpose="running a model in PyTorch")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cpu", *(f"cuda:{i}" for i in range(count)))


def _litert_devices() -> tuple[str, ...]:
    require("ai_edge_litert.interpreter", extra="litert", purpose="running a LiteRT file")
    return ("cpu",)


def _or_nothing(find: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return find()
    except MissingDependencyError:
        return ()
