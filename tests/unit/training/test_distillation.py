"""What a teacher and a label together ask of a student: `(t T + l (1 - t) L) / (t + l (1 - t))`, by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gonio.codecs import Codec, Heatmap, MultiPersonGrid, SimCC
from gonio.errors import ConfigError
from gonio.models.card import CropInput
from gonio.structures.skeleton import load_skeleton
from gonio.training.distillation import Distiller
from gonio.training.networks import TopDownCnn
from gonio.training.recipe import Data, LabelSource, TeacherChoice
from gonio.training.samples import encode
from gonio.training.teacher import Teacher

SKELETON = load_skeleton("coco17")
K, HW = len(SKELETON), (64, 48)
POINTS = np.random.default_rng(0).uniform(10, 36, (K, 2)).astype(np.float32)
BOX = np.full((1, 4), np.nan, np.float32)


class Sure(nn.Module):
    """Says the same whatever it sees: all keypoints, with heights that fall from one to the next."""

    def __init__(self, heights: Tensor) -> None:
        super().__init__()
        self.maps = torch.from_numpy(encode(Heatmap(K), POINTS[None], BOX, HW)["heatmap"]) * heights[:, None, None]

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"heatmap": self.maps[None].expand(len(images), -1, -1, -1)}


def distiller(codec: Codec, *, height: float = 1.0, share: float = 0.7) -> Distiller:
    crop = CropInput(kind="crop", input_hw=HW, margin=1.25, pad_value=0, mean=(0, 0, 0), std=(255, 255, 255))
    teacher = Teacher(Sure(torch.full((K,), height)), codec=Heatmap(K), crop=crop, skeleton=SKELETON)
    choice = TeacherChoice(model="sure", share=share, min_score=0.2)
    return Distiller(teacher, choice, codec=codec, input_hw=HW, margin=1.25)


def batch(codec: Codec, points: Any, weight: float) -> dict[str, Any]:
    """One crop whose first keypoint has no label."""
    labels = points.copy()
    labels[0] = np.nan
    weights = torch.full((1, K), weight)
    weights[0, 0] = 0
    targets = {name: torch.from_numpy(value)[None] for name, value in encode(codec, labels[None], BOX, HW).items()}
    clean = torch.zeros(1, 3, *HW, dtype=torch.uint8)
    return {"clean": clean, "keypoints": torch.from_numpy(labels)[None], "weights": weights, "targets": targets}


def test_a_teacher_who_agrees_is_mixed_with_the_label() -> None:
    """Peaks lie between cells: a map's highest value is a little below the height, and so is the trust."""
    codec = Heatmap(K)
    targets, weights = distiller(codec, share=0.6)(batch(codec, POINTS, 1.0))
    assert weights[0].tolist() == pytest.approx([1.0] * K, abs=0.05)
    full = torch.from_numpy(encode(codec, POINTS[None], BOX, HW)["heatmap"])
    assert torch.allclose(targets["heatmap"][0], full, atol=0.02)


def test_a_doubted_label_gives_way() -> None:
    codec = Heatmap(K)
    _, weights = distiller(codec, share=0.6)(batch(codec, POINTS, 0.5))
    assert weights[0, 1:].tolist() == pytest.approx([0.6 + 0.5 * 0.4] * (K - 1), abs=0.02)


def test_a_teacher_far_from_the_label_is_not_heard() -> None:
    """Where people labelled, their word stands alone (exact in the face); elsewhere it counts little."""
    codec = Heatmap(K)
    away = (POINTS + 12).clip(0, 46)
    away[:, 1] = POINTS[:, 1]
    given = batch(codec, away, 1.0)
    targets, weights = distiller(codec)(given)
    assert torch.allclose(targets["heatmap"][0, 1:5], given["targets"]["heatmap"][0, 1:5], atol=0.01)
    assert weights[0, 1:].tolist() == pytest.approx([1.0] * (K - 1), abs=0.01)
    assert weights[0, 0] < 0.3


def test_an_unsure_teacher_leaves_the_label_alone() -> None:
    codec = Heatmap(K)
    given = batch(codec, POINTS, 1.0)
    targets, weights = distiller(codec, height=0.15)(given)
    assert torch.equal(targets["heatmap"], given["targets"]["heatmap"])
    assert torch.equal(weights, given["weights"])


def test_heatmaps_teach_lines() -> None:
    """The student's lines peak where the teacher's maps do, where nobody labelled too."""
    codec = SimCC(K)
    targets, weights = distiller(codec)(batch(codec, POINTS, 1.0))
    assert weights[0, 0] > 0.9
    [found] = codec.decode({name: value.numpy() for name, value in targets.items()})
    assert np.abs(found.keypoints[0] - POINTS).max() < 0.5
    assert all(torch.isfinite(value).all() for value in targets.values())


def test_a_teacher_of_another_kind_teaches_its_keypoints() -> None:
    """MoveNet's grid for a student of heatmaps; what it says of an empty picture does not matter."""
    student = Heatmap(K)
    choice = TeacherChoice(model="lightning", min_score=0.0)
    made = Distiller.of(
        choice,
        data=Data(train=(LabelSource(labels="a.json"),)),  # type: ignore[arg-type]
        network=TopDownCnn("s", input_hw=(64, 32)),
        skeleton=SKELETON,
        device=torch.device("cpu"),
    )
    made.input_hw = HW
    targets, weights = made(batch(student, POINTS, 1.0))
    assert targets["heatmap"].shape == (1, K, 16, 12)
    assert torch.isfinite(targets["heatmap"]).all()
    assert ((weights >= 0) & (weights <= 1)).all()


def test_what_cannot_be_taught() -> None:
    with pytest.raises(ConfigError, match="a network with MultiPersonGrid sees whole pictures; label its pictures"):
        distiller(MultiPersonGrid(K))
    with pytest.raises(ConfigError, match="knows the keypoints of 'coco17', the labels are 'lsp14'; give another"):
        Distiller.of(
            TeacherChoice(model="lightning"),
            data=Data(train=(LabelSource(labels="a.json"),)),  # type: ignore[arg-type]
            network=TopDownCnn("s", n_keypoints=14, input_hw=(64, 32)),
            skeleton=load_skeleton("lsp14"),
            device=torch.device("cpu"),
        )
