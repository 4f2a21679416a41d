import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.arrays import ImageArray
from gonio.augmentation import Augmentation, Crop, Person, augment_crop, augment_picture
from gonio.augmentation.affine import Change, change_matrix, cut
from gonio.geometry.affine import crop_box, transform
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
HW = (128, 96)
GEOMETRY = Augmentation().only("scale", "rotation", "turn", "translation", "aspect", "flip")
EVERYTHING = Augmentation().only(*Augmentation.kinds())

seeds = st.integers(0, 2**32 - 1)
changes = st.builds(
    Change,
    scale=st.floats(0.5, 2),
    degrees=st.floats(-180, 180),
    shift=st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)),
    stretch=st.floats(1 / 1.8, 1.8),
    flip=st.booleans(),
)
boxes = st.tuples(st.floats(-50, 200), st.floats(-50, 200), st.floats(8, 300), st.floats(8, 300)).map(
    lambda b: np.array([b[0], b[1], b[0] + b[2], b[1] + b[3]], np.float32)
)


def someone(seed: int) -> tuple[ImageArray, Person, np.random.Generator]:
    rng = np.random.default_rng(seed)
    height, width = (int(value) for value in rng.integers(40, 400, 2))
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    low = rng.uniform(-20, 0.5 * width, 2)
    size = rng.uniform(5, 300, 2)
    visibility = rng.integers(0, 3, 17)
    points = np.where(visibility[:, None] > 0, low + rng.random((17, 2)) * size, np.nan).astype(np.float32)
    box = np.concatenate([low, low + size]).astype(np.float32)
    return image, Person(points, visibility, box, rng.random(17).astype(np.float32)), rng


def crop_of(image: ImageArray, person: Person, chosen: Augmentation, rng: np.random.Generator) -> Crop:
    others = [np.full((50, 30, 3), 200, np.uint8)]
    return augment_crop(
        image,
        person,
        settings=chosen,
        input_hw=HW,
        margin=1.25,
        pad_value=0,
        skeleton=COCO,
        rng=rng,
        others=others,
    )


@given(box=boxes, change=changes, seed=seeds)
@settings(max_examples=60)
def test_a_dot_is_found_where_the_matrix_says(box: np.ndarray, change: Change, seed: int) -> None:
    """A soft dot, as wide as the crop's pixels are in the picture, so that it is neither lost nor blocky."""
    matrix = change_matrix(box, change, input_hw=HW, margin=1.25)
    where = np.random.default_rng(seed).uniform(0.2, 0.8, 2) * (HW[1], HW[0])
    point = np.rint((where - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T)  # on a pixel: enlarging cannot lose it
    rows, columns = np.mgrid[:300, :300]
    offset = matrix[:, :2] @ np.stack([columns - point[0], rows - point[1]]).reshape(2, -1)
    dot = np.exp(-(offset**2).sum(axis=0) / (2 * 2.5**2)).reshape(300, 300)
    if not (8 < point[0] < 291 and 8 < point[1] < 291):
        return
    image = np.repeat((dot * 255)[..., None].round(), 3, axis=2).astype(np.uint8)
    crop, used = cut(image, box, change, input_hw=HW, margin=1.25, pad_value=0)
    expected = transform(used, point[None])[0]
    weights = crop[..., 0].astype(float)
    found = np.array([(weights.sum(axis=0) * np.arange(HW[1])).sum(), (weights.sum(axis=1) * np.arange(HW[0])).sum()])
    brightest = np.array(np.unravel_index(int(cv2.GaussianBlur(weights, (0, 0), 1.5).argmax()), HW))[::-1]
    assert np.abs(brightest - expected).max() <= 1
    inside = np.abs(expected - (HW[1] / 2, HW[0] / 2)) < (HW[1] / 2 - 10, HW[0] / 2 - 10)
    far = min(*point, *(299 - point)) * np.abs(np.linalg.det(used[:, :2])) ** 0.5 / 1.8 > 10
    if inside.all() and far:
        assert np.abs(found / weights.sum() - expected).max() < 0.5


@given(box=boxes, change=changes)
def test_flipping_twice_is_not_flipping(box: np.ndarray, change: Change) -> None:
    mirror = np.array([[-1.0, 0, HW[1] - 1], [0, 1, 0], [0, 0, 1]])
    plain, flipped = (
        change_matrix(box, Change(change.scale, change.degrees, (0, 0), change.stretch, flip), input_hw=HW, margin=1.0)
        for flip in (False, True)
    )
    np.testing.assert_allclose((mirror @ np.vstack([flipped, [0, 0, 1]]))[:2], plain, atol=1e-9)


@given(seed=seeds)
def test_a_flip_of_a_flip_is_the_person(seed: int) -> None:
    image, person, rng = someone(seed)
    flip, off = Augmentation().only("flip"), Augmentation.off()
    once = crop_of(image, person, flip, rng)
    whole = np.array([0, 0, HW[1], HW[0]], np.float32)
    again = augment_crop(
        once.image,
        Person(once.keypoints, once.visibility, whole, once.weights),
        settings=flip,
        input_hw=HW,
        margin=1.0,
        pad_value=0,
        skeleton=COCO,
        rng=rng,
    )
    plain = crop_of(image, person, off, rng)
    np.testing.assert_array_equal(again.image, plain.image)
    np.testing.assert_allclose(again.keypoints, plain.keypoints, atol=1e-3)
    np.testing.assert_array_equal(again.visibility, plain.visibility)
    np.testing.assert_array_equal(again.weights, plain.weights)


@given(seed=seeds)
@settings(max_examples=60)
def test_keypoints_are_on_the_crop_or_missing(seed: int) -> None:
    image, person, rng = someone(seed)
    crop = crop_of(image, person, EVERYTHING, rng)
    missing = np.isnan(crop.keypoints).any(axis=1)
    assert (missing == (crop.visibility == 0)).all()
    assert (crop.weights[missing] == 0).all()
    known = crop.keypoints[~missing]
    assert ((known >= 0) & (known <= (HW[1] - 1, HW[0] - 1))).all()
    assert crop.visibility.sum() <= person.visibility.sum()


@given(seed=seeds)
def test_all_that_is_labelled_goes_through_the_matrix(seed: int) -> None:
    image, person, rng = someone(seed)
    crop = crop_of(image, person, GEOMETRY, rng)
    flipped = np.linalg.det(crop.matrix[:, :2]) < 0
    order = np.array(COCO.flip_indices) if flipped else np.arange(17)
    moved = transform(crop.matrix, person.keypoints)[order]
    known = crop.visibility > 0
    np.testing.assert_array_equal(crop.keypoints[known], moved[known])
    np.testing.assert_array_equal(crop.weights[known], person.weights[order][known])
    outside = ~((moved >= 0) & (moved <= (HW[1] - 1, HW[0] - 1))).all(axis=1)
    assert (known == ((person.visibility[order] > 0) & ~outside)).all()


@given(seed=seeds)
def test_off_is_the_crop_of_inference(seed: int) -> None:
    image, person, rng = someone(seed)
    crop = crop_of(image, person, Augmentation.off(), rng)
    pixels, matrix = crop_box(image, person.box, size_wh=(HW[1], HW[0]), margin=1.25, pad_value=0)
    np.testing.assert_array_equal(crop.image, pixels)
    np.testing.assert_array_equal(crop.matrix, matrix)


@given(seed=seeds)
@settings(max_examples=40)
def test_the_same_state_gives_the_same_bytes(seed: int) -> None:
    image, person, _ = someone(seed)
    one, other = (crop_of(image, person, Augmentation(), np.random.default_rng(seed)) for _ in range(2))
    for name in Crop.__slots__:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@given(seed=seeds, count=st.integers(0, 5))
@settings(max_examples=40)
def test_boxes_of_a_picture_are_on_it(seed: int, count: int) -> None:
    image, _, rng = someone(seed)
    people = [someone(seed + n)[1] for n in range(count)]
    whole = augment_picture(
        image,
        people,
        settings=EVERYTHING,
        input_hw=HW,
        pad_value=0,
        skeleton=COCO,
        rng=rng,
    )
    n = len(whole.people)
    assert whole.keypoints.shape == (n, 17, 2)
    assert whole.visibility.shape == whole.weights.shape == (n, 17)
    assert ((whole.boxes >= 0) & (whole.boxes <= (HW[1], HW[0], HW[1], HW[0]))).all()
    assert (whole.boxes[:, 2:] > whole.boxes[:, :2]).all()
