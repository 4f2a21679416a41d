import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople
from gonio.codecs.blazepose import BlazePose
from gonio.errors import ConfigError, ModelMismatchError
from gonio.structures.skeleton import load_skeleton

SKELETON = load_skeleton("blazepose33")
FLIP = SKELETON.flip_indices
SIDE = 256


def person(points: FloatArray, score: float = 0.9) -> DecodedPeople:
    scores = np.full((1, 33), score, np.float32)
    return DecodedPeople(points[None].astype(np.float32), scores, np.zeros((1, 4), np.float32), scores[:, 0])


def somewhere(seed: int) -> FloatArray:
    return np.random.default_rng(seed).uniform(0, SIDE - 1, (33, 2)).astype(np.float32)


def peak(codec: BlazePose, cell_xy: tuple[int, int], height: float) -> dict[str, FloatArray]:
    """A person with everything at pixel (100, 60), cell (25, 15), and heatmaps that say otherwise."""
    outputs = codec.encode(person(np.tile(np.array([100.0, 60.0]), (33, 1))), (SIDE, SIDE))
    outputs["activation_heatmap"][:] = 0
    outputs["activation_heatmap"][:, :, cell_xy[1], cell_xy[0]] = height
    return outputs


@given(seed=st.integers(0, 2**32 - 1), refine=st.booleans(), score=st.floats(0.01, 0.99))
def test_a_person_comes_back(seed: int, refine: bool, score: float) -> None:
    codec = BlazePose(refine=refine)
    points = somewhere(seed)
    (found,) = codec.decode(codec.encode(person(points, score), (SIDE, SIDE)))
    np.testing.assert_allclose(found.keypoints[0], points, atol=1e-3)
    np.testing.assert_allclose(found.scores, score, atol=1e-4)


def test_nobody_has_scores_near_zero() -> None:
    codec = BlazePose()
    nobody = DecodedPeople(*(np.zeros(shape, np.float32) for shape in ((0, 33, 2), (0, 33), (0, 4), (0,))))
    (found,) = codec.decode(codec.encode(nobody, (SIDE, SIDE)))
    assert found.scores.max() < 0.01


@pytest.mark.parametrize(
    ("cell_xy", "height", "expected"),
    [
        pytest.param((27, 14), 0.8, (108, 56), id="a sure peak within the window of seven cells"),
        pytest.param((27, 14), 0.4, (100, 60), id="an unsure peak"),
        pytest.param((29, 14), 0.8, (100, 60), id="a peak beyond the window"),
    ],
)
def test_the_heatmap_is_believed_where_it_is_sure(
    cell_xy: tuple[int, int], height: float, expected: tuple[int, int]
) -> None:
    codec = BlazePose()
    (found,) = codec.decode(peak(codec, cell_xy, height))
    np.testing.assert_allclose(found.keypoints[0], np.tile(expected, (33, 1)), atol=1e-4)


def test_the_score_needs_a_pose_and_a_visible_landmark() -> None:
    codec = BlazePose(refine=False)
    outputs = codec.encode(person(somewhere(0), 0.5), (SIDE, SIDE))
    outputs["output_poseflag"][:] = 0.25
    (found,) = codec.decode(outputs)
    np.testing.assert_allclose(found.scores, 0.125, atol=1e-5)


def test_the_auxiliary_landmarks_follow_the_others() -> None:
    codec = BlazePose()
    outputs = codec.encode(person(somewhere(1)), (SIDE, SIDE))
    found = codec.landmarks(outputs)
    assert found.points.shape == (1, 39, 2)
    assert found.world.shape == (1, 33, 3)
    assert found.points[0, 34, 1] < found.points[0, 33, 1]


@given(seed=st.integers(0, 2**32 - 1))
def test_unflip_undoes_a_mirrored_input(seed: int) -> None:
    """Points inside by a cell: at the edge the mirrored heatmap has no neighbour."""
    codec = BlazePose(refine=False)
    points = somewhere(seed)
    mirrored = points[list(FLIP)].copy()
    mirrored[:, 0] = SIDE - 1 - mirrored[:, 0]
    back = codec.unflip(codec.encode(person(mirrored), (SIDE, SIDE)), FLIP)
    (found,) = codec.decode(back)
    np.testing.assert_allclose(found.keypoints[0], points, atol=1e-3)


def test_unflip_mirrors_the_heatmap_and_the_positions() -> None:
    codec = BlazePose()
    points = np.random.default_rng(3).uniform(20, SIDE - 20, (33, 2)).astype(np.float32)
    mirrored = points[list(FLIP)].copy()
    mirrored[:, 0] = SIDE - 1 - mirrored[:, 0]
    outputs = codec.encode(person(mirrored), (SIDE, SIDE))
    outputs["world_3d"] = np.tile([1.0, 2.0, 3.0], 39).astype(np.float32)[None]
    back = codec.unflip(outputs, FLIP)
    cells = back["activation_heatmap"][0, :33]
    x = (cells.sum(axis=1) * np.arange(64)).sum(axis=1) / cells.sum(axis=(1, 2)) * 4
    np.testing.assert_allclose(x, points[:, 0], atol=1e-3)
    assert back["world_3d"].reshape(39, 3)[0].tolist() == [-1, 2, 3]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        pytest.param("ld_3d", lambda a: a[:, :190], "expected .any, 195.", id="another number of landmarks"),
        pytest.param("ld_3d", lambda a: a * np.nan, "no numbers", id="NaN"),
        pytest.param("output_poseflag", lambda a: a * 20 + 3, "expected 0 to 1", id="a logit for a probability"),
        pytest.param("activation_heatmap", lambda a: a * 9, "expected 0 to 1", id="logits for a heatmap"),
        pytest.param("activation_heatmap", lambda a: a[..., :32], "expected", id="another size of input"),
    ],
)
def test_outputs_of_another_network_are_refused(name: str, change: object, message: str) -> None:
    codec = BlazePose()
    outputs = codec.encode(person(somewhere(2)), (SIDE, SIDE))
    outputs[name] = change(outputs[name])  # type: ignore[operator]
    with pytest.raises(ModelMismatchError, match=message):
        codec.decode(outputs)


def test_a_missing_output_is_named() -> None:
    codec = BlazePose()
    outputs = codec.encode(person(somewhere(2)), (SIDE, SIDE))
    del outputs["world_3d"]
    with pytest.raises(ModelMismatchError, match="world_3d"):
        codec.decode(outputs)


def test_input_sides_are_multiples_of_the_heatmaps_cells() -> None:
    with pytest.raises(ConfigError, match="multiples of 4"):
        BlazePose(input_hw=(254, 256))
