"""Writes BVH, the motion file of Blender and other animation programs: a tree of bones, and how it moves.

Every joint has a position and a rotation for each frame. Programs that read both, as Blender does, show every keypoint
exactly where it is; those that read rotations alone show bones of constant length, the median, at the same angles.
Source: M. Meredith, S. Maddock, Motion Capture File Formats Explained, University of Sheffield, 2001.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.geometry.rotations import euler_zxy_deg, rotation_between
from gonio.io.atomic import atomic_path
from gonio.io.formats.bvh_tree import ROOT, Joint, body_tree, filled
from gonio.io.formats.keypoint_arrays import present
from gonio.io.formats.markers import marker_names, uniform_rate_hz
from gonio.structures.sequence import PoseSequence

_CHANNELS = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"


def write_bvh(path: str | Path, sequence: PoseSequence) -> None:
    """Write one person as a moving skeleton, y up.

    A 2D sequence becomes a planar one at z = 0: right for a person filmed square from the side or the front, and no
    more three-dimensional than the video was. Units are the sequence's, and the file does not say which: scale pixels
    down on import. The format has no missing values, so gaps are filled along straight lines; a keypoint never seen is
    left out, and so are the corners of the eyes, hands and the like. Times are taken as evenly spaced, from 0.

    Raises:
        ConfigError: If the sequence is of several people, not evenly sampled, or never shows both hips.
        MediaError: If the file cannot be written.
    """
    names = marker_names(sequence, "a BVH file")
    rate = uniform_rate_hz(sequence.time_s, "a BVH file")
    planar = sequence.keypoints.shape[-1] == 2
    points = _points(sequence, planar=planar)
    seen = [name for name in names if name in points]
    if ROOT not in points:
        raise ConfigError("a BVH skeleton hangs on the hips, and this sequence never shows both; write .trc or .c3d")
    tree = body_tree(seen, planar=planar)
    positions = np.stack([points[joint.name] for joint in tree], axis=1)
    offsets = _offsets(tree, positions)
    moves = _local_moves(tree, positions, offsets)
    lines = [*_hierarchy(tree, offsets), "MOTION", f"Frames: {len(sequence)}", f"Frame Time: {1 / rate!r}"]
    lines += [" ".join(f"{value + 0.0:.6f}" for value in row) for row in moves.reshape(len(moves), -1)]
    with atomic_path(Path(path)) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8")


def _points(sequence: PoseSequence, *, planar: bool) -> dict[str, FloatArray64]:
    """Keypoints ``(T, 3)`` with y up and without gaps, the root among them; those never seen are left out."""
    given = sequence.keypoints[:, 0].astype(np.float64)
    up = -1.0 if sequence.unit == "px" else 1.0
    x, y, z = given[..., 0], up * given[..., 1], np.zeros(given.shape[:2]) if planar else given[..., 2]
    spatial = np.where(present(given)[..., None], np.stack([x, y, z], axis=-1), np.nan)
    whole = filled(spatial, sequence.time_s)
    points = {
        name: whole[:, k] for k, name in enumerate(sequence.skeleton.keypoint_names) if np.isfinite(whole[:, k]).all()
    }
    if ROOT not in points and {"left_hip", "right_hip"} <= points.keys():
        points[ROOT] = (points["left_hip"] + points["right_hip"]) / 2
    return points


def _offsets(tree: list[Joint], positions: FloatArray64) -> FloatArray64:
    """``(J, 3)``: from parent to joint at rest, as long as the bone typically is."""
    parents = [max(joint.parent, 0) for joint in tree]
    lengths = np.median(np.linalg.norm(positions - positions[:, parents], axis=-1), axis=0)
    return np.asarray(np.array([joint.rest for joint in tree]) * lengths[:, None], np.float64)


def _local_moves(tree: list[Joint], positions: FloatArray64, offsets: FloatArray64) -> FloatArray64:
    """``(T, J, 6)``: position and Euler angles of each joint in the axes of its parent."""
    t = len(positions)
    turned = np.broadcast_to(np.eye(3), (len(tree), t, 3, 3)).copy()  # of each joint, in the world
    moves = np.zeros((t, len(tree), 6))
    for place, joint in enumerate(tree):
        if joint.children and joint.parent >= 0:
            child = joint.children[0]
            turned[place] = rotation_between(offsets[child], positions[:, child] - positions[:, place])
        if joint.parent < 0:
            moves[:, place, :3] = positions[:, place]
            continue
        back = turned[joint.parent].swapaxes(-1, -2)
        away = positions[:, place] - positions[:, joint.parent]
        moves[:, place, :3] = (back @ away[..., None])[..., 0]
        moves[:, place, 3:] = euler_zxy_deg(back @ turned[place])
    return moves


def _hierarchy(tree: list[Joint], offsets: FloatArray64, place: int = 0, depth: int = 0) -> Iterator[str]:
    """The bones' lines; BVH writes joints in the order of a walk down each branch, which `body_tree` has too."""
    joint, pad = tree[place], "\t" * depth
    yield from ("HIERARCHY", f"ROOT {joint.name}") if place == 0 else (f"{pad}JOINT {joint.name}",)
    yield pad + "{"
    yield f"{pad}\tOFFSET " + " ".join(f"{value + 0.0:.6f}" for value in offsets[place])
    yield f"{pad}\t{_CHANNELS}"
    for child in joint.children:
        yield from _hierarchy(tree, offsets, child, depth + 1)
    if not joint.children:
        yield from (f"{pad}\tEnd Site", pad + "\t{", f"{pad}\t\tOFFSET 0 0 0", pad + "\t}")
    yield pad + "}"
