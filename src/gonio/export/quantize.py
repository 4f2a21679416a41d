"""`quantize_model`: a float model as int8, chosen and judged on the user's pictures, written if it is good enough."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from gonio.arrays import FloatArray
from gonio.datasets.pictures import read_labelled
from gonio.export.compared import Compared
from gonio.export.quantize_choice import FINETUNE_INPUTS, QuantizeChoice
from gonio.export.quantize_effect import compare_poses
from gonio.export.quantize_graph import Block, read_float_graph
from gonio.export.quantize_pictures import QuantizePictures, spread_out
from gonio.export.quantize_result import BelowGateError, Figures, Quantized, check_place, int8_card, write_int8
from gonio.export.quantize_rig import Rig, open_rig, record_inputs
from gonio.export.quantize_search import BlockSensitivity, Progress, Recipe, Trials
from gonio.export.quantize_timing import interleaved_latency
from gonio.io.images import read_image
from gonio.models.backends import Backend
from gonio.optional import require
from gonio.structures.poses import Poses

_Judged = tuple[onnx.ModelProto, Quantized]
_MOST_FLOAT = 0.6  # of the multiplications: beyond it int8 is not worth its name


def quantize_model(
    model: str | Path,
    out: Path,
    pictures: QuantizePictures,
    choice: QuantizeChoice | None = None,
    *,
    command: str = "",
    progress: Progress = lambda *_: None,
) -> Quantized:
    """Make a static int8 version of a model, and write it with its card if it passes the gate.

    Args:
        model: A name from ``gonio models``, a card, or an ONNX file that holds its card; its weights are float.
        out: The ``.onnx`` file; the card goes beside it, as ``.json``.
        pictures: From `find_pictures`.
        choice: How to quantise.
        command: What made it, for the card.
        progress: Told how far it is.

    Raises:
        BelowGateError: If int8 costs more than the gate allows; then nothing is written.
        ExportError: If the model is int8 already, or nobody is found in the pictures.
        ModelError: If there is no such model.
        MediaError: If a picture cannot be read, or the files cannot be written.
    """
    choice = choice or QuantizeChoice()
    if pictures.labelled is not None:
        require("pycocotools", extra="eval", purpose="measuring COCO AP")  # now, not after the last picture
    if choice.finetune:
        require("torch", extra="export", purpose="fine-tuning")  # as above
    rig = open_rig(model, threads=choice.threads)
    check_place(out, rig.weights)
    graph = read_float_graph(rig.weights, choice.keep_float)
    most = max(choice.inputs, FINETUNE_INPUTS if choice.finetune else 0)
    images = (read_image(file) for file in spread_out(pictures.calibrate, most))
    seen = record_inputs(rig, images, most=most)
    inputs = [seen[i] for i in np.linspace(0, len(seen) - 1, min(choice.inputs, len(seen))).astype(int)]
    with tempfile.TemporaryDirectory(prefix="gonio-quantize-") as name:
        folder = Path(name)
        trials = Trials(
            graph,
            rig.card.build_codec(),
            inputs,
            by=Compared.of(rig.card),
            crops=choice.crops,
            reference=rig.backend(),
            load=rig.backend,
            folder=folder,
            keep_float=choice.keep_float,
        )
        run = _Run(rig, trials, pictures, choice, folder / out.name, progress, seen)
        network, result = run.search()
        if result.faults and not choice.force:
            raise BelowGateError(rig.card.name, result)
        data = f"{len(pictures.check)} pictures{' with labels' if pictures.labelled is not None else ''}"
        card = int8_card(rig.card, rig.folder, out, result, data=data, command=command)
        return replace(result, files=write_int8(network, out, card, graph.metadata))


class _Run:
    """One search for a recipe that passes. State: what the float model answers, and what was tried."""

    def __init__(
        self,
        rig: Rig,
        trials: Trials,
        pictures: QuantizePictures,
        choice: QuantizeChoice,
        candidate: Path,
        progress: Progress,
        seen: Sequence[FloatArray],
    ) -> None:
        self._rig = rig
        self._seen = seen
        self._trials = trials
        self._pictures = pictures
        self._choice = choice
        self._candidate = candidate
        self._progress = progress
        self._inputs = trials.inputs
        self._by = Compared.of(rig.card)
        self._reference = rig.backend()
        self._before = self._predict(self._reference, "float32")
        self._ap = self._score(self._before)

    def search(self) -> tuple[onnx.ModelProto, Quantized]:
        """As much in int8 as may be, fine-tuned if asked for; if the gate refuses that, less. Gives the network too.

        First those that the trials chose, then the next most sensitive until the gate is met, all without fine-tuning.
        """
        tuned, mixed, kept = self._choice.finetune > 0, self._choice.mixed, self._trials.kept
        recipe, log = self._trials.choose(self._choice.methods, self._progress)
        best = (self._tuned if tuned else self._judged)(replace(recipe, float_blocks=kept), log)
        start = self._judged(recipe, log) if best[1].faults and (tuned or recipe.float_blocks != kept) else best
        rows: list[BlockSensitivity] = []
        if self._choice.sensitivity or (start[1].faults and mixed):
            rows = self._trials.sensitivity(recipe, self._progress)
        if best[1].faults:
            chosen, found = self._mixed(recipe, start, rows if mixed else (), log)
            if tuned:
                again = self._tuned(chosen, log) if chosen.float_blocks != kept else best
                found = min(again, found, key=_n_faults)
            best = min(found, best, key=_n_faults)
        timed = self._time(*best)
        return best[0], replace(timed, sensitivity=tuple(rows), log=tuple(log))

    def _mixed(
        self, recipe: Recipe, best: _Judged, rows: Sequence[BlockSensitivity], log: list[str]
    ) -> tuple[Recipe, _Judged]:
        """Blocks to float, the most sensitive first, until the gate is met."""
        blocks = {block.name: block for block in self._trials.graph.blocks}
        waiting = [blocks[row.block] for row in rows]
        chosen = recipe
        while best[1].faults and (block := self._next(waiting, recipe)) is not None:
            recipe = replace(recipe, float_blocks=(*recipe.float_blocks, block))
            found = self._judged(recipe, log)
            if len(found[1].faults) <= len(best[1].faults):
                chosen, best = recipe, found
        return chosen, best

    def _judged(self, recipe: Recipe, log: list[str]) -> _Judged:
        network = self._trials.build(recipe)
        return network, self._judge(recipe, network, log)

    def _tuned(self, recipe: Recipe, log: list[str]) -> _Judged:
        """The same after fine-tuning."""
        from gonio.export.quantize_finetune import finetuned  # needs torch, which is slow

        network = finetuned(
            self._trials.build(recipe),
            self._trials.graph,
            self._seen,
            steps=self._choice.finetune,
            progress=lambda done, total: self._progress("fine-tune", done, total),
        )
        log.append(f"fine-tuned for {self._choice.finetune} steps on {len(self._seen)} inputs")
        return network, replace(self._judge(recipe, network, log), finetune_steps=self._choice.finetune)

    def _next(self, waiting: list[Block], recipe: Recipe) -> Block | None:
        """The most sensitive block that may still go to float."""
        kept = {block.name for block in recipe.float_blocks}
        while waiting:
            block = waiting.pop(0)
            if block.name not in kept and self._trials.macs_share([*recipe.float_blocks, block]) <= _MOST_FLOAT:
                return block
        return None

    def _judge(self, recipe: Recipe, network: onnx.ModelProto, log: list[str]) -> Quantized:
        """Everything but the time."""
        onnx.save(network, self._candidate)
        after = self._predict(self._rig.backend(self._candidate), "int8")
        ap = self._score(after)
        floor = self._rig.card.min_person_score
        effect = compare_poses(_above(self._before, floor), _above(after, floor), self._by)
        loss = None if self._ap is None or ap is None else self._ap - ap
        faults = self._choice.gate.faults(effect, loss)
        share = self._trials.macs_share(recipe.float_blocks)
        named = tuple(block.name for block in recipe.float_blocks)
        verdict = "; ".join(faults) or "passes"
        log.append(f"{len(named)} blocks in float ({100 * share:.0f} % of the multiplications): {verdict}")
        return Quantized(
            method=recipe.method,
            float_blocks=named,
            float_share=share,
            float32=Figures(_size_mb(self._rig.weights), ap=self._ap),
            int8=Figures(_size_mb(self._candidate), ap=ap),
            effect=effect,
            faults=faults,
            sensitivity=(),
            log=(),
            calibration_inputs=len(self._inputs),
            pictures=len(self._pictures.check),
            runtime=self._reference.description,
            input_shape=self._inputs[0].shape,
        )

    def _time(self, network: onnx.ModelProto, result: Quantized) -> Quantized:
        onnx.save(network, self._candidate)
        backends: list[Backend] = [self._reference, self._rig.backend(self._candidate)]
        before, after = interleaved_latency(backends, self._inputs[0], repeat=self._choice.repeat)
        return replace(
            result,
            float32=replace(result.float32, latency_ms=before.median_ms, fastest_ms=before.fastest_ms),
            int8=replace(result.int8, latency_ms=after.median_ms, fastest_ms=after.fastest_ms),
        )

    def _predict(self, backend: Backend, what: str) -> list[Poses]:
        """Everyone in the check pictures; with labels of every score, as AP wants them."""
        model = self._rig.model(backend)
        files, labelled = self._pictures.check, self._pictures.labelled
        floor = None if labelled is None else 0.0
        found = []
        for done, file in enumerate(files):
            self._progress(f"look at pictures, {what}", done, len(files))
            image = read_image(file) if labelled is None else read_labelled(file, labelled.annotations[done])
            found.append(model(image, min_person_score=floor))
        self._progress(f"look at pictures, {what}", len(files), len(files))
        return found

    def _score(self, poses: Sequence[Poses]) -> float | None:
        labelled = self._pictures.labelled
        return None if labelled is None else self._by.ap(labelled.annotations, poses)


def _n_faults(judged: _Judged) -> int:
    return len(judged[1].faults)


def _above(poses: Sequence[Poses], floor: float) -> list[Poses]:
    return [one[one.person_scores >= floor] for one in poses]


def _size_mb(path: Path) -> float:
    return round(path.stat().st_size / 1e6, 3)
