"""Int8: what is chosen, what the gate lets through, what is written. The network sees coloured dots."""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError, ExportError, MediaError
from gonio.export.compared import Compared
from gonio.export.quantize import quantize_model
from gonio.export.quantize_choice import QuantizeChoice
from gonio.export.quantize_effect import compare_poses, input_shift_px
from gonio.export.quantize_gate import Gate
from gonio.export.quantize_graph import read_float_graph
from gonio.export.quantize_int8 import calibrate, input_means, quantized
from gonio.export.quantize_pictures import QuantizePictures, find_pictures
from gonio.export.quantize_result import BelowGateError
from gonio.export.quantize_rig import open_rig, record_inputs
from gonio.export.quantize_search import Recipe, Trials
from gonio.io.images import read_image, write_image
from gonio.models.card import read_card
from gonio.models.loader import load_model
from gonio.models.registry import find_card
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

SIZE = 64
LEG = {
    "name": "leg",
    "keypoint_names": ["left_hip", "left_knee", "left_ankle"],
    "flip_indices": [0, 1, 2],
    "sigmas": [0.1, 0.1, 0.1],
}
QUICK = QuantizeChoice(methods=("min-max",), inputs=8, crops=4, repeat=2, mixed=False)
OPEN = Gate(100, 1, 1, 180, 180, 1)
STRICT = Gate(0, 0, 0, 0, 0, 0)


def dots_network(path: Path, *, bad_block: bool = False, half: bool = False) -> Path:
    """Heatmaps of the red, green and blue dot: four blocks of two layers; in ``wide`` one channel is 60 everywhere."""
    random = np.random.default_rng(0)
    tensors: list[onnx.TensorProto] = []
    nodes = [helper.make_node("AveragePool", ["image"], ["cells"], kernel_shape=[4, 4], strides=[4, 4])]

    def conv(name: str, source: str, weights: FloatArray64, bias: FloatArray64, *, groups: int = 1) -> str:
        kind = np.float16 if half else np.float32
        names = [f"{name}_w", f"{name}_b"]
        for tensor, values in zip(names, (weights, bias), strict=True):
            tensors.append(numpy_helper.from_array(values.astype(kind), f"{tensor}_f16" if half else tensor))
            if half:
                nodes.append(helper.make_node("Cast", [f"{tensor}_f16"], [tensor], to=TensorProto.FLOAT))
        pads = [weights.shape[2] // 2] * 4
        nodes.append(helper.make_node("Conv", [source, *names], [name], group=groups, pads=pads))
        return name

    def block(name: str, source: str, *, wide: float) -> str:
        bias = np.zeros(6)
        bias[5] = wide
        spread = np.concatenate([np.eye(3), np.zeros((3, 3))])[:, :, None, None]
        opened = conv(
            name, source, spread + random.normal(0, 0.01, spread.shape) * (np.arange(6) < 3)[:, None, None, None], bias
        )
        smooth = np.zeros((6, 1, 3, 3))
        smooth[:, 0, 1, 1] = 1
        smoothed = conv(f"{name}_smooth", opened, smooth, np.zeros(6), groups=6)
        back = np.concatenate([(30 if wide else 0.2) * np.eye(3), np.zeros((3, 3))], axis=1)[:, :, None, None]
        closed = conv(f"{name}_close", smoothed, back, np.zeros(3))
        nodes.append(helper.make_node("Add", [source, closed], [f"{name}_sum"]))
        return f"{name}_sum"

    at = conv("first", "cells", 0.5 * np.eye(3)[:, :, None, None], np.zeros(3))
    for name in ("one", "wide", "two"):
        at = block(name, at, wide=60 if bad_block and name == "wide" else 0)
    conv("heatmap", at, np.eye(3)[:, :, None, None] * 1.1, np.zeros(3))
    shape: list[int | str] = ["batch", 3, SIZE, SIZE]
    graph = helper.make_graph(
        nodes,
        "dots",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("heatmap", TensorProto.FLOAT, ["batch", 3, SIZE // 4, SIZE // 4])],
        tensors,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def card_for(weights: Path) -> Path:
    facts: dict[str, Any] = find_card("thunder")[0].model_dump(mode="json", exclude_none=True)
    facts |= {"name": "dots", "default": False, "skeleton": LEG, "min_person_score": 0.0}
    facts["codec"] = {"kind": "heatmap"}
    facts["input"] |= {"input_hw": [SIZE, SIZE], "margin": 1.0, "mean": [0, 0, 0], "std": [255, 255, 255]}
    del facts["proposals"]
    facts["weights"] = {"file": weights.name, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
    path = weights.with_suffix(".json")
    card = type(find_card("thunder")[0]).model_validate(facts)
    path.write_text(card.model_dump_json(exclude_none=True))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve black pictures with a red, a green and a blue dot."""
    random = np.random.default_rng(3)
    columns, rows = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    for number in range(12):
        image = np.zeros((SIZE, SIZE, 3))
        for plane, (x, y) in enumerate(random.uniform(14, 50, (3, 2))):
            image[..., plane] = 250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 128)
        write_image(tmp_path / "photos" / f"{number:02}.png", image.astype(np.uint8))
    return tmp_path / "photos"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return card_for(dots_network(tmp_path / "dots.onnx"))


def choice(**changes: Any) -> QuantizeChoice:
    facts = {name: getattr(QUICK, name) for name in ("methods", "inputs", "crops", "repeat", "mixed")}
    return QuantizeChoice(**(facts | changes))


def test_an_int8_model_runs_and_says_what_it_is(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    done = quantize_model(model, out, find_pictures(photos), choice(gate=OPEN), command="gonio quantize")
    assert done.files == (out, out.with_suffix(".json"))
    assert done.faults == ()
    assert "QuantizeLinear" in {node.op_type for node in onnx.load(out).graph.node}
    card = read_card(out.with_suffix(".json"))
    assert (card.name, card.default) == ("int8", False)
    assert "int8 of 'dots'" in card.limits[-1]
    assert card.measured[0].command == "gonio quantize"
    assert card.measured[0].scores["shift_median_percent_of_person"] == round(100 * done.effect.shift_median, 2)
    assert read_card(out).model_dump() == card.model_dump()  # the one inside
    image = read_image(photos / "01.png")
    before, after = load_model(model)(image), load_model(out)(image)
    assert np.abs(before.keypoints - after.keypoints).max() < 2
    assert done.effect.shift_p95_px < 2
    assert done.effect.angles == done.effect.people == 6


def test_the_gate_refuses_and_writes_nothing(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "int8.onnx"
    with pytest.raises(BelowGateError, match=r"median keypoint shift \d.\d\d % of the person \(at most 0\)") as refusal:
        quantize_model(model, out, find_pictures(photos), choice(gate=STRICT))
    assert not out.parent.exists()
    assert refusal.value.result.faults
    assert refusal.value.result.files == ()


def test_force_writes_what_the_gate_refuses(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    done = quantize_model(model, out, find_pictures(photos), choice(gate=STRICT, force=True))
    assert out.is_file()
    assert done.faults
    assert any("in spite of the gate: median" in limit for limit in read_card(out.with_suffix(".json")).limits)


def test_the_planted_block_is_the_most_sensitive_and_goes_to_float(photos: Path, tmp_path: Path) -> None:
    bad = card_for(dots_network(tmp_path / "bad.onnx", bad_block=True))
    gate = Gate(100, 0.02, 0.2, 180, 180, 1)
    with pytest.raises(BelowGateError):
        quantize_model(bad, tmp_path / "int8.onnx", find_pictures(photos), choice(gate=gate))
    done = quantize_model(bad, tmp_path / "int8.onnx", find_pictures(photos), choice(gate=gate, mixed=True))
    assert done.sensitivity[0].block == "wide"
    assert done.sensitivity[0].shift_mean_px > 3 * done.sensitivity[1].shift_mean_px
    assert "wide" in done.float_blocks
    assert done.faults == ()
    assert 0.2 < done.float_share < 0.6


def test_every_block_is_in_int8_where_the_gate_allows_it(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the trials found the heads a little better in float: int8 throughout is the fastest."""
    heads_kept = Trials.choose

    def choose(self: Trials, *arguments: Any) -> tuple[Recipe, list[str]]:
        recipe, log = heads_kept(self, *arguments)
        return replace(recipe, float_blocks=tuple(block for block in self.graph.blocks if block.is_head)), log

    monkeypatch.setattr(Trials, "choose", choose)
    done = quantize_model(model, tmp_path / "int8.onnx", find_pictures(photos), choice(gate=OPEN))
    assert done.float_blocks == ()
    refused = quantize_model(model, tmp_path / "int8.onnx", find_pictures(photos), choice(gate=STRICT, force=True))
    assert refused.float_blocks == ("heatmap",)


def test_a_fine_tuned_model_says_so(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    stages = set()
    done = quantize_model(
        model, out, find_pictures(photos), choice(gate=OPEN, finetune=2), progress=lambda stage, *_: stages.add(stage)
    )
    assert (done.finetune_steps, done.float_blocks, done.faults) == (2, (), ())
    assert "fine-tune" in stages
    assert "fine-tuned for 2 steps" in read_card(out).limits[-1]
    image = read_image(photos / "01.png")
    assert np.abs(load_model(model)(image).keypoints - load_model(out)(image).keypoints).max() < 2


def test_what_fine_tuning_cannot_mend_goes_to_float(photos: Path, tmp_path: Path) -> None:
    bad = card_for(dots_network(tmp_path / "bad.onnx", bad_block=True))
    wanted = choice(gate=Gate(100, 0.02, 0.2, 180, 180, 1), mixed=True, finetune=1)
    done = quantize_model(bad, tmp_path / "int8.onnx", find_pictures(photos), wanted)
    assert done.faults == ()
    assert "wide" in done.float_blocks
    assert sum(line.startswith("fine-tuned") for line in done.log) == 2


def test_blocks_end_where_branches_meet(tmp_path: Path) -> None:
    graph = read_float_graph(dots_network(tmp_path / "dots.onnx"))
    assert [block.layers for block in graph.blocks] == [
        ["first"],
        *([name, f"{name}_smooth", f"{name}_close"] for name in ("one", "wide", "two")),
        ["heatmap"],
    ]
    assert [block.name for block in graph.blocks if block.is_first or block.is_head] == ["first", "heatmap"]


def test_weights_stored_as_float16(tmp_path: Path) -> None:
    """They are quantised as those are that they stand for."""
    graph = read_float_graph(dots_network(tmp_path / "half.onnx", half=True))
    assert not [node for node in graph.model.graph.node if node.op_type == "Cast"]
    assert {block.name for block in graph.blocks} == {"first", "one", "wide", "two", "heatmap"}
    batch = np.random.default_rng(0).random((1, 3, SIZE, SIZE), np.float32)
    ranges = calibrate(graph, [batch], "min-max")
    made = quantized(graph, ranges, input_means(graph, [batch]))
    stored = {tensor.data_type for tensor in made.graph.initializer if len(tensor.dims) == 4}
    assert stored == {TensorProto.INT8}


@pytest.mark.parametrize("method", ["percentile", "entropy", "min-max"])
def test_crops_of_several_sizes_calibrate_together(tmp_path: Path, method: Any) -> None:
    """As those of a card with `min_side`: what the network sees follows the person."""
    path = dots_network(tmp_path / "dots.onnx")
    open_size = onnx.load(path)
    for port in (*open_size.graph.input, *open_size.graph.output):
        for place in (2, 3):
            port.type.tensor_type.shape.dim[place].dim_param = f"{port.name}_{place}"
    onnx.save(open_size, path)
    graph = read_float_graph(path)
    random = np.random.default_rng(0)
    batches = [random.random((1, 3, side, SIZE), np.float32) for side in (SIZE, 32, SIZE, 32, SIZE, SIZE, SIZE)]
    low, high = calibrate(graph, batches, method)["image"].range_value
    assert low == pytest.approx(0, abs=0.05)
    assert high == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("method", ["percentile", "entropy", "min-max"])
def test_every_calibration(model: Path, photos: Path, tmp_path: Path, method: Any) -> None:
    done = quantize_model(model, tmp_path / "int8.onnx", find_pictures(photos), choice(methods=(method,), gate=OPEN))
    assert done.method == method


def test_integer_arithmetic_does_not_overflow(tmp_path: Path) -> None:
    """The integer kernels of this machine give what the numbers in the file say, computed in float."""
    random = np.random.default_rng(0)
    graph = read_float_graph(dots_network(tmp_path / "dots.onnx"))
    for tensor in graph.model.graph.initializer:  # every weight at its largest, of one sign: the worst case
        if len(tensor.dims) == 4:
            tensor.CopyFrom(numpy_helper.from_array(np.ones(tensor.dims, np.float32), tensor.name))
    batches = [random.random((1, 3, SIZE, SIZE), np.float32), np.ones((1, 3, SIZE, SIZE), np.float32)]
    made = quantized(graph, calibrate(graph, batches, "min-max"), input_means(graph, batches))
    answers = []
    for level in (ort.GraphOptimizationLevel.ORT_ENABLE_ALL, ort.GraphOptimizationLevel.ORT_DISABLE_ALL):
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        session = ort.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
        answers.append(session.run(None, {"image": batches[1]})[0])
    assert np.abs(answers[0] - answers[1]).max() < 0.03 * np.abs(answers[1]).max()


def test_biases_make_up_for_rounded_weights(tmp_path: Path) -> None:
    """Without the correction the mean of the result is further from the float network's."""
    graph = read_float_graph(dots_network(tmp_path / "dots.onnx"))
    random = np.random.default_rng(1)
    for tensor in graph.model.graph.initializer:
        if list(tensor.dims) == [6, 1, 3, 3]:  # one weight sets the scale, the others are far below a step of it
            kernel = np.full((6, 1, 3, 3), 0.003, np.float32)
            kernel[:, 0, 1, 1] = 1
            tensor.CopyFrom(numpy_helper.from_array(kernel, tensor.name))
    batches = [random.random((1, 3, SIZE, SIZE), np.float32) for _ in range(4)]
    ranges, means = calibrate(graph, batches, "min-max"), input_means(graph, batches)
    errors = []
    for used in (means, {name: np.zeros_like(mean) for name, mean in means.items()}):
        made = quantized(graph, ranges, used)
        results = [
            ort.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"]).run(
                None, {"image": batches[0]}
            )[0]
            for one in (graph.model, made)
        ]
        errors.append(abs(float((results[1] - results[0]).mean())))
    assert errors[0] < 0.5 * errors[1]


def test_an_int8_model_is_refused(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    quantize_model(model, out, find_pictures(photos), choice(gate=OPEN))
    with pytest.raises(ExportError, match=r"is quantised already .* give the float model"):
        quantize_model(out, tmp_path / "again.onnx", find_pictures(photos), QUICK)


def test_a_checkpoint_is_sent_to_export(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gonio export best\.safetensors"):
        quantize_model("best.safetensors", tmp_path / "int8.onnx", find_pictures(photos), QUICK)


def test_the_float_file_is_not_overwritten(model: Path, photos: Path) -> None:
    with pytest.raises(ConfigError, match="is the float network itself"):
        quantize_model(model, model.with_suffix(".onnx"), find_pictures(photos), QUICK)
    other = model.parent / "notes.json"
    other.write_text("{}")
    with pytest.raises(ConfigError, match="what is there is none"):
        quantize_model(model, other.with_suffix(".onnx"), find_pictures(photos), QUICK)


def test_pictures_without_people(photos: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "empty" / "black.png", np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(ExportError, match="nobody was found in the 1 pictures"):
        record_inputs(open_rig("lightning", threads=1), [read_image(tmp_path / "empty" / "black.png")], most=4)


def test_pictures_are_divided(photos: Path) -> None:
    pictures = find_pictures(photos)
    assert len(pictures.calibrate) == len(pictures.check) == 6
    assert not set(pictures.calibrate) & set(pictures.check)
    assert pictures.apart
    assert len(find_pictures(photos, most=2).check) == 2
    assert not find_pictures(photos, check=photos).apart


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"no picture in .* it needs files ending in"):
        find_pictures(tmp_path)
    with pytest.raises(MediaError, match="no folder"):
        find_pictures(tmp_path / "none")


@pytest.mark.parametrize("wrong", [{"ap_loss": -1}, {"shift_p95": float("nan")}])
def test_gates_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="give a number from 0"):
        Gate(**wrong)
    with pytest.raises(ConfigError, match="crops is 0"):
        QuantizeChoice(crops=0)


def leg(points: list[tuple[float, float]], score: float = 0.9) -> Poses:
    skeleton = Skeleton("leg", ("left_hip", "left_knee", "left_ankle"), ((0, 1), (1, 2)), (0, 1, 2), (0.1, 0.1, 0.1))
    return Poses(
        np.array([points], np.float32),
        np.full((1, 3), score, np.float32),
        np.array([[0, 0, 100, 400]], np.float32),
        np.ones(1, np.float32),
        skeleton,
    )


def test_the_effect_on_poses() -> None:
    """By hand: sizes are sqrt(100 x 400) = 200 px; a straight knee becomes one of 90 degrees."""
    before = leg([(0, 0), (0, 10), (0, 20)])
    effect = compare_poses(
        [before, before], [leg([(0, 0), (0, 10), (10, 10)]), Poses.empty(before.skeleton)], Compared()
    )
    assert (effect.people, effect.lost, effect.points, effect.angles) == (2, 1, 3, 1)
    assert effect.angle_median_deg == pytest.approx(90)
    assert effect.shift_median_px == 0
    assert effect.shift_p95 == pytest.approx(effect.shift_p95_px / 200)
    assert 0.5 * 200**0.5 < effect.shift_p95_px < 200**0.5
    with pytest.raises(ExportError, match="2 people and no keypoint"):
        compare_poses([leg([(0, 0), (0, 10), (0, 20)], 0.1)] * 2, [before, before], Compared())


def test_shifts_of_inputs() -> None:
    codec = find_card("lightning")[0].build_codec()
    people = codec.decode(
        {name: np.zeros((1, n or 1, 48, 48), np.float32) for name, n in codec.output_channels.items()}
    )[0]
    sure = type(people)(people.keypoints, np.ones_like(people.scores), people.boxes, people.person_scores)
    outputs = codec.encode(sure, (192, 192))
    assert input_shift_px(codec, [outputs], [outputs], Compared()).max() == 0


def test_the_log_is_quiet(model: Path, photos: Path, tmp_path: Path, caplog: Any, capsys: Any) -> None:
    with caplog.at_level(logging.WARNING):
        quantize_model(model, tmp_path / "int8.onnx", find_pictures(photos), choice(gate=OPEN))
    assert caplog.messages == []
    assert capsys.readouterr().out == ""


def test_labelled_pictures_are_scored(model: Path, photos: Path, tmp_path: Path) -> None:
    """The labels are the float model's own keypoints: its AP is 100."""
    files = sorted(photos.iterdir())[:6]
    ready = load_model(model)
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(files, start=1):
        points = ready(read_image(file)).keypoints[0]
        xyv = np.concatenate([points, np.full((3, 1), 2)], axis=1)
        rows.append(
            {"id": number, "image_id": number, "category_id": 1, "keypoints": xyv.ravel().tolist(), "iscrowd": 0}
            | {"num_keypoints": 3, "bbox": [0, 0, SIZE, SIZE], "area": SIZE * SIZE / 2}
        )
    labels = {
        "images": [{"id": i, "file_name": f.name, "width": SIZE, "height": SIZE} for i, f in enumerate(files, start=1)],
        "categories": [{"id": 1, "name": "leg", "keypoints": LEG["keypoint_names"], "skeleton": []}],
        "annotations": rows,
    }
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(labels))
    pictures = find_pictures(photos, annotations=[path])
    assert (len(pictures.calibrate), len(pictures.check), pictures.apart) == (6, 6, True)
    done = quantize_model(model, tmp_path / "int8.onnx", pictures, choice(gate=OPEN))
    assert done.float32.ap == pytest.approx(100)
    assert done.int8.ap is not None
    assert read_card(tmp_path / "int8.json").measured[0].scores["AP"] == round(done.int8.ap, 2)
    assert isinstance(pictures, QuantizePictures)


def test_what_is_asked_for_stays_in_float(model: Path, photos: Path, tmp_path: Path) -> None:
    wanted = choice(gate=OPEN, keep_float=("heat*",))
    done = quantize_model(model, tmp_path / "int8.onnx", find_pictures(photos), wanted)
    assert done.float_blocks == ("heatmap",)
    with pytest.raises(ExportError, match=r"no block of the network is named 'nose'; there are: .*heatmap"):
        quantize_model(model, tmp_path / "x.onnx", find_pictures(photos), choice(gate=OPEN, keep_float=("nose",)))
