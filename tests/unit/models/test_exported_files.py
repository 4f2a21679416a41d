"""ONNX files that hold their card, skeletons in cards, and top-down models to whom nobody proposes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from gonio.errors import ConfigError, ModelError, UnknownModelError, WeightsError
from gonio.models.card import CARD_KEY, read_card
from gonio.models.loader import load_model
from gonio.models.proposals import whole_picture
from gonio.models.registry import find_card, find_weights
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.models.topdown import TopDownModel
from gonio.structures.skeleton import load_skeleton


def with_card(weights: Path, text: str) -> Path:
    """The file, with this in its metadata."""
    model = onnx.load(weights)
    onnx.helper.set_model_props(model, {CARD_KEY: text})
    onnx.save(model, weights)
    return weights


def card_of(tiny: Any, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(tiny.card(**changes).read_text())
    facts["weights"] = {"file": "elsewhere.onnx"}
    return facts


def test_an_onnx_file_is_a_model(tiny: Any, tmp_path: Path) -> None:
    """Its card is about itself, whatever it is called now."""
    path = with_card(tiny.onnx(name="mine.onnx"), json.dumps(card_of(tiny))).rename(tmp_path / "renamed.onnx")
    card, folder = find_card(path)
    assert card.weights.file == "renamed.onnx"
    assert card.weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert find_weights(card, folder) == path
    assert load_model(str(path), threads=1).card == read_card(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", r"the model card inside '.*tiny\.onnx' is not JSON"),
        ('{"name": "a"}', r"'.*tiny\.onnx' is not a model card: .*Field required"),
        ("[1]", r"the model card inside '.*tiny\.onnx' is a list"),
    ],
    ids=["no JSON", "no card", "no object"],
)
def test_a_wrong_card_inside(tiny: Any, text: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read_card(with_card(tiny.onnx(), text))


def test_files_without_a_card(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'.*tiny\.onnx' holds no model card, .* give the path of a card"):
        find_card(tiny.onnx())
    (tmp_path / "bad.onnx").write_bytes(b"no ONNX")
    with pytest.raises(WeightsError, match="ONNX Runtime cannot load"):
        find_card(tmp_path / "bad.onnx")
    with pytest.raises(ModelError, match="cannot read the model card"):
        read_card(tmp_path / "none.onnx")
    with pytest.raises(UnknownModelError, match=r"no file .*none\.onnx'; check the path, or give the name of a model"):
        find_card(tmp_path / "none.onnx")


def test_a_skeleton_in_the_card(tiny: Any) -> None:
    spec = SkeletonSpec.of(load_skeleton("coco17"))
    spec = spec.model_copy(update={"name": "mine", "links": ((0, 1),), "link_colours": ()})
    card = read_card(tiny.card(skeleton=spec.model_dump(mode="json")))
    assert card.skeleton == spec
    assert (card.load_skeleton().name, card.load_skeleton().links) == ("mine", ((0, 1),))
    model = load_model(tiny.card(skeleton=spec.model_dump(mode="json")), threads=1)
    assert model(np.zeros((64, 64, 3), np.uint8)).skeleton.name == "mine"


def test_a_wrong_skeleton_in_the_card(tiny: Any) -> None:
    spec = SkeletonSpec.of(load_skeleton("coco17")).model_dump(mode="json") | {"sigmas": [0.1]}
    with pytest.raises(ModelError, match=r"is not a model card: skeleton\.full: .*sigmas of skeleton 'coco17'"):
        read_card(tiny.card(skeleton=spec))


def test_the_whole_picture_is_the_proposal(dots: Any) -> None:
    """The dots fill the picture, no box is given, and the keypoints come home."""
    card = find_card("thunder")[0].model_copy(update={"proposals": None})
    points = [(40.0, 30.0), (110.0, 60.0), (60.0, 95.0)]
    model = TopDownModel(card, dots.backend(card), whole_picture(card.load_skeleton()))
    poses = model(dots.picture((160, 120), points))
    assert len(poses) == 1
    np.testing.assert_array_equal(poses.boxes, [[0, 0, 160, 120]])
    np.testing.assert_allclose(poses.keypoints[0], dots.keypoints(points), atol=0.5)
    assert poses.person_scores[0] == pytest.approx(np.sqrt(poses.scores.mean()), rel=1e-5)


def test_loading_a_model_to_whom_nobody_proposes(tiny: Any) -> None:
    heads = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}
    path = tiny.card(tiny.onnx(heads), base="thunder", proposals=None, min_person_score=0)
    model = load_model(path, threads=1)
    assert len(model(np.full((50, 70, 3), 255, np.uint8))) == 1
    with pytest.raises(ConfigError, match="takes crops of one size and nobody proposes; leave input_size out"):
        load_model(path, threads=1, input_size=320)
