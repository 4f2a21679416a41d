"""What is true of every codec that lists people by their boxes."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.codecs import CODECS, Codec, DecodedPeople
from gonio.geometry.boxes import iou, suppress, suppress_boxes

K = 3
TILE = 96
ROUND_TRIP_PX = 16 * 2.0**-14  # some roundings to float32 at up to 512 px
ROUND_TRIP_SHARES_PX = 2 * ROUND_TRIP_PX
NANODET_PX = 0.05  # its distances are the means of float32 logits

SHARES = {"normalised": True}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("yolo-pose", {}),
    ("yolo-pose", SHARES | {"values": 2, "classes": 2, "person_class": 1}),
    ("yolo-pose-end2end", {}),
    ("yolo-pose-end2end", SHARES),
    ("yolo-detect", {"person_class": 4}),
    ("yolo-detect-end2end", SHARES),
    ("rtmdet", {}),
    ("yolox", {}),
    ("yolox", {"decoded": True}),
    ("nanodet", {}),
    ("nanodet", {"strides": (8, 16, 32), "point": 0.5}),
    ("picodet", {"person_class": 1}),
    ("box-grid", {}),
]
kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 2**32 - 1)


def build(kind: tuple[str, dict[str, Any]], input_hw: tuple[int, int]) -> Codec:
    name, parameters = kind
    sized = {"input_hw": input_hw} if name in ("yolox", "nanodet") or "normalised" in parameters else {}
    return CODECS[name](n_keypoints=K, **sized | parameters)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[DecodedPeople, tuple[int, int]]:
    """People in tiles of 96 px, each with a box around the tile's middle, best first."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    tiles = draw(st.lists(st.integers(0, rows * columns - 1), unique=True, max_size=8))
    low, high, inside = (st.floats(*ends, width=32) for ends in ((2, 38), (58, 94), (0, 95)))
    boxes, points = [], []
    for tile in tiles:
        origin = np.array([tile % columns, tile // columns]) * TILE
        corners = [[draw(low), draw(low)], [draw(high), draw(high)]]
        boxes.append(np.add(origin, corners).ravel())
        points.append(np.add(origin, [[draw(inside), draw(inside)] for _ in range(K)]))
    n = len(tiles)
    scores = np.linspace(1, 0.25, n, dtype=np.float32)
    people = DecodedPeople(
        keypoints=np.array(points, np.float32).reshape(n, K, 2),
        scores=np.repeat(scores[:, None], K, axis=1),
        boxes=np.array(boxes, np.float32).reshape(n, 4),
        person_scores=scores,
    )
    return people, (TILE * rows, TILE * columns)


@given(kind=kinds, target=crowds())
@settings(max_examples=80)
def test_a_crowd_comes_back(kind: tuple[str, dict[str, Any]], target: tuple[DecodedPeople, tuple[int, int]]) -> None:
    crowd, input_hw = target
    codec = build(kind, input_hw)
    (found,) = codec.decode(codec.encode(crowd, input_hw))
    near = NANODET_PX if kind[0] == "nanodet" else ROUND_TRIP_SHARES_PX
    np.testing.assert_allclose(found.boxes, crowd.boxes, rtol=0, atol=near)
    np.testing.assert_allclose(found.person_scores, crowd.person_scores, rtol=0, atol=1e-6)
    if kind[0].startswith("yolo-pose"):
        np.testing.assert_allclose(found.keypoints, crowd.keypoints, rtol=0, atol=near)
        np.testing.assert_allclose(found.scores, crowd.scores, rtol=0, atol=1e-6)
    else:
        assert np.isnan(found.keypoints).all()


@given(kind=kinds, target=crowds(), seed=seeds)
def test_decode_is_sane_whatever_the_network_says(
    kind: tuple[str, dict[str, Any]], target: tuple[DecodedPeople, tuple[int, int]], seed: int
) -> None:
    """Numbers within a network's range, of the shapes that it has: scores in [0, 1] and best first, all finite."""
    crowd, input_hw = target
    codec = build(kind, input_hw)
    rng = np.random.default_rng(seed)
    outputs = {}
    for name, array in codec.encode(crowd, input_hw).items():
        noise = 1 + rng.normal(0, 0.1, array.shape)
        outputs[name] = array if name == "labels" else (array * noise).astype(np.float32)
        if name == "scores":
            outputs[name] = np.clip(outputs[name], 0, 1)
    _whole_scores(kind, outputs, codec.encode(crowd, input_hw))
    (found,) = codec.decode(outputs)
    assert np.isfinite(found.boxes).all()
    assert (np.diff(found.person_scores) <= 0).all()
    for scores in (found.scores, found.person_scores):
        assert ((scores >= 0) & (scores <= 1)).all()


def _whole_scores(kind: tuple[str, dict[str, Any]], noisy: dict[str, Any], exact: dict[str, Any]) -> None:
    """Put scores and numbers of classes back, which are never out of their range."""
    name, parameters = kind
    classes = parameters.get("person_class", 0) + 1
    if name in ("yolo-pose", "yolo-detect"):
        noisy["predictions"][:, 4 : 4 + classes] = exact["predictions"][:, 4 : 4 + classes]
    if name in ("yolo-pose-end2end", "yolo-detect-end2end"):
        noisy["predictions"][..., 4:6] = exact["predictions"][..., 4:6]
    if name == "yolo-pose" and parameters.get("values", 3) == 3:
        noisy["predictions"][:, 7::3] = exact["predictions"][:, 7::3]
    if name == "yolo-pose-end2end":
        noisy["predictions"][..., 8::3] = exact["predictions"][..., 8::3]
    if name == "rtmdet":
        noisy["dets"][..., 4] = exact["dets"][..., 4]
    if name == "yolox":
        noisy["output"][..., 4:] = exact["output"][..., 4:]
    if name == "box-grid":
        for level in noisy:
            noisy[level][:, 0] = exact[level][:, 0]
    if name == "nanodet":
        noisy["output"][..., :classes] = exact["output"][..., :classes]


@given(
    seed=seeds, n=st.sampled_from([0, 1, 7, 60, 256, 257, 300]), threshold=st.floats(0, 1), levels=st.integers(1, 100)
)
def test_suppression_without_the_table_is_suppression(seed: int, n: int, threshold: float, levels: int) -> None:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 50, (n, 2)), rng.uniform(-2, 40, (n, 2))
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    scores = (rng.integers(0, levels, n) / levels).astype(np.float32)  # with ties
    expected = suppress(iou(boxes, boxes), scores, threshold=threshold)
    np.testing.assert_array_equal(suppress_boxes(boxes, scores, threshold=threshold), expected)
    np.testing.assert_array_equal(suppress_boxes(boxes, scores, threshold=threshold, limit=3), expected[:3])
