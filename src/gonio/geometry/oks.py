"""Object keypoint similarity: COCO's measure of how near a pose lies to another, on the scale of the person."""

import numpy as np

from gonio.arrays import BoolArray, FloatArray, check_shape


def oks(
    keypoints: FloatArray,
    reference: FloatArray,
    *,
    areas: FloatArray,
    sigmas: FloatArray,
    labelled: BoolArray | None = None,
) -> FloatArray:
    """OKS of every pose against every reference.

    ``mean over labelled k of exp(-d_k^2 / (2 area (2 sigma_k)^2))``.

    Args:
        keypoints: ``(N, K, 2)`` px; a NaN keypoint counts as infinitely far.
        reference: ``(M, K, 2)`` px.
        areas: ``(M,)`` px², of the reference person.
        sigmas: ``(K,)`` falloff of each keypoint, `Skeleton.sigmas`.
        labelled: ``(M, K)``, which reference keypoints count; default: those without NaN.

    Returns:
        ``(N, M)`` float32 in [0, 1]; 0 where a reference has no labelled keypoint.

    Raises:
        ShapeError: If the arrays disagree on K or M.

    Source:
        COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval, and pycocotools ``COCOeval.computeOks`` for a
        reference with at least one labelled keypoint.

    Example:
        >>> p = np.zeros((1, 2, 2), np.float32)
        >>> oks(p, p, areas=np.float32([100]), sigmas=np.float32([0.1, 0.1]))
        array([[1.]], dtype=float32)
    """
    n, m, k = len(keypoints), len(reference), len(sigmas)
    check_shape("keypoints", keypoints.shape, (n, k, 2))
    check_shape("reference", reference.shape, (m, k, 2))
    check_shape("areas", areas.shape, (m,))
    counts = np.asarray(np.isfinite(reference).all(axis=-1))
    if labelled is not None:
        check_shape("labelled", labelled.shape, (m, k))
        counts &= labelled
    distance2 = ((keypoints[:, None].astype(np.float64) - reference[None]) ** 2).sum(axis=-1)
    variance = (2 * sigmas.astype(np.float64)) ** 2
    exponent = distance2 / (2 * variance * (areas.astype(np.float64)[:, None] + np.spacing(1)))
    similarity = np.where(np.isnan(exponent), 0.0, np.exp(-exponent))
    total = np.where(counts[None], similarity, 0).sum(axis=-1)
    return np.asarray(total / np.maximum(counts.sum(axis=-1), 1), np.float32)
