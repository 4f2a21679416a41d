"""The pages on paper: written whole, and complete."""

import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.motion_report.conftest import HOSTILE

from gonio.analysis.result import Analysis
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.pdf import write_pdf
from gonio.motion_report.sheets import Sheets

pytest.importorskip("matplotlib", reason="matplotlib is not installed; it comes with the extra 'analysis'")


def pages(path: Path) -> int:
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type /Page\b", data))


def pictures_in(path: Path) -> int:
    return len(re.findall(rb"/Subtype /Image", path.read_bytes()))


def test_a_report_has_pages_curves_and_stills(content: ReportContent, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    write_pdf(path, content)
    assert 2 <= pages(path) <= 4
    assert pictures_in(path) >= 3
    streams = re.findall(rb"stream\r?\n(.*?)endstream", path.read_bytes(), re.DOTALL)
    drawn = b"".join(zlib.decompress(one) for one in streams if one[:1] == b"x")
    assert drawn.count(b" l\n") > 100  # the curves are lines, not pictures


def test_equal_content_gives_an_equal_file(content: ReportContent, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        write_pdf(tmp_path / name, replace(content, pictures=None))
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize("analyses", [(), (Analysis("angles", 3),), (Analysis(HOSTILE + " $\\frac{$ 漢字", 9),)])
def test_little_is_enough(content: ReportContent, tmp_path: Path, analyses: tuple[Analysis, ...]) -> None:
    write_pdf(tmp_path / "a.pdf", replace(content, analyses=analyses, source=HOSTILE), ReportOptions(blur_faces=True))
    assert pages(tmp_path / "a.pdf") == 1


def test_every_repetition_is_on_paper(content: ReportContent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    row = Sheets.row

    def noted(self: Sheets, cells: list[tuple[float, str]], **how: Any) -> None:
        written.extend(text for _, text in cells)
        row(self, cells, **how)

    monkeypatch.setattr(Sheets, "row", noted)
    write_pdf(tmp_path / "a.pdf", replace(content, pictures=None))
    assert written.count("100.0° ± 3.4°") == 3
    assert "Knee valgus" in written
