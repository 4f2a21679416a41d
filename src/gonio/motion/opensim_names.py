"""Joint angles as coordinates of OpenSim's models.

Names are those that gait2392 and the models after Rajagopal share, signs those of gait2392. Two things follow from what
keypoints do not show. The trunk stands for the pelvis, which hip angles are against: so its lean is the pelvis's tilt,
and the lumbar coordinates, which keep their zeros, are left out; a model then stands as the person did. And an
elevation of the arm is told as flexion from the side, as adduction from the front.

Source:
    S. L. Delp et al., An interactive graphics-based model of the lower extremity, IEEE Trans Biomed Eng 37(8), 1990
    (gait2392); A. Rajagopal et al., Full-body musculoskeletal model for muscle-driven simulation of human gait, IEEE
    Trans Biomed Eng 63(10), 2016 (arms).
"""

import numpy as np

from gonio.analysis.angles import AngleSeries
from gonio.analysis.arrow import arrow
from gonio.analysis.body_frame import AXES, body_frame
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.turn import turn_between
from gonio.analysis.validity import keypoint_reasons
from gonio.analysis.view import View, detect_view
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_OF_A_SIDE = {
    "ankle_dorsiflexion": "ankle_angle",
    "knee_flexion": "knee_angle",
    "hip_flexion": "hip_flexion",
    "hip_abduction": "hip_adduction",
    "elbow_flexion": "elbow_flex",
}
"""Whose signs the convention ``opensim`` has already."""
_OF_THE_TRUNK = {("trunk_lean", "both"): "pelvis_tilt", ("pelvis_obliquity", "left"): "pelvis_list"}
_FARTHEST_BACK_DEG = -90.0
"""Of an arm: farther, it was lifted forwards and over the head."""


def opensim_coordinate(
    series: AngleSeries, sequence: PoseSequence, options: AnalysisOptions
) -> tuple[str, FloatArray64] | None:
    """Name and values of the coordinate that an angle is; None where the models have none.

    Args:
        series: In the convention ``opensim``.
        sequence: That it was measured in.
        options: That it was measured with.
    """
    if (series.name, series.side) in _OF_THE_TRUNK:
        return _OF_THE_TRUNK[series.name, series.side], series.valid_values
    end = f"_{series.side[0]}"
    if series.name in _OF_A_SIDE:
        return _OF_A_SIDE[series.name] + end, series.valid_values
    if series.name != "shoulder_elevation" or sequence.keypoints.shape[-1] == 3:
        return None
    view = detect_view(sequence, options=options)
    if view.kind == "frontal":
        return "arm_add" + end, -series.valid_values
    if view.kind == "side":
        return "arm_flex" + end, _arm_flexion(series, sequence, options, view)
    return None


def _arm_flexion(series: AngleSeries, sequence: PoseSequence, options: AnalysisOptions, view: View) -> FloatArray64:
    """Degrees, forwards positive: the same angle as the elevation, and on which side of the trunk the arm is."""
    points = body_frame(sequence, "sagittal", side=series.side, view=view, up_deg=options.up_deg)
    reasons = keypoint_reasons(sequence, options.min_score)
    trunk, upper_arm = (
        arrow(ends, points, reasons, skeleton=sequence.skeleton, side=series.side, either=True).vector
        for ends in (("mid_shoulder", "mid_hip"), ("shoulder", "elbow"))
    )
    turn_deg = np.degrees(turn_between(trunk, upper_arm, AXES["sagittal"]).rad)
    forwards = (turn_deg - _FARTHEST_BACK_DEG) % 360 + _FARTHEST_BACK_DEG
    return np.where(series.valid, forwards, np.nan)
