"""`Recipe`: everything that decides a training run. One YAML file, single values changed by ``--set optim.lr=1e-3``."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, Field, ValidationError

from gonio.errors import ConfigError, did_you_mean
from gonio.training.recipe_parts import Count, Data, LabelSource, NetworkChoice, Optim, Strict, TeacherChoice

__all__ = ["Data", "LabelSource", "NetworkChoice", "Optim", "Recipe", "TeacherChoice", "read_recipe"]

_PATH_SUFFIXES = (".json", ".safetensors")
"""Which tell a teacher's file from the name of a shipped model."""

_OF_LABELS = {"kpt_shape", "annotations"}
"""What YOLO's and COCO's files have, and no recipe."""


class Recipe(Strict):
    """A training run.

    Attributes:
        name: What the run and the model are called.
        network: Which network.
        start: A checkpoint to start from; weights whose shape does not fit, as a head for another skeleton, start anew.
        data: What to learn from.
        teacher: Who else labels.
        optim: How to learn.
        coordinate_loss: Weight of the distance between maps' mean position and label, beside the maps' own loss.
        epochs: Passes over the data.
        steps_per_epoch: An epoch ends after so many steps; default: when all has been seen.
        batch_size: People (one-stage: pictures) a step, over all processes.
        precision: ``bf16`` computes in half precision where that is safe.
        channels_last: Lay pictures out channel by channel last, faster on CPUs and new GPUs.
        threads: Threads of a process; default: all CPUs, divided by the processes of the machine.
        validate_every: Epochs between measurements.
        patience: Stop after so many measurements without a better one; None: never.
        checkpoint_steps: The state is also saved every so many steps, so that a kill costs less than an epoch.
        seed: Of weights, order and augmentation.
        out: Folder of the run; default: ``runs/`` and the name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    network: NetworkChoice
    start: Path | None = None
    data: Data
    teacher: TeacherChoice | None = None
    optim: Optim = Optim()
    coordinate_loss: Annotated[float, Field(ge=0)] = 0.0
    epochs: Count = 100
    steps_per_epoch: Count | None = None
    batch_size: Count = 32
    precision: Literal["float32", "bf16"] = "float32"
    channels_last: bool = True
    threads: Count | None = None
    validate_every: Count = 1
    patience: Count | None = None
    checkpoint_steps: Count = 500
    seed: Annotated[int, Field(ge=0)] = 0
    out: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the run writes."""
        return self.out if self.out is not None else Path("runs") / self.name

    def resolved(self, base: Path) -> Self:
        """The same with all paths relative to the recipe's folder made absolute, ``$NAMES`` put in; ``out`` stays."""

        def placed(source: LabelSource) -> LabelSource:
            images = tuple(_placed(folder, base) for folder in source.images)
            return source.model_copy(update={"labels": _placed(source.labels, base), "images": images})

        data = self.data.model_copy(
            update={"train": tuple(map(placed, self.data.train)), "val": tuple(map(placed, self.data.val))}
        )
        changes: dict[str, Any] = {"data": data}
        if self.start is not None:
            changes["start"] = _placed(self.start, base)
        if self.teacher is not None:
            changes["teacher"] = _placed_teacher(self.teacher, base)
        return self.model_copy(update=changes)


def read_recipe(path: Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        path: The YAML file.
        changes: ``key.inner=value`` each, the value as YAML.

    Raises:
        ConfigError: If the file cannot be read, a value is wrong, or a change names nothing.
    """
    content = _content(path)
    for change in changes:
        _set(content, change)
    try:
        return Recipe.model_validate(content).resolved(path.parent.resolve())
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_fault(error)}") from error


def _content(path: Path) -> dict[str, Any]:
    """What the file says.

    Raises:
        ConfigError: If it cannot be read, or is no recipe.
    """
    try:
        content = yaml.load(path.read_text("utf-8"), _Once)  # noqa: S506 - it is a safe loader
    except OSError as error:
        raise ConfigError(f"cannot read the recipe '{path}': {error.strerror or error}; check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' is not YAML: {' '.join(str(error).split())}") from error
    if content is None:
        raise ConfigError(f"'{path}' is empty; see docs/train.md for an example of a recipe")
    if not isinstance(content, dict):
        raise ConfigError(f"'{path}' holds a {type(content).__name__}, not a recipe; see docs/train.md for an example")
    if _OF_LABELS & content.keys():
        raise ConfigError(
            f"'{path}' is a file of labels, not a recipe; write one that names it, as "
            "data: {train: [{labels: FILE}]}; docs/train.md has an example"
        )
    return content


class _Once(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses what a file says twice: of two settings of one name YAML silently takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the parent's, after a look at the names."""
        names = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := [name for name in names if names.count(name) > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"{twice[0]} is there twice", node.start_mark)
        content: dict[Any, Any] = super().construct_mapping(node, deep)
        return content


def _first_fault(error: ValidationError) -> str:
    """The first thing that is wrong, where, and how many more there are."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        hint = did_you_mean(str(fault["loc"][-1]), _settings_beside(fault["loc"]))
        return f"{place}: there is no such setting; {hint}docs/train.md lists all{more}"
    seen = "" if fault["type"] == "missing" else f", got {str(fault['input'])[:60]!r}"
    return f"{place}: {fault['msg'].replace('valid tuple', 'list')}{seen}{more}"


def _settings_beside(place: tuple[int | str, ...]) -> list[str]:
    """The names of the settings that there are where one is named that is not."""
    model: type[BaseModel] | None = Recipe
    for part in place[:-1]:
        if model is not None and isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return [] if model is None else list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The settings that an annotation is of, such as ``tuple[LabelSource, ...]``."""
    if parts := get_args(annotation):
        return next((found for part in parts if (found := _model_in(part)) is not None), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _placed(path: Path, base: Path) -> Path:
    """A path relative to a folder, after ``~`` and ``$NAMES`` of the environment have been put in.

    Raises:
        ConfigError: If the environment lacks a name.
    """
    text = os.path.expandvars(path)
    if "$" in text:
        raise ConfigError(
            f"the recipe's path '{path}' holds a name that the environment lacks; set it: export NAME=..."
        )
    return base / Path(text).expanduser()


def _placed_teacher(teacher: TeacherChoice, base: Path) -> TeacherChoice:
    """The same with its files as paths of their own; the name of a shipped model stays."""
    changes: dict[str, Any] = {}
    if Path(teacher.model).suffix in _PATH_SUFFIXES:
        changes["model"] = str(_placed(Path(teacher.model), base))
    if teacher.weights is not None:
        changes["weights"] = _placed(teacher.weights, base)
    return teacher.model_copy(update=changes)


def _set(content: dict[str, Any], change: str) -> None:
    """Put one ``key.inner=value`` into the content of a recipe; numbers choose from lists."""
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {change!r} is not KEY=VALUE; for example --set optim.lr=1e-3")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {change!r}: the value is not YAML") from error
    *outer, last = key.split(".")
    place: Any = content
    for part in outer:
        if isinstance(place, dict) and place.get(part) is None:
            place[part] = {}
        place = place[_key(place, part, change)]
    place[_key(place, last, change)] = parsed


def _key(place: Any, part: str, change: str) -> str | int:
    """What ``part`` is in a dictionary or list.

    Raises:
        ConfigError: If it cannot be in there.
    """
    if isinstance(place, dict):
        return part
    if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
        return int(part)
    raise ConfigError(f"--set {change!r}: there is nothing at {part!r} to set a value in")
