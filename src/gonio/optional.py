"""Optional packages: imported on first use, named with the command that installs them when missing."""

import importlib
import os
from types import ModuleType

from gonio.errors import MissingDependencyError


def without_telemetry() -> None:
    """Tell packages that would report their use not to; to be called before they are imported.

    ONNX Runtime's Linux wheel keeps a device id and a queue of events in ``~/.cache/Microsoft`` and has a client that
    sends them, from its import on, unless this variable is set. Seen in onnxruntime 1.32.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: Name to import, for example ``"onnxruntime"``.
        extra: Gonio's extra that installs it.
        purpose: What needs it, as the start of a sentence: ``"running a model"``.

    Raises:
        MissingDependencyError: If the package is not installed.
    """
    without_telemetry()
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingDependencyError(
            f"{purpose} needs {module}, which is not installed; install it with: pip install 'gonio[{extra}]'"
        ) from error
