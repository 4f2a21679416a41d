"""What an export of Ultralytics (YOLOv8, 11, 12, 26) says of itself, as fields of a model card.

Its metadata are strings that hold Python literals: ``names``, ``kpt_shape``, ``imgsz``, ``stride``, ``task``, ``args``,
``end2end``. They are read as literals, never run.

Source:
    Ultralytics' documentation of its export formats, and files exported by version 8.4.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gonio.errors import ModelMismatchError
from gonio.structures.skeleton import load_skeleton, skeleton_names

Shape = Sequence[int | None]
_PEOPLE = ("person", "people", "pedestrian", "human")
_KEYS = ("task", "stride", "names", "imgsz")  # together they are Ultralytics' alone
_LONGEST = 100_000  # characters of a literal; a thousand names take a fifth
_TASKS = {"pose": "one-stage", "detect": "detector"}
_UNKNOWN = "not known: the file does not tell"


def card_fields(
    metadata: Mapping[str, str], output_shapes: Mapping[str, Shape], input_shape: Shape
) -> dict[str, Any] | None:
    """Fields of a card for a file with this metadata.

    Args:
        metadata: Of the file.
        output_shapes: Sizes of each output by name, the batch first; None: open.
        input_shape: ``(B, 3, H, W)``, the same.

    Returns:
        Fields of a `ModelCard` without ``name`` and ``weights``; without ``skeleton`` too where the metadata leave
        open which keypoints these are (`keypoint_shape` tells how many). None: Ultralytics did not write this.

    Raises:
        ModelMismatchError: If the metadata are damaged, or the file finds no people: another task, another number of
            channels, classes of which none is a person, an output of another kind.
    """
    if any(key not in metadata for key in _KEYS):
        return None
    task = metadata["task"]
    if task not in _TASKS:
        raise ModelMismatchError(
            f"the file was exported for the task {task!r}; keypoints come from exports of 'pose', boxes from 'detect'"
        )
    if metadata.get("channels", "3") != "3":
        raise ModelMismatchError(f"the network takes pictures of {metadata['channels']} channels, not of 3")
    names = _names(metadata)
    output, shape = _only_output(output_shapes)
    fields = {
        "summary": f"{_model(metadata)} ({'pose network' if task == 'pose' else 'detector'} by Ultralytics)",
        "task": _TASKS[task],
        "input": _input(metadata, input_shape),
        "codec": _codec(metadata, names, shape),
        "outputs": {"predictions": output},
        "min_person_score": 0.25,
        "max_oks": 1.0,  # overlapping boxes are the codec's business: suppressing by OKS again costs half an AP
        "licence": _licence(metadata),
        "paper": metadata.get("docs", "https://docs.ultralytics.com"),
    }
    skeleton = "coco17" if task == "detect" else _skeleton(metadata, names)
    return fields if skeleton is None else fields | {"skeleton": skeleton}


def keypoint_shape(metadata: Mapping[str, str]) -> tuple[int, int] | None:
    """How many keypoints there are and how many numbers each has, 2 or 3; None where there are none.

    Raises:
        ModelMismatchError: If the metadata are damaged.
    """
    if "kpt_shape" not in metadata:
        return None
    match _literal(metadata, "kpt_shape"):
        case [int(keypoints), 2 | 3 as values] if keypoints > 0:
            return keypoints, values
        case other:
            raise _damaged("kpt_shape", other)


def _literal(metadata: Mapping[str, str], key: str) -> Any:
    text = metadata[key]
    try:
        return ast.literal_eval(text) if len(text) <= _LONGEST else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise _damaged(key, text) from error


def _damaged(key: str, value: object) -> ModelMismatchError:
    return ModelMismatchError(
        f"the file's metadata say {key} = {str(value)[:80]!r}, which is not what Ultralytics writes; export it again, "
        "or write the card by hand"
    )


def _names(metadata: Mapping[str, str]) -> list[str]:
    """Names of the classes, in their order."""
    match _literal(metadata, "names"):
        case dict(names) if names and list(names) == list(range(len(names))):
            return [str(name) for name in names.values()]
        case list(names) if names:
            return [str(name) for name in names]
        case other:
            raise _damaged("names", other)


def _person(names: Sequence[str]) -> int:
    """Which class is a person: the one so named, or the only one."""
    lower = [name.strip().lower() for name in names]
    for word in _PEOPLE:
        if word in lower:
            return lower.index(word)
    if len(names) == 1:
        return 0
    listed = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    raise ModelMismatchError(
        f"none of the file's {len(names)} classes is a person ({listed}); write a card and say by the codec's "
        "person_class, from 0, whom to look for"
    )


def _only_output(shapes: Mapping[str, Shape]) -> tuple[str, Shape]:
    if len(shapes) != 1 or any(len(shape) != 3 for shape in shapes.values()):
        seen = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
        raise ModelMismatchError(
            f"the file has the outputs {seen}; exports of 'pose' and 'detect' have one of three axes"
        )
    return next(iter(shapes.items()))


def _codec(metadata: Mapping[str, str], names: Sequence[str], shape: Shape) -> dict[str, Any]:
    keypoints, values = keypoint_shape(metadata) or (0, 3)
    pose = metadata["task"] == "pose"
    if pose and not keypoints:
        raise _damaged("kpt_shape", None)
    numbers = keypoints * values if pose else 0
    columns, rows = 4 + len(names) + numbers, 6 + numbers
    end_to_end = shape[2] == rows or (shape[2] is None and shape[1] != columns and _lists_people(metadata))
    if not end_to_end and shape[1] not in (columns, None):
        raise ModelMismatchError(
            f"the output has shape {tuple(shape)}; from its metadata one would expect (1, {columns}, any) or "
            f"(1, any, {rows}); the file is of another kind, or its metadata of another file"
        )
    codec: dict[str, Any] = {"kind": f"yolo-{metadata['task']}{'-end2end' if end_to_end else ''}"}
    if pose:
        codec["values"] = values
        if not end_to_end:
            codec["classes"] = len(names)
    return codec | {"person_class": _person(names)}


def _lists_people(metadata: Mapping[str, str]) -> bool:
    """Whether the output is a list, each once, as the flags have it; for files that leave their shapes open."""
    args = _literal(metadata, "args") if "args" in metadata else {}
    return metadata.get("end2end") == "True" or (isinstance(args, dict) and args.get("nms") is True)


def _input(metadata: Mapping[str, str], input_shape: Shape) -> dict[str, Any]:
    said = _literal(metadata, "imgsz")
    match [said, said] if isinstance(said, int) else said:
        case [int(height), int(width)] if height > 0 and width > 0:
            pass
        case other:
            raise _damaged("imgsz", other)
    stride = _literal(metadata, "stride")
    if not isinstance(stride, int) or stride < 1:
        raise _damaged("stride", stride)
    fixed = [side for side in input_shape[2:] if side is not None]
    if len(fixed) == 2:
        height, width = fixed
    if fixed and height != width:
        raise ModelMismatchError(
            f"the network takes pictures of {height} x {width} px (height x width); export it with a square imgsz, "
            "or with dynamic=True"
        )
    return {
        "kind": "letterbox",
        "longer_side": max(height, width),
        "multiple": stride,
        "pad_value": 114,
        "square": bool(fixed),  # a network of any size need not look at so much padding
        "placement": "centre",
        "channel_order": "rgb",
        "mean": (0.0, 0.0, 0.0),
        "std": (255.0, 255.0, 255.0),
    }


def _skeleton(metadata: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The shipped skeleton that these keypoints are by their names, or by their number in a person."""
    keypoints, _ = keypoint_shape(metadata) or (0, 0)
    told = _literal(metadata, "kpt_names") if "kpt_names" in metadata else None
    if isinstance(told, dict):
        told = told.get(_person(names))
    if isinstance(told, list | tuple):
        wanted = [re.sub(r"\W+", "_", str(name).strip().lower()) for name in told]
        shipped = (name for name in skeleton_names() if list(load_skeleton(name).keypoint_names) == wanted)
        return next(shipped, None)
    return "coco17" if keypoints == 17 and names[_person(names)].strip().lower() == "person" else None


def _model(metadata: Mapping[str, str]) -> str:
    found = re.match(r"Ultralytics (\S+) model", metadata.get("description", ""))
    return found[1] if found else "YOLO"


def _licence(metadata: Mapping[str, str]) -> dict[str, str]:
    trained = re.search(r"trained on (?:\S*[/\\])?(\S+)", metadata.get("description", ""))
    written = [f"{key} {metadata[key]}" for key in ("version", "date") if key in metadata]
    return {
        "weights": metadata.get("license", _UNKNOWN),
        "training_data": trained[1] if trained else _UNKNOWN,
        "origin": ", ".join([f"{metadata.get('author', 'unknown author')}'s {_model(metadata)}", *written]),
    }
