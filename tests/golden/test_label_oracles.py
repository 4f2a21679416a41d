"""Label files against the libraries that define them: pycocotools, scipy's MATLAB files, sleap-io."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from gonio.io.formats.coco import read_coco_keypoints
from gonio.io.formats.coco_labels import write_coco_keypoints
from gonio.io.formats.labels import read_labels


def test_pycocotools_loads_what_we_write_and_finds_the_same(shared_data: Path, tmp_path: Path) -> None:
    original = shared_data / "coco-mini" / "annotations" / "person_keypoints_val2017.json"
    write_coco_keypoints(tmp_path / "ours.json", read_coco_keypoints(original))
    theirs, ours = COCO(str(original)), COCO(str(tmp_path / "ours.json"))
    assert ours.getImgIds() == theirs.getImgIds()
    for image_id in theirs.getImgIds():
        before = theirs.loadAnns(theirs.getAnnIds(imgIds=image_id, catIds=[1]))
        after = ours.loadAnns(ours.getAnnIds(imgIds=image_id))
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            xyv = np.array(one["keypoints"]).reshape(-1, 3)
            xyv[xyv[:, 2] == 0] = 0
            np.testing.assert_allclose(np.array(other["keypoints"]).reshape(-1, 3), xyv)
            np.testing.assert_allclose(other["bbox"], one["bbox"], atol=1e-4)
            np.testing.assert_allclose(other["area"], one["area"], rtol=1e-6)
            assert (other["iscrowd"], other["num_keypoints"]) == (one["iscrowd"], one["num_keypoints"])


@pytest.mark.parametrize("extended", [False, True], ids=["lsp", "lsp-extended"])
def test_a_matlab_file_that_scipy_wrote(tmp_path: Path, extended: bool) -> None:
    scipy_io = pytest.importorskip("scipy.io", reason="scipy writes the file")
    xyf = np.random.default_rng(0).uniform(1, 40, (2, 14, 3)).round(2)
    xyf[..., 2] = np.arange(14) % 2
    joints = xyf.transpose(1, 2, 0) if extended else xyf.transpose(2, 1, 0)
    scipy_io.savemat(tmp_path / "joints.mat", {"joints": joints})
    (tmp_path / "images").mkdir()
    for i in (1, 2):
        Image.new("RGB", (64, 48)).save(tmp_path / "images" / (f"im{i:05d}.jpg" if extended else f"im{i:04d}.jpg"))
    first, second = read_labels(tmp_path / "joints.mat")
    assert first.visibility[0].tolist() == ([0, 2] if extended else [2, 1]) * 7
    labelled = second.visibility[0] > 0
    np.testing.assert_allclose(second.keypoints[0][labelled], xyf[1, labelled, :2], rtol=1e-6)


def test_a_file_that_sleap_io_wrote(tmp_path: Path) -> None:
    sio = pytest.importorskip("sleap_io", reason="sleap-io writes the file")
    for i in range(2):
        Image.new("RGB", (64, 48)).save(tmp_path / f"{i}.png")
    skeleton = sio.Skeleton(nodes=["nose", "knee_L", "knee_R"], edges=[("nose", "knee_L")], name="toy")
    video = sio.Video.from_filename([str(tmp_path / "0.png"), str(tmp_path / "1.png")])
    points = np.array([[1.0, 2.0], [3.0, 4.0], [np.nan, np.nan]])
    mine = sio.Instance.from_numpy(points, skeleton=skeleton)
    machine = sio.PredictedInstance.from_numpy(points + 9, skeleton=skeleton, point_scores=np.ones(3), score=1.0)
    frame = sio.LabeledFrame(video=video, frame_idx=1, instances=[mine, machine])
    sio.save_slp(sio.Labels([frame]), str(tmp_path / "toy.slp"))
    (labels,) = read_labels(tmp_path / "toy.slp")
    np.testing.assert_array_equal(labels.keypoints[0], points)
    assert (labels.visibility.tolist(), labels.file_name, labels.image_hw) == ([[2, 2, 0]], "1.png", (48, 64))
    assert labels.skeleton.links == ((0, 1),)


def test_the_file_is_plain_json(shared_data: Path, tmp_path: Path) -> None:
    original = shared_data / "coco-mini" / "annotations" / "person_keypoints_train2017.json"
    write_coco_keypoints(tmp_path / "ours.json", read_coco_keypoints(original))
    content = json.loads((tmp_path / "ours.json").read_text())
    assert sorted(content) == ["annotations", "categories", "images", "info", "licenses"]
