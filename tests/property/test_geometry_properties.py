import cv2
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gonio.arrays import FloatArray, FloatArray64, ImageArray
from gonio.geometry.affine import crop_box, crop_matrix, invert, letterbox, transform, transform_boxes
from gonio.geometry.boxes import box_area, box_around, clip_boxes, iou, suppress
from gonio.geometry.oks import oks

seeds = st.integers(0, 2**32 - 1)
coordinates = st.floats(-2000, 4000, width=32)
lengths = st.floats(1, 2000, width=32)
sizes = st.tuples(st.integers(1, 640), st.integers(1, 640))


@st.composite
def regions(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x1, y1 = draw(coordinates), draw(coordinates)
    return x1, y1, x1 + draw(lengths), y1 + draw(lengths)


@st.composite
def many_boxes(draw: st.DrawFn, max_size: int = 8) -> FloatArray:
    """Boxes of every kind, some empty, some on top of each other."""
    corner = st.integers(-20, 20)
    rows = draw(st.lists(st.tuples(corner, corner, st.integers(0, 20), st.integers(0, 20)), max_size=max_size))
    return np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32).reshape(-1, 4)


@given(region=regions(), size_wh=sizes, seed=seeds)
def test_there_and_back_is_less_than_a_thousandth_of_a_pixel(
    region: tuple[float, float, float, float], size_wh: tuple[int, int], seed: int
) -> None:
    matrix = crop_matrix(region, size_wh)
    low, high = np.array(region[:2]), np.array(region[2:])
    points = (low + np.random.default_rng(seed).random((17, 2)) * (high - low)).astype(np.float32)
    back = transform(invert(matrix), transform(matrix, points))
    # float32 crop coordinates are worth their own rounding times the way back's scale
    slack = max((high - low) / np.array(size_wh)) * max(size_wh) * 2.0**-23
    np.testing.assert_allclose(back, points, rtol=0, atol=1e-3 + slack)


@given(region=regions(), size_wh=sizes)
def test_a_region_becomes_the_whole_crop(region: tuple[float, float, float, float], size_wh: tuple[int, int]) -> None:
    box = transform_boxes(crop_matrix(region, size_wh), np.array([region], np.float32))
    scale = max(size_wh[0] / (region[2] - region[0]), size_wh[1] / (region[3] - region[1]))
    np.testing.assert_allclose(box, [[0, 0, *size_wh]], rtol=0, atol=1e-3 * (1 + scale))


@given(boxes=many_boxes(), region=regions(), size_wh=sizes)
def test_boxes_move_with_the_pixels_inside_them(
    boxes: FloatArray, region: tuple[float, float, float, float], size_wh: tuple[int, int]
) -> None:
    """The centre of a box is a keypoint half a pixel up and left of it; both go the same way."""
    matrix = crop_matrix(region, size_wh)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    moved = transform_boxes(matrix, boxes)
    scale = float(np.abs(matrix[:, :2]).max())
    np.testing.assert_allclose(
        (moved[:, :2] + moved[:, 2:]) / 2 - 0.5,
        transform(matrix, centres - 0.5),
        rtol=1e-4,
        atol=1e-3 * (1 + scale),
    )


def dot_at(point: FloatArray64, image_hw: tuple[int, int], sigma_px: float) -> ImageArray:
    """A black image with a smooth bright dot."""
    y, x = np.indices(image_hw)
    dot = 250 * np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * sigma_px**2))
    return np.repeat(np.round(dot).astype(np.uint8)[..., None], 3, axis=-1)


def centroid(image: ImageArray) -> FloatArray64:
    weights = image[..., 0].astype(np.float64)
    y, x = np.indices(weights.shape)
    return np.asarray([(x * weights).sum(), (y * weights).sum()] / weights.sum(), np.float64)


@settings(max_examples=60, deadline=None)
@given(
    side=st.integers(70, 240),
    aspect=st.sampled_from([(1, 1), (3, 4), (4, 3), (1, 2)]),
    longer=st.integers(48, 400),
    margin=st.floats(1, 1.5),
    seed=seeds,
)
def test_the_crop_matrix_says_where_the_pixels_went(
    side: int, aspect: tuple[int, int], longer: int, margin: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    centre = rng.uniform((100, 80), (300, 220))
    point = centre + rng.uniform(-8, 8, 2)  # far enough from the region's edges for the whole dot to lie inside
    box = np.array([*(centre - side / 2), *(centre + side / 2)], np.float32)
    size_wh = (longer * aspect[0] // max(aspect), longer * aspect[1] // max(aspect))
    image = dot_at(point, (300, 400), sigma_px=side / 12)  # a small dot, much shrunk, has no middle to be found
    crop, matrix = crop_box(image, box, size_wh=size_wh, margin=margin, pad_value=0)
    assert crop.shape == (size_wh[1], size_wh[0], 3)
    np.testing.assert_allclose(centroid(crop), transform(matrix, point), rtol=0, atol=0.06)


@settings(max_examples=40, deadline=None)
@given(
    image_hw=st.tuples(st.integers(90, 400), st.integers(90, 400)),
    longer_side=st.integers(60, 500),
    multiple=st.sampled_from([1, 32]),
    seed=seeds,
)
def test_the_letterbox_matrix_says_where_the_pixels_went(
    image_hw: tuple[int, int], longer_side: int, multiple: int, seed: int
) -> None:
    height, width = image_hw
    point = np.random.default_rng(seed).uniform((30, 30), (width - 30, height - 30))
    image, matrix = letterbox(dot_at(point, image_hw, 6), longer_side=longer_side, multiple=multiple, pad_value=0)
    assert image.shape[0] % multiple == image.shape[1] % multiple == 0
    assert longer_side <= max(image.shape[:2]) < longer_side + multiple
    np.testing.assert_allclose(centroid(image), transform(matrix, point), rtol=0, atol=0.06)


@settings(deadline=None)
@given(region=regions(), size_wh=sizes, margin=st.floats(1, 2))
def test_the_region_covers_the_box_to_within_a_pixel(
    region: tuple[float, float, float, float], size_wh: tuple[int, int], margin: float
) -> None:
    assume(0.1 < size_wh[0] / size_wh[1] < 10)
    speck = np.zeros((4, 4, 3), np.uint8)
    assume(max(region[2] - region[0], region[3] - region[1]) < 500)  # larger regions only cost time
    _, matrix = crop_box(speck, np.array(region, np.float32), size_wh=size_wh, margin=margin, pad_value=0)
    covered = transform_boxes(invert(matrix), np.array([[0, 0, *size_wh]], np.float32))[0]
    assert (covered[:2] <= np.array(region[:2]) + 1.01).all()
    assert (covered[2:] >= np.array(region[2:]) - 1.01).all()


@given(a=many_boxes(), b=many_boxes())
def test_iou_is_symmetric_and_within_zero_and_one(a: FloatArray, b: FloatArray) -> None:
    values = iou(a, b)
    assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_array_equal(values, iou(b, a).T)
    np.testing.assert_array_equal(np.diagonal(iou(a, a)), box_area(a) > 0)


@given(boxes=many_boxes(), size=st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_clipped_boxes_lie_inside_and_stay(boxes: FloatArray, size: tuple[int, int]) -> None:
    clipped = clip_boxes(boxes, size)
    assert (clipped >= 0).all()
    assert (clipped <= [size[1], size[0], size[1], size[0]]).all()
    np.testing.assert_array_equal(clip_boxes(clipped, size), clipped)


@given(boxes=many_boxes(), threshold=st.floats(0, 1), seed=seeds)
def test_suppression_keeps_the_best_and_nothing_alike(boxes: FloatArray, threshold: float, seed: int) -> None:
    scores = np.random.default_rng(seed).permutation(len(boxes)).astype(np.float32)
    similarity = iou(boxes, boxes)
    kept = suppress(similarity, scores, threshold=threshold)
    assert (np.diff(scores[kept]) < 0).all()
    if len(boxes):
        assert kept[0] == scores.argmax()
    among = similarity[np.ix_(kept, kept)]
    np.fill_diagonal(among, 0)
    assert (among <= threshold).all()
    for gone in set(range(len(boxes))) - set(kept.tolist()):
        better = kept[scores[kept] > scores[gone]]
        assert (similarity[gone, better] > threshold).any()


@given(seed=seeds)
def test_a_box_around_holds_its_keypoints(seed: int) -> None:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(-50, 700, (3, 17, 2)).astype(np.float32)
    mask = rng.random((3, 17)) < 0.5
    boxes = box_around(keypoints, mask)
    for box, points in zip(boxes, [k[m] for k, m in zip(keypoints, mask, strict=True)], strict=True):
        assert np.isnan(box).all() == (len(points) == 0)
        assert (points >= box[:2]).all()
        assert (points <= box[2:] - 0.999).all()


@given(seed=seeds, n=st.integers(0, 4), m=st.integers(0, 4), noise_px=st.floats(0, 200), missing=st.floats(0, 1))
def test_oks_is_within_zero_and_one_and_one_only_at_home(
    seed: int, n: int, m: int, noise_px: float, missing: float
) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.uniform(0, 500, (m, 17, 2)).astype(np.float32)
    poses = rng.uniform(0, 500, (n, 17, 2)).astype(np.float32)
    poses[: min(n, m)] = reference[: min(n, m)] + rng.normal(0, noise_px, reference[: min(n, m)].shape)
    poses[rng.random((n, 17)) < missing] = np.nan
    areas = rng.uniform(100, 90_000, m).astype(np.float32)
    sigmas = rng.uniform(0.02, 0.1, 17).astype(np.float32)
    values = oks(poses, reference, areas=areas, sigmas=sigmas)
    assert values.shape == (n, m)
    assert ((values >= 0) & (values <= 1)).all()
    at_home = np.diagonal(oks(reference, reference, areas=areas, sigmas=sigmas))
    np.testing.assert_allclose(at_home, 1, rtol=1e-6)


@given(seed=seeds, scale=st.floats(0.25, 4), shift=st.floats(-100, 100))
def test_oks_does_not_depend_on_place_or_size(seed: int, scale: float, shift: float) -> None:
    """A picture twice as large has four times the area and the same similarities."""
    rng = np.random.default_rng(seed)
    reference = rng.uniform(0, 100, (2, 17, 2)).astype(np.float32)
    poses = (reference + rng.normal(0, 5, reference.shape)).astype(np.float32)
    areas, sigmas = np.full(2, 5000, np.float32), np.full(17, 0.07, np.float32)
    moved = [(points * scale + shift).astype(np.float32) for points in (poses, reference)]
    np.testing.assert_allclose(
        oks(moved[0], moved[1], areas=(areas * scale**2).astype(np.float32), sigmas=sigmas),
        oks(poses, reference, areas=areas, sigmas=sigmas),
        atol=1e-4,
    )


@given(seed=seeds, factors=st.tuples(st.floats(0, 3), st.floats(0, 3)))
def test_oks_falls_with_distance(seed: int, factors: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.uniform(0, 100, (1, 17, 2)).astype(np.float32)
    direction = rng.normal(0, 10, reference.shape)
    near, far = (
        oks(
            (reference + direction * factor).astype(np.float32),
            reference,
            areas=np.array([5000], np.float32),
            sigmas=np.full(17, 0.07, np.float32),
        )
        for factor in sorted(factors)
    )
    assert far <= near + 1e-5


def test_the_centroid_itself_is_right() -> None:
    """The measure that the tests above rest on: a dot of cv2 at a whole pixel."""
    image = np.zeros((40, 60, 3), np.uint8)
    cv2.circle(image, (21, 13), 3, (255, 255, 255), -1)
    np.testing.assert_allclose(centroid(image), [21, 13])
    np.testing.assert_allclose(centroid(dot_at(np.array([20.3, 15.8]), (40, 60), 3)), [20.3, 15.8], atol=0.01)
