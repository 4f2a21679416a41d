"""A teacher says what its model says, in pixels of the images that it is given; its maps become a student's targets."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from gonio.codecs import Codec, DecodedPeople, Heatmap, SimCC
from gonio.codecs.base import average
from gonio.errors import ConfigError, ModelMismatchError, WeightsError
from gonio.models.backends import OnnxBackend
from gonio.models.card import CropInput
from gonio.models.registry import WEIGHTS_FOLDER, find_card
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.skeleton import load_skeleton
from gonio.training.checkpoint import CheckpointInfo, Crop, save_checkpoint
from gonio.training.decoding import decode_heatmaps
from gonio.training.networks import build_network
from gonio.training.recipe import NetworkChoice
from gonio.training.teacher import Teacher, agreement_weights, heatmaps_to_simcc, resample_heatmaps

RECIPES = Path(__file__).resolve().parents[3] / "recipes" / "teachers"
HW = (256, 192)
SKELETON = load_skeleton("coco17")
K = len(SKELETON)
ALIGNMENTS = ("centres", "indices", "ends")


def people(points: npt.NDArray[Any]) -> DecodedPeople:
    k = len(points)
    ones = np.ones((1, k), np.float32)
    return DecodedPeople(points[None].astype(np.float32), ones, np.zeros((1, 4), np.float32), ones[0, :1])


def scattered(n: int, *, rim: float = 0.0) -> npt.NDArray[Any]:
    return np.random.default_rng(1).uniform((rim, rim), (HW[1] - 1 - rim, HW[0] - 1 - rim), (n, 2))


def maps_of(codec: Heatmap, points: npt.NDArray[Any], input_hw: tuple[int, int] = HW) -> Tensor:
    return torch.from_numpy(codec.encode(people(points), input_hw)[codec.output])


def read(codec: Codec, **outputs: Tensor) -> npt.NDArray[np.float32]:
    keypoints: npt.NDArray[np.float32] = codec.decode({name: one.numpy() for name, one in outputs.items()})[
        0
    ].keypoints[0]
    return keypoints


class Spots(nn.Module):
    """A perfect network for pictures of one bright dot per channel: maps are the channels, one cell a pixel."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"heatmap": images.repeat(1, 6, 1, 1)[:, :K]}


def spots_teacher(**changes: Any) -> Teacher:
    crop = CropInput(kind="crop", input_hw=(64, 48), margin=1.25, pad_value=0, mean=(0, 0, 0), std=(255, 255, 255))
    codec = Heatmap(K, stride=1)
    flip_test = changes.pop("flip_test", False)
    return Teacher(Spots(), codec=codec, crop=crop.model_copy(update=changes), skeleton=SKELETON, flip_test=flip_test)


def dots(points: npt.NDArray[Any], input_hw: tuple[int, int], *, sigma: float = 2.0) -> Tensor:
    """``(1, 3, h, w)``: a soft dot in each channel."""
    return 255 * maps_of(Heatmap(3, stride=1, sigma=sigma), points, input_hw)


class TestTeacher:
    points = np.array([[20.3, 30.6], [11.0, 50.25], [40.5, 9.75]])

    def test_of_an_image_of_its_own_size(self) -> None:
        labels = spots_teacher()(dots(self.points, (64, 48)))
        torch.testing.assert_close(
            labels.keypoints[0, :3], torch.tensor(self.points, dtype=torch.float32), atol=1e-3, rtol=0
        )
        assert labels.keypoints.shape == (1, K, 2)
        assert labels.heatmaps is not None
        assert labels.heatmaps.shape == (1, K, 64, 48)
        assert labels.simcc is None
        assert labels.matrix.tolist() == [[1, 0, 0], [0, 1, 0]]
        assert not labels.heatmaps.requires_grad

    @pytest.mark.parametrize("size", [(128, 96), (32, 24), (96, 96), (64, 40)], ids=str)
    def test_of_an_image_of_another_size(self, size: tuple[int, int]) -> None:
        """Keypoints come back in pixels of the image, also where the aspect differs."""
        points = self.points * min(size[0] / 64, size[1] / 48)
        teacher = spots_teacher()
        labels = teacher(dots(points, size, sigma=4 * min(size) / 96))
        found = labels.keypoints[0, :3].numpy()
        assert np.abs(found - points).max() < 0.1
        assert labels.heatmaps is not None
        assert labels.heatmaps.shape[2:] == (64, 48)
        moved = resample_heatmaps(
            labels.heatmaps, Heatmap(K, stride=1), Heatmap(K, stride=1), size, matrix=labels.matrix
        )
        assert np.abs(read(Heatmap(K, stride=1), heatmap=moved)[:3] - points).max() < 0.15

    def test_the_flip_test_gives_sides_back(self) -> None:
        """Oracle: `Codec.unflip`. The picture shows the same in all channels, so flipping sides changes nothing."""
        points = np.repeat(self.points[:1], 3, axis=0)
        image = dots(points, (64, 48))
        labels = spots_teacher(flip_test=True)(image)
        assert np.abs(labels.keypoints[0].numpy() - points[0]).max() < 1e-3

    @pytest.mark.parametrize("shift", [0, 1])
    def test_unflipping_is_the_codecs(self, shift: int) -> None:
        """Oracle: the numpy codec."""
        teacher = spots_teacher()
        teacher.codec = Heatmap(K, stride=1, flip_shift=shift)
        outputs = {"heatmap": torch.rand(2, K, 8, 6)}
        expected = teacher.codec.unflip({"heatmap": outputs["heatmap"].numpy()}, SKELETON.flip_indices)
        np.testing.assert_array_equal(teacher._unflipped(outputs)["heatmap"].numpy(), expected["heatmap"])

    def test_channels_are_turned_for_those_who_want_it(self) -> None:
        image = dots(self.points, (64, 48))
        turned = spots_teacher(channel_order="bgr")(image)
        torch.testing.assert_close(turned.keypoints[0, :3], spots_teacher()(image.flip(1)).keypoints[0, :3])

    def test_it_stays_in_evaluation_mode(self) -> None:
        teacher = Teacher.from_network(build_network("topdown-cnn", "s", n_keypoints=K), skeleton=SKELETON, margin=1.25)
        nn.ModuleList([teacher]).train()
        assert not any(module.training for module in teacher.modules())
        assert not any(parameter.requires_grad for parameter in teacher.parameters())

    def test_nobody(self) -> None:
        assert spots_teacher()(torch.zeros(0, 3, 64, 48)).keypoints.shape == (0, K, 2)

    def test_a_codec_of_other_keypoints(self) -> None:
        crop = CropInput(kind="crop", input_hw=(64, 48), margin=1, pad_value=0, mean=(0, 0, 0), std=(1, 1, 1))
        with pytest.raises(ConfigError, match="codec has 5 keypoints, the skeleton 'coco17' 17"):
            Teacher(Spots(), codec=Heatmap(5), crop=crop, skeleton=SKELETON)


class TestSources:
    def test_a_shipped_model_says_what_its_network_says(self) -> None:
        """Oracle: ONNX Runtime and the codec, as `load_model` runs them."""
        from_names = Teacher.load("lightning", flip_test=True)
        image = torch.rand(2, 3, 192, 192) * 255
        labels = from_names(image)
        assert labels.heatmaps is None
        assert labels.simcc is None
        card, folder = find_card("lightning")
        backend = OnnxBackend(folder / card.weights.file, threads=1)
        batch = ((image - 127.5) / 127.5).numpy()
        codec = card.build_codec()
        mirrored = codec.unflip(backend.run(np.ascontiguousarray(batch[..., ::-1])), SKELETON.flip_indices)
        plain = backend.run(batch)
        expected = codec.decode(average(plain, mirrored))
        for mine, theirs in zip(labels.keypoints.numpy(), expected, strict=True):
            np.testing.assert_allclose(mine, theirs.keypoints[0], atol=0.05)

    def test_weights_elsewhere_are_still_checked(self, tmp_path: Path) -> None:
        card = json.loads((WEIGHTS_FOLDER.parent / "cards" / "lightning.json").read_text())
        (tmp_path / "card.json").write_text(json.dumps(card))
        weights = WEIGHTS_FOLDER / card["weights"]["file"]
        assert Teacher.load(tmp_path / "card.json", weights=weights).input_hw == (192, 192)
        with pytest.raises(WeightsError, match="cannot be read"):
            Teacher.from_card(tmp_path / "card.json")
        with pytest.raises(WeightsError, match="damaged"):
            Teacher.from_card(tmp_path / "card.json", weights=WEIGHTS_FOLDER / "movenet-thunder.onnx")

    def test_a_card_that_does_not_fit_its_weights(self, tmp_path: Path) -> None:
        card = json.loads((WEIGHTS_FOLDER.parent / "cards" / "lightning.json").read_text())
        card["codec"] = {"kind": "heatmap", "output": "maps"}
        (tmp_path / "card.json").write_text(json.dumps(card))
        with pytest.raises(ModelMismatchError, match="output 'maps' should have 17 channels"):
            Teacher.from_card(tmp_path / "card.json", weights=WEIGHTS_FOLDER / card["weights"]["file"])

    def test_a_one_stage_model_is_no_teacher(self) -> None:
        with pytest.raises(ConfigError, match="'multipose' is one-stage, but a teacher is a top-down model"):
            Teacher.load("multipose")

    def test_a_network_of_our_own(self) -> None:
        network = build_network("topdown-cnn", "s", n_keypoints=K, head="simcc", input_hw=(64, 64))
        labels = Teacher.from_network(network, skeleton=SKELETON, margin=1.25, flip_test=True)(torch.rand(2, 3, 64, 64))
        assert labels.simcc is not None
        assert [line.shape for line in labels.simcc] == [(2, K, 128), (2, K, 128)]
        assert labels.heatmaps is None

    @pytest.mark.parametrize("suffix", [".safetensors", ".json"])
    def test_a_checkpoint(self, suffix: str, tmp_path: Path) -> None:
        network = build_network("topdown-cnn", "s", n_keypoints=K, input_hw=(64, 64))
        choice = NetworkChoice(kind="topdown-cnn", size="s", parameters={"input_hw": [64, 64]})
        info = CheckpointInfo(
            name="t",
            network=choice,
            skeleton=SkeletonSpec.of(SKELETON),
            crop=Crop(margin=1.3, pad_value=9),
            epoch=1,
            step=1,
        )
        save_checkpoint(tmp_path / "best.safetensors", network.state_dict(), info)
        teacher = Teacher.load(tmp_path / f"best{suffix}")
        assert (teacher.input_hw, teacher.margin, teacher.pad_value) == ((64, 64), 1.3, 9)
        image = torch.rand(1, 3, 64, 64) * 255
        found = teacher(image).heatmaps
        assert found is not None
        torch.testing.assert_close(found, network.eval()((image - 127.5) / 127.5)["heatmap"].detach())
        save_checkpoint(tmp_path / "best.safetensors", network.state_dict(), info.model_copy(update={"crop": None}))
        with pytest.raises(ConfigError, match="sees whole pictures, but a teacher is a top-down model"):
            Teacher.load(tmp_path / f"best{suffix}")

    def test_the_recipes_card_is_one(self) -> None:
        card, _ = find_card(RECIPES / "tinypose-256x192.json")
        assert isinstance(card.input, CropInput)
        assert card.build_codec() == Heatmap(K, blur=3, alignment="indices", flip_shift=1)
        weights = RECIPES.parents[2] / "shared" / "models" / card.weights.file
        if weights.is_file():
            assert hashlib.sha256(weights.read_bytes()).hexdigest() == card.weights.sha256


class TestReadingMapsInTorch:
    @pytest.mark.parametrize("alignment", ALIGNMENTS)
    @pytest.mark.parametrize(("refinement", "blur"), [("dark", 0), ("dark", 3), ("dark", 11), ("none", 0)])
    def test_it_is_the_codecs(self, alignment: Any, refinement: Any, blur: int) -> None:
        """Oracle: the numpy codec; on clean maps up to the rim, and on noise, where most peaks are no Gaussians."""
        codec = Heatmap(60, alignment=alignment, refinement=refinement, blur=blur)
        noise = torch.randn(1, 60, 64, 48, generator=torch.Generator().manual_seed(0))
        maps = torch.cat([maps_of(codec, scattered(60)), noise])
        keypoints, scores = decode_heatmaps(maps, codec)
        for i, one in enumerate(codec.decode({"heatmap": maps.numpy()})):
            np.testing.assert_allclose(keypoints[i].numpy(), one.keypoints[0], atol=2e-3)
            np.testing.assert_allclose(scores[i].numpy(), one.scores[0], atol=1e-6)

    def test_maps_too_small_to_refine(self) -> None:
        keypoints, _ = decode_heatmaps(torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]]), Heatmap(1))
        assert keypoints.tolist() == [[[5.5, 1.5]]]


class TestMapsOnOtherCells:
    @pytest.mark.parametrize("before", ALIGNMENTS)
    @pytest.mark.parametrize("after", ALIGNMENTS)
    def test_a_gaussian_keeps_its_place(self, before: Any, after: Any) -> None:
        """To the rim: what lies beyond the outermost cells is continued."""
        points = scattered(200)
        teacher, student = Heatmap(200, alignment=before), Heatmap(200, alignment=after)
        moved = resample_heatmaps(maps_of(teacher, points), teacher, student, HW)
        assert moved.shape == (1, 200, 64, 48)
        assert np.abs(read(student, heatmap=moved) - points).max() < 0.1

    def test_the_same_cells_change_nothing(self) -> None:
        maps = torch.rand(2, 3, 64, 48)
        torch.testing.assert_close(resample_heatmaps(maps, Heatmap(3), Heatmap(3), HW), maps)

    def test_finer_cells(self) -> None:
        """From 8 px a cell to 4; with the student's maps smoothed as a network's are."""
        points = scattered(200, rim=16)
        teacher, student = Heatmap(200, stride=8), Heatmap(200, blur=5)
        moved = resample_heatmaps(maps_of(teacher, points), teacher, student, HW)
        assert np.abs(read(student, heatmap=moved) - points).max() < 0.1

    def test_another_view_of_each(self) -> None:
        """The student sees the teacher's picture turned and scaled, each in its own way."""
        points = scattered(20, rim=70)
        teacher, student = Heatmap(20, alignment="indices"), Heatmap(20)
        matrices = []
        for angle, scale in ((0.3, 1.1), (-1.0, 0.9)):
            turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            middle = np.array([95.5, 127.5])
            matrices.append(np.column_stack([turn, middle - turn @ middle]))
        maps = maps_of(teacher, points).repeat(2, 1, 1, 1)
        moved = resample_heatmaps(maps, teacher, student, HW, matrix=torch.tensor(np.stack(matrices)))
        found = student.decode({"heatmap": moved.numpy()})
        for matrix, one in zip(matrices, found, strict=True):
            seen = one.keypoints[0] @ matrix[:, :2].T + matrix[:, 2]
            assert np.abs(seen - points).max() < 0.15

    def test_where_the_teacher_did_not_look_is_nothing(self) -> None:
        aside = torch.tensor([[1.0, 0, 300], [0, 1, 0]])
        assert not resample_heatmaps(torch.ones(1, 1, 64, 48), Heatmap(1), Heatmap(1), HW, matrix=aside).any()

    def test_lower_precision_is_raised(self) -> None:
        maps = torch.rand(1, 1, 64, 48)
        with torch.autocast("cpu", torch.bfloat16):
            moved = resample_heatmaps(maps, Heatmap(1), Heatmap(1, alignment="indices"), HW)
        torch.testing.assert_close(moved, resample_heatmaps(maps, Heatmap(1), Heatmap(1, alignment="indices"), HW))


class TestMapsAsLines:
    @pytest.mark.parametrize("before", ALIGNMENTS)
    @pytest.mark.parametrize(
        "after", [SimCC(100), SimCC(100, alignment="indices"), SimCC(100, split_ratio=1.5, sigma=5)]
    )
    def test_a_gaussian_keeps_its_place_and_gets_the_students_width(self, before: Any, after: SimCC) -> None:
        points = scattered(100)
        teacher = Heatmap(100, alignment=before)
        x, y = heatmaps_to_simcc(maps_of(teacher, points), teacher, after, HW)
        assert (x.shape[-1], y.shape[-1]) == after.bins_xy(HW)
        torch.testing.assert_close(x.sum(dim=-1), torch.ones(1, 100))
        logits = {"simcc_x": x.clamp(min=1e-30).log(), "simcc_y": y.clamp(min=1e-30).log()}
        assert np.abs(read(after, **logits) - points).max() < 0.1
        middle = ((points > 40) & (points < np.array(HW[::-1]) - 40)).all(axis=1)
        scores = after.decode({name: line.numpy() for name, line in logits.items()})[0].scores[0, middle]
        assert 0.95 < scores.min() <= scores.max() < 1.05

    def test_another_view(self) -> None:
        points = scattered(20, rim=60)
        teacher, student = Heatmap(20, alignment="indices"), SimCC(20)
        half = torch.tensor([[0.5, 0, 50], [0, 0.5, 60]])  # the student's picture is twice the teacher's
        x, y = heatmaps_to_simcc(maps_of(teacher, points), teacher, student, HW, matrix=half)
        found = read(student, simcc_x=x.clamp(min=1e-30).log(), simcc_y=y.clamp(min=1e-30).log())
        expected = (points - [50, 60]) * 2
        inside = ((expected > 8) & (expected < np.array(HW[::-1]) - 9)).all(axis=1)
        assert inside.sum() > 5
        assert np.abs(found - expected)[inside].max() < 0.3  # of pixels half as large

    def test_nothing_is_anywhere(self) -> None:
        x, _ = heatmaps_to_simcc(-torch.ones(1, 2, 64, 48), Heatmap(2), SimCC(2), HW)
        torch.testing.assert_close(x, torch.full((1, 2, 384), 1 / 384))

    def test_low_noise_far_away_does_not_count(self) -> None:
        """64 rows of 0.02 add up to more than a low peak's column would bear, were they not made sharper."""
        codec, points = Heatmap(1), np.array([[50.0, 60.0]])
        x, _ = heatmaps_to_simcc(maps_of(codec, points) + 0.02, codec, SimCC(1), HW)
        assert float(x[0, 0, 70:132].sum()) > 0.99


class TestWeights:
    point = torch.tensor([[[50.0, 50.0], [80.0, 20.0], [10.0, 90.0]]])
    sure = torch.ones(1, 3)
    area = torch.tensor([10_000.0])
    sigmas = torch.tensor([0.05, 0.05, 0.1])

    def weights(self, human: Tensor, seen: list[int], **changes: Any) -> list[float]:
        given: dict[str, Any] = {"teacher_keypoints": self.point, "teacher_scores": self.sure} | changes
        both = agreement_weights(
            **given,
            human_keypoints=human,
            human_visibility=torch.tensor([seen]),
            areas=self.area,
            sigmas=self.sigmas,
        )
        assert ((both >= 0) & (both <= 1)).all()
        result: list[float] = both[0].tolist()
        return result

    def test_agreement_is_full_weight(self) -> None:
        assert self.weights(self.point, [2, 1, 0]) == [1, 1, 1]

    def test_no_human_leaves_the_score(self) -> None:
        nothing = torch.full((1, 3, 2), torch.nan)
        scores = torch.tensor([[0.1, 0.4, 0.9]])
        assert self.weights(nothing, [0, 0, 0], teacher_scores=scores) == pytest.approx([0, 0.5, 1])

    def test_the_term_is_that_of_oks(self) -> None:
        """Ten px away: exp(-100 / (2 x 10 000 x 0.1^2)) = exp(-0.5)."""
        human = self.point + torch.tensor([10.0, 0.0])
        a, b, c = self.weights(human, [2, 0, 2])
        assert a == pytest.approx(np.exp(-0.5))
        assert c == pytest.approx(np.exp(-0.125))
        assert b == pytest.approx((1 + a + c) / 3)

    def test_a_human_who_disagrees_wins(self) -> None:
        a, b, c = self.weights(self.point + 500, [2, 2, 0])
        assert a == b == pytest.approx(0)
        assert c == pytest.approx(1 / 3)

    def test_a_missing_keypoint_has_none(self) -> None:
        missing = torch.cat([self.point[:, :1] * torch.nan, self.point[:, 1:]], dim=1)
        assert self.weights(self.point, [2, 2, 0], teacher_keypoints=missing) == pytest.approx([0, 1, 2 / 3])

    def test_scores_in_the_wrong_order(self) -> None:
        with pytest.raises(ConfigError, match=r"confident is \(0.6, 0.2\)"):
            self.weights(self.point, [0, 0, 0], confident=(0.6, 0.2))


def test_a_map_smoothed_before_reading_is_moved_the_same() -> None:
    points = scattered(50, rim=8)
    teacher = Heatmap(50, alignment="indices", blur=3)
    student = replace(teacher, alignment="centres")
    moved = resample_heatmaps(maps_of(teacher, points), teacher, student, HW)
    assert np.abs(read(student, heatmap=moved) - points).max() < 0.1
