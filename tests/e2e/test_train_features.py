"""``data.versions``: features of the frozen front, made once; kills and processes change nothing."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml  # type: ignore[import-untyped]
from typer.testing import CliRunner

from gonio.apps.cli.main import app
from gonio.training.checkpoint import load_tensors


@pytest.fixture(scope="session")
def labels(drawn_people: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = drawn_people(tmp_path_factory.mktemp("kept"), 20, side=64)
    return path


def write_recipe(folder: Path, labels: Path, chosen: dict[str, Any], **settings: Any) -> Path:
    content = {
        "name": "tiny", "network": chosen, "threads": 1, "epochs": 2, "steps_per_epoch": 10, "checkpoint_steps": 3,
        "batch_size": 4, "optim": {"ema": 0.9, "freeze": ["body"]},
        "data": {"train": [{"labels": str(labels)}], "workers": 0, "versions": settings.pop("versions")},
    }  # fmt: skip
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(content | settings))
    return path


def killed(command: list[str], environment: dict[str, str], folder: Path, *, when: Callable[[], bool]) -> None:
    """Start a run, and kill it."""
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, encoding="utf-8") as child:
        limit = time.monotonic() + 60
        while not when() and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        _, said = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, said


def step_of(run: Path) -> int:
    path = run / "state.safetensors"
    return int(json.loads(load_tensors(path)[1]["gonio.state"])["step"]) if path.exists() else 0


def train(recipe: Path, *changes: str) -> str:
    done = CliRunner().invoke(app, ["train", str(recipe), *(part for one in changes for part in ("--set", one))])
    assert done.exit_code == 0, (done.stderr, done.exception)
    return done.stderr


def test_a_killed_run_goes_on_as_if_nothing_had_been(
    command: str, environment: dict[str, str], labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while features are made, and in the first epoch: the same weights, and no feature made twice."""
    chosen = {"kind": "box-movenet", "size": "lightning", "parameters": {"input_hw": [64, 64], "width": 16}}
    recipe = write_recipe(tmp_path, labels, chosen, versions=16)
    run, again = tmp_path / "runs" / "tiny", [command, "train", str(recipe)]
    first, last = run / "features" / "000000.safetensors", run / "features" / "000008.safetensors"
    killed(again, environment, tmp_path, when=first.exists)
    assert not last.exists()
    assert step_of(run) == 0
    made = first.stat().st_mtime_ns
    killed(again, environment, tmp_path, when=lambda: step_of(run) >= 3)
    assert 3 <= step_of(run) < 10
    assert last.exists()
    assert first.stat().st_mtime_ns == made
    monkeypatch.chdir(tmp_path)
    assert "are made once" not in train(recipe)
    assert "288 samples are made once and kept in whole/features until the run's end" in train(recipe, "out=whole")
    for name in ("last", "best", "state"):
        resumed, whole = (load_tensors(folder / f"{name}.safetensors")[0] for folder in (run, tmp_path / "whole"))
        assert resumed.keys() == whole.keys()
        assert [key for key in whole if not torch.equal(resumed[key], whole[key])] == []
    assert not (run / "features").exists()
    assert (run / "log.csv").read_bytes() == (tmp_path / "whole" / "log.csv").read_bytes()


def test_two_processes_make_and_learn_what_one_does(train_in_two: Any, labels: Path, tmp_path: Path) -> None:
    """The loss of heatmaps is a mean over people, and nothing that learns is a norm."""
    chosen = {"kind": "topdown-movenet", "size": "lightning", "parameters": {"input_hw": [64, 32], "pretrained": True}}
    settings = {"epochs": 1, "optim": {"lr": 1e-4, "ema": 0, "freeze": ["body"]}}
    recipe = write_recipe(tmp_path, labels, chosen, versions=4, **settings)
    train(recipe, f"out={tmp_path / 'one'}")
    done = train_in_two(recipe, "out=two")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("samples are made once") == 1
    one, two = (load_tensors(tmp_path / run / "last.safetensors")[0] for run in ("one", "two"))
    apart = torch.cat([(value - one[name]).abs().flatten() for name, value in two.items()])
    assert float(apart.max()) < 1e-5
    assert not (tmp_path / "two" / "features").exists()


def test_what_cannot_be_kept_is_told_in_one_sentence(labels: Path, tmp_path: Path) -> None:
    chosen = {"kind": "topdown-cnn", "size": "s", "parameters": {"input_hw": [64, 32]}}
    recipe = write_recipe(tmp_path, labels, chosen, versions=2)
    done = CliRunner().invoke(app, ["train", str(recipe)])
    assert done.exit_code == 1
    assert "topdown-cnn has no front that is told apart; leave data.versions out" in str(done.exception) + done.stderr
