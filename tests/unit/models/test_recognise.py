"""Files without a card: what they are taken for, and what is asked where they may be several things."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from gonio.errors import ModelError, ModelMismatchError, WeightsError
from gonio.models.card import CropInput, LetterboxInput, StretchInput
from gonio.models.loader import load_model
from gonio.models.recognise import Choices, card_of_file, model_name, recognise, taken_for
from gonio.models.registry import find_card
from gonio.models.skeleton_spec import SkeletonSpec

NHWC = (1, 192, 192, 3)
HAND = SkeletonSpec(
    name="hand21",
    keypoint_names=tuple(f"point_{i}" for i in range(21)),
    flip_indices=tuple(range(21)),
    sigmas=(0.05,) * 21,
)


def zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("k", "hw", "skeleton"),
    [(17, (256, 192), "coco17"), (26, (384, 288), "halpe26"), (133, (64, 48), "coco_wholebody133")],
)
def test_simcc(answering: Any, tmp_path: Path, k: int, hw: tuple[int, int], skeleton: str) -> None:
    answers = {"simcc_x": zeros(1, k, 2 * hw[1]), "simcc_y": zeros(1, k, 2 * hw[0])}
    card = recognise(answering(tmp_path / "rtmpose.onnx", answers, image=(1, 3, *hw)))
    assert (card.task, card.skeleton, card.codec.kind) == ("top-down", skeleton, "simcc")
    assert isinstance(card.input, CropInput)
    assert (card.input.input_hw, card.input.channel_order, card.input.mean[0]) == (hw, "rgb", 123.675)
    assert (card.codec.model_extra or {})["split_ratio"] == 2
    assert card.proposals is not None
    assert "RTMPose" in taken_for(card)
    assert "ImageNet" in taken_for(card)


def test_simcc_under_other_names_and_of_open_size(answering: Any, tmp_path: Path) -> None:
    """Lines of unequal length along x and y are told by the network's input, which is open: two bins a pixel."""
    answers = {"lines_x": zeros(1, 17, 384), "lines_y": zeros(1, 17, 512)}
    card = recognise(answering(tmp_path / "a.onnx", answers, image=(1, 3, "h", "w")))
    assert isinstance(card.input, CropInput)
    assert card.input.input_hw == (256, 192)
    assert card.codec.model_extra is not None
    assert (card.codec.model_extra["output_x"], card.codec.model_extra["output_y"]) == ("lines_x", "lines_y")


def test_rtmo(answering: Any, tmp_path: Path) -> None:
    answers = {"dets": zeros(1, 9, 5), "keypoints": zeros(1, 9, 17, 3)}
    card = recognise(answering(tmp_path / "rtmo.onnx", answers, image=(1, 3, 640, 640)))
    assert (card.task, card.codec.kind, card.skeleton, card.outputs) == ("one-stage", "rtmo", "coco17", {})
    assert isinstance(card.input, LetterboxInput)
    assert (card.input.fixed_hw, card.input.channel_order, card.input.std) == ((640, 640), "bgr", (1, 1, 1))
    assert (card.input.pad_value, card.input.placement) == (114, "corner")


@pytest.mark.parametrize(
    ("answer", "image", "task", "people"),
    [((1, 1, 17, 3), NHWC, "top-down", "one"), ((1, 6, 56), (1, "h", "w", 3), "one-stage", "many")],
)
def test_movenet(answering: Any, tmp_path: Path, answer: Any, image: Any, task: str, people: str) -> None:
    file = answering(tmp_path / "movenet.onnx", {"output_0": zeros(*answer)}, image=image, dtype=TensorProto.INT32)
    card = recognise(file)
    assert (card.task, card.codec.kind, card.skeleton) == (task, "movenet-decoded", "coco17")
    assert card.outputs == {"poses": "output_0"}
    assert (card.codec.model_extra or {})["people"] == people
    assert card.input.fixed_hw == ((192, 192) if people == "one" else (256, 256))
    assert load_model(file)(np.zeros((60, 80, 3), np.uint8)).skeleton.name == "coco17"


@pytest.mark.parametrize(
    ("name", "refinement", "alignment"),
    [("hrnet_w32.onnx", "dark", "indices"), ("vitpose-s.onnx", "udp", "ends"), ("tinypose.onnx", "dark", "indices")],
)
def test_heatmaps(answering: Any, tmp_path: Path, name: str, refinement: str, alignment: str) -> None:
    card = recognise(answering(tmp_path / name, {"maps": zeros(1, 17, 64, 48)}))
    assert (card.task, card.codec.kind, card.skeleton) == ("top-down", "heatmap", "coco17")
    parameters = card.codec.model_extra or {}
    assert (parameters["refinement"], parameters["alignment"]) == (refinement, alignment)
    assert (parameters["stride"], parameters["output"]) == (4, "maps")


@pytest.mark.parametrize("with_maps", [True, False])
def test_blazepose(answering: Any, tmp_path: Path, with_maps: bool) -> None:
    answers = {"Identity": zeros(1, 195), "Identity_1": zeros(1, 1), "Identity_4": zeros(1, 117)}
    if with_maps:
        answers |= {"Identity_3": zeros(1, 39, 64, 64), "Identity_2": zeros(1, 1, 128, 128)}
    file = answering(tmp_path / "pose_landmark.onnx", answers, image=(1, 256, 256, 3))
    card = recognise(file)
    assert (card.task, card.codec.kind, card.skeleton) == ("top-down", "blazepose", "blazepose33")
    assert card.outputs["ld_3d"] == "Identity"
    assert ("activation_heatmap" in card.outputs) == with_maps
    assert load_model(file)(np.zeros((60, 80, 3), np.uint8)).skeleton.name == "blazepose33"


def test_blazepose_detector(answering: Any, tmp_path: Path) -> None:
    nobody = zeros(1, 2254, 13)
    nobody[..., 0] = -100  # logits
    file = answering(tmp_path / "pose_detector.onnx", {"Identity": nobody}, image=(1, 3, 224, 224))
    card = recognise(file)
    zoo = find_card("blazepose-detector")[0]
    assert (card.task, card.input, card.codec.kind) == ("detector", zoo.input, zoo.codec.kind)
    assert card.skeleton == zoo.skeleton
    assert card.outputs == {"person": "Identity"}
    model = load_model("blazepose-lite", detector=file)
    assert len(model(np.zeros((60, 80, 3), np.uint8))) == 0


@pytest.mark.parametrize(
    ("answers", "image", "codec"),
    [
        ({"dets": zeros(1, 7, 5), "labels": np.zeros((1, 7), np.int64)}, (1, 3, 320, 320), "rtmdet"),
        ({"boxes": zeros(1, 2125, 4), "scores": zeros(1, 1, 2125)}, (1, 3, 320, 320), "picodet"),
        ({"output": zeros(1, 3549, 85)}, (1, 3, 416, 416), "yolox"),
        ({"output": zeros(1, 2125, 112)}, (1, 3, 320, 320), "nanodet"),
    ],
    ids=["rtmdet", "picodet", "yolox", "nanodet"],
)
def test_detectors(answering: Any, tmp_path: Path, answers: Any, image: Any, codec: str) -> None:
    card = recognise(answering(tmp_path / "detector.onnx", answers, image=image))
    assert (card.task, card.codec.kind) == ("detector", codec)
    assert isinstance(card.input, StretchInput if codec in ("picodet", "nanodet") else LetterboxInput)
    assert card.proposals is None


def test_yolo_without_metadata_is_asked_for(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "yolo.onnx", {"output0": zeros(1, 56, 8400)}, image=(1, 3, 640, 640))
    with pytest.raises(ModelError, match=r"output0 \(1, 56, 8400\).*--codec yolo-pose --skeleton coco17") as told:
        recognise(file)
    assert str(told.value).count(". ") == 0  # one sentence
    card = recognise(file, Choices(codec="yolo-pose", skeleton="coco17"))
    assert (card.task, card.outputs) == ("one-stage", {"predictions": "output0"})
    assert isinstance(card.input, LetterboxInput)
    assert (card.input.placement, card.input.std, card.input.longer_side) == ("centre", (255, 255, 255), 640)
    with pytest.raises(ModelError, match="say how many keypoints there are by --skeleton"):
        recognise(file, Choices(codec="yolo-pose"))


ULTRALYTICS = {
    "author": "Ultralytics",
    "description": "Ultralytics YOLO11n-pose model trained on coco-pose.yaml",
    "task": "pose",
    "stride": "32",
    "imgsz": "[640, 640]",
    "names": "{0: 'person'}",
    "kpt_shape": "[17, 3]",
}


def test_an_export_of_ultralytics_tells_all(answering: Any, tmp_path: Path) -> None:
    answers = {"output0": zeros(1, 56, 8400)}
    file = answering(tmp_path / "yolo11n.onnx", answers, image=(1, 3, 640, 640), metadata=ULTRALYTICS)
    card = recognise(file)
    assert (card.name, card.task, card.codec.kind, card.skeleton) == ("yolo11n", "one-stage", "yolo-pose", "coco17")
    assert (card.outputs, card.limits, card.max_oks) == ({"predictions": "output0"}, (), 1)
    assert len(load_model(file)(np.zeros((60, 80, 3), np.uint8))) == 0


def test_an_export_of_ultralytics_with_own_keypoints_asks_which(answering: Any, tmp_path: Path) -> None:
    told = ULTRALYTICS | {"kpt_shape": "[21, 3]", "names": "{0: 'hand'}"}
    answers = {"output0": zeros(1, 68, 8400)}
    file = answering(tmp_path / "hand.onnx", answers, image=(1, 3, 640, 640), metadata=told)
    with pytest.raises(ModelError, match="its metadata say YOLO and 21 keypoints, not which; name them by --skeleton"):
        recognise(file)
    assert recognise(file, Choices(skeleton=HAND)).skeleton == HAND
    with pytest.raises(ModelMismatchError, match="has 21 keypoints, but the skeleton has 17"):
        recognise(file, Choices(skeleton="coco17"))


def test_yolo_of_other_keypoints(answering: Any, tmp_path: Path) -> None:
    """4 numbers of the box, 2 classes, 21 x (x, y, visibility); 4, 1 class, 21 x (x, y)."""
    for channels, classes, values in ((69, 2, 3), (47, 1, 2)):
        file = answering(tmp_path / f"{channels}.onnx", {"o": zeros(1, channels, 2100)}, image=(1, 3, 320, 320))
        card = recognise(file, Choices(codec="yolo-pose", skeleton=HAND))
        parameters = card.codec.model_extra or {}
        assert (parameters["classes"], parameters["values"]) == (classes, values)


def test_an_end_to_end_yolo_is_asked_for(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "y.onnx", {"output0": zeros(1, 300, 57)}, image=(1, 3, 640, 640))
    with pytest.raises(ModelError, match="--codec yolo-pose-end2end --skeleton coco17"):
        recognise(file)
    assert recognise(file, Choices(codec="yolo-pose-end2end", skeleton="coco17")).task == "one-stage"


def test_an_unknown_number_of_keypoints_is_asked_for(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "hand.onnx", {"maps": zeros(1, 21, 64, 48)})
    with pytest.raises(ModelError, match=r"HRNet.*which 21 keypoints.*--skeleton NAME"):
        recognise(file)
    assert recognise(file, Choices(skeleton=HAND)).skeleton == HAND
    with pytest.raises(ModelMismatchError, match="has 21 keypoints, but the skeleton has 17"):
        recognise(file, Choices(skeleton="coco17"))


def test_an_open_input_is_asked_for(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "open.onnx", {"maps": zeros(1, 17, 64, 48)}, image=(1, 3, "h", "w"))
    with pytest.raises(ModelError, match="the size of its input is open; give it by --input-hw H W"):
        recognise(file)
    assert recognise(file, Choices(input_hw=(256, 192))).input.fixed_hw == (256, 192)


def test_what_the_user_says_counts(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "my model (2).onnx", {"maps": zeros(1, 17, 64, 48)})
    assert recognise(file).name == "my-model-2"
    card = recognise(
        file, Choices(name="mine", mean=(0, 0, 0), std=(255, 255, 255), channel_order="bgr", margin=1.1, pad_value=9)
    )
    assert isinstance(card.input, CropInput)
    assert (card.name, card.input.channel_order, card.input.std) == ("mine", "bgr", (255, 255, 255))
    assert (card.input.margin, card.input.pad_value) == (1.1, 9)
    assert not any("mean and std" in limit for limit in card.limits)  # no longer assumed
    with pytest.raises(ModelError, match="--placement means nothing for an input of kind 'crop'"):
        recognise(file, Choices(placement="corner"))
    with pytest.raises(ModelError, match=r"input\.crop\.std"):
        recognise(file, Choices(std=(0, 1, 1)))
    with pytest.raises(ModelError, match=r"no codec named 'heatmaps'; did you mean 'heatmap'\? known are"):
        recognise(file, Choices(codec="heatmaps"))
    with pytest.raises(ModelError, match="that does not fit the codec simcc"):
        recognise(file, Choices(codec="simcc"))
    with pytest.raises(ModelError, match="'multi-person-grid' is not drafted"):
        recognise(file, Choices(codec="multi-person-grid"))


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "classifier": ({"logits": zeros(1, 1000)}, {}, "gives one row of numbers for a picture, as a classifier does"),
    "nan": ({"maps": np.full((1, 17, 64, 48), np.nan)}, {}, "output 'maps' .* is not finite for a black picture"),
    "infinite": ({"maps": np.full((1, 17, 64, 48), np.inf)}, {}, "is not finite"),
    "grey": ({"maps": zeros(1, 17, 64, 48)}, {"image": (1, 1, 256, 192)}, r"expected one batch of images"),
    "no picture": ({"maps": zeros(1, 17)}, {"image": (1, 512)}, "it is no model for pictures"),
    "two pictures": ({"a": zeros(1, 17)}, {"more_inputs": {"other": (1, 3, 8, 8)}}, "it is no model for pictures"),
    "text": ({"maps": zeros(1, 17)}, {"dtype": TensorProto.STRING}, "export it for float or whole numbers"),
    "strange": ({"a": zeros(1, 3, 4), "b": zeros(1, 2, 2), "c": zeros(1, 9, 9, 9)}, {}, "no family of models has such"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_files_are_told_in_one_sentence(answering: Any, tmp_path: Path, kind: str) -> None:
    answers, how, said = WRONG[kind]
    file = answering(tmp_path / "wrong.onnx", answers, **how)
    with pytest.raises(ModelError, match=said) as told:
        recognise(file)
    assert "\n" not in str(told.value)
    assert "wrong.onnx" in str(told.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\n<!doctype html><title>404</title>", "is a web page, not an ONNX model"),
        (b"<HTML>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer to a file in Git LFS"),
        (b"PK\x03\x04rest", "is a zip archive"),
        (b"", "the file is damaged or is not an ONNX model"),
        (b"\x08\x08\x12\x04half", "the file is damaged or is not an ONNX model"),
    ],
)
def test_what_is_no_model_is_called_by_its_name(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=said):
        find_card(file)
    with pytest.raises(WeightsError, match="cannot read the model file"):
        recognise(tmp_path / "absent.onnx")


def test_a_truncated_model_is_told(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "cut.onnx", {"maps": zeros(1, 17, 64, 48)})
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="the file is damaged"):
        find_card(file)


def test_it_is_logged_once_what_a_file_is_taken_for(
    answering: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = answering(tmp_path / "vitpose.onnx", {"maps": zeros(1, 17, 64, 48)})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            card, folder = find_card(file)
    assert folder == tmp_path
    assert card.weights.file == "vitpose.onnx"
    (line,) = caplog.messages
    assert line.startswith("'vitpose.onnx' holds no model card; taken for ViTPose")
    assert "assumed: normalisation RGB with ImageNet's mean and std, margin 1.25" in line


def test_a_card_beside_the_file_is_its_card(answering: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = answering(tmp_path / "mine.onnx", {"maps": zeros(1, 17, 64, 48)})
    card = recognise(file, Choices(name="written-down", margin=1.0))
    beside = tmp_path / "mine.json"
    beside.write_text(card.model_dump_json())
    with caplog.at_level(logging.WARNING):
        assert card_of_file(file) == card
    assert caplog.messages == []
    facts = json.loads(beside.read_text())
    facts["weights"]["file"] = "another.onnx"
    beside.write_text(json.dumps(facts))
    assert card_of_file(file).name == "mine"


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"weights": 3}', '{"frames": []}'])
def test_another_json_beside_the_file_does_no_harm(answering: Any, tmp_path: Path, content: str) -> None:
    file = answering(tmp_path / "tinypose.onnx", {"maps": zeros(1, 17, 64, 48)})
    (tmp_path / "tinypose.json").write_text(content)
    assert card_of_file(file).codec.kind == "heatmap"


def test_an_input_beside_the_picture_is_no_obstacle_to_seeing_the_shapes(answering: Any, tmp_path: Path) -> None:
    """Nothing is known of its values, so the network is not tried; the shapes that the file states must do."""
    answers = {"boxes": zeros(1, 2125, 4), "scores": zeros(1, 1, 2125)}
    file = answering(tmp_path / "p.onnx", answers, image=(1, 3, 320, 320), more_inputs={"scale_factor": (1, 2)})
    card = recognise(file)
    assert (card.codec.kind, card.constants) == ("picodet", {"scale_factor": (1, 1)})
    assert len(load_model(file)(np.zeros((60, 80, 3), np.uint8))) == 0
    file = answering(tmp_path / "q.onnx", answers, image=(1, 3, 320, 320), more_inputs={"secret": (1, 2)})
    with pytest.raises(ModelMismatchError, match=r"takes secret \(1, 2\) beside the picture"):
        recognise(file)


def test_names_are_made_of_file_names() -> None:
    assert model_name(Path("RTMPose-m (Halpe 26).onnx")) == "RTMPose-m-Halpe-26"
    assert model_name(Path("模型.onnx")) == "model"
