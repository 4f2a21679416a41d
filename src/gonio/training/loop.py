"""The training loop: batch, forward, loss, backward, step; between epochs measure, save, show. Read `train` first."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
import yaml
from accelerate import Accelerator
from torch import Tensor, nn

from gonio.codecs import Heatmap, MultiPersonGrid
from gonio.datasets.sheet import Tile, contact_sheets
from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.io.images import write_image
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.skeleton import Skeleton
from gonio.training.checkpoint import CheckpointInfo, Crop, load_fitting, save_checkpoint, versions
from gonio.training.data import Batch, EpochOrder, People, Scenes, load_data, make_loader
from gonio.training.distillation import Distiller
from gonio.training.logs import RunLog
from gonio.training.losses import coordinate_loss, loss_for
from gonio.training.networks import PoseNetwork, build_network
from gonio.training.recipe import Recipe
from gonio.training.schedule import freeze, learning_rate, make_average, make_optimizer
from gonio.training.state import Progress, load_state, save_state
from gonio.training.validation import Validator, normalised

_LOG_EVERY = 20
_SETTLE_ON = 128
_STATE, _BEST, _LAST = "state.safetensors", "best.safetensors", "last.safetensors"


@dataclass(frozen=True, slots=True)
class StepReport:
    """What is said after every step.

    Attributes:
        step: Finished steps, of ``steps``.
        steps: Of the whole run.
        epoch: The current epoch, from 1.
        loss: Of this step.
        people_per_s: Samples a second since the epoch began.
        metrics: The last measurement.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    people_per_s: float
    metrics: dict[str, float | None]


def train(recipe: Recipe, *, fresh: bool = False, on_step: Callable[[StepReport], None] | None = None) -> Path:
    """Train as the recipe says; a run that was interrupted goes on where it was.

    Args:
        recipe: Everything that decides the run.
        fresh: Start over, even where a state is.
        on_step: Called after every step of the main process.

    Returns:
        The best checkpoint, ``best.safetensors`` in the run's folder.

    Raises:
        PoseError: If labels or pictures cannot be used, a setting is wrong, or the loss is no longer a number.
    """
    run = Run(recipe, fresh=fresh)
    try:
        while not run.finished:
            run.train_epoch(on_step)
            run.finish_epoch()
    finally:
        run.close()
    return run.folder / _BEST


class Run:
    """One training run in one of its processes; keeps the network, its average, the optimizer and the progress."""

    def __init__(self, recipe: Recipe, *, fresh: bool) -> None:
        """Build everything, and go on from the saved state where there is one."""
        self.recipe, self.folder = recipe, recipe.folder
        self.accelerator = Accelerator(mixed_precision="bf16" if recipe.precision == "bf16" else "no")
        world = self.accelerator.num_processes
        torch.set_num_threads(recipe.threads or max((os.cpu_count() or 1) // world, 1))
        torch.manual_seed(recipe.seed)
        learn, measure = load_data(recipe.data, seed=recipe.seed)
        self.skeleton = learn[0].labels.skeleton
        self.bare = make_network(recipe, self.skeleton)
        self.top_down = not isinstance(self.bare.codec, MultiPersonGrid)
        if recipe.start is not None:
            load_fitting(self.bare, recipe.start)
        dataset = self._dataset(learn)
        if recipe.start is None:
            settle_on(self.bare, dataset)
        freeze(self.bare, recipe.optim.freeze)
        self.bare.to(self.accelerator.device, memory_format=torch.channels_last if recipe.channels_last else None)
        self.average = make_average(self.bare, recipe.optim)
        self.network, self.optimizer = self.accelerator.prepare(self.bare, make_optimizer(self.bare, recipe.optim))
        self.distiller = Distiller.of(recipe, self.bare, self.skeleton, self.accelerator.device)
        self.loss = loss_for(self.bare.codec)
        self.order = EpochOrder(
            dataset.order,
            batch_size=recipe.batch_size,
            steps=recipe.steps_per_epoch,
            seed=recipe.seed,
            rank=self.accelerator.process_index,
            world=world,
        )
        self.loader = make_loader(dataset, self.order, workers=recipe.data.workers)
        self.steps_per_epoch = len(self.order)
        self.validator = Validator(measure, data=recipe.data, network=self.bare, top_down=self.top_down)
        self.progress = self._resumed(fresh=fresh)
        self.log = self._open_log() if self.accelerator.is_main_process else None

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or nothing has become better for too long."""
        tired = self.recipe.patience is not None and self.progress.bad >= self.recipe.patience
        return tired or self.progress.epoch >= self.recipe.epochs

    def train_epoch(self, on_step: Callable[[StepReport], None] | None) -> None:
        """All steps of the current epoch that are not done yet."""
        epoch, steps = self.progress.epoch, self.steps_per_epoch * self.recipe.epochs
        self.order.epoch, self.order.first_step = epoch, self.progress.step - epoch * self.steps_per_epoch
        self.network.train()
        start, seen = perf_counter(), 0
        for batch in self.loader:
            torch.manual_seed(self.recipe.seed + self.progress.step)  # what a network draws does not depend on a kill
            rate = learning_rate(self.progress.step, steps, self.recipe.optim)
            terms = self.step(batch, rate)
            self.progress.step += 1
            seen += self.recipe.batch_size
            speed = seen / (perf_counter() - start)
            if self.log is not None and self.progress.step % _LOG_EVERY == 0:
                self.log.write(self.progress.step, epoch + 1, terms | {"lr": rate, "people_per_s": speed})
            if self.accelerator.is_main_process and on_step is not None:
                metrics = self.progress.metrics
                on_step(StepReport(self.progress.step, steps, epoch + 1, terms["loss"], speed, metrics))
            if self.progress.step % self.recipe.checkpoint_steps == 0:
                self._save_state()

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """One step; the terms of its loss."""
        batch = _on_device(batch, self.accelerator.device)
        image = normalised(batch["image"], self.bare.mean, self.bare.std)
        targets, weights = batch["targets"], batch["weights"]
        if self.distiller is not None:
            targets, weights = self.distiller(batch)
        with self.accelerator.autocast():
            outputs = self.network(image)
        outputs = {name: value.float() for name, value in outputs.items()}
        terms = self.loss(outputs, targets, weights)
        codec = self.bare.codec
        if self.recipe.coordinate_loss and isinstance(codec, Heatmap):
            maps, keypoints = outputs[codec.output], batch["keypoints"]
            known = weights * torch.isfinite(keypoints).all(dim=-1)
            first_px = (codec.stride - 1) / 2 if codec.alignment == "centres" else 0.0
            terms["coordinates"] = self.recipe.coordinate_loss * coordinate_loss(
                maps, keypoints, known, stride=codec.stride, first_px=first_px
            )
        loss = torch.stack(list(terms.values())).sum()
        values = {f"loss/{name}": value.item() for name, value in terms.items()} | {"loss": loss.item()}
        if not torch.isfinite(loss):
            raise ConfigError(
                f"the loss is {float(loss)} after {self.progress.step} steps; lower optim.lr (now {rate:.2g}) or "
                "optim.clip; the last saved state is kept"
            )
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), self.recipe.optim.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.bare)
        return values

    def finish_epoch(self) -> None:
        """Measure where it is due, keep the best and the last, save the state."""
        self.progress.epoch += 1
        last = self.progress.epoch == self.recipe.epochs
        if self.progress.epoch % self.recipe.validate_every == 0 or last:
            measured = self._measure()
            value = measured.get("AP") if measured.get("AP") is not None else measured.get("PCK@0.2")
            better = value is not None and (self.progress.best is None or value > self.progress.best)
            self.progress = replace(
                self.progress,
                metrics=measured,
                best=value if better else self.progress.best,
                bad=0 if better else self.progress.bad + 1,
            )
            if self.accelerator.is_main_process and (better or self.progress.best is None):
                self._save_checkpoint(_BEST)
        if self.accelerator.is_main_process:
            self._save_checkpoint(_LAST)
        self._save_state()

    def close(self) -> None:
        """Finish the logs and end the other processes' part."""
        if self.log is not None:
            self.log.close()
        self.accelerator.end_training()

    def _measure(self) -> dict[str, float | None]:
        """Of the average weights, by the main process; the others wait for its numbers."""
        numbers: list[Any] = [None]
        if self.accelerator.is_main_process:
            numbers[0], pictures = self.validator.measure(self._measured_network(), self.accelerator.device)
            self._show(pictures)
            assert self.log is not None
            self.log.write(
                self.progress.step, self.progress.epoch, {f"val/{name}": value for name, value in numbers[0].items()}
            )
        if self.accelerator.num_processes > 1:
            torch.distributed.broadcast_object_list(numbers)
        measured: dict[str, float | None] = numbers[0]
        return measured

    def _measured_network(self) -> nn.Module:
        return self.average.module if self.recipe.optim.ema else self.bare

    def _show(self, tiles: list[Tile]) -> None:
        sheet = next(contact_sheets(tiles, tile_px=320))
        write_image(self.folder / "samples" / f"epoch-{self.progress.epoch:04d}.jpg", sheet)

    def _dataset(self, learn: Any) -> People | Scenes:
        common: dict[str, Any] = {
            "data": self.recipe.data,
            "codec": self.bare.codec,
            "input_hw": self.bare.input_hw,
            "seed": self.recipe.seed,
        }
        return (
            People(learn, clean=self.recipe.teacher is not None, **common) if self.top_down else Scenes(learn, **common)
        )

    def _resumed(self, *, fresh: bool) -> Progress:
        path = self.folder / _STATE
        if fresh or not path.exists():
            return Progress()
        return load_state(
            path, network=self.bare, average=self.average, optimizer=self.optimizer.optimizer, recipe=self._identity()
        )

    def _identity(self) -> str:
        """What must not change between a run and its continuation."""
        free = {"workers", "threads", "checkpoint_steps", "patience", "out"}
        content = self.recipe.model_dump(mode="json", exclude=free)
        content["data"].pop("workers")
        return json.dumps(content, sort_keys=True)

    def _save_state(self) -> None:
        if self.accelerator.is_main_process:
            save_state(
                self.folder / _STATE,
                network=self.bare,
                average=self.average,
                optimizer=self.optimizer.optimizer,
                progress=self.progress,
                recipe=self._identity(),
            )

    def _save_checkpoint(self, name: str) -> None:
        save_checkpoint(self.folder / name, self._measured_network().state_dict(), self._info())

    def _info(self) -> CheckpointInfo:
        data = self.recipe.data
        return CheckpointInfo(
            name=self.recipe.name,
            network=self.recipe.network,
            skeleton=SkeletonSpec.of(self.skeleton),
            crop=Crop(margin=data.margin, pad_value=data.pad_value) if self.top_down else None,
            epoch=self.progress.epoch,
            step=self.progress.step,
            metrics=self.progress.metrics,
            recipe=self.recipe.model_dump(mode="json"),
            versions=versions(),
        )

    def _open_log(self) -> RunLog:
        """The log, and the resolved recipe beside it."""
        with atomic_path(self.folder / "recipe.yaml") as temporary:
            content = self.recipe.model_dump(mode="json", exclude_defaults=True)
            temporary.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return RunLog(self.folder, from_step=self.progress.step)


def make_network(recipe: Recipe, skeleton: Skeleton) -> PoseNetwork:
    """The recipe's network for this skeleton."""
    parameters = dict(recipe.network.parameters)
    if "input_hw" in parameters:
        parameters["input_hw"] = tuple(parameters["input_hw"])
    return build_network(recipe.network.kind, recipe.network.size, n_keypoints=len(skeleton), **parameters)


def settle_on(network: PoseNetwork, dataset: People | Scenes) -> None:
    """Show a network the first samples, the same in every process."""
    keys = [(0, place, place % len(dataset)) for place in range(min(len(dataset), _SETTLE_ON))]
    images = torch.stack([dataset[key]["image"] for key in keys])
    network.settle(normalised(images, network.mean, network.std))


def _on_device(batch: Batch, device: torch.device) -> Batch:
    def moved(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.to(device, non_blocking=True)
        return {name: moved(part) for name, part in value.items()}

    result: Batch = moved(batch)
    return result
