"""A model over a labelled data set: from label files and folders of pictures to poses, and to a calibrated card."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gonio.datasets.loading import LabelledSet, load_sets
from gonio.datasets.pictures import read_labelled
from gonio.errors import ConfigError, ModelError
from gonio.evaluation.calibration import CalibrationFit
from gonio.io.atomic import atomic_path
from gonio.io.formats.coco import merge_annotations
from gonio.models.calibration import Calibration, ExpectedError
from gonio.models.card import ModelCard, read_card
from gonio.models.model import PoseModel
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPictures:
    """Labelled pictures as one data set.

    Attributes:
        annotations: Labels, one per picture, with different ids.
        files: The pictures.
        names: Of the files and splits that they come from.
    """

    annotations: tuple[Annotations, ...]
    files: tuple[Path, ...]
    names: tuple[str, ...]


def load_labelled(
    paths: Sequence[Path], *, folders: Sequence[Path] = (), split: str | None = None, category: str | None = None
) -> LabelledPictures:
    """Read labels of any format that `gonio.io.formats.labels` knows, and find the pictures.

    Args:
        paths: Label files.
        folders: Where the pictures are. Default: where the formats have them, `gonio.datasets.loading.picture_folders`.
        split: Of a YOLO data set. Default: ``val`` where there is one, else all.
        category: The class to read, where there are several.

    Raises:
        MediaError: If a file cannot be read, or a picture is in none of the folders.
        ConfigError: If a format is not known, the skeletons differ, there is no such split, or a file or
            picture is given twice.
    """
    places = [path.resolve() for path in paths]
    if twice := [path for path, place in zip(paths, places, strict=True) if places.count(place) > 1]:
        raise ConfigError(f"'{twice[0]}' is given twice, and everybody in it would count twice; give it once.")
    sets = _of_split(load_sets(paths, folders=folders, category=category), split)
    annotations = merge_annotations([one.images for one in sets])
    files = [file for one in sets for file in one.pictures()]
    _check_once(files)
    names = [one.name if one.path.stem == one.name else f"{one.path.name}: {one.name}" for one in sets]
    return LabelledPictures(tuple(annotations), tuple(files), tuple(names))


def _check_once(files: Sequence[Path]) -> None:
    """Raise where a picture is labelled twice: everybody in it would count twice, or once for each who is missing.

    Raises:
        ConfigError: If one is.
    """
    times = Counter(file.resolve() for file in files)
    if twice := [file for file, count in times.items() if count > 1]:
        raise ConfigError(
            f"'{twice[0]}' is labelled twice ({len(twice)} pictures are), and everybody in it would count twice; "
            "'gonio data lint' lists them."
        )


def predict_labelled(model: PoseModel, pictures: LabelledPictures, *, flip_test: bool = False) -> Iterator[Poses]:
    """Everyone in each labelled picture, in the order of the labels; people of every score, as AP wants them.

    Raises:
        MediaError: If a picture cannot be read, or has another size than its labels say.
    """
    return (
        model(read_labelled(file, labels), min_person_score=0, flip_test=flip_test)
        for file, labels in zip(pictures.files, pictures.annotations, strict=True)
    )


def without_calibration(model: PoseModel) -> PoseModel:
    """The model with its network's own scores, which a new calibration starts from. Changes the model."""
    model.card = model.card.model_copy(update={"calibration": None})
    return model


def calibration_of(fit: CalibrationFit, *, data: str, command: str = "") -> Calibration:
    """What a card holds of a fitted calibration; ``data`` says what it was measured on."""
    after = fit.after[fit.map.method]
    rows = [{name: round(value, 5) for name, value in asdict(row).items()} for row in fit.errors]
    return Calibration(
        **asdict(fit.map),
        keypoint_error=tuple(ExpectedError.model_validate(row) for row in rows),
        ece_before=round(fit.before.ece, 4),
        ece_after=round(after.ece, 4),
        brier_before=round(fit.before.brier, 4),
        brier_after=round(after.brier, 4),
        data=data,
        images=fit.images,
        keypoints=fit.before.keypoints,
        command=command,
    )


def check_card_place(path: Path, card: ModelCard) -> None:
    """Raise unless a calibrated card of this model can be written there; to be asked before hours of work.

    Raises:
        ConfigError: If the file is there and is another model's card, or no ``.json`` file.
    """
    if path.suffix.lower() != ".json":
        raise ConfigError(f"a model card is a .json file, got '{path}'; give a name that ends in .json.")
    try:
        same = not path.exists() or read_card(path).weights.sha256 == card.weights.sha256
    except ModelError:
        same = False
    if not same:
        raise ConfigError(f"'{path}' exists and is not a card of the model {card.name!r}; choose another name.")


def write_calibrated_card(path: Path, card: ModelCard, calibration: Calibration, *, weights: Path) -> None:
    """Write the card with its calibration.

    A card of the same weights that is there already keeps everything else. A new one names its weights by their full
    path unless they lie beside it, and is never the default model.

    Args:
        path: A ``.json`` file.
        card: The model's.
        calibration: Its new calibration.
        weights: The folder of the card's weights; a card that is named as proposals may lie there too.

    Raises:
        ConfigError: If the file is there and is another model's card, or no ``.json`` file.
        MediaError: If it cannot be written.
    """
    check_card_place(path, card)
    content = json.loads(path.read_text("utf-8")) if path.exists() else _card_content(card, path, weights)
    content["calibration"] = calibration.model_dump(mode="json", exclude_defaults=True)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _card_content(card: ModelCard, path: Path, weights: Path) -> dict[str, Any]:
    content: dict[str, Any] = card.model_dump(mode="json", exclude_none=True, exclude={"default"})
    if path.resolve().parent == weights.resolve():
        return content
    content["weights"]["file"] = str((weights / card.weights.file).resolve())
    if card.proposals is not None and (beside := weights / card.proposals.model).is_file():
        content["proposals"]["model"] = str(beside.resolve())
    return content


def _of_split(sets: list[LabelledSet], split: str | None) -> list[LabelledSet]:
    """The asked split of each data set that has splits; files that have none stay."""
    chosen = []
    for path in dict.fromkeys(one.path for one in sets):
        own = [one for one in sets if one.path == path]
        wanted = split if split is not None else "val"
        found = [one for one in own if one.name == wanted]
        if split is not None and not found and (len(own) > 1 or path.suffix in (".yaml", ".yml")):
            names = ", ".join(one.name for one in own)
            raise ConfigError(f"'{path}' has no split {split!r}; it has: {names}.")
        chosen += found or own
    if split is not None and sets and not any(one.name == split for one in chosen):
        raise ConfigError(f"'{sets[0].path}' has no splits, and so no {split!r}; leave --split out.")
    return chosen
