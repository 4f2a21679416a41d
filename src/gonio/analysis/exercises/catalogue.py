"""The exercises that ship, and reading one's own: a YAML file, checked, with errors that say where and what."""

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from pydantic import ValidationError

from gonio.analysis.exercises.spec import Exercise
from gonio.errors import ConfigError, did_you_mean

_SUFFIXES = (".yaml", ".yml")


@cache
def list_exercises() -> tuple[str, ...]:
    """Names of the exercises that ship, in alphabetical order.

    Example:
        >>> "squat" in list_exercises()
        True
    """
    return tuple(sorted(f.name.removesuffix(".yaml") for f in _folder().iterdir() if f.name.endswith(".yaml")))


def load_exercise(name: str | Path) -> Exercise:
    """An exercise that ships, by name, or one's own, by the path of its YAML file.

    Raises:
        ConfigError: If there is no such exercise, or the file cannot be read or is wrong.

    Example:
        >>> load_exercise("push-up").events.turn
        'bottom'
    """
    if Path(name).suffix in _SUFFIXES:
        return _read(Path(name))
    if str(name) in list_exercises():
        return _shipped(str(name))
    hint = did_you_mean(str(name), list_exercises())
    raise ConfigError(
        f"no exercise named '{name}'; {hint}there are: {', '.join(list_exercises())}; "
        "your own is the path of a .yaml file."
    )


def json_schema() -> dict[str, Any]:
    """JSON schema of an exercise file, for editors that check YAML while it is written."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Exercise.model_json_schema()}


@cache
def _shipped(name: str) -> Exercise:
    return _parse((_folder() / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")


def _folder() -> Traversable:
    return resources.files("gonio.analysis.exercises") / "definitions"


def _read(path: Path) -> Exercise:
    try:
        return _parse(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"cannot read the exercise '{path}': {error.strerror or error}; check the path.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"'{path}' is not UTF-8 text ({error.reason}); save it as UTF-8.") from error


def _parse(text: str, where: str) -> Exercise:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"'{where}' is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        held = "is empty" if content is None else f"holds a {type(content).__name__}, not an exercise"
        raise ConfigError(f"'{where}' {held}; docs/exercises.md has an example.")
    try:
        return Exercise.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    """The first thing that is wrong, where, and how many more there are."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or "exercise"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        return f"{place}: there is no such setting; docs/exercises.md lists all{more}"
    message = fault["msg"].removeprefix("Value error, ")
    seen = "" if fault["type"] in ("missing", "value_error") else f", got {str(fault['input'])[:60]!r}"
    return f"{place}: {message}{seen}{more}"
