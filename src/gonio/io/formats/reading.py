"""What readers share: text of a file, rows of a table, strict JSON, and track ids that fit over all frames."""

import codecs
import csv
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from gonio.errors import MediaError
from gonio.structures.poses import Poses

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


def read_text(path: str | Path, *, any_bytes: bool = False) -> str:
    """The file's text: UTF-8, or UTF-16 with its mark, as spreadsheets and PowerShell write it.

    Args:
        path: The file.
        any_bytes: What is neither is taken for Latin-1 instead of refused: in files whose numbers are plain and whose
            header may hold a path in the old code page of some Windows.

    Raises:
        MediaError: If it cannot be read or is not such text.
    """
    try:
        content = Path(path).read_bytes()
        return _with_plain_ends(content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig"))
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; check the path") from error
    except UnicodeDecodeError as error:
        if any_bytes:
            return _with_plain_ends(content.decode("latin-1"))
        raise MediaError(
            f"cannot read '{path}': byte {error.start} is not UTF-8 text; is it a file of poses?"
        ) from error


def rows_of_table(text: str) -> list[list[str]]:
    r"""The cells of a CSV text, without blank lines.

    Commas, or what stands in the first line more often: semicolons, as spreadsheets write where the comma is the
    decimal sign, or tabs. A number with a decimal comma is given a point.

    Example:
        >>> rows_of_table("frame;x\n0;1,5\n")
        [['frame', 'x'], ['0', '1.5']]
    """
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    return rows if delimiter == "," else [[point_for_comma(cell) for cell in row] for row in rows]


def point_for_comma(cell: str) -> str:
    """A number with a decimal comma, with a point; any other text as it is."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell


def parse_json(text: str, where: str, *, nan: bool = False) -> Any:
    """The value of a JSON text.

    Args:
        text: One JSON value; NaN and Infinity, which Python would accept, are refused.
        where: The text's name in an error's sentence.
        nan: Accept them: programs that dump arrays write NaN for what is missing.

    Raises:
        MediaError: If it is not JSON; the sentence names line and column.
    """
    try:
        return json.loads(text, parse_constant=None if nan else _refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MediaError(f"{where} is not JSON: {error.msg} at {place}; was it cut off or edited?") from error
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{where} is not JSON that can be read: {error}; was it edited?") from error


def _with_plain_ends(text: str) -> str:
    """Lines that end as on Linux, whatever system wrote them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} stands where a number or null belongs")


def same_tracking(frames: Sequence[Poses]) -> list[Poses]:
    """Frames without people, which cannot show whether they were tracked, say so when the others were."""
    if all(poses.track_ids is None for poses in frames):
        return list(frames)
    nobody = np.zeros(0, np.int64)
    return [replace(poses, track_ids=nobody) if len(poses) == 0 else poses for poses in frames]
