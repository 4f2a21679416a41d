"""Networks that want their images otherwise: the same picture, and the numbers that they would have seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from gonio.errors import ModelMismatchError
from gonio.models.backends import OnnxBackend
from gonio.models.card import read_card
from gonio.models.onestage import OneStageModel

if TYPE_CHECKING:
    from tests.unit.models.conftest import Dots, Tiny


def echo(
    folder: Path, kind: int, shape: tuple[int | str, ...], further: dict[str, tuple[int, int]] | None = None
) -> Path:
    """A network that gives back what it was given, as float32."""
    inputs = [helper.make_tensor_value_info("image", kind, shape)]
    nodes = [helper.make_node("Cast", ["image"], ["seen"], to=TensorProto.FLOAT)]
    outputs = [helper.make_tensor_value_info("seen", TensorProto.FLOAT, shape)]
    for name, (dtype, width) in (further or {}).items():
        inputs.append(helper.make_tensor_value_info(name, dtype, ["batch", width]))
        nodes.append(helper.make_node("Cast", [name], [f"{name}_seen"], to=TensorProto.FLOAT))
        outputs.append(helper.make_tensor_value_info(f"{name}_seen", TensorProto.FLOAT, ["batch", width]))
    graph = helper.make_graph(nodes, "echo", inputs, outputs)
    path = folder / "echo.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.INT32, TensorProto.FLOAT16, TensorProto.FLOAT])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("batch", [1, 2, "batch"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_file_gets_its_images_as_it_wants_them(
    tmp_path: Path, kind: int, channels_last: bool, batch: int | str, count: int
) -> None:
    shape = (batch, 5, 7, 3) if channels_last else (batch, 3, 5, 7)
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 5, 7)).astype(np.float32)
    seen = OnnxBackend(echo(tmp_path, kind, shape), threads=1).run(images)["seen"]
    np.testing.assert_array_equal(seen, images.transpose(0, 2, 3, 1) if channels_last else images)


def test_whole_numbers_are_rounded_and_kept_in_range(tmp_path: Path) -> None:
    backend = OnnxBackend(echo(tmp_path, TensorProto.UINT8, ("batch", 3, 1, 1)), threads=1)
    values = np.array([-3.0, 0.6, 300.0], np.float32).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal(backend.run(values)["seen"].ravel(), [0, 1, 255])


def test_further_inputs_have_their_values_for_each_image(tmp_path: Path) -> None:
    path = echo(tmp_path, TensorProto.FLOAT, ("batch", 3, 4, 4), {"size": (TensorProto.INT64, 2)})
    backend = OnnxBackend(path, threads=1, constants={"size": (640, 480)})
    outputs = backend.run(np.zeros((3, 3, 4, 4), np.float32))
    np.testing.assert_array_equal(outputs["size_seen"], [[640, 480]] * 3)


def test_a_constant_for_an_input_that_is_not_there(tmp_path: Path) -> None:
    path = echo(tmp_path, TensorProto.FLOAT, ("batch", 3, 4, 4))
    with pytest.raises(ModelMismatchError, match=r"expected one batch of images .* and scale"):
        OnnxBackend(path, threads=1, constants={"scale": (1, 1)})


def test_outputs_may_have_other_names_in_the_file(tiny: "Tiny", dots: "Dots") -> None:
    """The dots' network calls the heat maps something else, and the card says so."""
    card = read_card(tiny.card())
    backend = dots.backend(card)
    plain = OneStageModel(card, backend)

    class Renamed:
        description = "renamed"

        @property
        def output_channels(self) -> dict[str, int | None]:
            return {"heat/0" if name == "heatmap" else name: n for name, n in backend.output_channels.items()}

        def run(self, batch: Any) -> Any:
            return {"heat/0" if name == "heatmap" else name: array for name, array in backend.run(batch).items()}

    renamed = OneStageModel(card.model_copy(update={"outputs": {"heatmap": "heat/0"}}), Renamed())
    picture = dots.picture((320, 320), [(100, 90), (200, 130), (150, 230)], radius=12)
    for flip_test in (False, True):
        expected, got = plain(picture, flip_test=flip_test), renamed(picture, flip_test=flip_test)
        np.testing.assert_array_equal(got.keypoints, expected.keypoints)
        assert len(got) == 1
    with pytest.raises(ModelMismatchError, match="there should be an output 'heatmap'"):
        OneStageModel(card, Renamed())
