import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.coco_labels import read_coco_labels, write_coco_keypoints
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.labels import read_labels
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton


def make(image_id: int = 7, people: int = 2) -> Annotations:
    rng = np.random.default_rng(image_id)
    visibility = rng.integers(0, 3, (people, 17))
    keypoints = rng.uniform(-3, 700, (people, 17, 2)).astype(np.float32)
    keypoints[visibility == 0] = np.nan
    corners = rng.uniform(0, 300, (people, 2, 2)).astype(np.float32)
    return Annotations(
        keypoints=keypoints,
        visibility=visibility,
        boxes=np.concatenate([corners[:, 0], corners[:, 0] + corners[:, 1]], axis=1),
        areas=rng.uniform(1, 1e5, people).astype(np.float32),
        is_crowd=np.arange(people) % 2 == 1,
        skeleton=load_skeleton("coco17"),
        image_id=image_id,
        file_name=f"sub/{image_id}.jpg",
        image_hw=(480, 640),
    )


def test_a_round_trip_keeps_everything(tmp_path: Path) -> None:
    images = [make(7), make(3, people=0), make(12, people=1)]
    write_coco_keypoints(tmp_path / "a.json", images)
    back = read_coco_labels(tmp_path / "a.json")
    assert [one.image_id for one in back] == [7, 3, 12]
    for before, after in zip(images, back, strict=True):
        for field in ("keypoints", "visibility", "boxes", "areas", "is_crowd"):
            np.testing.assert_array_equal(getattr(before, field), getattr(after, field), err_msg=field)
        assert (after.file_name, after.image_hw) == (before.file_name, before.image_hw)
        assert after.skeleton is before.skeleton


def test_the_file_is_cocos(tmp_path: Path) -> None:
    images = [make(7)]
    write_coco_keypoints(tmp_path / "a.json", images)
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["categories"][0]["keypoints"] == list(load_skeleton("coco17").keypoint_names)
    assert min(number for link in content["categories"][0]["skeleton"] for number in link) == 1
    first, second = content["annotations"]
    assert (first["id"], second["id"], second["iscrowd"]) == (1, 2, 1)
    assert first["num_keypoints"] == int((images[0].visibility[0] > 0).sum())
    missing = int(np.flatnonzero(images[0].visibility[0] == 0)[0])
    assert first["keypoints"][3 * missing : 3 * missing + 3] == [0, 0, 0]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        pytest.param([], "no image to write", id="none"),
        pytest.param([make(7), make(7)], "2 images have 1 different ids", id="same id"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path: Path, images: list[Annotations], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        write_coco_keypoints(tmp_path / "a.json", images)
    assert list(tmp_path.iterdir()) == []


def test_one_skeleton_per_file(tmp_path: Path) -> None:
    empty = make(1, people=0)
    other = replace(
        empty,
        image_id=2,
        keypoints=np.zeros((0, 14, 2), np.float32),
        visibility=np.zeros((0, 14), np.int64),
        skeleton=load_skeleton("lsp14"),
    )
    with pytest.raises(ConfigError, match="has the skeleton 'lsp14', others 'coco17'"):
        write_coco_keypoints(tmp_path / "a.json", [empty, other])


def test_a_skeleton_of_ones_own_survives(tmp_path: Path) -> None:
    toy = skeleton_of_names(["top", "left_end", "right_end"], name="toy", links=[(0, 1), (0, 2)])
    labels = replace(
        make(1, people=1),
        keypoints=np.ones((1, 3, 2), np.float32),
        visibility=np.full((1, 3), 2),
        skeleton=toy,
    )
    write_coco_keypoints(tmp_path / "a.json", [labels])
    (back,) = read_coco_labels(tmp_path / "a.json")
    assert back.skeleton.keypoint_names == toy.keypoint_names
    assert (back.skeleton.links, back.skeleton.flip_indices) == (toy.links, (0, 2, 1))


def cvat_export() -> dict[str, Any]:
    """As CVAT writes it: sublabels as categories, names with capitals, positions beside visibility 0."""
    return {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "images": [{"id": 1, "width": 64, "height": 48, "file_name": "train/a.png", "license": 0}],
        "categories": [
            {"id": 1, "name": "figure", "keypoints": ["Top", "End-L", "End-R"], "skeleton": [[1, 2], [1, 3], [2, 1]]},
            {"id": 2, "name": "Top", "keypoints": [], "skeleton": []},
            {"id": 3, "name": "End-L", "keypoints": [], "skeleton": []},
        ],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "keypoints": [5.5, 6.25, 2, 30.0, 40.0, 0, 20.0, 10.0, 1],
                "num_keypoints": 2,
                "bbox": [5.5, 6.25, 24.5, 33.75],
                "area": 826.875,
                "iscrowd": 0,
            }
        ],
    }


def test_cvats_coco_export(tmp_path: Path) -> None:
    path = tmp_path / "person_keypoints_default.json"
    path.write_text(json.dumps(cvat_export()))
    (labels,) = read_coco_labels(path)
    assert (labels.skeleton.name, labels.skeleton.keypoint_names) == ("figure", ("top", "left_end", "right_end"))
    assert labels.skeleton.links == ((0, 1), (0, 2))
    np.testing.assert_array_equal(labels.keypoints[0], [[5.5, 6.25], [np.nan, np.nan], [20, 10]])
    assert labels.visibility.tolist() == [[2, 0, 1]]


def test_another_spelling_of_known_names_is_the_known_skeleton(tmp_path: Path) -> None:
    content = cvat_export()
    names = [name.replace("_", " ").title() for name in load_skeleton("lsp14").keypoint_names]
    content["categories"][0] |= {"keypoints": names[::-1], "skeleton": []}
    content["annotations"][0]["keypoints"] = [number for k in range(14) for number in (k + 1, k + 1, 2)]
    (tmp_path / "a.json").write_text(json.dumps(content))
    (labels,) = read_coco_labels(tmp_path / "a.json")
    assert labels.skeleton is load_skeleton("lsp14")
    assert labels.keypoints[0, :, 0].tolist() == list(range(14, 0, -1))


def test_no_coco_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(MediaError, match="lacks 'images'"):
        read_coco_labels(tmp_path / "a.json")


def two_animals(path: Path) -> Path:
    """A dog of two keypoints and a cat of one, in one picture."""
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 50, "width": 60}],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": n, "keypoints": [5, 6, 2] * count, "bbox": [1, 2, 3, 4], "area": 9}
            for n, count in ((1, 2), (2, 1))
        ],
        "categories": [
            {"id": 1, "name": "dog", "keypoints": ["nose", "tail"]},
            {"id": 2, "name": "cat", "keypoints": ["paw"]},
            {"id": 3, "name": "bowl"},
        ],
    }
    path.write_text(json.dumps(content))
    return path


def test_the_named_category_is_read(tmp_path: Path) -> None:
    path = two_animals(tmp_path / "animals.json")
    assert [read_labels(path, category=name)[0].skeleton.keypoint_names for name in ("dog", "cat")] == [
        ("nose", "tail"),
        ("paw",),
    ]
    with pytest.raises(
        MediaError, match=r"several categories have keypoints \('dog', 'cat'\); name the one .*--category"
    ):
        read_labels(path)
    with pytest.raises(ConfigError, match="no category 'horse'; it has: dog, cat, bowl"):
        read_labels(path, category="horse")
    with pytest.raises(MediaError, match="no category with keypoint names"):
        read_labels(path, category="bowl")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Editors and shells on Windows write it."""
    write_coco_keypoints(tmp_path / "a.json", [make(7)])
    (tmp_path / "b.json").write_text((tmp_path / "a.json").read_text(), "utf-8-sig")
    assert [one.file_name for one in read_labels(tmp_path / "b.json")] == ["sub/7.jpg"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(tmp_path: Path, value: float) -> None:
    write_coco_keypoints(tmp_path / "a.json", [make(7)])
    content = json.loads((tmp_path / "a.json").read_text())
    content["annotations"][0]["bbox"][2] = value
    (tmp_path / "b.json").write_text(json.dumps(content))
    with pytest.raises(MediaError, match=r"'bbox' of annotation 1 holds (nan|inf); COCO has only finite numbers"):
        read_labels(tmp_path / "b.json")
