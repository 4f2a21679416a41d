"""One model's network in every runtime and precision of this machine, timed in turns on the inputs that it really gets.

onnxruntime alone will do: torch, onnx and openvino are asked for only by the rows that need them, and a row that cannot
be run says why.
"""

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.errors import ConfigError, ExportError, MissingDependencyError, ModelError
from gonio.export.compared import Compared
from gonio.export.device_networks import (
    Candidate,
    in_onnxruntime,
    in_openvino,
    in_torch,
    open_checkpoint,
    torch_threads,
)
from gonio.export.parity import compare
from gonio.export.quantize_rig import Rig, open_rig, record_inputs
from gonio.models.backends import Backend
from gonio.models.card import ModelCard
from gonio.models.checkpoints import find_checkpoint
from gonio.models.registry import find_card, find_weights, measuring_name

_MOST_INPUTS = 32
_IN_A_ROW = 5  # counted runs of a row before the next has its turn, after one that fills the caches


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One network file in one runtime.

    Attributes:
        runtime: Its name.
        precision: ``float32``, ``float16`` (of the stored weights) or ``int8``.
        file: Where the network comes from.
        description: Version, threads, and in what it computes; empty where it was not run.
        file_mb: Of the network's files as they would be shipped.
        median_ms: Of a run on one batch; None where it was not run.
        p95_ms: 95 % of the runs are faster.
        per_second: Inputs (crops or pictures) a second, by the median.
        keypoint_px: The largest difference of a confident keypoint to the first row that ran, pixels of the network's
            input; of a detector that of a box; None where people are missing or invented.
        note: Why it was not run, or what to know.
    """

    runtime: str
    precision: str
    file: str
    description: str = ""
    file_mb: float | None = None
    median_ms: float | None = None
    p95_ms: float | None = None
    per_second: float | None = None
    keypoint_px: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """What was measured.

    Attributes:
        model: Its name.
        machine: System and processor.
        unit: What an input is: ``"crops"`` or ``"pictures"``.
        input_hw: Its size.
        inputs: How many different ones were timed and compared.
        threads: Of each runtime.
        batch: Inputs a run.
        rounds: Turns of each row.
        rows: The first is what the others are compared with.
    """

    model: str
    machine: str
    unit: str
    input_hw: tuple[int, int]
    inputs: int
    threads: int
    batch: int
    rounds: int
    rows: tuple[DeviceRow, ...]


def bench_devices(
    model: str | Path | None,
    images: Iterable[ImageArray],
    *,
    threads: int,
    also: Sequence[str | Path] = (),
    batch: int = 1,
    rounds: int = 20,
) -> DeviceTable:
    """Time and compare a model's network in the runtimes that are installed.

    Args:
        model: A name, card, ONNX file with its card inside, or a checkpoint; None: the default model.
        images: ``(H, W, 3)`` uint8 RGB: the model looks at them, and its network's inputs are what is timed. No more
            are read than it takes for 32 inputs.
        threads: Of each runtime.
        also: Further files of the same model, as ``gonio quantize`` makes them: cards or ONNX files.
        batch: Inputs a run.
        rounds: In each every row has its turn of five counted runs; one more, before all others, is not counted.

    Raises:
        ConfigError: If a number is below 1, or a further file takes other inputs than the model.
        ExportError: If nobody is found in the pictures, or no row runs.
        ModelError: If there is no such model or file.
        MissingDependencyError: If it is a checkpoint, and what exports it is not installed.
    """
    for name, value in (("threads", threads), ("batch", batch), ("rounds", rounds)):
        if value < 1:
            raise ConfigError(f"{name} is {value}; give a number from 1")
    others = [find_card(name) for name in also]
    with ExitStack() as stack:
        temporary = TemporaryDirectory(prefix="gonio-bench-", ignore_cleanup_errors=True)  # Windows: mapped weights
        folder = Path(stack.enter_context(temporary))
        chosen = measuring_name() if model is None else model
        checkpoint, torch_network = find_checkpoint(chosen), None
        if checkpoint is not None:
            chosen, torch_network = open_checkpoint(checkpoint, folder)
        rig = open_rig(chosen, threads=threads)
        files = [(rig.card, rig.weights)]
        for card, where in others:
            _check_alike(rig.card, card)
            files.append((card, find_weights(card, where)))
        candidates = [in_onnxruntime(card, path, threads) for card, path in files]
        candidates += [one for card, path in files for one in in_openvino(card, path, threads, folder)]
        candidates.append(in_torch(rig.card.name, checkpoint, torch_network))
        if torch_network is not None:
            stack.enter_context(torch_threads(threads))
        batches, count = _batches(rig, images, batch)
        rows = _run(candidates, batches, rig.card, rounds)
    return DeviceTable(
        model=rig.card.name,
        machine=_machine(),
        unit="crops" if rig.card.task == "top-down" else "pictures",
        input_hw=(batches[0].shape[2], batches[0].shape[3]),
        inputs=count,
        threads=threads,
        batch=batch,
        rounds=rounds,
        rows=tuple(rows),
    )


def _check_alike(card: ModelCard, other: ModelCard) -> None:
    names, others = (one.load_skeleton().keypoint_names for one in (card, other))
    if (other.input, other.codec, others) != (card.input, card.codec, names):
        raise ConfigError(
            f"{other.name!r} takes other inputs, or gives other outputs, than {card.name!r}, so the two cannot be "
            "timed on the same inputs; give files of one model, as 'gonio quantize' makes them"
        )


def _batches(rig: Rig, images: Iterable[ImageArray], size: int) -> tuple[list[FloatArray], int]:
    """Batches of what the network gets when the model looks at the pictures, and of how many inputs they are."""
    looked_at = 0

    def counted() -> Iterator[ImageArray]:
        nonlocal looked_at
        for image in images:
            looked_at += 1
            yield image

    try:
        inputs = record_inputs(rig, counted(), most=_MOST_INPUTS)
    except ExportError as error:
        raise ExportError(
            f"nobody was found in {looked_at} pictures, so there are no crops to time; give a source that shows people"
        ) from error
    shape = Counter(one.shape for one in inputs).most_common(1)[0][0]
    inputs = [one for one in inputs if one.shape == shape]
    count = len(inputs)
    groups = [[inputs[(start + i) % count] for i in range(size)] for start in range(0, count, size)]
    return [np.concatenate(group) for group in groups], count


def _run(
    candidates: Sequence[Candidate], batches: Sequence[FloatArray], card: ModelCard, rounds: int
) -> list[DeviceRow]:
    """Open every network, compare it with the first that opens, and time those that run."""
    rows: list[DeviceRow] = []
    backends: dict[int, Backend] = {}  # by the place of their row
    codec = card.build_codec()
    for place, candidate in enumerate(candidates):
        row = DeviceRow(candidate.runtime, candidate.precision, candidate.file)
        try:
            backend, size = candidate.open()
            parity = compare(next(iter(backends.values()), backend), backend, batches, codec, Compared.of(card))
        except (MissingDependencyError, ExportError, ModelError) as error:
            rows.append(replace(row, note=str(error)))
        except RuntimeError as error:  # OpenVINO's, about operators and shapes
            rows.append(replace(row, note=str(error).strip().splitlines()[0]))
        else:
            backends[place] = backend
            found = np.isfinite(parity.px)
            rows.append(
                replace(
                    row,
                    description=backend.description,
                    file_mb=round(size / 1e6, 2),
                    keypoint_px=float(f"{parity.px:.3g}") if found else None,
                    note="" if found else "people are missing or invented",
                )
            )
    if not backends:
        raise ExportError(f"no runtime runs {card.name!r}: {rows[0].note}")
    for place, seconds in zip(backends, in_turns(list(backends.values()), batches, rounds), strict=True):
        median, p95 = np.percentile(np.array(seconds) * 1e3, [50, 95])
        rate = round(1e3 * len(batches[0]) / float(median), 1)
        rows[place] = replace(
            rows[place], median_ms=round(float(median), 3), p95_ms=round(float(p95), 3), per_second=rate
        )
    return rows


def in_turns(backends: Sequence[Backend], batches: Sequence[FloatArray], rounds: int) -> list[list[float]]:
    """Seconds of the counted runs of each: in turns, so that whatever else the machine does slows all alike.

    Args:
        backends: Loaded networks.
        batches: ``(B, 3, h, w)`` each; all networks get the same ones in a round, and in every round others.
        rounds: Counted ones; one before them is not.
    """
    seconds: list[list[float]] = [[] for _ in backends]
    for turn in range(1 + rounds):
        for times, backend in zip(seconds, backends, strict=True):
            for i in range(1 + _IN_A_ROW):
                batch = batches[(turn * _IN_A_ROW + i) % len(batches)]
                start = perf_counter()
                backend.run(batch)
                if turn and i:
                    times.append(perf_counter() - start)
    return seconds


def _machine() -> str:
    """System, architecture and, where the system tells it, the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8", "replace").splitlines() if cpuinfo.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    processor = next(names, "") or platform.processor()
    parts = [f"{platform.system()} {platform.machine()}", processor, f"{os.cpu_count()} CPUs"]
    return ", ".join(part for part in parts if part)
