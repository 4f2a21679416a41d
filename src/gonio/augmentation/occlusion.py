"""Things in front of people: a keypoint below one stays labelled, but nobody can see it any longer."""

from collections.abc import Sequence

import cv2
import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.augmentation.affine import chance
from gonio.augmentation.body import limb_joints
from gonio.augmentation.patches import Alpha, Canvas, disc, outline, polygon, texture
from gonio.augmentation.settings import Augmentation, LimbCutout, ObjectPatch, PastedPerson, SelfOcclusion
from gonio.structures.skeleton import Skeleton

_SMALLEST = 3
"""Least diameter of a patch, px."""
_MOST_PEOPLE = 4
"""So many people of a whole picture get occluders at most."""
_TRIES = 3
"""A person whose place would hide too much is pasted elsewhere so often."""


def occlude(
    canvas: Canvas,
    sizes: FloatArray,
    *,
    settings: Augmentation,
    skeleton: Skeleton,
    rng: np.random.Generator,
    others: Sequence[ImageArray],
) -> None:
    """Paste occluders over people, limbs over limbs first, what is nearest to the camera last.

    Args:
        canvas: Changed in place.
        sizes: ``(N,)`` root of the area of each person's box, px.
        settings: How often, how many, how large.
        skeleton: Of the keypoints.
        rng: Where chance comes from.
        others: Pictures to cut patches and people from: ``(H, W, 3)``, or ``(H, W, 4)`` with an alpha.
    """
    order = rng.permutation(len(sizes))[:_MOST_PEOPLE] if len(sizes) > 1 else range(len(sizes))
    for person in order:
        size = float(sizes[person])
        if chance(rng, settings.self_occlusion.probability):
            _swap_limbs(canvas, person, size, settings=settings.self_occlusion, skeleton=skeleton, rng=rng)
        if chance(rng, settings.limb_cutout.probability):
            _cover_limbs(canvas, person, size, settings=settings.limb_cutout, skeleton=skeleton, rng=rng)
        if chance(rng, settings.object_patch.probability):
            _cover_keypoints(canvas, person, size, settings=settings.object_patch, rng=rng, others=others)


def paste_person(
    canvas: Canvas,
    longer_side: float,
    *,
    settings: PastedPerson,
    rng: np.random.Generator,
    others: Sequence[ImageArray],
) -> None:
    """Paste another person beside the middle, about as large as one of this length in px."""
    if not others or not chance(rng, settings.probability):
        return
    other = others[int(rng.integers(len(others)))]
    patch, alpha = _someone(other, longer_side * float(rng.uniform(*settings.size)), canvas.image.shape[0])
    if rng.random() < 0.5:
        patch, alpha = patch[:, ::-1], alpha[:, ::-1]
    canvas_h, canvas_w = canvas.image.shape[:2]
    for _ in range(_TRIES):
        aside = float(rng.uniform(*settings.distance)) * canvas_w * (1 if rng.random() < 0.5 else -1)
        along = float(rng.uniform(-0.15, 0.25)) * canvas_h
        left = round(canvas_w / 2 + aside - patch.shape[1] / 2)
        if canvas.paste((patch, alpha, left, round(canvas_h / 2 + along - patch.shape[0] / 2))):
            return


def _cover_keypoints(
    canvas: Canvas,
    person: int,
    size: float,
    *,
    settings: ObjectPatch,
    rng: np.random.Generator,
    others: Sequence[ImageArray],
) -> None:
    points = _known(canvas.keypoints[person])
    for _ in range(int(rng.integers(1, settings.most + 1))):
        if not len(points):
            return
        diameter = max(round(size * float(rng.uniform(*settings.size))), _SMALLEST)
        x, y = points[int(rng.integers(len(points)))] + rng.uniform(-0.3, 0.3, 2) * diameter
        alpha = outline(diameter, rng)
        if others and chance(rng, settings.from_others):
            patch = _piece(others[int(rng.integers(len(others)))], diameter, rng)
        else:
            patch = texture((diameter, diameter), rng, colours_of=canvas.image)
        canvas.paste((patch, alpha, round(x - diameter / 2), round(y - diameter / 2)))


def _cover_limbs(
    canvas: Canvas,
    person: int,
    size: float,
    *,
    settings: LimbCutout,
    skeleton: Skeleton,
    rng: np.random.Generator,
) -> None:
    limb, points = limb_joints(skeleton), canvas.keypoints[person]
    links = [(a, b) for a, b in skeleton.links if (limb[a] or limb[b]) and np.isfinite(points[[a, b]]).all()]
    if not links:
        return
    count = min(int(rng.integers(1, settings.most + 1)), len(links))
    for which in rng.choice(len(links), count, replace=False):
        start, end = points[list(links[which])].astype(np.float64)
        half = max(size * float(rng.uniform(*settings.width)), _SMALLEST) / 2
        length = float(np.hypot(*(end - start)))
        along = (end - start) / length * half if length > 0 else np.array([half, 0.0])
        across = np.array([-along[1], along[0]])
        corners = np.array([start - along + across, end + along + across, end + along - across, start - along - across])
        left, top = (int(value) for value in np.floor(corners.min(axis=0)))
        width, height = (int(value) + 1 for value in np.ceil(corners.max(axis=0)) - (left, top))
        alpha = polygon(corners - (left, top), height, width)
        canvas.paste((texture((width, height), rng, colours_of=canvas.image), alpha, left, top))


def _swap_limbs(
    canvas: Canvas,
    person: int,
    size: float,
    *,
    settings: SelfOcclusion,
    skeleton: Skeleton,
    rng: np.random.Generator,
) -> None:
    canvas_h, canvas_w = canvas.image.shape[:2]
    points = _known(canvas.keypoints[person][limb_joints(skeleton)])
    for _ in range(int(rng.integers(1, settings.most + 1))):
        diameter = max(round(size * float(rng.uniform(*settings.size))), _SMALLEST)
        places = np.rint(points - (diameter - 1) / 2).astype(np.int64)
        fits = (places >= 0).all(axis=1) & (places + diameter <= (canvas_w, canvas_h)).all(axis=1)
        places = rng.permutation(places[fits])
        apart = np.abs(places[1:] - places[:1]).max(axis=1) >= diameter if len(places) else np.zeros(0, np.bool_)
        if not apart.any():
            continue
        (ax, ay), (bx, by) = places[0].tolist(), places[1 + int(apart.argmax())].tolist()
        here = canvas.image[ay : ay + diameter, ax : ax + diameter].copy()
        there = canvas.image[by : by + diameter, bx : bx + diameter].copy()
        alpha = disc(diameter)
        canvas.paste((there, alpha, ax, ay), (here, alpha, bx, by))


def _known(points: FloatArray) -> FloatArray:
    return points[np.isfinite(points).all(axis=1)]


def _piece(other: ImageArray, diameter: int, rng: np.random.Generator) -> ImageArray:
    """A square of another picture, between a seventh and a half of it, resized."""
    height, width = other.shape[:2]
    side = max(int(min(height, width) * rng.uniform(0.15, 0.5)), 1)
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    return _resized(other[top : top + side, left : left + side, :3], diameter, diameter)


def _someone(other: ImageArray, longer_side: float, canvas_h: int) -> tuple[ImageArray, Alpha]:
    """A person's picture in a size: cut out by its alpha, or an upright ellipse of it where it has none."""
    if other.shape[2] == 3:
        columns = min(other.shape[1], max(other.shape[0] // 2, 1))
        left = (other.shape[1] - columns) // 2
        other = other[:, left : left + columns]
    scale = min(longer_side, 2 * canvas_h) / max(other.shape[:2])
    new_h, new_w = (max(round(side * scale), _SMALLEST) for side in other.shape[:2])
    patch = _resized(other, new_w, new_h)
    if other.shape[2] == 4:
        return np.ascontiguousarray(patch[..., :3]), np.ascontiguousarray(patch[..., 3])
    alpha = np.zeros((new_h, new_w), np.uint8)
    centre, axes = ((new_w - 1) / 2, (new_h - 1) / 2), (new_w, new_h)
    cv2.ellipse(alpha, (centre, axes, 0.0), (255,), thickness=-1, lineType=cv2.LINE_AA)
    return patch, alpha


def _resized(picture: ImageArray, width: int, height: int) -> ImageArray:
    method = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)
