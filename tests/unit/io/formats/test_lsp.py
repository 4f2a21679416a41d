"""The reading of the file itself is tested against scipy in tests/golden; here the numbers are given."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from gonio.errors import MediaError
from gonio.io.formats import lsp


@pytest.fixture
def matlab(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What scipy would find in the file."""
    content: dict[str, object] = {}
    monkeypatch.setattr(lsp, "require", lambda *_, **__: SimpleNamespace(loadmat=lambda _: content))
    return content


def make_set(folder: Path, *names: str) -> Path:
    (folder / "images").mkdir()
    for name in names:
        Image.new("RGB", (64, 48)).save(folder / "images" / name)
    (folder / "joints.mat").write_bytes(b"MATLAB")
    return folder / "joints.mat"


def test_lsp_has_one_where_a_joint_is_hidden(tmp_path: Path, matlab: dict[str, object]) -> None:
    joints = np.zeros((3, 14, 2))
    joints[0], joints[1], joints[2, 5, 1] = np.arange(14)[:, None], 7, 1
    matlab["joints"] = joints
    first, second = lsp.read_lsp(make_set(tmp_path, "im0001.jpg", "im0002.jpg"))
    assert first.skeleton.name == "lsp14"
    assert (first.visibility == 2).all()
    assert second.visibility[0].tolist() == [2] * 5 + [1] + [2] * 8
    assert first.keypoints[0, 5].tolist() == [5, 7]
    assert (second.file_name, second.image_id, second.image_hw) == ("im0002.jpg", 2, (48, 64))


def test_lsp_extended_has_one_where_a_joint_is_labelled(tmp_path: Path, matlab: dict[str, object]) -> None:
    joints = np.ones((14, 3, 1))
    joints[5, 2] = 0
    matlab["joints"] = joints
    (labels,) = lsp.read_lsp(make_set(tmp_path, "im00001.jpg"))
    assert labels.visibility[0].tolist() == [2] * 5 + [0] + [2] * 8


def test_what_is_wrong_is_said(tmp_path: Path, matlab: dict[str, object]) -> None:
    path = make_set(tmp_path)
    with pytest.raises(MediaError, match=r"'joints' has shape \(0,\); LSP has"):
        lsp.read_lsp(path)
    matlab["joints"] = np.ones((3, 14, 1))
    with pytest.raises(MediaError, match=r"im0001\.jpg' does not exist; give the folder"):
        lsp.read_lsp(path)
