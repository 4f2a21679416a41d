"""What quantising gave, and the card and files that say so."""

import hashlib
import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import helper

from gonio._version import __version__
from gonio.errors import ConfigError, ExportError, ModelError
from gonio.export.quantize_effect import Effect
from gonio.export.quantize_int8 import Method
from gonio.export.quantize_search import BlockSensitivity
from gonio.io.atomic import atomic_path
from gonio.models.card import CARD_KEY, Measurement, ModelCard, Weights, read_card


@dataclass(frozen=True, slots=True)
class Figures:
    """One side of the comparison.

    Attributes:
        size_mb: Of the ONNX file.
        ap: On the labelled pictures; None without labels.
        latency_ms: Of one input, median of runs in turns; NaN before it is measured.
        fastest_ms: The fastest of those runs.
    """

    size_mb: float
    ap: float | None
    latency_ms: float = math.nan
    fastest_ms: float = math.nan


@dataclass(frozen=True, slots=True)
class Quantized:
    """What was made, and what it costs.

    Attributes:
        method: Of calibration.
        float_blocks: Kept in float, by their first layers.
        float_share: The part of the multiplications that is done in them.
        float32: The float model.
        int8: The int8 model.
        effect: Differences between the two.
        faults: What is beyond the gate; empty: it passed.
        sensitivity: Of the blocks, the most sensitive first; empty where it was not measured.
        log: What was tried.
        calibration_inputs: How many the ranges are from.
        finetune_steps: By which the network was fine-tuned afterwards.
        pictures: On which the two were compared.
        runtime: In which they were timed.
        input_shape: Of the timed input.
        files: What was written; empty if nothing.
    """

    method: Method
    float_blocks: tuple[str, ...]
    float_share: float
    float32: Figures
    int8: Figures
    effect: Effect
    faults: tuple[str, ...]
    sensitivity: tuple[BlockSensitivity, ...]
    log: tuple[str, ...]
    calibration_inputs: int
    pictures: int
    runtime: str
    input_shape: tuple[int, ...]
    finetune_steps: int = 0
    files: tuple[Path, ...] = ()

    @property
    def speed_up(self) -> float:
        """Float time by int8 time, medians."""
        return self.float32.latency_ms / self.int8.latency_ms


class BelowGateError(ExportError):
    """Int8 costs more than the gate allows; nothing was written.

    Attributes:
        result: What was measured.
    """

    def __init__(self, name: str, result: Quantized) -> None:
        super().__init__(
            f"int8 of {name!r} is below the gate: {'; '.join(result.faults)}; nothing is written. More pictures to "
            "calibrate on, or more like those that you check on, may help; --force writes it all the same"
        )
        self.result = result


def check_place(out: Path, weights: Path) -> None:
    """Raise unless the network and its card may be written there.

    Raises:
        ConfigError: If the name does not end in ``.onnx``, is that of the float network, or something other than a card
            lies where the card goes.
    """
    if out.suffix != ".onnx":
        raise ConfigError(f"an int8 network is written as .onnx, got '{out}'; give a name that ends in .onnx")
    if out.resolve() == weights.resolve():
        raise ConfigError(f"'{out}' is the float network itself; choose another name for --out")
    card = out.with_suffix(".json")
    if card.exists():
        try:
            read_card(card)
        except ModelError as error:
            raise ConfigError(
                f"the model card goes to '{card}', and what is there is none; choose another name for --out"
            ) from error


def int8_card(source: ModelCard, folder: Path, out: Path, result: Quantized, *, data: str, command: str) -> ModelCard:
    """The card of the int8 model, without the sha256 of its file.

    Args:
        source: The float model's.
        folder: Where that lies; a card of proposals may lie there too.
        out: Where the int8 network goes.
        result: What was measured.
        data: What it was measured on.
        command: What measured it.
    """
    proposals = source.proposals
    if proposals is not None and (beside := folder / proposals.model).is_file():
        same = folder.resolve() == out.parent.resolve()
        proposals = proposals if same else proposals.model_copy(update={"model": str(beside.resolve())})
    refused = tuple(f"Written in spite of the gate: {fault}." for fault in result.faults)
    return source.model_copy(
        update={
            "name": out.stem,
            "summary": f"{source.name} in int8: {source.summary}",
            "default": False,
            "weights": Weights(file=out.name, sha256="0" * 64),
            "proposals": proposals,
            "measured": (Measurement(scores=_scores(result), data=data, command=command),),
            "limits": (*source.limits, _limit(source, result), *refused),
        }
    )


def write_int8(model: onnx.ModelProto, out: Path, card: ModelCard, metadata: dict[str, str]) -> tuple[Path, Path]:
    """Write the network, with its card inside, and the card beside it: both or none.

    Raises:
        MediaError: If they cannot be written.
    """
    text = card.model_dump_json(exclude={"weights": {"sha256"}}, exclude_none=True)
    model.producer_name, model.producer_version = "gonio", __version__
    helper.set_model_props(model, metadata | {CARD_KEY: text})
    content = model.SerializeToString(deterministic=True)
    weights = Weights(file=out.name, sha256=hashlib.sha256(content).hexdigest())
    described = card.model_copy(update={"weights": weights}).model_dump_json(indent=2, exclude_none=True)
    with ExitStack() as stack:
        network, beside = (stack.enter_context(atomic_path(path)) for path in (out, out.with_suffix(".json")))
        network.write_bytes(content)
        beside.write_text(described + "\n", "utf-8")
    return out, out.with_suffix(".json")


def _scores(result: Quantized) -> dict[str, float]:
    effect = result.effect
    which = "box " if effect.measured == "box" else ""
    scores = {
        f"{which}shift_median_percent_of_person": 100 * effect.shift_median,
        f"{which}shift_p95_percent_of_person": 100 * effect.shift_p95,
        "angle_median_deg": effect.angle_median_deg,
        "angle_p95_deg": effect.angle_p95_deg,
        "speed_up": result.speed_up,
    }
    if result.int8.ap is not None and result.float32.ap is not None:
        scores |= {f"{which}AP": result.int8.ap, f"{which}AP_float32": result.float32.ap}
    return {name: round(value, 2) for name, value in scores.items() if not math.isnan(value)}


def _limit(source: ModelCard, result: Quantized) -> str:
    tuned = f", fine-tuned for {result.finetune_steps} steps" if result.finetune_steps else ""
    kept = f", {100 * result.float_share:.0f} % of the multiplications in float" if result.float_blocks else ""
    return (
        f"int8 of {source.name!r} ({result.method} calibration on {result.calibration_inputs} inputs{tuned}{kept}): "
        "pictures unlike those of the calibration may cost more accuracy than was measured."
    )
