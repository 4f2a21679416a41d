"""Networks that take whole numbers: their pixels come as they are, and what would be rounded to nothing is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.errors import ModelMismatchError
from gonio.models.backends import OnnxBackend
from gonio.models.backends.layout import ImageInput
from gonio.models.card import ModelCard, Normalisation
from gonio.models.loader import load_model
from gonio.models.preprocess import check_whole, to_batch
from gonio.models.recognise import Choices, card_of_file, recognise, taken_for

MAPS = {"maps": np.zeros((1, 17, 64, 48), np.float32)}
YOLO = {"task": "pose", "stride": "32", "imgsz": "[640, 640]", "names": "{0: 'person'}", "kpt_shape": "[17, 3]"}
IMAGENET = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
KINDS = {"uint8": TensorProto.UINT8, "int32": TensorProto.INT32, "int64": TensorProto.INT64}


def normalisation(card: ModelCard) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return card.input.mean, card.input.std


@pytest.mark.parametrize("dtype", KINDS)
def test_pixels_come_as_they_are(answering: Any, tmp_path: Path, dtype: str) -> None:
    card = recognise(answering(tmp_path / "maps.onnx", MAPS, dtype=KINDS[dtype]))
    assert normalisation(card) == ((0, 0, 0), (1, 1, 1))
    assert f"RGB 0..255 as it is, since the file takes {dtype}" in taken_for(card)
    assert "ImageNet" not in taken_for(card)


def test_also_where_metadata_tell_the_family(answering: Any, tmp_path: Path) -> None:
    answers = {"output0": np.zeros((1, 56, 8400), np.float32)}
    how: dict[str, Any] = {"image": (1, 3, 640, 640), "metadata": YOLO}
    assert normalisation(recognise(answering(tmp_path / "a.onnx", answers, **how)))[1] == (255, 255, 255)
    card = recognise(answering(tmp_path / "b.onnx", answers, dtype=TensorProto.UINT8, **how))
    assert normalisation(card) == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize("answers", [{"dets": (1, 7, 5), "labels": (1, 7)}, {"output": (1, 3549, 85)}])
def test_the_order_of_channels_stays_the_familys(answering: Any, tmp_path: Path, answers: Any) -> None:
    arrays = {name: np.zeros(shape, np.float32) for name, shape in answers.items()}
    card = recognise(answering(tmp_path / "d.onnx", arrays, image=(1, 3, 416, 416), dtype=TensorProto.UINT8))
    assert (card.input.channel_order, *normalisation(card)) == ("bgr", (0, 0, 0), (1, 1, 1))


def test_the_network_sees_the_picture(tmp_path: Path) -> None:
    """A heatmap whose peak is as high as the picture is bright: of 0..255, not of four shades."""
    path = tmp_path / "bright.onnx"
    maps = np.zeros((1, 17, 64, 48), np.float32)
    maps[..., 30, 20] = 1 / 255
    nodes = [
        helper.make_node("Cast", ["image"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["real"], ["bright"], keepdims=0),
        helper.make_node("Mul", ["maps", "bright"], ["heat"]),
    ]
    inputs = [helper.make_tensor_value_info("image", TensorProto.UINT8, (1, 3, 256, 192))]
    outputs = [helper.make_tensor_value_info("heat", TensorProto.FLOAT, maps.shape)]
    graph = helper.make_graph(nodes, "bright", inputs, outputs, [numpy_helper.from_array(maps, "maps")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    card = recognise(path)
    image = np.full((256, 192, 3), 153, np.uint8)
    heat = OnnxBackend(path, threads=1).run(to_batch([image], card.input))["heat"]
    assert heat.max() == pytest.approx(153 / 255)


@pytest.mark.parametrize(("mean", "std"), [IMAGENET, ((0, 0, 0), (255, 255, 255)), ((127.5,) * 3, (127.5,) * 3)])
def test_what_would_be_rounded_to_nothing_is_refused(answering: Any, tmp_path: Path, mean: Any, std: Any) -> None:
    file = answering(tmp_path / "maps.onnx", MAPS, dtype=TensorProto.UINT8)
    with pytest.raises(ModelMismatchError, match=r"takes uint8, whole numbers from 0 to 255, but by mean") as told:
        recognise(file, Choices(mean=mean, std=std))
    assert "--mean 0 0 0 --std 1 1 1" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_card_by_hand_is_refused_when_it_is_loaded(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "maps.onnx", MAPS, dtype=TensorProto.UINT8)
    card = recognise(file)
    wrong = card.input.model_copy(update={"mean": IMAGENET[0], "std": IMAGENET[1]})
    (tmp_path / "maps.json").write_text(card.model_copy(update={"input": wrong}).model_dump_json())
    assert card_of_file(file).input.mean == IMAGENET[0]
    with pytest.raises(ModelMismatchError, match="model 'maps' takes uint8"):
        load_model(file, threads=1)


def test_signed_bytes_are_asked_for(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "maps.onnx", MAPS, dtype=TensorProto.INT8)
    with pytest.raises(ModelMismatchError, match=r"from -128 to 127.* say --mean 128 128 128 --std 1 1 1"):
        recognise(file)
    card = recognise(file, Choices(mean=(128, 128, 128), std=(1, 1, 1)))
    assert card.input.mean == (128, 128, 128)
    assert not any("0..255" in limit for limit in card.limits)


@pytest.mark.parametrize(
    ("dtype", "mean", "std", "fits"),
    [
        ("float32", *IMAGENET, True),
        ("uint8", (0, 0, 0), (1, 1, 1), True),
        ("uint8", (0, 0, 0), (0.5, 0.5, 0.5), False),
        ("uint16", (0, 0, 0), (0.5, 0.5, 0.5), True),
        ("uint8", (1, 0, 0), (1, 1, 1), False),
        ("int8", (0, 0, 0), (1, 1, 1), False),
        ("int32", (-0.5, 0, 0), (1, 1, 1), False),
        ("int32", (0, 0, 0), (1, 1, 2), False),
    ],
)
def test_whole_numbers_within_the_type(dtype: str, mean: Any, std: Any, fits: bool) -> None:
    image = ImageInput("image", dtype, channels_last=False, batch=None, input_hw=None)
    how = Normalisation(mean=mean, std=std)
    if fits:
        check_whole(image, how, what="it")
    else:
        with pytest.raises(ModelMismatchError, match=f"it takes {dtype}"):
            check_whole(image, how, what="it")


def test_numbers_that_the_backend_scales_may_be_any() -> None:
    image = ImageInput("image", "int8", channels_last=True, batch=1, input_hw=(4, 4), scaled=True)
    check_whole(image, Normalisation(mean=IMAGENET[0], std=IMAGENET[1]), what="it")
