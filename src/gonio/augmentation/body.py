"""Which half of a body, and where the frame ends: the two changes that choose a part of the person."""

import numpy as np

from gonio.arrays import BoolArray, FloatArray
from gonio.augmentation.labels import Person
from gonio.augmentation.settings import HalfBody, Truncation
from gonio.structures.skeleton import Skeleton

Window = tuple[int, int, int, int]
"""``x1 y1 x2 y2``, whole px."""

_LOWER = ("hip", "pelvis", "thigh", "knee", "shin", "ankle", "heel", "foot", "toe")
_LIMBS = ("elbow", "wrist", "hand", "knee", "ankle", "foot")
_SIDES = ("bottom", "bottom", "top", "left", "right")
"""Where a frame cuts a person off; desks and close-ups make the lower edge the most frequent."""


def lower_half(skeleton: Skeleton) -> BoolArray:
    """``(K,)``: keypoints from the hips downwards, by their names."""
    return _named(skeleton, _LOWER)


def limb_joints(skeleton: Skeleton) -> BoolArray:
    """``(K,)``: keypoints of arms and legs beyond shoulder and hip; all, if no name says so."""
    found = _named(skeleton, _LIMBS)
    return found if found.any() else np.ones(len(skeleton), np.bool_)


def draw_half(
    person: Person, image_hw: tuple[int, int], *, settings: HalfBody, skeleton: Skeleton, rng: np.random.Generator
) -> FloatArray | None:
    """Box of the upper or the lower half, within the picture; None if neither has keypoints enough or all are one."""
    lower = lower_half(skeleton)
    labelled = labelled_keypoints(person)
    halves = [half & labelled for half in (lower, ~lower)]
    possible = [half for half in halves if half.sum() >= settings.fewest and half.sum() < labelled.sum()]
    if not possible:
        return None
    points = person.keypoints[possible[int(rng.integers(len(possible)))]]
    low, high = points.min(axis=0), points.max(axis=0)
    around = max(float((high - low).max()), 1.0) * settings.extent
    limit = np.array([image_hw[1], image_hw[0]], np.float32)
    box = np.concatenate([np.clip(low - around, 0, limit), np.clip(high + around, 0, limit)])
    return box.astype(np.float32) if (box[2:] > box[:2]).all() else None


def draw_window(
    person: Person, image_hw: tuple[int, int], *, settings: Truncation, rng: np.random.Generator
) -> Window | None:
    """The part of the picture that remains when one side of the person is cut off; None if too little would."""
    side = _SIDES[int(rng.integers(len(_SIDES)))]
    share = float(rng.uniform(*settings.share))
    x1, y1, x2, y2 = (float(value) for value in person.box)
    left, top, right, bottom = 0, 0, image_hw[1], image_hw[0]
    if side == "bottom":
        bottom = min(round(y2 - share * (y2 - y1)), bottom)
    elif side == "top":
        top = max(round(y1 + share * (y2 - y1)), top)
    elif side == "right":
        right = min(round(x2 - share * (x2 - x1)), right)
    else:
        left = max(round(x1 + share * (x2 - x1)), left)
    window = left, top, right, bottom
    clipped = clip_boxes(person.box[None], window)[0]
    if (clipped[2:] - clipped[:2] < 2).any():
        return None
    remaining = labelled_keypoints(person) & within(person.keypoints, window)
    return window if remaining.sum() >= settings.fewest else None


def labelled_keypoints(person: Person) -> BoolArray:
    """``(K,)``: labelled, and somewhere."""
    return np.asarray((person.visibility > 0) & np.isfinite(person.keypoints).all(axis=1), np.bool_)


def within(keypoints: FloatArray, window: Window) -> BoolArray:
    """``(..., K)``: keypoints on a pixel of the window; not those that are NaN."""
    low, high = np.array(window[:2]) - 0.5, np.array(window[2:]) - 0.5
    return np.asarray(((keypoints >= low) & (keypoints < high)).all(axis=-1), np.bool_)


def clip_boxes(boxes: FloatArray, window: Window) -> FloatArray:
    """Boxes ``(N, 4)`` within a window; without width or height where nothing of one is in it."""
    low, high = np.array(window[:2] * 2), np.array(window[2:] * 2)
    return np.clip(boxes, low, high).astype(np.float32)


def _named(skeleton: Skeleton, words: tuple[str, ...]) -> BoolArray:
    return np.array([any(word in name for word in words) for name in skeleton.keypoint_names], np.bool_)
