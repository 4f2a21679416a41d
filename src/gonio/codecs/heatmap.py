"""One person per input, one heatmap per keypoint: a Gaussian whose peak is the keypoint.

Source:
    J. Tompson et al., "Joint Training of a Convolutional Network and a Graphical Model for Human Pose Estimation",
    NeurIPS 2014 (heatmaps); F. Zhang et al., "Distribution-Aware Coordinate Representation for Human Pose
    Estimation", CVPR 2020 (targets centred between cells, ``dark``); J. Huang, Z. Zhu, F. Guo, G. Huang, "The Devil is
    in the Details: Delving into Unbiased Data Processing for Human Pose Estimation", CVPR 2020 (``ends``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from gonio.arrays import FloatArray, FloatArray64, IntArray
from gonio.codecs.base import DecodedPeople, Outputs, one_each
from gonio.codecs.checks import finite, output_of
from gonio.codecs.refine import best_cells, dark_step, gaussian_peak, has_peak, quarter_step, udp_step
from gonio.errors import ConfigError

_ALIGNMENTS = ("centres", "indices", "ends")
_REFINEMENTS = ("dark", "dark-wide", "udp", "quarter", "none")
_HIGHEST = 40.0  # even a badly trained network's peak of height 1 does not overshoot so far: these are no heatmaps


@dataclass(frozen=True, slots=True)
class Heatmap:
    """One person per input: the highest cell of each map, refined.

    Attributes:
        n_keypoints: K.
        stride: Input pixels a cell.
        sigma: Standard deviation of the Gaussians that `encode` makes, cells.
        refinement: ``"dark"`` takes the Gaussian through the nine cells around the best, exact for a perfect network;
            ``"dark-wide"`` does it as the published code of DARK, ``"udp"`` as that of UDP and ViTPose;
            ``"quarter"`` goes a quarter of a cell towards the higher neighbours; ``"none"`` stays.
        blur: Side in cells, odd, of the Gaussian that smooths a network's maps before all but the last two; 0 for
            none. Its sigma is cv2's choice for the side: 0.3 ((side - 1) / 2 - 1) + 0.8, that is 0.8 for 3 and 2 for
            11, which is what the published codes take for maps of sigma 2.
        alignment: Which pixel the middle of cell i is: ``"centres"`` that of its ``stride`` pixels; ``"indices"``
            pixel ``i x stride``, as in networks trained without half pixels; ``"ends"`` the first and the last cell
            are the first and the last pixel, as unbiased data processing (UDP) has it.
        flip_shift: Cells by which the turned maps of mirrored inputs are moved to the right. Where the alignment is
            ``"indices"``, a mirrored map lies ``1 - 1 / stride`` cells too far left: 1 is the customary remedy.
        channels_last: The maps are ``(B, h, w, K)``, as networks of TensorFlow have them, not ``(B, K, h, w)``.
        output: The network's name for the maps.

    Raises:
        ConfigError: If a parameter is out of range.

    Example:
        >>> codec = Heatmap(n_keypoints=1)
        >>> target = np.array([[[41.3, 22.8]]], np.float32)
        >>> ones, box = np.ones((1, 1), np.float32), np.zeros((1, 4), np.float32)
        >>> outputs = codec.encode(DecodedPeople(target, ones, box, ones[0]), (64, 64))
        >>> outputs["heatmap"].shape
        (1, 1, 16, 16)
        >>> codec.decode(outputs)[0].keypoints.round(3)
        array([[[41.3, 22.8]]], dtype=float32)
    """

    n_keypoints: int
    stride: int = 4
    sigma: float = 2.0
    refinement: Literal["dark", "dark-wide", "udp", "quarter", "none"] = "dark"
    blur: int = 0
    alignment: Literal["centres", "indices", "ends"] = "centres"
    flip_shift: int = 0
    channels_last: bool = False
    output: str = "heatmap"

    def __post_init__(self) -> None:
        if self.refinement not in _REFINEMENTS:
            raise ConfigError(f"refinement is {self.refinement!r}; known are {', '.join(_REFINEMENTS)}")
        if self.alignment not in _ALIGNMENTS:
            raise ConfigError(f"alignment is {self.alignment!r}; known are {', '.join(_ALIGNMENTS)}")
        if self.stride < 1 or self.sigma <= 0:
            raise ConfigError(f"stride is {self.stride} and sigma {self.sigma}; both must be positive")
        if self.blur < 0 or (self.blur and self.blur % 2 == 0):
            raise ConfigError(f"blur is {self.blur}; give an odd number of cells, or 0 for none")
        if self.flip_shift < 0:
            raise ConfigError(f"flip_shift is {self.flip_shift}; give 0 or more cells")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads, with the size of each along axis 1."""
        return {self.output: None if self.channels_last else self.n_keypoints}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network; of several people the first counts.

        A keypoint that is NaN or outside the input leaves its map empty.
        """
        height, width = input_hw[0] // self.stride, input_hw[1] // self.stride
        maps = np.zeros((1, self.n_keypoints, height, width), np.float32)
        if not len(people):
            return {self.output: self._as_told(maps)}
        points = people.keypoints[0].astype(np.float64)
        inside = ((points >= -0.5) & (points < np.array([input_hw[1], input_hw[0]]) - 0.5)).all(axis=1)  # False for NaN
        scale, shift = self.pixels_of_cells((height, width))
        x, y = ((points - shift) / scale).T
        rows, columns = np.arange(height), np.arange(width)
        for k in np.flatnonzero(inside):
            along_y, along_x = (
                np.exp(-((cells - at[k]) ** 2) / (2 * self.sigma**2)) for cells, at in ((rows, y), (columns, x))
            )
            maps[0, k] = along_y[:, None] * along_x
        return {self.output: self._as_told(maps)}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """One person for each of the B inputs, always; an empty input shows by its low scores.

        A keypoint's score is the height of its peak; the person's is their mean. There are no boxes. A map whose values
        are all equal has no peak, and no keypoint: NaN, score 0.

        Raises:
            ModelMismatchError: If the maps are not K, or hold what no heatmap does.
        """
        shape = (None, None, None, self.n_keypoints) if self.channels_last else (None, self.n_keypoints, None, None)
        maps = finite(self._maps(output_of(outputs, self.output, shape)), "heatmaps", highest=_HIGHEST)
        cells, heights = best_cells(maps)
        found: FloatArray64 = cells.astype(np.float64) + self._steps(maps, cells)
        scale, shift = self.pixels_of_cells((maps.shape[2], maps.shape[3]))
        seen = has_peak(maps.reshape(*maps.shape[:2], maps.shape[2] * maps.shape[3]))
        pixels = np.where(seen[..., None], found[..., ::-1] * scale + shift, np.nan)
        return one_each(pixels.astype(np.float32), np.where(seen, np.clip(heights, 0, 1), np.float32(0)))

    def _steps(self, maps: FloatArray, cells: IntArray) -> FloatArray64:
        """From the best cells to the keypoints, y x in cells."""
        if self.refinement == "quarter":
            return quarter_step(maps, cells)
        if self.refinement == "none":
            return np.zeros(cells.shape)
        smooth = _smoothed(maps, self.blur)
        if self.refinement == "dark":
            return gaussian_peak(smooth, cells)
        if self.refinement == "dark-wide":
            return dark_step(smooth, cells)
        return udp_step(_as_high_as(smooth, maps), cells)

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
        """Outputs for mirrored inputs, as they would be for the inputs themselves.

        With a ``flip_shift``, the columns that come into view on the left repeat the first one.
        """
        turned = self._maps(outputs[self.output])[..., ::-1][:, list(flip_indices)]
        columns = np.maximum(np.arange(turned.shape[-1]) - self.flip_shift, 0)
        return {self.output: self._as_told(np.ascontiguousarray(turned[..., columns]))}

    def _maps(self, told: FloatArray) -> FloatArray:
        """Maps ``(B, K, h, w)`` of what the network says."""
        return np.ascontiguousarray(told.transpose(0, 3, 1, 2)) if self.channels_last else told

    def _as_told(self, maps: FloatArray) -> FloatArray:
        """The other way."""
        return np.ascontiguousarray(maps.transpose(0, 2, 3, 1)) if self.channels_last else maps

    def pixels_of_cells(self, cells_hw: tuple[int, int]) -> tuple[FloatArray64, float]:
        """Pixels a cell ``(x, y)``, and the pixel of cell 0."""
        if self.alignment == "ends":
            size_wh = np.array(cells_hw[::-1], np.float64)
            return (size_wh * self.stride - 1) / np.maximum(size_wh - 1, 1), 0.0
        return np.full(2, float(self.stride)), (self.stride - 1) / 2 if self.alignment == "centres" else 0.0


def _smoothed(maps: FloatArray, side: int) -> FloatArray:
    """Maps under a Gaussian of this side; beyond their rim they are empty."""
    if not side:
        return maps
    smooth = np.empty_like(maps)
    for index in np.ndindex(maps.shape[:2]):
        smooth[index] = cv2.GaussianBlur(maps[index], (side, side), 0, borderType=cv2.BORDER_CONSTANT)
    return smooth


def _as_high_as(smooth: FloatArray, maps: FloatArray) -> FloatArray:
    """Smoothed maps whose peaks are as high as those of the maps: UDP cuts off below a fixed height."""
    high, low = maps.max(axis=(2, 3), keepdims=True), smooth.max(axis=(2, 3), keepdims=True)
    return np.asarray(smooth * np.where(low > 0, high / np.where(low > 0, low, 1), 1), np.float32)
