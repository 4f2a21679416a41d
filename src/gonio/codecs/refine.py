"""From the best cell to a point between cells: the peak of a Gaussian, or of a parabola, through the neighbours."""

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray

_FLOOR = 1e-10  # of a value before its logarithm
_UDP_FLOOR = 1e-3  # the same in the published code of UDP, which moves the peaks of faint maps
_FLAT = 1e-12  # a curvature below this has no peak
_ROUNDING = 1e-6  # values that differ by less are equal up to the rounding of float32
_REACH = 1.0  # cells: a peak farther from the best cell than this is noise


def best_cells(maps: FloatArray) -> tuple[IntArray, FloatArray]:
    """The highest cell of each map.

    Args:
        maps: ``(B, K, h, w)``.

    Returns:
        ``(B, K, 2)`` row and column, and ``(B, K)`` the value there.
    """
    batch, k, height, width = maps.shape
    flat = maps.reshape(batch, k, height * width)
    best = flat.argmax(axis=-1)
    values = np.take_along_axis(flat, best[..., None], axis=-1)[..., 0]
    return np.stack([best // width, best % width], axis=-1), values


def has_peak(values: FloatArray) -> BoolArray:
    """Whether each map or line ``(B, K, n)`` says any place: not where all its values are equal."""
    return np.asarray(values.max(axis=-1) - values.min(axis=-1) > _ROUNDING)


def gaussian_peak(maps: FloatArray, cells: IntArray) -> FloatArray64:
    """Where the Gaussian lies whose nine values around a cell these are, seen from the cell.

    The logarithm of a Gaussian is a quadratic form, whose peak one Newton step finds exactly. At the rim the step
    starts one cell inside. Where the logarithm is not concave the cell itself is the answer.

    Args:
        maps: ``(B, K, h, w)``, at least 3 x 3; smaller maps are not refined.
        cells: ``(B, K, 2)``, row and column.

    Returns:
        ``(B, K, 2)``, y x in cells, each in [-1, 1].

    Source:
        F. Zhang, X. Zhu, H. Dai, M. Ye, C. Zhu, "Distribution-Aware Coordinate Representation for Human Pose
        Estimation", CVPR 2020, section 3.2, equations 5 to 9, with differences over one cell.
    """
    height, width = maps.shape[2:]
    if min(height, width) < 3:
        return np.zeros(cells.shape)
    start = np.clip(cells, 1, (height - 2, width - 2))
    log = log_values(_window(maps, start, 1))
    dy, dx = (log[..., 2, 1] - log[..., 0, 1]) / 2, (log[..., 1, 2] - log[..., 1, 0]) / 2
    dyy = log[..., 2, 1] - 2 * log[..., 1, 1] + log[..., 0, 1]
    dxx = log[..., 1, 2] - 2 * log[..., 1, 1] + log[..., 1, 0]
    dxy = (log[..., 2, 2] - log[..., 2, 0] - log[..., 0, 2] + log[..., 0, 0]) / 4
    step, concave = _newton(dy, dx, dyy, dxx, dxy)
    return np.where(concave[..., None], np.clip(start - cells + step, -_REACH, _REACH), 0)


def dark_step(maps: FloatArray, cells: IntArray) -> FloatArray64:
    """One Newton step on the logarithm with second differences over two cells; none within two cells of the rim.

    This is what the published code of DARK does, where `gaussian_peak` looks at the nearest cells only. On a perfect
    map both find the peak; on a network's they differ by hundredths of a cell.

    Args:
        maps: ``(B, K, h, w)``.
        cells: ``(B, K, 2)``, row and column.

    Returns:
        ``(B, K, 2)``, y x in cells, each in [-1, 1] (the original has no limit), 0 where there is no peak.

    Source:
        F. Zhang et al., "Distribution-Aware Coordinate Representation for Human Pose Estimation", CVPR 2020, and its
        published code; the same in MMPose and PaddleDetection.
    """
    height, width = maps.shape[2:]
    if min(height, width) < 5:
        return np.zeros(cells.shape)
    start = np.clip(cells, 2, (height - 3, width - 3))
    log = log_values(_window(maps, start, 2))
    dy, dx = (log[..., 3, 2] - log[..., 1, 2]) / 2, (log[..., 2, 3] - log[..., 2, 1]) / 2
    dyy = (log[..., 4, 2] - 2 * log[..., 2, 2] + log[..., 0, 2]) / 4
    dxx = (log[..., 2, 4] - 2 * log[..., 2, 2] + log[..., 2, 0]) / 4
    dxy = (log[..., 3, 3] - log[..., 3, 1] - log[..., 1, 3] + log[..., 1, 1]) / 4
    step, concave = _newton(dy, dx, dyy, dxx, dxy)
    inside = (start == cells).all(axis=-1)
    return np.where((concave & inside)[..., None], np.clip(step, -_REACH, _REACH), 0)


def udp_step(maps: FloatArray, cells: IntArray) -> FloatArray64:
    """One Newton step on the logarithm of values of at least 0.001, beyond the rim as at the rim.

    Args:
        maps: ``(B, K, h, w)``.
        cells: ``(B, K, 2)``, row and column.

    Returns:
        ``(B, K, 2)``, y x in cells, each in [-1, 1] (the original has no limit), 0 where there is no peak.

    Source:
        J. Huang et al., "The Devil is in the Details: Delving into Unbiased Data Processing for Human Pose
        Estimation", CVPR 2020, and its published code; the same in MMPose and ViTPose.
    """
    log = np.asarray(np.log(np.clip(_window(maps, cells, 1).astype(np.float64), _UDP_FLOOR, 50)), np.float64)
    here = log[..., 1, 1]
    above, below, left, right = log[..., 0, 1], log[..., 2, 1], log[..., 1, 0], log[..., 1, 2]
    dxy = (log[..., 2, 2] - right - below + 2 * here - left - above + log[..., 0, 0]) / 2
    step, concave = _newton(
        (below - above) / 2, (right - left) / 2, below - 2 * here + above, right - 2 * here + left, dxy
    )
    return np.where(concave[..., None], np.clip(step, -_REACH, _REACH), 0)


def _newton(
    dy: FloatArray64, dx: FloatArray64, dyy: FloatArray64, dxx: FloatArray64, dxy: FloatArray64
) -> tuple[FloatArray64, BoolArray]:
    """The step ``(..., 2)`` y x to the top of a quadratic form, and where it has a top at all."""
    determinant = dyy * dxx - dxy**2
    concave = (dyy < 0) & (dxx < 0) & (determinant > _FLAT)
    safe = np.where(concave, determinant, 1)
    step = np.stack([(dxy * dx - dxx * dy) / safe, (dxy * dy - dyy * dx) / safe], axis=-1)
    return step, np.asarray(concave)


def _window(maps: FloatArray, cells: IntArray, reach: int) -> FloatArray:
    """The square ``(B, K, 2 reach + 1, 2 reach + 1)`` of values around each cell; beyond the rim, those of the rim."""
    height, width = maps.shape[2:]
    around = np.arange(-reach, reach + 1)
    rows = np.clip(cells[..., 0, None, None] + around[:, None], 0, height - 1)
    columns = np.clip(cells[..., 1, None, None] + around, 0, width - 1)
    batch, k = np.ogrid[: maps.shape[0], : maps.shape[1]]
    return np.asarray(maps[batch[..., None, None], k[..., None, None], rows, columns])


def quarter_step(maps: FloatArray, cells: IntArray) -> FloatArray64:
    """A quarter of a cell towards the higher neighbour, along each axis; none at the rim.

    Args:
        maps: ``(B, K, h, w)``.
        cells: ``(B, K, 2)``, row and column.

    Returns:
        ``(B, K, 2)``, y x in cells.

    Source:
        A. Newell, K. Yang, J. Deng, "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016, section 4.
    """
    height, width = maps.shape[2:]
    batch, k = np.ogrid[: maps.shape[0], : maps.shape[1]]
    row, column = cells[..., 0], cells[..., 1]
    below, above = np.minimum(row + 1, height - 1), np.maximum(row - 1, 0)
    right, left = np.minimum(column + 1, width - 1), np.maximum(column - 1, 0)
    dy = np.where(below - above == 2, np.sign(maps[batch, k, below, column] - maps[batch, k, above, column]), 0)
    dx = np.where(right - left == 2, np.sign(maps[batch, k, row, right] - maps[batch, k, row, left]), 0)
    return np.stack([dy, dx], axis=-1) * 0.25


def parabola_peak(lines: FloatArray64, cells: IntArray) -> FloatArray64:
    """Where the parabola through three neighbouring values peaks, seen from the middle one.

    Args:
        lines: ``(B, K, n)`` values, of a Gaussian its logarithm: then the answer is exact.
        cells: ``(B, K)``.

    Returns:
        ``(B, K)`` cells in [-1, 1]; 0 where the values have no peak or n < 3.
    """
    if lines.shape[-1] < 3:
        return np.zeros(cells.shape)
    start = np.clip(cells, 1, lines.shape[-1] - 2)
    before, here, after = (np.take_along_axis(lines, (start + i)[..., None], axis=-1)[..., 0] for i in (-1, 0, 1))
    curvature = before - 2 * here + after
    peaked = curvature < -_FLAT
    step = (before - after) / 2 / np.where(peaked, curvature, 1)
    return np.where(peaked, np.clip(start - cells + step, -_REACH, _REACH), 0)


def log_values(values: FloatArray) -> FloatArray64:
    """Logarithm in double precision; of nothing and less, that of almost nothing."""
    return np.asarray(np.log(np.maximum(values.astype(np.float64), _FLOOR)), np.float64)
