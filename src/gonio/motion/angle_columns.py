"""All joint angles of one person as columns, for OpenSim's motion files."""

import numpy as np

from gonio.analysis.angles import angle_series, list_angles
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence

_SIDES: tuple[Side, ...] = ("left", "right")


def angle_columns(sequence: PoseSequence, options: AnalysisOptions) -> tuple[list[str], FloatArray64]:
    """Names such as ``knee_flexion_left`` and values ``(T, A)`` in degrees, NaN where not valid.

    Raises:
        ConfigError: If no angle could be measured.
    """
    names: list[str] = []
    columns: list[FloatArray64] = []
    for angle in list_angles():
        for side in _SIDES:
            series = angle_series(sequence, angle, side=side, options=options)
            name = angle if series.side == "both" else f"{angle}_{side}"
            if series.valid.any() and name not in names:
                names.append(name)
                columns.append(series.valid_values)
    if not names:
        raise ConfigError("no joint angle could be measured, so there is nothing to write; see the measures for why")
    return names, np.stack(columns, axis=1)
