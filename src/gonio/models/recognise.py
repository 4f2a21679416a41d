"""From a model file without a card to a draft of one: where the file leaves no doubt, else a question in one sentence.

Asked in this order: the card inside, the metadata of Ultralytics, what the user says, the shapes of inputs and outputs.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from pydantic import ValidationError

from gonio.codecs import CODECS
from gonio.errors import ModelError, ModelMismatchError, did_you_mean
from gonio.models import families, families_boxes, families_detr
from gonio.models.card import CARD_KEY, ModelCard, read_card
from gonio.models.digest import sha256_of
from gonio.models.families import Draft, Recogniser, Request
from gonio.models.file_facts import FileFacts, file_facts
from gonio.models.onnx_bytes import read_files
from gonio.models.preprocess import check_whole
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.models.ultralytics_metadata import card_fields, keypoint_shape
from gonio.structures.skeleton import load_skeleton

_log = logging.getLogger(__name__)

SKELETONS = {17: "coco17", 26: "halpe26", 33: "blazepose33", 133: "coco_wholebody133"}
"""The skeleton that a number of keypoints means, where it means one."""
PROPOSER = "gonio-det"
"""Who proposes people to a top-down model; with the score from which on."""
_MIN_PROPOSAL = 0.25
_ASSUMED = "assumed, as the file does not tell: "
_NORMALISATION = re.compile(r"mean and std|-?\b[01]\.\.(1|255)\b")
_MARGIN = re.compile(r"\bmargin\b")
_PADDING = re.compile(r"\bpadded\b")
_ORDER = re.compile(r"\b(RGB|BGR)\b")
"""What is said of each in `families`, and there only."""
_OWN_HEADS = {"center", "heatmap", "regress", "offset"}
_AUTOMATIC: dict[str, Recogniser] = {**families.AUTOMATIC, **families_detr.AUTOMATIC, **families_boxes.AUTOMATIC}
_ASKED: dict[str, Recogniser] = {**families_boxes.ASKED, **_AUTOMATIC}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user says of a file; None: whatever the file or its family says.

    Attributes:
        name: Of the model; default: the file's stem.
        codec: Name of a codec.
        skeleton: Name of a shipped skeleton, or any other in full.
        mean: Of the channels, in the network's order, for values 0 to 255.
        std: The same.
        channel_order: Of the network.
        input_hw: Height and width of the input, px, where the file leaves them open.
        margin: Of the crop.
        placement: Of the picture in its letterbox.
        pad_value: Beyond the picture.
    """

    name: str | None = None
    codec: str | None = None
    skeleton: str | SkeletonSpec | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    channel_order: Literal["rgb", "bgr"] | None = None
    input_hw: tuple[int, int] | None = None
    margin: float | None = None
    placement: Literal["corner", "centre"] | None = None
    pad_value: int | None = None

    @property
    def n_keypoints(self) -> int | None:
        """K of the skeleton."""
        if self.skeleton is None:
            return None
        spec = load_skeleton(self.skeleton) if isinstance(self.skeleton, str) else self.skeleton
        return len(spec.keypoint_names)


def card_of_file(path: Path) -> ModelCard:
    """The card in a JSON file; of an ONNX file the one beside it, inside it, or the one that it is recognised by.

    A card beside ``my.onnx`` is ``my.json``, where that names the file. What a file is taken for is logged once.

    Raises:
        ModelError: If there is no card and the file may be several things; the message asks for what is missing.
        WeightsError: If the file is damaged or no ONNX model.
        ModelMismatchError: If it is no pose model or detector.
    """
    if path.suffix != ".onnx":
        return read_card(path)
    beside = path.with_suffix(".json")
    if beside.is_file() and _named_in(beside) == path.name:
        return read_card(beside)
    state = path.stat()
    return _recognised(path, state.st_size, state.st_mtime_ns)


def _named_in(path: Path) -> str | None:
    """The name of the weights in a JSON file that looks like a card; None: it is something else."""
    try:
        return Path(json.loads(path.read_text("utf-8-sig"))["weights"]["file"]).name
    except (OSError, ValueError, TypeError, KeyError):
        return None


@lru_cache(maxsize=32)
def _recognised(path: Path, size: int, changed_ns: int) -> ModelCard:  # noqa: ARG001 - another file, another answer
    facts = file_facts(path)
    if CARD_KEY in facts.metadata:
        return read_card(path)
    card = recognise(path, facts=facts)
    _log.warning("'%s' holds no model card; %s; 'gonio models add' writes it down, 'gonio models check' tries it",
                 path.name, taken_for(card))  # fmt: skip
    return card


def taken_for(card: ModelCard) -> str:
    """What a recognised file is taken for, and what is assumed of it."""
    assumed = [limit.removeprefix(_ASSUMED) for limit in card.limits if limit.startswith(_ASSUMED)]
    said = f"taken for {card.summary}, skeleton {card.load_skeleton().name}"
    return f"{said}; assumed: {', '.join(assumed)}" if assumed else said


def recognise(path: Path, choices: Choices | None = None, *, facts: FileFacts | None = None) -> ModelCard:
    """A card for an ONNX file.

    Args:
        path: The file.
        choices: What the user says of it.
        facts: What it says of itself, where that was read already.

    Returns:
        The card; ``limits`` lists what was assumed.

    Raises:
        ModelError: If the file may be several things; the message asks for what is missing.
        WeightsError: If the file is damaged or no ONNX model.
        ModelMismatchError: If it is no pose model or detector.
    """
    choices = choices or Choices()
    facts = facts or file_facts(path)
    for name, (low, high) in facts.values.items():
        if not (low > -float("inf") and high < float("inf")):  # False for NaN as well
            raise ModelMismatchError(
                f"output {name!r} of '{path}' is not finite for a black picture ({low} to {high}); the file is damaged "
                "or was converted wrongly: export it again"
            )
    card = _card(facts, choices)
    check_whole(facts.image, card.input, what=f"'{path}'")
    return card


def _card(facts: FileFacts, choices: Choices) -> ModelCard:
    if choices.codec is None and CARD_KEY in facts.metadata:
        return _changed(read_card(facts.path).model_dump(mode="json"), choices)
    if choices.codec is None and (fields := _by_metadata(facts, choices)) is not None:
        return _changed(_weighed(_as_pixels(fields, facts), facts.path), choices)
    return _from_draft(_draft(facts, choices), facts, choices)


def _as_pixels(fields: dict[str, Any], facts: FileFacts) -> dict[str, Any]:
    """Fields of a card, of a file that takes whole numbers: it normalises by itself, whatever its family does."""
    if facts.image.whole is None:
        return fields
    entry = fields["input"] | {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    told = f"{entry['channel_order'].upper()} 0..255 as it is, since the file takes {facts.image.dtype}"
    limits = [limit for limit in fields.get("limits", ()) if not _NORMALISATION.search(limit)]
    return fields | {"input": entry, "limits": [_ASSUMED + told, *limits]}


def _by_metadata(facts: FileFacts, choices: Choices) -> dict[str, Any] | None:
    """What Ultralytics' metadata say; None: there are none."""
    shape = (None, 3, *(facts.image.input_hw or (None, None)))
    fields = card_fields(facts.metadata, {port.name: port.shape for port in facts.outputs}, shape)
    if fields is None:
        return None
    keypoints, _ = keypoint_shape(facts.metadata) or (0, 0)
    if choices.skeleton is not None and keypoints and choices.n_keypoints != keypoints:
        raise _wrong_skeleton(facts, keypoints, choices)
    if choices.skeleton is None and "skeleton" not in fields:
        _ask(
            facts,
            f"its metadata say YOLO and {keypoints} keypoints, not which",
            "name them by --skeleton NAME, FILE.toml or a list of names",
        )
    return {"skeleton": choices.skeleton} | fields


def _wrong_skeleton(facts: FileFacts, keypoints: int | None, choices: Choices) -> ModelMismatchError:
    return ModelMismatchError(
        f"'{facts.path}' has {keypoints} keypoints, but the skeleton has {choices.n_keypoints}; name the right one by "
        "--skeleton"
    )


def _draft(facts: FileFacts, choices: Choices) -> Draft:
    asked = Request(choices.input_hw, choices.n_keypoints)
    if choices.codec is not None:
        if choices.codec not in CODECS:
            hint = did_you_mean(choices.codec, CODECS)
            raise ModelError(f"no codec named {choices.codec!r}; {hint}known are {', '.join(CODECS)}")
        if choices.codec not in _ASKED:
            raise ModelError(
                f"a card for the codec {choices.codec!r} is not drafted from a file; files of 'gonio export' hold "
                "their card, for another one write the card (.json) by hand"
            )
        draft = _ASKED[choices.codec](facts, asked)
        if draft is None:
            _ask(facts, f"that does not fit the codec {choices.codec}", _what_codec_needs(facts, choices))
        return draft
    drafts = [draft for draft in (find(facts, asked) for find in _AUTOMATIC.values()) if draft is not None]
    if not drafts:
        _ask_unknown(facts)
    if len(drafts) > 1:
        kinds = " or ".join(f"--codec {draft.codec['kind']}" for draft in drafts)
        _ask(facts, f"that may be {' or '.join(draft.family for draft in drafts)}", f"say which by {kinds}")
    return drafts[0]


def _what_codec_needs(facts: FileFacts, choices: Choices) -> str:
    if choices.codec in ("yolo-pose", "yolo-pose-end2end") and choices.skeleton is None:
        return "say how many keypoints there are by --skeleton NAME, FILE.toml or names"
    if facts.image.input_hw is None and choices.input_hw is None:
        return "give the size of the input by --input-hw H W, or another codec"
    return "give another codec, skeleton or input size (--codec, --skeleton, --input-hw)"


def _ask_unknown(facts: FileFacts) -> NoReturn:
    """Say what was seen and what would help."""
    ranks = {len(port.shape) for port in facts.outputs}
    if {port.name for port in facts.outputs} >= _OWN_HEADS:
        raise ModelError(
            f"'{facts.path}' holds no model card, and is one of Gonio's own networks by its outputs; "
            "give the path of a card (.json) that names the file, or export it again"
        )
    if guess := families_boxes.yolo_guess(facts):
        _ask(facts, "that may be a YOLO export without its metadata", f"say so by {guess}")
    if ranks <= {0, 1, 2}:
        raise ModelMismatchError(
            f"'{facts.path}' ({facts.seen}) gives one row of numbers for a picture, as a classifier does; a pose model "
            "gives heatmaps, lines of bins or rows of people"
        )
    if facts.image.input_hw is None and len(facts.outputs) == 1 and ranks == {4}:
        _ask(facts, "the size of its input is open", "give it by --input-hw H W")
    _ask(facts, "no family of models has such shapes", f"name one by --codec ({', '.join(_ASKED)}) and --skeleton")


def _ask(facts: FileFacts, reason: str, help_: str) -> NoReturn:
    raise ModelError(
        f"cannot tell how to run '{facts.path}' ({facts.seen}): {reason}; "
        f"{help_}, with 'gonio models add {facts.path.name}'"
    )


def _from_draft(draft: Draft, facts: FileFacts, choices: Choices) -> ModelCard:
    skeleton = choices.skeleton
    if skeleton is None:
        skeleton = draft.skeleton or ("coco17" if draft.task == "detector" else _skeleton_of(draft, facts))
    elif draft.n_keypoints not in (None, choices.n_keypoints):
        raise _wrong_skeleton(facts, draft.n_keypoints, choices)
    fields: dict[str, Any] = {
        "summary": draft.family,
        "task": draft.task,
        "input": draft.input,
        "codec": draft.codec,
        "outputs": draft.outputs,
        "constants": _constants(draft, facts),
        "skeleton": skeleton,
        "min_person_score": draft.min_person_score,
        "max_oks": draft.max_oks,
        "paper": draft.paper,
        "limits": [_ASSUMED + what for what in draft.assumed],
    }
    return _changed(_weighed(_as_pixels(fields, facts), facts.path), choices)


def _constants(draft: Draft, facts: FileFacts) -> dict[str, tuple[float, ...]]:
    """Values of the inputs beside the picture: how it was scaled (Paddle), in which size to answer (DETRPose)."""
    height, width = map(float, draft.input.get("input_hw") or (draft.input["longer_side"],) * 2)
    known = {
        "scale_factor": (1.0, 1.0),
        "im_shape": (height, width),
        families_detr.TARGET_SIZES: (width, height),
    }
    for port in facts.others:
        if port.name not in known:
            raise ModelMismatchError(
                f"'{facts.path}' takes {port} beside the picture, whose value nobody knows; write the card by hand and "
                "give it under 'constants'"
            )
    return {port.name: known[port.name] for port in facts.others}


def _skeleton_of(draft: Draft, facts: FileFacts) -> str:
    if draft.n_keypoints in SKELETONS:
        return SKELETONS[draft.n_keypoints]
    number = "an open number of" if draft.n_keypoints is None else draft.n_keypoints
    _ask(
        facts,
        f"it looks like {draft.family}, but which {number} keypoints these are the file does not tell",
        "name them by --skeleton NAME (as mpii16, lsp14), FILE.toml or a list of names",
    )


def _weighed(fields: dict[str, Any], path: Path) -> dict[str, Any]:
    """Fields of a card, filled up with what is true of any file of a user's."""
    unknown = "not known: the file does not tell"
    base: dict[str, Any] = {
        "name": model_name(path),
        "max_oks": 0.7,
        "min_person_score": 0.15,
        "licence": {"weights": unknown, "training_data": unknown, "origin": path.name},
        "paper": "none",
    }
    if fields["task"] == "top-down":
        base["proposals"] = {"model": PROPOSER, "min_score": _MIN_PROPOSAL}
    return base | fields | {"weights": {"file": path.name, "sha256": sha256_of(path), "reads": read_files(path)}}


def _changed(fields: dict[str, Any], choices: Choices) -> ModelCard:
    """The card with what the user says of its input and names; what was said is no longer assumed."""
    entry: dict[str, Any] = dict(fields["input"])
    for key in ("mean", "std", "channel_order", "margin", "placement", "pad_value"):
        value = getattr(choices, key)
        if value is None:
            continue
        if key not in entry and not (key == "channel_order" or (key == "placement" and entry["kind"] == "letterbox")):
            raise ModelError(f"--{key.replace('_', '-')} means nothing for an input of kind {entry['kind']!r}")
        entry[key] = value
    said: dict[str, Any] = {"input": entry}
    if choices.name is not None:
        said["name"] = choices.name
    if choices.skeleton is not None:
        said["skeleton"] = choices.skeleton
    said["limits"] = list(_still_assumed(fields.get("limits", ()), choices))
    try:
        card = ModelCard.model_validate(fields | said)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise ModelError(f"that makes no card: {place}: {fault['msg']}") from error
    card.build_codec()  # a parameter that does not fit is told now
    return card


def _still_assumed(limits: Iterable[str], choices: Choices) -> Iterator[str]:
    """Of a card's limits those that the user did not settle, with the channels' order that he named."""
    settled = {
        _NORMALISATION: choices.mean is not None and choices.std is not None,
        _MARGIN: choices.margin is not None,
        _PADDING: choices.placement is not None or choices.pad_value is not None,
    }
    for limit in limits:
        if not limit.startswith(_ASSUMED):
            yield limit
        elif not any(said and what.search(limit) for what, said in settled.items()):
            yield limit if choices.channel_order is None else _ORDER.sub(choices.channel_order.upper(), limit, count=1)


def model_name(path: Path) -> str:
    """A name for a model of this file: its stem, with what no name may hold made to dashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:80] or "model"
