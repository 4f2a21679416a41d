"""`export_model`: make the file, prove it, and only then put it where it was asked for."""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from gonio.arrays import FloatArray, ImageArray
from gonio.errors import ConfigError, ModelError
from gonio.export.compared import Compared
from gonio.export.formats import DEFAULT_OPSET, LIMITS, SUFFIXES, Format, Precision
from gonio.export.inputs import parity_batches, pictures_for_parity
from gonio.export.litert_file import write_litert
from gonio.export.onnx_file import card_text, finish, read_onnx, trace
from gonio.export.openvino_file import write_openvino
from gonio.export.parity import Parity, compare
from gonio.export.source import ExportSource
from gonio.export.torchscript_file import TorchScriptBackend, write_torchscript
from gonio.io.atomic import atomic_path
from gonio.models.backends import Backend, LiteRtBackend, OnnxBackend, OpenVinoBackend
from gonio.models.card import CropInput, LetterboxInput, ModelCard, StretchInput, Weights, read_card
from gonio.models.digest import sha256_of
from gonio.processors import available_cpus


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        files: The file that was asked for first, then those beside it.
        runtime: What it was compared in.
        parity: How far it is from its source.
        pictures: How many pictures it was compared on; inputs without pictures are noise.
    """

    files: tuple[Path, ...]
    runtime: str
    parity: Parity
    pictures: int

    @property
    def size_bytes(self) -> int:
        """Of the network's files, without the card beside them."""
        return sum(path.stat().st_size for path in self.files if path.suffix != ".json")


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What to make.

    Attributes:
        format: Of the file.
        precision: In which the weights are stored; a runtime on a CPU computes in float32.
        opset: Of ONNX.
        batch: Inputs a batch; None for any number.
        limit_px: How far a confident keypoint, or a box, may be from the source's; None: see `LIMITS`.
    """

    format: Format = "onnx"
    precision: Precision = "float32"
    opset: int = DEFAULT_OPSET
    batch: int | None = None
    limit_px: float | None = None

    def __post_init__(self) -> None:
        if self.precision == "float16" and self.format not in ("onnx", "openvino"):
            raise ConfigError(f"float16 is for onnx and openvino, not for {self.format}; leave --precision out")
        if self.limit_px is not None and not self.limit_px > 0:
            raise ConfigError(f"limit_px is {self.limit_px}; give a positive number of pixels")


def export_model(
    source: ExportSource, out: Path, choice: ExportChoice, *, pictures: Sequence[ImageArray] | None = None
) -> Exported:
    """Write a model in another format, after comparing it with its source.

    Args:
        source: From `find_source`, or made by hand.
        out: The file; its suffix is the format's. OpenVINO's weights and a model card (ONNX, LiteRT) go beside it.
        choice: What to make.
        pictures: ``(H, W, 3)`` uint8 RGB to compare on; default: the repository's samples, where they are.

    Raises:
        ConfigError: If the settings exclude each other, or a file beside ``out`` would be overwritten.
        ExportError: If the export does not do what its source does; then nothing is written.
        MissingDependencyError: If the format needs a package that is not installed.
        MediaError: If a file cannot be written.
    """
    suffix = SUFFIXES[choice.format]
    if out.suffix != suffix:
        raise ConfigError(f"a file of the format {choice.format} ends in {suffix}, got '{out}'")
    card = source.card.model_copy(
        update={
            "name": out.stem,
            "default": False,
            "weights": Weights(file=out.name, sha256="0" * 64),
            "input": _input_of(source.card, choice),
        }
    )
    beside = _beside(out, choice.format)
    if pictures is None:
        pictures = pictures_for_parity(None)
    with ExitStack() as stack:
        # entered first: a place that cannot be written to is told before the work
        places = [stack.enter_context(atomic_path(path)) for path in [out, *beside]]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gonio-export-")))
        made = folder / out.name
        batches = _write(source, made, card, choice, pictures)
        backend = _open(made, choice.format)
        parity = compare(source.backend(), backend, batches, card.build_codec(), Compared.of(card))
        limits = LIMITS[choice.precision]
        parity.check(replace(limits, px=choice.limit_px or limits.px), name=out.name)
        described = card.model_copy(update={"weights": Weights(file=out.name, sha256=sha256_of(made))})
        made.with_suffix(".json").write_text(described.model_dump_json(indent=2, exclude_none=True) + "\n", "utf-8")
        runtime = backend.description
        del backend  # some systems do not let a file go that is open
        for place, path in zip(places, [out, *beside], strict=True):
            shutil.copyfile(folder / path.name, place)
    return Exported((out, *beside), runtime, parity, len(pictures))


def _input_of(card: ModelCard, choice: ExportChoice) -> LetterboxInput | StretchInput | CropInput:
    """The card's input; crops that follow their boxes become crops of one size where the file takes no other."""
    any_size = choice.format in ("onnx", "openvino") and choice.batch is None
    if any_size or not isinstance(card.input, CropInput):
        return card.input
    return card.input.model_copy(update={"min_side": None})


def _beside(out: Path, chosen: Format) -> list[Path]:
    """Files beside the one that was asked for."""
    if chosen == "openvino":
        return [out.with_suffix(".bin")]
    if chosen == "torchscript":
        return []
    card = out.with_suffix(".json")
    if card.exists():
        try:
            read_card(card)
        except ModelError as error:
            raise ConfigError(
                f"the model card goes to '{card}', and what is there is none (a checkpoint's description?); "
                "choose another name for --out"
            ) from error
    return [card]


def _write(
    source: ExportSource, path: Path, card: ModelCard, choice: ExportChoice, pictures: Sequence[ImageArray]
) -> list[FloatArray]:
    """Write the file, and say what to compare it on."""
    if choice.format in ("onnx", "openvino"):
        if source.onnx is not None:
            if choice.batch is not None:
                raise ConfigError(f"the batch of an ONNX file stays as it is; '{source.card.name}' is one")
            model = read_onnx(source.onnx)
        else:
            model = trace(source.module("tracing"), card, opset=choice.opset, batch=choice.batch)
        if choice.format == "onnx":
            path.write_bytes(finish(model, card, precision=choice.precision))
        else:
            wide = finish(model, card, precision="float32")
            write_openvino(wide, path, card=card_text(card), precision=choice.precision)
        return parity_batches(card, pictures, batch=choice.batch)
    if choice.format == "torchscript":
        module = source.module("TorchScript")
        write_torchscript(module, path, card=card, text=card_text(card), batch=choice.batch)
        return parity_batches(card, pictures, batch=choice.batch)
    size_hw = _one_size(card)
    write_litert(source.module("LiteRT"), path, card=card, batch=choice.batch or 1, size_hw=size_hw)
    return parity_batches(card, pictures, batch=choice.batch or 1, size_hw=size_hw)


def _one_size(card: ModelCard) -> tuple[int, int]:
    """The size of a file that has only one: a crop's, or a square for whole pictures."""
    if isinstance(card.input, LetterboxInput):
        return card.input.longer_side, card.input.longer_side
    return card.input.input_hw


def _open(path: Path, chosen: Format) -> Backend:
    if chosen == "onnx":
        return OnnxBackend(path, threads=available_cpus())
    if chosen == "openvino":
        return OpenVinoBackend(path)
    return TorchScriptBackend(path) if chosen == "torchscript" else LiteRtBackend(path)
