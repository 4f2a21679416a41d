"""The cards of models that can be pulled: sound, and of terms that a user can live with."""

import dataclasses
import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import numpy as np
import pytest

from gonio.apps.cli.models_tables import PUBLISHED, zoo_table
from gonio.codecs import DecodedPeople
from gonio.models.card import CropInput, LetterboxInput, ModelCard, read_card
from gonio.models.registry import find_card, shipped_models, zoo_models

ROOT = Path(__file__).resolve().parents[3]
CARDS = [pytest.param(card, id=card.name) for card in zoo_models()]

PULLABLE = [pytest.param(card, id=card.name) for card in zoo_models() if card.weights.urls]
SIMCC = {card.name for card in zoo_models() if card.codec.kind == "simcc"}


def test_what_is_on_it() -> None:
    names = {card.name for card in zoo_models()}
    sizes = ("t", "s", "m", "l", "x")
    assert {f"rtmpose-{size}" for size in sizes} | {f"rtmpose-{size}-halpe26" for size in sizes} <= names
    assert {"rtmo-s", "rtmo-m", "rtmo-l", "rtmdet-nano", "rtmdet-m", "yolox-tiny", "yolox-m", "rtmw-l"} <= names
    assert not names & {card.name for card in shipped_models()}


@pytest.mark.parametrize("card", CARDS)
class TestEach:
    def test_its_name_is_its_files(self, card: ModelCard) -> None:
        assert read_card(ROOT / "src" / "gonio" / "models" / "zoo" / f"{card.name}.json") == card
        assert find_card(card.name)[0] is card
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", card.name)
        assert len(card.name) < 20

    def test_codec_and_skeleton_can_be_built(self, card: ModelCard) -> None:
        codec, skeleton = card.build_codec(), card.load_skeleton()
        assert codec.output_channels
        size = {"coco17": 17, "halpe26": 26, "coco_wholebody133": 133, "blazepose33": 33, "blazepose_circles4": 4}[
            skeleton.name
        ]
        assert len(skeleton) == size

    def test_terms_are_stated_and_permissive(self, card: ModelCard) -> None:
        assert card.licence.weights.startswith("Apache-2.0 (")
        assert "AGPL" not in card.model_dump_json()
        assert card.licence.training_data
        assert card.licence.origin


@pytest.mark.parametrize("card", PULLABLE)
class TestEachThatIsPulled:
    def test_it_says_itself_in_a_line(self, card: ModelCard) -> None:
        assert len(card.summary) <= 78

    def test_the_codec_decodes_an_input_of_the_cards_size(self, card: ModelCard) -> None:
        """What a perfect network of this size says comes home; so shapes of codec and input fit."""
        codec, hw = card.build_codec(), card.input.fixed_hw
        assert hw is not None
        middle = np.array([hw[1] / 2, hw[0] / 2], np.float32)
        k = len(card.load_skeleton())
        empty = codec.decode(codec.encode(_someone(middle, k), hw))
        (people,) = empty
        assert len(people) == 1
        if card.task != "detector":
            np.testing.assert_allclose(people.keypoints[0], np.tile(middle, (k, 1)), atol=2)

    def test_it_is_fetched_over_https_from_a_named_file(self, card: ModelCard) -> None:
        weights = card.weights
        assert weights.urls
        for url in weights.urls:
            assert urlsplit(url).scheme == "https"
            assert PurePosixPath(urlsplit(url).path).suffix == (".zip" if weights.member else ".onnx")
        assert PurePosixPath(weights.file).name == weights.file
        assert weights.file.endswith(".onnx")
        assert weights.member in (None, "end2end.onnx")

    def test_terms_of_code_and_data_too(self, card: ModelCard) -> None:
        assert "not redistributed" in card.licence.training_data
        assert "Apache-2.0" in card.licence.origin
        assert card.paper.startswith("https://arxiv.org/abs/")

    def test_its_figures_are_said_to_be_its_authors(self, card: ModelCard) -> None:
        (figure,) = card.measured
        assert figure.command == PUBLISHED
        assert "README" in figure.data
        assert card.calibration is None

    def test_the_task_fits_the_input(self, card: ModelCard) -> None:
        if card.task == "top-down":
            assert isinstance(card.input, CropInput)
            assert card.input.margin == 1.25
            assert card.proposals is not None
            assert card.proposals.model == "multipose"  # so that pulling one file is enough
        else:
            assert isinstance(card.input, LetterboxInput)
            assert card.input.square
            assert (card.input.pad_value, card.input.placement, card.input.channel_order) == (114, "corner", "bgr")
            assert card.proposals is None


@pytest.mark.parametrize("name", sorted(SIMCC))
def test_rtmpose_is_run_as_its_configuration_says(name: str) -> None:
    card = find_card(name)[0]
    assert card.input.mean == (123.675, 116.28, 103.53)
    assert card.input.std == (58.395, 57.12, 57.375)
    assert card.input.channel_order == "rgb"
    assert card.input.fixed_hw == ((384, 288) if "384x288" in card.weights.file else (256, 192))
    codec = card.build_codec()
    assert dataclasses.asdict(codec) | {"n_keypoints": 0} == dataclasses.asdict(codec) | {  # type: ignore[call-overload]
        "n_keypoints": 0,
        "values": "gaussian",
        "split_ratio": 2.0,
        "alignment": "indices",
        "refine": False,
    }


def test_the_first_address_is_the_publishers() -> None:
    hosts = {urlsplit(card.weights.urls[0]).netloc for card in zoo_models() if card.weights.urls}
    assert hosts == {"download.openmmlab.com", "github.com", "huggingface.co"}


def test_weights_that_two_cards_share_are_none() -> None:
    urls = [url for card in zoo_models() for url in card.weights.urls]
    digests = [card.weights.sha256 for card in zoo_models() if card.weights.sha256]
    assert len(set(urls)) == len(urls)
    assert len(set(digests)) == len(digests) >= 10


def test_the_page_shows_the_table() -> None:
    """Made by ``gonio models --markdown``."""
    assert zoo_table() in (ROOT / "docs" / "models" / "zoo.md").read_text("utf-8")


def _someone(middle: "np.ndarray[tuple[int], np.dtype[np.float32]]", k: int) -> DecodedPeople:
    box = np.concatenate([middle - 40, middle + 40])[None].astype(np.float32)
    ones = np.ones((1, k), np.float32)
    return DecodedPeople(np.tile(middle, (1, k, 1)).astype(np.float32), ones, box, ones[:, 0])
