"""What holds for labels of any people: they come back as they were written, and a split is a partition."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from gonio.datasets.split import split_images
from gonio.io.formats.coco_labels import read_coco_labels, write_coco_keypoints
from gonio.io.formats.keypoint_names import mirrored_names, normal_name
from gonio.io.formats.yolo_pose import read_yolo_pose, write_yolo_pose
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton, skeleton_names

SIZE_WH = (96, 64)
# Half of the last of 8 digits, times the picture, and what float32 cannot hold of a number below 128.
YOLO_ERROR = 0.5e-8 * 96 + 128 * 2.0**-24


@st.composite
def labels(draw: st.DrawFn, *, inside: bool, skeleton_name: str | None = None) -> Annotations:
    """People with any pattern of visibility; inside the picture, or anywhere."""
    skeleton = load_skeleton(skeleton_name or draw(st.sampled_from(("coco17", "lsp14", "halpe26"))))
    n, k = draw(st.integers(0, 3)), len(skeleton)
    width, height = SIZE_WH
    unit = st.floats(0, 1, width=32)
    spread = unit if inside else st.floats(-50, 50, width=32)
    visibility = draw(hnp.arrays(np.int64, (n, k), elements=st.integers(0, 2)))
    keypoints = draw(hnp.arrays(np.float32, (n, k, 2), elements=spread)) * np.array([width, height], np.float32)
    keypoints[visibility == 0] = np.nan
    low, extent = (draw(hnp.arrays(np.float32, (n, 2), elements=unit)) for _ in range(2))
    corners = np.concatenate([low, low + (1 - low) * extent], axis=1) * np.array([width, height] * 2, np.float32)
    return Annotations(
        keypoints=keypoints.astype(np.float32),
        visibility=visibility,
        boxes=corners.astype(np.float32),
        areas=draw(hnp.arrays(np.float32, n, elements=st.floats(0, 1e6, width=32))),
        is_crowd=draw(hnp.arrays(np.bool_, n)),
        skeleton=skeleton,
        image_id=draw(st.integers(0, 2**40)),
        file_name=draw(st.text(min_size=1, max_size=8)),
        image_hw=(height, width),
    )


@settings(max_examples=60, deadline=None)
@given(labels(inside=False))
def test_coco_gives_back_exactly_what_was_written(before: Annotations) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        write_coco_keypoints(path, [before])
        (after,) = read_coco_labels(path)
    assert after.skeleton is before.skeleton
    assert (after.image_id, after.file_name, after.image_hw) == (before.image_id, before.file_name, before.image_hw)
    for field in ("keypoints", "visibility", "areas", "is_crowd", "boxes"):
        np.testing.assert_array_equal(getattr(after, field), getattr(before, field), err_msg=field)


@settings(max_examples=40, deadline=None)
@given(labels(inside=True, skeleton_name="coco17"))
def test_yolo_gives_back_what_was_written_but_for_rounding_crowds_and_areas(before: Annotations) -> None:
    pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")
    before = replace(before, file_name="a.png")
    with tempfile.TemporaryDirectory() as folder:
        path = write_yolo_pose(folder, {"train": [before]})
        picture = Path(folder) / "images" / "train" / "a.png"
        picture.parent.mkdir(parents=True)
        Image.new("L", SIZE_WH).save(picture)
        (after,) = read_yolo_pose(path)
    people = ~before.is_crowd
    assert after.skeleton is before.skeleton
    np.testing.assert_array_equal(after.visibility, before.visibility[people])
    np.testing.assert_allclose(after.keypoints, before.keypoints[people], rtol=0, atol=YOLO_ERROR)
    np.testing.assert_allclose(after.boxes, before.boxes[people], rtol=0, atol=2 * YOLO_ERROR)


def pictures(count: int) -> list[Annotations]:
    empty = Annotations(
        keypoints=np.zeros((0, 17, 2), np.float32),
        visibility=np.zeros((0, 17), np.int64),
        boxes=np.zeros((0, 4), np.float32),
        areas=np.zeros(0, np.float32),
        is_crowd=np.zeros(0, bool),
        skeleton=load_skeleton("coco17"),
        image_id=0,
        file_name="",
        image_hw=(1, 1),
    )
    return [replace(empty, image_id=i, file_name=f"clip{i * i % 7}_{i}.jpg") for i in range(count)]


@given(
    st.integers(0, 40),
    st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1), min_size=1),
    st.integers(0, 5),
    st.booleans(),
    st.randoms(),
)
def test_a_split_is_a_partition_that_order_does_not_change(
    count: int, parts: dict[str, float], seed: int, grouped: bool, rng: object
) -> None:
    images = pictures(count)
    group = r"(clip\d)_" if grouped else None
    divided = split_images(images, parts, seed=seed, group=group)
    assert sorted(one.image_id for own in divided.values() for one in own) == list(range(count))
    if grouped:
        homes = [{one.file_name[:5] for one in own} for own in divided.values()]
        assert sum(len(home) for home in homes) == len(set().union(*homes))
    else:  # off by one picture at most
        for name, own in divided.items():
            assert abs(len(own) - count * parts[name] / sum(parts.values())) <= len(parts)
    shuffled = list(images)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    again = split_images(shuffled, parts, seed=seed, group=group)
    assert {name: {one.image_id for one in own} for name, own in again.items()} == {
        name: {one.image_id for one in own} for name, own in divided.items()
    }


@given(st.text(max_size=12))
def test_a_normal_name_stays_as_it_is(name: str) -> None:
    assert normal_name(normal_name(name)) == normal_name(name)


@given(st.lists(st.sampled_from([n for s in skeleton_names() for n in load_skeleton(s).keypoint_names]), unique=True))
def test_mirroring_twice_changes_nothing(names: list[str]) -> None:
    mirrored = mirrored_names(names)
    assert [mirrored[k] for k in mirrored] == list(range(len(names)))
