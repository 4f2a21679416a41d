"""What a network of boxes should say: which cells answer for whom, and how far they are from it.

A cell answers for a person where its own box already agrees best (the alignment of score and overlap), so the network
finds out itself which of its levels a person belongs to; how sure it shall be is how well its box fits.

Source:
    C. Feng et al., "TOOD: Task-aligned One-stage Object Detection", ICCV 2021, equations 1 and 2 (alignment, score
    targets); Z. Ge et al., "OTA: Optimal Transport Assignment", CVPR 2021, section 3.3 (so many cells as their overlaps
    add up to); X. Li et al., "Generalized Focal Loss", NeurIPS 2020, equation 4 (quality focal loss); H. Rezatofighi et
    al., "Generalized Intersection over Union", CVPR 2019.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gonio.codecs.box_grid import STRIDES, name_of

_OF_SCORE, _OF_OVERLAP = 0.5, 4.0  # exponents of the alignment
_MOST_CELLS = 10
_NEAREST = 4  # cells that may answer for somebody too small to have one in the box
_LEAST_QUALITY = 0.05
_BOXES = 2.0  # weight of the boxes' term
_EPS = 1e-6


def box_loss(outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], weights: Tensor) -> dict[str, Tensor]:
    """Quality focal loss of the scores, and 1 - GIoU of the boxes of those cells that answer for somebody.

    Args:
        outputs: As `gonio.codecs.BoxGrid` has them.
        targets: ``boxes``, ``(B, M, 4)`` px, NaN rows where there is nobody; ``crowd``, ``(B, M, 4)`` likewise: in
            these nobody's score is held against a cell.
        weights: Of keypoints; there are none here.
    """
    del weights
    scores, boxes, points = _cells(outputs)
    terms = [_of_picture(*one, points) for one in zip(scores, boxes, targets["boxes"], targets["crowd"], strict=True)]
    score, box, quality = torch.stack([torch.stack(one) for one in terms]).sum(dim=0)
    people = quality.detach().clamp(min=1.0)
    return {"score": score / people, "box": _BOXES * box / people}


def assign(scores: Tensor, boxes: Tensor, points: Tensor, people: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which cells answer for whom.

    Args:
        scores: ``(N,)`` in [0, 1], of the cells.
        boxes: ``(N, 4)`` px, theirs.
        points: ``(N, 2)`` px, their middles.
        people: ``(M, 4)`` px, M at least 1.

    Returns:
        Indices of the cells ``(P,)``; of each, whose it is ``(P,)`` and what its score should be ``(P,)``.
    """
    overlap = box_iou(boxes[:, None], people[None])
    far = torch.cdist(points, (people[:, :2] + people[:, 2:]) / 2)
    may = ((points[:, None] > people[None, :, :2]) & (points[:, None] < people[None, :, 2:])).all(dim=-1)
    may.scatter_(0, far.topk(min(_NEAREST, len(points)), dim=0, largest=False).indices, True)
    aligned = scores[:, None] ** _OF_SCORE * overlap**_OF_OVERLAP
    aligned = torch.where(may, aligned + 1e-9 / (1 + far), -1.0)  # the nearest, where nothing overlaps yet
    found = torch.where(may, overlap, 0.0).topk(min(_MOST_CELLS, len(points)), dim=0).values
    n_cells = found.sum(dim=0).int().clamp(1, _MOST_CELLS)
    ranked = aligned.topk(min(_MOST_CELLS, len(points)), dim=0)
    chosen = (torch.arange(len(ranked.values), device=scores.device)[:, None] < n_cells) & (ranked.values >= 0)
    claim = torch.full_like(aligned, -1.0)
    claim.scatter_(0, ranked.indices, torch.where(chosen, ranked.values, -1.0))
    best = claim.max(dim=1)
    cells = torch.nonzero(best.values >= 0)[:, 0]
    whose, how_well = best.indices[cells], best.values[cells]
    top_aligned, top_overlap = (
        torch.zeros(len(people), device=scores.device).scatter_reduce(0, whose, values, "amax")
        for values in (how_well, overlap[cells, whose])
    )
    quality = how_well / top_aligned[whose].clamp(min=1e-12) * top_overlap[whose]
    return cells, whose, quality.clamp(min=_LEAST_QUALITY)


def box_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of boxes ``(..., 4)``, by corners."""
    return _overlap(boxes, others)[0]


def _overlap(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union, and the union's area."""
    low, high = torch.maximum(boxes[..., :2], others[..., :2]), torch.minimum(boxes[..., 2:], others[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    union = _area(boxes) + _area(others) - shared
    return shared / union.clamp(min=_EPS), union


def _generalised_iou(boxes: Tensor, others: Tensor) -> Tensor:
    iou, union = _overlap(boxes, others)
    low, high = torch.minimum(boxes[..., :2], others[..., :2]), torch.maximum(boxes[..., 2:], others[..., 2:])
    around = (high - low).prod(dim=-1).clamp(min=_EPS)
    return iou - (around - union) / around


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).prod(dim=-1)


def _cells(outputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Scores ``(B, N)``, boxes ``(B, N, 4)`` and middles ``(N, 2)`` of all cells, px."""
    maps = [outputs[name_of(stride)] for stride in STRIDES]
    points = torch.cat([_middles(one, stride) for one, stride in zip(maps, STRIDES, strict=True)])
    table = torch.cat([one.flatten(2) for one in maps], dim=2).transpose(1, 2)
    boxes = torch.cat([points - table[..., 1:3], points + table[..., 3:5]], dim=-1)
    return table[..., 0], boxes, points


def _middles(level: Tensor, stride: int) -> Tensor:
    rows, columns = (torch.arange(n, device=level.device) for n in level.shape[2:])
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return (torch.stack([x.flatten(), y.flatten()], dim=-1) + 0.5) * stride


def _of_picture(
    scores: Tensor, boxes: Tensor, people: Tensor, crowd: Tensor, points: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of the score's and the boxes' terms over one picture's cells, and of the qualities that they are in."""
    people, crowd = (rows[torch.isfinite(rows).all(dim=-1)] for rows in (people, crowd))
    wanted, counts = torch.zeros_like(scores), torch.ones_like(scores)
    if len(crowd):
        inside = ((points[:, None] > crowd[None, :, :2]) & (points[:, None] < crowd[None, :, 2:])).all(dim=-1)
        counts[inside.any(dim=1)] = 0
    box = scores.new_zeros(())
    if len(people):
        with torch.no_grad():
            cells, whose, quality = assign(scores, boxes, points, people)
        wanted[cells], counts[cells] = quality, 1
        box = ((1 - _generalised_iou(boxes[cells], people[whose])) * quality).sum()
    likely = scores.clamp(_EPS, 1 - _EPS)
    miss = functional.binary_cross_entropy(likely, wanted, reduction="none") * (likely - wanted).abs() ** 2
    return (miss * counts).sum(), box, wanted.sum()
