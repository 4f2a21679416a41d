"""One person per input, two lines of bins per keypoint: which column it is in, and which row.

A bin is a fraction of a pixel, so nothing is lost to a coarse grid, and the network needs no upsampling.

Source:
    Y. Li et al., "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation", ECCV 2022,
    sections 3.1 and 3.2 (Gaussian label smoothing).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.codecs.base import DecodedPeople, Outputs, one_each
from gonio.codecs.checks import finite, output_of
from gonio.codecs.refine import has_peak, log_values, parabola_peak
from gonio.errors import ConfigError

_ALIGNMENTS = ("centres", "indices")
_VALUES = ("logits", "gaussian")
_SCORES = ("lower", "mean")
_HIGHEST = 10.0  # no network's bump of height 1 overshoots so far: these are logits, or something else


@dataclass(frozen=True, slots=True)
class SimCC:
    """One person per input: the highest bin of each line, refined.

    Attributes:
        n_keypoints: K.
        split_ratio: Bins a pixel; an input ``W`` px wide has ``W x split_ratio`` bins along x.
        sigma: Standard deviation of the Gaussian around the true bin, bins.
        values: What the network says: ``"logits"``, to be put through a softmax over the bins, or ``"gaussian"``,
            bumps of height 1 as they are (so the networks of RTMPose).
        refine: Take the peak of the parabola through the logarithms of the three bins around the highest (exact for a
            perfect network), not the middle of that bin.
        alignment: Which pixel the middle of bin i is: ``"centres"`` cuts every pixel into ``split_ratio`` bins,
            ``"indices"`` says pixel ``i / split_ratio``, as in networks trained without half pixels.
        score: A keypoint's score is the ``"lower"`` of its two peaks, as in MMPose, or their ``"mean"``, as in rtmlib.
        output_x: The network's name for the ``(B, K, W x split_ratio)`` values along x.
        output_y: And of the ``(B, K, H x split_ratio)`` along y.

    Raises:
        ConfigError: If a parameter is out of range.

    Example:
        >>> codec = SimCC(n_keypoints=1)
        >>> target = np.array([[[41.3, 22.8]]], np.float32)
        >>> ones, box = np.ones((1, 1), np.float32), np.zeros((1, 4), np.float32)
        >>> outputs = codec.encode(DecodedPeople(target, ones, box, ones[0]), (64, 48))
        >>> outputs["simcc_x"].shape, outputs["simcc_y"].shape
        ((1, 1, 96), (1, 1, 128))
        >>> codec.decode(outputs)[0].keypoints.round(3)
        array([[[41.3, 22.8]]], dtype=float32)
    """

    n_keypoints: int
    split_ratio: float = 2.0
    sigma: float = 6.0
    values: Literal["logits", "gaussian"] = "logits"
    refine: bool = True
    alignment: Literal["centres", "indices"] = "centres"
    score: Literal["lower", "mean"] = "lower"
    output_x: str = "simcc_x"
    output_y: str = "simcc_y"

    def __post_init__(self) -> None:
        if self.values not in _VALUES:
            raise ConfigError(f"values is {self.values!r}; known are {', '.join(_VALUES)}")
        if self.alignment not in _ALIGNMENTS:
            raise ConfigError(f"alignment is {self.alignment!r}; known are {', '.join(_ALIGNMENTS)}")
        if self.score not in _SCORES:
            raise ConfigError(f"score is {self.score!r}; known are {', '.join(_SCORES)}")
        if self.split_ratio <= 0 or self.sigma <= 0:
            raise ConfigError(f"split_ratio is {self.split_ratio} and sigma {self.sigma}; both must be positive")
        if self.alignment == "indices" and not float(self.split_ratio).is_integer():
            raise ConfigError(f"split_ratio is {self.split_ratio}; with alignment 'indices' it must be a whole number")

    @property
    def output_channels(self) -> Mapping[str, int]:
        """The network's outputs that it reads, with the number of channels of each."""
        return {self.output_x: self.n_keypoints, self.output_y: self.n_keypoints}

    def bins_xy(self, input_hw: tuple[int, int]) -> tuple[int, int]:
        """How many bins an input has along x and along y."""
        return round(input_hw[1] * self.split_ratio), round(input_hw[0] * self.split_ratio)

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, ``(1, K, bins)``; of several people the first counts.

        The lines of a keypoint that is NaN or outside the input are zero, which as logits says: anywhere.
        """
        bins = self.bins_xy(input_hw)
        lines = [np.zeros((1, self.n_keypoints, n), np.float32) for n in bins]
        if len(people):
            points = people.keypoints[0].astype(np.float64)
            limit = np.array([input_hw[1], input_hw[0]]) - 0.5
            inside = ((points >= -0.5) & (points < limit)).all(axis=1)  # False for NaN
            at = (points - self._first_pixel()) * self.split_ratio
            for axis, line in enumerate(lines):
                exponent = -((np.arange(bins[axis]) - at[inside, axis, None]) ** 2) / (2 * self.sigma**2)
                line[0, inside] = exponent if self.values == "logits" else np.exp(exponent)
        return {self.output_x: lines[0], self.output_y: lines[1]}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """One person for each of the B inputs, always; an empty input shows by its low scores.

        Of ``"gaussian"`` values a peak's score is its height, which the networks of RTMPose may take a little beyond 1;
        of ``"logits"`` the probability of the bin over that of a perfect network's. The person's is the mean of the
        keypoints'. There are no boxes. A line whose values are all equal has no peak, and its keypoint is none: NaN,
        score 0.

        Raises:
            ModelMismatchError: If the lines are not K, or hold what no such network says.
        """
        lines = [self._lines(outputs, name) for name in (self.output_x, self.output_y)]
        (x, score_x), (y, score_y) = (self._peaks(one) for one in lines)
        seen = has_peak(lines[0]) & has_peak(lines[1])
        pixels = np.stack([x, y], axis=-1) / self.split_ratio + self._first_pixel()
        pixels = np.where(seen[..., None], pixels, np.nan)
        scores = np.minimum(score_x, score_y) if self.score == "lower" else (score_x + score_y) / 2
        scores = np.where(seen, scores, 0)
        return one_each(pixels.astype(np.float32), np.clip(scores, 0, 1).astype(np.float32))

    def _lines(self, outputs: Outputs, name: str) -> FloatArray:
        lines = output_of(outputs, name, (None, self.n_keypoints, None))
        return finite(lines, f"values of {name!r}", highest=_HIGHEST if self.values == "gaussian" else None)

    def _peaks(self, lines: FloatArray) -> tuple[FloatArray64, FloatArray64]:
        """Continuous bin ``(B, K)`` and score ``(B, K)`` of each line's peak."""
        cells = lines.argmax(axis=-1)
        logs = lines.astype(np.float64) if self.values == "logits" else log_values(lines)
        found = cells + parabola_peak(logs, cells) if self.refine else cells.astype(np.float64)
        highest = np.take_along_axis(lines, cells[..., None], axis=-1)[..., 0].astype(np.float64)
        if self.values == "logits":
            probability = 1 / np.exp(logs - highest[..., None]).sum(axis=-1)
            highest = probability * self.sigma * math.sqrt(2 * math.pi)
        return found, highest

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
        """Outputs for mirrored inputs, as they would be for the inputs themselves.

        With the alignment ``"indices"`` pixel ``W - 1`` is not the last bin but ``split_ratio - 1`` before it, so the
        turned lines are moved; the bins beyond, which are no pixels of the input, keep their values.
        """
        flip = list(flip_indices)
        along_x = outputs[self.output_x][:, flip]
        pixels = along_x.shape[-1] - (round(self.split_ratio) - 1 if self.alignment == "indices" else 0)
        turned = np.concatenate([along_x[..., :pixels][..., ::-1], along_x[..., pixels:]], axis=-1)
        return {self.output_x: turned, self.output_y: np.ascontiguousarray(outputs[self.output_y][:, flip])}

    def _first_pixel(self) -> float:
        """The pixel of the middle of bin 0."""
        return 0.5 / self.split_ratio - 0.5 if self.alignment == "centres" else 0.0
