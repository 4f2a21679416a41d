"""Metres, where the options or the sequence know them."""

from gonio.analysis.options import AnalysisOptions
from gonio.analysis.scale import Scale, scale_from_height
from gonio.structures.sequence import PoseSequence


def known_scale(sequence: PoseSequence, options: AnalysisOptions) -> Scale | None:
    """Metres per unit of the sequence; None where nobody told.

    Args:
        sequence: Of one person; one in metres knows its scale.
        options: ``metres_per_px`` wins over ``height_m``.

    Raises:
        ConfigError: If the scale is not positive, or the person is too little seen to measure their height.
    """
    if sequence.unit == "m":
        return Scale(1.0, 0.0, "keypoints in metres")
    if options.metres_per_px is not None:
        return Scale(options.metres_per_px, options.metres_per_px_sd, options.scale_source)
    if options.height_m is not None:
        return scale_from_height(sequence, options.height_m, min_score=options.min_score)
    return None
