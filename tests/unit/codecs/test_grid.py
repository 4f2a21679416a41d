import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import CODECS, Codec, DecodedPeople, MultiPersonGrid, SinglePersonGrid
from gonio.codecs.base import average
from gonio.errors import ShapeError

K = 3
FLIP = (0, 2, 1)
HW = (96, 128)
EXACT_PX = 1e-4  # a few float32 roundings at some hundred px

CODECS_UNDER_TEST = [pytest.param(SinglePersonGrid(K), id="single"), pytest.param(MultiPersonGrid(K), id="multi")]


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


def people(*keypoints: object, boxes: object = None) -> DecodedPeople:
    """People with these keypoints ``(K, 2)``, and the boxes around the finite ones unless given."""
    points = np.array(keypoints, np.float32).reshape(-1, K, 2)
    n = len(points)
    around = [[*np.nanmin(one, axis=0), *np.nanmax(one, axis=0)] for one in points] if boxes is None else boxes
    return DecodedPeople(
        keypoints=points,
        scores=np.ones((n, K), np.float32),
        boxes=np.array(around, np.float32).reshape(n, 4),
        person_scores=np.ones(n, np.float32),
    )


def mirrored(original: DecodedPeople, width: int) -> DecodedPeople:
    """The same people in the mirror image, left and right swapped."""
    keypoints = original.keypoints[:, list(FLIP)].copy()
    keypoints[..., 0] = width - 1 - keypoints[..., 0]
    boxes = original.boxes.copy()
    boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    return DecodedPeople(keypoints, original.scores, boxes, original.person_scores)


def empty_outputs(codec: Codec, batch: int = 1, cells_hw: tuple[int, int] = (24, 32)) -> dict[str, FloatArray]:
    return {name: np.zeros((batch, c or 1, *cells_hw), np.float32) for name, c in codec.output_channels.items()}


ONE = people([(40.0, 30.0), (60.5, 50.25), (55.0, 71.75)], boxes=[(36, 26, 66, 80)])
TWO = people(
    [(40.0, 30.0), (60.5, 50.25), (55.0, 71.75)],
    [(90.0, 20.0), (100.0, 60.0), (110.0, 80.0)],
    boxes=[(36, 26, 66, 80), (86, 16, 116, 84)],
)


def test_cards_know_the_codecs_by_name() -> None:
    assert CODECS["multi-person-grid"] is MultiPersonGrid
    assert CODECS["single-person-grid"] is SinglePersonGrid


def test_decoded_people_check_their_shapes() -> None:
    with pytest.raises(ShapeError, match=r"boxes has shape \(1, 3\), expected \(2, 4\)"):
        DecodedPeople(
            keypoints=np.zeros((2, K, 2), np.float32),
            scores=np.zeros((2, K), np.float32),
            boxes=np.zeros((1, 3), np.float32),
            person_scores=np.zeros(2, np.float32),
        )


def test_average_is_the_mean_by_name() -> None:
    one, other = {"a": f32([0, 2])}, {"a": f32([1, 4])}
    assert average(one, other)["a"].tolist() == [0.5, 3.0]


@pytest.mark.parametrize("codec", CODECS_UNDER_TEST)
class TestBoth:
    def test_encode_gives_what_decode_reads(self, codec: Codec) -> None:
        outputs = codec.encode(ONE, HW)
        assert {name: array.shape for name, array in outputs.items()} == {
            name: (1, channels, 24, 32) for name, channels in codec.output_channels.items()
        }
        assert {array.dtype for array in outputs.values()} == {np.dtype(np.float32)}

    def test_keypoints_come_back(self, codec: Codec) -> None:
        (found,) = codec.decode(codec.encode(ONE, HW))
        np.testing.assert_allclose(found.keypoints, ONE.keypoints, rtol=0, atol=EXACT_PX)
        assert found.scores.min() > 0.5  # 1 at the keypoint's cell, less where a nearer neighbour is taken

    def test_shapes_and_types(self, codec: Codec) -> None:
        (found,) = codec.decode(codec.encode(ONE, HW))
        assert (found.keypoints.shape, found.scores.shape, found.boxes.shape) == ((1, K, 2), (1, K), (1, 4))
        assert {a.dtype for a in (found.keypoints, found.scores, found.boxes, found.person_scores)} == {
            np.dtype(np.float32)
        }

    def test_inputs_of_a_batch_do_not_mix(self, codec: Codec) -> None:
        parts = [codec.encode(ONE, HW), empty_outputs(codec), codec.encode(mirrored(ONE, HW[1]), HW)]
        batch = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        together = codec.decode(batch)
        assert len(together) == 3
        for found, part in zip(together, parts, strict=True):
            (alone,) = codec.decode(part)
            for field in ("keypoints", "scores", "boxes", "person_scores"):
                np.testing.assert_array_equal(getattr(found, field), getattr(alone, field))

    def test_a_missing_keypoint_scores_nothing_and_does_not_hurt_the_others(self, codec: Codec) -> None:
        target = people([(40.0, 30.0), (np.nan, np.nan), (55.0, 71.75)])
        outputs = codec.encode(target, HW)
        assert all(np.isfinite(array).all() for array in outputs.values())
        (found,) = codec.decode(outputs)
        assert found.scores[0, 1] == 0
        assert np.isfinite(found.keypoints).all()
        np.testing.assert_allclose(found.keypoints[0, [0, 2]], target.keypoints[0, [0, 2]], rtol=0, atol=EXACT_PX)

    def test_a_keypoint_beyond_the_edge_scores_nothing(self, codec: Codec) -> None:
        outputs = codec.encode(people([(40.0, 30.0), (200.0, 30.0), (55.0, 71.75)]), HW)
        (found,) = codec.decode(outputs)
        assert (found.scores[0] > 0.5).tolist() == [True, False, True]

    def test_a_person_without_any_keypoint_is_centred_in_the_box(self, codec: Codec) -> None:
        """Keypoints outside the input count as none."""
        for keypoints in (np.full((K, 2), np.nan), np.full((K, 2), 500.0)):
            outputs = codec.encode(people(keypoints, boxes=[(16, 24, 48, 40)]), HW)
            assert np.argwhere(outputs["center"][0, 0] == 1).tolist() == [[32 // 4, 32 // 4]]
            assert not outputs["heatmap"].any()
            assert not outputs["offset"].any()

    @pytest.mark.parametrize("box", [(np.nan,) * 4, (-40, 10, -8, 30)], ids=["no box", "box outside"])
    def test_a_person_without_keypoints_and_box_inside_leaves_no_trace(
        self, codec: Codec, box: tuple[float, ...]
    ) -> None:
        outputs = codec.encode(people(np.full((K, 2), np.nan), boxes=[box]), HW)
        assert not any(array.any() for array in outputs.values())

    def test_nobody_encodes_to_zeros(self, codec: Codec) -> None:
        outputs = codec.encode(people(), HW)
        assert outputs.keys() == codec.output_channels.keys()
        assert not any(array.any() for array in outputs.values())

    def test_an_empty_batch_decodes_to_nothing(self, codec: Codec) -> None:
        assert codec.decode(empty_outputs(codec, batch=0)) == []

    def test_unflip_of_the_mirror_image_is_the_image(self, codec: Codec) -> None:
        """A perfect network sees the mirror image as it should: its outputs, turned back, are those of the image."""
        straight = codec.encode(TWO, HW)
        turned = codec.unflip(codec.encode(mirrored(TWO, HW[1]), HW), FLIP)
        for name, expected in straight.items():
            stated = expected != 0  # elsewhere the targets say nothing
            assert stated.any()
            np.testing.assert_allclose(turned[name][stated], expected[stated], rtol=0, atol=1e-5, err_msg=name)
        averaged = codec.decode(average(straight, turned))
        for found, expected_people in zip(averaged, codec.decode(straight), strict=True):
            np.testing.assert_allclose(found.keypoints, expected_people.keypoints, rtol=0, atol=EXACT_PX)

    def test_unflip_leaves_its_argument_alone(self, codec: Codec) -> None:
        outputs = codec.encode(ONE, HW)
        before = {name: array.copy() for name, array in outputs.items()}
        codec.unflip(outputs, FLIP)
        for name, array in outputs.items():
            np.testing.assert_array_equal(array, before[name])


def test_unflip_mirrors_and_swaps() -> None:
    """Known values, channel by channel, on one row of two cells."""
    outputs = {
        "center": f32([[[[1, 2]]]]),
        "heatmap": f32([[[[1, 2]], [[3, 4]], [[5, 6]]]]),
        "offset": np.arange(12, dtype=np.float32).reshape(1, 6, 1, 2),  # y of keypoint 0, x of keypoint 0, y of 1, …
        "box_scale": f32([[[[1, 2]], [[3, 4]]]]),
        "box_offset": f32([[[[1, 2]], [[3, 4]]]]),
    }
    turned = MultiPersonGrid(K).unflip(outputs, FLIP)
    assert turned["center"].tolist() == [[[[2, 1]]]]
    assert turned["heatmap"].tolist() == [[[[2, 1]], [[6, 5]], [[4, 3]]]]
    # keypoints 1 and 2 change places; x becomes 1 - x, y stays
    assert turned["offset"][0, :, 0].tolist() == [[1, 0], [-2, -1], [9, 8], [-10, -9], [5, 4], [-6, -5]]
    assert turned["box_scale"].tolist() == [[[[2, 1]], [[4, 3]]]]
    assert turned["box_offset"].tolist() == [[[[2, 1]], [[-3, -2]]]]


class TestSinglePersonGrid:
    def test_output_channels(self) -> None:
        assert SinglePersonGrid(17).output_channels == {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}

    def test_a_person_is_centred_in_the_mean_of_the_keypoints_inside(self) -> None:
        """As Thunder and Lightning have learnt it; the box does not matter."""
        keypoints = [(20.0, 28.0), (22.0, 26.0), (46.5, 37.5)]
        outputs = SinglePersonGrid(K).encode(people(keypoints, boxes=[(16, 24, 78, 70)]), HW)
        assert np.argwhere(outputs["center"][0, 0] == 1).tolist() == [[31 // 4, 30 // 4]]
        keypoints[2] = (500.0, 500.0)
        outputs = SinglePersonGrid(K).encode(people(keypoints, boxes=[(16, 24, 78, 70)]), HW)
        assert np.argwhere(outputs["center"][0, 0] == 1).tolist() == [[27 // 4, 21 // 4]]

    def test_keypoints_are_narrower_than_centres_as_in_movenet(self) -> None:
        outputs = SinglePersonGrid(K).encode(ONE, HW)
        row, column = np.argwhere(outputs["heatmap"][0, 0] == 1)[0]
        assert outputs["heatmap"][0, 0, row, column + 1] == pytest.approx(np.exp(-1 / (2 * 1.05**2)))
        row, column = np.argwhere(outputs["center"][0, 0] == 1)[0]
        assert outputs["center"][0, 0, row, column + 1] == pytest.approx(np.exp(-1 / (2 * 1.65**2)))

    def test_known_cells(self) -> None:
        """Cell (row 5, column 7) of 4 px with offset (0.25, 0.5): x = 4 * 7.5 - 0.5, y = 4 * 5.25 - 0.5."""
        codec = SinglePersonGrid(1)
        outputs = empty_outputs(codec)
        outputs["center"][0, 0, 12, 16] = 0.875
        outputs["regress"][0, :, 12, 16] = (-7, -9)
        outputs["heatmap"][0, 0, 5, 7] = 0.75
        outputs["offset"][0, :, 5, 7] = (0.25, 0.5)
        (found,) = codec.decode(outputs)
        assert found.keypoints.tolist() == [[[29.5, 20.5]]]
        assert found.scores.tolist() == [[0.75]]
        assert found.person_scores.tolist() == [0.875]
        assert np.isnan(found.boxes).all()

    def test_the_stride_is_the_codecs(self) -> None:
        codec = SinglePersonGrid(K, stride=8)
        outputs = codec.encode(ONE, HW)
        assert outputs["center"].shape == (1, 1, 12, 16)
        np.testing.assert_allclose(codec.decode(outputs)[0].keypoints, ONE.keypoints, rtol=0, atol=EXACT_PX)

    def test_the_middle_counts_more_than_the_rim(self) -> None:
        """A centre 16 cells from the middle counts 1 / 17.8, one in the middle 1 / 1.8: 0.2 there beats 1 here."""
        codec = SinglePersonGrid(1)
        outputs = empty_outputs(codec)
        outputs["center"][0, 0, 12, 0], outputs["center"][0, 0, 12, 16] = 1, 0.2
        assert codec.decode(outputs)[0].person_scores.tolist() == [pytest.approx(0.2)]
        outputs["center"][0, 0, 12, 16] = 0.1
        assert codec.decode(outputs)[0].person_scores.tolist() == [1]

    def test_a_near_keypoint_beats_a_strong_far_one(self) -> None:
        codec = SinglePersonGrid(1)
        outputs = empty_outputs(codec)
        outputs["center"][0, 0, 12, 16] = 1  # its coarse guess is the cell itself
        outputs["heatmap"][0, 0, 12, 18], outputs["heatmap"][0, 0, 2, 2] = 0.3, 1  # 0.3 / 3.8 against 1 / 19
        assert codec.decode(outputs)[0].keypoints.tolist() == [[[71.5, 47.5]]]

    def test_of_several_people_the_first_is_encoded(self) -> None:
        codec = SinglePersonGrid(K)
        for name, array in codec.encode(TWO, HW).items():
            np.testing.assert_array_equal(array, codec.encode(ONE, HW)[name])

    def test_an_empty_input_is_one_person_with_no_score(self) -> None:
        (found,) = SinglePersonGrid(K).decode(empty_outputs(SinglePersonGrid(K)))
        assert (len(found), found.person_scores.tolist(), found.scores.max()) == (1, [0], 0)


class TestMultiPersonGrid:
    def test_output_channels(self) -> None:
        assert MultiPersonGrid(17).output_channels == {
            "center": 1,
            "heatmap": 17,
            "regress": 34,
            "offset": 34,
            "box_scale": 2,
            "box_offset": 2,
        }

    def test_known_cells(self) -> None:
        """A box of 10 x 6 cells, its middle half a cell below and right of cell (12, 16)."""
        codec = MultiPersonGrid(1)
        outputs = empty_outputs(codec)
        outputs["center"][0, 0, 12, 16] = 0.5
        outputs["regress"][0, :, 12, 16] = (-7, -9)
        outputs["heatmap"][0, 0, 5, 7] = 0.75
        outputs["offset"][0, :, 5, 7] = (0.25, 0.5)
        outputs["box_scale"][0, :, 12, 16] = (10, 6)
        outputs["box_offset"][0, :, 12, 16] = (0.5, 0.5)
        (found,) = codec.decode(outputs)
        assert found.keypoints.tolist() == [[[29.5, 20.5]]]
        assert found.boxes.tolist() == [[54, 30, 78, 70]]
        assert found.person_scores.tolist() == [0.375]  # centre times the one keypoint's score

    def test_everybody_comes_back(self) -> None:
        codec = MultiPersonGrid(K)
        (found,) = codec.decode(codec.encode(TWO, HW))
        order = np.argsort(found.keypoints[:, 0, 0])
        np.testing.assert_allclose(found.keypoints[order], TWO.keypoints, rtol=0, atol=EXACT_PX)
        np.testing.assert_allclose(found.boxes[order], TWO.boxes, rtol=0, atol=EXACT_PX)

    def test_more_than_six_people(self) -> None:
        """The original graph stops at six."""
        codec = MultiPersonGrid(1)
        grid = np.stack(np.meshgrid(np.arange(20.0, 256, 40), np.arange(20.0, 160, 40)), axis=-1).reshape(-1, 1, 2)
        n = len(grid)
        crowd = DecodedPeople(
            grid.astype(np.float32), np.ones((n, 1), np.float32), f32(np.full((n, 4), np.nan)), np.ones(n, np.float32)
        )
        (found,) = codec.decode(codec.encode(crowd, (160, 256)))
        assert n == 24
        assert sorted(map(tuple, found.keypoints[:, 0].tolist())) == sorted(map(tuple, grid[:, 0].tolist()))

    def test_people_whose_keypoints_share_a_cell(self) -> None:
        """The keypoint where both meet is both's; their others stay their own."""
        pair = people(
            [(61.0, 49.0), (30.0, 20.0), (30.0, 80.0)],
            [(61.0, 49.0), (100.0, 20.0), (100.0, 80.0)],
        )
        codec = MultiPersonGrid(K)
        (found,) = codec.decode(codec.encode(pair, HW))
        order = np.argsort(found.keypoints[:, 1, 0])
        np.testing.assert_allclose(found.keypoints[order], pair.keypoints, rtol=0, atol=EXACT_PX)

    def test_a_person_is_centred_in_the_box_wherever_the_keypoints_are(self) -> None:
        """As MultiPose has learnt it; without a box, in the middle of what the keypoints span."""
        keypoints = [(20.0, 28.0), (22.0, 26.0), (46.0, 38.0)]
        codec = MultiPersonGrid(K)
        outputs = codec.encode(people(keypoints, boxes=[(16, 24, 48, 40)]), HW)
        assert np.argwhere(outputs["center"][0, 0] == 1).tolist() == [[32 // 4, 32 // 4]]
        outputs = codec.encode(people(keypoints, boxes=[(np.nan,) * 4]), HW)
        assert np.argwhere(outputs["center"][0, 0] == 1).tolist() == [[int(32.5 / 4), int(33.5 / 4)]]

    def test_people_centred_in_one_cell_become_the_later(self) -> None:
        pair = people([(60.0, 40.0), (40.0, 40.0), (80.0, 40.0)], [(60.0, 40.0), (60.0, 20.0), (60.0, 60.0)])
        codec = MultiPersonGrid(K)
        (found,) = codec.decode(codec.encode(pair, HW))
        np.testing.assert_allclose(found.keypoints, pair.keypoints[1:], rtol=0, atol=EXACT_PX)

    def test_nobody(self) -> None:
        (found,) = MultiPersonGrid(K).decode(empty_outputs(MultiPersonGrid(K)))
        assert len(found) == 0
        assert found.keypoints.shape == (0, K, 2)
        assert found.boxes.shape == (0, 4)

    def test_best_centre_first_and_no_more_than_asked(self) -> None:
        outputs = empty_outputs(MultiPersonGrid(1))
        outputs["center"][0, 0, 4, 4], outputs["center"][0, 0, 4, 20], outputs["center"][0, 0, 16, 4] = 0.3, 0.9, 0.6
        outputs["box_offset"][:] = 0
        all_three = MultiPersonGrid(1).decode(outputs)[0].boxes[:, 0].tolist()
        assert all_three == [80, 16, 16]
        assert MultiPersonGrid(1, max_people=2).decode(outputs)[0].boxes[:, 1].tolist() == [16, 64]

    def test_a_peak_is_the_best_of_its_square(self) -> None:
        outputs = empty_outputs(MultiPersonGrid(1))
        outputs["center"][0, 0, 10, 10], outputs["center"][0, 0, 10, 12] = 0.9, 0.8
        assert len(MultiPersonGrid(1).decode(outputs)[0]) == 1
        assert len(MultiPersonGrid(1, peak_size=3).decode(outputs)[0]) == 2

    def test_a_peak_in_the_corner_counts(self) -> None:
        outputs = empty_outputs(MultiPersonGrid(1))
        outputs["center"][0, 0, 0, 0] = outputs["center"][0, 0, -1, -1] = 0.9
        assert len(MultiPersonGrid(1).decode(outputs)[0]) == 2

    @pytest.mark.parametrize(("center", "count"), [(0.19, 0), (0.2, 1)])
    def test_peaks_below_the_floor_are_nobody(self, center: float, count: int) -> None:
        outputs = empty_outputs(MultiPersonGrid(1))
        outputs["center"][0, 0, 10, 10] = center
        floor = float(np.float32(0.2))
        assert len(MultiPersonGrid(1, min_center=floor).decode(outputs)[0]) == count

    def test_a_person_with_few_good_keypoints_scores_less(self) -> None:
        """Mean of the scores above the threshold times the root of their share: 0.8 * sqrt(1 / 4)."""
        codec = MultiPersonGrid(4)
        outputs = empty_outputs(codec)
        outputs["center"][0, 0, 10, 10] = 1
        outputs["heatmap"][0, 0, 10, 10], outputs["heatmap"][0, 1, 10, 10] = 0.8, 0.1
        assert codec.decode(outputs)[0].person_scores.tolist() == [pytest.approx(0.4)]

    def test_a_box_of_negative_size_is_empty(self) -> None:
        outputs = empty_outputs(MultiPersonGrid(1))
        outputs["center"][0, 0, 10, 10] = 1
        outputs["box_scale"][:] = -3
        assert MultiPersonGrid(1).decode(outputs)[0].boxes.tolist() == [[40, 40, 40, 40]]
