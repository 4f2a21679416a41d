"""``gonio data view --augment`` on real people, as a user runs it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Gonio = Callable[..., Any]
TILE = 64


@pytest.fixture
def labels(shared_data: Path) -> Path:
    return shared_data / "coco-mini" / "annotations" / "person_keypoints_val2017.json"


def test_a_sheet_of_two_people(gonio: Gonio, labels: Path, tmp_path: Path) -> None:
    options = ["--augment", "--rows", "2", "--kind", "rotation", "--kind", "object_patch", "--tile", str(TILE)]
    sheets = [tmp_path / f"{name}.png" for name in ("one", "again", "other")]
    for sheet, seed in zip(sheets, ("1", "1", "2"), strict=True):
        result = gonio("data", "view", labels, *options, "--seed", seed, "--out", sheet)
        assert result.returncode == 0, result.stderr
        assert "people with keypoints 1 to 2 of" in result.stderr
    with Image.open(sheets[0]) as image:
        assert image.size == ((1 + 2 + 4) * (TILE + 6) + 6, 2 * (TILE + 28) + 6)
    assert sheets[0].read_bytes() == sheets[1].read_bytes() != sheets[2].read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--augment", "--kind", "mixup"], "there is no augmentation 'mixup'; there are: scale,"),
        (["--kind", "flip"], "--kind names kinds of augmentation; give --augment too"),
        (["--augment", "--page", "9999"], "people with keypoints, none on page 9999"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    gonio: Gonio, labels: Path, tmp_path: Path, check: Any, options: list[str], message: str
) -> None:
    check.refused(gonio("data", "view", labels, *options, "--out", tmp_path / "a.png"), message)
