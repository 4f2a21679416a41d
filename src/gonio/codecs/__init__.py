"""How a network's outputs stand for people: encode (labels → targets) and decode (outputs → people), together."""

from gonio.codecs.base import Codec, DecodedPeople, Outputs
from gonio.codecs.grid import MultiPersonGrid, SinglePersonGrid

CODECS: dict[str, type[MultiPersonGrid] | type[SinglePersonGrid]] = {
    "multi-person-grid": MultiPersonGrid,
    "single-person-grid": SinglePersonGrid,
}
"""Codec by the name that a model card uses."""

__all__ = ["CODECS", "Codec", "DecodedPeople", "MultiPersonGrid", "Outputs", "SinglePersonGrid"]
