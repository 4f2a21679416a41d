"""``mp.solutions``: pose, pose_connections, drawing_utils and drawing_styles."""

from gonio.compat.mediapipe.solutions import drawing_styles, drawing_utils, pose, pose_connections

__all__ = ["drawing_styles", "drawing_utils", "pose", "pose_connections"]


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"gonio.compat.mediapipe has no solution {name!r}: only pose, drawing_utils and drawing_styles; Gonio finds "
        "bodies, no faces, hands or objects"
    )
