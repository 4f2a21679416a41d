import zipfile
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.cvat import read_cvat
from gonio.structures.skeleton import load_skeleton

META = """<meta><task><labels>
<label><name>figure</name><type>skeleton</type><attributes/>
  <svg>&lt;line x1="1" data-type="edge" data-node-from="2" data-node-to="1"&gt;&lt;/line&gt;
  &lt;circle r="1" data-type="element node" data-node-id="1" data-label-name="Top"&gt;&lt;/circle&gt;
  &lt;circle r="1" data-type="element node" data-node-id="2" data-label-name="End L"&gt;&lt;/circle&gt;
  </svg></label>
<label><name>Top</name><type>points</type><parent>figure</parent></label>
<label><name>End L</name><type>points</type><parent>figure</parent></label>
<label><name>End R</name><type>points</type><parent>figure</parent></label>
<label><name>figure box</name><type>rectangle</type></label>
</labels></task></meta>"""
IMAGE = """<image id="12" name="sub/a.png" width="200" height="100">
<skeleton label="figure" source="manual" z_order="0" group_id="4">
  <points label="End R" source="manual" outside="0" occluded="1" points="30.50,40.25"></points>
  <points label="Top" source="manual" outside="0" occluded="0" points="50.00,60.00"></points>
  <points label="End L" source="manual" outside="1" occluded="0" points="70.00,80.00"></points>
</skeleton>
<box label="figure box" occluded="0" xtl="10" ytl="20.5" xbr="90" ybr="95" z_order="0" group_id="4"></box>
</image>"""
EMPTY = """<image id="13" name="b.png" width="20" height="10"></image>"""


def export(*images: str, meta: str = META) -> str:
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f"{head}<annotations><version>1.1</version>{meta}{''.join(images)}</annotations>"


def write(folder: Path, text: str) -> Path:
    path = folder / "annotations.xml"
    path.write_text(text, "utf-8")
    return path


def test_points_go_by_name_whatever_their_order(tmp_path: Path) -> None:
    labels, empty = read_cvat(write(tmp_path, export(IMAGE, EMPTY)))
    assert labels.skeleton.keypoint_names == ("top", "left_end", "right_end")
    assert (labels.skeleton.links, labels.skeleton.flip_indices) == (((0, 1),), (0, 2, 1))
    np.testing.assert_array_equal(labels.keypoints[0], [[50, 60], [np.nan, np.nan], [30.5, 40.25]])
    assert labels.visibility.tolist() == [[2, 0, 1]]
    assert labels.boxes.tolist() == [[10, 20.5, 90, 95]]
    assert (labels.image_id, labels.file_name, labels.image_hw) == (1, "sub/a.png", (100, 200))
    assert (empty.image_id, len(empty), empty.image_hw) == (2, 0, (10, 20))


def test_without_a_rectangle_in_its_group_the_box_is_made(tmp_path: Path) -> None:
    (labels,) = read_cvat(write(tmp_path, export(IMAGE.replace('group_id="4"></box>', 'group_id="5"></box>'))))
    np.testing.assert_allclose(labels.boxes, [[30.5 - 2.075, 40.25 - 2.075, 51 + 2.075, 61 + 2.075]], rtol=1e-5)


def test_the_zip_as_downloaded(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.writestr("annotations.xml", export(IMAGE))
    assert len(read_cvat(tmp_path / "task.zip")[0]) == 1


def test_an_export_without_its_meta_part(tmp_path: Path) -> None:
    (labels,) = read_cvat(write(tmp_path, export(IMAGE, meta="")))
    assert labels.skeleton.keypoint_names == ("right_end", "top", "left_end")


def test_a_given_skeleton(tmp_path: Path) -> None:
    coco = load_skeleton("coco17")
    (labels,) = read_cvat(write(tmp_path, export(IMAGE).replace("End R", "Right Wrist")), coco)
    assert np.flatnonzero(labels.visibility[0]).tolist() == [coco.index("right_wrist")]
    with pytest.raises(ConfigError, match="has none of the 3 labelled keypoints"):
        read_cvat(write(tmp_path, export(IMAGE)), coco)


def test_one_of_two_skeleton_labels(tmp_path: Path) -> None:
    second = "<label><name>hand</name><type>skeleton</type></label>"
    path = write(tmp_path, export(IMAGE, meta=META.replace("</labels>", second + "</labels>")))
    with pytest.raises(MediaError, match=r"has 2 skeleton labels \(figure, hand\); name one with category"):
        read_cvat(path)
    assert len(read_cvat(path, category="figure")[0]) == 1
    with pytest.raises(MediaError, match=r"has no points"):
        read_cvat(path, category="hand")
    with pytest.raises(MediaError, match=r"no skeleton label 'foot'; there are: figure, hand"):
        read_cvat(path, category="foot")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("<annotations>", "it is not XML", id="cut off"),
        pytest.param("<html/>", "its root is <html>", id="html"),
        pytest.param(export("<track/>"), "tracks of a video; export the task as 'CVAT for images", id="video"),
        pytest.param(export(EMPTY, meta=""), "has 0 skeleton labels; label people with a skeleton", id="no skeleton"),
        pytest.param(export(IMAGE.replace("50.00,60.00", "50.00")), "'sub/a.png' has an odd", id="one number"),
        pytest.param(export(IMAGE.replace(' height="100"', "")), "'sub/a.png' has an odd .*height", id="no height"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_cvat(write(tmp_path, text))


def test_zips_without_labels(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("other.txt", "")
    (tmp_path / "b.zip").write_text("no zip")
    with pytest.raises(MediaError, match=r"no annotations\.xml"):
        read_cvat(tmp_path / "a.zip")
    with pytest.raises(MediaError, match="no zip file"):
        read_cvat(tmp_path / "b.zip")
