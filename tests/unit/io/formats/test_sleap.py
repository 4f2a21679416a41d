"""The file itself is read by sleap-io; its project is stood in for here, and tests/golden has the real one."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gonio.errors import MediaError
from gonio.io.formats import sleap


def project(
    points: list[list[float]], *, filename: Any = "clips/run.mp4", shape: Any = (9, 48, 64, 3)
) -> SimpleNamespace:
    skeleton = SimpleNamespace(name="toy", node_names=["nose", "knee_L", "knee_R"], edge_inds=[(0, 1)])
    instance = SimpleNamespace(numpy=lambda: np.array(points))
    video = SimpleNamespace(filename=filename, shape=shape)
    frame = SimpleNamespace(video=video, frame_idx=1, user_instances=[instance])
    return SimpleNamespace(skeletons=[skeleton], labeled_frames=[frame])


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    path = tmp_path / "toy.slp"
    path.write_bytes(b"HDF")

    def make(content: SimpleNamespace) -> Path:
        stand_in = SimpleNamespace(load_slp=lambda *_, **__: content)
        monkeypatch.setattr(sleap, "require", lambda *_, **__: stand_in)
        return path

    return make


def test_a_frame_of_a_video(load: Any) -> None:
    (labels,) = sleap.read_sleap(load(project([[1, 2], [3, 4], [np.nan, np.nan]])))
    assert labels.skeleton.keypoint_names == ("nose", "left_knee", "right_knee")
    assert labels.skeleton.links == ((0, 1),)
    assert labels.visibility.tolist() == [[2, 2, 0]]
    assert (labels.file_name, labels.image_hw) == ("run/000001.png", (48, 64))


def test_a_frame_of_a_list_of_pictures(load: Any, tmp_path: Path) -> None:
    path = load(project([[1, 2]] * 3, filename=["x/a.png", "x/b.png"], shape=None))
    with pytest.raises(MediaError, match=r"the size of 'b.png' is not known"):
        sleap.read_sleap(path)
    Image.new("RGB", (30, 20)).save(tmp_path / "b.png")
    (labels,) = sleap.read_sleap(path)
    assert (labels.file_name, labels.image_hw) == ("b.png", (20, 30))


def test_one_skeleton_only(load: Any) -> None:
    content = project([[1, 2]] * 3)
    content.skeletons *= 2
    with pytest.raises(MediaError, match="has 2 skeletons"):
        sleap.read_sleap(load(content))
