"""One virtual environment per library, with pinned versions, so that no library's needs disturb another's.

An environment is made once and kept under ``.work/``; a changed recipe makes it anew. A recipe that fails is
an `EnvironmentFailedError` with pip's own last word, for the report to quote.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = HERE / ".work"

ONNXRUNTIME = "onnxruntime==1.32.0"  # the same runtime in every environment that uses it


class EnvironmentFailedError(Exception):
    """An environment could not be made; the text says why in one line."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one environment is made.

    Attributes:
        name: Folder under ``.work/envs``.
        steps: Arguments of ``pip install``, one tuple per call, in order.
    """

    name: str
    steps: tuple[tuple[str, ...], ...]


# "analysis" has SciPy, which following people through a film needs.
GONIO = Recipe("gonio", (("--editable", f"{ROOT}[analysis,cpu]", ONNXRUNTIME),))

# torch comes first and alone: where pip is pointed at a CPU wheel it takes that one, and nothing later
# replaces it. torchvision and ultralytics come without dependencies: torchvision's would fetch a CUDA torch.
ULTRALYTICS = Recipe(
    "ultralytics",
    (
        ("torch==2.13.0",),
        (
            ONNXRUNTIME,
            "matplotlib==3.11.2",
            "numpy==2.4.6",
            "onnx==1.23.2",
            "onnxslim==0.1.98",
            "opencv-python-headless==5.0.0.93",
            "pillow==13.0.0",
            "polars==2.1.0",
            "psutil==7.2.2",
            "pyyaml==6.0.3",
            "requests==2.34.2",
        ),
        ("--no-deps", "torchvision==0.28.0", "ultralytics-thop==2.2.3", "ultralytics==8.4.190"),
    ),
)

# 0.10.21 is the last line that still carries mp.solutions and a landmark model inside its wheel.
MEDIAPIPE = Recipe("mediapipe", (("mediapipe==0.10.21", "numpy==1.26.4"),))

RTMLIB = Recipe("rtmlib", (("rtmlib==0.0.16", ONNXRUNTIME, "numpy==2.4.6"),))


def ensure(recipe: Recipe) -> Path:
    """The environment's Python, made now if it is not there or its recipe changed.

    Raises:
        EnvironmentFailedError: If venv or pip fails; pip's full output is in ``.work/logs/NAME-pip.log``.
    """
    folder = WORK / "envs" / recipe.name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "recipe.json"
    wanted = json.dumps(recipe.steps)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    log = WORK / "logs" / f"{recipe.name}-pip.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)], log)
    for step in recipe.steps:
        _run([str(python), "-m", "pip", "install", *step], log)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _run(command: list[str], log: Path) -> None:
    """Run one command with its output in ``log``; a failure becomes one readable line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n{done.stdout}\n")
    if done.returncode != 0:
        raise EnvironmentFailedError(f"its environment could not be made: {last_word(done.stdout)}")


def last_word(output: str) -> str:
    r"""The line of an installer's output that says what went wrong: the last ``ERROR``, else the last line.

    Example:
        >>> last_word("Collecting x\nERROR: No matching distribution found for x\nnotice: a new pip is out")
        'ERROR: No matching distribution found for x'
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no output"])[-1]
