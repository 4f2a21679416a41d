"""Label files against the libraries that define them: pycocotools, scipy's MATLAB files, sleap-io."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from gonio.arrays import FloatArray64
from gonio.io.formats.coco import read_coco_keypoints
from gonio.io.formats.coco_labels import write_coco_keypoints
from gonio.io.formats.labels import read_labels, write_labels
from gonio.structures.annotations import Annotations


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


def two_people(shared_data: Path) -> list[Annotations]:
    """The pictures of the sample with exactly two people with keypoints, and no crowd."""
    path = shared_data / "coco-mini" / "annotations" / "person_keypoints_val2017.json"
    images = [one.only((one.visibility > 0).any(axis=1) & ~one.is_crowd) for one in read_coco_keypoints(path)]
    return [one for one in images if len(one) == 2]


def found_by_sleap_io(project: Any, names: Sequence[str]) -> list[list[FloatArray64]]:
    """``(K, 2)`` of each instance of each frame, in our order of keypoints."""
    order = [project.skeletons[0].node_names.index(name) for name in names]
    frames = project.labeled_frames
    return [[np.asarray(one.numpy(), np.float64)[order] for one in frame.instances] for frame in frames]


def check_found(found: list[list[FloatArray64]], images: list[Annotations]) -> None:
    assert [len(people) for people in found] == [len(image) for image in images]
    for people, image in zip(found, images, strict=True):
        for ours, theirs in zip(image.keypoints, people, strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=1e-12)


def test_sleap_io_loads_the_project_that_we_write(shared_data: Path, tmp_path: Path) -> None:
    sio = pytest.importorskip("sleap_io", reason="sleap-io reads and writes the file")
    images = two_people(shared_data)
    assert len(images) >= 3
    pictures = [shared_data / "coco-mini" / "val2017" / image.file_name for image in images]
    write_labels(tmp_path / "a.slp", images, pictures=pictures)
    project = sio.load_slp(str(tmp_path / "a.slp"), open_videos=True)
    check_found(found_by_sleap_io(project, images[0].skeleton.keypoint_names), images)
    assert [tuple(edge) for edge in project.skeletons[0].edge_inds] == list(images[0].skeleton.links)
    for frame, image in zip(project.labeled_frames, images, strict=True):
        assert frame.image.shape[:2] == image.image_hw  # SLEAP finds the picture itself
    after = read_labels(tmp_path / "a.slp")
    assert [one.file_name for one in after] == [image.file_name for image in images]


def test_sleap_io_loads_the_deeplabcut_table_that_we_write(shared_data: Path, tmp_path: Path) -> None:
    sio = pytest.importorskip("sleap_io", reason="sleap-io reads DeepLabCut's CSV")
    images = two_people(shared_data)
    path = tmp_path / "labeled-data" / "clip" / "CollectedData_Ann.csv"
    write_labels(path, images)
    for image in images:
        shutil.copy(shared_data / "coco-mini" / "val2017" / image.file_name, path.parent)
    project = sio.load_dlc(str(path))
    check_found(found_by_sleap_io(project, images[0].skeleton.keypoint_names), images)


@pytest.mark.parametrize("most", [1, 2], ids=["one animal", "several"])
def test_pandas_finds_deeplabcuts_table_in_hdf(tmp_path: Path, shared_data: Path, most: int) -> None:
    """As DeepLabCut reads it, by its key, and with the names of its levels; and as our reader does."""
    pandas = pytest.importorskip("pandas", reason="pandas reads and writes HDF5")
    pytest.importorskip("tables", reason="PyTables reads and writes HDF5")
    images = [one.only(np.arange(most)) for one in two_people(shared_data)]
    path = tmp_path / "labeled-data" / "clip" / "CollectedData_Ann.h5"
    write_labels(path, images)
    frame = pandas.read_hdf(path, key="df_with_missing")
    levels = ["scorer", "individuals", "bodyparts", "coords"]
    assert list(frame.columns.names) == [level for level in levels if most > 1 or level != "individuals"]
    assert frame.index[0] == ("labeled-data", "clip", images[0].file_name)
    person = ("Ann", "individual2") if most > 1 else ("Ann",)
    column = frame[(*person, "nose", "x")].to_numpy()
    np.testing.assert_array_equal(column, [image.keypoints[-1, 0, 0] for image in images])
    after = read_labels(path, images=shared_data / "coco-mini" / "val2017")
    for one, image in zip(after, images, strict=True):
        np.testing.assert_array_equal(one.keypoints, image.keypoints)


def test_the_file_is_plain_json(shared_data: Path, tmp_path: Path) -> None:
    original = shared_data / "coco-mini" / "annotations" / "person_keypoints_train2017.json"
    write_coco_keypoints(tmp_path / "ours.json", read_coco_keypoints(original))
    content = json.loads((tmp_path / "ours.json").read_text())
    assert sorted(content) == ["annotations", "categories", "images", "info", "licenses"]
