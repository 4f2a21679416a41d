"""Heads made unrecognisable, wherever the keypoints say or only hint that they are.

Privacy asks for the opposite of accuracy: of all places where a head may be, all are covered, also from keypoints that
are too doubtful to measure with, and a head that is lost for a moment is covered where it was.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from gonio.arrays import BoolArray, FloatArray64, ImageArray
from gonio.structures.sequence import PoseSequence

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head", "head_top")
_RISE, _RADIUS = 0.40, 0.42
"""Of the torso's length: the head's middle above the shoulders, and half its height with room to spare.

Of the body height: hip at 0.530, shoulder at 0.818, chin at 0.870, crown at 1; so the torso is 0.288, the head's middle
0.117 above the shoulders and half its height 0.065, here nearly doubled. Source: R. Drillis and R. Contini, 1966, as in
D. Winter, "Biomechanics and Motor Control of Human Movement", 4th ed. 2009, figure 4.1.
"""
_ONE_SIDED = 1.8
"""How much wider a head is covered that is guessed from one shoulder."""
_HOLD_S = 1.0
"""How long a head that is lost stays covered, before and after."""
_BLOCKS = 4
"""A head is reduced to so many squares across: too few to be anybody."""


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """Circles that cover heads.

    Attributes:
        time_s: ``(T,)``.
        centres: ``(T, N, 2)`` px; NaN where nobody is.
        radii: ``(T, N)`` px.
    """

    time_s: FloatArray64
    centres: FloatArray64
    radii: FloatArray64

    def at(self, time_s: float) -> FloatArray64:
        """``(M, 3)`` x, y and radius of every head at the nearest time."""
        if not len(self.time_s):
            return np.zeros((0, 3))
        step = int(np.argmin(np.abs(self.time_s - time_s)))
        circles = np.concatenate([self.centres[step], self.radii[step][:, None]], axis=1)
        return np.asarray(circles[np.isfinite(circles).all(axis=1)], np.float64)


def find_heads(sequence: PoseSequence) -> Heads:
    """Where the head of every tracked person is, from face, ears, shoulders and hips, whatever their scores.

    Args:
        sequence: In px.
    """
    points = sequence.keypoints[..., :2].astype(np.float64)
    names = sequence.skeleton.keypoint_names
    face = points[:, :, [i for i, name in enumerate(names) if name in _FACE]]
    shoulders, hips = (_middle(sequence, points, joint) for joint in ("shoulder", "hip"))
    up = shoulders - hips
    torso = np.linalg.norm(up, axis=-1)
    width = np.linalg.norm(_pair(sequence, points, "shoulder", difference=True), axis=-1)
    guess = shoulders + _RISE * np.where(np.isfinite(up), up, np.stack([0 * width, -width], axis=-1))
    centres, spread = _centre_and_spread(face)
    centres = np.where(np.isfinite(centres), centres, guess)
    # From one shoulder alone the middle is half a shoulder's width away: cover both places.
    doubt = np.where(_is_pair(sequence, points, "shoulder") | np.isfinite(spread), 1.0, _ONE_SIDED)
    radii = doubt * np.fmax.reduce([2.2 * spread, _RADIUS * torso, 0.45 * width, _by_extent(points)])
    _hold(sequence.time_s, centres, radii)
    return Heads(sequence.time_s, centres, radii)


def blur_heads(image: ImageArray, circles: FloatArray64) -> ImageArray:
    """A copy of the picture in which every circle is a few blurred squares.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        circles: ``(M, 3)`` x, y, radius in px of this picture.
    """
    canvas = image.copy()
    height, width = image.shape[:2]
    for x, y, radius in circles.tolist():
        half = max(radius, 4.0)
        x1, y1 = max(int(x - half), 0), max(int(y - half), 0)
        x2, y2 = min(int(x + half) + 2, width), min(int(y + half) + 2, height)
        if x1 >= x2 or y1 >= y2:
            continue
        region = canvas[y1:y2, x1:x2]
        coarse = cv2.resize(region, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
        smooth = cv2.resize(coarse, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
        inside = _ellipse((y2 - y1, x2 - x1), (x - x1, y - y1), half)
        region[inside] = smooth[inside]
    return canvas


def _ellipse(hw: tuple[int, int], centre: tuple[float, float], half: float) -> BoolArray:
    rows, columns = np.ogrid[: hw[0], : hw[1]]
    return np.asarray((columns - centre[0]) ** 2 + (rows - centre[1]) ** 2 <= half**2)


def _pair(sequence: PoseSequence, points: FloatArray64, joint: str, *, difference: bool = False) -> FloatArray64:
    names = sequence.skeleton.keypoint_names
    if f"left_{joint}" not in names:
        return np.full((*points.shape[:2], 2), np.nan)
    left, right = (points[:, :, names.index(f"{side}_{joint}")] for side in ("left", "right"))
    return np.asarray(left - right if difference else np.stack([left, right]), np.float64)


def _middle(sequence: PoseSequence, points: FloatArray64, joint: str) -> FloatArray64:
    """``(T, N, 2)``: between the two joints, or the one that is known."""
    pair = _pair(sequence, points, joint)
    if pair.ndim == 3:
        return pair
    middle = np.where(np.isfinite(pair).all(axis=0), pair.mean(axis=0), np.fmax(pair[0], pair[1]))
    return np.asarray(middle, np.float64)


def _is_pair(sequence: PoseSequence, points: FloatArray64, joint: str) -> BoolArray:
    """``(T, N)``: whether both joints are known."""
    return np.asarray(np.isfinite(_pair(sequence, points, joint, difference=True)).all(axis=-1), np.bool_)


def _centre_and_spread(face: FloatArray64) -> tuple[FloatArray64, FloatArray64]:
    """``(T, N, 2)`` mean of the known points of a face and ``(T, N)`` the farthest one's distance from it."""
    known = np.asarray(np.isfinite(face).all(axis=-1), np.bool_)
    count = known.sum(axis=-1)[..., None]
    total = np.where(known[..., None], face, 0).sum(axis=2)
    centre = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    away = np.where(known, np.linalg.norm(face - centre[:, :, None], axis=-1), np.nan)
    return centre, np.fmax.reduce(away, axis=-1, initial=np.nan)


def _by_extent(points: FloatArray64) -> FloatArray64:
    """``(T, N)``: a twelfth of the person's extent, for a head of which only one point is known."""
    high, low = np.fmax.reduce(points, axis=2), np.fmin.reduce(points, axis=2)
    return np.asarray((high - low).max(axis=-1) / 12, np.float64)


def _hold(time_s: FloatArray64, centres: FloatArray64, radii: FloatArray64) -> None:
    """Fill gaps in place from the nearest known time, and widen there, because the head may have moved."""
    for person in range(radii.shape[1]):
        known = np.flatnonzero(np.isfinite(centres[:, person]).all(axis=-1) & np.isfinite(radii[:, person]))
        if not len(known):
            continue
        after = np.clip(np.searchsorted(known, np.arange(len(time_s))), 0, len(known) - 1)
        before = np.maximum(after - 1, 0)
        gaps = np.abs(time_s[known[np.stack([before, after])]] - time_s)
        nearest = known[np.where(gaps[0] <= gaps[1], before, after)]
        missing = ~np.isin(np.arange(len(time_s)), known) & (gaps.min(axis=0) <= _HOLD_S)
        centres[missing, person] = centres[nearest[missing], person]
        radii[missing, person] = radii[nearest[missing], person] * (1 + gaps.min(axis=0)[missing])
