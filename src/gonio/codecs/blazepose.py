"""BlazePose: one person per input, 33 landmarks as numbers, each with depth, visibility and presence.

Beyond the 33 there are six auxiliary landmarks; the first two are the middle of the hips and a point straight above
it on a circle around the body, and tell where to look next. A landmark's numbers count pixels from the centre of the
first one, and cell ``i`` of the heatmap is pixel ``4 i``: so its crops were made, and so its convolutions are centred.

Source:
    V. Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020, arXiv:2006.10204; the
    post-processing of MediaPipe Pose 0.10.21, restated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.codecs.base import DecodedPeople, Outputs, one_each
from gonio.codecs.checks import finite, output_of, probabilities, within_reach
from gonio.errors import ConfigError

MIDDLE_OF_HIPS, TOP_OF_CIRCLE = 0, 1
"""Places among the auxiliary landmarks."""
_AUXILIARY = 6
_STRIDE = 4  # px per cell of the heatmap
_REACH = 3  # cells on each side: MediaPipe's window of 7 x 7
_CONFIDENT = 0.5  # highest cell of the window from which on MediaPipe believes the heatmap
_SURE = 12.0  # a logit beyond which nothing is gained


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """What the network says of B inputs; L = K + 6, the auxiliary landmarks behind the others.

    Attributes:
        points: ``(B, L, 2)`` float32 px of the input, pixel-centre convention.
        depth: ``(B, L)`` float32 px: distance behind the middle of the hips, negative towards the camera.
        visibility: ``(B, L)`` in [0, 1]: in the picture and not hidden.
        presence: ``(B, L)`` in [0, 1]: in the picture, hidden or not.
        flags: ``(B,)`` in [0, 1]: whether there is somebody at all.
        world: ``(B, K, 3)`` float32 m from the middle of the hips, along the input's x and y, and away from the camera.
    """

    points: FloatArray
    depth: FloatArray
    visibility: FloatArray
    presence: FloatArray
    flags: FloatArray
    world: FloatArray


@dataclass(frozen=True, slots=True)
class BlazePose:
    """One person per input, as BlazePose's landmark networks tell it.

    A keypoint's score is its visibility times the probability that somebody is there at all.

    Attributes:
        n_keypoints: K, 33.
        input_hw: Height and width of the input, px.
        refine: Take the middle of the heatmap's peak where it is confident, as MediaPipe does.

    Raises:
        ConfigError: If the input's sides are no multiples of 4.
    """

    n_keypoints: int = 33
    input_hw: tuple[int, int] = (256, 256)
    refine: bool = True

    def __post_init__(self) -> None:
        if any(side <= 0 or side % _STRIDE for side in self.input_hw):
            raise ConfigError(f"input_hw is {self.input_hw}; both must be positive multiples of {_STRIDE}")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads, with the size of each along axis 1."""
        count = self.n_keypoints + _AUXILIARY
        names: dict[str, int | None] = {"ld_3d": 5 * count, "output_poseflag": 1, "world_3d": 3 * count}
        return names | ({"activation_heatmap": count} if self.refine else {})

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, batch 1; of several people the first counts. All lie in one plane."""
        count = self.n_keypoints + _AUXILIARY
        cells_hw = (input_hw[0] // _STRIDE, input_hw[1] // _STRIDE)
        values = np.zeros((1, count, 5), np.float32)
        values[..., 3:] = -_SURE
        heatmap = np.zeros((1, count, *cells_hw), np.float32)
        flag = np.zeros((1, 1), np.float32)
        if len(people):
            points = np.full((count, 2), np.nan)
            points[: self.n_keypoints] = people.keypoints[0]
            points[self.n_keypoints :] = np.nanmean(points, axis=0)
            points[self.n_keypoints + TOP_OF_CIRCLE, 1] -= np.nanmax(np.linalg.norm(points - points[-1], axis=1))
            there = np.isfinite(points).all(axis=1)
            values[0, there, :2] = points[there]
            scores = np.clip(people.scores[0].astype(np.float64), 1e-5, 1 - 1e-5)
            logits = np.where(there[: self.n_keypoints], np.log(scores / (1 - scores)), -_SURE)
            values[0, : self.n_keypoints, 3:] = logits[:, None]
            flag[:] = 1
            for map_, point in zip(heatmap[0], points, strict=True):
                _splash(map_, point / _STRIDE)
        world = np.zeros((1, 3 * count), np.float32)
        outputs = {"ld_3d": values.reshape(1, -1), "output_poseflag": flag, "world_3d": world}
        return outputs | ({"activation_heatmap": heatmap} if self.refine else {})

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """One person for each of the B inputs, always; nobody there shows by low scores. There are no boxes."""
        found = self.landmarks(outputs)
        own = slice(self.n_keypoints)
        return one_each(found.points[:, own], found.visibility[:, own] * found.flags[:, None])

    def landmarks(self, outputs: Outputs) -> Landmarks:
        """All that the outputs say, with the auxiliary landmarks.

        Raises:
            ModelMismatchError: If an output is missing, has another shape or holds values that none should.
        """
        count = self.n_keypoints + _AUXILIARY
        values = finite(output_of(outputs, "ld_3d", (None, 5 * count)), "landmarks").reshape(-1, count, 5)
        world = finite(output_of(outputs, "world_3d", (None, 3 * count)), "world landmarks").reshape(-1, count, 3)
        points = values[..., :2]
        if self.refine:
            shape = (len(values), count, self.input_hw[0] // _STRIDE, self.input_hw[1] // _STRIDE)
            heatmap = probabilities(output_of(outputs, "activation_heatmap", shape), "the heatmap's values")
            points = _refined(points, heatmap)
        visibility = _sigmoid(values[..., 3])
        flags = probabilities(output_of(outputs, "output_poseflag", (len(values), 1)), "the pose flags")[:, 0]
        own = slice(self.n_keypoints)
        within_reach(points[:, own], visibility[:, own] * flags[:, None], self.input_hw)
        return Landmarks(
            points=points.astype(np.float32),
            depth=values[..., 2].astype(np.float32),
            visibility=visibility,
            presence=_sigmoid(values[..., 4]),
            flags=flags,
            world=world[:, : self.n_keypoints].astype(np.float32),
        )

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
        """Outputs for mirrored inputs, as they would be for the inputs themselves."""
        count = self.n_keypoints + _AUXILIARY
        order = [*flip_indices, *range(self.n_keypoints, count)]
        turned = dict(outputs)
        values = outputs["ld_3d"].reshape(-1, count, 5)[:, order].copy()
        values[..., 0] = self.input_hw[1] - 1 - values[..., 0]
        world = outputs["world_3d"].reshape(-1, count, 3)[:, order].copy()
        world[..., 0] *= -1
        turned |= {"ld_3d": values.reshape(len(values), -1), "world_3d": world.reshape(len(world), -1)}
        if "activation_heatmap" in outputs:  # cell i is pixel 4 i, which becomes W - 1 - 4 i: cell W / 4 - 1 / 4 - i
            heatmap = outputs["activation_heatmap"][:, order][..., ::-1]
            right = np.pad(heatmap[..., :-1], [(0, 0)] * 3 + [(1, 0)])
            turned["activation_heatmap"] = (0.25 * heatmap + 0.75 * right).astype(np.float32)
        return turned


def _sigmoid(logits: FloatArray) -> FloatArray:
    return (1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -50, 50)))).astype(np.float32)


def _refined(points: FloatArray, heatmap: FloatArray) -> FloatArray:
    """Landmarks ``(B, L, 2)`` moved to the heatmap's centre of mass around them, where it is confident."""
    rows, columns = heatmap.shape[2:]
    cells = np.trunc(points / _STRIDE).astype(np.int64)
    inside = ((cells >= 0) & (cells < (columns, rows))).all(axis=-1)
    padded = np.pad(heatmap, [(0, 0), (0, 0), (_REACH, _REACH), (_REACH, _REACH)])
    offsets = np.arange(2 * _REACH + 1)
    x, y = np.clip(cells, 0, (columns - 1, rows - 1)).transpose(2, 0, 1)
    batch, landmark = np.ogrid[: points.shape[0], : points.shape[1]]
    windows = padded[
        batch[..., None, None],
        landmark[..., None, None],
        (y[..., None] + offsets)[..., :, None],
        (x[..., None] + offsets)[..., None, :],
    ]
    mass = windows.sum(axis=(2, 3), dtype=np.float64)
    sure = inside & (windows.max(axis=(2, 3)) >= _CONFIDENT)
    steps = (offsets - _REACH).astype(np.float64)
    across = np.einsum("blij,j->bl", windows, steps) / np.where(sure, mass, 1)
    down = np.einsum("blij,i->bl", windows, steps) / np.where(sure, mass, 1)
    moved = np.stack([x + across, y + down], axis=-1) * _STRIDE
    return np.where(sure[..., None], moved, points).astype(np.float32)


def _splash(cells: FloatArray, at_xy: FloatArray64) -> None:
    """Put a peak into a map such that its centre of mass is a point, if its four neighbours are in the map."""
    if not np.isfinite(at_xy).all():
        return
    x, y = np.floor(at_xy).astype(int)
    height, width = cells.shape
    if 0 <= x < width - 1 and 0 <= y < height - 1:
        right, low = at_xy - (x, y)
        cells[y : y + 2, x : x + 2] = np.outer([1 - low, low], [1 - right, right])
