"""What the bytes of an ONNX file tell, against files that the onnx package writes."""

from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import pytest

from gonio.models.onnx_bytes import external_places, is_inside, is_onnx, read_files
from gonio.models.registry import WEIGHTS_FOLDER

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny


@pytest.mark.parametrize("path", sorted(WEIGHTS_FOLDER.glob("*.onnx")), ids=lambda path: path.stem)
def test_shipped_files_are_onnx(path: Path) -> None:
    assert is_onnx(path)


def test_a_file_that_is_cut_anywhere_is_none(tiny: "Tiny") -> None:
    path = tiny.onnx({"a": 1})
    content = path.read_bytes()
    assert is_onnx(path)
    whole = []
    for size in range(len(content)):
        path.write_bytes(content[:size])
        if is_onnx(path):
            whole.append(size)
    fields = onnx.load_model_from_string(content)
    fields.ClearField("opset_import")  # what stands behind the graph, and cannot be missed without reading all
    assert all(size >= fields.ByteSize() for size in whole)


@pytest.mark.parametrize("content", [b"", b"\x00" * 400, b"PK\x03\x04" + b"x" * 60, b"<html></html>", b"\xff" * 40])
def test_other_files_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    assert not is_onnx(path)


@pytest.mark.parametrize("place", ["lent.data", "w/deep.data", "w/" + "long" * 40 + ".data", "a/b/c.bin"])
def test_places_of_external_weights(tiny: "Tiny", place: str) -> None:
    path = tiny.onnx({"a": 1})
    (path.parent / place).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location=place, size_threshold=0)
    assert is_onnx(path)
    assert external_places(path) == (place,)
    assert list(read_files(path)) == [place]
    (path.parent / place).unlink()
    assert read_files(path) == {}


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        ("a", True),
        ("a/b.data", True),
        ("..a/b", True),
        ("", False),
        ("..", False),
        ("a/../../b", False),
        ("./a", False),
        ("/etc/passwd", False),
        ("a//b", False),
        ("C:x", False),
        ("a\\..\\b", False),
        ("a\0b", False),
    ],
)
def test_places_inside_a_folder(place: str, inside: bool) -> None:
    assert is_inside(place) == inside
