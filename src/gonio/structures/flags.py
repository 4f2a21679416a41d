"""`KeypointFlag`: why a keypoint of a sequence is missing, changed or not to be trusted."""

from enum import IntFlag


class KeypointFlag(IntFlag):
    """Bits of ``PoseSequence.flags``; 0 is a keypoint as the model gave it, and trusted.

    The first group says that a coordinate must not be measured with, the second what was done to one that may be.
    """

    MISSING = 1
    """No coordinate: the model gave none, or the track is absent."""
    LOW_SCORE = 2
    """The model doubts it: hidden, cut off or blurred."""
    OUTLIER = 4
    """It jumped away from its neighbours in time, or made a bone impossibly long; taken out."""
    EXTRAPOLATED = 8
    """Before the first or after the last time that it was seen, or within a gap too long to fill."""
    OCCLUDED = 16
    """Behind another part of the body or another person."""

    FILLED = 32
    """Interpolated over a short gap."""
    SIDES_EXCHANGED = 64
    """Left and right were exchanged back."""


EXCLUDED = (
    KeypointFlag.MISSING
    | KeypointFlag.LOW_SCORE
    | KeypointFlag.OUTLIER
    | KeypointFlag.EXTRAPOLATED
    | KeypointFlag.OCCLUDED
)
"""Flags of keypoints that no number may rest on."""
