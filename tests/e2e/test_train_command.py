"""``gonio train`` for real: every network learns sixteen pictures by heart; kills and processes change nothing."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
import yaml  # type: ignore[import-untyped]
from accelerate import Accelerator  # type: ignore[import-untyped]
from typer.testing import CliRunner

from gonio.apps.cli.main import app
from gonio.augmentation import Augmentation
from gonio.training.checkpoint import load_checkpoint, load_tensors

OFF = {"augmentation": Augmentation.off().model_dump(mode="json")}


class Gonio(Protocol):
    """See conftest."""

    def __call__(self, *arguments: str | Path, env: dict[str, str] | None = None) -> Any: ...


def network(kind: str, size: str, **parameters: Any) -> dict[str, Any]:
    return {"kind": kind, "size": size, "parameters": parameters}


CNN = network("topdown-cnn", "s", input_hw=[96, 64])
VIT = network("topdown-vit", "t", input_hw=[64, 64])


@pytest.fixture(scope="session")
def labels(drawn_people: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of sixteen pictures of one person, and of their copies."""
    folder = tmp_path_factory.mktemp("people")
    learnt = drawn_people(folder / "learnt")
    return learnt, drawn_people.copied(learnt, folder / "measured")


def write_recipe(folder: Path, labels: tuple[Path, Path], chosen: dict[str, Any], **settings: Any) -> Path:
    data = {"train": [{"labels": str(labels[0])}], "val": [{"labels": str(labels[1])}], "workers": 0}
    content = {
        "name": "tiny", "network": chosen, "data": data | settings.pop("data", {}), "batch_size": 8, "threads": 1,
        "epochs": 1, "optim": {"lr": settings.pop("lr", 1e-3), "ema": 0} | settings.pop("optim", {}),
    }  # fmt: skip
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(content | settings))
    return path


def train(recipe: Path, *changes: str) -> Any:
    """The command within this process, where a warning is an error, and no time goes into loading PyTorch again."""
    done = CliRunner().invoke(app, ["train", str(recipe), *(part for one in changes for part in ("--set", one))])
    assert done.exit_code == 0, (done.stderr, done.exception)
    assert done.stdout == ""
    return done


def log_of(run: Path) -> list[list[str]]:
    return list(csv.reader((run / "log.csv").read_text().splitlines()))


@pytest.mark.parametrize(
    ("chosen", "lr", "steps"),
    [
        pytest.param(CNN, 3e-3, 60, id="topdown-cnn heatmap"),
        pytest.param(network("topdown-cnn", "s", input_hw=[96, 64], head="simcc"), 3e-3, 70, id="topdown-cnn simcc"),
        pytest.param(VIT, 1e-3, 140, id="topdown-vit"),
        pytest.param(
            network("topdown-movenet", "lightning", input_hw=[96, 64], pretrained=True, normed_from=6),
            6e-3, 70, id="topdown-movenet",
        ),
        pytest.param(
            network("refined-movenet", "lightning", input_hw=[96, 64], pretrained=True), 3e-4, 90, id="refined-movenet"
        ),
        pytest.param(network("movenet-pretrained", "lightning", input_hw=[96, 64]), 3e-4, 60, id="movenet"),
        pytest.param(network("onestage", "n", input_hw=[96, 96]), 5e-3, 80, id="onestage"),
    ],
)  # fmt: skip
def test_every_network_learns_sixteen_pictures_by_heart(
    labels: tuple[Path, Path], tmp_path: Path, chosen: dict[str, Any], lr: float, steps: int
) -> None:
    run = tmp_path / "run"
    done = train(write_recipe(tmp_path, labels, chosen, lr=lr, steps_per_epoch=steps, data=OFF, out=str(run)))
    assert done.stderr.splitlines()[0].startswith("epoch 1/1  loss ")
    losses = [float(row[3]) for row in log_of(run) if row[2] == "loss"]
    assert losses[-1] < 0.6 * losses[0]
    trained, info = load_checkpoint(run / "best.safetensors")
    pck = info.metrics["PCK@0.2"]
    assert pck is not None
    assert pck > 95
    assert not trained.training
    assert (info.crop is None) == (chosen["kind"] == "onestage")
    assert (run / "samples" / "epoch-0001.jpg").stat().st_size > 10_000
    assert len(list((run / "tensorboard").iterdir())) == 1
    assert json.loads((run / "best.json").read_text())["metrics"]["PCK@0.2"] == pck


def test_a_detector_learns_sixteen_pictures_by_heart(labels: tuple[Path, Path], tmp_path: Path, gonio: Any) -> None:
    chosen = network("box-movenet", "multipose", input_hw=[96, 96], width=32, pretrained=True)
    run = tmp_path / "run"
    frozen = {"optim": {"freeze": ["body"]}}
    train(write_recipe(tmp_path, labels, chosen, lr=1e-2, steps_per_epoch=80, data=OFF, out=str(run), **frozen))
    metrics = load_checkpoint(run / "best.safetensors")[1].metrics
    assert set(metrics) == {"AP", "AP50", "AR"}
    assert metrics["AP50"] is not None
    assert metrics["AP50"] > 80


def short(tmp_path: Path, labels: tuple[Path, Path], **settings: Any) -> Path:
    """A run with everything that has a memory: norms, moments, a moving average, random augmentation."""
    usual = {"epochs": 2, "steps_per_epoch": 10, "checkpoint_steps": 3, "batch_size": 4, "optim": {"ema": 0.9}}
    chosen = settings.pop("network", network("topdown-cnn", "s", input_hw=[64, 32]))
    return write_recipe(tmp_path, labels, chosen, **(usual | settings))


def step_of(run: Path) -> int:
    """Of the saved state; 0 before the first."""
    path = run / "state.safetensors"
    return int(json.loads(load_tensors(path)[1]["gonio.state"])["step"]) if path.exists() else 0


def stopped(command: Sequence[str], environment: dict[str, str], folder: Path, *, after: int, number: int) -> str:
    """Start a run, stop it by a signal once its state is of so many steps, and give what it said."""
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background ignores it
    )
    limit = time.monotonic() + 60
    while step_of(folder / "runs" / "tiny") < after and child.poll() is None and time.monotonic() < limit:
        time.sleep(0.01)
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert child.returncode != 0, said
    return said


def test_a_stopped_run_goes_on_as_if_nothing_had_been(
    command: str,
    environment: dict[str, str],
    labels: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed in the first epoch, stopped by Ctrl-C in the second: the same command ends with the same weights."""
    recipe = short(tmp_path, labels)
    run, again = tmp_path / "runs" / "tiny", [command, "train", str(recipe)]
    stopped(again, environment, tmp_path, after=3, number=signal.SIGKILL)
    assert 3 <= step_of(run) < 10
    said = stopped(again, environment, tmp_path, after=12, number=signal.SIGINT)
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert 12 <= step_of(run) < 20
    monkeypatch.chdir(tmp_path)
    train(recipe)
    train(recipe, "out=whole")
    for name in ("last", "best", "state"):
        resumed, whole = (load_tensors(folder / f"{name}.safetensors")[0] for folder in (run, tmp_path / "whole"))
        assert resumed.keys() == whole.keys()
        assert [key for key in whole if not torch.equal(resumed[key], whole[key])] == []
    assert log_of(run) == log_of(tmp_path / "whole")
    assert {"loss", "val/AP"} <= {row[2] for row in log_of(run)}


def test_a_stop_of_the_whole_group_saves(
    command: str, environment: dict[str, str], labels: tuple[Path, Path], tmp_path: Path
) -> None:
    """As a service manager stops a run: the processes that load pictures hear SIGTERM too."""
    settings = {"epochs": 400, "steps_per_epoch": 20, "checkpoint_steps": 100_000, "validate_every": 400}
    recipe = short(tmp_path, labels, data={"workers": 1}, **settings)
    state = tmp_path / "runs" / "tiny" / "state.safetensors"
    with subprocess.Popen(
        [command, "train", str(recipe)],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
    ) as child:  # fmt: skip
        limit = time.monotonic() + 60
        while not state.exists() and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        os.killpg(child.pid, signal.SIGTERM)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert "the same command goes on from there" in said
    assert not list(state.parent.glob(".*"))


def test_two_processes_train_what_one_does(train_in_two: Any, labels: tuple[Path, Path], tmp_path: Path) -> None:
    """The Transformer has no norm over the batch, so the parts' mean gradient is the whole batch's.

    What is left is the order of sums in float32, 1e-7 of a gradient, which AdamW turns into as much of its steps of
    1e-4; only where a gradient is nothing but rounding is it more. A tenth of one step is allowed, over ten steps.
    """
    recipe = short(tmp_path, labels, network=VIT, lr=1e-4, epochs=1, optim={"ema": 0})
    train(recipe, f"out={tmp_path / 'one'}")
    done = train_in_two(recipe, "out=two")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("best checkpoint") == 1
    one, two = (load_tensors(tmp_path / run / "last.safetensors")[0] for run in ("one", "two"))
    apart = torch.cat([(value - one[name]).abs().flatten() for name, value in two.items()])
    assert load_checkpoint(tmp_path / "two" / "last.json")[1].versions["processes"] == "2"
    assert float(apart.max()) < 1e-5
    assert (tmp_path / "two" / "log.csv").exists()


def test_no_process_leaves_before_all_are_done(
    labels: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one could end while PyTorch's threads still hold what was sent last: some runs aborted at their end."""
    last, wait, done_then = tmp_path / "run" / "last.safetensors", Accelerator.wait_for_everyone, []

    def noted(self: Accelerator) -> None:
        done_then.append(last.exists())
        wait(self)

    monkeypatch.setattr(Accelerator, "wait_for_everyone", noted)
    train(short(tmp_path, labels, epochs=1, steps_per_epoch=2, out=str(tmp_path / "run")))
    assert done_then[0] is False
    assert done_then[-1] is True


def test_from_a_checkpoint_to_another_skeleton_and_to_a_student(labels: tuple[Path, Path], tmp_path: Path) -> None:
    """Fourteen keypoints of LSP after seventeen of COCO: a new head on an old trunk; then a teacher for a student."""
    train(write_recipe(tmp_path, labels, CNN, lr=3e-3, steps_per_epoch=20, data=OFF, out=str(tmp_path / "first")))
    first = tmp_path / "first" / "best.safetensors"

    tuned = write_recipe(
        tmp_path, labels, CNN, name="tuned", out=str(tmp_path / "tuned"), start=str(first), steps_per_epoch=2,
        data=OFF | {"skeleton": "lsp14"}, optim={"freeze": ["trunk", "neck"]},
    )  # fmt: skip
    train(tuned)
    before, after = (load_tensors(path)[0] for path in (first, tmp_path / "tuned" / "last.safetensors"))
    kept = [name for name in before if name.startswith(("trunk", "neck"))]
    assert kept
    assert all(torch.equal(before[name], after[name]) for name in kept)
    assert after["head.maps.weight"].shape[0] == 14

    student = write_recipe(
        tmp_path, labels, CNN, name="student", out=str(tmp_path / "student"), steps_per_epoch=20, lr=3e-3,
        teacher={"model": str(first), "min_score": 0.05}, coordinate_loss=0.1,
    )  # fmt: skip
    train(student)
    names = {row[2] for row in log_of(tmp_path / "student")}
    assert {"loss/heatmap", "loss/coordinates", "val/PCK@0.2"} <= names


def test_a_picture_that_cannot_be_measured_on_costs_no_epoch(labels: tuple[Path, Path], tmp_path: Path) -> None:
    """And a run that has ended says so, and asks for nothing to be done twice."""
    broken = Path(shutil.copytree(labels[1].parent, tmp_path / "broken")) / labels[1].name
    picture = broken.with_name("03.jpg")
    whole = picture.read_bytes()
    picture.write_bytes(whole[:500])
    recipe = short(tmp_path, (labels[0], broken), out=str(tmp_path / "run"), epochs=1, checkpoint_steps=1000)
    done = CliRunner().invoke(app, ["train", str(recipe)])
    assert done.exit_code == 1
    assert "is damaged or cut off" in str(done.exception) + done.stderr
    assert step_of(tmp_path / "run") == 10
    picture.write_bytes(whole)
    assert "epoch 1/1" in train(recipe).stderr
    assert len([row for row in log_of(tmp_path / "run") if row[2] == "val/AP"]) == 1
    assert "nothing was left to do" in train(recipe).stderr


def test_half_precision_and_workers(gonio: Gonio, labels: tuple[Path, Path], tmp_path: Path) -> None:
    recipe = short(tmp_path, labels, epochs=1, steps_per_epoch=2, precision="bf16", data={"workers": 1})
    done = gonio("train", recipe)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_mistake_is_told_in_one_sentence(gonio: Gonio, check: Any, labels: tuple[Path, Path], tmp_path: Path) -> None:
    check.refused(gonio("train", short(tmp_path, labels), "--set", "start=gone.safetensors"), "cannot read the weights")


def test_a_batch_of_one_crop_of_one_cell_is_told(labels: tuple[Path, Path], tmp_path: Path) -> None:
    chosen = network("topdown-cnn", "s", input_hw=[32, 32], head="simcc")
    done = CliRunner().invoke(
        app, ["train", str(short(tmp_path, labels, network=chosen, batch_size=1, out=str(tmp_path / "run")))]
    )
    assert done.exit_code == 1
    assert "raise one of the two, or give optim.fixed_norms" in str(done.exception) + done.stderr


def test_what_the_skeleton_leaves_unlearnt_is_said(
    labels: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Keypoints without any label, and mirrored pictures of a skeleton without sides."""
    content = json.loads(labels[0].read_text())
    for person in content["annotations"]:
        person["keypoints"][:3] = [0, 0, 0]
    content["categories"][0]["keypoints"] = [f"p{k}" for k in range(17)]
    (unnamed := labels[0].with_name("unnamed.json")).write_text(json.dumps(content))
    train(short(tmp_path, (unnamed, unnamed), data={"val": []}, epochs=1, out=str(tmp_path / "run")))
    assert "nobody to learn from has a label of p_0:" in caplog.text
    assert "no keypoint of 'person' has a mirror partner" in caplog.text


def test_the_help_has_an_example(gonio: Gonio) -> None:
    said = " ".join(gonio("train", "--help", env={"COLUMNS": "200"}).stdout.split())
    assert "Example: gonio train recipes/gonio-s.yaml --set optim.lr=1e-3" in said
