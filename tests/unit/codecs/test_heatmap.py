import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, DecodedPeople, Heatmap
from gonio.codecs.base import average
from gonio.errors import ConfigError, ModelMismatchError

K = 3
FLIP = (0, 2, 1)
HW = (64, 96)
EXACT_PX = 1e-3  # float32 maps hold their logarithm to 1e-7, which moves the peak by less than 1e-4 cells
POINTS = [(10.3, 20.7), (33.0, 41.5), (80.2, 5.9)]


def person(points: object) -> DecodedPeople:
    keypoints = np.array([points], np.float32)
    return DecodedPeople(
        keypoints, np.ones(keypoints.shape[:2], np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32)
    )


def mirrored(points: object) -> FloatArray:
    turned = np.array(points, np.float32)[list(FLIP)]
    turned[:, 0] = HW[1] - 1 - turned[:, 0]
    return turned


def test_cards_know_it_by_name() -> None:
    assert CODECS["heatmap"] is Heatmap


def test_the_peak_of_a_target_is_where_the_keypoint_is() -> None:
    """Pixel 4 i + 1.5 is the middle of cell i; the Gaussian there is 1, and one sigma away exp(-1/2)."""
    codec = Heatmap(1, sigma=2)
    maps = codec.encode(person([(4 * 6 + 1.5, 4 * 3 + 1.5)]), HW)["heatmap"]
    assert maps.shape == (1, 1, 16, 24)
    assert maps.dtype == np.float32
    assert maps[0, 0, 3, 6] == 1
    np.testing.assert_allclose(maps[0, 0, [3, 5], [8, 6]], np.exp(-0.5), rtol=1e-6)


@pytest.mark.parametrize(
    ("alignment", "pixel"),
    [("centres", (4 * 6 + 1.5, 4 * 3 + 1.5)), ("indices", (24.0, 12.0)), ("ends", (6 * 95 / 23, 3 * 63 / 15))],
)
def test_alignment_says_which_pixel_a_cell_is(alignment: str, pixel: tuple[float, float]) -> None:
    maps = np.zeros((1, 1, 16, 24), np.float32)
    maps[0, 0, 3, 6] = 0.7
    codec = Heatmap(1, refinement="none", alignment=alignment)  # type: ignore[arg-type]
    (found,) = codec.decode({"heatmap": maps})
    np.testing.assert_allclose(found.keypoints[0, 0], pixel, rtol=1e-6)
    assert found.scores[0, 0] == np.float32(0.7)


def test_ends_maps_first_and_last_cell_to_first_and_last_pixel() -> None:
    codec = Heatmap(2, refinement="none", alignment="ends")
    maps = np.zeros((1, 2, 16, 24), np.float32)
    maps[0, 0, 0, 0] = maps[0, 1, -1, -1] = 1
    assert codec.decode({"heatmap": maps})[0].keypoints[0].tolist() == [[0, 0], [95, 63]]


@pytest.mark.parametrize("alignment", ["centres", "indices", "ends"])
def test_dark_is_exact(alignment: str) -> None:
    codec = Heatmap(K, alignment=alignment)  # type: ignore[arg-type]
    (found,) = codec.decode(codec.encode(person(POINTS), HW))
    np.testing.assert_allclose(found.keypoints[0], POINTS, rtol=0, atol=EXACT_PX)
    assert np.isnan(found.boxes).all()
    assert found.person_scores[0] == pytest.approx(found.scores.mean())


def test_dark_finds_a_slanted_gaussian() -> None:
    """The mixed derivative counts: an ellipse across the axes is found too."""
    y, x = np.mgrid[:16, :24].astype(np.float64)
    dy, dx = y - 7.3, x - 11.6
    maps = np.exp(-(0.2 * dx**2 + 0.3 * dx * dy + 0.25 * dy**2))[None, None].astype(np.float32)
    (found,) = Heatmap(1).decode({"heatmap": maps})
    np.testing.assert_allclose(found.keypoints[0, 0], (11.6 * 4 + 1.5, 7.3 * 4 + 1.5), rtol=0, atol=EXACT_PX)


def test_smoothing_moves_a_perfect_peak_by_little_and_a_noisy_one_for_the_better() -> None:
    rng = np.random.default_rng(3)
    target = person(np.tile((44.4, 30.9), (50, 1)))
    maps = Heatmap(50).encode(target, HW)["heatmap"]
    noisy = {"heatmap": (maps + rng.normal(0, 0.05, maps.shape)).astype(np.float32)}

    def error(codec: Heatmap, outputs: dict[str, FloatArray]) -> float:
        away = codec.decode(outputs)[0].keypoints[0] - target.keypoints[0]
        return float(np.linalg.norm(away, axis=1).mean())

    assert error(Heatmap(50, blur=11), {"heatmap": maps}) < 0.05
    assert error(Heatmap(50, blur=11), noisy) < 0.7 * error(Heatmap(50), noisy)


def test_quarter_goes_towards_the_higher_neighbour() -> None:
    maps = np.zeros((1, 1, 16, 24), np.float32)
    maps[0, 0, 5, 5:8] = 0.2, 1, 0.3
    maps[0, 0, 4, 6] = 0.1
    (found,) = Heatmap(1, refinement="quarter", alignment="indices").decode({"heatmap": maps})
    assert found.keypoints[0, 0].tolist() == [4 * 6.25, 4 * 4.75]


def test_quarter_stays_at_the_rim() -> None:
    maps = np.zeros((1, 1, 16, 24), np.float32)
    maps[0, 0, 0, :2] = 1, 0.5
    (found,) = Heatmap(1, refinement="quarter", alignment="indices").decode({"heatmap": maps})
    assert found.keypoints[0, 0].tolist() == [0, 0]


@pytest.mark.parametrize("refinement", ["dark", "quarter", "none"])
def test_tiny_maps_give_a_cell(refinement: str) -> None:
    maps = np.zeros((1, 1, 2, 2), np.float32)
    maps[0, 0, 1, 0] = 0.5
    (found,) = Heatmap(1, refinement=refinement, alignment="indices").decode({"heatmap": maps})  # type: ignore[arg-type]
    assert (found.keypoints[0, 0].tolist(), found.scores[0, 0]) == ([0, 4], 0.5)


@pytest.mark.parametrize("level", [0, 0.5, 0.9, -5])
@pytest.mark.parametrize("refinement", ["dark", "dark-wide", "udp", "quarter", "none"])
def test_a_map_without_a_peak_has_no_keypoint(refinement: str, level: float) -> None:
    """As a dead network gives them: the first cell was the highest, and its height the score."""
    maps = np.full((1, 2, 16, 24), level, np.float32)
    maps[0, 1, 3, 5] += 0.4
    (found,) = Heatmap(2, refinement=refinement, alignment="indices").decode({"heatmap": maps})  # type: ignore[arg-type]
    assert np.isnan(found.keypoints[0, 0]).all()
    assert found.scores[0, 0] == 0
    np.testing.assert_allclose(found.keypoints[0, 1], (20, 12), atol=4)
    assert found.scores[0, 1] == np.float32(np.clip(level + 0.4, 0, 1))


def test_scores_are_clipped_and_inputs_do_not_mix() -> None:
    maps = np.zeros((2, 1, 16, 24), np.float32)
    maps[0, 0, 3, 3], maps[1] = 1.4, -1
    first, second = Heatmap(1).decode({"heatmap": maps})
    assert (first.scores[0, 0], second.scores[0, 0]) == (1, 0)
    assert Heatmap(1).decode({"heatmap": maps[:0]}) == []


def test_what_is_no_heatmap_is_refused() -> None:
    codec = Heatmap(K)
    maps = codec.encode(person(POINTS), HW)["heatmap"]
    with pytest.raises(ModelMismatchError, match="heatmaps reach 42, expected 1 or little more"):
        codec.decode({"heatmap": maps * 42 / maps.max()})
    with pytest.raises(ModelMismatchError, match="hold values that are no numbers"):
        codec.decode({"heatmap": maps * np.float32(np.nan)})
    with pytest.raises(ModelMismatchError, match=r"shape \(1, 2, 16, 24\), expected \(any, 3, any, any\)"):
        codec.decode({"heatmap": maps[:, :2]})


def test_missing_and_outside_leave_no_trace() -> None:
    codec = Heatmap(K)
    maps = codec.encode(person([(np.nan, np.nan), (96.0, 5.0), (5.0, 5.0)]), HW)["heatmap"]
    assert maps.any(axis=(0, 2, 3)).tolist() == [False, False, True]
    nobody = DecodedPeople(*(np.zeros(s, np.float32) for s in ((0, K, 2), (0, K), (0, 4), (0,))))
    assert not codec.encode(nobody, HW)["heatmap"].any()


@pytest.mark.parametrize("alignment", ["centres", "ends"])
def test_unflip_of_the_mirror_image_is_the_image(alignment: str) -> None:
    codec = Heatmap(K, alignment=alignment)  # type: ignore[arg-type]
    straight = codec.encode(person(POINTS), HW)
    turned = codec.unflip(codec.encode(person(mirrored(POINTS)), HW), FLIP)
    np.testing.assert_allclose(turned["heatmap"], straight["heatmap"], rtol=0, atol=1e-5)


def test_the_shift_brings_mirrored_indices_to_within_a_quarter_of_a_cell() -> None:
    """Without it the average of both is three eighths of a cell off, with it one eighth."""
    errors = {}
    for shift in (0, 1):
        codec = Heatmap(K, alignment="indices", flip_shift=shift)
        straight = codec.encode(person(POINTS), HW)
        turned = codec.unflip(codec.encode(person(mirrored(POINTS)), HW), FLIP)
        (found,) = codec.decode(average(straight, turned))
        errors[shift] = (found.keypoints[0] - POINTS)[:, 0]
    np.testing.assert_allclose(errors[0], -1.5, atol=0.05)
    np.testing.assert_allclose(errors[1], 0.5, atol=0.05)


def test_another_output_name() -> None:
    codec = Heatmap(K, output="conv_7")
    assert codec.output_channels == {"conv_7": K}
    outputs = codec.encode(person(POINTS), HW)
    np.testing.assert_allclose(codec.decode(outputs)[0].keypoints[0], POINTS, rtol=0, atol=EXACT_PX)
    assert list(codec.unflip(outputs, FLIP)) == ["conv_7"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"refinement": "drak"}, "refinement is 'drak'; known are dark"),
        ({"alignment": "middle"}, "alignment is 'middle'; known are centres"),
        ({"stride": 0}, "stride is 0"),
        ({"sigma": 0}, "sigma 0"),
        ({"blur": 4}, "blur is 4; give an odd number"),
        ({"blur": -1}, "blur is -1"),
        ({"flip_shift": -1}, "flip_shift is -1"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Heatmap(K, **parameters)  # type: ignore[arg-type]
