import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, DecodedPeople, SimCC
from gonio.codecs.base import average
from gonio.errors import ConfigError, ModelMismatchError

K = 3
FLIP = (0, 2, 1)
HW = (64, 96)
EXACT_PX = 2e-3  # float32 logits of up to -1000 keep 6e-5: under 1e-3 bins
POINTS = [(10.3, 20.7), (33.0, 41.5), (80.2, 5.9)]
KINDS = [{"values": v, "alignment": a} for v in ("logits", "gaussian") for a in ("centres", "indices")]


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
    assert CODECS["simcc"] is SimCC


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_perfect_network_is_understood(kind: dict[str, str]) -> None:
    codec = SimCC(K, **kind)  # type: ignore[arg-type]
    outputs = codec.encode(person(POINTS), HW)
    assert {name: (array.shape, array.dtype.name) for name, array in outputs.items()} == {
        "simcc_x": ((1, K, 192), "float32"),
        "simcc_y": ((1, K, 128), "float32"),
    }
    (found,) = codec.decode(outputs)
    np.testing.assert_allclose(found.keypoints[0], POINTS, rtol=0, atol=EXACT_PX)
    assert found.scores.min() > 0.9
    assert np.isnan(found.boxes).all()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_unflip_of_the_mirror_image_is_the_image(kind: dict[str, str]) -> None:
    codec = SimCC(K, **kind)  # type: ignore[arg-type]
    straight = codec.encode(person(POINTS), HW)
    turned = codec.unflip(codec.encode(person(mirrored(POINTS)), HW), FLIP)
    (found,) = codec.decode(average(straight, turned))
    np.testing.assert_allclose(found.keypoints[0], POINTS, rtol=0, atol=EXACT_PX)
    (alone,) = codec.decode(turned)
    np.testing.assert_allclose(alone.keypoints[0], POINTS, rtol=0, atol=EXACT_PX)


@pytest.mark.parametrize(("alignment", "first"), [("centres", 10 / 2 - 0.25), ("indices", 10 / 2)])
def test_alignment_says_which_pixel_a_bin_is(alignment: str, first: float) -> None:
    codec = SimCC(1, values="gaussian", refine=False, alignment=alignment)  # type: ignore[arg-type]
    lines = {"simcc_x": np.zeros((1, 1, 192), np.float32), "simcc_y": np.zeros((1, 1, 128), np.float32)}
    lines["simcc_x"][0, 0, 10], lines["simcc_y"][0, 0, 10] = 0.8, 0.6
    (found,) = codec.decode(lines)
    assert found.keypoints[0, 0].tolist() == [first, first]
    assert found.scores[0, 0] == np.float32(0.6)  # the lower of the two


def test_the_score_may_be_the_mean_of_both_peaks_and_ends_at_one() -> None:
    lines = {"simcc_x": np.zeros((1, 2, 192), np.float32), "simcc_y": np.zeros((1, 2, 128), np.float32)}
    lines["simcc_x"][0, :, 10], lines["simcc_y"][0, :, 10] = (0.8, 1.4), (0.6, 1.1)
    (found,) = SimCC(2, values="gaussian", score="mean").decode(lines)
    np.testing.assert_allclose(found.scores[0], (0.7, 1))


def test_what_no_such_network_says_is_refused() -> None:
    codec = SimCC(K, values="gaussian")
    outputs = codec.encode(person(POINTS), HW)
    with pytest.raises(ModelMismatchError, match=r"values of 'simcc_y' reach 42.*expected 1 or little more"):
        codec.decode(outputs | {"simcc_y": outputs["simcc_y"] * 42})
    for wrong in (np.nan, np.inf):
        with pytest.raises(ModelMismatchError, match="hold values that are no numbers"):
            codec.decode(outputs | {"simcc_x": np.full_like(outputs["simcc_x"], wrong)})
    with pytest.raises(ModelMismatchError, match=r"output 'simcc_x' has shape \(1, 2, 192\), expected \(any, 3, any\)"):
        codec.decode({name: array[:, :2] for name, array in outputs.items()})


def test_without_refinement_half_a_bin_may_be_lost() -> None:
    codec = SimCC(K, refine=False)
    (found,) = codec.decode(codec.encode(person(POINTS), HW))
    error = np.abs(found.keypoints[0] - POINTS)
    assert 0.05 < error.max() <= 0.25 + 1e-4


def test_an_undecided_network_scores_low_and_a_wider_one_lower() -> None:
    sharp, wide = SimCC(1, sigma=6), SimCC(1, sigma=12)
    target = person([(40.0, 30.0)])
    assert sharp.decode(sharp.encode(target, HW))[0].scores[0, 0] == pytest.approx(1, abs=0.01)
    assert sharp.decode(wide.encode(target, HW))[0].scores[0, 0] == pytest.approx(0.5, abs=0.01)
    assert sharp.decode(sharp.encode(person([(np.nan, 1.0)]), HW))[0].scores[0, 0] < 0.13


def test_missing_and_outside_leave_no_trace() -> None:
    codec = SimCC(K, values="gaussian")
    outputs = codec.encode(person([(np.nan, np.nan), (96.0, 5.0), (5.0, 5.0)]), HW)
    for lines in outputs.values():
        assert lines.any(axis=(0, 2)).tolist() == [False, False, True]
    nobody = DecodedPeople(*(np.zeros(s, np.float32) for s in ((0, K, 2), (0, K), (0, 4), (0,))))
    assert not any(lines.any() for lines in codec.encode(nobody, HW).values())


def test_inputs_do_not_mix_and_none_give_none() -> None:
    codec = SimCC(K)
    one, other = codec.encode(person(POINTS), HW), codec.encode(person(mirrored(POINTS)), HW)
    both = codec.decode({name: np.concatenate([one[name], other[name]]) for name in one})
    np.testing.assert_allclose(both[0].keypoints[0], POINTS, rtol=0, atol=EXACT_PX)
    np.testing.assert_allclose(both[1].keypoints[0], mirrored(POINTS), rtol=0, atol=EXACT_PX)
    assert codec.decode({name: array[:0] for name, array in one.items()}) == []


def test_other_output_names_and_ratios() -> None:
    codec = SimCC(K, split_ratio=1.5, output_x="a", output_y="b")
    assert codec.output_channels == {"a": K, "b": K}
    assert codec.bins_xy(HW) == (144, 96)
    (found,) = codec.decode(codec.encode(person(POINTS), HW))
    np.testing.assert_allclose(found.keypoints[0], POINTS, rtol=0, atol=EXACT_PX)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"values": "softmax"}, "values is 'softmax'; known are logits, gaussian"),
        ({"alignment": "ends"}, "alignment is 'ends'; known are centres, indices"),
        ({"score": "higher"}, "score is 'higher'; known are lower, mean"),
        ({"split_ratio": 0}, "split_ratio is 0"),
        ({"sigma": -1}, "sigma -1"),
        ({"alignment": "indices", "split_ratio": 1.5}, "split_ratio is 1.5; with alignment 'indices'"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SimCC(K, **parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", ["logits", "gaussian"])
@pytest.mark.parametrize("line", ["simcc_x", "simcc_y"])
@pytest.mark.parametrize("level", [0, 0.5, 0.9])
def test_a_line_without_a_peak_has_no_keypoint(values: str, line: str, level: float) -> None:
    """As a dead network gives them: bin 0 was the highest, and of bumps its height the score."""
    codec = SimCC(K, values=values, score="mean")  # type: ignore[arg-type]
    outputs = codec.encode(person(POINTS), HW)
    outputs[line][0, 1] = level
    (found,) = codec.decode(outputs)
    assert np.isnan(found.keypoints[0, 1]).all()
    assert found.scores[0, 1] == 0
    np.testing.assert_allclose(found.keypoints[0, [0, 2]], [POINTS[0], POINTS[2]], rtol=0, atol=EXACT_PX)
