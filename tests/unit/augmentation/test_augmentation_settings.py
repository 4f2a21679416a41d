from typing import Any

import pytest
from pydantic import ValidationError

from gonio.augmentation import Augmentation
from gonio.augmentation.settings import Kind
from gonio.errors import ConfigError

KINDS = {
    *("scale", "rotation", "turn", "translation", "aspect", "flip", "half_body", "truncation"),
    *("self_occlusion", "limb_cutout", "object_patch", "pasted_person"),
    *("colour", "grey", "low_light", "motion_blur", "blur", "noise", "low_resolution", "jpeg"),
}


def test_every_kind_is_on_and_can_be_switched_off() -> None:
    assert set(Augmentation.kinds()) == KINDS == set(Augmentation().switched_on())
    assert Augmentation.off().switched_on() == ()
    for name in KINDS:
        without = Augmentation.model_validate({name: {"probability": 0}})
        assert set(without.switched_on()) == KINDS - {name}


def test_only_keeps_the_strength() -> None:
    chosen = Augmentation.model_validate({"rotation": {"degrees": 7}}).only("rotation", "flip")
    assert chosen.switched_on() == ("rotation", "flip")
    assert (chosen.rotation.degrees, chosen.rotation.probability) == (7, 1)


def test_only_of_something_else() -> None:
    with pytest.raises(ConfigError, match=r"no augmentation 'mixup'; there are: scale, rotation, "):
        Augmentation().only("mixup")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flip": {"probability": 1.5}}, "less than or equal to 1"),
        ({"flip": {"strength": 1}}, "Extra inputs are not permitted"),
        ({"mixup": {}}, "Extra inputs are not permitted"),
        ({"scale": {"factor": (1.3, 0.7)}}, r"factor goes from 1.3 to 0.7; give the smaller number first"),
        ({"rotation": {"degrees": -3}}, "greater than or equal to 0"),
        ({"jpeg": {"quality": (0, 90)}}, "greater than or equal to 1"),
        ({"object_patch": {"most": 0}}, "greater than or equal to 1"),
        ({"aspect": {"stretch": 0.5}}, "greater than or equal to 1"),
    ],
)
def test_what_is_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Augmentation.model_validate(settings)


def test_every_strength_has_a_place_in_the_documents() -> None:
    """A kind says what it does in its docstring, and of each setting that is not plain from that, what it is."""
    for name in KINDS:
        kind = type(getattr(Augmentation(), name))
        assert issubclass(kind, Kind)
        assert kind.__doc__
        settings = set(kind.model_fields) - {"probability"}
        assert len(settings) < 2 or all(f"{one}:" in kind.__doc__ for one in settings), name
