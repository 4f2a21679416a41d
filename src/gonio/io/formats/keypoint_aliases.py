"""Other programs' names of keypoints that Gonio has under names of its own."""

from collections.abc import Sequence
from functools import cache

from gonio.io.formats.keypoint_names import normal_name, skeleton_of_names
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

_ALIASES = {
    "hip": "mid_hip",  # OpenPose, Pose2Sim and Sports2D: the middle of both
    "head": "head_top",  # Pose2Sim and Sports2D; Halpe's own name of its point 17
    "left_toe": "left_big_toe",
    "right_toe": "right_big_toe",
    "left_calcaneus": "left_heel",
    "right_calcaneus": "right_heel",
    "mouth_left": "left_mouth",  # MediaPipe
    "mouth_right": "right_mouth",
}


def known_keypoint(name: str) -> str | None:
    """Gonio's name of a keypoint, however it is spelled; None if no skeleton that ships has such a one.

    Example:
        >>> [known_keypoint(name) for name in ("RBigToe", "Hip", "l.knee", "C7")]
        ['right_big_toe', 'mid_hip', 'left_knee', None]
    """
    spelled = normal_name(name)
    spelled = _ALIASES.get(spelled, spelled)
    return spelled if spelled in _known_names() else None


def is_keypoint(name: str) -> bool:
    """Whether this is, to the letter, a name that Gonio or the table above has."""
    return name in _known_names() or name in _ALIASES


def skeleton_with(names: Sequence[str], *, name: str, prefer: Sequence[str] = ()) -> Skeleton:
    """A skeleton that has all these keypoints: a preferred one, else the smallest that ships, else one made of them.

    Args:
        names: In Gonio's spelling.
        name: What a made skeleton is called.
        prefer: Names of skeletons to try first.

    Example:
        >>> skeleton_with(["left_heel", "left_big_toe"], name="markers").name
        'halpe26'
    """
    shipped = sorted((load_skeleton(one) for one in skeleton_names()), key=len)
    for skeleton in (*map(load_skeleton, prefer), *shipped):
        if set(names) <= set(skeleton.keypoint_names):
            return skeleton
    return skeleton_of_names(names, name=name)


@cache
def _known_names() -> frozenset[str]:
    return frozenset(name for skeleton in skeleton_names() for name in load_skeleton(skeleton).keypoint_names)
