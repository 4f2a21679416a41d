"""What training makes small: one function for each codec, from a network's outputs, targets and weights to a number.

The loss of heatmaps and SimCC is the mean over a batch's people and keypoints, whether labelled or not, never over the
sum of the weights: so the mean over several processes' parts of a batch is the loss of the whole batch, and their
gradients are too. Grids are divided by how many people there are, as in their source, which parts may differ in.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gonio.codecs import BoxGrid, Codec, Heatmap, MultiPersonGrid, SimCC, SinglePersonGrid
from gonio.errors import ConfigError
from gonio.training.box_loss import box_loss

Outputs = Mapping[str, Tensor]
Loss = Callable[[Outputs, Outputs, Tensor], dict[str, Tensor]]
"""Outputs, targets (as the codec encodes them, grids perhaps with ``ignore``), weights ``(B, K)`` → terms."""

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
    if isinstance(codec, BoxGrid):
        return box_loss
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
        targets: As encoded; a regression counts where it is not zero. Perhaps ``ignore``,
            ``(B, 1 + K, h, w)``: how far centre map and heatmaps teach nothing, as where somebody else is.
        weights: ``(B, K)``, of a crop's person; of whole pictures 1.
    """
    peaks = torch.cat([targets["center"], targets["heatmap"]], dim=1)
    counts = 1 - targets["ignore"] if "ignore" in targets else torch.ones_like(peaks)
    of_center, of_keypoints = counts[:, :1], counts[:, 1:] * weights[..., None, None]
    people = (targets["center"] == 1).sum().clamp(min=1)
    points = (targets["heatmap"] == 1).sum().clamp(min=1)
    both = weights.repeat_interleave(2, dim=1)[..., None, None]  # of a keypoint's y and x
    terms = {
        "center": focal_loss(outputs["center"], targets["center"], of_center) / people,
        "heatmap": focal_loss(outputs["heatmap"], targets["heatmap"], of_keypoints) / points,
        "regress": _REGRESS * _absolute(outputs["regress"], targets["regress"], both),
        "offset": _OFFSET * _absolute(outputs["offset"], targets["offset"], both),
    }
    if "box_scale" in targets:
        one = torch.ones((), device=weights.device)
        boxes = [_absolute(outputs[name], targets[name], one) for name in ("box_scale", "box_offset")]
        terms["box"] = _BOX * (boxes[0] + boxes[1])
    return terms


def focal_loss(scores: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    """Sum of the penalty-reduced focal loss over cells.

    Args:
        scores: ``(B, C, h, w)`` in [0, 1].
        targets: The same shape; exactly 1 in the cells of peaks.
        counts: How far each cell counts, in [0, 1].

    Source:
        H. Law, J. Deng, "CornerNet", ECCV 2018, equation 1, with alpha 2 and beta 4.
    """
    scores = scores.clamp(_EPS, 1 - _EPS)
    peak = targets == 1
    hit = (1 - scores) ** _FOCAL_ALPHA * scores.log()
    miss = (1 - targets) ** _FOCAL_BETA * scores**_FOCAL_ALPHA * (1 - scores).log()
    return -(torch.where(peak, hit, miss) * counts).sum()


def coordinate_loss(maps: Tensor, pixels: Tensor, weights: Tensor, *, codec: Heatmap) -> Tensor:
    """Distance in cells between the mean position of each map and a label, smooth near zero (Huber).

    Args:
        maps: ``(B, K, h, w)``, scores of any height.
        pixels: ``(B, K, 2)`` x y px; NaN where there is no label.
        weights: ``(B, K)``.
        codec: What the maps mean.

    Source:
        X. Sun et al., "Integral Human Pose Regression", ECCV 2018, equation 4, over the maps' positive part.
    """
    mass = maps.clamp(min=0) + _EPS
    mass = mass / mass.sum(dim=(2, 3), keepdim=True)
    rows, columns = (torch.arange(n, device=maps.device, dtype=maps.dtype) for n in maps.shape[2:])
    found = torch.stack([(mass.sum(dim=2) * columns).sum(-1), (mass.sum(dim=3) * rows).sum(-1)], dim=-1)
    scale, first = codec.pixels_of_cells((maps.shape[2], maps.shape[3]))
    wanted = (pixels - first) / torch.from_numpy(scale).to(pixels)
    known = weights * torch.isfinite(wanted).all(dim=-1)
    distances = functional.smooth_l1_loss(found, torch.nan_to_num(wanted), reduction="none").sum(dim=-1)
    return (distances * known).mean()


def _absolute(values: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean absolute error, weighted, over where there is a target."""
    where = targets != 0
    return ((values - targets).abs() * where * weights).sum() / where.sum().clamp(min=1)
