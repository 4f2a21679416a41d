"""Shaped like ``import mediapipe as mp`` for ``mp.solutions.pose``, which newer versions of MediaPipe have no more.

    import gonio.compat.mediapipe as mp

Only the pose solution and its drawing are here. docs/blazepose.md says what is the same and what differs.
"""

from gonio._version import __version__
from gonio.compat.mediapipe import solutions

__all__ = ["__version__", "solutions"]
