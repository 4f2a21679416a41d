"""What the two readers share: text to strict JSON, and times and track ids that fit over all frames."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from gonio.errors import MediaError
from gonio.structures.poses import Poses


def read_text(path: str | Path) -> str:
    """The file's text.

    Raises:
        MediaError: If it cannot be read or is not UTF-8.
    """
    try:
        return Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; check the path") from error
    except UnicodeDecodeError as error:
        raise MediaError(
            f"cannot read '{path}': byte {error.start} is not UTF-8 text; is it a file of poses?"
        ) from error


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text.

    Args:
        text: One JSON value; NaN and Infinity, which Python would accept, are refused.
        where: The text's name in an error's sentence.

    Raises:
        MediaError: If it is not JSON; the sentence names line and column.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MediaError(f"{where} is not JSON: {error.msg} at {place}; was it cut off or edited?") from error
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{where} is not JSON that can be read: {error}; was it edited?") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} stands where a number or null belongs")


def same_tracking(frames: Sequence[Poses]) -> list[Poses]:
    """Frames without people, which cannot show whether they were tracked, say so when the others were."""
    if all(poses.track_ids is None for poses in frames):
        return list(frames)
    nobody = np.zeros(0, np.int64)
    return [replace(poses, track_ids=nobody) if len(poses) == 0 else poses for poses in frames]
