"""A camera on its side: the model sees people upright, and everybody else the picture as it was filmed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gonio.analysis.options import AnalysisOptions
from gonio.arrays import ImageArray
from gonio.geometry.quarter_turns import turn_image, turn_points
from gonio.io.sources import open_source
from gonio.io.sources.base import FrameSource
from gonio.live.session import LiveSession
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.motion.people import track_people
from gonio.motion.quarter_turns import UprightSource, as_filmed, quarters_to_upright, upright_frame
from gonio.results import Result
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
WALK = Path(__file__).parents[3] / "samples" / "walk.mp4"


class Film(FrameSource):
    """Given pictures at 30 frames a second."""

    def __init__(self, images: list[ImageArray]) -> None:
        super().__init__("film", is_video=True)
        self.images = images
        self.closed = False

    def _frames(self) -> Iterator[Frame]:  # type: ignore[override]
        try:
            for index, image in enumerate(self.images):
                self.frames_decoded += 1
                yield Frame(image, index, index / 30, "film")
        finally:
            self.closed = True


@pytest.mark.parametrize(("up_deg", "quarters"), [(0, 0), (45, 0), (-45, 0), (46, 3), (-90, 1), (180, 2), (-180, 2)])
def test_the_nearest_quarter(up_deg: float, quarters: int) -> None:
    assert quarters_to_upright(up_deg) == quarters


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_what_was_found_comes_back(quarters: int) -> None:
    frame = Frame(np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8))
    keypoints = np.random.default_rng(1).integers(0, 40, (2, 17, 2)).astype(np.float32)
    turned = upright_frame(frame, quarters)
    boxes = np.array([[1, 2, 30, 20], [0, 0, *turned.size_wh]], np.float32)
    world = np.ones((2, 17, 3), np.float32) * (0, 1, 5)  # down
    scores = np.ones((2, 17), np.float32)
    found = as_filmed(Poses(keypoints, scores, boxes, scores[:, 0], COCO, world=world), frame.size_wh, quarters)
    x, y = (found.keypoints[..., i].astype(int) for i in (0, 1))
    there_x, there_y = (keypoints[..., i].astype(int) for i in (0, 1))
    np.testing.assert_array_equal(frame.image[y, x], turned.image[there_y, there_x])
    assert found.boxes[1].tolist() == [0, 0, 60, 40]
    assert found.world is not None
    down = {0: (0, 1), 1: (-1, 0), 2: (0, -1), 3: (1, 0)}[quarters]
    assert found.world[0, 0].tolist() == [*down, 5]


def test_a_source_that_is_left_is_closed() -> None:
    film = Film([np.zeros((4, 6, 3), np.uint8)] * 3)
    upright = UprightSource(film, 1)
    frames = iter(upright)
    assert next(frames).size_wh == (4, 6)
    frames.close()  # type: ignore[attr-defined]
    assert film.closed
    assert upright.frames_decoded == 1


@pytest.fixture(scope="module")
def model() -> PoseModel:
    return load_model("lightning")


@pytest.fixture(scope="module")
def images() -> list[ImageArray]:
    return [frame.image for frame in open_source(WALK, end_s=0.4)]


@pytest.mark.parametrize(("turns", "up_deg"), [(1, 90.0), (2, 180.0), (3, -90.0)])
def test_a_film_on_its_side_has_the_keypoints_of_the_film(
    model: PoseModel, images: list[ImageArray], turns: int, up_deg: float
) -> None:
    plain = track_people(Film(images), model)
    shown: list[Result] = []
    film = Film([turn_image(image, turns) for image in images])
    found = track_people(film, model, up_deg=up_deg, on_result=shown.append)
    size_wh = images[0].shape[1], images[0].shape[0]
    np.testing.assert_allclose(found.keypoints, turn_points(plain.keypoints, size_wh, turns), atol=1e-3)
    np.testing.assert_array_equal(found.scores, plain.scores)
    assert all(np.array_equal(one.frame.image, image) for one, image in zip(shown, film.images, strict=True))
    assert "turned by" in found.history[-1]
    assert plain.history == ()


def test_live_too(model: PoseModel, images: list[ImageArray]) -> None:
    plain = LiveSession(model, activity="angles")
    turned = LiveSession(model, activity="angles", options=AnalysisOptions(up_deg=90))
    size_wh = images[0].shape[1], images[0].shape[0]
    seen = 0
    for index, image in enumerate(images):
        expected = plain.step(Frame(image, index, index / 30)).person
        view = turned.step(Frame(turn_image(image, 1), index, index / 30))
        assert len(view.person) == len(expected)
        seen += len(expected)
        np.testing.assert_allclose(view.person.keypoints, turn_points(expected.keypoints, size_wh, 1), atol=0.01)
        assert view.frame.size_wh == size_wh[::-1]
    assert seen
