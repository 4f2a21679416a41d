from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gonio.errors import MediaError
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, image_labels, image_size_hw, images_in
from gonio.io.images import read_image

TOY = skeleton_of_names(["top", "left_end", "right_end"], name="toy")


def test_what_is_given_is_kept_and_what_is_not_labelled_is_missing() -> None:
    xyv = np.array([[10, 20, 2], [30, 40, 1], [50, 60, 0]], np.float64)
    labels = image_labels(
        [LabelledPerson(xyv, (1, 2, 30, 40), 7.5, True)], TOY, image_id=3, file_name="a.png", image_hw=(100, 200)
    )
    np.testing.assert_array_equal(labels.keypoints[0], [[10, 20], [30, 40], [np.nan, np.nan]])
    assert labels.visibility.tolist() == [[2, 1, 0]]
    assert (labels.boxes.tolist(), labels.areas.tolist()) == ([[1, 2, 30, 40]], [7.5])
    assert (labels.is_crowd.tolist(), labels.image_id, labels.image_hw) == ([True], 3, (100, 200))


def test_a_missing_box_is_the_keypoints_and_a_tenth_and_a_missing_area_half_of_it() -> None:
    """Points from 10 to 60 across 51 px, so 5.1 px more on each side, cut at the picture's left edge."""
    xyv = np.array([[3, 20, 2], [60, 40, 1], [50, 30, 2]], np.float64)
    labels = image_labels([LabelledPerson(xyv)], TOY, image_id=1, file_name="a", image_hw=(100, 200))
    np.testing.assert_allclose(labels.boxes, [[0, 20 - 5.8, 61 + 5.8, 41 + 5.8]], rtol=1e-6)
    np.testing.assert_allclose(labels.areas, 0.53 * 66.8 * (46.8 - 14.2), rtol=1e-5)


def test_who_has_neither_box_nor_keypoint_is_left_out() -> None:
    nobody = LabelledPerson(np.zeros((3, 3)))
    boxed = LabelledPerson(np.zeros((3, 3)), (0, 0, 5, 5))
    labels = image_labels([nobody, boxed], TOY, image_id=1, file_name="a", image_hw=(9, 9))
    assert labels.boxes.tolist() == [[0, 0, 5, 5]]


def test_no_people() -> None:
    labels = image_labels([], TOY, image_id=1, file_name="a", image_hw=(9, 9))
    assert (labels.keypoints.shape, labels.boxes.shape) == ((0, 3, 2), (0, 4))


def test_sizes_are_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg")
    Image.new("RGB", (30, 20)).save(tmp_path / "b.jpg", exif=exif)
    assert (image_size_hw(tmp_path / "a.jpg"), image_size_hw(tmp_path / "b.jpg")) == ((20, 30), (30, 20))
    for suffix in ("tif", "png", "webp"):
        Image.new("RGB", (30, 20)).save(tmp_path / f"d.{suffix}", exif=exif)
        assert image_size_hw(tmp_path / f"d.{suffix}") == read_image(tmp_path / f"d.{suffix}").shape[:2] == (30, 20)
    (tmp_path / "c.jpg").write_text("no picture")
    with pytest.raises(MediaError, match=r"cannot read the size of .*c.jpg"):
        image_size_hw(tmp_path / "c.jpg")


def test_pictures_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.PNG", "sub/a.jpg", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).touch()
    assert images_in(tmp_path) == [tmp_path / "b.PNG", tmp_path / "sub" / "a.jpg"]
    with pytest.raises(MediaError, match="no folder"):
        images_in(tmp_path / "none")
