"""A scale that makes a person a giant or a dwarf is said, or refused: lengths and speeds rest on it."""

import math
from dataclasses import replace

from gonio.analysis.options import HEIGHTS_M, AnalysisOptions
from gonio.analysis.result import Analysis, Finding
from gonio.analysis.scale import body_height
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence

_ABSURD = 4.0
"""Times beyond the heights of people: what no foreshortening, no child and no error of the keypoints explains."""


def check_body_size(person: PoseSequence, options: AnalysisOptions) -> None:
    """Complain of a scale by which the person is absurdly large or small.

    Args:
        person: Of one person.
        options: ``metres_per_px``; without it, and for keypoints in metres, there is nothing to complain of.

    Raises:
        ConfigError: If they would be shorter than a quarter of the shortest people, or taller than four of the tallest.
    """
    height_m = _height_m(person, options)
    low, high = HEIGHTS_M
    if person.unit == "px" and not math.isnan(height_m) and not low / _ABSURD <= height_m <= high * _ABSURD:
        raise ConfigError(
            f"with a scale of {options.metres_per_px:g} metres per px ({options.scale_source}) the person would be "
            f"{height_m:.3g} m tall; check the scale"
        )


def with_body_size_said(analysis: Analysis, person: PoseSequence, options: AnalysisOptions) -> Analysis:
    """With a finding first, if by the scale the person is not as tall as people are.

    Args:
        analysis: Of that person.
        person: In metres, or in pixels with a scale in the options.
        options: ``metres_per_px``.
    """
    height_m = _height_m(person, options)
    low, high = HEIGHTS_M
    if math.isnan(height_m) or low <= height_m <= high:
        return analysis
    scale = f"scale of {options.metres_per_px:g} m per px ({options.scale_source})" if person.unit == "px" else "file"
    text = (
        f"By the {scale} the person would be {height_m:.2g} m tall, people are {low:g} to {high:g} m: "
        "lengths and speeds are wrong with it, unless the camera looks along the body."
    )
    return replace(analysis, findings=(Finding("limit", text), *analysis.findings))


def _height_m(person: PoseSequence, options: AnalysisOptions) -> float:
    """NaN where no scale was given as such: by a height of the person, they are as tall as was said."""
    if person.unit == "m":
        return body_height(person, min_score=options.min_score)
    return body_height(person, min_score=options.min_score) * (options.metres_per_px or math.nan)
