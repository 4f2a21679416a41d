"""The rooms and who may import whom (HOUSE: which room may import which), and a front door without side effects."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gonio

PACKAGE = Path(gonio.__file__).parent
LEVELS = {
    0: {"errors", "arrays", "optional", "timing", "geometry", "processors", "score_maps", "_version"},
    1: {"structures", "onnx_in_torch", "stored_weights"},
    2: {"augmentation", "codecs", "io", "tracking", "analysis", "draw", "evaluation"},
    3: {"models"},
    4: {
        "following",
        "motion",
        "motion_report",
        "pipeline",
        "results",
        "saving",
        "labelled",
        "pacing",
        "streams",
        "report_page",
        "training",
        "export",
        "datasets",
    },
    5: {"apps", "compat", "live", "__main__"},
}
LEVEL = {room: level for level, rooms in LEVELS.items() for room in rooms}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc"}
FORBIDDEN_PACKAGES = {"ultralytics", "openpifpaf", "albumentations"}
"""Their terms do not go with ours."""
OPTIONAL_PACKAGES = {
    *("IPython", "accelerate", "matplotlib", "onnx", "onnxruntime", "onnxscript", "onnxslim", "openvino"),
    *("pandas", "pycocotools", "safetensors", "scipy", "tensorboard", "torch", "yaml"),
}
"""Not installed with the core: never imported at the top of a file, except in the rooms that are about them."""
ROOMS_WITH_EXTRAS = {
    *("analysis", "live", "motion", "motion_report", "onnx_in_torch", "stored_weights", "training", "export")
}
LATE_IMPORTS = OPTIONAL_PACKAGES | {"tkinter", "resource"}
"""What a function may import: optional packages, and parts of the standard library that not every Python has."""
FRONT_DOOR = Path("__init__.py")
COMMAND_DOOR = Path("apps/cli/__init__.py")
"""Imports the whole command inside its function, so that Ctrl-C is caught while that loads."""


@dataclass(frozen=True)
class Import:
    """One imported module, where, and whether a function does it."""

    file: Path
    line: int
    module: str
    in_function: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"

    @property
    def package(self) -> str:
        return self.module.split(".")[0]

    @property
    def room(self) -> str:
        """The room of ``gonio`` that is imported; empty for another package."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "gonio" and len(parts) > 1 else ""


def sources() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.parts[0] if len(file.parts) > 1 else file.stem


def imports_of(file: Path) -> Iterator[Import]:
    def walk(node: ast.AST, *, in_function: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(file, child.lineno, alias.name, in_function)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{file}:{child.lineno}: write the whole name, as everywhere else"
                module = child.module or ""
                if module == "gonio":  # from gonio import models
                    for alias in child.names:
                        yield Import(file, child.lineno, f"gonio.{alias.name}", in_function)
                else:
                    yield Import(file, child.lineno, module, in_function)
            else:
                is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, in_function=in_function or is_function)

    yield from walk(ast.parse((PACKAGE / file).read_text("utf-8")), in_function=False)


ALL = [one for file in sources() for one in imports_of(file)]
INSIDE = [one for one in ALL if one.file != FRONT_DOOR]


def may_import(room: str, other: str) -> bool:
    """A room imports itself and lower levels; of its own level only where that is not a level of meeting as values."""
    if room == other:
        return True
    same_level = LEVEL[room] == LEVEL[other] and LEVEL[room] != 2
    if room in ("training", "export") and other in ("pipeline", "results", "saving"):
        return False
    if LEVEL[room] == 3:
        return LEVEL[other] < 2 or other == "codecs"
    return LEVEL[other] < LEVEL[room] or same_level


def test_the_walk_sees_imports() -> None:
    """Else all of this would hold of nothing."""
    assert len(sources()) > 40
    assert sum(one.room != "" for one in INSIDE) > 100


def test_every_room_has_a_level() -> None:
    assert {room_of(file) for file in sources()} - {"__init__"} <= set(LEVEL)


def test_no_room_is_a_drawer() -> None:
    parts = {part.removesuffix(".py") for file in sources() for part in file.parts}
    assert not parts & FORBIDDEN_NAMES


def test_imports_go_down() -> None:
    wrong = [str(one) for one in INSIDE if one.room and not may_import(room_of(one.file), one.room)]
    assert not wrong


@pytest.mark.parametrize(
    ("room", "other", "allowed"),
    [
        ("geometry", "arrays", True),
        ("geometry", "structures", False),
        ("structures", "geometry", True),
        ("io", "structures", True),
        ("io", "draw", False),
        ("evaluation", "io", False),
        ("models", "codecs", True),
        ("models", "io", False),
        ("pipeline", "results", True),
        ("pipeline", "apps", False),
        ("training", "models", True),
        ("training", "pipeline", False),
        ("apps", "pipeline", True),
    ],
)
def test_the_rule_is_the_tables(room: str, other: str, allowed: bool) -> None:
    assert may_import(room, other) is allowed


def test_nobody_comes_in_through_the_front_door() -> None:
    """``from gonio import predict`` inside would load everything from anywhere."""
    rooms = set(LEVEL)
    assert not [str(one) for one in INSIDE if one.package == "gonio" and one.room not in rooms]


def test_the_ground_floor_stands_on_numpy_and_cv2() -> None:
    allowed = {"gonio", "numpy", "cv2"} | set(sys.stdlib_module_names)
    assert not [str(one) for one in INSIDE if LEVEL[room_of(one.file)] == 0 and one.package not in allowed]


def test_no_package_is_imported_whose_terms_forbid_it() -> None:
    assert not [str(one) for one in ALL if one.package in FORBIDDEN_PACKAGES]


def test_optional_packages_are_imported_late() -> None:
    at_once = [one for one in ALL if one.package in OPTIONAL_PACKAGES and not one.in_function]
    assert not [str(one) for one in at_once if room_of(one.file) not in ROOMS_WITH_EXTRAS]


def test_late_imports_are_of_optional_packages_and_say_so() -> None:
    for one in ALL:
        if one.in_function:
            room_with_extra = room_of(one.file) in {"apps", *ROOMS_WITH_EXTRAS} and one.room in ROOMS_WITH_EXTRAS
            assert one.package in LATE_IMPORTS or one.file == COMMAND_DOOR or room_with_extra, str(one)
            assert "#" in (PACKAGE / one.file).read_text("utf-8").splitlines()[one.line - 1], f"{one}: say why here"


def run_fresh(code: str, folder: Path) -> Any:
    """Run in a new Python whose home and working folder are empty; gives what it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", code],
        cwd=folder,
        env={"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_importing_is_light_and_leaves_no_trace(tmp_path: Path) -> None:
    facts = run_fresh(
        "import json, logging, sys, threading\n"
        "root = list(logging.getLogger().handlers)\n"
        "import gonio\n"
        "print(json.dumps({'modules': sorted({name.split('.')[0] for name in sys.modules}),\n"
        "    'gonio': sorted(name for name in sys.modules if name.startswith('gonio')),\n"
        "    'threads': threading.active_count(), 'handlers': logging.getLogger().handlers == root}))",
        tmp_path,
    )
    assert facts["gonio"] == ["gonio", "gonio._version"]
    heavy = OPTIONAL_PACKAGES | {"numpy", "cv2", "av", "PIL", "pydantic", "typer", "rich"}
    assert not heavy & set(facts["modules"])
    assert (facts["threads"], facts["handlers"]) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_loading_every_name_leaves_no_trace(tmp_path: Path) -> None:
    """A warning would be an error; no runtime is loaded before a model is."""
    facts = run_fresh(
        "import json, sys, threading, gonio\n"
        "names = [name for name in gonio.__all__ if getattr(gonio, name) is not None]\n"
        "print(json.dumps({'names': names, 'threads': threading.active_count(),\n"
        "    'loaded': [name for name in ('onnxruntime', 'pycocotools', 'typer', 'IPython') if name in sys.modules]}))",
        tmp_path,
    )
    assert facts == {"names": gonio.__all__, "threads": 1, "loaded": []}
    assert list(tmp_path.iterdir()) == []


def test_the_public_names_are_the_checked_in_ones() -> None:
    """A change of this list is a change of the interface: make it on purpose."""
    assert json.loads(Path(__file__).with_name("public_names.json").read_text()) == gonio.__all__ == dir(gonio)


@pytest.mark.parametrize("name", gonio.__all__)
def test_every_public_name_resolves(name: str) -> None:
    value = getattr(gonio, name)
    assert value is getattr(gonio, name)
    if name != "__version__":
        assert value.__module__.startswith("gonio.")
        assert value.__doc__


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"module 'gonio' has no attribute 'Pose'; it has Analysis.*stream_many$"):
        gonio.Pose  # noqa: B018
