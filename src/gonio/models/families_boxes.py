"""Families of networks that answer with rows of boxes: detectors, and YOLO pose networks. See `families`."""

from collections.abc import Mapping, Sequence
from typing import Any

from gonio.codecs.blazepose_detector import POINTS
from gonio.models.families import (
    BGR_IMAGENET,
    BGR_PLAIN,
    HW,
    IMAGENET,
    UNIT,
    Draft,
    Recogniser,
    Request,
    renamed,
    square,
)
from gonio.models.file_facts import FileFacts
from gonio.models.skeleton_spec import SkeletonSpec

_COCO_CLASSES = 80
_NANODET_SIDES = 32  # four distributions of eight bins
_DETECTOR_SCORE = 0.3
_CIRCLES = SkeletonSpec(
    name="blazepose_circles4",
    keypoint_names=POINTS,
    links=((0, 1), (2, 3)),
    flip_indices=(0, 1, 2, 3),
    sigmas=(0.1,) * len(POINTS),
    source="MediaPipe's pose detector, arXiv:2006.10204",
)


def rtmdet(facts: FileFacts, asked: Request) -> Draft | None:
    """Boxes ``(B, N, 5)``, with labels ``(B, N)`` or alone: RTMDet as OpenMMLab deploys it."""
    dets = [port for port in facts.of_rank(3) if port.shape[2] == 5]
    labels = facts.of_rank(2)
    if len(dets) != 1 or len(facts.outputs) != 1 + len(labels) or len(labels) > 1:
        return None
    hw = facts.image.input_hw or asked.input_hw
    if hw is not None and hw[0] != hw[1]:
        return None
    side = hw[0] if hw else 320 if "nano" in facts.hint else 640
    shape = square(side, **BGR_IMAGENET)
    if facts.image.input_hw is None:
        shape |= {"square": False, "multiple": 32}
    ports = {"dets": dets[0]} | ({"labels": labels[0]} if labels else {})
    return Draft(
        family="RTMDet (detector)",
        task="detector",
        input=shape,
        codec={"kind": "rtmdet"} | ({} if labels else {"labelled": False}),
        n_keypoints=None,
        outputs=renamed(**ports),
        assumed=("BGR with ImageNet's mean and std (a YOLOX deployed by MMDeploy looks alike and takes 0..255)",),
        paper="https://arxiv.org/abs/2212.07784",
        min_person_score=_DETECTOR_SCORE,
    )


def picodet(facts: FileFacts, asked: Request) -> Draft | None:
    """Boxes ``(B, N, 4)`` and scores ``(B, C, N)``: PP-PicoDet without its last step."""
    boxes = [port for port in facts.of_rank(3) if port.shape[2] == 4]
    scores = [port for port in facts.of_rank(3) if port not in boxes]
    hw = facts.image.input_hw or asked.input_hw
    if len(boxes) != 1 or len(scores) != 1 or len(facts.outputs) != 2 or hw is None:
        return None
    if scores[0].shape[2] != boxes[0].shape[1]:
        return None
    return Draft(
        family="PP-PicoDet (detector)",
        task="detector",
        input={"kind": "stretch", "input_hw": hw} | IMAGENET,
        codec={"kind": "picodet"},
        n_keypoints=None,
        outputs=renamed(boxes=boxes[0], scores=scores[0]),
        assumed=("RGB with ImageNet's mean and std", "the picture stretched to the input"),
        paper="https://arxiv.org/abs/2111.00902",
        min_person_score=_DETECTOR_SCORE,
    )


def yolox(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, N, 5 + C)``, N cells of 8, 16 and 32 px: YOLOX."""
    rows = _rows(facts, asked, strides=(8, 16, 32))
    if rows is None or rows[1] < 6:
        return None
    hw, _ = rows
    if hw[0] != hw[1]:
        return None
    return Draft(
        family="YOLOX (detector)",
        task="detector",
        input=square(hw[0], **BGR_PLAIN),
        codec={"kind": "yolox"},
        n_keypoints=None,
        outputs=renamed(output=facts.outputs[0]),
        assumed=("BGR 0..255 without normalisation", "boxes still to be decoded", "class 0 is people"),
        paper="https://arxiv.org/abs/2107.08430",
        min_person_score=_DETECTOR_SCORE,
    )


def nanodet(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, N, C + 32)``, N cells of 8, 16, 32 (and 64) px: NanoDet, the first version with 80 classes."""
    plus = _rows(facts, asked, strides=(8, 16, 32, 64))
    first = _rows(facts, asked, strides=(8, 16, 32))
    found = plus or (first if first is not None and first[1] == _COCO_CLASSES + _NANODET_SIDES else None)
    if found is None or found[1] <= _NANODET_SIDES:
        return None
    hw, _ = found
    parameters: dict[str, Any] = {} if plus else {"strides": (8, 16, 32), "point": 0.5}
    return Draft(
        family="NanoDet-Plus (detector)" if plus else "NanoDet (detector)",
        task="detector",
        input={"kind": "stretch", "input_hw": hw} | BGR_IMAGENET,
        codec={"kind": "nanodet"} | parameters,
        n_keypoints=None,
        outputs=renamed(output=facts.outputs[0]),
        assumed=("BGR with ImageNet's mean and std", "the picture stretched to the input", "class 0 is people"),
        paper="https://github.com/RangiLyu/nanodet",
        min_person_score=_DETECTOR_SCORE,
    )


def blazepose_detector(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, 2254, 13)`` for 224 px: BlazePose's detector, as the landmark networks' script converts it."""
    hw = facts.image.input_hw or asked.input_hw
    if len(facts.outputs) != 1 or hw != (224, 224) or facts.outputs[0].shape[1:] != (2254, 13):
        return None
    return Draft(
        family="BlazePose's detector",
        task="detector",
        input=square(hw[0], pad_value=0, placement="centre", channel_order="rgb", mean=(127.5,) * 3, std=(127.5,) * 3),
        codec={"kind": "blazepose-detector"},
        n_keypoints=len(POINTS),
        skeleton=_CIRCLES,
        outputs=renamed(person=facts.outputs[0]),
        assumed=("RGB -1..1", "scores before boxes in a row"),
        paper="https://arxiv.org/abs/2006.10204",
        min_person_score=0.5,
        max_oks=1.0,
    )


def _rows(facts: FileFacts, asked: Request, *, strides: Sequence[int]) -> tuple[HW, int] | None:
    """The input's size and the length of a row, where the one output has a row for each cell of such grids."""
    hw = facts.image.input_hw or asked.input_hw
    if len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 3 or hw is None:
        return None
    _, count, length = facts.outputs[0].shape
    return (hw, length) if length is not None and count == cells(hw, strides) else None


def cells(hw: HW, strides: Sequence[int]) -> int:
    """How many cells all grids have together."""
    return sum(-(-hw[0] // stride) * -(-hw[1] // stride) for stride in strides)


def yolo_pose(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, 4 + C + K D, N)``: a YOLO pose network. Its shape alone does not tell C, K and D."""
    if asked.n_keypoints is None or not _is_yolo_raw(facts):
        return None
    channels = facts.outputs[0].shape[1] or 0
    values, classes = 3, channels - 4 - 3 * asked.n_keypoints
    if classes < 1:
        values, classes = 2, channels - 4 - 2 * asked.n_keypoints
    if classes < 1:
        return None
    parameters = {"kind": "yolo-pose", "classes": classes, "values": values}
    return _yolo(facts, asked, "YOLO pose network (v8, 11)", "one-stage", parameters)


def yolo_pose_end_to_end(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, N, 6 + K D)``: a YOLO pose network with the suppression inside."""
    if asked.n_keypoints is None or len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 3:
        return None
    values, rest = divmod((facts.outputs[0].shape[2] or 0) - 6, asked.n_keypoints)
    if rest or values not in (2, 3):
        return None
    parameters = {"kind": "yolo-pose-end2end", "values": values}
    return _yolo(facts, asked, "YOLO pose network, end to end (YOLO26)", "one-stage", parameters)


def yolo_detect(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, 4 + C, N)``: a YOLO detector."""
    return _yolo(facts, asked, "YOLO detector", "detector", {"kind": "yolo-detect"}) if _is_yolo_raw(facts) else None


def yolo_detect_end_to_end(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, N, 6)``: a YOLO detector with the suppression inside."""
    if len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 3 or facts.outputs[0].shape[2] != 6:
        return None
    return _yolo(facts, asked, "YOLO detector, end to end", "detector", {"kind": "yolo-detect-end2end"})


def _is_yolo_raw(facts: FileFacts) -> bool:
    if len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 3:
        return False
    _, channels, columns = facts.outputs[0].shape
    return channels is not None and columns is not None and 5 <= channels < columns


def _yolo(facts: FileFacts, asked: Request, family: str, task: str, codec: dict[str, Any]) -> Draft | None:
    hw = facts.image.input_hw or asked.input_hw or (640, 640)
    if hw[0] != hw[1]:
        return None
    return Draft(
        family=family,
        task=task,
        input=square(hw[0], placement="centre", **UNIT),
        codec=codec,
        n_keypoints=None if task == "detector" else asked.n_keypoints,
        outputs=renamed(predictions=facts.outputs[0]),
        assumed=("RGB 0..1", "picture in the middle, padded with 114", "class 0 is people", "coordinates are pixels"),
        paper="https://docs.ultralytics.com/tasks/pose",
        min_person_score=0.25,
        max_oks=1.0,
    )


AUTOMATIC: Mapping[str, Recogniser] = {
    "rtmdet": rtmdet,
    "picodet": picodet,
    "nanodet": nanodet,
    "yolox": yolox,
    "blazepose-detector": blazepose_detector,
}
"""Whose shapes no other family has, by the codec's name."""
ASKED: Mapping[str, Recogniser] = {
    "yolo-pose": yolo_pose,
    "yolo-pose-end2end": yolo_pose_end_to_end,
    "yolo-detect": yolo_detect,
    "yolo-detect-end2end": yolo_detect_end_to_end,
}
"""Whose shapes may be another's: only where the user names the codec."""


def yolo_guess(facts: FileFacts) -> str | None:
    """Options that would fit a file that looks like a YOLO export without its metadata, as a command has them."""
    if len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 3:
        return None
    _, first, second = facts.outputs[0].shape
    if _is_yolo_raw(facts) and first is not None:
        return "--codec yolo-pose --skeleton coco17" if first == 56 else _either("yolo-pose", "yolo-detect")
    if second is not None and first is not None and first >= 100:
        if second == 6:
            return "--codec yolo-detect-end2end"
        return "--codec yolo-pose-end2end --skeleton " + ("coco17" if second == 57 else "NAME")
    return None


def _either(pose: str, boxes: str) -> str:
    return f"--codec {pose} --skeleton NAME, or --codec {boxes}"
