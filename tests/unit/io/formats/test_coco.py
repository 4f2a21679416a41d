import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.coco import merge_annotations, read_coco_keypoints
from gonio.structures.skeleton import load_skeleton

NAMES = load_skeleton("coco17").keypoint_names
Content = dict[str, Any]
Write = Callable[[Content], Path]


def person(image_id: int, *, annotation_id: int = 1, k: int = 17, **changes: Any) -> Content:
    """Keypoint i lies at (10 i, 10 i + 1); the first is not labelled, the second hidden."""
    keypoints = [value for i in range(k) for value in (10 * i, 10 * i + 1, min(i, 2))]
    keypoints[:3] = [0, 0, 0]
    content = {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "keypoints": keypoints,
        "num_keypoints": k - 1,
        "bbox": [1.5, 2.5, 30, 40],
        "area": 700.25,
        "iscrowd": 0,
    }
    return content | changes


def content_of(*people: Content, images: tuple[int, ...] = (7, 3), names: tuple[str, ...] = NAMES) -> Content:
    return {
        "images": [{"id": i, "file_name": f"{i}.jpg", "height": 480, "width": 640} for i in images],
        "annotations": list(people),
        "categories": [{"id": 1, "name": "person", "keypoints": list(names)}],
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(content: Content) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        path.write_text(json.dumps(content), "utf-8")
        return path

    return make


def test_images_keep_the_order_of_the_file_and_may_be_empty(write: Write) -> None:
    labels = read_coco_keypoints(write(content_of(person(3), person(3, annotation_id=2))))
    assert [one.image_id for one in labels] == [7, 3]
    assert [len(one) for one in labels] == [0, 2]
    assert (labels[0].file_name, labels[0].image_hw) == ("7.jpg", (480, 640))


def test_values_arrive_where_they_belong(write: Write) -> None:
    _, labels = read_coco_keypoints(str(write(content_of(person(3)))))
    assert labels.skeleton.name == "coco17"
    assert np.isnan(labels.keypoints[0, 0]).all()  # not labelled is missing, not (0, 0)
    np.testing.assert_array_equal(labels.keypoints[0, 5], [50, 51])
    assert labels.visibility[0, :4].tolist() == [0, 1, 2, 2]
    np.testing.assert_array_equal(labels.boxes, [[1.5, 2.5, 31.5, 42.5]])
    assert labels.areas.tolist() == [700.25]
    dtypes = [labels.keypoints.dtype, labels.boxes.dtype, labels.areas.dtype, labels.visibility.dtype]
    assert dtypes == ["float32", "float32", "float32", "int64"]


def test_crowds_are_kept_and_marked(write: Write) -> None:
    _, labels = read_coco_keypoints(write(content_of(person(3), person(3, annotation_id=2, iscrowd=1))))
    assert labels.is_crowd.tolist() == [False, True]


def test_other_categories_are_left_out(write: Write) -> None:
    content = content_of(person(3), {"id": 9, "image_id": 3, "category_id": 18, "bbox": [0, 0, 1, 1]})
    content["categories"].append({"id": 18, "name": "dog"})
    assert [len(one) for one in read_coco_keypoints(write(content))] == [0, 1]


def test_another_order_of_keypoints_is_mapped_by_name(write: Write) -> None:
    _, labels = read_coco_keypoints(write(content_of(person(3), names=NAMES[::-1])))
    assert labels.skeleton.name == "coco17"
    np.testing.assert_array_equal(labels.keypoints[0, 0], [160, 161])
    assert labels.visibility[0, 16] == 0


def test_a_given_skeleton_with_more_keypoints_leaves_the_rest_unlabelled(write: Write) -> None:
    _, labels = read_coco_keypoints(write(content_of(person(3))), load_skeleton("halpe26"))
    assert labels.keypoints.shape == (1, 26, 2)
    np.testing.assert_array_equal(labels.keypoints[0, labels.skeleton.index("right_ankle")], [160, 161])
    assert int((labels.visibility > 0).sum()) == 16


@pytest.mark.parametrize("name", ["halpe26", "lsp14", "mpii16"])
def test_the_skeleton_is_recognised_by_its_names(write: Write, name: str) -> None:
    skeleton = load_skeleton(name)
    content = content_of(person(3, k=len(skeleton)), names=skeleton.keypoint_names)
    assert read_coco_keypoints(write(content))[0].skeleton.name == name


def test_strays_are_ignored_with_a_warning(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        labels = read_coco_keypoints(write(content_of(person(3), person(99))))
    assert [len(one) for one in labels] == [0, 1]
    assert "ignored 1 annotations" in caplog.text


def _without(content: Content, *path: str | int) -> Content:
    inner: Any = content
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(_without(content_of(), "images"), "the file lacks 'images'", id="no images"),
        pytest.param({}, "lacks 'images', 'annotations', 'categories'", id="nothing"),
        pytest.param(content_of() | {"images": {}}, "'images' is a dict; COCO has a list", id="no list"),
        pytest.param(
            _without(content_of(), "images", 0, "file_name"),
            "the image 7 lacks 'file_name'",
            id="no file name",
        ),
        pytest.param(content_of(images=(1, 2, 2)), "image id 2 appears more than once", id="same id"),
        pytest.param(
            content_of() | {"images": [{"id": "x", "file_name": "x", "height": 1, "width": 1}]},
            "an image has the id 'x'",
            id="id is text",
        ),
        pytest.param(
            _without(content_of(person(3, annotation_id=12)), "annotations", 0, "area"),
            "the annotation 12 lacks 'area'",
            id="no area",
        ),
        pytest.param(content_of() | {"annotations": [5]}, "expected an object for the annotation, got a int", id="int"),
        pytest.param(
            _without(content_of(), "categories", 0, "keypoints"),
            r"no category with keypoint names \(categories: 'person'\)",
            id="instances",
        ),
        pytest.param(content_of() | {"categories": []}, r"\(categories: none\)", id="no category"),
        pytest.param(
            content_of(person(3, k=16)),
            "'keypoints' of annotation 1 has 48 numbers, expected 51",
            id="16 keypoints",
        ),
        pytest.param(content_of(person(3, bbox=[1, 2, 3])), "'bbox' of annotation 1 has 3 numbers", id="3 numbers"),
        pytest.param(content_of(person(3, area="big")), "'area' of annotation 1 holds 'big'", id="text"),
        pytest.param(content_of(person(3, keypoints=[1, 2, 5] * 17)), "image 3 .* visibility 5", id="visibility"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(write: Write, content: Content, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_coco_keypoints(write(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b'{"images": [', r"not JSON at line 1, column 13", id="cut short"),
        pytest.param(b"", "not JSON at line 1", id="empty"),
        pytest.param(b"\xff\xd8\xff\xe0", "it is not text", id="a picture"),
        pytest.param(b"[]", "expected an object for the file, got a list", id="a list"),
    ],
)
def test_what_is_not_json_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=f"broken.json.*{message}"):
        read_coco_keypoints(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot read .*none.json.*No such file"):
        read_coco_keypoints(tmp_path / "none.json")


def test_unknown_keypoints_ask_for_a_skeleton(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"no skeleton has the 2 keypoints .*beak, tail.*coco17"):
        read_coco_keypoints(write(content_of(names=("beak", "tail"))))


def test_a_skeleton_must_share_a_keypoint(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"the skeleton 'coco17' has none of the 2 keypoints"):
        read_coco_keypoints(write(content_of(names=("beak", "tail"))), load_skeleton("coco17"))


def test_merging_renumbers_only_what_collides_and_always_alike(write: Write) -> None:
    first = read_coco_keypoints(write(content_of(person(3))))
    second = read_coco_keypoints(write(content_of(images=(3, 20))))
    for _ in range(2):
        merged = merge_annotations([first, second, first])
        assert [one.image_id for one in merged] == [7, 3, 21, 20, 22, 23]
        assert [one.file_name for one in merged] == [f"{i}.jpg" for i in (7, 3, 3, 20, 7, 3)]
    assert [len(one) for one in merged] == [0, 1, 0, 0, 0, 1]
    assert [one.image_id for one in second] == [3, 20]


def test_merging_nothing_gives_nothing() -> None:
    assert merge_annotations([]) == []
    assert merge_annotations([[], []]) == []


def test_merging_needs_one_skeleton(write: Write) -> None:
    path = write(content_of(person(3)))
    with pytest.raises(ConfigError, match=r"'7.jpg' have the skeleton 'halpe26', before it 'coco17'"):
        merge_annotations([read_coco_keypoints(path), read_coco_keypoints(path, load_skeleton("halpe26"))])
