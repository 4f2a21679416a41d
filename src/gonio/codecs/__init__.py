"""How a network's outputs stand for people: encode (labels → targets) and decode (outputs → people), together."""

from gonio.codecs.base import Codec, DecodedPeople, Outputs
from gonio.codecs.grid import MultiPersonGrid, SinglePersonGrid
from gonio.codecs.heatmap import Heatmap
from gonio.codecs.simcc import SimCC

CODECS: dict[str, type[MultiPersonGrid] | type[SinglePersonGrid] | type[Heatmap] | type[SimCC]] = {
    "multi-person-grid": MultiPersonGrid,
    "single-person-grid": SinglePersonGrid,
    "heatmap": Heatmap,
    "simcc": SimCC,
}
"""Codec by the name that a model card uses."""

__all__ = ["CODECS", "Codec", "DecodedPeople", "Heatmap", "MultiPersonGrid", "Outputs", "SimCC", "SinglePersonGrid"]
