"""The shipped int8 network reads the float file's weights, and is the network that ``gonio quantize`` would hold whole.

Oracle: the same graph with every weight inside it, by ``gonio export``.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from gonio.models.registry import WEIGHTS_FOLDER, find_card
from gonio.stored_weights import settle, widen

CARD = find_card("thunder-int8")[0]
FILE = WEIGHTS_FOLDER / CARD.weights.file


def test_it_is_small_because_others_hold_its_weights() -> None:
    graph = onnx.load(FILE, load_external_data=False).graph
    outside = [tensor for tensor in graph.initializer if tensor.data_location == TensorProto.EXTERNAL]
    places = [{entry.key: entry.value for entry in tensor.external_data} for tensor in outside]
    assert {place["location"] for place in places} == set(CARD.weights.reads)
    lent = sum(int(place["length"]) for place in places)
    assert lent > 10 * FILE.stat().st_size
    assert lent < (WEIGHTS_FOLDER / "movenet-thunder.onnx").stat().st_size


@pytest.mark.parametrize("shape", [(1, 3, 256, 128), (2, 3, 128, 256)])
def test_the_same_network_in_one_piece(shape: tuple[int, ...], tmp_path: Path) -> None:
    model = onnx.load(FILE)
    widen(model)
    settle(model)
    whole = tmp_path / "whole.onnx"
    onnx.save(model, whole)
    assert 6e6 < whole.stat().st_size < 7.5e6
    image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    one, other = (
        ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": image})
        for path in (FILE, whole)
    )
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)
