"""The detector's loss: a perfect network loses next to nothing, and who answers for whom is what a person would say."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gonio.arrays import FloatArray
from gonio.codecs import BoxGrid, DecodedPeople
from gonio.codecs.persons import grid_points
from gonio.geometry.boxes import iou
from gonio.training.box_loss import assign, box_iou, box_loss
from gonio.training.losses import loss_for
from gonio.training.networks import BoxMoveNet
from gonio.training.samples import padded

K, HW = 3, (96, 128)
NO_WEIGHTS = torch.ones(1, K)
boxes_of = st.lists(
    st.tuples(st.floats(0, 60), st.floats(0, 50), st.floats(9, 60), st.floats(9, 45)), min_size=1, max_size=5
)


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


def corners(rows: Any) -> FloatArray:
    x, y, width, height = np.array(rows, np.float32).T
    return np.stack([x, y, x + width, y + height], axis=-1)


def targets(people: FloatArray, crowd: FloatArray | None = None) -> dict[str, Tensor]:
    nobody = np.zeros((0, 4), np.float32)
    return {
        "boxes": torch.from_numpy(padded(people))[None],
        "crowd": torch.from_numpy(padded(nobody if crowd is None else crowd))[None],
    }


def every_cell_says(box: FloatArray, score: float) -> dict[str, Tensor]:
    """Maps in which all cells say the same box."""
    made = BoxGrid(K).encode(_nobody(), HW)
    maps = {}
    for name, level in made.items():
        stride = int(name.removeprefix("boxes_"))
        y, x = (np.mgrid[: level.shape[2], : level.shape[3]] + 0.5) * stride
        sides = np.stack([x - box[0], y - box[1], box[2] - x, box[3] - y])
        maps[name] = torch.from_numpy(np.concatenate([np.full((1, *x.shape), score), sides])[None].astype(np.float32))
    return maps


def _nobody() -> DecodedPeople:
    return DecodedPeople(
        np.zeros((0, K, 2), np.float32), np.zeros((0, K), np.float32), np.zeros((0, 4), np.float32),
        np.zeros(0, np.float32),
    )  # fmt: skip


def total(outputs: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    return sum(float(term) for term in box_loss(outputs, wanted, NO_WEIGHTS).values())


def test_it_is_the_loss_of_the_codec() -> None:
    assert loss_for(BoxGrid(K)) is box_loss


def test_a_right_box_costs_nothing_and_a_wrong_one_more_the_farther_it_is() -> None:
    person = f32([30, 20, 90, 80])
    box = [
        float(box_loss(every_cell_says(person + shift, 0.5), targets(person[None]), NO_WEIGHTS)["box"])
        for shift in (0, 4, 16)
    ]
    assert box[0] == pytest.approx(0, abs=1e-5)
    assert box == sorted(box)


def test_to_be_sure_of_nobody_costs() -> None:
    nobody = targets(np.zeros((0, 4), np.float32))
    empty = BoxGrid(K).encode(_nobody(), HW)
    assert total({name: torch.from_numpy(one) for name, one in empty.items()}, nobody) == pytest.approx(0, abs=1e-3)
    assert total(every_cell_says(f32([30, 20, 90, 80]), 0.9), nobody) > 1


def test_in_a_crowd_nobody_is_held_against_a_cell() -> None:
    person = f32([30, 20, 90, 80])
    nobody = np.zeros((0, 4), np.float32)
    everywhere = f32([[0, 0, 128, 96]])
    assert total(every_cell_says(person, 0.9), targets(nobody, everywhere)) == pytest.approx(0, abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(rows=boxes_of, seed=st.integers(0, 2**32 - 1))
def test_everyone_is_answered_for_unless_another_takes_their_cells(rows: Any, seed: int) -> None:
    people = corners(rows)
    rng = np.random.default_rng(seed)
    cells, strides = grid_points(HW, (8, 16, 32))
    points = torch.from_numpy((cells + 0.5) * strides[:, None])
    noise = rng.normal(0, 5, (len(points), 4)).astype(np.float32)
    nearest = torch.cdist(points, torch.from_numpy((people[:, :2] + people[:, 2:]) / 2)).argmin(dim=1).numpy()
    said = torch.from_numpy(people[nearest] + noise)
    scores = torch.from_numpy(rng.uniform(0.01, 0.99, len(points)).astype(np.float32))
    chosen, whose, quality = assign(scores, said, points, torch.from_numpy(people))
    assert len(set(chosen.tolist())) == len(chosen)
    assert ((quality >= 0) & (quality <= 1 + 1e-5)).all()
    assert len(chosen) >= 1
    middles = torch.from_numpy((people[:, :2] + people[:, 2:]) / 2)
    for cell, person in zip(chosen.tolist(), whose.tolist(), strict=True):
        x, y = points[cell].tolist()
        inside = people[person, 0] < x < people[person, 2] and people[person, 1] < y < people[person, 3]
        far = torch.linalg.norm(points - middles[person], dim=1)
        rank = int((far < far[cell] - 1e-3).sum())
        assert inside or rank < 4


def test_overlap_is_that_of_the_geometry() -> None:
    rng = np.random.default_rng(3)
    low = rng.uniform(0, 50, (12, 2))
    boxes = np.concatenate([low, low + rng.uniform(1, 40, (12, 2))], axis=1).astype(np.float32)
    table = box_iou(torch.from_numpy(boxes)[:, None], torch.from_numpy(boxes)[None]).numpy()
    np.testing.assert_allclose(table, iou(boxes, boxes), atol=1e-5)


def test_a_small_network_learns_two_boxes() -> None:
    """From nothing to both people in fifty steps on one picture."""
    torch.manual_seed(0)
    network = BoxMoveNet("lightning", width=32, input_hw=HW)
    network.train()
    people = f32([[8, 10, 50, 90], [70, 20, 120, 80]])
    image, wanted = torch.randn(2, 3, *HW), targets(people)
    image[1] = image[0]
    both = {name: value.repeat(2, 1, 1) for name, value in wanted.items()}
    optimizer = torch.optim.AdamW([*network.pyramid.parameters(), *network.heads.parameters()], lr=5e-3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.stack(list(box_loss(network(image), both, NO_WEIGHTS).values())).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        (found, _) = network.codec.decode({name: value.numpy() for name, value in network(image).items()})
    best = iou(people, found.boxes[found.person_scores > 0.3]).max(axis=1)
    assert (best > 0.7).all()
