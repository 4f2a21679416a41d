from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.arrays import ImageArray
from gonio.draw.overlay import DrawStyle, draw_over, draw_poses
from gonio.errors import ConfigError, ShapeError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton

COCO = load_skeleton("coco17")
# A person facing the camera, of about one unit in height: COCO's order, the left side at larger x.
STANDING = np.array(
    [
        *([0.5, 0.08], [0.53, 0.05], [0.47, 0.05], [0.57, 0.07], [0.43, 0.07]),
        *([0.62, 0.22], [0.38, 0.22], [0.7, 0.38], [0.3, 0.38], [0.74, 0.52], [0.26, 0.52]),
        *([0.57, 0.53], [0.43, 0.53], [0.58, 0.75], [0.42, 0.75], [0.59, 0.97], [0.41, 0.97]),
    ]
)


def person(*, height: float = 400.0, at: tuple[float, float] = (100.0, 40.0), score: float = 1.0) -> Poses:
    return poses_of((STANDING * height + at)[None], score=score)


def poses_of(keypoints: np.ndarray, *, score: float = 1.0, skeleton: Skeleton = COCO) -> Poses:
    n, k = keypoints.shape[:2]
    low, high = np.nanmin(keypoints, axis=1), np.nanmax(keypoints, axis=1)
    return Poses(
        keypoints=keypoints.astype(np.float32),
        scores=np.full((n, k), score, np.float32),
        boxes=np.concatenate([low, high], axis=1).astype(np.float32),
        person_scores=np.full(n, score, np.float32),
        skeleton=skeleton,
    )


def grey(width: int = 640, height: int = 480, value: int = 128) -> ImageArray:
    return np.full((height, width, 3), value, np.uint8)


def pixel(image: ImageArray, point: np.ndarray) -> tuple[int, ...]:
    x, y = np.round(point).astype(int)
    return tuple(image[y, x].tolist())


def middle(poses: Poses, first: str, second: str) -> np.ndarray:
    return np.asarray(poses.keypoints[0, [COCO.index(first), COCO.index(second)]].mean(axis=0))


def painted(before: ImageArray, after: ImageArray) -> int:
    return int((before != after).any(axis=-1).sum())


@pytest.mark.parametrize("value", [0, 128, 255], ids=["on black", "on grey", "on white"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("left_hip", "left_knee"),
        ("right_hip", "right_knee"),
        ("left_elbow", "left_wrist"),
        ("right_elbow", "right_wrist"),
    ],
)
def test_the_middle_of_a_sure_limb_has_the_colour_of_its_link(first: str, second: str, value: int) -> None:
    poses = person()
    drawn = draw_poses(grey(value=value), poses)
    link = COCO.links.index((COCO.index(first), COCO.index(second)))
    assert pixel(drawn, middle(poses, first, second)) == COCO.link_colours[link]


def test_left_and_right_differ() -> None:
    poses = person()
    drawn = draw_poses(grey(), poses)
    left = pixel(drawn, middle(poses, "left_knee", "left_ankle"))
    right = pixel(drawn, middle(poses, "right_knee", "right_ankle"))
    assert left[0] > left[2]  # the left of the person is warm, the right is blue
    assert right[2] > right[0]


def test_a_limb_stands_out_by_a_light_edge_on_black_and_a_dark_one_on_white() -> None:
    poses = person(height=420.0)
    x, y = np.round(middle(poses, "left_hip", "left_knee")).astype(int)
    on_black, on_white = (
        draw_poses(grey(value=value), poses)[y, x - 12 : x + 13].astype(int).sum(axis=-1) for value in (0, 255)
    )
    assert max(on_black[:11].max(), on_black[14:].max()) > on_black[12]  # lighter than the limb itself
    for side in (on_white[:10], on_white[15:]):
        assert side.min() < 0.75 * 765  # a dark line, then the light one, then the limb


def test_a_joint_sits_on_its_pixel() -> None:
    """The centroid of what one lone keypoint paints is that keypoint: (0, 0) is the centre of the first pixel."""
    keypoints = np.full((1, 17, 2), np.nan)
    keypoints[0, 9] = (50.0, 30.0)
    before = grey(100, 60)
    y, x = (draw_poses(before, poses_of(keypoints)) != before).any(axis=-1).nonzero()
    assert np.mean(x) == pytest.approx(50.0, abs=0.3)
    assert np.mean(y) == pytest.approx(30.0, abs=0.3)


def test_an_unsure_joint_is_hollow_and_a_sure_one_is_full() -> None:
    ankle = COCO.index("left_ankle")
    poses = person()
    full = pixel(draw_poses(grey(), poses), poses.keypoints[0, ankle])
    hollow = pixel(draw_poses(grey(), person(score=0.6)), poses.keypoints[0, ankle])
    assert full == COCO.keypoint_colours[ankle]
    assert sum(hollow) < 100


def test_limbs_fade_towards_the_background_as_scores_fall() -> None:
    at = middle(person(), "left_hip", "left_knee")
    shades = [np.array(pixel(draw_poses(grey(), person(score=score)), at), int) for score in (0.9, 0.7, 0.51)]
    distances = [np.abs(shade - shades[0]).sum() for shade in shades]
    assert distances[0] < distances[1] < distances[2]


def test_keypoints_below_min_score_take_their_limbs_with_them() -> None:
    poses = person()
    scores = poses.scores.copy()
    scores[0, COCO.index("left_knee")] = 0.2
    drawn = draw_poses(grey(), replace(poses, scores=scores))
    assert pixel(drawn, middle(poses, "left_hip", "left_knee")) == (128, 128, 128)
    assert pixel(drawn, poses.keypoints[0, COCO.index("left_knee")]) == (128, 128, 128)
    assert pixel(drawn, middle(poses, "right_hip", "right_knee")) != (128, 128, 128)


def test_a_missing_keypoint_takes_its_limbs_with_it() -> None:
    keypoints = person().keypoints.copy()
    keypoints[0, COCO.index("left_knee")] = np.nan
    drawn = draw_poses(grey(), replace(person(), keypoints=keypoints))
    assert pixel(drawn, middle(person(), "left_knee", "left_ankle")) == (128, 128, 128)
    assert pixel(drawn, middle(person(), "right_knee", "right_ankle")) != (128, 128, 128)


@pytest.mark.parametrize("style", [DrawStyle(), DrawStyle(boxes=True, labels=True)], ids=["plain", "all on"])
def test_nobody_leaves_the_picture_as_it_is_in_a_new_array(style: DrawStyle) -> None:
    image = grey()
    drawn = draw_poses(image, Poses.empty(COCO), style=style)
    assert np.array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_the_input_may_be_read_only_and_keeps_its_pixels() -> None:
    image = grey()
    image.setflags(write=False)
    assert painted(image, draw_poses(image, person(), style=DrawStyle(boxes=True, labels=True))) > 1000
    assert (image == 128).all()


def test_a_picture_with_gaps_in_memory_is_drawn_like_its_copy() -> None:
    wide = grey(1280)[:, ::2]
    assert np.array_equal(draw_poses(wide, person()), draw_poses(wide.copy(), person()))


def test_lines_grow_with_the_person_and_with_the_picture() -> None:
    def thickness(image: ImageArray, height: float) -> int:
        """Painted pixels across one upright limb of that height."""
        keypoints = np.full((1, 17, 2), np.nan)
        keypoints[0, [COCO.index("left_hip"), COCO.index("left_knee")]] = [[300, 20], [300, 20 + height]]
        row = slice(20 + round(height / 2), 21 + round(height / 2))
        return painted(image[row], draw_poses(image, poses_of(keypoints))[row])

    assert thickness(grey(1600, 1200), 1000.0) > thickness(grey(1600, 1200), 200.0)
    assert thickness(grey(1600, 1200), 200.0) > thickness(grey(400, 300), 200.0)


def test_line_scale_makes_lines_bolder() -> None:
    ink = [painted(grey(), draw_poses(grey(), person(), style=DrawStyle(line_scale=s))) for s in (0.5, 1.0, 3.0)]
    assert ink[0] < ink[1] < ink[2]


def test_a_limb_that_leaves_the_picture_is_drawn_up_to_the_border() -> None:
    keypoints = np.full((1, 17, 2), np.nan)
    keypoints[0, COCO.index("left_hip")] = (320.0, 240.0)
    keypoints[0, COCO.index("left_knee")] = (1e30, 240.0)
    drawn = draw_poses(grey(), poses_of(keypoints))
    link = COCO.links.index((COCO.index("left_hip"), COCO.index("left_knee")))
    assert pixel(drawn, np.array([639, 240])) == COCO.link_colours[link]
    assert pixel(drawn, np.array([200, 240])) == (128, 128, 128)


@pytest.mark.parametrize("across", [True, False], ids=["level", "upright"])
def test_a_limb_along_the_clipping_border_does_no_harm(across: bool) -> None:
    """A segment on the very line that clips divides zero by zero."""
    ends = np.array([[-64.0, -64.0], [500.0, -64.0]])
    keypoints = np.full((1, 17, 2), np.nan)
    keypoints[0, [11, 13]] = ends if across else ends[:, ::-1]
    assert draw_poses(grey(), poses_of(keypoints)).shape == (480, 640, 3)


def test_boxes_are_outlined_on_their_border() -> None:
    poses = replace(person(), boxes=np.array([[100, 50, 500, 450]], np.float32))
    without, drawn = draw_poses(grey(), poses), draw_poses(grey(), poses, style=DrawStyle(boxes=True))
    changed = (without != drawn).any(axis=-1)
    assert changed[50, 110:490].all()
    assert changed[60:440, 100].all()
    assert not changed[:44].any()
    assert not changed[60:440, 108:490].any()


def test_a_track_keeps_its_colour_and_differs_from_the_next() -> None:
    def box_colour(track_id: int, at: tuple[float, float]) -> tuple[int, ...]:
        poses = replace(person(height=200.0, at=at), track_ids=np.array([track_id]))
        x1, y1, x2, _ = poses.boxes[0]
        return pixel(draw_poses(grey(), poses, style=DrawStyle(boxes=True)), np.array([(x1 + x2) / 2, y1]))

    assert box_colour(7, (10.0, 20.0)) == box_colour(7, (300.0, 100.0))
    assert box_colour(7, (10.0, 20.0)) != box_colour(8, (10.0, 20.0))


@pytest.mark.parametrize("at", [(-60.0, -120.0), (560.0, 300.0), (200.0, 100.0)], ids=["top left", "right", "middle"])
def test_labels_add_a_chip_that_names_the_track(at: tuple[float, float]) -> None:
    poses = replace(person(height=250.0, at=at), track_ids=np.array([3]))
    plain = draw_poses(grey(), poses)
    third = draw_poses(grey(), poses, style=DrawStyle(labels=True))
    fourth = draw_poses(grey(), replace(poses, track_ids=np.array([4])), style=DrawStyle(labels=True))
    assert painted(plain, third) > 200
    assert painted(third, fourth) > 50


def test_a_missing_box_gets_neither_outline_nor_chip() -> None:
    poses = replace(person(), boxes=np.full((1, 4), np.nan, np.float32))
    assert np.array_equal(
        draw_poses(grey(), poses, style=DrawStyle(boxes=True, labels=True)), draw_poses(grey(), poses)
    )


@pytest.mark.parametrize("name", ["blazepose33", "coco_wholebody133", "halpe26", "lsp14", "mpii16"])
def test_every_skeleton_can_be_drawn(name: str) -> None:
    skeleton = load_skeleton(name)
    corners = np.random.default_rng(0).uniform(50, 400, (1, len(skeleton), 2))
    assert painted(grey(), draw_poses(grey(), poses_of(corners, skeleton=skeleton))) > 500


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_score", float("nan")),
        ("min_score", -0.1),
        ("sure_score", 1.01),
        ("sure_score", float("nan")),
        ("line_scale", 0.0),
        ("line_scale", float("inf")),
    ],
)
def test_a_style_out_of_range_names_field_and_value(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"{field} is {value}; give a number from"):
        DrawStyle(**{field: value})  # type: ignore[arg-type]


def test_equal_scores_limits_leave_no_joint_half_sure() -> None:
    ankle = COCO.index("left_ankle")
    drawn = draw_poses(grey(), person(score=0.5), style=DrawStyle(min_score=0.5, sure_score=0.5))
    assert pixel(drawn, person().keypoints[0, ankle]) == COCO.keypoint_colours[ankle]


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)],
    ids=["grey", "with alpha", "float"],
)
def test_what_is_not_an_rgb_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"expected \(H, W, 3\) uint8"):
        draw_poses(image, Poses.empty(COCO))


def test_of_a_person_without_keypoints_the_box_is_drawn() -> None:
    """A detector finds such people; a picture without a mark would say that it found nobody."""
    known = person()
    unknown = replace(known, keypoints=np.full_like(known.keypoints, np.nan), scores=np.zeros_like(known.scores))
    corner = np.clip(unknown.boxes[0, :2], 0, None)
    assert pixel(draw_poses(grey(), unknown), corner) != (128, 128, 128)
    assert pixel(draw_poses(grey(), known), corner) == (128, 128, 128)


@given(
    places=st.lists(
        st.tuples(st.floats(-300, 900), st.floats(-300, 700), st.floats(2, 900), st.floats(0.3, 1)), max_size=4
    ),
    boxes=st.booleans(),
    labels=st.booleans(),
    line_scale=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_only_what_is_said_to_have_changed_has(
    places: list[tuple[float, float, float, float]], boxes: bool, labels: bool, line_scale: float
) -> None:
    people = [person(height=height, at=(x, y), score=score) for x, y, height, score in places]
    poses = replace(
        poses_of(np.concatenate([np.empty((0, 17, 2)), *(one.keypoints for one in people)])),
        scores=np.concatenate([np.empty((0, 17), np.float32), *(one.scores for one in people)]),
    )
    drawing = draw_over(grey(), poses, style=DrawStyle(boxes=boxes, labels=labels, line_scale=line_scale))
    changed = (drawing.image != grey()).any(axis=-1)
    for x1, y1, x2, y2 in drawing.changed:
        assert 0 <= x1 < x2 <= 640
        assert 0 <= y1 < y2 <= 480
        changed[y1:y2, x1:x2] = False
    assert not changed.any()
