"""From one skeleton to another: the points that both have, matched by name; NaN for what the other lacks.

Only points that are the same in both sets are carried over; none is computed from others. What that leaves
out, and why:

- **Neck.** Halpe-26 has ``neck``, MPII ``upper_neck`` (the lower end of the head) and ``thorax`` (the middle
  of the shoulders), LSP ``lsp_neck`` (about a fifth of the way from the shoulders to the top of the head).
  Training recipes often join them; for a measured angle of the head or trunk they are different points.
- **Pelvis.** MPII's ``pelvis`` is the middle of its hips; Halpe names its ``mid_hip`` without saying so.
- **Front of the foot.** BlazePose's ``left_foot_index`` is neither of the toes of the other sets.
- **Face and hands.** BlazePose's eye corners, mouth and finger points are defined by a drawing only, and
  WholeBody's are finer. WholeBody annotates ``left_hand_root`` with the hand, ``left_wrist`` with the arm.

``head_top`` of LSP, MPII and Halpe is one point, and so are the heels of BlazePose, Halpe and WholeBody. Hips
keep their name in every set although LSP's annotators placed them differently from COCO's.
"""

from dataclasses import replace

import numpy as np

from gonio.arrays import FloatArray, IntArray, check_shape
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton


def shared_keypoints(source: Skeleton, target: Skeleton) -> tuple[IntArray, IntArray]:
    """The points that two skeletons have in common.

    Returns:
        Two arrays ``(S,)``: their indices in ``source`` and those in ``target``, both in the target's order.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> shared_keypoints(load_skeleton("lsp14"), load_skeleton("mpii16"))[1]
        array([ 0,  1,  2,  3,  4,  5,  9, 10, 11, 12, 13, 14, 15])
    """
    position = {name: index for index, name in enumerate(source.keypoint_names)}
    pairs = [(position[name], index) for index, name in enumerate(target.keypoint_names) if name in position]
    in_source, in_target = np.array(pairs, np.int64).reshape(-1, 2).T
    return in_source, in_target


def convert_keypoints(
    keypoints: FloatArray, scores: FloatArray, *, source: Skeleton, target: Skeleton
) -> tuple[FloatArray, FloatArray]:
    """Keypoints of one skeleton in the order of another.

    Args:
        keypoints: ``(..., K, D)``: of one person, of many, or of many over time; any unit.
        scores: ``(..., K)``.
        source: What the K keypoints are.
        target: What they shall be.

    Returns:
        New arrays ``(..., K', D)`` and ``(..., K')`` float32; NaN coordinates and score 0 where the source
        has no such point.

    Raises:
        ShapeError: If the arrays do not have the source's K, or disagree on what comes before it.
    """
    check_shape("keypoints", keypoints.shape, (*scores.shape[:-1], len(source), *keypoints.shape[-1:]))
    check_shape("scores", scores.shape, (*scores.shape[:-1], len(source)))
    in_source, in_target = shared_keypoints(source, target)
    people = scores.shape[:-1]
    new_keypoints = np.full((*people, len(target), keypoints.shape[-1]), np.nan, np.float32)
    new_scores = np.zeros((*people, len(target)), np.float32)
    new_keypoints[..., in_target, :] = keypoints[..., in_source, :]
    new_scores[..., in_target] = scores[..., in_source]
    return new_keypoints, new_scores


def convert_poses(poses: Poses, target: Skeleton | str) -> Poses:
    """The same people with another skeleton, or that of a name; boxes, person scores, track ids and time stay.

    Raises:
        ConfigError: If no skeleton has the name.

    Example:
        >>> convert_poses(Poses.empty(load_skeleton("halpe26")), "coco17")
        Poses(0 people x 17 keypoints of coco17)
    """
    target = load_skeleton(target) if isinstance(target, str) else target
    keypoints, scores = convert_keypoints(poses.keypoints, poses.scores, source=poses.skeleton, target=target)
    world = poses.world
    if world is not None:
        world, _ = convert_keypoints(world, poses.scores, source=poses.skeleton, target=target)
    return replace(poses, keypoints=keypoints, scores=scores, skeleton=target, world=world)
