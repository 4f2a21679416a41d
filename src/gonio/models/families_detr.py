"""Families of pose networks that answer with queries: DETRPose and RF-DETR's keypoint networks. See `families`.

Exports of RF-DETR after version 1.11.2 say in their metadata how their classes lie and what their pictures are. Of
older ones the number of keypoints tells the two layouts that there are where people are the only class.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from gonio.errors import ModelMismatchError
from gonio.models.families import IMAGENET, UNIT, Draft, Recogniser, Request, renamed
from gonio.models.file_facts import FileFacts

TARGET_SIZES = "orig_target_sizes"
"""An input of DETRPose: width and height of what keypoints are told in."""
RFDETR_KEY = "rfdetr_inference"
"""Under which key of its metadata an export of RF-DETR says what it is, as JSON."""
_NUMBERS = 8  # of each keypoint of RF-DETR
_COCO = 17  # keypoints of a person in the published checkpoint, which has room for as many of its background
_SCORE = 0.5  # the threshold of both projects' own commands


def detrpose(facts: FileFacts, asked: Request) -> Draft | None:
    """Scores and labels ``(B, N)``, keypoints ``(B, N, K, 2)``, and a second input: DETRPose."""
    rows = facts.of_rank(2)
    labels = [port for port in rows if port.dtype.startswith("int")]
    scores = [port for port in rows if port not in labels]
    points = [port for port in facts.of_rank(4) if port.shape[3] == 2]
    if [len(ports) for ports in (labels, scores, points)] != [1, 1, 1]:
        return None
    if [port.name for port in facts.others] != [TARGET_SIZES]:
        return None
    return Draft(
        family="DETRPose",
        task="one-stage",
        input={"kind": "stretch", "input_hw": facts.image.input_hw or asked.input_hw or (640, 640)} | UNIT,
        codec={"kind": "detrpose"},
        n_keypoints=points[0].shape[2] or asked.n_keypoints,
        outputs=renamed(scores=scores[0], labels=labels[0], keypoints=points[0]),
        assumed=("RGB 0..1", "the picture stretched to the input", "class 1 is people"),
        paper="https://arxiv.org/abs/2506.13027",
        min_person_score=_SCORE,
        max_oks=1.0,
    )


def rfdetr_keypoint(facts: FileFacts, asked: Request) -> Draft | None:
    """Boxes ``(B, Q, 4)``, logits ``(B, Q, C)`` and keypoints ``(B, Q, S, 8)``: RF-DETR with its keypoint head."""
    points = [port for port in facts.of_rank(4) if port.shape[3] == _NUMBERS]
    dets = [port for port in facts.of_rank(3) if port.shape[2] == 4]
    labels = [port for port in facts.of_rank(3) if port not in dets]
    if len(dets) == 2:  # three classes and a background: four logits, so that only the name tells
        labels, dets = [[port for port in dets if ("labels" in port.name) == told] for told in (True, False)]
    hw = facts.image.input_hw or asked.input_hw
    if [len(ports) for ports in (points, dets, labels)] != [1, 1, 1] or hw is None:
        return None
    layout = _layout(facts.metadata, points[0].shape[2], labels[0].shape[2], asked.n_keypoints)
    if layout is None:
        return None
    return Draft(
        family="RF-DETR keypoint network",
        task="one-stage",
        input={"kind": "stretch", "input_hw": hw} | layout.normalisation,
        codec={"kind": "rfdetr-keypoint"} | layout.codec,
        n_keypoints=layout.n_keypoints,
        outputs=renamed(dets=dets[0], labels=labels[0], keypoints=points[0]),
        assumed=(*layout.assumed, "the picture stretched to the input"),
        paper="https://arxiv.org/abs/2511.09554",
        min_person_score=_SCORE,
        max_oks=1.0,
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the person's keypoints lie among those of all classes, and what the picture is."""

    n_keypoints: int
    codec: dict[str, Any]
    normalisation: dict[str, Any]
    assumed: tuple[str, ...]


def _layout(
    metadata: Mapping[str, str], slots: int | None, classes: int | None, n_keypoints: int | None
) -> _Layout | None:
    """By the metadata; else by the number of keypoints, where people are the one class; None: nobody can tell."""
    if RFDETR_KEY in metadata:
        return _told(metadata[RFDETR_KEY], slots)
    if slots is None or classes != 2:  # people and a background
        return None
    wanted = n_keypoints or (_COCO if slots == 2 * _COCO else slots)
    if slots not in (wanted, 2 * wanted):
        return None
    person = slots // wanted - 1
    assumed = ("RGB with ImageNet's mean and std", f"class {person} is people")
    return _Layout(wanted, {"person_class": person}, IMAGENET, assumed)


class _Metadata(BaseModel):
    """What is read of RF-DETR's metadata; numbers of classes are those of the logits."""

    num_keypoints_per_class: list[Annotated[int, Field(ge=0)]]
    class_id_to_name: dict[int, str]
    means: tuple[float, float, float]
    stds: tuple[float, float, float]
    trace_alpha: Annotated[float, Field(ge=0)]

    def person_class(self) -> int:
        """The class with keypoints that is called person, or the only one."""
        able = [number for number, count in enumerate(self.num_keypoints_per_class) if count]
        people = [number for number in able if self.class_id_to_name.get(number, "").lower() == "person"]
        if len(people) != 1 and len(able) != 1:
            names = ", ".join(self.class_id_to_name.get(number, str(number)) for number in able)
            raise ModelMismatchError(
                f"the classes with keypoints are {names or 'none'}, and none of them alone is a person; write the card "
                "by hand and name one by the codec's person_class"
            )
        return (people if len(people) == 1 else able)[0]


def _told(text: str, slots: int | None) -> _Layout:
    try:
        told = _Metadata.model_validate(json.loads(text))
    except ValidationError as error:
        fault = error.errors()[0]
        raise _damaged(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error
    except ValueError as error:
        raise _damaged(f"no JSON: {error}") from error
    counts = told.num_keypoints_per_class
    room = max(counts, default=0)
    if slots not in (None, room * len(counts)):
        raise _damaged(f"{counts} keypoints of its classes, but output 'keypoints' has {slots}")
    person = told.person_class()
    normalisation = {
        "channel_order": "rgb",
        "mean": tuple(round(255 * mean, 6) for mean in told.means),
        "std": tuple(round(255 * std, 6) for std in told.stds),
    }
    codec = {"person_class": person, "keypoint_slots": room, "uncertainty": told.trace_alpha}
    return _Layout(counts[person], codec, normalisation, ())


def _damaged(what: str) -> ModelMismatchError:
    return ModelMismatchError(
        f"the file's metadata {RFDETR_KEY!r} are not what RF-DETR writes ({what}); export it again, or write the card "
        "by hand"
    )


AUTOMATIC: Mapping[str, Recogniser] = {"detrpose": detrpose, "rfdetr-keypoint": rfdetr_keypoint}
"""Whose shapes no other family has, by the codec's name."""
