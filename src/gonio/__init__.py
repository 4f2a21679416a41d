"""Gonio: human pose estimation that people can measure with.

>>> import gonio
>>> results = gonio.predict("photo.jpg")  # doctest: +SKIP
>>> results[0].show()  # doctest: +SKIP

Every name below is loaded on first use, so that ``import gonio`` is quick and has no side effects.
"""

import importlib
from typing import TYPE_CHECKING, Any

from gonio._version import __version__

if TYPE_CHECKING:
    from gonio.analysis.options import AnalysisOptions
    from gonio.draw.overlay import DrawStyle
    from gonio.errors import PoseError
    from gonio.io.sources import open_source
    from gonio.models.loader import load_model
    from gonio.models.registry import list_models
    from gonio.motion.analyse import Motion, analyse
    from gonio.pipeline import predict, stream
    from gonio.results import Result, Results
    from gonio.streams import stream_many
    from gonio.structures.conversion import convert_poses
    from gonio.structures.frame import Frame
    from gonio.structures.poses import Poses
    from gonio.structures.sequence import PoseSequence
    from gonio.structures.skeleton import Skeleton, load_skeleton

_HOME = {
    "AnalysisOptions": "gonio.analysis.options",
    "DrawStyle": "gonio.draw.overlay",
    "Frame": "gonio.structures.frame",
    "Motion": "gonio.motion.analyse",
    "PoseError": "gonio.errors",
    "PoseSequence": "gonio.structures.sequence",
    "Poses": "gonio.structures.poses",
    "Result": "gonio.results",
    "Results": "gonio.results",
    "Skeleton": "gonio.structures.skeleton",
    "analyse": "gonio.motion.analyse",
    "convert_poses": "gonio.structures.conversion",
    "list_models": "gonio.models.registry",
    "load_model": "gonio.models.loader",
    "load_skeleton": "gonio.structures.skeleton",
    "open_source": "gonio.io.sources",
    "predict": "gonio.pipeline",
    "stream": "gonio.pipeline",
    "stream_many": "gonio.streams",
}

__all__ = [
    "AnalysisOptions",
    "DrawStyle",
    "Frame",
    "Motion",
    "PoseError",
    "PoseSequence",
    "Poses",
    "Result",
    "Results",
    "Skeleton",
    "__version__",
    "analyse",
    "convert_poses",
    "list_models",
    "load_model",
    "load_skeleton",
    "open_source",
    "predict",
    "stream",
    "stream_many",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gonio' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
