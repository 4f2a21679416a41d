"""The shipped MoveNet files answer as the original TensorFlow.js graphs do; Lightning exactly, the rounded ones nearly.

Oracle: @tensorflow/tfjs on its CPU backend; the header inside ``movenet_graph.npz`` has version and command.
"""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest

Array = npt.NDArray[Any]

GOLDEN = Path(__file__).with_name("movenet_graph.npz")
SINGLE_PERSON = ("movenet-thunder", "movenet-lightning")
MODELS = ("movenet-multipose", *SINGLE_PERSON)
PEOPLE_HEADS = ("center", "heatmap", "regress", "offset")
HEADS = {"movenet-multipose": (*PEOPLE_HEADS, "box_scale", "box_offset")} | dict.fromkeys(SINGLE_PERSON, PEOPLE_HEADS)
# Sums of some hundred float32 products in another order differ by about 1e-6 of the largest value.
TOLERANCE = {"center": 1e-5, "heatmap": 1e-5} | dict.fromkeys(
    ("regress", "offset", "box_scale", "box_offset"), 2.5e-4
)  # regressions in cells of 4 px: 1e-3 px
ROUNDED = ("movenet-multipose", "movenet-thunder")
"""Their large kernels are int8. The code that converts their graphs makes Lightning's, which is held exactly."""
ROUNDED_TOLERANCE = {
    "center": 0.03,
    "heatmap": 0.03,
    "regress": 0.5,
    "offset": 0.15,
    "box_scale": 0.6,
    "box_offset": 0.05,
}


@pytest.fixture(scope="module")
def golden() -> dict[str, Array]:
    with np.load(GOLDEN) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def sessions() -> dict[str, ort.InferenceSession]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    found = {}
    for name in MODELS:
        with as_file(files("gonio") / "models" / "weights" / f"{name}.onnx") as path:
            found[name] = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return found


def normalise(image: Array, scale: float = 1 / 127.5) -> Array:
    return (image.astype(np.float32) * np.float32(scale) - 1).transpose(2, 0, 1)[None]


def run(session: ort.InferenceSession, image: Array) -> dict[str, Array]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": image}), strict=True))


def test_golden_file_names_its_oracle(golden: dict[str, Array]) -> None:
    header = json.loads(str(golden["header"]))
    assert header["oracle"].startswith("@tensorflow/tfjs 4.")
    assert "convert_movenet" in header["command"]


@pytest.mark.parametrize(("model", "head"), [(m, h) for m in MODELS for h in HEADS[m]])
def test_heads_equal_the_original(
    golden: dict[str, Array], sessions: dict[str, ort.InferenceSession], model: str, head: str
) -> None:
    expected = golden[f"{model}/{head}"]
    found = run(sessions[model], normalise(golden["image"]))[head]
    assert found.shape == expected.shape == (1, found.shape[1], 16, 24)
    tolerance = (ROUNDED_TOLERANCE if model in ROUNDED else TOLERANCE)[head]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    if model in ROUNDED:  # so much of the answer is the same
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("model", MODELS)
def test_golden_picture_lights_the_heatmaps(golden: dict[str, Array], model: str) -> None:
    """Near zero a sigmoid hides a wrong graph, so the picture must be one in which joints are found."""
    assert golden[f"{model}/center"].max() > 0.4
    assert np.median(golden[f"{model}/heatmap"].max(axis=(2, 3))) > 0.25


@pytest.mark.parametrize("model", MODELS)
def test_interface(sessions: dict[str, ort.InferenceSession], model: str) -> None:
    session = sessions[model]
    (image,) = session.get_inputs()
    assert (image.name, image.type, image.shape) == (
        "image",
        "tensor(float)",
        ["batch", 3, "height", "width"],
    )
    assert tuple(o.name for o in session.get_outputs()) == HEADS[model]
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["licence"] == "Apache-2.0"
    assert facts["origin_version"] == "3.0.4"
    assert len(facts[f"sha256:{model}.bin"]) == 64


@pytest.mark.parametrize("model", MODELS)
def test_pictures_of_a_batch_do_not_mix(
    golden: dict[str, Array], sessions: dict[str, ort.InferenceSession], model: str
) -> None:
    one = normalise(golden["image"])
    other = one[..., ::-1].copy()
    batched = run(sessions[model], np.concatenate([one, other]))
    for image, row in ((one, 0), (other, 1)):
        for head, alone in run(sessions[model], image).items():
            np.testing.assert_allclose(batched[head][row], alone[0], rtol=0, atol=TOLERANCE[head])


def original_heads(golden: dict[str, Array], session: ort.InferenceSession, model: str) -> dict[str, Array]:
    """Heads ``(h, w, C)`` after the original's own normalisation, which holds 1 / 127.5 as a float16."""
    heads = run(session, normalise(golden[f"{model}/image"], float(np.float16(1 / 127.5))))
    return {name: head[0].transpose(1, 2, 0) for name, head in heads.items()}


def cell_grid(size: Array) -> Array:
    """``(h, w, 2)`` row and column of every cell."""
    return np.moveaxis(np.indices(size.tolist(), np.float32), 0, -1)


def highest(scores: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(scores.argmax(), scores.shape))


@pytest.mark.parametrize("model", SINGLE_PERSON)
def test_decoded_person_equals_the_original(
    golden: dict[str, Array], sessions: dict[str, ort.InferenceSession], model: str
) -> None:
    """The end of the single-person graph, restated: heads, channels and cells mean what we say."""
    heads = original_heads(golden, sessions[model], model)
    size = np.array(heads["center"].shape[:2])
    cells = cell_grid(size)
    to_middle = np.linalg.norm(cells - size / 2, axis=-1)
    start = highest(heads["center"][..., 0] / (to_middle + 1.8))
    found = []
    for k, guess in enumerate(start + heads["regress"][start].reshape(17, 2)):
        to_guess = np.linalg.norm(cells - guess, axis=-1)
        cell = highest(heads["heatmap"][..., k] / (to_guess + 1.8))
        y, x = cell + heads["offset"][cell].reshape(17, 2)[k]
        found.append((y, x, heads["heatmap"][cell][k]))
    unit = float(np.float16(1 / size[0]))  # so stored: 0.02 % off for Lightning
    difference = np.abs(found * np.array([unit, unit, 1]) - golden[f"{model}/decoded"][0, 0])
    within = (0.02, 0.02, 0.08) if model in ROUNDED else (1e-5, 1e-5, 1e-5)  # y, x in sides of the picture, score
    assert (difference.max(axis=0) < within).all()


def test_decoded_people_equal_the_original(golden: dict[str, Array], sessions: dict[str, ort.InferenceSession]) -> None:
    """The end of the many-people graph, restated; a score there is the best of its six candidates."""
    model = "movenet-multipose"
    heads = original_heads(golden, sessions[model], model)
    center, heatmap = heads["center"][..., 0], heads["heatmap"]
    size = np.array(center.shape)
    cells = cell_grid(size)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(center, 2, constant_values=-1), (5, 5))
    peaks = np.where(np.abs(center - around.max(axis=(2, 3))) < 1e-6, center, 0)
    starts = [divmod(int(i), size[1]) for i in np.argsort(-peaks, axis=None, kind="stable")[:6]]
    boxes, weighted = [], []
    for start in starts:
        middle, half = start + heads["box_offset"][start], np.maximum(heads["box_scale"][start], 0) / 2
        low, high = np.clip(middle - half, 0, size), np.clip(middle + half, 0, size)
        inside = ((cells >= low) & (cells < high)).all(axis=-1)[..., None]
        guesses = start + heads["regress"][start].reshape(17, 2)
        squared = np.square(cells[:, :, None] - guesses).sum(axis=-1)
        weighted.append(heatmap * np.exp(-squared / (float(np.float16(0.3)) * size.min())) * inside)
        boxes.append(np.concatenate([low / size, high / size]))
    for start, box, mine, row in zip(starts, boxes, weighted, golden[f"{model}/decoded"][0], strict=True):
        best = [highest(mine[..., k]) for k in range(17)]
        scores = np.array([max(w[cell][k] for w in weighted) for k, cell in enumerate(best)])
        points = [cell + heads["offset"][cell].reshape(17, 2)[k] for k, cell in enumerate(best)]
        counted = scores[scores > 0.127]
        if row[55] < 0.01:  # the graph always names six: these are nobody, and rounding names others
            assert center[start] < 0.05
            continue
        np.testing.assert_allclose(points / size, row[:51].reshape(17, 3)[:, :2], atol=0.02)
        np.testing.assert_allclose(scores, row[2:51:3], atol=0.08)
        np.testing.assert_allclose(box, row[51:55], atol=0.02)
        assert center[start] * counted.sum() / max(len(counted), 1) == pytest.approx(row[55], abs=0.05)
