"""A detector's boxes are what is compared: in int8, and in the file of an export. The network sees a rectangle."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.codecs import BoxGrid, DecodedPeople
from gonio.errors import ExportError
from gonio.export.compared import Compared
from gonio.export.exporting import ExportChoice, export_model
from gonio.export.formats import LIMITS
from gonio.export.parity import compare
from gonio.export.quantize import quantize_model
from gonio.export.quantize_choice import QuantizeChoice
from gonio.export.quantize_effect import compare_poses, input_shift_px
from gonio.export.quantize_gate import Gate
from gonio.export.quantize_graph import read_float_graph
from gonio.export.quantize_pictures import find_pictures
from gonio.export.quantize_rig import open_rig
from gonio.export.source import find_source
from gonio.io.images import read_image, write_image
from gonio.models.card import ModelCard, read_card
from gonio.models.loader import load_model
from gonio.models.onestage import DetectorModel
from gonio.models.registry import find_card
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

SIDE = 64
BOXES = Compared("box", 0.3)
QUICK = QuantizeChoice(("min-max",), inputs=4, crops=4, repeat=2, mixed=False, gate=Gate(100, 1, 1, 180, 180, 1))


def found(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Poses:
    n = len(boxes)
    array = np.array(boxes, np.float32).reshape(-1, 4)
    nowhere = np.full((n, 17, 2), np.nan, np.float32)
    return Poses(nowhere, np.zeros((n, 17), np.float32), array, np.full(n, score, np.float32), load_skeleton("coco17"))


def decoded(*boxes: tuple[float, float, float, float], score: float = 0.9) -> DecodedPeople:
    poses = found(*boxes, score=score)
    return DecodedPeople(poses.keypoints, poses.scores, poses.boxes, poses.person_scores)


def test_the_effect_on_boxes() -> None:
    """By hand: the size is sqrt(40 x 10) = 20 px, the sides move by 1, 0, 3 and 0 px; the second shares too little."""
    before = found((0, 0, 40, 10), (100, 100, 140, 140))
    effect = compare_poses([before], [found((1, 0, 43, 10), (125, 100, 165, 140))], BOXES)
    assert (effect.measured, effect.people, effect.lost, effect.points) == ("box", 2, 1, 1)
    assert effect.shift_median_px == effect.shift_p95_px == 1
    assert effect.shift_median == pytest.approx(1 / 20)
    assert effect.angles == 0
    assert Gate(lost=1).faults(effect, None) == ("median box shift 5.00 % of the person (at most 1)",)
    with pytest.raises(ExportError, match=r"1 people and no box with a score of at least 0\.3"):
        compare_poses([found((0, 0, 40, 10), score=0.2)], [before], BOXES)


def test_each_box_is_matched_once() -> None:
    """Of two boxes that lie on one the better is the same person, the other is lost."""
    effect = compare_poses([found((0, 0, 40, 40), (0, 0, 40, 38))], [found((0, 0, 40, 40))], BOXES)
    assert (effect.people, effect.lost, effect.shift_p95_px) == (2, 1, 0)


def test_shifts_of_inputs() -> None:
    """A box that nobody is near to any more moved by its own size; one below the threshold does not count."""
    codec = BoxGrid(17)
    here, there = ((8.0, 8.0, 40.0, 56.0),), ((10.0, 8.0, 40.0, 56.0),)
    one, moved, unsure = (
        codec.encode(decoded(*boxes, score=score), (SIDE, SIDE))
        for boxes, score in ((here, 0.9), (there, 0.9), (here, 0.2))
    )
    nobody = codec.encode(decoded(), (SIDE, SIDE))
    assert input_shift_px(codec, [one], [moved], BOXES).tolist() == [0.5]
    assert input_shift_px(codec, [one], [nobody], BOXES).tolist() == [48]
    assert len(input_shift_px(codec, [unsure], [moved], BOXES)) == 0


class Said:
    """A network that always says the same."""

    description = "fixed"

    def __init__(self, *boxes: tuple[float, float, float, float], score: float = 0.9) -> None:
        self.outputs = BoxGrid(17).encode(decoded(*boxes, score=score), (SIDE, SIDE))
        self.output_channels: dict[str, int | None] = {}

    def run(self, _: Any) -> Any:
        return self.outputs


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (Said((8.0, 8.0, 44.0, 56.0)), r"a box lies 1 px from its source's, the limit is 0\.5 px"),
        (Said((8.0, 8.0, 40.0, 56.0), score=0.8), r"a box's score is 0\.1 from its source's"),
        (Said(), "a box is missing where its source, or it, is sure of one"),
    ],
    ids=["moved", "another score", "missing"],
)
def test_an_export_with_other_boxes_fails(said: Said, fault: str) -> None:
    source, batches = Said((8.0, 8.0, 40.0, 56.0)), [np.zeros((1, 3, SIDE, SIDE), np.float32)]
    same = compare(source, source, batches, BoxGrid(17), BOXES)
    assert str(same) == "1 inputs, 1 boxes: at most 0 px and 0 of score apart; raw outputs 0"
    with pytest.raises(ExportError, match=fault):
        compare(source, said, batches, BoxGrid(17), BOXES).check(LIMITS["float16"], name="a")
    unsure = Compared("box", 0.95)
    assert "no box sure" in str(compare(source, source, batches, BoxGrid(17), unsure))


def rectangles_network(path: Path) -> Path:
    """Named as PyTorch names its weights: a trunk of two layers; heads for whom a bright cell is a box of 4 cells."""
    tensors: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def conv(module: str, source: str, weights: Any, bias: Any, result: str) -> str:
        names = [f"network.{module}.{what}" for what in ("weight", "bias")]
        kernel = np.array(weights, np.float32)[:, :, None, None]
        tensors.append(numpy_helper.from_array(kernel, names[0]))
        tensors.append(numpy_helper.from_array(np.array(bias, np.float32), names[1]))
        nodes.append(helper.make_node("Conv", [source, *names], [result]))
        return result

    at = conv("body.0", "image", [[0.5] * 3, [0.1] * 3], [0, 0], "conv2d")
    at = conv("body.1", at, [[0.66, 0.02], [0.3, 0.7]], [0, 0], "conv2d_1")
    lateral = conv("lateral", at, [[1, 0], [0, 1]], [0, 0], "conv2d_2")
    for stride in (8, 16, 32):
        side = [stride] * 2
        nodes.append(helper.make_node("AveragePool", [lateral], [f"p{stride}"], kernel_shape=side, strides=side))
        conv(f"heads.{stride}", f"p{stride}", [[6, 0]] + [[0, 0.1]] * 4, [-4] + [2 * stride] * 4, f"h{stride}")
        tensors.append(numpy_helper.from_array(np.array([1, 4]), f"parts{stride}"))
        nodes.append(helper.make_node("Split", [f"h{stride}", f"parts{stride}"], [f"u{stride}", f"d{stride}"], axis=1))
        nodes.append(helper.make_node("Sigmoid", [f"u{stride}"], [f"v{stride}"]))
        nodes.append(helper.make_node("Relu", [f"d{stride}"], [f"e{stride}"]))
        nodes.append(helper.make_node("Concat", [f"v{stride}", f"e{stride}"], [f"boxes_{stride}"], axis=1))
    ports = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])]
    made = [
        helper.make_tensor_value_info(f"boxes_{s}", TensorProto.FLOAT, ["batch", 5, "rows", "columns"])
        for s in (8, 16, 32)
    ]
    graph = helper.make_graph(nodes, "rectangles", ports, made, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    weights = rectangles_network(tmp_path / "rectangles.onnx")
    facts: dict[str, Any] = find_card("multipose")[0].model_dump(mode="json", exclude_none=True)
    for name in ("calibration", "measured", "limits"):
        facts.pop(name, None)
    facts |= {"name": "rectangles", "task": "detector", "default": False, "min_person_score": 0.5, "max_oks": 0.4}
    facts["codec"] = {"kind": "box-grid"}
    facts["input"] |= {"longer_side": SIDE, "mean": [0, 0, 0], "std": [255, 255, 255]}
    facts["weights"] = {"file": weights.name, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
    path = weights.with_suffix(".json")
    path.write_text(ModelCard.model_validate(facts).model_dump_json(exclude_none=True))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight black pictures with a bright rectangle."""
    random = np.random.default_rng(2)
    for number in range(8):
        image = np.zeros((SIDE, SIDE, 3), np.uint8)
        x, y = random.integers(0, 24, 2)
        image[y : y + 36, x : x + 24] = 255
        write_image(tmp_path / "photos" / f"{number}.png", image)
    return tmp_path / "photos"


def test_a_detector_in_int8(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    choice = replace(QUICK, keep_float=("network.lateral", "network.heads.*"))
    done = quantize_model(model, out, find_pictures(photos), choice)
    assert done.effect.measured == "box"
    assert done.effect.people > 0
    assert set(done.float_blocks) >= {"network.lateral", *(f"network.heads.{s}" for s in (8, 16, 32))}
    scores = read_card(out).measured[0].scores
    assert scores["box shift_median_percent_of_person"] == round(100 * done.effect.shift_median, 2)
    assert not [name for name in scores if name.startswith(("shift", "angle"))]
    image = read_image(photos / "1.png")
    before, after = load_model(model)(image), load_model(out)(image)
    assert len(before) == len(after)
    np.testing.assert_allclose(after.boxes, before.boxes, atol=2)


def test_its_labels_are_boxes(model: Path, photos: Path, tmp_path: Path) -> None:
    """The labels are the float model's own boxes: its AP is 100, and no keypoint is labelled."""
    files = sorted(photos.iterdir())[:4]
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(files, start=1):
        for x1, y1, x2, y2 in load_model(model)(read_image(file)).boxes.tolist():
            size = [x2 - x1, y2 - y1]
            rows.append(
                {"id": len(rows) + 1, "image_id": number, "category_id": 1, "bbox": [x1, y1, *size], "iscrowd": 0}
                | {"area": size[0] * size[1], "num_keypoints": 0, "keypoints": [0] * 51}
            )
    names = load_skeleton("coco17").keypoint_names
    labels = {
        "images": [{"id": i, "file_name": f.name, "width": SIDE, "height": SIDE} for i, f in enumerate(files, start=1)],
        "categories": [{"id": 1, "name": "person", "keypoints": names, "skeleton": []}],
        "annotations": rows,
    }
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(labels))
    pictures = find_pictures(photos, annotations=[path])
    done = quantize_model(model, tmp_path / "int8.onnx", pictures, QUICK)
    assert done.float32.ap == pytest.approx(100)
    assert done.int8.ap is not None
    scores = read_card(tmp_path / "int8.json").measured[0].scores
    assert (scores["box AP"], scores["box AP_float32"]) == (round(done.int8.ap, 2), 100)


def test_a_rig_is_a_detector(model: Path) -> None:
    rig = open_rig(model, threads=1)
    assert isinstance(rig.model(rig.backend()), DetectorModel)


def test_layers_from_pytorch_have_the_names_of_their_modules(model: Path) -> None:
    """A layer that is kept in float ends a block, also where no branches meet."""
    path = model.with_suffix(".onnx")
    heads = [f"network.heads.{stride}" for stride in (32, 16, 8)]
    together = [["network.body.0"], ["network.body.1", "network.lateral"], *([one] for one in heads)]
    assert [block.layers for block in read_float_graph(path).blocks] == together
    apart = read_float_graph(path, ["network.lateral"]).blocks
    assert [block.layers for block in apart][1:3] == [["network.body.1"], ["network.lateral"]]


def test_an_export_compares_boxes(model: Path, photos: Path, tmp_path: Path) -> None:
    images = [read_image(file) for file in sorted(photos.iterdir())]
    done = export_model(find_source(model), tmp_path / "again.onnx", ExportChoice(precision="float16"), pictures=images)
    assert done.parity.measured == "box"
    assert done.parity.points >= len(images)
    assert f"{done.parity.points} boxes: at most" in str(done.parity)
