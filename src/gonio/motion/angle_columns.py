"""All joint angles of one person as columns, for OpenSim's motion files."""

import numpy as np

from gonio.analysis.angles import AngleSeries, angle_series, list_angles
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.analysis.view import detect_view
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.motion.opensim_names import opensim_coordinate
from gonio.structures.sequence import PoseSequence

_SIDES: tuple[Side, ...] = ("left", "right")


def measured_angles(sequence: PoseSequence, options: AnalysisOptions) -> list[AngleSeries]:
    """Every angle of which a sample is valid, in the order of the table.

    Raises:
        ConfigError: If there is none.
    """
    view = detect_view(sequence, options=options)
    every = (
        angle_series(sequence, angle, side=side, view=view, options=options)
        for angle in list_angles()
        for side in _SIDES
    )
    measured = {(series.name, series.side): series for series in every if series.valid.any()}
    if not measured:
        raise ConfigError("no joint angle could be measured, so there is nothing to write; see the measures for why")
    return list(measured.values())


def angle_columns(sequence: PoseSequence, options: AnalysisOptions) -> tuple[list[str], FloatArray64]:
    """Names and values ``(T, A)`` in degrees, NaN where not valid.

    Names are such as ``knee_flexion_left``; in the convention ``opensim`` those of its models' coordinates,
    ``knee_angle_l``, where there is one, with its sign.

    Raises:
        ConfigError: If no angle could be measured.
    """
    columns = {}
    for series in measured_angles(sequence, options):
        name = series.name if series.side == "both" else f"{series.name}_{series.side}"
        values = series.valid_values
        if options.convention == "opensim":
            name, values = opensim_coordinate(series, sequence, options) or (name, values)
        columns[name] = values
    return list(columns), np.stack(list(columns.values()), axis=1)
