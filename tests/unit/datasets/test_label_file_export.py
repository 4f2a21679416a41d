from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gonio.datasets.export import write_label_file
from gonio.errors import ConfigError, MediaError
from gonio.io.formats.label_parts import LabelledPerson, image_labels
from gonio.io.formats.labels import LabelFormat
from gonio.structures.skeleton import load_skeleton


@pytest.mark.parametrize(
    ("name", "kind"), [("a.json", "coco"), ("a.xml", "cvat"), ("a.csv", "deeplabcut"), ("joints.mat", "lsp")]
)
def test_no_picture_is_one_sentence(tmp_path: Path, name: str, kind: LabelFormat) -> None:
    with pytest.raises(ConfigError, match="there is no picture to write; is the file of labels empty"):
        write_label_file(tmp_path / name, [], kind=kind, pictures=[], copy=True)
    assert not list(tmp_path.iterdir())


def test_labels_of_lsp_come_after_their_pictures(tmp_path: Path) -> None:
    """A copy that fails leaves no labels, and so no set that looks whole."""
    pytest.importorskip("scipy.io", reason="scipy writes the file")
    xyv = np.array([[k, k, 2] for k in range(14)], np.float64)
    images = [
        image_labels([LabelledPerson(xyv)], load_skeleton("lsp14"), image_id=i, file_name=f"{i}.jpg", image_hw=(48, 64))
        for i in (1, 2)
    ]
    Image.new("RGB", (64, 48)).save(tmp_path / "1.jpg")
    files = [tmp_path / "1.jpg", tmp_path / "2.jpg"]
    out = tmp_path / "lsp" / "joints.mat"
    with pytest.raises(MediaError, match=r"cannot read '.*2.jpg'"):
        write_label_file(out, images, kind="lsp", pictures=files, copy=True)
    assert not out.exists()
    Image.new("RGB", (64, 48)).save(tmp_path / "2.jpg")
    write_label_file(out, images, kind="lsp", pictures=files, copy=True)
    assert out.exists()
