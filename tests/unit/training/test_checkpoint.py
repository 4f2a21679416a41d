"""Checkpoints: what is written is read again, by anybody, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from gonio.codecs import Heatmap
from gonio.errors import MediaError, WeightsError
from gonio.models.card import CropInput, LetterboxInput, Weights
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.skeleton import load_skeleton
from gonio.training.card import codec_choice
from gonio.training.checkpoint import (
    CheckpointInfo,
    Crop,
    load_checkpoint,
    load_fitting,
    load_tensors,
    save_checkpoint,
    save_tensors,
    versions,
)
from gonio.training.networks import PoseNetwork, build_network
from gonio.training.recipe import NetworkChoice

HAND = SkeletonSpec(
    name="hand", keypoint_names=("wrist", "left_edge", "right_edge"), flip_indices=(0, 2, 1), sigmas=(0.05, 0.08, 0.08)
)
CNN = NetworkChoice(kind="topdown-cnn", size="s", parameters={"input_hw": [64, 32]})


def info(choice: NetworkChoice = CNN, **changes: Any) -> CheckpointInfo:
    content: dict[str, Any] = {"crop": Crop(margin=1.25, pad_value=0), "metrics": {"AP": 1.5, "AR": None}}
    return CheckpointInfo(name="a", network=choice, epoch=2, step=9, **({"skeleton": HAND} | content | changes))


def network(choice: NetworkChoice = CNN, k: int = 3) -> PoseNetwork:
    torch.manual_seed(0)
    return build_network(choice.kind, choice.size, n_keypoints=k, **choice.parameters)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "best.safetensors", network().state_dict(), info())
    return tmp_path / "best.safetensors"


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_what_is_saved_is_loaded(saved: Path, suffix: str) -> None:
    found, described = load_checkpoint(saved.with_suffix(suffix))
    assert described == info()
    assert not found.training
    assert found.input_hw == (64, 32)
    assert found.codec == Heatmap(3)
    for name, value in network().state_dict().items():
        assert torch.equal(found.state_dict()[name], value)
    assert json.loads(saved.with_suffix(".json").read_text()) == json.loads(info().model_dump_json())
    assert len(list(saved.parent.iterdir())) == 2


def test_pretrained_weights_are_not_fetched_to_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor could they be, where onnx is not installed."""

    def refused(*_: object) -> None:
        raise AssertionError("the ONNX file was opened")

    monkeypatch.setattr("gonio.training.networks.movenet._read_convolutions", refused)
    top_down = {"pretrained": True, "normed_from": 6, "input_hw": [64, 32]}
    for kind, parameters in (("movenet-pretrained", {"input_hw": [64, 32]}), ("topdown-movenet", top_down)):
        built = info(NetworkChoice(kind=kind, size="lightning", parameters=parameters)).build()
        assert built.input_hw == (64, 32)
        assert not built.unsettled


def test_files_that_are_no_checkpoints(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot read the weights '.*gone\.safetensors'"):
        load_checkpoint(tmp_path / "gone.json")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="is no checkpoint of Gonio: it lacks the description"):
        load_checkpoint(tmp_path / "other.safetensors")
    saved.write_bytes(b"pickle")
    with pytest.raises(WeightsError, match="cannot read the weights"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("{}", "describes itself wrongly: Field required"),
        (info(format=2).model_dump_json(), "has format 2, this version of Gonio reads 1; update Gonio"),
        (info(NetworkChoice(kind="new", size="s")).model_dump_json(), "cannot build: no network named 'new'"),
        (info(NetworkChoice(kind="topdown-cnn", size="m")).model_dump_json(), "do not fit its network"),
    ],
)
def test_descriptions_that_do_not_fit(tmp_path: Path, description: str, message: str) -> None:
    path = tmp_path / "a.safetensors"
    save_tensors(path, network().state_dict(), {"gonio.checkpoint": description})
    with pytest.raises(WeightsError, match=message):
        load_checkpoint(path)


def test_another_skeleton_takes_over_all_but_the_head(saved: Path) -> None:
    other = network(k=5)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.fill_(7)
    assert load_fitting(other, saved) == ["head.maps.weight", "head.maps.bias"]
    kept = load_tensors(saved)[0]
    assert torch.equal(
        other.state_dict()["trunk.stem.wide.convolution.weight"], kept["trunk.stem.wide.convolution.weight"]
    )
    assert load_fitting(network(), saved) == []
    with pytest.raises(
        WeightsError, match=r"nothing in '.*' fits this network; start from a checkpoint of the same kind"
    ):
        load_fitting(build_network("topdown-vit", "t", n_keypoints=4, input_hw=(64, 32)), saved)


def test_a_card(saved: Path) -> None:
    recipe = {"data": {"train": [{"labels": "/home/me/photos/labels.json"}, {"labels": "b.yaml"}], "pad_value": 9}}
    weights = Weights(file="a.onnx", sha256="0" * 64)
    card = info(recipe=recipe).card(name="a", weights=weights)
    assert isinstance(card.input, CropInput)
    assert (card.task, card.input.input_hw, card.input.margin) == ("top-down", (64, 32), 1.25)
    assert card.licence.training_data == "photos/labels.json, b.yaml"
    assert isinstance(card.skeleton, SkeletonSpec)
    assert card.skeleton.keypoint_names == HAND.keypoint_names
    choice = NetworkChoice(kind="onestage", size="n", parameters={"input_hw": [96, 64]})
    whole = info(choice, crop=None, recipe=recipe).card(name="a", weights=weights)
    assert isinstance(whole.input, LetterboxInput)
    assert (whole.task, whole.input.longer_side, whole.input.pad_value) == ("one-stage", 96, 9)
    assert whole.proposals is None
    assert info().card(name="a", weights=weights).licence.training_data == "not recorded"


def test_a_codec_as_a_card_has_it() -> None:
    assert codec_choice(Heatmap(17, sigma=3.0)).model_dump(exclude_unset=True) == {"kind": "heatmap", "sigma": 3.0}


def test_shipped_skeletons_are_named() -> None:
    spec = SkeletonSpec.of(load_skeleton("coco17"))
    assert info(skeleton=spec).card(name="a", weights=Weights(file="a.onnx", sha256="0" * 64)).skeleton == "coco17"


def test_versions() -> None:
    found = versions()
    assert {"torch", "gonio", "numpy", "python", "threads"} <= found.keys()
    assert found["processes"] == "1"
    assert len(found.get("source", "0" * 40)) == 40


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match="a part of its path is a file, not a folder"):
        save_tensors(tmp_path / "file" / "a.safetensors", {}, {})


def test_others_may_read_a_checkpoint_as_any_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    save_checkpoint(tmp_path / "a.safetensors", network().state_dict(), info())
    modes = {path.suffix: path.stat().st_mode for path in tmp_path.iterdir()}
    assert modes[".safetensors"] == modes[".json"] == modes[""]
