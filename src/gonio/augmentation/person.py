"""One person's crop for a top-down network."""

from collections.abc import Sequence

import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.augmentation.affine import chance, cut, draw_change, keep_padding, move_boxes
from gonio.augmentation.body import Window, clip_boxes, draw_half, draw_window
from gonio.augmentation.labels import Crop, Person
from gonio.augmentation.moved import check, hide, move_labels
from gonio.augmentation.occlusion import occlude, paste_person
from gonio.augmentation.patches import Canvas
from gonio.augmentation.photometric import change_light
from gonio.augmentation.settings import Augmentation
from gonio.structures.skeleton import Skeleton


def augment_crop(
    image: ImageArray,
    person: Person,
    *,
    settings: Augmentation,
    input_hw: tuple[int, int],
    margin: float,
    pad_value: int,
    skeleton: Skeleton,
    rng: np.random.Generator,
    others: Sequence[ImageArray] = (),
) -> Crop:
    """Cut a person out of a picture for training.

    Args:
        image: ``(H, W, 3)`` uint8 RGB; not changed.
        person: In pixels of the picture.
        settings: What is done; `Augmentation.off` gives the crop of inference, byte for byte.
        input_hw: Height and width of the crop.
        margin: The region is this much larger than the smallest that covers the box.
        pad_value: Grey level outside the picture, 0 to 255.
        skeleton: Of the keypoints.
        rng: Where all chance comes from: the same state gives the same crop.
        others: Other pictures ``(H, W, 3)``, crops of people, or `person_cutout` with their alpha ``(H, W, 4)``, to
            cut occluders from.

    Returns:
        The crop. Keypoints outside it, or where the frame was cut off, are NaN with visibility and weight 0.

    Raises:
        ShapeError: If the image is not ``(H, W, 3)``, or the person has not the skeleton's K keypoints.
    """
    check(image, [person], skeleton)
    box, window = _part(person, (image.shape[0], image.shape[1]), settings=settings, skeleton=skeleton, rng=rng)
    change = draw_change(settings, rng)
    clean, matrix = cut(image, box, change, input_hw=input_hw, margin=margin, pad_value=pad_value, window=window)
    labels = move_labels([person], matrix, input_hw=input_hw, window=window, flip=change.flip, skeleton=skeleton)
    canvas = Canvas.over(clean, labels[0], most_hidden=settings.most_hidden)
    x1, y1, x2, y2 = move_boxes(matrix, box[None])[0].tolist()
    size = np.array([np.sqrt((x2 - x1) * (y2 - y1))], np.float32)
    occlude(canvas, size, settings=settings, skeleton=skeleton, rng=rng, others=others)
    paste_person(canvas, max(x2 - x1, y2 - y1), settings=settings.pasted_person, rng=rng, others=others)
    keypoints, visibility, weights = hide(labels, canvas.hidden, weight=settings.hidden_weight)
    changed = change_light(canvas.image, settings=settings, rng=rng)
    changed = keep_padding(changed, clean, matrix, window or (0, 0, image.shape[1], image.shape[0]))
    whole = person.box[None] if window is None else clip_boxes(person.box[None], window)
    shown = clip_boxes(move_boxes(matrix, whole), (0, 0, input_hw[1], input_hw[0]))[0]
    return Crop(changed, clean, keypoints[0], visibility[0], weights[0], shown, matrix)


def _part(
    person: Person,
    image_hw: tuple[int, int],
    *,
    settings: Augmentation,
    skeleton: Skeleton,
    rng: np.random.Generator,
) -> tuple[FloatArray, Window | None]:
    """Box to cut around, and the window of the picture that there is: half a body, a cut-off one, or all of it."""
    if chance(rng, settings.half_body.probability):
        half = draw_half(person, image_hw, settings=settings.half_body, skeleton=skeleton, rng=rng)
        if half is not None:
            return half, None
    if chance(rng, settings.truncation.probability):
        window = draw_window(person, image_hw, settings=settings.truncation, rng=rng)
        if window is not None:
            return clip_boxes(person.box[None], window)[0], window
    return person.box, None
