import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.arrays import ImageArray
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
ANY_NUMBER = st.floats(width=32, allow_nan=True, allow_infinity=True)
NEAR = st.floats(-300, 500, width=32)
UNIT = st.floats(0, 1, width=32)
STYLES = st.builds(
    DrawStyle,
    min_score=UNIT,
    sure_score=UNIT,
    line_scale=st.floats(0.1, 10),
    boxes=st.booleans(),
    labels=st.booleans(),
)


def noise(width: int, height: int) -> ImageArray:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)


@st.composite
def any_poses(draw: st.DrawFn) -> Poses:
    n = draw(st.integers(0, 3))
    number = st.one_of(NEAR, ANY_NUMBER)

    def array(shape: tuple[int, ...], values: st.SearchStrategy[float]) -> np.ndarray:
        flat = draw(st.lists(values, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        return np.array(flat, np.float32).reshape(shape)

    return Poses(
        keypoints=array((n, 17, 2), number),
        scores=array((n, 17), UNIT),
        boxes=array((n, 4), number),
        person_scores=array((n,), UNIT),
        skeleton=COCO,
        track_ids=draw(st.one_of(st.none(), st.just(np.arange(n) - 1))),
    )


@settings(deadline=None, max_examples=80)
@given(any_poses(), STYLES, st.integers(1, 90), st.integers(1, 70))
def test_any_coordinates_are_drawn_without_touching_the_input(
    poses: Poses, style: DrawStyle, width: int, height: int
) -> None:
    image = noise(width, height)
    before = image.copy()
    drawn = draw_poses(image, poses, style=style)
    assert np.array_equal(image, before)
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, image)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 100 * 16), min_size=34, max_size=34),
    st.integers(-50, 50),
    st.integers(-50, 50),
    st.sampled_from([0.4, 0.9]),
)
def test_a_person_who_moves_by_whole_pixels_is_drawn_the_same(
    sixteenths: list[int], dx: int, dy: int, score: float
) -> None:
    """On one colour, away from the border: drawing commutes with the shift but for rounding on cv2's 1/16 px grid."""
    keypoints = 100 + np.array(sixteenths, np.float32).reshape(1, 17, 2) / 16
    canvas = np.full((300, 300, 3), 90, np.uint8)

    def drawn(moved: np.ndarray) -> ImageArray:
        scores, boxes = np.full((1, 17), score, np.float32), np.zeros((1, 4), np.float32)
        return draw_poses(canvas, Poses(moved, scores, boxes, np.ones(1, np.float32), COCO))

    here = np.roll(drawn(keypoints), (dy, dx), axis=(0, 1))
    there = drawn(keypoints + np.array([dx, dy], np.float32))
    assert (here != there).any(axis=-1).mean() < 1e-3


@settings(deadline=None, max_examples=30)
@given(any_poses(), UNIT)
def test_nothing_visible_is_the_picture_itself(poses: Poses, min_score: float) -> None:
    hidden = Poses(poses.keypoints, np.zeros_like(poses.scores), poses.boxes, poses.person_scores, COCO)
    image = noise(64, 48)
    assert np.array_equal(draw_poses(image, hidden, style=DrawStyle(min_score=max(min_score, 0.01))), image)
