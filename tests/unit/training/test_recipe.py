"""Recipes: read, changed, resolved; and what is said of a wrong one, by the file or by what it names."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gonio.errors import ConfigError, MediaError, PoseError
from gonio.models.locking import locked
from gonio.training.data import load_labelled
from gonio.training.loop import train
from gonio.training.preparation import identity, prepare, set_threads
from gonio.training.recipe import Recipe, read_recipe

TEXT = """
name: run
network: {kind: topdown-cnn, size: s, parameters: {input_hw: [64, 32]}}
data:
  train:
    - {labels: labels.json, images: [photos]}
  augmentation: {flip: {probability: 0}}
optim: {lr: 1e-3}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "recipe.yaml").write_text(TEXT)
    return tmp_path / "recipe.yaml"


def test_paths_are_relative_to_the_recipe(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.data.train[0].labels == path.parent / "labels.json"
    assert recipe.data.train[0].images == (path.parent / "photos",)
    assert recipe.folder == Path("runs/run")
    assert recipe.optim.lr == 1e-3
    assert recipe.data.augmentation.flip.probability == 0


def test_names_of_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETS", "/data")
    monkeypatch.setenv("HOME", "/home/me")
    change = ["data.train.0.labels=$SETS/a.json", "start=~/best.safetensors", "data.val=[{labels: /b.json}]"]
    recipe = read_recipe(path, change)
    assert recipe.data.train[0].labels == Path("/data/a.json")
    assert recipe.start == Path("/home/me/best.safetensors")
    assert recipe.data.val[0].labels == Path("/b.json")
    with pytest.raises(
        ConfigError, match=r"'\$NOWHERE/a.json' holds a name that the environment lacks; set it: export"
    ):
        read_recipe(path, ["data.train.0.labels=$NOWHERE/a.json"])


def test_a_teacher_is_a_name_or_a_file(path: Path) -> None:
    named = read_recipe(path, ["teacher.model=lightning"]).teacher
    filed = read_recipe(path, ["teacher.model=old/best.safetensors", "teacher.weights=w.onnx"]).teacher
    assert named is not None
    assert named.model == "lightning"
    assert filed is not None
    assert (filed.model, filed.weights) == (str(path.parent / "old/best.safetensors"), path.parent / "w.onnx")


def test_changes(path: Path) -> None:
    recipe = read_recipe(
        path,
        ["optim.lr=5e-4", "optim.freeze=[trunk, neck]", "data.augmentation.flip.probability=1", "patience=3", "name=b"],
    )
    assert (recipe.optim.lr, recipe.optim.freeze, recipe.patience, recipe.name) == (5e-4, ("trunk", "neck"), 3, "b")
    assert recipe.data.augmentation.flip.probability == 1
    path.write_text(TEXT + "teacher:\n")
    assert read_recipe(path, ["teacher.model=thunder"]).teacher is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("optim.lr", "--set 'optim.lr' is not KEY=VALUE; for example --set optim.lr=1e-3"),
        ("=1", "is not KEY=VALUE"),
        ("data.train.1.repeat=2", "there is nothing at '1' to set a value in"),
        ("name.inner=2", "there is nothing at 'inner'"),
        ("optim.lr=[", "the value is not YAML"),
        ("optim.lr=-1", r"recipe.yaml: optim.lr: Input should be greater than 0, got '-1'"),
        ("optim.rate=1", "optim.rate: there is no such setting; docs/train.md lists all"),
        ("optm.lr=1", "optm: there is no such setting; did you mean 'optim'? docs/train.md lists all"),
        ("optim.warmpu=1", "optim.warmpu: there is no such setting; did you mean 'warmup'?"),
        ("data.train.0.repeet=2", "data.train.0.repeet: there is no such setting; did you mean 'repeat'?"),
        ("data.augmentation.rotatoin.degrees=2", "no such setting; did you mean 'rotation'?"),
        ("data.augmentation.rotation.degree=2", "no such setting; did you mean 'degrees'?"),
        (
            "teacher={model: thunder, min_scor: 1}",
            "teacher.min_scor: there is no such setting; did you mean 'min_score'?",
        ),
        ("data.train.0.images=photos", "data.train.0.images: Input should be a list, got 'photos'"),
        ("name=a b", "name: String should match"),
        ("data.train=[]", "data.train: Tuple should have at least 1 item"),
        ("data=null", "data: Input should be a valid dictionary"),
        ("network={}", "network.kind: Field required .and 1 more."),
    ],
)
def test_wrong_changes(path: Path, change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(").replace("?", r"\?")):
        read_recipe(path, [change])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "holds a list, not a recipe; see docs/train.md"),
        ("a: [", "is not YAML"),
        ("", "is empty; see docs/train.md for an example"),
        ("train: images\nkpt_shape: [17, 3]", "is a file of labels, not a recipe; write one that names it"),
        ("optim: {lr: 1}\nname: a\noptim: {ema: 0}", "optim is there twice"),
        ("optim: {lr: 1, ema: 0, lr: 2}", "lr is there twice"),
        (None, "cannot read the recipe"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_recipe(tmp_path / "recipe.yaml")


def test_what_may_change_in_a_run_that_goes_on(path: Path) -> None:
    same = identity(read_recipe(path))
    assert json.loads(same)["optim"]["lr"] == 1e-3
    free = ["data.workers=0", "threads=1", "checkpoint_steps=9", "patience=1", "out=/x"]
    assert identity(read_recipe(path, free)) == same
    assert identity(read_recipe(path, ["seed=1"])) != same


def test_labels_that_changed_are_another_run(path: Path, drawn_people: Any) -> None:
    """Else a finished run would be taken for one on the new labels."""
    drawn_people(path.parent, 4)
    recipe = read_recipe(path, ["data.train.0.images=[]"])
    before = identity(recipe, load_labelled(recipe.data.train, None))
    assert identity(recipe, load_labelled(recipe.data.train, None)) == before
    assert "4 people in 4 pictures" in before
    drawn_people(path.parent, 4, seed=1)
    assert identity(recipe, load_labelled(recipe.data.train, None)) != before


@pytest.mark.parametrize(
    ("chosen", "environment", "expected"),
    [(3, {"GONIO_THREADS": "2"}, 3), (None, {"GONIO_THREADS": "2"}, 2), (None, {"LOCAL_WORLD_SIZE": "1000"}, 1)],
)
def test_threads(
    path: Path, monkeypatch: pytest.MonkeyPatch, chosen: int | None, environment: dict[str, str], expected: int
) -> None:
    monkeypatch.delenv("GONIO_THREADS", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before = torch.get_num_threads()
    try:
        set_threads(read_recipe(path).model_copy(update={"threads": chosen}))
        assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def drawn(path: Path, drawn_people: Any) -> Path:
    drawn_people(path.parent, 6, people=2)
    path.write_text(TEXT.replace(", images: [photos]", ""))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data.train.0.labels=gone.json", r"gone\.json"),
        (
            "data.train.0.images=[other]",
            r"that '.*labels.json' labels are not in '.*other', such as '.*'; name their folder in",
        ),
        (
            "data.min_keypoints=18",
            "none of . pictures shows a person with 18 labelled keypoints; check the labels with",
        ),
        ("data.val=[{labels: labels.json}]", r"is both learnt from and measured on \(6 pictures are\)"),
        ("data.held_out=0.01", "6 pictures cannot be divided with held_out 0.01"),
        ("data.skeleton=coco", "coco"),
        ("network.kind=cnn", "no network named 'cnn'; there are box-movenet, movenet"),
        ("network.size=xl", "no size named 'xl'"),
        ("network.parameters.depth=3", "network 'topdown-cnn' has no parameter 'depth'; it takes head, input_hw"),
        ("start=best.onnx", r"best.onnx' is no checkpoint of a run; give its best.safetensors"),
        ("optim.lr=.inf", "optim.lr: Input should be a finite number"),
        ("network.parameters.input_hw=[64, 33]", r"input_hw is \(64, 33\); both must be multiples of 32 px"),
        ("optim.freeze=[tail]", "optim.freeze names 'tail', which the network lacks; its parts are trunk, neck, head"),
        ("start=gone.safetensors", "cannot read the weights"),
    ],
)
def test_mistakes_are_found_before_the_first_step(drawn: Path, change: str, message: str) -> None:
    with pytest.raises(PoseError, match=message):
        prepare(read_recipe(drawn, [change]), started=True, warn=True)


def test_settings_that_exclude_each_other(drawn: Path) -> None:
    """A teacher and the coordinate loss are for heatmaps of one person."""
    whole = ["network={kind: onestage, size: n, parameters: {input_hw: [64, 64]}}"]
    with pytest.raises(ConfigError, match="a teacher labels crops of single people, onestage sees whole pictures"):
        prepare(read_recipe(drawn, [*whole, "teacher.model=lightning"]), started=True, warn=True)
    with pytest.raises(ConfigError, match="coordinate_loss is of heatmaps, onestage has a MultiPersonGrid; give 0"):
        prepare(read_recipe(drawn, [*whole, "coordinate_loss=1"]), started=True, warn=True)


def small(drawn: Path, *changes: str) -> Recipe:
    usual = ["data.workers=0", "batch_size=2", "threads=1", "steps_per_epoch=1", f"out={drawn.parent / 'run'}"]
    return read_recipe(drawn, [*usual, *changes])


def test_a_loss_that_is_no_number_ends_the_run(drawn: Path) -> None:
    with pytest.raises(ConfigError, match=r"is (nan|inf) after \d steps; lower optim.lr \(it was \de\+\d\d\)"):
        train(small(drawn, "epochs=3", "optim.lr=1e30", "optim.final=1", "optim.warmup=0"))


def test_patience_and_a_finished_run(drawn: Path) -> None:
    """With a rate of nothing nothing gets better; a run that is over gives its checkpoint at once."""
    recipe = small(drawn, "epochs=9", "patience=2", "optim.lr=1e-30", "optim.ema=0")
    epochs: list[int] = []
    best = train(recipe, on_epoch=lambda report: epochs.append(report.epoch))
    assert best == drawn.parent / "run" / "best.safetensors"
    assert len(epochs) < 9
    written = best.stat().st_mtime_ns
    assert train(recipe, on_epoch=lambda _: pytest.fail("it was over")) == best
    assert best.stat().st_mtime_ns == written
    assert train(small(drawn, "epochs=1"), fresh=True) == best
    assert best.stat().st_mtime_ns != written


def test_one_run_at_a_time_in_a_folder(drawn: Path) -> None:
    """Two would take turns in overwriting each other's state; what one lets fall when it is killed goes."""
    recipe = small(drawn, "epochs=1")
    leftover = recipe.folder / ".state.0123abcd.tmp.safetensors"
    leftover.parent.mkdir()
    leftover.touch()
    with (
        locked(recipe.folder / ".lock"),
        pytest.raises(ConfigError, match=r"another run is going on in '.*run'; wait for its end, or give this"),
    ):
        train(recipe)
    assert [path.name for path in recipe.folder.iterdir()] == [leftover.name]
    train(recipe)
    assert not [path.name for path in recipe.folder.iterdir() if path.name.startswith(".")]


def test_a_run_is_alone_before_it_looks_for_a_state(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it could begin anew on top of one that ended meanwhile. What fails early leaves no folder."""
    recipe = small(drawn, "epochs=1")
    seen: list[bool] = []

    def look(*_: object, **__: object) -> None:
        seen.append((recipe.folder / ".lock").exists())
        raise ConfigError("enough")

    monkeypatch.setattr("gonio.training.loop.prepare", look)
    with pytest.raises(ConfigError, match="enough"):
        train(recipe)
    assert seen == [True]
    assert not recipe.folder.exists()


def test_a_folder_that_cannot_be_made(drawn: Path) -> None:
    (drawn.parent / "run").write_text("a file")
    with pytest.raises(MediaError, match=r"cannot write to '.*run': File exists; choose another out"):
        train(small(drawn, "epochs=1"))
