"""What training makes small: one function for each codec, from a network's outputs, targets and weights to a number.

A batch's loss is the mean over its people and keypoints, whether labelled or not, never over the sum of the weights:
so the mean over several processes' parts of a batch is the loss of the whole batch, and their gradients are too.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gonio.codecs import Codec, Heatmap, MultiPersonGrid, SimCC, SinglePersonGrid
from gonio.errors import ConfigError

Outputs = Mapping[str, Tensor]
Loss = Callable[[Outputs, Outputs, Tensor], dict[str, Tensor]]
"""Outputs, targets (as the codec encodes them, plus ``ignore`` for grids), weights ``(B, K)`` → terms to be added."""

_FOCAL_ALPHA, _FOCAL_BETA = 2.0, 4.0
_REGRESS, _OFFSET, _BOX = 0.1, 1.0, 0.1
_EPS = 1e-6


def loss_for(codec: Codec) -> Loss:
    """The loss of a codec.

    Raises:
        ConfigError: If there is none.
    """
    if isinstance(codec, Heatmap):
        return lambda outputs, targets, weights: {
            "heatmap": heatmap_loss(outputs[codec.output], targets[codec.output], weights, sigma=codec.sigma)
        }
    if isinstance(codec, SimCC):
        return lambda outputs, targets, weights: {
            name: simcc_loss(outputs[name], targets[name], weights) for name in (codec.output_x, codec.output_y)
        }
    if isinstance(codec, SinglePersonGrid | MultiPersonGrid):
        return grid_loss
    raise ConfigError(f"there is no loss for the codec {type(codec).__name__}; give a network with another head")


def heatmap_loss(maps: Tensor, targets: Tensor, weights: Tensor, *, sigma: float) -> Tensor:
    """Squared error, summed over cells in units of a target's own sum of squares: an empty map costs 1.

    Args:
        maps: ``(B, K, h, w)``.
        targets: The same shape.
        weights: ``(B, K)``.
        sigma: Of the targets' Gaussians, cells.

    Source:
        J. Tompson et al., NeurIPS 2014, section 3.2 (mean squared error of heatmaps).
    """
    gaussian = torch.pi * sigma**2  # sum of squares of a Gaussian of height 1
    return (((maps - targets) ** 2).sum(dim=(2, 3)) * weights).mean() / gaussian


def simcc_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the softmax of the targets from that of the logits.

    Args:
        logits: ``(B, K, bins)``.
        targets: The same shape, logits as `SimCC.encode` makes them.
        weights: ``(B, K)``.

    Source:
        Y. Li et al., "SimCC", ECCV 2022, section 3.2; SimCC with Gaussian label smoothing uses this divergence.
    """
    wanted, found = functional.log_softmax(targets, dim=-1), functional.log_softmax(logits, dim=-1)
    return ((wanted.exp() * (wanted - found)).sum(dim=-1) * weights).mean()


def grid_loss(outputs: Outputs, targets: Outputs, weights: Tensor) -> dict[str, Tensor]:
    """Focal loss of the scores, absolute error of the regressions where there is something to regress.

    Args:
        outputs: As `gonio.codecs.grid` has them.
        targets: As encoded; a regression counts where it is not zero. ``ignore``, ``(B, 1 + K, h, w)``, is 1 where the
            centre map and the heatmaps teach nothing: in a box whose keypoints nobody labelled.
        weights: Not used: a grid has many people. Whom one trusts little is in ``ignore``.
    """
    del weights
    counts = 1 - targets["ignore"]
    people = (targets["center"] == 1).sum().clamp(min=1)
    points = (targets["heatmap"] == 1).sum().clamp(min=1)
    terms = {
        "center": focal_loss(outputs["center"], targets["center"], counts[:, :1]) / people,
        "heatmap": focal_loss(outputs["heatmap"], targets["heatmap"], counts[:, 1:]) / points,
        "regress": _REGRESS * _absolute(outputs["regress"], targets["regress"]),
        "offset": _OFFSET * _absolute(outputs["offset"], targets["offset"]),
    }
    if "box_scale" in targets:
        terms["box"] = _BOX * sum(_absolute(outputs[name], targets[name]) for name in ("box_scale", "box_offset"))
    return terms


def focal_loss(scores: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    """Sum of the penalty-reduced focal loss over cells.

    Args:
        scores: ``(B, C, h, w)`` in [0, 1].
        targets: The same shape; exactly 1 in the cells of peaks.
        counts: 0 where a cell teaches nothing, else 1.

    Source:
        H. Law, J. Deng, "CornerNet", ECCV 2018, equation 1, with alpha 2 and beta 4.
    """
    scores = scores.clamp(_EPS, 1 - _EPS)
    peak = targets == 1
    hit = (1 - scores) ** _FOCAL_ALPHA * scores.log()
    miss = (1 - targets) ** _FOCAL_BETA * scores**_FOCAL_ALPHA * (1 - scores).log()
    return -(torch.where(peak, hit, miss) * counts).sum()


def coordinate_loss(maps: Tensor, pixels: Tensor, weights: Tensor, *, stride: int, first_px: float) -> Tensor:
    """Distance in cells between the mean position of each map and a label, smooth near zero (Huber).

    Args:
        maps: ``(B, K, h, w)``, scores of any height.
        pixels: ``(B, K, 2)`` x y px; anything where the weight is 0.
        weights: ``(B, K)``.
        stride: Pixels a cell.
        first_px: The pixel in the middle of cell 0.

    Source:
        X. Sun et al., "Integral Human Pose Regression", ECCV 2018, equation 4, over the maps' positive part.
    """
    mass = maps.clamp(min=0) + _EPS
    mass = mass / mass.sum(dim=(2, 3), keepdim=True)
    rows, columns = (torch.arange(n, device=maps.device, dtype=maps.dtype) for n in maps.shape[2:])
    found = torch.stack([(mass.sum(dim=2) * columns).sum(-1), (mass.sum(dim=3) * rows).sum(-1)], dim=-1)
    wanted = torch.nan_to_num((pixels - first_px) / stride)
    return (functional.smooth_l1_loss(found, wanted, reduction="none").sum(dim=-1) * weights).mean()


def _absolute(values: Tensor, targets: Tensor) -> Tensor:
    where = targets != 0
    return ((values - targets).abs() * where).sum() / where.sum().clamp(min=1)
