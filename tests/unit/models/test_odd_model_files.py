"""Files with a fault that a person may meet: each is told in one sentence, none ends in a crash or in nonsense."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ModelError, ModelMismatchError, UnknownModelError, WeightsError
from gonio.models.backends import OnnxBackend
from gonio.models.card import ModelCard
from gonio.models.loader import load_model
from gonio.models.proposals import whole_picture
from gonio.models.recognise import Choices, recognise, taken_for
from gonio.models.registry import find_card
from gonio.models.topdown import TopDownModel
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
PICTURE = np.zeros((200, 900, 3), np.uint8)


def peaks() -> FloatArray:
    maps = np.zeros((1, 17, 64, 48), np.float32)
    maps[:, :, 30, 20] = 0.9
    return maps


def brightness(path: Path, *, batch: int | str) -> Path:
    """A file whose heatmaps are as high as its first input is bright: its answer has one row, whatever it is given."""
    nodes = [
        helper.make_node("Slice", ["image", "none", "one", "none"], ["first"]),
        helper.make_node("ReduceMax", ["first"], ["bright"], keepdims=0),
        helper.make_node("Mul", ["maps", "bright"], ["heat"]),
    ]
    weights = [
        numpy_helper.from_array(array, name)
        for name, array in {"maps": peaks(), "none": np.array([0]), "one": np.array([1])}.items()
    ]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ("n", 3, 256, 192))]
    outputs = [helper.make_tensor_value_info("heat", TensorProto.FLOAT, (batch, 17, 64, 48))]
    graph = helper.make_graph(nodes, "bright", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def people() -> Poses:
    boxes = np.array([(10, 10, 60, 150), (300, 20, 360, 190), (600, 10, 680, 180)], np.float32)
    nowhere = np.full((3, 17, 2), np.nan, np.float32)
    return Poses(nowhere, np.zeros((3, 17), np.float32), boxes, np.ones(3, np.float32), COCO17)


def looking(card: ModelCard, backend: Any) -> TopDownModel:
    return TopDownModel(card, backend, lambda _: people())


def test_an_output_for_one_is_given_one_at_a_time(tmp_path: Path) -> None:
    """The input's batch is open, the output's is 1: so exports with a fixed reshape are."""
    path = brightness(tmp_path / "one.onnx", batch=1)
    card = recognise(path, Choices(mean=(0, 0, 0), std=(255, 255, 255)))
    image = PICTURE.copy()
    image[:, 180:480], image[:, 480:] = 102, 204
    poses = looking(card, OnnxBackend(path, threads=1)).refine(image, people())
    np.testing.assert_allclose(poses.scores[:, 0], [0, 0.4 * 0.9, 0.8 * 0.9], atol=1e-6)


class AnswersForOne:
    """A backend that does not know what its file does."""

    description = "one"
    output_channels: dict[str, int | None] = {"heat": 17}  # noqa: RUF012 - a constant of the test

    def run(self, batch: FloatArray) -> Outputs:
        return {"heat": peaks()}


def test_an_answer_for_fewer_is_told(tmp_path: Path) -> None:
    card = recognise(brightness(tmp_path / "one.onnx", batch=1))
    with pytest.raises(ModelMismatchError, match="given 3 inputs and answers in 'heat' for 1; export it") as told:
        looking(card, AnswersForOne()).refine(PICTURE, people())
    assert "\n" not in str(told.value)
    assert len(looking(card, AnswersForOne()).refine(PICTURE, people()[:1])) == 1
    assert len(TopDownModel(card, AnswersForOne(), whole_picture(COCO17))(PICTURE)) == 1


@pytest.mark.parametrize("image", [(1, 3, 100_000, 100_000), (1, 3, 9000, 16), (100_000, 3, 256, 192)])
def test_an_absurd_size_is_told(answering: Any, tmp_path: Path, image: tuple[int, ...]) -> None:
    file = answering(tmp_path / "huge.onnx", {"maps": peaks()}, image=image)
    for look in (find_card, recognise, lambda path: OnnxBackend(path, threads=1)):
        with pytest.raises(ModelMismatchError, match="more than 8192 x 8192 px a run"):
            look(file)


def test_an_absurd_size_of_an_open_input_is_told(answering: Any, tmp_path: Path) -> None:
    answers = {"output": np.zeros((1, 56, 8400), np.float32)}
    file = answering(tmp_path / "yolo.onnx", answers, image=(1, 3, "h", "w"))
    with pytest.raises(ModelError, match=r"longer_side: .* less than or equal to 8192"):
        recognise(file, Choices(codec="yolo-pose", skeleton="coco17", input_hw=(100_000, 100_000)))


@pytest.mark.parametrize(
    "wrong",
    [{"mean": (float("nan"),) * 3, "std": (1, 1, 1)}, {"std": (float("inf"),) * 3}, {"margin": float("inf")}],
    ids=["mean", "std", "margin"],
)
def test_numbers_that_are_none_make_no_card(answering: Any, tmp_path: Path, wrong: dict[str, Any]) -> None:
    """They were written as null, and the card was none when it was read again."""
    file = answering(tmp_path / "maps.onnx", {"maps": peaks()})
    with pytest.raises(ModelError, match=r"makes no card: input.*finite number"):
        recognise(file, Choices(**wrong))


@pytest.mark.parametrize(
    ("choices", "gone", "there"),
    [
        ({"margin": 5.0}, "margin", "ImageNet"),
        ({"mean": (0, 0, 0), "std": (1, 1, 1)}, "ImageNet", "margin 1.25"),
        ({"channel_order": "bgr"}, "RGB", "BGR with ImageNet"),
    ],
)
def test_what_was_said_is_not_assumed(
    answering: Any, tmp_path: Path, choices: dict[str, Any], gone: str, there: str
) -> None:
    told = taken_for(recognise(answering(tmp_path / "maps.onnx", {"maps": peaks()}), Choices(**choices)))
    assert gone not in told
    assert there in told


def test_what_was_said_of_the_padding_is_not_assumed(answering: Any, tmp_path: Path) -> None:
    answers = {"dets": np.zeros((1, 9, 5), np.float32), "keypoints": np.zeros((1, 9, 17, 3), np.float32)}
    file = answering(tmp_path / "rtmo.onnx", answers, image=(1, 3, 640, 640))
    assert "padded with 114" in taken_for(recognise(file))
    for choices in (Choices(placement="centre"), Choices(pad_value=0)):
        assert "padded" not in taken_for(recognise(file, choices))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.pt", "is a checkpoint of PyTorch, weights without their network; export it to ONNX"),
        ("x.PTH", "is a checkpoint of PyTorch"),
        ("x.h5", "is a model of Keras; convert it to ONNX by tf2onnx"),
        ("x.engine", "is an engine of TensorRT"),
        ("x.strange", "is no model that Gonio runs; export the model to ONNX"),
        ("thing", "is no model that Gonio runs"),
        ("x.ONNX", r"is not read as an ONNX file by this name; rename it to 'x\.onnx'"),
    ],
)
def test_a_file_that_is_there_is_called_by_what_it_is(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"whatever")
    with pytest.raises(UnknownModelError, match=rf"^'.*{name}' {said}") as told:
        find_card(tmp_path / name)
    assert "no model named" not in str(told.value)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(UnknownModelError, match="no model named 'xx"):
        find_card("x" * 5000)


@pytest.mark.parametrize("place", ["lent.data", "w/deep.data"])
def test_a_missing_file_of_weights_is_named(answering: Any, tmp_path: Path, place: str) -> None:
    path = answering(tmp_path / "two.onnx", {"maps": peaks()})
    (tmp_path / place).parent.mkdir(exist_ok=True)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location=place, size_threshold=0)
    find_card(path)
    (tmp_path / place).unlink()
    path.touch()
    for look in (find_card, recognise, lambda file: OnnxBackend(file, threads=1)):
        with pytest.raises(WeightsError, match=f"two.onnx' reads weights from '{place}', seen from its folder") as told:
            look(path)
        assert "damaged" not in str(told.value)
        assert "ONNXRuntimeError" not in str(told.value)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_a_dead_network_finds_nobody(
    answering: Any, tmp_path: Path, level: float, caplog: pytest.LogCaptureFixture
) -> None:
    """It was drawn as a person: seventeen keypoints on one point outside the picture."""
    maps = np.full((1, 17, 64, 48), level, np.float32)
    card = recognise(answering(tmp_path / "dead.onnx", {"maps": maps}))
    with caplog.at_level(logging.WARNING):
        model = looking(card, OnnxBackend(tmp_path / "dead.onnx", threads=1))
        assert len(model(PICTURE)) == 0
        poses = model.refine(PICTURE, people())
    assert np.isnan(poses.keypoints).all()
    assert not poses.scores.any()


def yolo(answering: Any, path: Path, *, at: tuple[float, float], visibility: float = 0.9, score: float = 0.9) -> Path:
    rows = np.zeros((1, 300, 57), np.float32)
    rows[0, 0, :6] = 220, 120, 420, 520, score, 0
    rows[0, 0, 6:] = np.tile((300, 300, 0.9), 17)
    rows[0, 0, 6:9] = *at, visibility
    file: Path = answering(path, {"output0": rows}, image=(1, 3, 640, 640))
    card = recognise(file, Choices(codec="yolo-pose-end2end", skeleton="coco17"))
    file.with_suffix(".json").write_text(card.model_dump_json())
    return file


@pytest.mark.parametrize("at", [(9000, -9000), (300, -5200), (5900, 300)])
def test_keypoints_in_another_unit_stop_the_run(answering: Any, tmp_path: Path, at: tuple[float, float]) -> None:
    model = load_model(yolo(answering, tmp_path / "far.onnx", at=at), threads=1)
    with pytest.raises(ModelMismatchError, match=r"a keypoint lies at .* px of an input of 640 x 640 px") as told:
        model(PICTURE)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "how",
    [
        {"at": (300, 5000)},  # the feet below a face that fills the picture
        {"at": (9000, 9000), "visibility": 0.1},  # a keypoint that no label of the training had
        {"at": (9000, 9000), "score": 0.1},  # nobody
    ],
    ids=["a guess", "never shown", "nobody"],
)
def test_guesses_outside_the_picture_do_not(answering: Any, tmp_path: Path, how: dict[str, Any]) -> None:
    model = load_model(yolo(answering, tmp_path / "near.onnx", **how), threads=1)
    assert len(model(PICTURE)) == (0 if "score" in how else 1)
