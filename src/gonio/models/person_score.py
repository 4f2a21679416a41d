"""A top-down person's score: what the proposal and the close look say together; and back to the proposal."""

import numpy as np

from gonio.arrays import FloatArray, FloatArray64

EQUAL_SHARE = 0.5
"""The proposal's share for a network of which nobody measured a better one: the plain geometric mean.

What heatmap networks say of a person tells more than the proposal does: the shipped MoveNets' cards have 0.2, fitted by
``python -m benchmarks.ranking`` to people that humans labelled. A network whose keypoint scores stay high where nobody
is would let false alarms in with it; so measure before you write a smaller share into a card.
"""
_LEAST = 1e-6


def person_scores(
    proposals: FloatArray | FloatArray64, keypoints: FloatArray | FloatArray64, *, share: float
) -> FloatArray:
    """``proposal^share * keypoints^(1 - share)``, the weighted geometric mean.

    Args:
        proposals: ``(N,)`` in [0, 1], the proposals' scores.
        keypoints: ``(N,)`` in [0, 1], the mean keypoint scores, as the network gives them.
        share: Of the proposal, above 0 and below 1.

    Returns:
        ``(N,)`` float32 in [0, 1].

    Example:
        >>> person_scores(np.array([0.25]), np.array([1.0]), share=0.5)
        array([0.5], dtype=float32)
    """
    proposal, keypoint = np.asarray(proposals, np.float64), np.asarray(keypoints, np.float64)
    return (proposal**share * keypoint ** (1 - share)).astype(np.float32)


def proposal_scores(
    people: FloatArray | FloatArray64, keypoints: FloatArray | FloatArray64, *, share: float
) -> FloatArray:
    """What the proposals ``(N,)`` scored, in [0, 1]: the inverse of `person_scores`, whose arguments they are.

    Where the mean keypoint score is 0 nobody can say; there it is 0.

    Example:
        >>> proposal_scores(np.array([0.5]), np.array([1.0]), share=0.5)
        array([0.25], dtype=float32)
    """
    means = np.maximum(np.asarray(keypoints, np.float64), _LEAST)
    ratio = np.asarray(people, np.float64) / means ** (1 - share)
    return np.clip(ratio ** (1 / share), 0, 1).astype(np.float32)
