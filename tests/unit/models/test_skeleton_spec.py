"""A skeleton in a card: the round trip, the name where it has one, and what is refused."""

from dataclasses import fields, replace

import pytest
from pydantic import ValidationError

from gonio.models.skeleton_spec import SkeletonSpec, skeleton_entry
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

HAND = Skeleton("hand", ("wrist", "left_edge", "right_edge"), ((0, 1), (0, 2)), (0, 2, 1), (0.05, 0.08, 0.08))


def facts(skeleton: Skeleton) -> dict[str, object]:
    return {field.name: getattr(skeleton, field.name) for field in fields(skeleton)}


@pytest.mark.parametrize("skeleton", [HAND, *map(load_skeleton, skeleton_names())], ids=lambda one: one.name)
def test_through_json_and_back(skeleton: Skeleton) -> None:
    read = SkeletonSpec.model_validate_json(SkeletonSpec.of(skeleton).model_dump_json())
    assert facts(read.to_skeleton()) == facts(skeleton)


def test_what_may_be_left_out() -> None:
    spec = SkeletonSpec(name="two", keypoint_names=("a", "b"), flip_indices=(0, 1), sigmas=(0.1, 0.1))
    assert (spec.to_skeleton().links, spec.to_skeleton().source) == ((), "")
    assert len(spec.to_skeleton().keypoint_colours) == 2


def test_a_shipped_skeleton_is_a_name() -> None:
    assert skeleton_entry(load_skeleton("lsp14")) == "lsp14"
    assert skeleton_entry(HAND) == SkeletonSpec.of(HAND)


def test_the_name_of_a_shipped_one_for_another_stays_in_full() -> None:
    coco = load_skeleton("coco17")
    other = replace(coco, sigmas=(0.1,) * 17)
    assert skeleton_entry(other) == SkeletonSpec.of(other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"flip_indices": (1, 2, 0)}, "flip_indices of skeleton 'hand' sends 0 to 1"),
        ({"sigmas": (0.1,)}, "sigmas of skeleton 'hand'"),
        ({"links": ((0, 1), (0, 7))}, r"links of skeleton 'hand' has \(0, 7\)"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_skeleton(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SkeletonSpec.model_validate(SkeletonSpec.of(HAND).model_dump() | change)
