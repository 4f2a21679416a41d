"""Which published family of networks a file belongs to, by the shapes of its inputs and outputs.

Each function looks at a file and drafts how it is run, or says None. What a file cannot tell (normalisation, margin)
is what the family documents, and listed as assumed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gonio.models.file_facts import FileFacts, Port
from gonio.models.skeleton_spec import SkeletonSpec

HW = tuple[int, int]
Numbers = tuple[float, float, float]

IMAGENET: dict[str, Any] = {
    "channel_order": "rgb",
    "mean": (123.675, 116.28, 103.53),
    "std": (58.395, 57.12, 57.375),
}
"""RGB 0..255 as the backbones of most pose networks were trained on ImageNet."""
BGR_IMAGENET: dict[str, Any] = {
    "channel_order": "bgr",
    "mean": (103.53, 116.28, 123.675),
    "std": (57.375, 57.12, 58.395),
}
PLAIN: dict[str, Any] = {"channel_order": "rgb", "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
"""RGB 0..255 as it is."""
BGR_PLAIN = PLAIN | {"channel_order": "bgr"}
UNIT = PLAIN | {"std": (255.0, 255.0, 255.0)}
"""RGB 0..1."""


@dataclass(frozen=True, slots=True)
class Draft:
    """How a file would be run.

    Attributes:
        family: For people to read.
        task: As in the card.
        input: As in the card.
        codec: As in the card.
        n_keypoints: K; None of a detector.
        skeleton: What they are, where the family has its own.
        outputs: As in the card.
        assumed: What the file does not tell and the family documents.
        paper: Of the family.
        min_person_score: Below it people are left out.
        max_oks: As in the card; 1: the codec sees to it that nobody is found twice.
    """

    family: str
    task: str
    input: dict[str, Any]
    codec: dict[str, Any]
    n_keypoints: int | None
    skeleton: SkeletonSpec | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    paper: str = "none"
    min_person_score: float = 0.15
    max_oks: float = 0.7


@dataclass(frozen=True, slots=True)
class Request:
    """What the user said, as far as a family needs it.

    Attributes:
        input_hw: Height and width of the input, px.
        n_keypoints: K of the skeleton.
    """

    input_hw: HW | None = None
    n_keypoints: int | None = None


def crop(hw: HW, *, margin: float = 1.25, **normalisation: Any) -> dict[str, Any]:
    """The input of a top-down network."""
    return {"kind": "crop", "input_hw": hw, "margin": margin, "pad_value": 0} | normalisation


def square(side: int, *, pad_value: int = 114, placement: str = "corner", **normalisation: Any) -> dict[str, Any]:
    """The input of a network that sees the whole picture in a square."""
    shape = {"kind": "letterbox", "longer_side": side, "multiple": 32 if side % 32 == 0 else 1, "square": True}
    return shape | {"pad_value": pad_value, "placement": placement} | normalisation


def renamed(**ports: Port) -> dict[str, str]:
    """Codec's names to the file's, where they differ."""
    return {role: port.name for role, port in ports.items() if port.name != role}


def simcc(facts: FileFacts, asked: Request) -> Draft | None:
    """Two outputs ``(B, K, bins)``: RTMPose, RTMW, DWPose."""
    ports = facts.of_rank(3)
    if len(ports) != 2 or len(facts.outputs) != 2:
        return None
    along_x, along_y = sorted(ports, key=lambda port: ("y" in _last_word(port.name), port.name))
    k, bins_x, bins_y = along_x.shape[1], along_x.shape[2], along_y.shape[2]
    if bins_x is None or bins_y is None or along_y.shape[1] != k or min(bins_x, bins_y) < 64:
        return None
    hw = facts.image.input_hw or asked.input_hw or (bins_y // 2, bins_x // 2)
    ratio = bins_x / hw[1]
    if abs(bins_y / hw[0] - ratio) > 1e-6:
        return None
    parameters = {"kind": "simcc", "values": "gaussian", "split_ratio": ratio, "refine": False, "alignment": "indices"}
    return Draft(
        family="RTMPose, RTMW or DWPose (SimCC)",
        task="top-down",
        input=crop(hw, **IMAGENET),
        codec=parameters | {"output_x": along_x.name, "output_y": along_y.name},
        n_keypoints=k or asked.n_keypoints,
        assumed=("normalisation RGB with ImageNet's mean and std", "margin 1.25", "values are bumps, not logits"),
        paper="https://arxiv.org/abs/2303.07399",
    )


def _last_word(name: str) -> str:
    return name.lower().replace("/", "_").rsplit("_", 1)[-1]


def rtmo(facts: FileFacts, asked: Request) -> Draft | None:
    """Boxes ``(B, N, 5)`` and keypoints ``(B, N, K, 3)``: RTMO."""
    dets = [port for port in facts.of_rank(3) if port.shape[2] == 5]
    points = [port for port in facts.of_rank(4) if port.shape[3] == 3]
    if len(dets) != 1 or len(points) != 1:
        return None
    side = _side(facts, asked, default=640)
    if side is None:
        return None
    return Draft(
        family="RTMO",
        task="one-stage",
        input=square(side, **BGR_PLAIN),
        codec={"kind": "rtmo"},
        n_keypoints=points[0].shape[2] or asked.n_keypoints,
        outputs=renamed(dets=dets[0], keypoints=points[0]),
        assumed=("BGR 0..255 without normalisation", "picture at the upper left, padded with 114"),
        paper="https://arxiv.org/abs/2312.07526",
        min_person_score=0.3,
    )


def movenet(facts: FileFacts, asked: Request) -> Draft | None:
    """``(B, 1, 17, 3)`` or ``(B, 6, 56)`` from a picture with channels last: MoveNet as TensorFlow exports it."""
    if not facts.image.channels_last or len(facts.outputs) != 1:
        return None
    port = facts.outputs[0]
    single = len(port.shape) == 4 and port.shape[1] == 1 and port.shape[3] == 3
    length = port.shape[-1] or 0
    many = len(port.shape) == 3 and (length - 5) % 3 == 0 and length > 8
    if not (single or many):
        return None
    paper = "https://blog.tensorflow.org/2021/05/next-generation-pose-detection-with-movenet-and-tensorflowjs.html"
    shared: dict[str, Any] = {"outputs": renamed(poses=port), "paper": paper}
    hw = facts.image.input_hw or asked.input_hw
    if single:
        if hw is None:
            return None
        return Draft(
            "MoveNet SinglePose",
            "top-down",
            crop(hw, margin=1.05, **PLAIN),
            {"kind": "movenet-decoded", "people": "one"},
            port.shape[2],
            assumed=("RGB 0..255 (the file normalises)", "margin 1.05"),
            **shared,
        )
    side = _side(facts, asked, default=256)
    if side is None:
        return None
    return Draft(
        "MoveNet MultiPose",
        "one-stage",
        square(side, pad_value=0, placement="centre", **PLAIN),
        {"kind": "movenet-decoded", "people": "many"},
        (length - 5) // 3,
        assumed=("RGB 0..255 (the file normalises)", f"input of {side} x {side} px"),
        **shared,
    )


def heatmap(facts: FileFacts, asked: Request) -> Draft | None:
    """One output ``(B, K, H / 4, W / 4)``, or with K last: HRNet, ViTPose, TinyPose, simple baselines."""
    hw = facts.image.input_hw or asked.input_hw
    if len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 4 or hw is None:
        return None
    (port,) = facts.outputs
    _, *first = port.shape
    k_first, k_last = _stride(hw, first[1:]), _stride(hw, first[:2])
    if (k_first is None) == (k_last is None):  # no heatmaps, or nobody can tell which axis is K
        return None
    k, stride = (first[0], k_first) if k_last is None else (first[2], k_last)
    if k == 1:
        return None
    family, parameters = _heatmap_convention(facts.hint)
    layout = {} if k_last is None else {"channels_last": True}
    codec = {"kind": "heatmap", "stride": stride, "output": port.name} | parameters | layout
    return Draft(
        family=family,
        task="top-down",
        input=crop(hw, **IMAGENET),
        codec=codec,
        n_keypoints=k or asked.n_keypoints,
        assumed=(
            "normalisation RGB with ImageNet's mean and std",
            "margin 1.25",
            f"decoding {codec['refinement']} with cells aligned to {codec['alignment']}",
        ),
        paper="https://arxiv.org/abs/1804.06208",
    )


def _stride(hw: HW, cells_hw: Sequence[int | None]) -> int | None:
    """Pixels a cell, the same along both sides; None where such sides are no map of the input."""
    height, width = cells_hw
    if not height or not width or hw[0] % height or hw[1] % width or hw[0] // height != hw[1] // width:
        return None
    stride = hw[0] // height
    return stride if stride in (1, 2, 4, 8) else None


def _heatmap_convention(hint: str) -> tuple[str, dict[str, Any]]:
    """The family and its decoding, by the names in the file; the mirrored maps of UDP need no shift."""
    if "vitpose" in hint or "udp" in hint:
        return "ViTPose or another UDP network (heatmaps)", {"refinement": "udp", "blur": 11, "alignment": "ends"}
    indices = {"alignment": "indices", "flip_shift": 1}
    if "tinypose" in hint or "tiny_pose" in hint:
        return "PP-TinyPose (heatmaps)", indices | {"refinement": "dark", "blur": 3}
    return "HRNet or another network of heatmaps", indices | {"refinement": "dark", "blur": 11}


def blazepose(facts: FileFacts, asked: Request) -> Draft | None:  # noqa: ARG001 - nothing of it is asked for
    """Rows of 195 and 117 numbers, and one: BlazePose, 39 landmarks of five numbers, and of three in metres."""
    rows = {port.shape[1]: port for port in facts.of_rank(2)}
    hw = facts.image.input_hw
    if not {195, 117, 1} <= set(rows) or hw is None:
        return None
    maps = [port for port in facts.of_rank(4) if port.shape[1:] == (39, hw[0] // 4, hw[1] // 4)]
    named = {"ld_3d": rows[195], "world_3d": rows[117], "output_poseflag": rows[1]}
    return Draft(
        family="BlazePose",
        task="top-down",
        input=crop(hw, **UNIT),
        codec={"kind": "blazepose"} | ({} if maps else {"refine": False}),
        n_keypoints=33,
        outputs=renamed(**named, **({"activation_heatmap": maps[0]} if maps else {})),
        assumed=("RGB 0..1", "margin 1.25"),
        paper="https://arxiv.org/abs/2006.10204",
    )


def _side(facts: FileFacts, asked: Request, *, default: int) -> int | None:
    """The side of a square input; None where the file's input is no square."""
    height, width = facts.image.input_hw or asked.input_hw or (default, default)
    return height if height == width else None


Recogniser = Callable[[FileFacts, Request], Draft | None]
AUTOMATIC: Mapping[str, Recogniser] = {
    "simcc": simcc,
    "rtmo": rtmo,
    "movenet-decoded": movenet,
    "blazepose": blazepose,
    "heatmap": heatmap,
}
"""Whose shapes no other family has, by the codec's name."""
