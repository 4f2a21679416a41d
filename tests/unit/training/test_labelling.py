"""A teacher labels people by their boxes: what people labelled stays, the rest gets scores and weights."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from gonio.apps.cli.data import data
from gonio.codecs import Heatmap
from gonio.errors import ConfigError, MediaError, UnknownModelError
from gonio.io.formats.labels import read_labels, write_coco_keypoints
from gonio.io.images import write_image
from gonio.models.card import CropInput
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton
from gonio.training.labelling import label_people, load_teacher, write_taught_labels
from gonio.training.teacher import Teacher

SKELETON = load_skeleton("coco17")
K = len(SKELETON)
Array = npt.NDArray[Any]


class RedSpot(nn.Module):
    """Says that every keypoint is where the picture is red; the later keypoints with lower scores."""

    batches: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.batches = []

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self.batches.append(len(images))
        return {"heatmap": images[:, :1] * torch.linspace(1, 0, K)[:, None, None]}


def teacher() -> Teacher:
    crop = CropInput(kind="crop", input_hw=(64, 48), margin=1.25, pad_value=0, mean=(0, 0, 0), std=(255, 255, 255))
    return Teacher(RedSpot(), codec=Heatmap(K, stride=1), crop=crop, skeleton=SKELETON)


def picture(path: Path, spots: Array, *, size_hw: tuple[int, int] = (240, 320)) -> Path:
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    red = np.zeros(size_hw)
    for spot in spots:
        red = np.maximum(red, 255 * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * 6.0**2)))
    image = np.zeros((*size_hw, 3), np.uint8)
    image[..., 0] = red
    write_image(path, image)
    return path


def annotations(name: str, boxes: Array, *, image_id: int = 1, **changes: Any) -> Annotations:
    n = len(boxes)
    fields: dict[str, Any] = {
        "keypoints": np.full((n, K, 2), np.nan, np.float32),
        "visibility": np.zeros((n, K), np.int64),
        "boxes": boxes.astype(np.float32),
        "areas": np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).astype(np.float32),
        "is_crowd": np.zeros(n, bool),
    }
    return Annotations(**(fields | changes), skeleton=SKELETON, image_id=image_id, file_name=name, image_hw=(240, 320))


def box_around(spot: Array) -> Array:
    return np.array([spot[0] - 30, spot[1] - 45, spot[0] + 40, spot[1] + 50], float)


SPOTS = np.array([[80.0, 100.0], [230.0, 130.0]])
BOXES = np.stack([box_around(spot) for spot in SPOTS])


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return picture(tmp_path / "scene.png", SPOTS)


def test_boxes_get_keypoints_scores_and_weights(scene: Path) -> None:
    network = teacher()
    [taught] = label_people(network, [annotations("scene.png", BOXES)], [scene])
    labels, scores = taught.annotations, taught.scores
    said = scores >= 0.2
    assert said[:, :12].all()
    assert not said[:, 14:].any()
    np.testing.assert_array_equal(labels.visibility, np.where(said, 2, 0))
    for person, spot in enumerate(SPOTS):
        assert np.abs(labels.keypoints[person][said[person]] - spot).max() < 0.5
        assert np.isnan(labels.keypoints[person][~said[person]]).all()
    assert labels.weights is not None
    np.testing.assert_allclose(labels.weights, np.clip((scores - 0.2) / 0.4, 0, 1) * said, atol=1e-6)


def test_people_with_keypoints_crowds_and_empty_boxes_are_left_alone(scene: Path) -> None:
    boxes = np.concatenate([BOXES, BOXES[:1], [[5, 5, 5, 9]]])
    human = annotations("scene.png", boxes, is_crowd=np.array([False, False, True, False]))
    human.keypoints[0, 3], human.visibility[0, 3] = (7, 8), 1
    [taught] = label_people(teacher(), [human], [scene])
    assert np.isfinite(taught.scores).all(axis=1).tolist() == [False, True, False, False]
    np.testing.assert_array_equal(taught.annotations.keypoints[[0, 2, 3]], human.keypoints[[0, 2, 3]])
    np.testing.assert_array_equal(taught.annotations.visibility[[0, 2, 3]], human.visibility[[0, 2, 3]])
    assert taught.annotations.weights is not None
    assert (taught.annotations.weights[[0, 2, 3]] == 1).all()


def test_everyone_keeps_the_labels_of_people(scene: Path) -> None:
    """Who labelled one keypoint far away is believed there, and the teacher elsewhere by half."""
    human = annotations("scene.png", BOXES[:1])
    human.keypoints[0, 3], human.visibility[0, 3] = (7, 8), 1
    [taught] = label_people(teacher(), [human], [scene], everyone=True)
    labels = taught.annotations
    np.testing.assert_array_equal(labels.keypoints[0, 3], (7, 8))
    assert labels.visibility[0].tolist() == [2, 2, 2, 1, *np.where(taught.scores[0, 4:] >= 0.2, 2, 0)]
    assert labels.weights is not None
    assert labels.weights[0, [0, 3]].tolist() == pytest.approx([0.5, 1])


def test_nothing_is_labelled_outside_the_picture(tmp_path: Path) -> None:
    """The brightest place of a spot that the picture's edge cuts is inside; one that lies outside is not seen."""
    network = teacher()
    network.network = Outside()
    scene = picture(tmp_path / "scene.png", SPOTS)
    [taught] = label_people(network, [annotations("scene.png", np.array([[-20.0, 10, 40, 90]]))], [scene])
    assert not taught.annotations.visibility.any()
    assert (taught.scores > 0.9).all()


class Outside(nn.Module):
    """Says the top-left corner, whatever it sees."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = torch.zeros(len(images), K, 64, 48)
        maps[..., 0, 0] = 1
        return {"heatmap": maps}


def test_crops_of_several_pictures_go_together(tmp_path: Path) -> None:
    scene = picture(tmp_path / "scene.png", SPOTS)
    images = [annotations("scene.png", BOXES[: 1 + i % 2], image_id=i) for i in range(5)]
    network = teacher()
    together = list(label_people(network, images, [scene] * 5, batch_size=4))
    assert isinstance(network.network, RedSpot)
    assert network.network.batches == [1] * 7  # on a CPU
    assert [len(one.annotations) for one in together] == [1, 2, 1, 2, 1]
    alone = [next(iter(label_people(teacher(), [labels], [scene]))) for labels in images]
    for one, other in zip(together, alone, strict=True):
        assert one.annotations.image_id == other.annotations.image_id
        np.testing.assert_allclose(one.annotations.keypoints, other.annotations.keypoints, atol=1e-3)


def test_a_picture_without_people_is_not_even_opened() -> None:
    [taught] = label_people(teacher(), [annotations("none.png", np.zeros((0, 4)))], [Path("none.png")])
    assert len(taught.annotations) == 0


def test_the_file_has_scores_and_weights(scene: Path, tmp_path: Path) -> None:
    labels = annotations("scene.png", BOXES, is_crowd=np.array([False, True]))
    out = tmp_path / "out.json"
    assert write_taught_labels(out, label_people(teacher(), [labels], [scene]))[0] == 1
    people = json.loads(out.read_text())["annotations"]
    assert [len(people[0][key]) for key in ("scores", "weights")] == [K, K]
    assert people[0]["num_keypoints"] == sum(v > 0 for v in people[0]["keypoints"][2::3])
    assert "scores" not in people[1]
    [read] = read_labels(out)
    assert read.weights is not None
    np.testing.assert_allclose(read.weights[0], people[0]["weights"], atol=1e-6)


def test_a_broken_run_leaves_no_file(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels" / "out.json"
    images = [annotations("scene.png", BOXES), annotations("gone.png", BOXES, image_id=2)]
    with pytest.raises(MediaError, match=r"gone\.png"):
        write_taught_labels(out, label_people(teacher(), images, [scene, tmp_path / "gone.png"], batch_size=1))
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"min_score": 1.5}, "min_score is 1.5; give a number from 0 to 1"), ({"batch_size": 0}, "batch_size is 0")],
    ids=["min_score", "batch_size"],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        label_people(teacher(), [], [], **settings)


def test_another_skeleton() -> None:
    other = load_skeleton("lsp14")
    labels = Annotations(
        np.zeros((0, 14, 2), np.float32), np.zeros((0, 14), np.int64), np.zeros((0, 4), np.float32),
        np.zeros(0, np.float32), np.zeros(0, bool), other, 1, "a.png", (4, 4),
    )  # fmt: skip
    with pytest.raises(ConfigError, match="have the skeleton 'lsp14', the teacher 'coco17'"):
        label_people(teacher(), [labels], [Path("a.png")])


def test_devices() -> None:
    with pytest.raises(ConfigError, match="the device 'moon' cannot be used"):
        load_teacher("lightning", device="moon")
    with pytest.raises(UnknownModelError):
        load_teacher("lightening", device="cpu")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(data, ["label", *arguments], catch_exceptions=False)


def test_the_command(tmp_path: Path) -> None:
    """A real network on a drawn figure: what it finds does not matter, that it is written does."""
    image = np.full((240, 320, 3), 200, np.uint8)
    cv2.rectangle(image, (130, 60), (190, 200), (60, 40, 30), -1)
    (tmp_path / "photos").mkdir()
    write_image(tmp_path / "photos" / "a.png", image)
    write_coco_keypoints(tmp_path / "boxes.json", [annotations("a.png", np.array([[130.0, 30, 190, 210]]))])
    out = tmp_path / "labels.json"
    done = run(
        str(tmp_path / "boxes.json"), "--images", str(tmp_path / "photos"), "--teacher", "lightning",
        "--out", str(out), "--flip-test", "--min-score", "0", "--device", "cpu",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "1 pictures; the teacher looked at 1 people" in done.stderr
    assert done.stdout == ""
    [person] = json.loads(out.read_text())["annotations"]
    assert len(person["scores"]) == len(person["weights"]) == K


def test_the_help_has_an_example() -> None:
    assert "gonio data label boxes.json" in " ".join(run("--help").stdout.split())
