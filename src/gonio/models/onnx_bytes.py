"""What the bytes of an ONNX file tell without a runtime: is it one, and which other files does it read?

A file is one protobuf message (``ModelProto`` in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): fields one
after the other, each a tag (number x 8 + how long it is) and its content. Weights are fields of fields, and skipped.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gonio.models.digest import sha256_of

_GRAPH, _OUTPUT = 7, 12  # the graph of a model, an output of a graph
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_LONGEST_VARINT = 10


def is_onnx(path: Path) -> bool:
    """Whether a file is whole and holds a graph with an output; it need not run.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        end = path.stat().st_size
        try:
            graphs = [place for number, place in _fields(file, 0, end) if number == _GRAPH]
            return any(number == _OUTPUT for start, stop in graphs for number, _ in _fields(file, start, stop))
        except ValueError:
            return False


def external_places(path: Path) -> tuple[str, ...]:
    """Where, seen from its folder, the other files lie in which an ONNX file says that weights of its are.

    A tensor (field 13, external_data, https://onnx.ai/onnx/repo-docs/ExternalData.html) has an entry of the key
    ``location``; behind it stand the length of the place and the place.

    Raises:
        OSError: If it cannot be read.
    """
    content = path.read_bytes()
    places = set()
    for one in re.finditer(rb"\n\x08location\x12([\x80-\xff]?[\x01-\x7f])", content):
        length = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(one[1]))
        places.add(content[one.end() : one.end() + length].decode("utf-8", "replace"))
    return tuple(sorted(places))


def read_files(path: Path) -> dict[str, str]:
    """The files that an ONNX file reads, by their places below its folder, each with its sha256; those that are there.

    Raises:
        OSError: If one cannot be read.
    """
    places = {posixpath.normpath(place) for place in external_places(path)}
    found = {place: path.parent / place for place in sorted(places) if is_inside(place)}
    return {place: sha256_of(file) for place, file in found.items() if file.is_file()}


def is_inside(place: str) -> bool:
    """Whether a place, seen from a folder, is in it or below it on every system."""
    parts = place.split("/")
    return not (set(parts) & {"", ".", ".."} or PurePosixPath(place).is_absolute() or re.search(r"[\\:\0]", place))


def _fields(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Numbers of the fields between two places in a file, and where the content of each begins and ends.

    Raises:
        ValueError: If that is no message.
    """
    at = start
    while at < end:
        file.seek(at)
        tag = _varint(file)
        number, kind = tag >> 3, tag & 7
        length = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4, _VARINT: 0}.get(kind)
        if kind == _VARINT:
            _varint(file)
        elif kind == _LENGTH:
            length = _varint(file)
        begin = file.tell()
        if not number or length is None or begin + length > end:
            raise ValueError("no message of protobuf")
        yield number, (begin, begin + length)
        at = begin + length


def _varint(file: BinaryIO) -> int:
    value = 0
    for i in range(_LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << 7 * i
        if byte[0] < 0x80:
            return value
    raise ValueError("no number of protobuf")
