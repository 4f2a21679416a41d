"""The training loop: batch, forward, loss, backward, step; between epochs measure, save, show. Read `train` first."""

import logging
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import cast

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from accelerate.state import AcceleratorState  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list, gather_object  # type: ignore[import-untyped]
from torch import Tensor, nn

from gonio.errors import ConfigError, ModelMismatchError
from gonio.training.feature_making import FeatureMaker
from gonio.training.features import Features
from gonio.training.interrupts import unbroken
from gonio.training.networks import Rest, SplitNetwork
from gonio.training.objective import Objective
from gonio.training.order import EpochOrder, batches, make_loader
from gonio.training.preparation import identity, prepare, set_threads
from gonio.training.recipe import Recipe
from gonio.training.reports import EpochReport, OnEpoch, OnFeatures, OnStep, StepReport, is_better
from gonio.training.run_files import BEST, FEATURES, LAST, STATE, RunFiles, alone
from gonio.training.samples import Batch
from gonio.training.schedule import learning_rate, make_average, make_optimizer, start_training
from gonio.training.state import Metrics, Progress, load_state, save_state
from gonio.training.validation import normalised

_log = logging.getLogger(__name__)

_LOG_EVERY = 20


def train(
    recipe: Recipe,
    *,
    fresh: bool = False,
    on_features: OnFeatures | None = None,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
) -> Path:
    """Train as the recipe says; a run that was interrupted goes on where it was.

    Args:
        recipe: Everything that decides the run.
        fresh: Start over, even where a state is.
        on_features: Called while features are made (``data.versions``), in the main process.
        on_step: Called after every step, in the main process.
        on_epoch: Called after every epoch, in the main process.

    Returns:
        The best checkpoint, ``best.safetensors`` in the run's folder.

    Raises:
        PoseError: If labels or pictures cannot be used, a setting is wrong, or the loss is no longer a number.
        KeyboardInterrupt: On Ctrl-C; the state has been saved then, and the same call goes on from it.
    """
    # without cpu=True, processes that torchrun starts on a machine without GPU would each train alone
    cpu = not torch.accelerator.is_available()
    accelerator = Accelerator(cpu=cpu, mixed_precision="bf16" if recipe.precision == "bf16" else "no")
    try:
        with alone(recipe.folder) if accelerator.is_main_process else nullcontext():
            accelerator.wait_for_everyone()  # none looks for a state that another run may still write
            run = Run(recipe, accelerator, fresh=fresh)
            try:
                run.make_features(on_features)
                while not run.finished:
                    loss = run.train_epoch(on_step)
                    run.finish_epoch(loss, on_epoch)
                run.remove_features()
                # one with nothing to save would leave while PyTorch's threads, which DDP keeps to the end of Python,
                # may still hold what was sent last: a thread that holds a tensor then aborts the process
                accelerator.wait_for_everyone()
            except KeyboardInterrupt:
                run.save_state()
                raise
            finally:
                run.close()
    finally:
        accelerator.end_training()
        AcceleratorState._reset_state(reset_partial_state=True)  # else no later run could choose another precision
    return recipe.folder / BEST


class Run:
    """One training run in one of its processes; keeps the network, its average, the optimizer and the progress."""

    def __init__(self, recipe: Recipe, accelerator: Accelerator, *, fresh: bool) -> None:
        """Build everything, and go on from the saved state where there is one."""
        self.recipe, self.accelerator = recipe, accelerator
        set_threads(recipe)
        resumes = not fresh and (recipe.folder / STATE).exists()
        parts = prepare(recipe, started=not resumes, warn=accelerator.is_main_process)
        self.bare, self.validator, self.samples = parts.network, parts.validator, parts.dataset
        self.features = (
            Features(recipe.folder / FEATURES, parts.dataset, versions=recipe.data.versions)
            if recipe.data.versions is not None
            else None
        )
        self.identity = identity(recipe, parts.dataset.pictures)
        self.order = EpochOrder(
            parts.dataset.order,
            batch_size=recipe.batch_size,
            steps=recipe.steps_per_epoch,
            seed=recipe.seed,
            rank=accelerator.process_index,
            world=accelerator.num_processes,
        )
        self.steps = self.order.steps * recipe.epochs
        dataset = parts.dataset if self.features is None else self.features
        self.loader = make_loader(dataset, self.order, workers=recipe.data.workers)
        self.objective = Objective(recipe, self.bare, parts.skeleton, accelerator.device)
        self.layout = torch.channels_last if recipe.channels_last else torch.preserve_format
        self.bare.to(accelerator.device, memory_format=self.layout)  # type: ignore[call-overload]
        self.average = make_average(self.bare, recipe.optim)
        learns = self.bare if self.features is None else Rest(cast("SplitNetwork", self.bare))
        self.network, self.optimizer = accelerator.prepare(learns, make_optimizer(self.bare, recipe.optim))
        self.progress = self._resumed() if resumes else Progress()
        self._check_same_progress()
        self.files = (
            RunFiles(recipe, parts.skeleton, self.progress, top_down=parts.top_down)
            if accelerator.is_main_process
            else None
        )

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or nothing has become better for too long."""
        tired = self.recipe.patience is not None and self.progress.bad >= self.recipe.patience
        return tired or self.progress.epoch >= self.recipe.epochs

    def make_features(self, on_features: OnFeatures | None) -> None:
        """What the frozen front makes of the pictures, where the recipe keeps that and something is left to learn."""
        if self.features is None or self.finished:
            return
        seen = self.steps * self.recipe.batch_size
        if self.files is not None and seen < len(self.features):
            _log.warning(
                "data.versions makes %d samples, of which the run sees %d at most; lower it, or leave it out",
                len(self.features),
                seen,
            )
        maker = FeatureMaker(
            self.features,
            self.samples,
            cast("SplitNetwork", self.bare),
            identity=self.identity,
            accelerator=self.accelerator,
            layout=self.layout,
        )
        maker.make(workers=self.recipe.data.workers, on_features=on_features)

    def remove_features(self) -> None:
        """They are large, and only this run's."""
        if self.files is not None and self.features is not None:
            self.features.remove()

    def train_epoch(self, on_step: OnStep | None) -> float:
        """All steps of the current epoch that are not done yet; gives their mean loss, NaN of none."""
        self.order.epoch = self.progress.epoch
        self.order.first_step = self.progress.step - self.progress.epoch * self.order.steps
        start_training(self.bare, self.recipe.optim)  # by its own names, which those around it do not share
        start, losses = perf_counter(), []
        for batch in batches(self.loader):
            with unbroken():
                losses.append(self._advance(batch))
            per_s = len(losses) * self.recipe.batch_size / (perf_counter() - start)
            at = self.progress
            if self.files is not None and at.step % _LOG_EVERY == 0:
                self.files.show_speed(at.step, {"samples_per_s": per_s})
            if self.files is not None and on_step is not None:
                on_step(StepReport(at.step, self.steps, at.epoch + 1, losses[-1], per_s, at.metrics))
            if at.step % self.recipe.checkpoint_steps == 0:
                self.save_state()
        return sum(losses) / len(losses) if losses else float("nan")

    def finish_epoch(self, loss: float, on_epoch: OnEpoch | None) -> None:
        """Measure where it is due, keep the best and the last, save the state.

        Args:
            loss: Mean of the epoch, for the report.
            on_epoch: Called at the end.
        """
        epoch = self.progress.epoch + 1
        due = epoch % self.recipe.validate_every == 0 or epoch == self.recipe.epochs
        if due:
            self.save_state()  # a picture that cannot be measured on costs no epoch
        try:
            measured = self._measure(epoch) if due else {}
        except ModelMismatchError as error:  # of a network of our own: its outputs are no numbers
            rate = learning_rate(self.progress.step, self.steps, self.recipe.optim)
            raise self._diverged("what the network says is nan", rate) from error
        better = bool(measured) and is_better(measured, self.progress.best)
        with unbroken():
            self.progress = self._after_epoch(epoch, measured, better=better)
            if self.files is not None:
                weights = self._measured_network().state_dict()
                for name in (BEST, LAST) if better else (LAST,):
                    self.files.save_checkpoint(name, weights, self.progress)
            self.save_state()
        if self.files is not None and on_epoch is not None:
            on_epoch(EpochReport(epoch, self.recipe.epochs, loss, measured, better))

    def save_state(self) -> None:
        """Write what the next step depends on, for a run that goes on."""
        if self.accelerator.is_main_process:
            save_state(
                self.recipe.folder / STATE,
                network=self.bare,
                average=self.average,
                optimizer=self.optimizer.optimizer,
                progress=self.progress,
                recipe=self.identity,
            )

    def close(self) -> None:
        """Finish the log."""
        if self.files is not None:
            self.files.close()

    def _advance(self, batch: Batch) -> float:
        """One step and its record; gives its loss."""
        done = self.progress.step
        torch.manual_seed(self.recipe.seed + done)  # what a network draws does not depend on a kill
        rate = learning_rate(done, self.steps, self.recipe.optim)
        terms = self._step(_on_device(batch, self.accelerator.device), rate)
        length = self.progress.log_bytes
        if self.files is not None and (done + 1) % _LOG_EVERY == 0:
            length = self.files.log.write(done + 1, self.progress.epoch + 1, terms | {"lr": rate})
        self.progress = replace(self.progress, step=done + 1, log_bytes=length)
        return terms["loss"]

    def _diverged(self, what: str, rate: float) -> ConfigError:
        return ConfigError(
            f"{what} after {self.progress.step} steps; lower optim.lr (it was {rate:.2g}) or optim.clip, and start "
            "over with --fresh"
        )

    def _step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Change the weights once; gives the terms of the loss."""
        try:
            outputs = self.network(self._seen(batch))
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ConfigError(
                f"a batch norm has one number a channel at batch_size {self.recipe.batch_size} and input_hw "
                f"{self.bare.input_hw}, and none is its mean; raise one of the two, or give optim.fixed_norms"
            ) from error
        terms = self.objective(outputs, batch)
        loss = torch.stack(list(terms.values())).sum()
        values = torch.stack([loss, *terms.values()]).detach().tolist()
        if not torch.isfinite(loss):
            raise self._diverged(f"the loss is {values[0]}", rate)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), self.recipe.optim.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.recipe.optim.ema:
            self.average.update_parameters(self.bare)
        return dict(zip(["loss", *(f"loss/{name}" for name in terms)], values, strict=True))

    def _seen(self, batch: Batch) -> Tensor | dict[str, Tensor]:
        """What the network begins with: pictures, or what its front made of them."""
        if self.features is None:
            return normalised(batch["image"], self.bare.mean, self.bare.std)
        return {name: one.to(torch.float32, memory_format=self.layout) for name, one in batch["maps"].items()}

    def _measure(self, epoch: int) -> Metrics:
        """Of the average weights, by the main process; the others wait for its numbers."""
        numbers: list[Metrics] = [{}]
        if self.files is not None:
            numbers[0], pictures = self.validator.measure(self._measured_network(), self.accelerator.device)
            self.files.show(pictures, epoch)
        broadcast_object_list(numbers)
        return numbers[0]

    def _measured_network(self) -> nn.Module:
        return self.average.module if self.recipe.optim.ema else self.bare

    def _after_epoch(self, epoch: int, measured: Metrics, *, better: bool) -> Progress:
        """The progress with this epoch's measurement in it, which is written to the log."""
        before = self.progress
        if not measured:
            return replace(before, epoch=epoch)
        length = before.log_bytes
        if self.files is not None:
            values = {f"val/{name}": value for name, value in measured.items()}
            length = self.files.log.write(before.step, epoch, values)
        best, bad = (measured, 0) if better else (before.best, before.bad + 1)
        return replace(before, epoch=epoch, metrics=measured, best=best, bad=bad, log_bytes=length)

    def _resumed(self) -> Progress:
        return load_state(
            self.recipe.folder / STATE,
            network=self.bare,
            average=self.average,
            optimizer=self.optimizer.optimizer,
            recipe=self.identity,
        )

    def _check_same_progress(self) -> None:
        """Raise where the processes' machines do not share the run's folder."""
        steps: list[int] = gather_object([self.progress.step])
        if len(set(steps)) > 1:
            raise ConfigError(
                f"the processes would go on from different steps ({', '.join(map(str, steps))}); "
                f"all machines must see the same folder '{self.recipe.folder}'"
            )


def _on_device(batch: Batch, device: torch.device) -> Batch:
    return {
        name: _on_device(value, device) if isinstance(value, dict) else value.to(device, non_blocking=True)
        for name, value in batch.items()
    }
