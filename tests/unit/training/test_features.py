"""Features of a frozen front: made once, kept exactly, never taken from somewhere else."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from torch import nn

from gonio.augmentation import Augmentation
from gonio.errors import ConfigError, MediaError
from gonio.training.checkpoint import load_checkpoint
from gonio.training.features import Features, fingerprint, packed
from gonio.training.loop import train
from gonio.training.networks import BoxMoveNet, MoveNet, RefinedMoveNet, Rest, SplitNetwork, TopDownMoveNet
from gonio.training.order import EpochOrder
from gonio.training.preparation import Parts, identity, prepare
from gonio.training.recipe import Recipe, read_recipe
from gonio.training.reports import FeatureReport, StepReport

TEXT = """
name: run
network: {kind: box-movenet, size: lightning, parameters: {input_hw: [64, 64], width: 16}}
data:
  train: [{labels: labels.json}]
  workers: 0
  versions: 2
optim: {lr: 1.0e-3, ema: 0, freeze: [body]}
epochs: 1
batch_size: 4
threads: 1
"""
ONE_PERSON = "network={kind: topdown-movenet, size: lightning, parameters: {input_hw: [64, 32]}}"


@pytest.fixture
def written(tmp_path: Path, drawn_people: Any) -> Path:
    drawn_people(tmp_path, 20, people=2, side=64)
    (tmp_path / "recipe.yaml").write_text(TEXT)
    return tmp_path / "recipe.yaml"


def recipe_of(written: Path, *changes: str) -> Recipe:
    return read_recipe(written, [f"out={written.parent / 'run'}", *changes])


def parts_of(recipe: Recipe) -> Parts:
    return prepare(recipe, started=True, warn=False)


def print_of(parts: Parts, said: str = "") -> str:
    assert isinstance(parts.network, SplitNetwork)
    return fingerprint(said, parts.network, parts.dataset.pictures)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BoxMoveNet("lightning", width=16),
        lambda: MoveNet("lightning"),
        lambda: MoveNet("lightning", normed_from=6),
        lambda: TopDownMoveNet("lightning"),
        lambda: RefinedMoveNet("lightning"),
    ],
    ids=["boxes", "movenet", "with norms", "topdown", "refined"],
)
def test_two_parts_are_the_whole(make: Callable[[], SplitNetwork]) -> None:
    """And the rest asks the front's modules for nothing."""
    network = make().eval()
    picture = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        whole, maps = network(picture), network.front(picture)
        for part in network.front_parts:
            for value in network.get_submodule(part).state_dict().values():
                value.zero_()
        rest = Rest(network)(maps)
    assert rest.keys() == whole.keys()
    assert all(torch.equal(rest[name], value) for name, value in whole.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["optim.freeze=[]"],
            r"what body of box-movenet makes of pictures, which must not learn then; give optim.freeze: \[body\], or",
        ),
        (["optim.freeze=[body.stem, body.blocks.0]"], r"give optim.freeze: \[body\], or leave data.versions out"),
        (
            ["network={kind: onestage, size: n, parameters: {input_hw: [64, 64]}}", "optim.freeze=[trunk]"],
            "onestage has no front that is told apart; leave data.versions out, or take a MoveNet",
        ),
    ],
)
def test_without_a_frozen_front_the_setting_is_refused(written: Path, changes: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parts_of(recipe_of(written, *changes))


@pytest.mark.parametrize("change", [None, ONE_PERSON], ids=["boxes", "one person"])
def test_what_is_kept_is_what_was_made(written: Path, tmp_path: Path, change: str | None) -> None:
    """Labels to the bit, maps in half precision, of the version that epoch and place draw."""
    parts = parts_of(recipe_of(written, *([change] if change else [])))
    network, samples = parts.network.eval(), parts.dataset
    assert isinstance(network, SplitNetwork)
    features = Features(tmp_path / "features", samples, versions=3)
    assert len(features) == 3 * len(samples)
    made = []
    for number in features.shards[0]:
        sample = samples[features.key(number)]
        with torch.no_grad():
            maps = {name: one[0] for name, one in network.front(sample["image"][None] / 127.5 - 1).items()}
        made.append((sample, maps))
    features.write(0, [packed(sample, maps, Path("0.jpg")) for sample, maps in made], "whose")
    assert features.is_of(0, "whose")
    for number in (0, 1, 31):
        (sample, maps), kept = made[number], features.read(number)
        assert kept.keys() == sample.keys() - {"image"} | {"maps"}
        for name in ("keypoints", "weights"):
            torch.testing.assert_close(kept[name], sample[name], rtol=0, atol=0, equal_nan=True)
        torch.testing.assert_close(kept["targets"], sample["targets"], rtol=0, atol=0, equal_nan=True)
        assert all(torch.equal(kept["maps"][name], one.half()) for name, one in maps.items())


def test_which_version_one_sees(written: Path, tmp_path: Path) -> None:
    """All of them in time; the same again for the same epoch and place."""
    samples = parts_of(recipe_of(written)).dataset
    features = Features(tmp_path, samples, versions=3)
    seen: list[int] = []
    features.read = lambda number: seen.append(number) or {}  # type: ignore[func-returns-value,method-assign]
    order = EpochOrder(features.order, batch_size=len(samples), steps=1, seed=0, rank=0, world=1)
    for epoch in [*range(20), 0]:
        order.epoch = epoch
        for key in next(iter(order)):
            features[key]
    epochs = [seen[i : i + len(samples)] for i in range(0, len(seen), len(samples))]
    assert epochs[0] == epochs[-1] != epochs[1]
    assert set(seen) == set(range(len(features)))
    assert all(sorted(number % len(samples) for number in one) == list(range(len(samples))) for one in epochs)


@pytest.mark.parametrize(
    ("value", "said"), [(7e4, "7e+04"), (-7e4, "7e+04"), (float("inf"), "inf"), (float("nan"), "nan")]
)
def test_a_value_beyond_half_precision_is_told(value: float, said: str) -> None:
    sample = {"image": torch.zeros(3, 2, 2), "targets": {"boxes": torch.zeros(1, 4)}}
    maps = {"body": torch.tensor([[1.0, value]])}
    with pytest.raises(ConfigError) as caught:
        packed(sample, maps, Path("tall.jpg"))
    assert f"makes of 'tall.jpg' reaches {said}, and is kept in half precision, which ends at 65504" in str(
        caught.value
    )
    assert torch.isfinite(packed(sample, {"body": torch.tensor([65504.0])}, Path("tall.jpg"))["body"]).all()


def test_a_fingerprint_is_of_front_pictures_and_recipe(written: Path) -> None:
    recipe = recipe_of(written)
    parts = parts_of(recipe)
    first = print_of(parts)
    assert print_of(parts_of(recipe)) == first
    with torch.no_grad():
        next(parts.network.heads.parameters()).add_(1)  # type: ignore[union-attr]
    assert print_of(parts) == first
    assert print_of(parts, "another recipe") != first
    os.utime(parts.dataset.pictures[0].path, ns=(1, 1))
    touched = print_of(parts)
    assert touched != first
    with torch.no_grad():
        next(parts.network.body.parameters())[0, 0, 0, 0] += 1e-3  # type: ignore[union-attr]
    assert print_of(parts) != touched


def test_a_run_keeps_features_until_its_end(written: Path) -> None:
    """What is there of the same is used, what is of others or cut off is made anew, what a kill left goes."""
    recipe = recipe_of(written)
    parts = parts_of(recipe)
    folder = recipe.folder / "features"
    features = Features(folder, parts.dataset, versions=2)
    ours = print_of(parts, identity(recipe, parts.dataset.pictures))
    shown: list[tuple[FeatureReport, dict[str, int]]] = []

    def look(report: FeatureReport) -> None:
        shown.append((report, {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}))

    def stop(_: StepReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, on_features=look, on_step=stop)
    total = 2 * 18  # a tenth is held out
    assert [report.done for report, _ in shown] == [0, 32, 36]
    assert {(report.total, report.folder) for report, _ in shown} == {(total, folder)}
    assert 0.5 < shown[0][0].size / sum(path.stat().st_size for path in folder.iterdir()) < 1.5
    assert features.is_of(0, ours)
    assert features.is_of(1, ours)

    first = features.path(0).stat().st_mtime_ns
    features.path(1).write_bytes(features.path(1).read_bytes()[:1000])
    shutil.copy(features.path(0), folder / "000007.safetensors")
    (folder / ".000001.01234567.tmp.safetensors").touch()
    shown.clear()
    train(recipe, on_features=look)
    assert [report.done for report, _ in shown] == [32, 36]
    assert shown[0][1] == {"000000.safetensors": first}
    assert not folder.exists()
    folder.mkdir()
    (folder / "mine.txt").touch()
    train(recipe, on_features=lambda _: pytest.fail("the run was over"))
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_features_of_another_recipe_are_not_used(written: Path) -> None:
    recipe = recipe_of(written)
    other = recipe_of(written, "data.augmentation.flip.probability=1")
    parts = parts_of(other)
    features = Features(recipe.folder / "features", parts.dataset, versions=2)
    for shard, numbers in enumerate(features.shards):
        useless = [{"labels": torch.zeros(1, dtype=torch.uint8)} for _ in numbers]
        features.write(shard, useless, print_of(parts, identity(other, parts.dataset.pictures)))
    done: list[int] = []
    train(recipe, on_features=lambda report: done.append(report.done))
    assert done == [0, 32, 36]


def test_where_there_is_no_room(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gonio.training.feature_making.shutil.disk_usage", lambda _: SimpleNamespace(free=1_000))
    with pytest.raises(
        MediaError, match=r"^36 samples .* would need 0\.\d\d\d GB in '.*features', where 0\.000 GB are"
    ):
        train(recipe_of(written))


def test_a_file_that_vanishes_is_told(written: Path) -> None:
    recipe = recipe_of(written)
    with pytest.raises(
        MediaError, match=r"cannot read '.*safetensors', what was kept of the pictures: .*give the same"
    ):
        train(recipe, on_features=lambda r: shutil.rmtree(r.folder) if r.done == r.total else None)


def losses_of(recipe: Recipe) -> list[float]:
    losses: list[float] = []
    train(recipe, on_step=lambda report: losses.append(report.loss))
    return losses


@pytest.mark.parametrize("change", ["name=boxes", ONE_PERSON, "network={kind: movenet-pretrained, size: lightning}"])
def test_without_augmentation_training_is_what_it_was(
    written: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every loss of a run whose front's maps are rounded as on the disk; and maps lie in memory as pictures do."""
    lying: list[bool] = []
    forward = Rest.forward

    def look(rest: Rest, maps: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        lying.extend(one.is_contiguous(memory_format=torch.channels_last) for one in maps.values())
        return forward(rest, maps)

    def rounded(network: SplitNetwork, image: torch.Tensor) -> dict[str, torch.Tensor]:
        return network.rest({name: one.half().float() for name, one in network.front(image).items()})

    monkeypatch.setattr(Rest, "forward", look)
    monkeypatch.setattr(SplitNetwork, "forward", rounded)
    off = f"data.augmentation={Augmentation.off().model_dump_json()}"
    base = [change, off, "steps_per_epoch=6", "data.versions=1"]
    kept = losses_of(recipe_of(written, *base))
    anew = losses_of(recipe_of(written, *base, "data.versions=null", "out=" + str(written.parent / "anew")))
    assert len(kept) == 6
    assert kept == pytest.approx(anew, rel=1e-4)
    assert lying
    assert all(lying)


def test_a_teacher_sees_what_was_kept_for_it(written: Path) -> None:
    losses = losses_of(recipe_of(written, ONE_PERSON, "teacher.model=lightning", "steps_per_epoch=2"))
    assert len(losses) == 2


def test_more_samples_than_a_run_sees_are_told(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        train(recipe_of(written, "steps_per_epoch=1"))
    assert "data.versions makes 36 samples, of which the run sees 4 at most; lower it, or leave it out" in caplog.text


def test_frozen_norms_keep_their_statistics_within_a_wrapper(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where several processes train: the network's modules have other names there."""

    class Wrapped(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

        def forward(self, image: torch.Tensor) -> Any:
            return self.module(image)

    original = Accelerator.prepare
    monkeypatch.setattr(
        Accelerator, "prepare", lambda self, network, optimizer: original(self, Wrapped(network), optimizer)
    )
    kind = "network={kind: topdown-cnn, size: s, parameters: {input_hw: [64, 32]}}"
    recipe = recipe_of(written, kind, "data.versions=null", "optim.freeze=[trunk]", "steps_per_epoch=2")
    before = parts_of(recipe).network.state_dict()
    train(recipe)
    after = load_checkpoint(recipe.folder / "last.safetensors")[0].state_dict()
    kept = [name for name in before if name.startswith("trunk")]
    assert [name for name in kept if not torch.equal(before[name], after[name])] == []
    assert not torch.equal(before["neck.top.norm.running_mean"], after["neck.top.norm.running_mean"])
