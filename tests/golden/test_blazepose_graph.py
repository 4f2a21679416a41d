"""The shipped BlazePose file answers as the original TensorFlow.js graph; the others too, where they are installed.

Oracle: @tensorflow/tfjs on its CPU backend; the header inside ``blazepose_graph.npz`` has version and command.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest

from gonio.codecs.blazepose import BlazePose
from gonio.models.registry import WEIGHTS_FOLDER
from gonio.models.store import store

Array = npt.NDArray[Any]

GOLDEN = Path(__file__).with_name("blazepose_graph.npz")
SHIPPED = ("blazepose-lite", "blazepose-full")
MODELS = (*SHIPPED, "blazepose-heavy")
# Sums of some hundred float32 products in another order; landmarks in px and logits, so 1e-5 of the largest value.
TOLERANCE = {"ld_3d": 5e-3, "output_poseflag": 1e-5, "world_3d": 5e-5, "activation_heatmap": 6e-4}


@pytest.fixture(scope="module")
def golden() -> dict[str, Array]:
    with np.load(GOLDEN) as archive:
        return dict(archive)


def answers(model: str, image: Array) -> dict[str, Array]:
    folder = WEIGHTS_FOLDER if model in SHIPPED else store().folder(model)
    path = folder / f"{model}.onnx"
    if not path.is_file():
        pytest.skip(f"{model} is not installed; python -m scripts.convert_blazepose --install makes it")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    batch = (image.astype(np.float32) / np.float32(255)).transpose(2, 0, 1)[None]
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": batch}), strict=True))


def test_golden_file_names_its_oracle(golden: dict[str, Array]) -> None:
    header = json.loads(str(golden["header"]))
    assert header["oracle"].startswith("@tensorflow/tfjs 4.")
    assert "convert_blazepose" in header["command"]


@pytest.mark.parametrize("model", MODELS)
def test_outputs_equal_the_original(golden: dict[str, Array], model: str) -> None:
    found = answers(model, golden["image"])
    compared = [name for name in TOLERANCE if f"{model}/{name}" in golden]
    assert set(compared) >= {"ld_3d", "output_poseflag", "world_3d"}
    for name in compared:
        expected = golden[f"{model}/{name}"].astype(np.float32)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=TOLERANCE[name], err_msg=name)


def test_golden_picture_shows_somebody(golden: dict[str, Array]) -> None:
    for model in MODELS:
        assert golden[f"{model}/output_poseflag"].item() > 0.8


def refined(landmarks: Array, heatmap: Array) -> list[tuple[float, float]]:
    """MediaPipe's RefineLandmarksFromHeatmapCalculator with kernel_size 7, restated one landmark at a time."""
    found = []
    for (x, y), cells in zip(landmarks[:, :2], heatmap, strict=True):
        column, row = int(x / 256 * 64), int(y / 256 * 64)
        if not (0 <= column < 64 and 0 <= row < 64):
            found.append((float(x), float(y)))
            continue
        rows, columns = range(max(0, row - 3), min(64, row + 4)), range(max(0, column - 3), min(64, column + 4))
        weights = {(r, c): float(cells[r, c]) for r in rows for c in columns}
        total = sum(weights.values())
        if max(weights.values()) < 0.5:
            found.append((float(x), float(y)))
        else:
            across = sum(c * w for (_, c), w in weights.items()) / total
            down = sum(r * w for (r, _), w in weights.items()) / total
            found.append((across * 4, down * 4))
    return found


def test_landmarks_are_refined_as_in_mediapipe(golden: dict[str, Array]) -> None:
    names = ("ld_3d", "output_poseflag", "world_3d", "activation_heatmap")
    outputs = {name: golden[f"{SHIPPED[0]}/{name}"].astype(np.float32) for name in names}
    landmarks = outputs["ld_3d"].reshape(39, 5)
    expected = refined(landmarks, outputs["activation_heatmap"][0])
    found = BlazePose().landmarks(outputs)
    moved = np.linalg.norm(np.array(expected) - landmarks[:, :2], axis=1)
    assert (moved > 0.1).sum() > 15  # else this tests nothing
    np.testing.assert_allclose(found.points[0], expected, atol=1e-3)
    np.testing.assert_allclose(found.visibility[0], 1 / (1 + np.exp(-landmarks[:, 3])), atol=1e-6)
    np.testing.assert_allclose(found.depth[0], landmarks[:, 2])
