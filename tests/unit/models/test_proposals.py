"""Where a top-down card finds the model that proposes people."""

import json
import shutil
from pathlib import Path

import pytest

from gonio.errors import ConfigError
from gonio.models.loader import load_model
from gonio.models.registry import WEIGHTS_FOLDER, find_card


def copy_of(original: str, folder: Path, **changes: object) -> Path:
    """A shipped card with its weights beside it, under another name."""
    card, _ = find_card(original)
    path = folder / f"my-{original}.json"
    path.write_text(json.dumps(card.model_dump(mode="json", exclude_none=True) | changes))
    shutil.copy(WEIGHTS_FOLDER / card.weights.file, folder)
    return path


def test_a_card_beside_is_found_from_anywhere(tmp_path: Path) -> None:
    copy_of("multipose", tmp_path, name="mine")
    proposals = {"model": "my-multipose.json", "min_score": 0.05}
    load_model(copy_of("lightning", tmp_path, proposals=proposals), threads=1)


def test_a_card_cannot_propose_to_itself(tmp_path: Path) -> None:
    proposals = {"model": "my-lightning.json", "min_score": 0.05}
    path = copy_of("lightning", tmp_path, proposals=proposals)
    with pytest.raises(ConfigError, match=r"proposals come from a detector or a one-stage model, but .* is top-down"):
        load_model(path, threads=1)
