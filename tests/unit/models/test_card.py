from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gonio.codecs import MultiPersonGrid, SinglePersonGrid
from gonio.errors import ConfigError, ModelError, WeightsError
from gonio.models.card import CropInput, LetterboxInput, ModelCard, read_card
from gonio.models.registry import WEIGHTS_FOLDER, default_name, find_card, find_weights, measuring_name, shipped_models

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

SHIPPED = [pytest.param(card, id=card.name) for card in shipped_models()]


def test_the_package_ships_its_models() -> None:
    names = [card.name for card in shipped_models()]
    assert names == [
        "blazepose-full",
        "blazepose-lite",
        "gonio-det",
        "gonio-det-int8",
        "lightning",
        "multipose",
        "thunder",
        "thunder-int8",
        "thunder-thorough",
    ]


def test_the_shipped_weights_stay_below_30_megabytes() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS_FOLDER.glob("*.onnx")) < 30e6


def test_exactly_one_is_the_default() -> None:
    assert [card.name for card in shipped_models() if card.default] == ["thunder-int8"] == [default_name()]


def test_the_default_measures_as_what_it_was_made_of() -> None:
    assert measuring_name() == "thunder"


def test_weights_that_the_weights_read_are_checked_too(tmp_path: Path) -> None:
    card = find_card("thunder-int8")[0]
    for name in (card.weights.file, *card.weights.reads):
        (tmp_path / name).write_bytes((WEIGHTS_FOLDER / name).read_bytes())
    assert find_weights(card, tmp_path) == tmp_path / card.weights.file
    with (tmp_path / "movenet-thunder.onnx").open("r+b") as file:
        file.write(b"X")
    with pytest.raises(WeightsError, match=r"movenet-thunder\.onnx' are damaged"):
        find_weights(card, tmp_path)
    (tmp_path / "movenet-thunder.onnx").unlink()
    with pytest.raises(WeightsError, match=r"cannot be read at .*movenet-thunder\.onnx"):
        find_weights(card, tmp_path)


def test_a_card_reads_no_files_from_elsewhere() -> None:
    content = find_card("thunder-int8")[0].model_dump(mode="json")
    content["weights"]["reads"] = {"../elsewhere.onnx": "0" * 64}
    with pytest.raises(ValueError, match="reads"):
        ModelCard.model_validate(content)


@pytest.mark.parametrize("card", SHIPPED)
class TestShippedCards:
    def test_weights_are_those_of_the_card(self, card: ModelCard) -> None:
        assert find_weights(card, WEIGHTS_FOLDER).parent == WEIGHTS_FOLDER

    def test_codec_and_skeleton_can_be_built(self, card: ModelCard) -> None:
        channels, k = card.build_codec().output_channels, len(card.load_skeleton())
        if card.codec.kind == "blazepose":
            assert (k, channels["ld_3d"]) == (33, 39 * 5)
        elif card.task == "detector":
            assert set(channels.values()) == {5}
        else:
            assert channels["heatmap"] == k == 17

    def test_terms_are_stated(self, card: ModelCard) -> None:
        assert card.licence.weights.startswith("Apache-2.0")
        assert card.licence.training_data
        assert "3.0.4" in card.licence.origin

    def test_the_task_fits_the_input(self, card: ModelCard) -> None:
        if card.task in ("one-stage", "detector"):
            assert isinstance(card.input, LetterboxInput)
            assert card.input.longer_side % card.input.multiple == 0
            assert card.proposals is None
        else:
            assert isinstance(card.input, CropInput)
            assert card.proposals is not None
            proposer = {one.name: one for one in shipped_models()}[card.proposals.model]
            assert proposer.task in ("one-stage", "detector")
            assert proposer.skeleton == "coco17"

    def test_round_trip(self, card: ModelCard, tmp_path: Path) -> None:
        path = tmp_path / "card.json"
        path.write_text(card.model_dump_json())
        assert read_card(path) == card


def test_codec_parameters_come_from_the_card(tiny: "Tiny") -> None:
    many = read_card(tiny.card(codec={"kind": "multi-person-grid", "stride": 8, "min_center": 0.3, "peak_size": 3}))
    assert many.build_codec() == MultiPersonGrid(17, stride=8, min_center=0.3, peak_size=3)
    one = read_card(tiny.card(base="thunder", codec={"kind": "single-person-grid", "stride": 2}))
    assert one.build_codec() == SinglePersonGrid(17, stride=2)


def test_a_card_cannot_be_changed(tiny: "Tiny") -> None:
    card = read_card(tiny.card())
    with pytest.raises(ValueError, match="frozen"):
        card.name = "other"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"colour": "red"}, "colour: Extra inputs are not permitted", id="unknown key"),
        pytest.param({"input__sharpness": 1}, r"sharpness: Extra inputs", id="unknown key inside"),
        pytest.param({"weights__sha256": "abc"}, r"weights\.sha256: String should match", id="bad sha256"),
        pytest.param(
            {"task": "sideways"}, "task: Input should be 'one-stage', 'top-down' or 'detector'", id="unknown task"
        ),
        pytest.param({"input__kind": "mosaic"}, "input: Input tag 'mosaic'", id="unknown input"),
        pytest.param({"input__longer_side": 0}, "longer_side: .*greater than 0", id="no size"),
        pytest.param({"input__mean": [1, 2]}, "mean", id="two channels"),
        pytest.param({"input__std": [1, 0, 1]}, "std.*greater than 0", id="division by zero"),
        pytest.param({"input__channel_order": "grb"}, "channel_order", id="channel order"),
        pytest.param({"min_person_score": 1.5}, "min_person_score: .*less than or equal to 1", id="score above 1"),
        pytest.param({"min_person_score": float("nan")}, "min_person_score", id="NaN"),
        pytest.param({"proposal_share": 0}, "proposal_share: .*greater than 0", id="proposals that do not count"),
        pytest.param({"proposal_share": 1}, "proposal_share: .*less than 1", id="keypoints that do not count"),
        pytest.param({"skeleton": None, "paper": None}, r"skeleton\.name: .* \(and 1 more\)", id="two faults"),
    ],
)
def test_a_faulty_card_is_refused(tiny: "Tiny", change: dict[str, Any], message: str) -> None:
    path = tiny.card(**change)
    with pytest.raises(ModelError, match=f"'{path}' is not a model card: .*{message}"):
        read_card(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is not a model card: Invalid JSON", id="empty"),
        pytest.param(b"{'a': 1}", "is not a model card: Invalid JSON", id="not JSON"),
        pytest.param(b"[]", "is not a model card: Input should be an object", id="a list"),
        pytest.param(b"\xff\xfe", "is not a model card: it is not UTF-8 text", id="not text"),
        pytest.param(
            b'{"name": "x"}', r"is not a model card: summary: Field required \(and \d+ more\)", id="name only"
        ),
    ],
)
def test_a_file_that_is_no_card(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_card(path)


def test_a_missing_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model card '.*none\.json': No such file"):
        read_card(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        pytest.param(
            {"kind": "tea-leaves"}, "'tiny' names the codec 'tea-leaves'; known are multi-.*single-", id="name"
        ),
        pytest.param(
            {"kind": "multi-person-grid", "depth": 3}, "'tiny': codec multi-person-grid: .*'depth'", id="parameter"
        ),
    ],
)
def test_a_codec_that_does_not_exist(tiny: "Tiny", codec: dict[str, Any], message: str) -> None:
    card = read_card(tiny.card(codec=codec))
    with pytest.raises(ConfigError, match=message):
        card.build_codec()


def test_a_skeleton_that_does_not_exist(tiny: "Tiny") -> None:
    with pytest.raises(ConfigError, match="octopus8"):
        read_card(tiny.card(skeleton="octopus8")).load_skeleton()
