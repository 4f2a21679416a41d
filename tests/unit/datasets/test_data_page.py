"""The page about data says what the code does."""

import re
from pathlib import Path

from gonio.datasets.findings import CODES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "data.md"


def test_every_code_is_on_the_page_and_no_other() -> None:
    text = PAGE.read_text("utf-8").split("## Lint")[1].split("###")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", text, flags=re.MULTILINE) == list(CODES)
