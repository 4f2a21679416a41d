"""The parts of a recipe: network, labels, data, optimizer, teacher."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gonio.augmentation import Augmentation
from gonio.io.formats.labels import LabelFormat

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Refuses what it does not know, and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkChoice(Strict):
    """Which network.

    Attributes:
        kind: A key of `gonio.training.networks.NETWORKS`.
        size: One of its sizes.
        parameters: Whatever else it takes, as ``head: simcc`` or ``input_hw: [128, 96]``.
    """

    kind: str
    size: str
    parameters: dict[str, Any] = {}


class LabelSource(Strict):
    """One file of labels and its pictures.

    Attributes:
        labels: A file of any format that ``gonio data info`` reads; relative to the recipe.
        images: Folders of its pictures; default: where such a file has them.
        format: The format, whatever the file looks like.
        split: Of a YOLO data set, which of its splits; default: all of them.
        category: The class to read, where there are several.
        repeat: How often an epoch sees each of its people (of one-stage networks: pictures).
        weight: What its labels count in the loss.
    """

    labels: Path
    images: tuple[Path, ...] = ()
    format: LabelFormat | None = None
    split: str | None = None
    category: str | None = None
    repeat: Count = 1
    weight: Share = 1.0


class Data(Strict):
    """What to learn from, and what to measure on.

    Attributes:
        train: Labels to learn from.
        val: Labels to measure on; without any, a part of ``train`` is held out.
        held_out: That part, a share of the pictures.
        skeleton: The name of a shipped skeleton that the labels are read as; default: the labels' own.
        margin: The crop is this much larger than the smallest that covers the box.
        pad_value: Grey level outside the picture.
        min_keypoints: Of top-down networks: who has fewer labelled keypoints is not learnt from.
        min_size: Of top-down networks: nobody is learnt from whose box's longer side has fewer px in the picture. All
            are measured on.
        augmentation: The kinds of change.
        versions: So many changed versions of each picture are made once, before the first step; what the network's
            frozen front makes of them is kept until the run's end, and epochs draw among them. None: every epoch
            changes each picture anew.
        workers: Processes that prepare pictures; 0 for none.
        val_people: At most so many people (one-stage: pictures) are measured on, evenly chosen; None for all.
    """

    train: Annotated[tuple[LabelSource, ...], Field(min_length=1)]
    val: tuple[LabelSource, ...] = ()
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.1
    skeleton: str | None = None
    margin: Positive = 1.25
    pad_value: Annotated[int, Field(ge=0, le=255)] = 0
    min_keypoints: Count = 3
    min_size: Annotated[float, Field(ge=0)] = 0
    augmentation: Augmentation = Augmentation()
    versions: Count | None = None
    workers: Annotated[int, Field(ge=0)] = 2
    val_people: Count | None = None


class Optim(Strict):
    """AdamW under a cosine.

    Attributes:
        lr: Peak learning rate.
        weight_decay: Of matrices and kernels; biases and norms have none.
        warmup: Share of all steps over which the rate rises in a line from 0.
        final: The rate at the end, as a share of the peak.
        clip: Greatest norm of the gradient.
        ema: Decay a step of the moving average of the weights, which is what is measured and kept; 0 for none.
        freeze: Modules, by their names' beginnings, that keep the weights they started with.
        fixed_norms: Batch norms keep the statistics they started with: a gentler way on from pretrained weights, and
            the only one in small batches.
    """

    lr: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Share = 0.05
    final: Share = 0.01
    clip: Positive = 1.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    freeze: tuple[str, ...] = ()
    fixed_norms: bool = False


class TeacherChoice(Strict):
    """A model that labels every crop on the fly.

    Attributes:
        model: A card, the name of a shipped model, or a checkpoint.
        weights: Its weights file, where that does not lie beside the card.
        share: How much of the target is the teacher's, the rest being the label's; where nothing is labelled, all is.
        min_score: Keypoints that the teacher scores below this teach nothing.
        flip_test: The teacher also looks at the mirrored crop: a better teacher at twice the time.
    """

    model: str
    weights: Path | None = None
    share: Share = 0.7
    min_score: Share = 0.2
    flip_test: bool = False
