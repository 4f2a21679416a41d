"""What a teacher says, as targets for a student: maps moved onto its cells, maps as SimCC lines, weights."""

from dataclasses import replace

import torch
from torch import Tensor

from gonio.codecs import Heatmap, SimCC
from gonio.errors import ConfigError

CONFIDENT = (0.2, 0.6)
"""Below the first score a teacher's keypoint counts nothing, from the second on fully."""
_FLOOR = 1e-4  # of a line's peak: what is lower is nothing
_STEEPEST = 1.5  # a Gaussian whose peak is up to a cell beyond the rim rises by at most 1.5 / sigma^2 a cell, in logs
_TINY = 1e-12


def resample_heatmaps(
    maps: Tensor, from_codec: Heatmap, to_codec: Heatmap, input_hw: tuple[int, int], *, matrix: Tensor | None = None
) -> Tensor:
    """A teacher's maps on a student's cells, where strides, alignments or inputs differ.

    Heights stay as they are, and so do widths in pixels of the teacher's input: `Heatmap.sigma` is not changed.

    Args:
        maps: ``(B, K, h', w')``.
        from_codec: What they mean.
        to_codec: What they shall mean.
        input_hw: The student's input, px.
        matrix: ``(2, 3)``, or ``(B, 2, 3)`` where the views differ: from pixels of the student's input to those of
            the teacher's, pixel centre to pixel centre, such as `TeacherLabels.matrix`. Default: the same pixels.

    Returns:
        ``(B, K, h, w)`` float32 on the device of the maps; 0 where the teacher did not look.
    """
    from_hw = maps.shape[2:]
    to_hw = (input_hw[0] // to_codec.stride, input_hw[1] // to_codec.stride)
    to_scale, to_shift = _pixels(to_codec, to_hw, maps)
    from_scale, from_shift = _pixels(from_codec, (from_hw[0], from_hw[1]), maps)
    # the whole chain as one affine in cells: the student's cell → its pixel → the teacher's pixel → its cell
    affine = _matrix(matrix, maps)
    linear = affine[:, :, :2] * to_scale / from_scale[:, None]
    shift = (affine[:, :, :2] @ to_shift + affine[:, :, 2] - from_shift) / from_scale
    y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float64, device=maps.device) for n in to_hw), indexing="ij")
    cells = torch.stack([x, y], dim=-1) @ linear[:, None].transpose(-1, -2) + shift[:, None, None]
    # a map is continued by two cells beyond its rim, so that keypoints near it keep their peaks
    limit = _STEEPEST / from_codec.sigma**2
    found = _sampled(_continued_maps(maps.float(), limit), cells + 2)
    near = ((cells >= -1) & (cells <= torch.tensor(list(from_hw)[::-1], device=maps.device))).all(dim=-1)
    return found * near[:, None]


def heatmaps_to_simcc(
    maps: Tensor, from_codec: Heatmap, to_codec: SimCC, input_hw: tuple[int, int], *, matrix: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """A teacher's maps as the distributions that a SimCC student shall learn.

    Each map's sums over rows and over columns, as lines; between cells their logarithm is interpolated, exactly for a
    Gaussian, and multiplied by ``(sigma of the map / sigma of the student)^2``, so that a Gaussian gets the width that
    the student's scores are made for; then each line is a distribution over the bins.

    Args:
        maps: ``(B, K, h', w')``; negative values count as nothing.
        from_codec: What they mean.
        to_codec: The student's.
        input_hw: The student's input, px.
        matrix: As in `resample_heatmaps`.

    Returns:
        Probabilities along x ``(B, K, W x split_ratio)`` and along y ``(B, K, H x split_ratio)``, each line of sum 1;
        an empty map gives the same everywhere.
    """
    widths = torch.tensor([float(from_codec.sigma * from_codec.stride)], dtype=torch.float64, device=maps.device)
    if matrix is not None:
        centred = replace(from_codec, alignment="centres", blur=0)
        maps = resample_heatmaps(maps, from_codec, centred, input_hw, matrix=matrix)
        from_codec = centred
        widths = widths / torch.linalg.det(_matrix(matrix, maps)[:, :, :2]).abs().sqrt()
    sharper = (widths * to_codec.split_ratio / to_codec.sigma) ** 2
    scale, shift = _pixels(from_codec, (maps.shape[2], maps.shape[3]), maps)
    positive, limit = maps.double().clamp(min=0), _STEEPEST / from_codec.sigma**2
    lines = []
    for axis, bins in enumerate(to_codec.bins_xy(input_hw)):
        first = 0.5 / to_codec.split_ratio - 0.5 if to_codec.alignment == "centres" else 0.0
        pixels = torch.arange(bins, dtype=torch.float64, device=maps.device) / to_codec.split_ratio + first
        sums = positive.sum(dim=2 if axis == 0 else 3)
        logs = torch.log(sums.clamp(min=_TINY).maximum(_FLOOR * sums.amax(dim=-1, keepdim=True)))
        between = _interpolated(_continued(logs, limit), (pixels - shift[axis]) / scale[axis] + 2)
        lines.append(torch.softmax(between * sharper[:, None, None], dim=-1).float())
    return lines[0], lines[1]


def agreement_weights(
    teacher_keypoints: Tensor,
    teacher_scores: Tensor,
    human_keypoints: Tensor,
    human_visibility: Tensor,
    *,
    areas: Tensor,
    sigmas: Tensor,
    confident: tuple[float, float] = CONFIDENT,
) -> Tensor:
    """How much each of a teacher's keypoints counts, given what people labelled.

    With ``c = clip((score - low) / (high - low), 0, 1)`` and, at a keypoint that people labelled,
    ``a = exp(-d^2 / (2 area (2 sigma)^2))``, OKS's term of one keypoint: the weight is ``c a`` there, so that where
    the two disagree the label of the human stands alone; elsewhere it is ``c (1 + sum a) / (1 + n)`` over the
    person's ``n`` labelled keypoints, so that a teacher who looks at somebody else counts little and one who is
    measured nowhere counts as its score says.

    Args:
        teacher_keypoints: ``(N, K, 2)`` px.
        teacher_scores: ``(N, K)`` in [0, 1].
        human_keypoints: ``(N, K, 2)`` px, whatever where the visibility is 0.
        human_visibility: ``(N, K)``, 0 where nobody labelled.
        areas: ``(N,)`` px², of the persons.
        sigmas: ``(K,)``, `Skeleton.sigmas`.
        confident: The scores ``low`` and ``high``.

    Returns:
        ``(N, K)`` float32 in [0, 1]; 0 where the teacher's keypoint is NaN.

    Raises:
        ConfigError: If ``low`` is not below ``high``.

    Source:
        The term is that of COCO's keypoint evaluation, https://cocodataset.org/#keypoints-eval; the rest is ours.

    Example:
        >>> point, sure = torch.tensor([[[5.0, 5.0], [9.0, 9.0]]]), torch.ones(1, 2)
        >>> seen, area, sigma = torch.tensor([[2, 0]]), torch.tensor([100.0]), torch.tensor([0.1, 0.1])
        >>> agreement_weights(point, sure, point, seen, areas=area, sigmas=sigma)
        tensor([[1., 1.]])
        >>> agreement_weights(point, sure, point + 10, seen, areas=area, sigmas=sigma).round(decimals=2)
        tensor([[0.0000, 0.5000]])
    """
    low, high = confident
    if not low < high:
        raise ConfigError(f"confident is {confident}; the first score must be below the second")
    known = torch.isfinite(teacher_keypoints).all(dim=-1)
    sure = ((teacher_scores.float() - low) / (high - low)).clamp(0, 1) * known
    labelled = (human_visibility > 0) & torch.isfinite(human_keypoints).all(dim=-1)
    square = (teacher_keypoints.float() - human_keypoints.float()).square().sum(dim=-1)
    scale = 2 * areas.float()[:, None].clamp(min=1e-6) * (2 * sigmas.float()) ** 2
    alike = torch.where(labelled & known, torch.exp(-torch.nan_to_num(square, nan=torch.inf) / scale), 0.0)
    person = (1 + alike.sum(dim=1)) / (1 + labelled.sum(dim=1))
    return sure * torch.where(labelled, alike, person[:, None])


def _pixels(codec: Heatmap, cells_hw: tuple[int, int], like: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels a cell ``(2,)``, x and y, and the pixel of cell 0 ``(2,)``."""
    scale, shift = codec.pixels_of_cells(cells_hw)
    both = torch.tensor([*scale, shift, shift], dtype=torch.float64, device=like.device)
    return both[:2], both[2:]


def _matrix(matrix: Tensor | None, like: Tensor) -> Tensor:
    """``(B or 1, 2, 3)`` float64 on the device of the maps; of the same pixels where there is none."""
    if matrix is None:
        return torch.eye(2, 3, dtype=torch.float64, device=like.device)[None]
    return matrix.to(like.device, torch.float64).reshape(-1, 2, 3)


def _interpolated(lines: Tensor, places: Tensor) -> Tensor:
    """Lines ``(B, K, n)`` at places ``(m,)`` between their values; exact for parabolas."""
    below, weights = _taps(places, lines.shape[-1])
    total = torch.zeros((), dtype=lines.dtype, device=lines.device)
    for i, weight in enumerate(weights):
        total = total + lines[..., below + i - 1] * weight
    return total


def _sampled(maps: Tensor, cells: Tensor) -> Tensor:
    """Maps ``(B, K, h', w')`` at cells ``(B or 1, h, w, 2)``, x y, between their values → ``(B, K, h, w)``.

    PyTorch's own bicubic sampling will not do: its kernel moves what is not constant, here by up to 0.2 px.
    """
    batch, k, height, width = maps.shape
    column, along_x = _taps(cells[..., 0], width)
    row, along_y = _taps(cells[..., 1], height)
    flat = maps.flatten(2)
    total = torch.zeros((), dtype=maps.dtype, device=maps.device)
    for i, weight_y in enumerate(along_y):
        for j, weight_x in enumerate(along_x):
            places = ((row + i - 1) * width + column + j - 1).flatten(1)[:, None].expand(batch, k, -1)
            weight = (weight_y * weight_x).to(maps.dtype)[:, None]
            total = total + flat.gather(2, places).reshape(batch, k, *cells.shape[1:3]) * weight
    return total


def _taps(places: Tensor, size: int) -> tuple[Tensor, list[Tensor]]:
    """The place below each place, and the weights of the four places from one below that on.

    Source:
        R. Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE Transactions on Acoustics,
        Speech, and Signal Processing 29, 1981, with a = -1/2, the only one that is exact for parabolas.
    """
    places = places.clamp(1, size - 2)
    below = places.floor().clamp(max=size - 3)
    t = places - below
    outer, inner = -((1 - t) ** 2) * t / 2, 1 + t**2 * (1.5 * t - 2.5)
    far, next_ = -(t**2) * (1 - t) / 2, 1 + (1 - t) ** 2 * (1.5 * (1 - t) - 2.5)
    return below.long(), [outer, inner, next_, far]


def _continued_maps(maps: Tensor, limit: float) -> Tensor:
    """Maps with two more cells on every side."""
    logs = _continued(_continued(maps.clamp(min=_TINY).log(), limit).transpose(2, 3), limit).transpose(2, 3)
    result = logs.exp()
    result[:, :, 2:-2, 2:-2] = maps
    return result


def _continued(lines: Tensor, limit: float) -> Tensor:
    """Lines ``(..., n)`` with two more values at both ends.

    They follow the parabola through the last three; straight on where that turns upwards, and never steeper upwards
    than the limit.
    """
    for _ in range(2):
        lines = torch.cat([_next(lines[..., :3].flip(-1), limit), lines, _next(lines[..., -3:], limit)], dim=-1)
    return lines


def _next(three: Tensor, limit: float) -> Tensor:
    a, b, c = (three[..., i : i + 1] for i in range(3))
    return c + (c - b + (c - 2 * b + a).clamp(max=0)).clamp(max=limit)
