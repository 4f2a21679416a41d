"""Files that take their pictures channels last, as TensorFlow writes them: recognised where one reading fits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import ModelError
from gonio.models.loader import load_model
from gonio.models.recognise import Choices, recognise

PICTURE = np.zeros((60, 80, 3), np.uint8)


def zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


CASES: dict[str, tuple[dict[str, Any], tuple[int, int], str]] = {
    "heatmap": ({"maps": zeros(1, 17, 64, 48)}, (256, 192), "heatmap"),
    "simcc": ({"simcc_x": zeros(1, 17, 384), "simcc_y": zeros(1, 17, 512)}, (256, 192), "simcc"),
    "rtmo": ({"dets": zeros(1, 9, 5), "keypoints": zeros(1, 9, 17, 3)}, (640, 640), "rtmo"),
    "rtmdet": ({"dets": zeros(1, 7, 5), "labels": np.zeros((1, 7), np.int64)}, (320, 320), "rtmdet"),
    "picodet": ({"boxes": zeros(1, 2125, 4), "scores": zeros(1, 1, 2125)}, (320, 320), "picodet"),
    "yolox": ({"output": zeros(1, 3549, 85)}, (416, 416), "yolox"),
    "nanodet": ({"output": zeros(1, 2125, 112)}, (320, 320), "nanodet"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_as_channels_first(answering: Any, tmp_path: Path, name: str) -> None:
    answers, hw, codec = CASES[name]
    last = recognise(answering(tmp_path / "last.onnx", answers, image=(1, *hw, 3)))
    first = recognise(answering(tmp_path / "first.onnx", answers, image=(1, 3, *hw)))
    assert last.codec.kind == codec
    about_the_file = {"name", "weights", "licence"}
    assert last.model_dump(exclude=about_the_file) == first.model_dump(exclude=about_the_file)
    assert len(load_model(tmp_path / "last.onnx", threads=1)(PICTURE)) == 0


def test_yolo_with_its_metadata_and_without(answering: Any, tmp_path: Path) -> None:
    told = {"task": "pose", "stride": "32", "imgsz": "[640, 640]", "names": "{0: 'person'}", "kpt_shape": "[17, 3]"}
    answers, image = {"output0": zeros(1, 56, 8400)}, (1, 640, 640, 3)
    assert recognise(answering(tmp_path / "a.onnx", answers, image=image, metadata=told)).codec.kind == "yolo-pose"
    file = answering(tmp_path / "b.onnx", answers, image=image)
    with pytest.raises(ModelError, match="--codec yolo-pose --skeleton coco17"):
        recognise(file)
    assert recognise(file, Choices(codec="yolo-pose", skeleton="coco17")).task == "one-stage"


def test_maps_with_the_keypoints_last(answering: Any, tmp_path: Path) -> None:
    """The whole file is channels last, and its maps are read as those of the same file turned round."""
    maps = np.random.default_rng(0).uniform(0, 0.5, (1, 17, 64, 48)).astype(np.float32)
    maps[0, np.arange(17), 20 + np.arange(17), 10] = 0.9
    first = answering(tmp_path / "first.onnx", {"maps": maps}, image=(1, 3, 256, 192))
    last = answering(tmp_path / "last.onnx", {"maps": maps.transpose(0, 2, 3, 1)}, image=(1, 256, 192, 3))
    card = recognise(last)
    assert (card.codec.kind, (card.codec.model_extra or {})["channels_last"]) == ("heatmap", True)
    outputs = {"maps": maps.transpose(0, 2, 3, 1)}
    codec, plain = card.build_codec(), recognise(first).build_codec()
    (found,), (expected,) = codec.decode(outputs), plain.decode({"maps": maps})
    np.testing.assert_array_equal(found.keypoints, expected.keypoints)
    np.testing.assert_array_equal(found.scores, expected.scores)
    flip = card.load_skeleton().flip_indices
    (turned,), (other) = codec.unflip(outputs, flip).values(), plain.unflip({"maps": maps}, flip)["maps"]
    np.testing.assert_array_equal(turned.transpose(0, 3, 1, 2), other)
    (told,) = codec.decode(codec.encode(found, (256, 192)))
    np.testing.assert_allclose(told.keypoints, found.keypoints, atol=4)


def test_maps_that_may_lie_either_way_are_not_guessed(answering: Any, tmp_path: Path) -> None:
    """64 keypoints on maps of 64 x 64, or the other way round: no person can tell either."""
    file = answering(tmp_path / "maps.onnx", {"maps": zeros(1, 64, 64, 64)}, image=(1, 256, 256, 3))
    with pytest.raises(ModelError, match="no family of models has such shapes"):
        recognise(file)
