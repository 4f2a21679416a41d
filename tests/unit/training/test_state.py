"""A run's memory: state, log, and the signals that must not tear it."""

import signal
import threading
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from torch import nn

import gonio.training.checkpoint as checkpoint
from gonio.errors import MediaError, WeightsError
from gonio.training.interrupts import STOPS, unbroken
from gonio.training.logs import RunLog
from gonio.training.recipe import Optim
from gonio.training.reports import is_better
from gonio.training.schedule import make_average, make_optimizer
from gonio.training.state import Progress, load_state, save_state


class Small:
    """A network with everything that goes with it."""

    def __init__(self, seed: int, *, inputs: int = 3) -> None:
        torch.manual_seed(seed)
        self.network = nn.Sequential(nn.Conv2d(inputs, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = make_average(self.network, Optim(ema=0.9))
        self.optimizer = make_optimizer(self.network, Optim(lr=0.01))

    def steps(self, first: int, last: int) -> None:
        for step in range(first, last):
            torch.manual_seed(step)
            self.optimizer.zero_grad()
            self.network(torch.randn(2, 3, 8, 8)).square().sum().backward()
            self.optimizer.step()
            self.average.update_parameters(self.network)

    def save(self, path: Path, progress: Progress, recipe: str = "{}") -> None:
        save_state(
            path, network=self.network, average=self.average, optimizer=self.optimizer, progress=progress, recipe=recipe
        )

    def load(self, path: Path, recipe: str = "{}") -> Progress:
        return load_state(path, network=self.network, average=self.average, optimizer=self.optimizer, recipe=recipe)


def test_a_state_brings_everything_back(tmp_path: Path) -> None:
    whole, first, second = Small(0), Small(0), Small(1)
    whole.steps(0, 6)
    first.steps(0, 3)
    progress = Progress(step=3, epoch=1, metrics={"AP": None, "PCK@0.2": 1.5}, best={"AP": 0.1}, bad=2, log_bytes=7)
    first.save(tmp_path / "state.safetensors", progress)
    assert second.load(tmp_path / "state.safetensors") == progress
    second.steps(3, 6)
    for one, other in ((whole.network, second.network), (whole.average, second.average)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_moments_are_laid_out_as_before(tmp_path: Path) -> None:
    """Else the last bits of a sum could differ."""
    first, second = Small(0), Small(1)
    first.steps(0, 1)
    first.save(tmp_path / "state.safetensors", Progress())
    second.load(tmp_path / "state.safetensors")
    for one, other in zip(first.optimizer.state.values(), second.optimizer.state.values(), strict=True):
        assert one["exp_avg"].stride() == other["exp_avg"].stride()


def test_states_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    with pytest.raises(WeightsError, match="cannot read the weights"):
        Small(0).load(path)
    Small(0).save(path, Progress())
    with pytest.raises(
        WeightsError, match=r"is of a run with another recipe or other labels; give another name or out, or .* --fresh"
    ):
        Small(0).load(path, recipe="{1}")
    before = '{"epochs": 2, "data": {"train": [{"labels": "a"}], "val": []}}'
    now = '{"epochs": 3, "data": {"train": [{"labels": "a", "repeat": 2}], "val": []}}'
    Small(0).save(path, Progress(), recipe=before)
    words = (
        r"another recipe or other labels \(data.train.0.repeat was None, is 2; epochs was 2, is 3\); give another name"
    )
    with pytest.raises(WeightsError, match=words):
        Small(0).load(path, recipe=now)
    Small(0).save(path, Progress())
    with pytest.raises(WeightsError, match="does not fit this run"):
        Small(0, inputs=4).load(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsError, match="cannot read the weights"):
        Small(0).load(path)


def test_a_full_disk_leaves_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """safetensors has an error of its own for it."""
    path = tmp_path / "state.safetensors"
    Small(0).save(path, Progress(step=1))

    def full(_tensors: object, to: Path, metadata: object) -> None:
        to.write_bytes(b"half")
        raise SafetensorError("No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(MediaError, match=r"cannot write '.*': No space left on device"):
        Small(0).save(path, Progress(step=2))
    assert Small(0).load(path).step == 1
    assert list(tmp_path.iterdir()) == [path]


def test_the_log_takes_back_what_was_written_after_the_last_state(tmp_path: Path) -> None:
    log = RunLog(tmp_path, keep_bytes=0, step=0)
    kept = log.write(20, 1, {"loss": 0.5, "none": None, "nan": float("nan")})
    log.write(40, 2, {"loss": 0.25})
    log.close()
    again = RunLog(tmp_path, keep_bytes=kept, step=20)
    again.write(40, 2, {"loss": 0.125})
    again.close()
    assert (tmp_path / "log.csv").read_text() == "step,epoch,name,value\n20,1,loss,0.5\n40,2,loss,0.125\n"
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    RunLog(tmp_path, keep_bytes=0, step=0).close()
    assert (tmp_path / "log.csv").read_text() == "step,epoch,name,value\n"
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    log = RunLog(tmp_path, keep_bytes=0, step=0)
    (tmp_path / "log.csv").unlink()
    (tmp_path / "log.csv").mkdir()
    with pytest.raises(MediaError, match=r"cannot write '.*log.csv': Is a directory; the last saved state is kept"):
        log.write(1, 1, {"loss": 1.0})
    log.close()


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_waits_for_the_end_of_the_block(number: signal.Signals) -> None:
    before = {one: signal.signal(one, signal.default_int_handler) for one in STOPS}
    steps: list[str] = []

    def work() -> None:
        with unbroken():
            signal.raise_signal(number)
            steps.append("held")
        steps.append("missed")

    try:
        with pytest.raises(KeyboardInterrupt):
            work()
        assert steps == ["held"]
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def test_outside_the_main_thread_there_is_nothing_to_hold() -> None:
    done: list[int] = []

    def work() -> None:
        with unbroken():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


@pytest.mark.parametrize(
    ("measured", "best", "better"),
    [
        ({"AP": 1.0, "PCK@0.2": 0.0}, {}, True),
        ({"AP": 1.0, "PCK@0.2": 0.0}, {"AP": 0.5, "PCK@0.2": 9.0}, True),
        ({"AP": 0.0, "PCK@0.2": 9.0}, {"AP": 0.0, "PCK@0.2": 9.0}, False),
        ({"AP": None, "PCK@0.2": 9.0}, {"AP": None, "PCK@0.2": 8.0}, True),
        ({"AP": None, "PCK@0.2": None}, {"AP": None, "PCK@0.2": None}, True),
        ({"AP": None, "PCK@0.2": None}, {"AP": 0.0, "PCK@0.2": None}, False),
    ],
)
def test_which_measurement_is_better(
    measured: dict[str, float | None], best: dict[str, float | None], better: bool
) -> None:
    assert is_better(measured, best) is better
