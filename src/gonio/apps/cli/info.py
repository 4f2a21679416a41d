"""``gonio info``: what runs here, for a bug report."""

import json as json_text
import os
import platform
import sys
from importlib import metadata
from typing import Annotated, Any

import typer

from gonio._version import __version__
from gonio.models.registry import WEIGHTS_FOLDER
from gonio.models.runtimes import list_runtimes
from gonio.models.store import store
from gonio.processors import available_cpus

_PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "av",
    "pillow",
    "pydantic",
    "typer",
    "onnxruntime",
    "onnxruntime-gpu",
    "openvino",
    "ai-edge-litert",
    "torch",
    "pycocotools",
)


def info(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show versions, runtimes, the CPU and where the weights lie.

    Example: gonio info
    """
    facts = _facts()
    if json:
        sys.stdout.write(json_text.dumps(facts, indent=2) + "\n")
        return
    for name, value in facts.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        typer.echo(f"{name:>15}  {text}")


def _facts() -> dict[str, Any]:
    return {
        "gonio": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cpus": available_cpus(),
        "GONIO_THREADS": os.environ.get("GONIO_THREADS", "not set"),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "runtimes": _runtimes() or "none; install one with: pip install 'gonio[cpu]'",
        "weights": str(WEIGHTS_FOLDER),
        "models pulled to": f"{store().home} (GONIO_HOME; nothing is downloaded unless asked)",
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _runtimes() -> str:
    """Each with its devices: ``onnxruntime (cpu, cuda), torch (cpu)``."""
    return ", ".join(f"{name} ({', '.join(devices)})" for name, devices in list_runtimes().items())


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    except OSError:
        return platform.processor() or "unknown"
