"""Text of files as other systems and spreadsheets write it."""

from pathlib import Path

import pytest

from gonio.errors import MediaError
from gonio.io.formats.reading import parse_json, point_for_comma, read_text, rows_of_table

TEXT = "frame;x\n0;1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_of_any_system(tmp_path: Path, encoding: str, end: str) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.replace("\n", end).encode(encoding))
    assert read_text(tmp_path / "a.csv") == TEXT


def test_a_code_page_of_windows(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_bytes("José\r\n1".encode("latin-1"))
    with pytest.raises(MediaError, match="byte 3 is not UTF-8 text"):
        read_text(tmp_path / "a.trc")
    assert read_text(tmp_path / "a.trc", any_bytes=True) == "José\n1"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\n"1,5",2\n\n', [["a", "b"], ["1,5", "2"]]),
        ("a;b\n1,5;-2,5e-3\n", [["a", "b"], ["1.5", "-2.5e-3"]]),
        ("a\tb\n1.5\tx, y\n", [["a", "b"], ["1.5", "x, y"]]),
        ("", []),
    ],
    ids=["commas", "semicolons", "tabs", "nothing"],
)
def test_rows(text: str, rows: list[list[str]]) -> None:
    assert rows_of_table(text) == rows


def test_only_numbers_lose_their_comma() -> None:
    assert [point_for_comma(cell) for cell in ("1,5", " +0,25 ", "1,2,3", "a,b", "7")] == [
        "1.5", " +0.25 ", "1,2,3", "a,b", "7",
    ]  # fmt: skip


def test_nan_only_where_it_is_allowed() -> None:
    assert parse_json("[1]", "it") == [1]
    assert len(parse_json("[NaN]", "it", nan=True)) == 1
    with pytest.raises(MediaError, match="NaN stands where"):
        parse_json("[NaN]", "it")
