"""docs/json-schema.md shows a document that is one, and names every field that the schema has."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from gonio.io.formats import read_json, schema

PAGE = Path(__file__).parents[4] / "docs" / "json-schema.md"


def example() -> str:
    found = re.search(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_example_is_valid_and_readable(tmp_path: Path) -> None:
    jsonschema.validate(json.loads(example()), schema())
    (tmp_path / "example.json").write_text(example())
    assert [len(poses) for poses in read_json(tmp_path / "example.json")] == [1, 0]


@pytest.mark.parametrize("part", ["header", "skeleton", "frame", "person"])
def test_every_field_is_explained(part: str) -> None:
    for field in schema()["$defs"][part]["properties"]:
        assert re.search(rf"^\| [^|]*`{field}`", PAGE.read_text("utf-8"), re.MULTILINE), field
