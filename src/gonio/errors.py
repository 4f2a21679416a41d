"""The error tree: ``except PoseError`` catches everything that Gonio raises on purpose.

::

    PoseError
    ├── ShapeError(ValueError)          arrays that do not fit together
    ├── MediaError                      a picture, video, camera or stream that cannot be read or written
    │   └── TruncatedMediaError         it ended before the end that it announced
    ├── ModelError
    │   ├── UnknownModelError           no model of that name
    │   ├── WeightsError                a weights file is missing, damaged or not the one the card names
    │   └── ModelMismatchError          the weights do not have the inputs and outputs that the card says
    ├── ConfigError(ValueError)         a setting outside its range
    ├── ExportError                     an exported file that does not do what its source does, or cannot be made
    └── MissingDependencyError(ImportError)   an optional package is not installed

A message is one sentence of fact, with the value seen, and one of help.
"""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """``"did you mean 'squat'? "`` where a known name is like the one seen, else nothing: part of a message's help.

    Args:
        name: As it was written.
        known: What it may have been meant for.
        cutoff: How like one has to be: 1 is the same, as in `difflib.get_close_matches`.

    Example:
        >>> did_you_mean("sqaut", ["squat", "plank"])
        "did you mean 'squat'? "
    """
    close = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"did you mean {close[0]!r}? " if close else ""


class PoseError(Exception):
    """Base of every error that Gonio raises on purpose."""


class ShapeError(PoseError, ValueError):
    """Arrays whose shapes do not fit together."""


class MediaError(PoseError):
    """A picture, video, camera or stream that cannot be read or written."""


class TruncatedMediaError(MediaError):
    """A medium that ended before the end that it announced."""


class ModelError(PoseError):
    """Anything wrong with a model."""


class UnknownModelError(ModelError):
    """No model of that name."""


class WeightsError(ModelError):
    """A weights file that is missing, damaged or not the one that the card names."""


class ModelMismatchError(ModelError):
    """Weights whose inputs or outputs are not those that the card says."""


class ConfigError(PoseError, ValueError):
    """A setting outside its range, or two settings that exclude each other."""


class ExportError(PoseError):
    """An exported or quantised file that does not do what its source does, or that cannot be made."""


class MissingDependencyError(PoseError, ImportError):
    """An optional package that is not installed."""
