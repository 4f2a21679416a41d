"""Every format of labels gives back what it holds of any people, and says what it does not."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.label_losses import losses
from gonio.io.formats.label_parts import AREA_OF_BOX, boxes_of_keypoints
from gonio.io.formats.labels import LabelFormat, read_labels, write_labels
from gonio.io.formats.lsp import is_lsp_extended, lsp_picture_names
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton

SIZES_HW = ((64, 96), (37, 211))
MADE = skeleton_of_names(["wing_tip", "left_foot", "right_foot", "a & b"], name="bird", links=[(0, 1), (3, 0)])
FILES: dict[LabelFormat, tuple[str, ...]] = {
    "coco": ("a.json",),
    "cvat": ("a.xml", "a.zip"),
    "label-studio": ("a.json",),
    "lsp": ("joints.mat",),
    "deeplabcut": ("CollectedData_Ann.csv", "CollectedData_Ann.h5"),
    "sleap": ("a.slp",),
}
NEEDS = {".mat": "scipy.io", ".h5": "tables", ".slp": "sleap_io"}
WITH_BOXES = ("coco", "cvat", "label-studio")
LETTERS = st.characters(categories=("Ll", "Lu", "Nd", "Lo"), include_characters=" -_&'%+#")
NAMED = st.text(LETTERS, min_size=1, max_size=8)


@st.composite
def image(draw: st.DrawFn, skeleton: Skeleton, *, most: int = 3) -> Annotations:
    """People with any pattern of visibility, anywhere, in boxes within the picture."""
    n, k = draw(st.integers(0, most)), len(skeleton)
    height, width = draw(st.sampled_from(SIZES_HW))
    unit = st.floats(0, 1, width=32)
    visibility = draw(hnp.arrays(np.int64, (n, k), elements=st.integers(0, 2), fill=st.just(2)))
    keypoints = draw(hnp.arrays(np.float32, (n, k, 2), elements=st.floats(-5e3, 5e3, width=32)))
    keypoints[visibility == 0] = np.nan
    low, extent = (draw(hnp.arrays(np.float32, (n, 2), elements=unit)) for _ in range(2))
    corners = np.concatenate([low, low + (1 - low) * extent], axis=1) * np.array([width, height] * 2, np.float32)
    return Annotations(
        keypoints=keypoints,
        visibility=visibility,
        boxes=corners.astype(np.float32),
        areas=draw(hnp.arrays(np.float32, n, elements=st.floats(0, 1e6, width=32))),
        is_crowd=draw(hnp.arrays(np.bool_, n, fill=st.just(False))),
        skeleton=skeleton,
        image_id=0,
        file_name=draw(NAMED),
        image_hw=(height, width),
    )


@st.composite
def images(draw: st.DrawFn, kind: LabelFormat) -> list[Annotations]:
    """A few pictures of one skeleton; LSP has its own, and one person a picture."""
    skeleton = load_skeleton("lsp14") if kind == "lsp" else draw(st.sampled_from((MADE, load_skeleton("coco17"))))
    found = draw(st.lists(image(skeleton, most=1 if kind == "lsp" else 3), min_size=1, max_size=3))
    return [replace(one, image_id=7 * i + 1, file_name=f"{i}{one.file_name}.png") for i, one in enumerate(found)]


def as_read(labels: Annotations, kind: LabelFormat, *, hides: bool, name: str, place: int) -> Annotations:
    """What the page says of the format: docs/data.md, "What is kept and what is lost"."""
    if kind == "coco":
        return labels
    kept = ~labels.is_crowd & ((labels.visibility > 0).any(axis=1) | (kind in WITH_BOXES))
    one = labels.only(kept)
    boxes = one.boxes if kind in WITH_BOXES else boxes_of_keypoints(one.keypoints, one.image_hw)
    areas = AREA_OF_BOX * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    visibility = one.visibility if hides else np.where(one.visibility > 0, 2, 0)
    return replace(
        one, boxes=boxes, areas=areas.astype(np.float32), visibility=visibility, image_id=place + 1, file_name=name
    )


def written_and_read(folder: Path, file: str, before: Sequence[Annotations], kind: LabelFormat) -> list[Annotations]:
    names = lsp_picture_names(before) if kind == "lsp" else [one.file_name for one in before]
    pictures = folder / "pictures"
    pictures.mkdir()
    for one, name in zip(before, names, strict=True):
        Image.new("L", one.image_hw[::-1]).save(pictures / name)
    write_labels(folder / file, before, kind=kind)
    after = read_labels(folder / file, kind=kind, images=pictures)
    assert [one.file_name for one in after] == names
    return after


@pytest.mark.parametrize(
    ("kind", "file"), [pytest.param(kind, file, id=file) for kind, files in FILES.items() for file in files]
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_read_is_what_was_written_but_for_what_the_format_cannot_hold(
    data: st.DataObject, kind: LabelFormat, file: str
) -> None:
    if module := NEEDS.get(Path(file).suffix):
        pytest.importorskip(module, reason=f"{module} reads and writes {file}")
    before = data.draw(images(kind))
    hides = kind in WITH_BOXES or (kind == "lsp" and not is_lsp_extended(before))
    with tempfile.TemporaryDirectory() as folder:
        after = written_and_read(Path(folder), file, before, kind)
    assert len(after) == len(before)
    for i, (one, other) in enumerate(zip(before, after, strict=True)):
        wanted = as_read(one, kind, hides=hides, name=other.file_name, place=i)
        assert (other.image_id, other.file_name, other.image_hw) == (wanted.image_id, wanted.file_name, wanted.image_hw)
        for field in ("keypoints", "visibility", "boxes", "is_crowd"):
            np.testing.assert_array_equal(getattr(other, field), getattr(wanted, field), err_msg=field)
        np.testing.assert_allclose(other.areas, wanted.areas, rtol=1e-6)
        assert other.skeleton.keypoint_names == wanted.skeleton.keypoint_names
        assert other.skeleton.flip_indices == wanted.skeleton.flip_indices
        without_links = kind == "deeplabcut" and wanted.skeleton is MADE
        assert other.skeleton.links == (() if without_links else wanted.skeleton.links)


@pytest.mark.parametrize("kind", ["cvat", "label-studio", "deeplabcut", "lsp"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_was_read_from_a_format_loses_nothing_in_it(data: st.DataObject, kind: LabelFormat) -> None:
    """Losses are those of the labels at hand: once through a format, there is nothing left to lose to it."""
    file = FILES[kind][0]
    if module := NEEDS.get(Path(file).suffix):
        pytest.importorskip(module, reason=f"{module} reads and writes {file}")
    before = data.draw(images(kind))
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        once = written_and_read(Path(first), file, before, kind)
        assert losses(once, kind) == []
        twice = written_and_read(Path(second), file, once, kind)
    for one, other in zip(once, twice, strict=True):
        for field in ("keypoints", "visibility", "boxes", "areas", "is_crowd"):
            np.testing.assert_array_equal(getattr(other, field), getattr(one, field), err_msg=field)
