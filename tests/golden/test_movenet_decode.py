"""Our decoding against the one inside the original MoveNet graphs, from the heads of the shipped ONNX files.

Oracle: ``decoded`` in ``movenet_graph.npz``, from @tensorflow/tfjs; see the header there and ``test_movenet_graph.py``.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gonio.codecs import Outputs
from gonio.models.backends import OnnxBackend
from gonio.models.registry import WEIGHTS_FOLDER, find_card

Array = npt.NDArray[Any]

GOLDEN = Path(__file__).with_name("movenet_graph.npz")
CELL_PX = 4


@pytest.fixture(scope="module")
def golden() -> dict[str, Array]:
    with np.load(GOLDEN) as archive:
        return dict(archive)


def outputs_of(golden: dict[str, Array], name: str) -> Outputs:
    """Our heads for the picture that the graph decoded, after the graph's own normalisation (1 / 127.5 as float16)."""
    image = golden[f"movenet-{name}/image"].astype(np.float32) * np.float32(np.float16(1 / 127.5)) - 1
    backend = OnnxBackend(WEIGHTS_FOLDER / f"movenet-{name}.onnx", threads=1)
    return backend.run(np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32))


@pytest.mark.parametrize("name", ["thunder", "lightning"])
def test_one_person_equals_the_graphs(golden: dict[str, Array], name: str) -> None:
    """As near as the heads are: coordinates within 1e-3 px, of Thunder, whose kernels are rounded, within a cell."""
    outputs = outputs_of(golden, name)
    (found,) = find_card(name)[0].build_codec().decode(outputs)
    theirs = golden[f"movenet-{name}/decoded"][0, 0]  # y, x, score of each keypoint
    cell = float(np.float16(1 / outputs["center"].shape[2]))  # the graph's size of a cell: 0.02 % off for Lightning
    expected = theirs[:, 1::-1] / cell * CELL_PX - 0.5
    px, score = (CELL_PX, 0.08) if name == "thunder" else (1e-3, 1e-5)
    np.testing.assert_allclose(found.keypoints[0], expected, rtol=0, atol=px)
    np.testing.assert_allclose(found.scores[0], theirs[:, 2], rtol=0, atol=score)


def test_many_people_agree_with_the_graphs(golden: dict[str, Array]) -> None:
    """Same person, same box; confident keypoints within one cell (4 px), and most of them within a pixel.

    A deliberate difference: ours weighs candidates by inverse distance, as the single-person graphs do, where the
    many-people graph has a Gaussian that is cut off at the box; ours scores a keypoint by its own heatmap, where the
    graph takes the best of its six people; and ours has no limit of six. Scores are therefore only near.
    """
    outputs = outputs_of(golden, "multipose")
    (found,) = find_card("multipose")[0].build_codec().decode(outputs)
    height, width = golden["movenet-multipose/image"].shape[:2]
    rows = golden["movenet-multipose/decoded"][0]
    rows = rows[rows[:, 55] > 0.1]
    assert len(rows) == len(found) == 1  # the other five of the graph's six rows are nobody: below 0.01
    keypoints = rows[0, :51].reshape(17, 3)
    sure = keypoints[:, 2] > 0.2
    assert sure.sum() >= 14
    difference = np.abs(found.keypoints[0] - (keypoints[:, 1::-1] * (width, height) - 0.5)).max(axis=1)
    assert difference[sure].max() < CELL_PX
    assert (difference < 1).sum() >= 10
    np.testing.assert_allclose(found.scores[0, sure], keypoints[sure, 2], rtol=0, atol=0.2)
    y1, x1, y2, x2 = rows[0, 51:55] * (height, width, height, width)
    np.testing.assert_allclose(found.boxes[0], (x1, y1, x2, y2), rtol=0, atol=3)
