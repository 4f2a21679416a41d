"""`ModelCard`: everything that one must know to run a model and to trust it. One JSON file per model.

All preprocessing and decoding is derived from the card; no number of it is repeated in code, and nothing outside the
card knows which model it describes.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gonio.codecs import CODECS, Codec
from gonio.errors import ConfigError, ModelError
from gonio.structures.skeleton import Skeleton, load_skeleton

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


class ModelCard(_Strict):
    """A model: how it is run, where it comes from, what it scores and where it fails."""

    name: str
    summary: str
    task: Literal["one-stage", "top-down"]
    default: bool = False
    weights: Weights
    input: Annotated[LetterboxInput | CropInput, Field(discriminator="kind")]
    codec: CodecChoice
    skeleton: str
    min_person_score: Score
    max_oks: Score
    proposals: Proposals | None = None
    licence: Licence
    paper: str
    measured: tuple[Measurement, ...] = ()
    limits: tuple[str, ...] = ()

    def load_skeleton(self) -> Skeleton:
        """The skeleton that the card names."""
        return load_skeleton(self.skeleton)

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
    """Read and check a card.

    Raises:
        ModelError: If the file is missing, not JSON or not a card.
    """
    try:
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read the model card '{path}': {error.strerror or error}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"'{path}' is not a model card: {_first_fault(error)}") from error


def _first_fault(error: ValidationError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    more = error.error_count() - 1
    return f"{place + ': ' if place else ''}{fault['msg']}" + (f" (and {more} more)" if more else "")
