"""Heatmaps and SimCC lines are read as the projects read them whose networks give them.

Oracle: the functions of MMPose 1.3.2 and rtmlib 0.0.16 themselves, on noisy maps and lines; the header inside
``foreign_decodes.npz`` has the command. RTMO and decoded MoveNet have nothing to decode but the order of numbers;
their oracle is the layout that their authors publish, written down here once more.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gonio.codecs import CODECS, Heatmap, SimCC

Array = npt.NDArray[Any]

GOLDEN = Path(__file__).with_name("foreign_decodes.npz")
K = 8
CELLS_HW = (32, 24)
EXACT_PX = 2e-3  # the originals compute in float32, whose logarithms of noise differ by 1e-4


@pytest.fixture(scope="module")
def golden() -> dict[str, Array]:
    with np.load(GOLDEN) as archive:
        return dict(archive)


def found(codec: Heatmap | SimCC, outputs: dict[str, Array]) -> tuple[Array, Array]:
    people = codec.decode(outputs)
    return np.concatenate([one.keypoints for one in people]), np.concatenate([one.scores for one in people])


def cells(golden: dict[str, Array]) -> Array:
    """``(B, K, 2)`` x y of the best cells."""
    flat = golden["maps"].reshape(*golden["maps"].shape[:2], -1).argmax(axis=-1)
    return np.stack([flat % CELLS_HW[1], flat // CELLS_HW[1]], axis=-1)


def off_the_rim(golden: dict[str, Array], rim: int) -> Array:
    """``(B, K)``: the best cell has so many cells between itself and the rim."""
    at = cells(golden)
    return np.asarray(((at >= rim) & (at < np.array(CELLS_HW[::-1]) - rim)).all(axis=-1))


def near(golden: dict[str, Array], name: str, alignment: str) -> Array:
    """``(B, K)``: the original stays within one cell of the best; farther it is led astray by noise, Gonio is not."""
    plain, _ = found(
        Heatmap(K, refinement="none", alignment=alignment),  # type: ignore[arg-type]
        {"heatmap": golden["maps"]},
    )
    return np.asarray((np.abs(golden[name] - plain) <= 4).all(axis=-1))


def test_the_oracle_is_named(golden: dict[str, Array]) -> None:
    assert {"oracle", "command"} == set(json.loads(str(golden["header"])))


def test_hrnet_quarter(golden: dict[str, Array]) -> None:
    """The original refines no keypoint whose cell is one of the first two."""
    keypoints, scores = found(Heatmap(K, refinement="quarter", alignment="indices"), {"heatmap": golden["maps"]})
    inside = off_the_rim(golden, 2)
    assert inside.sum() > 12
    np.testing.assert_allclose(keypoints[inside], golden["heatmap_quarter"][inside], rtol=0, atol=EXACT_PX)
    np.testing.assert_array_equal(scores, np.clip(golden["heatmap_scores"], 0, 1))


def test_hrnet_and_tinypose_dark(golden: dict[str, Array]) -> None:
    codec = Heatmap(K, refinement="dark-wide", blur=11, alignment="indices")
    keypoints, _ = found(codec, {"heatmap": golden["maps"]})
    same = near(golden, "heatmap_dark", "indices")
    assert same.mean() > 0.8
    np.testing.assert_allclose(keypoints[same], golden["heatmap_dark"][same], rtol=0, atol=EXACT_PX)
    own, _ = found(Heatmap(K, refinement="dark", blur=11, alignment="indices"), {"heatmap": golden["maps"]})
    away = np.abs(own - golden["heatmap_dark"])[off_the_rim(golden, 3) & same]
    assert 0 < np.median(away) < 0.2  # px: the nearest cells only, instead of two


def test_vitpose_udp(golden: dict[str, Array]) -> None:
    codec = Heatmap(K, refinement="udp", blur=11, alignment="ends")
    keypoints, _ = found(codec, {"heatmap": golden["maps"]})
    same = near(golden, "heatmap_udp", "ends") & off_the_rim(golden, 1)  # at the rim the original may go to a saddle
    assert same.mean() > 0.8
    np.testing.assert_allclose(keypoints[same], golden["heatmap_udp"][same], rtol=0, atol=EXACT_PX)
    aligned, _ = found(Heatmap(K, refinement="udp", blur=11), {"heatmap": golden["maps"]})
    assert np.abs(aligned - golden["heatmap_udp"])[same].max() > 1  # the wrong alignment is seen


@pytest.mark.parametrize("score", ["lower", "mean"])
def test_rtmpose(golden: dict[str, Array], score: str) -> None:
    """MMPose takes the lower of the two peaks as the score, rtmlib their mean; Gonio's scores end at 0 and 1."""
    codec = SimCC(K, values="gaussian", refine=False, alignment="indices", score=score)  # type: ignore[arg-type]
    keypoints, scores = found(codec, {name: golden[name] for name in ("simcc_x", "simcc_y")})
    seen = golden["simcc_lower"] > 0  # of the others the originals say (-1, -1)
    assert (~seen).sum() == 1
    np.testing.assert_array_equal(keypoints[seen], golden["simcc_keypoints"][seen])
    assert np.isnan(keypoints[~seen]).all()
    assert not scores[~seen].any()
    np.testing.assert_allclose(scores[seen], np.clip(golden[f"simcc_{score}"], 0, 1)[seen], rtol=1e-6)
    assert golden["simcc_mean"].max() > 1  # the bound is tried


def test_rtmo_rows() -> None:
    """Published layout: dets x1 y1 x2 y2 score, keypoints x y visibility, all in px of the input."""
    rng = np.random.default_rng(4)
    dets: Array = rng.uniform(0, 600, (2, 3, 5)).astype(np.float32)
    keypoints: Array = rng.uniform(0, 600, (2, 3, 17, 3)).astype(np.float32)
    dets[..., 4], keypoints[..., 2] = rng.uniform(0.1, 1, (2, 3)), rng.uniform(0, 1, (2, 3, 17))
    dets[1, 2, 4] = 0  # a row that only fills the batch
    outputs = {"dets": dets, "keypoints": keypoints}
    first, second = CODECS["rtmo"](n_keypoints=17).decode(outputs)
    assert (len(first), len(second)) == (3, 2)
    np.testing.assert_array_equal(first.boxes, outputs["dets"][0, :, :4])
    np.testing.assert_array_equal(first.person_scores, outputs["dets"][0, :, 4])
    np.testing.assert_array_equal(second.keypoints, outputs["keypoints"][1, :2, :, :2])
    np.testing.assert_array_equal(second.scores, outputs["keypoints"][1, :2, :, 2])


def test_movenet_rows() -> None:
    """Published layout of MultiPose: 17 x (y, x, score), then ymin, xmin, ymax, xmax, score, parts of the input."""
    row: Array = np.arange(56, dtype=np.float32) / 100
    many = CODECS["movenet-decoded"](n_keypoints=17, input_hw=(200, 100), people="many")
    (found_many,) = many.decode({"poses": np.stack([row, np.zeros(56, np.float32)])[None]})
    assert len(found_many) == 1  # the empty row is nobody
    assert found_many.person_scores[0] == np.float32(0.55)
    np.testing.assert_allclose(found_many.boxes[0], (52, 102, 54, 106), rtol=1e-5)
    np.testing.assert_allclose(found_many.keypoints[0, 2], (7 - 0.5, 12 - 0.5), rtol=1e-5)  # y 0.06, x 0.07, s 0.08
    assert found_many.scores[0, 2] == np.float32(0.08)
    one = CODECS["movenet-decoded"](n_keypoints=17, input_hw=(200, 100))
    (found_one,) = one.decode({"poses": row[:51].reshape(1, 1, 17, 3)})
    np.testing.assert_array_equal(found_one.keypoints, found_many.keypoints)
