import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gonio.arrays import FloatArray
from gonio.codecs import Codec, DecodedPeople, MultiPersonGrid, SinglePersonGrid

K = 3
FLIP = (0, 2, 1)
STRIDE = 4
SINGLE, MULTI = SinglePersonGrid(K), MultiPersonGrid(K)
# Four roundings to float32 at up to 512 px, where its steps are 2^-14 px: nothing of the grid's 4 px is left.
ROUND_TRIP_PX = 4 * 2.0**-14

seeds = st.integers(0, 2**32 - 1)
cells = st.integers(2, 40)
codecs = st.sampled_from([SINGLE, MULTI])


@st.composite
def labels(draw: st.DrawFn) -> tuple[DecodedPeople, tuple[int, int]]:
    """One person somewhere in an input, every keypoint inside it, and the input's size."""
    height, width = STRIDE * draw(cells), STRIDE * draw(cells)
    x = st.floats(-0.5, width - 0.5, exclude_max=True, width=32)
    y = st.floats(-0.5, height - 0.5, exclude_max=True, width=32)
    points = [[(draw(x), draw(y)) for _ in range(K)]]
    return _people(points, [(0, 0, width, height)]), (height, width)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[DecodedPeople, tuple[int, int]]:
    """People in tiles of 96 px, far enough from the next that nobody's targets overwrite another's."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    tiles = draw(st.lists(st.integers(0, rows * columns - 1), unique=True, min_size=0, max_size=8))
    inside = st.floats(24, 71, width=32)
    points, boxes = [], []
    for tile in tiles:
        x0, y0 = tile % columns * 96, tile // columns * 96
        points.append([(x0 + draw(inside), y0 + draw(inside)) for _ in range(K)])
        boxes.append((x0 + draw(inside), y0 + draw(inside), x0 + 90, y0 + 90))
    return _people(points, boxes), (96 * rows, 96 * columns)


def _people(points: object, boxes: object) -> DecodedPeople:
    keypoints = np.array(points, np.float32).reshape(-1, K, 2)
    n = len(keypoints)
    return DecodedPeople(
        keypoints, np.ones((n, K), np.float32), np.array(boxes, np.float32).reshape(n, 4), np.ones(n, np.float32)
    )


def random_outputs(codec: Codec, seed: int, cells_hw: tuple[int, int], batch: int = 1) -> dict[str, FloatArray]:
    """Whatever a network may say: maps in [0, 1], of steep or flat landscapes, regressions of any size."""
    rng = np.random.default_rng(seed)
    outputs = {}
    for name, channels in codec.output_channels.items():
        shape = (batch, channels or 1, *cells_hw)
        if name in ("center", "heatmap"):
            values = rng.random(shape) ** rng.integers(1, 20)
        else:
            values = rng.normal(0, 10.0 ** rng.integers(-2, 4), shape)
        outputs[name] = values.astype(np.float32)
    return outputs


@given(codec=codecs, target=labels())
def test_a_person_comes_back(codec: Codec, target: tuple[DecodedPeople, tuple[int, int]]) -> None:
    person, input_hw = target
    (found,) = codec.decode(codec.encode(person, input_hw))
    np.testing.assert_allclose(found.keypoints, person.keypoints, rtol=0, atol=ROUND_TRIP_PX)


@given(target=crowds())
@settings(max_examples=50)
def test_a_crowd_comes_back(target: tuple[DecodedPeople, tuple[int, int]]) -> None:
    crowd, input_hw = target
    (found,) = MULTI.decode(MULTI.encode(crowd, input_hw))
    assert len(found) == len(crowd)
    theirs, ours = (_tile_order(people) for people in (found, crowd))
    np.testing.assert_allclose(found.keypoints[theirs], crowd.keypoints[ours], rtol=0, atol=ROUND_TRIP_PX)
    size = crowd.boxes[ours, 2:] - crowd.boxes[ours, :2]
    proper = (size > 0).all(axis=1)  # a box that is inside out comes back empty
    np.testing.assert_allclose(found.boxes[theirs][proper], crowd.boxes[ours][proper], rtol=0, atol=ROUND_TRIP_PX)


def _tile_order(people: DecodedPeople) -> list[int]:
    tiles = (people.keypoints[:, 0] // 96).astype(int).reshape(-1, 2).tolist()
    return sorted(range(len(tiles)), key=tiles.__getitem__)


@given(codec=codecs, seed=seeds, height=cells, width=cells)
def test_unflip_twice_is_nothing(codec: Codec, seed: int, height: int, width: int) -> None:
    outputs = random_outputs(codec, seed, (height, width), batch=2)
    twice = codec.unflip(codec.unflip(outputs, FLIP), FLIP)
    for name, expected in outputs.items():
        # 1 - (1 - x) rounds once at the size of x, once at the size of 1
        np.testing.assert_allclose(twice[name], expected, rtol=2.0**-22, atol=2.0**-22, err_msg=name)


@given(codec=codecs, seed=seeds, height=cells, width=cells, batch=st.integers(0, 3))
def test_decode_is_sane_whatever_the_network_says(codec: Codec, seed: int, height: int, width: int, batch: int) -> None:
    decoded = codec.decode(random_outputs(codec, seed, (height, width), batch))
    assert len(decoded) == batch
    for people in decoded:
        assert np.isfinite(people.keypoints).all()
        for scores in (people.scores, people.person_scores):
            assert ((scores >= 0) & (scores <= 1)).all()


@given(seed=seeds, height=cells, width=cells)
def test_centres_come_best_first_and_boxes_are_not_inside_out(seed: int, height: int, width: int) -> None:
    outputs = random_outputs(MULTI, seed, (height, width))
    outputs["heatmap"][:] = 1  # so that a person's score is the centre's
    (found,) = MULTI.decode(outputs)
    assert len(found) >= (outputs["center"].max() >= MULTI.min_center)
    assert (np.diff(found.person_scores) <= 0).all()
    assert (found.boxes[:, 2:] >= found.boxes[:, :2]).all()


@given(seed=seeds, dy=st.integers(-6, 6), dx=st.integers(-6, 6))
def test_people_move_with_the_cells(seed: int, dy: int, dx: int) -> None:
    """Outputs shifted by whole cells give the same people, shifted; the rim of zeros is wider than the shift."""
    outputs = random_outputs(MULTI, seed, (12, 14))
    framed = {name: np.pad(array, ((0, 0), (0, 0), (6, 6), (6, 6))) for name, array in outputs.items()}
    shifted = {name: np.roll(array, (dy, dx), axis=(2, 3)) for name, array in framed.items()}
    (before,), (after,) = MULTI.decode(framed), MULTI.decode(shifted)
    move = np.array([dx, dy], np.float32) * STRIDE
    steps = 2.0**-20  # relative; the coordinates are rounded before and after the shift
    np.testing.assert_allclose(after.keypoints, before.keypoints + move, rtol=steps, atol=1e-3)
    np.testing.assert_allclose(after.boxes, before.boxes + np.tile(move, 2), rtol=steps, atol=1e-3)
    np.testing.assert_array_equal(after.scores, before.scores)
    np.testing.assert_array_equal(after.person_scores, before.person_scores)


@given(target=labels())
def test_the_network_of_a_mirror_image_is_understood(target: tuple[DecodedPeople, tuple[int, int]]) -> None:
    person, (height, width) = target
    keypoints = person.keypoints[:, list(FLIP)].copy()
    keypoints[..., 0] = width - 1 - keypoints[..., 0]
    assume((keypoints[..., 0] < width - 0.5).all())  # the left edge itself is the right edge, which is outside
    image = DecodedPeople(keypoints, person.scores, person.boxes, person.person_scores)
    (found,) = SINGLE.decode(SINGLE.unflip(SINGLE.encode(image, (height, width)), FLIP))
    np.testing.assert_allclose(found.keypoints, person.keypoints, rtol=0, atol=ROUND_TRIP_PX)
