"""What occluders are made of: textures, outlines, and a canvas that knows which keypoints they hide."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from gonio.arrays import BoolArray, FloatArray, ImageArray

Alpha = npt.NDArray[np.uint8]
"""``(h, w)``, 255 where the patch is opaque."""

_CIRCLE = np.linspace(0, 2 * np.pi, 24, endpoint=False)


@dataclass(slots=True, eq=False)
class Canvas:
    """A picture that occluders are pasted on; it is copied when the first one is.

    Attributes:
        image: ``(h, w, 3)`` uint8.
        keypoints: ``(N, K, 2)`` px; NaN where missing.
        hidden: ``(N, K)``: covered by an occluder.
        most_hidden: No one's labelled keypoints are hidden beyond this share.
        touched: Whether ``image`` is a copy by now.
    """

    image: ImageArray
    keypoints: FloatArray
    hidden: BoolArray
    most_hidden: float
    touched: bool = False

    @classmethod
    def over(cls, image: ImageArray, keypoints: FloatArray, *, most_hidden: float) -> Self:
        """A canvas on which nothing is hidden yet."""
        return cls(image, keypoints, np.zeros(keypoints.shape[:2], np.bool_), most_hidden)

    def paste(self, *patches: tuple[ImageArray, Alpha, int, int]) -> bool:
        """Paste patches, all or none.

        Args:
            patches: Picture ``(h, w, 3)``, alpha ``(h, w)``, and the column and row of their top left pixel; each may
                reach beyond the canvas.

        Returns:
            False if that would hide too much of someone; nothing is pasted then.
        """
        hidden = self.hidden.copy()
        for _, alpha, left, top in patches:
            hidden |= covered(self.keypoints, alpha, left, top)
        labelled = np.isfinite(self.keypoints[..., 0])
        if (hidden.sum(axis=1) > np.maximum(self.hidden.sum(axis=1), self.most_hidden * labelled.sum(axis=1))).any():
            return False
        if not self.touched:
            self.image, self.touched = self.image.copy(), True
        for patch, alpha, left, top in patches:
            blend(self.image, patch, alpha, left, top)
        self.hidden = hidden
        return True


def covered(keypoints: FloatArray, alpha: Alpha, left: int, top: int) -> BoolArray:
    """``(..., K)``: keypoints on whose pixel a patch is more opaque than not."""
    known = np.isfinite(keypoints).all(axis=-1)
    columns, rows = (np.rint(np.where(known, keypoints[..., axis], -1e6)).astype(np.int64) for axis in (0, 1))
    columns, rows = columns - left, rows - top
    inside = (columns >= 0) & (rows >= 0) & (columns < alpha.shape[1]) & (rows < alpha.shape[0])
    found = np.zeros(known.shape, np.bool_)
    found[inside] = alpha[rows[inside], columns[inside]] > 127
    return found


def blend(image: ImageArray, patch: ImageArray, alpha: Alpha, left: int, top: int) -> None:
    """Lay a patch over a picture, in place; what reaches beyond is left out."""
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + patch.shape[1], image.shape[1]), min(top + patch.shape[0], image.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    place = slice(y1, y2), slice(x1, x2)
    own = slice(y1 - top, y2 - top), slice(x1 - left, x2 - left)
    opaque = alpha[own].astype(np.uint16)[..., None]
    mixed = patch[own] * opaque + image[place] * (255 - opaque) + 127
    image[place] = (mixed // 255).astype(np.uint8)


def texture(size_wh: tuple[int, int], rng: np.random.Generator, *, colours_of: ImageArray) -> ImageArray:
    """A random texture: one colour, a gradient, stripes, blocks or clouds; in every other one the picture's colours."""
    columns, rows = (int(value) for value in rng.choice([1, 1, 2, 3, 6, 12], 2))
    if rng.random() < 0.5:
        places = rng.integers(0, colours_of.shape[:2], (rows, columns, 2))
        grid = colours_of[places[..., 0], places[..., 1]]
    else:
        grid = rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    smooth = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(grid, size_wh, interpolation=smooth), np.uint8)


def outline(diameter: int, rng: np.random.Generator) -> Alpha:
    """A random shape of about this diameter: a turned rectangle, an ellipse or a blob."""
    kind = int(rng.integers(3))
    if kind == 0:
        x, y = rng.uniform(0.35, 1, 2)
        shape = np.array([[-x, -y], [x, -y], [x, y], [-x, y]]) / np.hypot(x, y)
    elif kind == 1:
        shape = np.stack([np.cos(_CIRCLE), np.sin(_CIRCLE) * rng.uniform(0.35, 1)], axis=1)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        shape = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(0.5, 1, (9, 1))
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    return polygon(
        shape @ np.array([[cos, sin], [-sin, cos]]) * (diameter / 2) + (diameter - 1) / 2, diameter, diameter
    )


def polygon(points: npt.NDArray[np.floating], height: int, width: int) -> Alpha:
    """Alpha of a polygon ``(P, 2)`` in px, its edge smoothed."""
    alpha = np.zeros((height, width), np.uint8)
    fixed = np.rint(points * 16).astype(np.int32)
    cv2.fillPoly(alpha, [fixed], (255,), lineType=cv2.LINE_AA, shift=4)
    return alpha


def disc(diameter: int) -> Alpha:
    """Alpha of a disc that fills its square."""
    radius = diameter / 2
    return polygon(np.stack([np.cos(_CIRCLE), np.sin(_CIRCLE)], axis=1) * radius + radius - 0.5, diameter, diameter)
