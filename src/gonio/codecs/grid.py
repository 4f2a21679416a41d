"""People on a grid of cells: a centre map, keypoint heatmaps, and regressions from cells, as in CenterNet and MoveNet.

Outputs, each ``(B, C, h, w)`` at ``stride`` input pixels a cell, coordinates in cells, ``y`` before ``x``:

============== === =====================================================================
``center``      1  score that a person's centre lies in the cell
``heatmap``     K  score that keypoint k of anybody lies in the cell
``regress``    2K  from a centre's cell to that person's keypoints (coarse)
``offset``     2K  from a keypoint's cell to the keypoint (fine, in [0, 1] at the true cell)
``box_scale``   2  height and width of the box of the person centred here (multi-person only)
``box_offset``  2  from a centre's cell to the middle of that box (multi-person only)
============== === =====================================================================

A person's keypoint k is the cell where ``heatmap[k]`` is high *and* near the coarse guess, refined by ``offset``.

Source:
    X. Zhou, D. Wang, P. Krähenbühl, "Objects as Points", 2019, arXiv:1904.07850, section 4.2; R. Votel, N. Li,
    "Next-Generation Pose Detection with MoveNet and TensorFlow.js", TensorFlow blog, 2021 (inverse-distance weights).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gonio.arrays import FloatArray, IntArray
from gonio.codecs.base import DecodedPeople, Outputs

_DISTANCE_SOFTENING = 1.8  # cells, from the MoveNet graphs: a score counts 1 / (distance + 1.8)
_NARROW, _WIDE = (1.65, 1.05), (2.8, 1.5)
"""Standard deviations of the Gaussians of centres and keypoints, cells, for one person and for several: about those at
which the focal loss is least for peaks like MoveNet's own, if these are 0.8 to 1.1 cells from where they should be."""


@dataclass(frozen=True, slots=True)
class SinglePersonGrid:
    """One person per input: the one whose centre is strong and near the middle.

    Attributes:
        n_keypoints: K.
        stride: Input pixels a cell.
    """

    n_keypoints: int
    stride: int = 4

    @property
    def output_channels(self) -> Mapping[str, int]:
        """The network's outputs that it reads, with the number of channels of each."""
        k = self.n_keypoints
        return {"center": 1, "heatmap": k, "regress": 2 * k, "offset": 2 * k}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network; of several people the first counts."""
        first = DecodedPeople(people.keypoints[:1], people.scores[:1], people.boxes[:1], people.person_scores[:1])
        return _encode_fields(first, input_hw, self.stride, centers=_means(first, input_hw), spread=_NARROW)

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """One person for each of the B inputs, always; an empty input shows by its low scores."""
        center = outputs["center"][:, 0]
        height, width = center.shape[1:]
        middle = np.array([height / 2, width / 2], np.float32)
        cells = _best_cells(center[:, None], np.broadcast_to(middle, (len(center), 1, 2)))[:, 0]
        keypoints, scores = _keypoints_near(outputs, cells)
        pixels = _to_pixels(keypoints, self.stride)
        centers = center[np.arange(len(cells)), cells[:, 0], cells[:, 1]]
        no_box = np.full((1, 4), np.nan, np.float32)
        return [DecodedPeople(pixels[i, None], scores[i, None], no_box, centers[i, None]) for i in range(len(cells))]

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
        """Outputs for mirrored inputs, as they would be for the inputs themselves."""
        return _unflip(outputs, flip_indices)


@dataclass(frozen=True, slots=True)
class MultiPersonGrid:
    """Any number of people per input: one for every peak of the centre map.

    Attributes:
        n_keypoints: K.
        stride: Input pixels a cell.
        min_center: Peaks below this are nobody.
        max_people: At most so many people an input, the best centres first.
        peak_size: A peak is the best of a square of so many cells, odd.
        min_keypoint: Keypoints at or below this score do not count for a person's score.
    """

    n_keypoints: int
    stride: int = 4
    min_center: float = 0.05
    max_people: int = 200
    peak_size: int = 5
    min_keypoint: float = 0.127

    @property
    def output_channels(self) -> Mapping[str, int]:
        """The network's outputs that it reads, with the number of channels of each."""
        k = self.n_keypoints
        return {"center": 1, "heatmap": k, "regress": 2 * k, "offset": 2 * k, "box_scale": 2, "box_offset": 2}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network; where two people share a cell, the later wins it."""
        return _encode_fields(people, input_hw, self.stride, centers=_middles(people), spread=_WIDE, boxes=True)

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, best centre first."""
        return [
            self._people({name: array[i] for name, array in outputs.items()}) for i in range(len(outputs["center"]))
        ]

    def _people(self, fields: Outputs) -> DecodedPeople:
        cells = self._peaks(fields["center"][0])
        shared = {name: np.broadcast_to(array, (len(cells), *array.shape)) for name, array in fields.items()}
        keypoints, scores = _keypoints_near(shared, cells)
        centers = fields["center"][0, cells[:, 0], cells[:, 1]]
        return DecodedPeople(
            keypoints=_to_pixels(keypoints, self.stride),
            scores=scores,
            boxes=self._boxes(fields, cells),
            person_scores=centers * _evidence(scores, self.min_keypoint),
        )

    def _peaks(self, center: FloatArray) -> IntArray:
        """Cells ``(P, 2)`` that are the best of their neighbourhood, best first."""
        kernel = np.ones((self.peak_size, self.peak_size), np.uint8)
        highest = cv2.dilate(center, kernel, borderType=cv2.BORDER_REPLICATE)
        cells = np.argwhere((center >= highest) & (center >= self.min_center))
        order = np.argsort(-center[cells[:, 0], cells[:, 1]], kind="stable")
        return cells[order[: self.max_people]]

    def _boxes(self, fields: Outputs, cells: IntArray) -> FloatArray:
        rows, columns = cells[:, 0], cells[:, 1]
        middle = cells + fields["box_offset"][:, rows, columns].T
        half = np.maximum(fields["box_scale"][:, rows, columns].T, 0) / 2
        low, high = (middle - half)[:, ::-1], (middle + half)[:, ::-1]
        return (np.concatenate([low, high], axis=1) * self.stride).astype(np.float32)

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
        """Outputs for mirrored inputs, as they would be for the inputs themselves."""
        return _unflip(outputs, flip_indices)


def _evidence(scores: FloatArray, threshold: float) -> FloatArray:
    """How much the keypoint scores ``(N, K)`` speak for each person, in [0, 1].

    The mean of the scores above the threshold, times the root of their share: two good keypoints of seventeen are
    less of a person than ten.
    """
    above = scores > threshold
    count = above.sum(axis=1)
    mean = np.where(above, scores, 0).sum(axis=1) / np.maximum(count, 1)
    return np.asarray(mean * np.sqrt(count / scores.shape[1]), np.float32)


def _keypoints_near(fields: Outputs, centers: IntArray) -> tuple[FloatArray, FloatArray]:
    """Each person's keypoints, in fields of the person's own.

    Args:
        fields: ``(N, C, h, w)`` each.
        centers: ``(N, 2)``, row and column of the cell where the person is centred.

    Returns:
        ``(N, K, 2)``, y x in cells, continuous, and ``(N, K)`` scores.
    """
    people = np.arange(len(centers))
    n_keypoints = fields["heatmap"].shape[1]
    regress = fields["regress"][people, :, centers[:, 0], centers[:, 1]].reshape(-1, n_keypoints, 2)
    cells = _best_cells(fields["heatmap"], (centers[:, None] + regress).astype(np.float32))
    people, k = people[:, None], np.arange(n_keypoints)
    rows, columns = cells[..., 0], cells[..., 1]
    offset = np.stack([fields["offset"][people, 2 * k + axis, rows, columns] for axis in (0, 1)], axis=-1)
    return np.asarray(cells + offset, np.float32), fields["heatmap"][people, k, rows, columns]


def _best_cells(scores: FloatArray, near: FloatArray) -> IntArray:
    """The cell of each map with the best score for its nearness.

    Args:
        scores: ``(N, K, h, w)``.
        near: ``(N, K, 2)``, y x in cells.

    Returns:
        ``(N, K, 2)``, row and column.
    """
    n, k, height, width = scores.shape
    dy2 = (np.arange(height, dtype=np.float32) - near[..., :1]) ** 2
    dx2 = (np.arange(width, dtype=np.float32) - near[..., 1:]) ** 2
    best = np.zeros((n, k), np.int64)
    weighted = np.empty((k, height, width), np.float32)  # reused: fresh arrays of this size take most of the time
    for i in range(n):
        np.add(dy2[i, :, :, None], dx2[i, :, None, :], out=weighted)
        np.sqrt(weighted, out=weighted)
        weighted += np.float32(_DISTANCE_SOFTENING)
        np.divide(scores[i], weighted, out=weighted)
        best[i] = weighted.reshape(k, -1).argmax(axis=-1)
    return np.stack([best // width, best % width], axis=-1)


def _to_pixels(cells_yx: FloatArray, stride: int) -> FloatArray:
    """Continuous y x in cells → x y in input pixels, pixel-centre convention."""
    return np.asarray(cells_yx[..., ::-1] * stride - 0.5, np.float32)


def _unflip(outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
    return {name: _unflip_field(name, array, list(flip_indices)) for name, array in outputs.items()}


def _unflip_field(name: str, field: FloatArray, flip: list[int]) -> FloatArray:
    mirrored = field[..., ::-1]
    if name == "heatmap":
        return np.ascontiguousarray(mirrored[:, flip])
    if name in ("regress", "offset"):
        pairs = mirrored.reshape(len(field), len(flip), 2, *field.shape[2:])[:, flip]
        mirrored = pairs.reshape(field.shape)
    field = np.array(mirrored)
    if name in ("regress", "offset", "box_offset"):
        # cell c mirrors to W - 1 - c and a point p to W - p, so p - c becomes 1 - (p - c)
        field[:, 1::2] = 1 - field[:, 1::2]
    return field


def _means(people: DecodedPeople, input_hw: tuple[int, int]) -> FloatArray:
    """Mean of each person's keypoints in the input, ``(N, 2)`` x y px; of a person without any the middle of the box.

    There MoveNet's single-person networks have their centre, and not in the middle of the box.
    """
    edge = people.keypoints + 0.5
    inside = np.all((edge >= 0) & (edge < input_hw[::-1]), axis=2, keepdims=True)  # False for NaN
    means = np.where(inside, people.keypoints, 0).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    return np.asarray(np.where(np.any(inside, axis=1), means, _middles(people)), np.float32)


def _middles(people: DecodedPeople) -> FloatArray:
    """Middle of each person's box, ``(N, 2)`` x y px; of a person without one, of what the labelled keypoints span.

    There MoveNet's network for several people has its centre, and not in the mean of the keypoints.
    """
    middles = (people.boxes[:, :2] + people.boxes[:, 2:]) / 2 - 0.5  # edges are half a pixel off the middles of pixels
    for i in np.flatnonzero(~np.isfinite(middles).all(axis=1)):
        labelled = people.keypoints[i][np.isfinite(people.keypoints[i]).all(axis=1)]
        if len(labelled):
            middles[i] = (labelled.min(axis=0) + labelled.max(axis=0)) / 2
    return np.asarray(middles, np.float32)


def _encode_fields(
    people: DecodedPeople,
    input_hw: tuple[int, int],
    stride: int,
    *,
    centers: FloatArray,
    spread: tuple[float, float],
    boxes: bool = False,
) -> dict[str, FloatArray]:
    height, width = input_hw[0] // stride, input_hw[1] // stride
    k = people.scores.shape[1]
    fields = {
        name: np.zeros((channels, height, width), np.float32)
        for name, channels in (("center", 1), ("heatmap", k), ("regress", 2 * k), ("offset", 2 * k))
    }
    if boxes:
        fields |= {name: np.zeros((2, height, width), np.float32) for name in ("box_scale", "box_offset")}
    in_cells = (centers[:, ::-1] + 0.5) / stride
    for i in range(len(people)):
        keypoints = (people.keypoints[i][:, ::-1] + 0.5) / stride
        _encode_person(fields, keypoints, people.boxes[i] / stride, in_cells[i], spread)
    return {name: array[None] for name, array in fields.items()}


def _encode_person(
    fields: dict[str, FloatArray],
    keypoints: FloatArray,
    box: FloatArray,
    center: FloatArray,
    spread: tuple[float, float],
) -> None:
    """Add one person, keypoints ``(K, 2)`` and centre y x in cells, NaN where not labelled."""
    height, width = fields["center"].shape[1:]
    inside = np.asarray(((keypoints >= 0) & (keypoints < (height, width))).all(axis=1))  # False for NaN
    if not ((center >= 0) & (center <= (height, width))).all():
        return
    center = np.minimum(center, np.array([height, width], np.float32) - np.float32(1e-3))
    _splat(fields["center"][0], center, spread=spread[0])
    rows, columns = np.mgrid[:height, :width]
    near = (np.abs(rows + 0.5 - center[0]) <= 2) & (np.abs(columns + 0.5 - center[1]) <= 2)
    for k in np.flatnonzero(np.isfinite(keypoints).all(axis=1)):
        y, x = keypoints[k]
        fields["regress"][2 * k][near] = (y - rows)[near]
        fields["regress"][2 * k + 1][near] = (x - columns)[near]
        if inside[k]:
            _splat(fields["heatmap"][k], keypoints[k], spread=spread[1])
            around = (np.abs(rows + 0.5 - y) <= 2) & (np.abs(columns + 0.5 - x) <= 2)
            fields["offset"][2 * k][around] = (y - rows)[around]
            fields["offset"][2 * k + 1][around] = (x - columns)[around]
    if "box_scale" in fields and np.isfinite(box).all():
        size, middle = (box[2:] - box[:2])[::-1], ((box[2:] + box[:2]) / 2)[::-1]
        for axis, index in enumerate((rows, columns)):
            fields["box_scale"][axis][near] = size[axis]
            fields["box_offset"][axis][near] = (middle[axis] - index)[near]


def _splat(heatmap: FloatArray, point: FloatArray, *, spread: float) -> None:
    """Raise a heatmap to a Gaussian whose peak, exactly 1, is the cell that holds the point."""
    row, column = np.floor(point)
    rows, columns = np.mgrid[: heatmap.shape[0], : heatmap.shape[1]]
    bump = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * spread**2)).astype(np.float32)
    np.maximum(heatmap, bump, out=heatmap)
