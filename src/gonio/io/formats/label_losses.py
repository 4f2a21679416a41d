"""What a format of labels cannot hold, counted in the very labels that are written.

Each item is a noun with its number, for one sentence: "lost, for CVAT cannot hold it: 3 crowds, 40 areas …".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import BoolArray
from gonio.geometry.boxes import box_area, clip_boxes
from gonio.io.formats.keypoint_names import known_skeleton, mirrored_names, normal_name
from gonio.io.formats.label_parts import AREA_OF_BOX, boxes_of_keypoints
from gonio.io.formats.label_people import labelled_keypoints, written_boxes
from gonio.io.formats.labels import LabelFormat
from gonio.io.formats.lsp import is_lsp_extended, lsp_picture_names
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton

FORMAT_NAMES: dict[LabelFormat, str] = {
    "coco": "COCO",
    "yolo": "YOLO",
    "cvat": "CVAT",
    "label-studio": "Label Studio",
    "lsp": "LSP",
    "deeplabcut": "DeepLabCut",
    "sleap": "SLEAP",
}

_WITH_BOXES = {"yolo", "cvat", "label-studio"}  # and with hidden keypoints, and people without any
_WITH_SIZES = {"cvat", "label-studio", "sleap"}
_WITH_FOLDERS = {"yolo", "cvat"}
_WITH_LINKS = {"cvat", "label-studio", "sleap"}


def losses(annotations: Sequence[Annotations], kind: LabelFormat, *, pictures: bool = True) -> list[str]:
    """What of these labels is not in a file of the format, or not as it was.

    Args:
        annotations: Images of one skeleton, as they are written.
        kind: The format.
        pictures: Whether the pictures are at hand, from which readers take their sizes.

    Returns:
        A few words for each kind of loss; none where reading gives the same again.

    Raises:
        ConfigError: If LSP cannot hold the images at all.
    """
    skeleton = annotations[0].skeleton
    names, made = skeleton.keypoint_names, known_skeleton(skeleton.keypoint_names) is None
    found = []
    if kind != "coco":
        hides = kind in _WITH_BOXES or (kind == "lsp" and not is_lsp_extended(annotations))
        counts = np.sum([_of_people(labels, kind, hides=hides) for labels in annotations], axis=0)
        found = [_words(int(number), *words) for number, words in zip(counts, _OF_PEOPLE, strict=True) if number]
        found += _of_images(annotations, kind, pictures=pictures)
        if made and skeleton.links and kind not in _WITH_LINKS:
            found.append("the links between keypoints")
    if made and kind != "yolo" and mirrored_names(names) != skeleton.flip_indices:
        found.append("which keypoints mirror each other")
    return found


def people_held(annotations: Sequence[Annotations], kind: LabelFormat) -> int:
    """How many people a file of the format has of these."""
    return sum(len(labels) if kind == "coco" else int(_kept(labels, kind).sum()) for labels in annotations)


_OF_PEOPLE = (
    ("crowd", "crowds", ""),
    ("person without keypoints", "people without keypoints", ""),
    ("keypoint that is not LSP's", "keypoints that are not LSP's", ""),
    ("hidden keypoint", "hidden keypoints", "visible when read"),
    ("keypoint without a position", "keypoints without a position", "not labelled when read"),
    ("weight of a keypoint", "weights of keypoints", ""),
    ("box", "boxes", "made of the keypoints when read"),
    ("box beyond the picture", "boxes beyond the picture", "cut at its edges"),
    ("area", "areas", f"{AREA_OF_BOX} of the box when read"),
)


def _of_people(labels: Annotations, kind: LabelFormat, *, hides: bool) -> tuple[int, ...]:
    """How much is lost of one image's people, in the order of `_OF_PEOPLE`."""
    with_boxes = kind in _WITH_BOXES
    there = labelled_keypoints(labels)
    held = _held(labels.skeleton, kind)
    kept = _kept(labels, kind)
    keypoints = np.where((there & held)[..., None], labels.keypoints, np.nan).astype(np.float32)
    own = written_boxes(labels)
    boxes = own if with_boxes else boxes_of_keypoints(keypoints, labels.image_hw)
    inside = clip_boxes(boxes, labels.image_hw) if kind == "yolo" else boxes
    weights = np.ones(there.shape) if labels.weights is None else labels.weights
    rebuilt = ~np.isclose(boxes, own, atol=1e-3).all(axis=1) & (not with_boxes)
    estimated = ~np.isclose(AREA_OF_BOX * box_area(inside), labels.areas, rtol=1e-4)
    of_kept: list[Any] = [
        there & ~held,
        there & held & (labels.visibility == 1) & (not hides),
        (labels.visibility > 0) & ~there,
        there & (weights != 1),
        rebuilt,
        (inside != boxes).any(axis=1),
        estimated,
    ]
    crowds, left_out = int(labels.is_crowd.sum()), int((~labels.is_crowd & ~kept).sum())
    return crowds, left_out, *(int(mask[kept].sum()) for mask in of_kept)


def _kept(labels: Annotations, kind: LabelFormat) -> BoolArray:
    """``(N,)``: who is in the file."""
    someone = labelled_keypoints(labels)[:, _held(labels.skeleton, kind)].any(axis=1)
    boxed = np.isfinite(written_boxes(labels)).all(axis=1)
    return np.asarray(~labels.is_crowd & (someone | boxed if kind in _WITH_BOXES else someone))


def _held(skeleton: Skeleton, kind: LabelFormat) -> BoolArray:
    """``(K,)``: which keypoints the format has."""
    if kind != "lsp":
        return np.ones(len(skeleton), bool)
    joints = load_skeleton("lsp14").keypoint_names
    return np.array([normal_name(name) in joints for name in skeleton.keypoint_names])


def _of_images(annotations: Sequence[Annotations], kind: LabelFormat, *, pictures: bool) -> list[str]:
    in_order = sorted(annotations, key=lambda labels: labels.file_name) if kind == "yolo" else annotations
    ids = sum(labels.image_id != i + 1 for i, labels in enumerate(in_order))
    found = [_words(ids, "image id", "image ids", "from 1 when read")] if ids else []
    if kind == "lsp":
        names = lsp_picture_names(annotations)
        renamed = sum(labels.file_name != name for labels, name in zip(annotations, names, strict=True))
        found += [_words(renamed, "picture's name", "pictures' names", f"now {names[0]} and so on")] if renamed else []
    elif kind not in _WITH_FOLDERS:
        inner = sum(labels.file_name != Path(labels.file_name).name for labels in annotations)
        found += [_words(inner, "picture's folder", "pictures' folders", "")] if inner else []
    if kind not in _WITH_SIZES and not pictures:
        found.append(_words(len(annotations), "picture's size", "pictures' sizes", "read from the pictures"))
    return found


def _words(number: int, one: str, many: str, instead: str) -> str:
    return f"{number} {one if number == 1 else many}{f' ({instead})' if instead else ''}"
