"""The recipes that the repository carries: each is one that a user can start."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from gonio.models.registry import find_card
from gonio.training.data import load_data
from gonio.training.networks import PoseNetwork, build_network, count_macs, count_parameters, deployed
from gonio.training.order import EpochOrder, make_loader
from gonio.training.recipe import Recipe, read_recipe
from gonio.training.samples import People

ROOT = Path(__file__).resolve().parents[3]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
COCO = ["coco-1gpu", "coco-8gpu"]
SMALL = 0.5e9
"""Multiply-adds that a network for devices has at most."""
MOST_MACS = {
    "coco-1gpu": SMALL,
    "coco-8gpu": SMALL,
    "gonio-det": 1.4e9,
    "gonio-s": SMALL,
    "gonio-s-distilled-gpu": SMALL,
    "movenet-multipose": 1.25e9,
    "movenet-thunder": 1.25e9,
    "onestage-n": 0.6e9,
    "thunder-refined": 1e9,
    "topdown-cnn-s": SMALL,
    "topdown-cnn-s-simcc": SMALL,
    "topdown-vit-t": 1e9,
}


def by_name(path: Path) -> str:
    return path.stem


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GONIO_SHARED", "COCO"):
        monkeypatch.setenv(name, "/somewhere")


def network_of(recipe: Recipe) -> PoseNetwork:
    """Its network without weights that mean anything."""
    parameters = {name: value for name, value in recipe.network.parameters.items() if name != "pretrained"}
    kind = recipe.network.kind.removesuffix("-pretrained")
    return build_network(kind, recipe.network.size, n_keypoints=17, **parameters)


def test_there_is_one_for_every_kind_of_network() -> None:
    assert {path.stem for path in RECIPES} == set(MOST_MACS)
    kinds = {read_recipe(path).network.kind for path in RECIPES}
    crops = {"refined-movenet", "topdown-cnn", "topdown-movenet", "topdown-vit"}
    assert kinds == crops | {"box-movenet", "movenet-pretrained", "onestage"}


@pytest.mark.parametrize("path", RECIPES, ids=by_name)
def test_a_recipe_says_what_it_is_for_and_how_it_is_started(path: Path) -> None:
    comment = path.read_text("utf-8").split("\nname:")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert re.search(rf"gonio train recipes/{path.name}\b", comment)


@pytest.mark.parametrize("path", RECIPES, ids=by_name)
def test_its_network_is_as_small_as_it_should_be(path: Path) -> None:
    with torch.device("meta"):
        network = deployed(network_of(read_recipe(path)))
        macs = count_macs(network, network.input_hw)
    assert 0.1e9 < macs <= MOST_MACS[path.stem]
    if MOST_MACS[path.stem] == SMALL:
        assert count_parameters(network) <= 4e6


@pytest.mark.parametrize("path", RECIPES, ids=by_name)
def test_what_it_freezes_is_there(path: Path) -> None:
    recipe = read_recipe(path)
    with torch.device("meta"):
        names = [name for name, _ in network_of(recipe).named_parameters()]
    for beginning in recipe.optim.freeze:
        assert any(name.startswith(f"{beginning}.") for name in names)


@pytest.mark.parametrize("name", ["gonio-s", "gonio-s-distilled-gpu", "movenet-multipose", "movenet-thunder"])
def test_a_network_with_pretrained_weights_starts_from_those_of_the_package(name: str) -> None:
    recipe = read_recipe(ROOT / "recipes" / f"{name}.yaml")
    first, second = (
        build_network(recipe.network.kind, recipe.network.size, n_keypoints=17, **recipe.network.parameters)
        for _ in range(2)
    )
    assert all(map(torch.equal, first.parameters(), second.parameters()))


def test_the_teacher_of_the_long_run_is_a_card_with_the_keypoints_of_the_labels() -> None:
    recipe = read_recipe(ROOT / "recipes" / "gonio-s-distilled-gpu.yaml")
    assert recipe.teacher is not None
    card, _ = find_card(recipe.teacher.model)
    assert (card.task, card.skeleton) == ("top-down", "coco17")
    assert recipe.teacher.weights is not None
    assert recipe.teacher.weights.name == card.weights.file


def test_the_batch_of_eight_gpus_can_be_divided_among_them() -> None:
    assert read_recipe(ROOT / "recipes" / "coco-8gpu.yaml").batch_size % 8 == 0


@pytest.fixture
def coco(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample of COCO 2017, laid out as cocodataset.org has it."""
    folder = tmp_path / "coco"
    shutil.copytree(shared_data / "coco-mini", folder)
    monkeypatch.setenv("COCO", str(folder))
    return folder


@pytest.mark.parametrize("name", COCO)
def test_the_loader_of_the_coco_recipe_on_a_sample_of_coco(name: str, coco: Path) -> None:
    recipe = read_recipe(ROOT / "recipes" / f"{name}.yaml", ["data.workers=0"])
    learn, measure = load_data(recipe.data, seed=recipe.seed)
    assert {one.path.parent for one in learn} == {coco / "train2017"}
    assert {one.path.parent for one in measure} == {coco / "val2017"}
    network = network_of(recipe)
    people = People(
        learn, data=recipe.data, codec=network.codec, input_hw=network.input_hw, seed=recipe.seed, clean=False
    )
    assert len(people) == labelled_people(coco / "annotations" / "person_keypoints_train2017.json")
    order = EpochOrder(people.order, batch_size=8, steps=None, seed=recipe.seed, rank=0, world=1)
    batch = next(iter(make_loader(people, order, workers=recipe.data.workers)))
    assert (batch["image"].shape, batch["image"].dtype) == ((8, 3, 256, 192), torch.uint8)
    assert (batch["keypoints"].shape, batch["weights"].shape) == ((8, 17, 2), (8, 17))
    assert {name: tuple(target.shape) for name, target in batch["targets"].items()} == {
        "simcc_x": (8, 17, 384),
        "simcc_y": (8, 17, 512),
    }
    assert torch.isfinite(batch["keypoints"][batch["weights"] > 0]).all()


def labelled_people(path: Path) -> int:
    """By COCO's own count."""
    content = json.loads(path.read_text("utf-8"))
    return sum(one["num_keypoints"] > 0 and not one["iscrowd"] for one in content["annotations"])
