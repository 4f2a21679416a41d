"""The size of the picture that stored keypoints were found in, where the file has it."""

import json
from pathlib import Path
from typing import Any

from gonio.io.formats.records import FORMAT

_UNKNOWN = "unknown"
"""What a JSON that was written from a sequence has for its model; the size in it is then no picture's."""


def picture_size(path: str | Path) -> tuple[int, int] | None:
    """Width and height of the first frame in Gonio's JSON or JSON Lines; None of anything else.

    It complains of nothing: whoever reads the keypoints does.
    """
    path = Path(path)
    try:
        match path.suffix.lower():
            case ".json":
                header = json.loads(path.read_text("utf-8"))
                return _size_of(header, header["frames"][0])
            case ".jsonl":
                with path.open(encoding="utf-8") as lines:
                    return _size_of(json.loads(lines.readline()), json.loads(lines.readline()))
    except (OSError, ValueError, RecursionError, TypeError, LookupError):
        pass
    return None


def _size_of(header: Any, frame: Any) -> tuple[int, int] | None:
    if header["format"] != FORMAT or header["model"] == _UNKNOWN:
        return None
    return int(frame["width"]), int(frame["height"])
