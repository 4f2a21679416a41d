"""``mp.solutions.drawing_styles``: how MediaPipe draws a pose by default."""

from gonio.compat.mediapipe.pose_landmark import PoseLandmark
from gonio.compat.mediapipe.solutions.drawing_utils import WHITE_COLOR, DrawingSpec

_LEFT, _RIGHT = (0, 138, 255), (231, 217, 0)  # BGR: orange and turquoise


def get_default_pose_landmarks_style() -> dict[int, DrawingSpec]:
    """By landmark: orange on the person's left, turquoise on the right, in a BGR picture; the nose white."""
    left, right = DrawingSpec(color=_LEFT), DrawingSpec(color=_RIGHT)
    style: dict[int, DrawingSpec] = {mark: left if "LEFT" in mark.name else right for mark in PoseLandmark}
    return style | {PoseLandmark.NOSE: DrawingSpec(color=WHITE_COLOR)}
