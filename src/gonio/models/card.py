"""`ModelCard`: everything that one must know to run a model and to trust it. One JSON file per model.

All preprocessing and decoding is derived from the card; no number of it is repeated in code, and nothing outside the
card knows which model it describes.
"""

import json
from inspect import signature
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, Codec
from gonio.errors import ConfigError, ModelError
from gonio.models.backends import OnnxBackend
from gonio.models.backends.layout import MAX_SIDE
from gonio.models.calibration import Calibration
from gonio.models.digest import sha256_of
from gonio.models.onnx_bytes import is_inside, read_files
from gonio.models.person_score import EQUAL_SHARE
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.skeleton import Skeleton, load_skeleton

CARD_KEY = "gonio.card"
"""Under which key of its metadata a weights file holds its card, as JSON without the sha256 of that file."""

Positive = Annotated[float, Field(gt=0)]
Score = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(gt=0, le=MAX_SIDE)]


def _inside(place: str) -> str:
    if not is_inside(place):
        raise ValueError(f"weights may not lie elsewhere than below their folder, as w/deep.data, but at {place!r}")
    return place


PlaceBelow = Annotated[str, AfterValidator(_inside)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Weights(_Strict):
    """A weights file beside the card, shipped with the package, or to be downloaded.

    Attributes:
        file: Its name.
        sha256: Of the file; None: its publisher tells none, and the first download is trusted and remembered.
        urls: Where it can be downloaded, the first before its mirrors; none: it lies beside the card.
        size: Of the download, bytes, where known.
        member: Path of the file inside the download, where that is a zip archive.
        reads: Files beside it, or in folders beside it (``w/deep.data``), in which some of its weights lie, each with
            its sha256.
    """

    file: str
    sha256: Sha256 | None
    urls: tuple[str, ...] = ()
    size: Annotated[int, Field(gt=0)] | None = None
    member: str | None = None
    reads: dict[PlaceBelow, Sha256] = Field(default_factory=dict)


class Normalisation(_Strict):
    """``(pixel - mean) / std`` for each channel, in the order that the network wants."""

    channel_order: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]


class LetterboxInput(Normalisation):
    """The whole picture, its longer side resized, padded to a multiple.

    Attributes:
        square: Padded to ``longer_side`` in both directions instead.
        placement: Where the picture lies in the padded one: at the upper left, or in the middle.
    """

    kind: Literal["letterbox"]
    longer_side: Side
    multiple: Annotated[int, Field(gt=0)]
    pad_value: Annotated[int, Field(ge=0, le=255)]
    square: bool = False
    placement: Literal["corner", "centre"] = "corner"

    @property
    def fixed_hw(self) -> tuple[int, int] | None:
        """Height and width, where they are the same for every picture."""
        return (self.longer_side, self.longer_side) if self.square else None


class StretchInput(Normalisation):
    """The whole picture, stretched to one size; its shape is not kept."""

    kind: Literal["stretch"]
    input_hw: tuple[Side, Side]

    @property
    def fixed_hw(self) -> tuple[int, int] | None:
        """Height and width, the same for every picture."""
        return self.input_hw


class CropInput(Normalisation):
    """One crop per person: a region of the network's aspect around the box, ``margin`` times as large.

    Attributes:
        input_hw: Height and width of a crop.
        min_side: Of a network that takes any size: a crop's shorter side follows the box, from ``input_hw`` down to
            this, in multiples of ``multiple``. Less to compute, and less of the neighbours. None: one size for all.
        multiple: See there.
    """

    kind: Literal["crop"]
    input_hw: tuple[Side, Side]
    margin: Annotated[float, Field(gt=0)]
    pad_value: Annotated[int, Field(ge=0, le=255)]
    min_side: Annotated[int, Field(gt=0)] | None = None
    multiple: Annotated[int, Field(gt=0)] = 32

    @property
    def fixed_hw(self) -> tuple[int, int] | None:
        """Height and width, where they are the same for every crop."""
        return self.input_hw if self.min_side is None else None

    def hw_for(self, box: FloatArray) -> tuple[int, int]:
        """Height and width of the crop around a box ``(4,)``."""
        if self.min_side is None:
            return self.input_hw
        height, width = self.input_hw
        box_w, box_h = max(float(box[2] - box[0]), 1.0), max(float(box[3] - box[1]), 1.0)
        scale = min(width / box_w, height / box_h)
        return self._side(box_h * scale, height), self._side(box_w * scale, width)

    def _side(self, needed: float, most: int) -> int:
        least = max(needed, self.min_side or 0)
        return min(ceil(round(least / self.multiple, 3)) * self.multiple, most)


class FirstGlance(_Strict):
    """A look at a small copy of the picture before the proposer's own.

    It is enough if it shows somebody, and nobody in it is small or doubtful; else the proposer looks at its own size.

    Attributes:
        longer_side: Of the small copy, px.
        min_size: Everybody's box is at least this part of the picture's longer side, by its own longer side.
        min_score: Everybody has at least this score.
    """

    longer_side: Annotated[int, Field(gt=0)]
    min_size: Score
    min_score: Score


class Proposals(_Strict):
    """Who tells a top-down model where people are, and from which score on.

    Attributes:
        model: A detector or a one-stage model.
        min_score: Proposals below this are not looked at.
        first_glance: What makes pictures of one large person cheap; None: there is no such glance.
        second_size: The proposer looks twice, the second time at a copy with this longer side, px; whom either look
            shows is a proposal. None: once.
    """

    model: str
    min_score: Score
    first_glance: FirstGlance | None = None
    second_size: Annotated[int, Field(gt=0)] | None = None


class CodecChoice(BaseModel):
    """The codec's name, and its parameters as further keys."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str


class Licence(_Strict):
    """Terms of the weights, and what is known of those of the training data."""

    weights: str
    training_data: str
    origin: str


class Measurement(_Strict):
    """Figures of one measurement: which, on what, by which command."""

    scores: dict[str, float]
    data: str
    command: str


def _skeleton_tag(value: object) -> str:
    return "full" if isinstance(value, dict | SkeletonSpec) else "name"


SkeletonEntry = Annotated[
    Annotated[str, Tag("name")] | Annotated[SkeletonSpec, Tag("full")], Discriminator(_skeleton_tag)
]
"""The name of a shipped skeleton, or one in full; what is wrong with one is not told as if it were the other."""


class ModelCard(_Strict):
    """A model: how it is run, where it comes from, what it scores and where it fails.

    Attributes:
        task: ``"one-stage"``: everyone's keypoints in one pass over the picture; ``"top-down"``: one crop per person;
            ``"detector"``: boxes of people, no keypoints.
        default: Whether it runs where no model is named.
        original: Of a quicker version, the model that it was made of: it measures, and runs where this one does not.
        outputs: The file's names of the outputs by the codec's names, where they differ.
        constants: Further inputs of the network by name, each with its values for one picture.
        skeleton: The name of a shipped skeleton, or any other in full; of a detector what its people's missing
            keypoints are called.
        proposal_share: Of a top-down model, how much the proposal's score counts in a person's score, the mean keypoint
            score counting the rest; see `gonio.models.person_score`.
        proposals: Of a top-down model, who proposes people; None: nobody does, the whole picture is the one proposal
            (box ``(0, 0, W, H)``, score 1). That is for a model of one subject that fills the picture.
        calibration: What turns keypoint scores into probabilities; None: they are as the network gives them.
    """

    name: str
    summary: str
    task: Literal["one-stage", "top-down", "detector"]
    default: bool = False
    original: str | None = None
    weights: Weights
    input: Annotated[LetterboxInput | StretchInput | CropInput, Field(discriminator="kind")]
    codec: CodecChoice
    outputs: dict[str, str] = {}
    constants: dict[str, tuple[float, ...]] = {}
    skeleton: SkeletonEntry
    min_person_score: Score
    max_oks: Score
    proposal_share: Annotated[float, Field(gt=0, lt=1)] = EQUAL_SHARE
    proposals: Proposals | None = None
    licence: Licence
    paper: str
    measured: tuple[Measurement, ...] = ()
    limits: tuple[str, ...] = ()
    calibration: Calibration | None = None

    def load_skeleton(self) -> Skeleton:
        """The skeleton that the card names or holds."""
        return load_skeleton(self.skeleton) if isinstance(self.skeleton, str) else self.skeleton.to_skeleton()

    def build_codec(self) -> Codec:
        """The codec with the card's parameters.

        Raises:
            ConfigError: If the codec or one of its parameters is unknown.
        """
        if self.codec.kind not in CODECS:
            raise ConfigError(f"card {self.name!r} names the codec {self.codec.kind!r}; known are {', '.join(CODECS)}")
        kind = CODECS[self.codec.kind]
        parameters: dict[str, Any] = dict(self.codec.model_extra or {})
        if self.input.fixed_hw is not None and "input_hw" in signature(kind).parameters:
            parameters = {"input_hw": self.input.fixed_hw} | parameters
        try:
            return kind(n_keypoints=len(self.load_skeleton()), **parameters)
        except TypeError as error:
            raise ConfigError(f"card {self.name!r}: codec {self.codec.kind}: {error}") from error


def read_card(path: Path) -> ModelCard:
    """Read and check a card: a JSON file, or an ONNX file that holds its own (as ``gonio export`` writes it).

    Raises:
        ModelError: If the file is missing, not JSON or not a card, or the ONNX file holds none.
        WeightsError: If the ONNX file is damaged.
        MissingDependencyError: If it is an ONNX file and onnxruntime is not installed.
    """
    try:
        if path.suffix == ".onnx":
            return ModelCard.model_validate(_card_inside(path))
        return ModelCard.model_validate_json(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ModelError(f"cannot read the model card '{path}': {error.strerror or error}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"'{path}' is not a model card: {_first_fault(error)}") from error


def _card_inside(path: Path) -> dict[str, Any]:
    """The card that an ONNX file holds in its metadata; it is about this file, so the sha256 is this file's."""
    digest = sha256_of(path)
    text = OnnxBackend(path, threads=1).metadata.get(CARD_KEY)
    if text is None:
        raise ModelError(
            f"'{path}' holds no model card, and without one nobody knows what its numbers mean; "
            "give the path of a card (.json) that names the file"
        )
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise ModelError(f"the model card inside '{path}' is not JSON ({error}); export the model again") from error
    if not isinstance(facts, dict):
        raise ModelError(f"the model card inside '{path}' is a {type(facts).__name__}; export the model again")
    return facts | {"weights": {"file": path.name, "sha256": digest, "reads": read_files(path)}}


def _first_fault(error: ValidationError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    more = error.error_count() - 1
    return f"{place + ': ' if place else ''}{fault['msg']}" + (f" (and {more} more)" if more else "")
