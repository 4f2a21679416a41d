"""A person cut out of a picture along their keypoints, to be pasted in front of others."""

import cv2
import numpy as np

from gonio.arrays import ImageArray
from gonio.augmentation.body import labelled_keypoints
from gonio.augmentation.labels import Person
from gonio.structures.skeleton import Skeleton

_LIMB, _HEAD = 0.13, 0.2
"""Width of a limb and diameter of a head, as shares of the root of the box's area; measured by eye on photographs."""
_TORSO = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
_FACE = ("nose", "eye", "ear", "head", "neck")


def person_cutout(image: ImageArray, person: Person, *, skeleton: Skeleton, longest: int = 256) -> ImageArray | None:
    """A person as a picture with an alpha, for ``others`` of `augment_crop`.

    The outline is drawn from the keypoints: strips along the limbs, the torso, a disc for the head. It is rougher than
    a segment, but people who are pasted look like people.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        person: In pixels of the picture.
        skeleton: Of the keypoints.
        longest: Longer side of the result at most, px.

    Returns:
        ``(h, w, 4)`` uint8, red, green, blue and alpha; None if fewer than half of the keypoints are labelled, or the
        person is below 32 px.
    """
    labelled = labelled_keypoints(person)
    x1, y1, x2, y2 = (round(float(value)) for value in person.box)
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, image.shape[1]), min(y2, image.shape[0])
    if 2 * labelled.sum() < len(skeleton) or min(right - left, bottom - top) < 8 or max(x2 - x1, y2 - y1) < 32:
        return None
    scale = min(longest / max(right - left, bottom - top), 1.0)
    size_wh = max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1)
    colours = cv2.resize(image[top:bottom, left:right], size_wh, interpolation=cv2.INTER_AREA)
    points = (person.keypoints.astype(np.float64) + 0.5 - (left, top)) * scale - 0.5
    alpha = np.zeros((size_wh[1], size_wh[0]), np.uint8)
    _draw(alpha, points, labelled.tolist(), np.sqrt((x2 - x1) * (y2 - y1)) * scale, skeleton)
    alpha = np.asarray(cv2.GaussianBlur(alpha, (3, 3), 0), np.uint8)
    return np.dstack([np.asarray(colours, np.uint8), alpha])


def _draw(alpha: ImageArray, points: np.ndarray, labelled: list[bool], size: float, skeleton: Skeleton) -> None:
    fixed = np.rint(np.nan_to_num(points) * 16).astype(np.int32)
    width = max(round(_LIMB * size), 2)
    for a, b in skeleton.links:
        if labelled[a] and labelled[b]:
            cv2.line(alpha, fixed[a].tolist(), fixed[b].tolist(), (255,), width, cv2.LINE_AA, shift=4)
    names = skeleton.keypoint_names
    if all(name in names and labelled[names.index(name)] for name in _TORSO):
        cv2.fillConvexPoly(alpha, fixed[[names.index(name) for name in _TORSO]], (255,), cv2.LINE_AA, shift=4)
    face = [k for k, name in enumerate(names) if labelled[k] and any(word in name for word in _FACE)]
    if face:
        middle = np.rint(fixed[face].mean(axis=0)).astype(int).tolist()
        cv2.circle(alpha, middle, round(_HEAD * size / 2 * 16), (255,), -1, cv2.LINE_AA, shift=4)
