"""`ModelCard`: everything that one must know to run a model and to trust it. One JSON file per model.

All preprocessing and decoding is derived from the card; no number of it is repeated in code, and nothing outside the
card knows which model it describes.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from gonio.codecs import CODECS, Codec
from gonio.errors import ConfigError, ModelError
from gonio.models.backends import OnnxBackend
from gonio.models.calibration import Calibration
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.skeleton import Skeleton, load_skeleton

CARD_KEY = "gonio.card"
"""Under which key of its metadata a weights file holds its card, as JSON without the sha256 of that file."""

Positive = Annotated[float, Field(gt=0)]
Score = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(_Strict):
    """A weights file beside the card, or shipped with the package."""

    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Normalisation(_Strict):
    """``(pixel - mean) / std`` for each channel, in the order that the network wants."""

    channel_order: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]


class LetterboxInput(Normalisation):
    """The whole picture, its longer side resized, padded right and below to a multiple."""

    kind: Literal["letterbox"]
    longer_side: Annotated[int, Field(gt=0)]
    multiple: Annotated[int, Field(gt=0)]
    pad_value: Annotated[int, Field(ge=0, le=255)]


class CropInput(Normalisation):
    """One crop per person: a region of the network's aspect around the box, ``margin`` times as large."""

    kind: Literal["crop"]
    input_hw: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
    margin: Annotated[float, Field(gt=0)]
    pad_value: Annotated[int, Field(ge=0, le=255)]


class Proposals(_Strict):
    """Who tells a top-down model where people are, and from which score on."""

    model: str
    min_score: Score


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
        skeleton: The name of a shipped skeleton, or any other in full.
        proposals: Of a top-down model, who proposes people; None: nobody does, the whole picture is the one proposal
            (box ``(0, 0, W, H)``, score 1). That is for a model of one subject that fills the picture.
        calibration: What turns keypoint scores into probabilities; None: they are as the network gives them.
    """

    name: str
    summary: str
    task: Literal["one-stage", "top-down"]
    default: bool = False
    weights: Weights
    input: Annotated[LetterboxInput | CropInput, Field(discriminator="kind")]
    codec: CodecChoice
    skeleton: SkeletonEntry
    min_person_score: Score
    max_oks: Score
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
        parameters: dict[str, Any] = dict(self.codec.model_extra or {})
        try:
            return CODECS[self.codec.kind](n_keypoints=len(self.load_skeleton()), **parameters)
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
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read the model card '{path}': {error.strerror or error}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"'{path}' is not a model card: {_first_fault(error)}") from error


def _card_inside(path: Path) -> dict[str, Any]:
    """The card that an ONNX file holds in its metadata; it is about this file, so the sha256 is this file's."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
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
    return facts | {"weights": {"file": path.name, "sha256": digest}}


def _first_fault(error: ValidationError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    more = error.error_count() - 1
    return f"{place + ': ' if place else ''}{fault['msg']}" + (f" (and {more} more)" if more else "")
