"""`Heatmap.decode` where the maps are: thousands of crops a second need not leave the GPU to be read."""

import cv2
import torch
from torch import Tensor
from torch.nn import functional

from gonio.codecs import Heatmap

_FLOOR = 1e-10  # of a value before its logarithm
_FLAT = 1e-12  # a curvature below this has no peak


def decode_heatmaps(maps: Tensor, codec: Heatmap) -> tuple[Tensor, Tensor]:
    """The same as `Heatmap.decode` with the refinement ``"dark"`` or ``"none"``.

    Args:
        maps: ``(B, K, h, w)``.
        codec: What they mean.

    Returns:
        Keypoints ``(B, K, 2)`` float32 px of the input, and scores ``(B, K)`` in [0, 1], on the maps' device.

    Source:
        See `gonio.codecs.refine.gaussian_peak`.
    """
    height, width = maps.shape[2:]
    heights, best = maps.float().flatten(2).max(dim=-1)
    rows, columns = best // width, best % width
    found = torch.stack([columns, rows], dim=-1).double()
    if codec.refinement == "dark" and min(height, width) >= 3:
        found = found + _gaussian_peak(_smoothed(maps.float(), codec.blur), rows, columns)
    scale, shift = codec.pixels_of_cells((height, width))
    return (found * torch.from_numpy(scale).to(maps.device) + shift).float(), heights.clamp(0, 1)


def _smoothed(maps: Tensor, side: int) -> Tensor:
    """Maps under a Gaussian of this side, cv2's; beyond their rim they are empty."""
    if not side:
        return maps
    line = torch.from_numpy(cv2.getGaussianKernel(side, 0)[:, 0]).to(maps.device, maps.dtype)
    single = maps.flatten(0, 1)[:, None]
    with torch.autocast(maps.device.type, enabled=False):
        along = functional.conv2d(single, line[None, None, None], padding=(0, side // 2))
        return functional.conv2d(along, line[None, None, :, None], padding=(side // 2, 0)).reshape(maps.shape)


def _gaussian_peak(maps: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Where the Gaussian through the nine values around each best cell peaks: ``(B, K, 2)``, x y from that cell."""
    height, width = maps.shape[2:]
    y, x = rows.clamp(1, height - 2), columns.clamp(1, width - 2)
    around = torch.arange(-1, 2, device=maps.device)
    places = (y[..., None, None] + around[:, None]) * width + x[..., None, None] + around
    nine = maps.flatten(2).gather(2, places.flatten(2)).reshape(places.shape)
    log = nine.double().clamp(min=_FLOOR).log()
    dy, dx = (log[..., 2, 1] - log[..., 0, 1]) / 2, (log[..., 1, 2] - log[..., 1, 0]) / 2
    dyy = log[..., 2, 1] - 2 * log[..., 1, 1] + log[..., 0, 1]
    dxx = log[..., 1, 2] - 2 * log[..., 1, 1] + log[..., 1, 0]
    dxy = (log[..., 2, 2] - log[..., 2, 0] - log[..., 0, 2] + log[..., 0, 0]) / 4
    determinant = dyy * dxx - dxy**2
    concave = (dyy < 0) & (dxx < 0) & (determinant > _FLAT)
    safe = torch.where(concave, determinant, 1.0)
    step = torch.stack([(dxy * dy - dyy * dx) / safe, (dxy * dx - dxx * dy) / safe], dim=-1)
    moved = torch.stack([x - columns, y - rows], dim=-1) + step
    return torch.where(concave[..., None], moved.clamp(-1, 1), 0.0)
