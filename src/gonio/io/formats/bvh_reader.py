"""Reads any BVH file: walks the bones to where each joint is; `bvh` tells of the format."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.geometry.rotations import rotation_about
from gonio.io.files import check_is_file
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.markers import MarkerData, first_repeated
from gonio.io.formats.reading import read_text

_CHANNELS = {f"{axis}{kind}" for axis in "xyz" for kind in ("position", "rotation")}


@dataclass(frozen=True, slots=True)
class _Joint:
    name: str
    parent: int  # -1 for the root
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


def read_bvh(path: str | Path) -> MarkerData:
    """Read the joints' positions of any BVH file.

    Returns:
        Positions as the file has them, taken as metres, y up; times from 0.

    Raises:
        MediaError: If the file cannot be read, is cut short or no BVH file.
    """
    path = Path(path)
    check_is_file(path)
    head, found, motion = read_text(path).partition("MOTION")
    tokens = head.split()
    if tokens[:2] != ["HIERARCHY", "ROOT"] or not found:
        raise unusable(path, "it has no HIERARCHY with a ROOT and a MOTION", "is it a BVH file?")
    try:
        joints = _read_joints(tokens[1:])
        words = motion.split()
        count, step = int(words[1]), float(words[4])
        values: FloatArray64 = np.array(words[5:], np.float64)
    except (ValueError, IndexError) as error:
        raise unusable(path, f"it cannot be followed ({error})", "it was cut short or edited") from error
    channels = sum(len(joint.channels) for joint in joints)
    if not count or not step > 0 or len(values) != count * channels:
        fact = f"it announces {count} frames of {channels} numbers and holds {len(values)} numbers"
        raise unusable(path, fact, "it was cut short or edited")
    if twice := first_repeated([joint.name for joint in joints]):
        raise unusable(path, f"two joints are named {twice!r}", "give each its own name")
    positions = _world_positions(joints, values.reshape(count, channels))
    time_s: FloatArray64 = np.arange(count, dtype=np.float64) * step
    return MarkerData(tuple(joint.name for joint in joints), positions, time_s, source=str(path))


def _read_joints(tokens: list[str]) -> list[_Joint]:
    """Joints in the order of their channels; an end site moves nothing and is left out."""
    joints: list[_Joint] = []
    above: list[int] = []  # indices of the open joints; -1 for an end site
    words = iter(tokens)
    for word in words:
        if word in ("ROOT", "JOINT"):
            joints.append(_Joint(next(words), above[-1] if above else -1, (0.0, 0.0, 0.0), ()))
            above.append(len(joints) - 1)
        elif word == "End":
            above.append(-1)
        elif word == "OFFSET":
            x, y, z = (float(next(words)) for _ in range(3))
            if above[-1] >= 0:
                own = joints[above[-1]]
                joints[above[-1]] = _Joint(own.name, own.parent, (x, y, z), own.channels)
        elif word == "CHANNELS":
            own = joints[above[-1]]
            names = tuple(next(words) for _ in range(int(next(words))))
            if odd := [name for name in names if name.lower() not in _CHANNELS]:
                raise ValueError(f"no channel is named {odd[0]}")
            joints[above[-1]] = _Joint(own.name, own.parent, own.offset, names)
        elif word == "}":
            above.pop()
    if above:
        raise ValueError("a bracket is not closed")
    return joints


def _world_positions(joints: list[_Joint], values: FloatArray64) -> FloatArray64:
    """``(T, J, 3)``; a position channel stands in place of the offset's coordinate."""
    positions = np.zeros((len(values), len(joints), 3))
    turned = np.zeros((len(joints), len(values), 3, 3))
    column = 0
    for place, joint in enumerate(joints):
        local = np.tile(np.array(joint.offset), (len(values), 1))
        turn = np.broadcast_to(np.eye(3), (len(values), 3, 3))
        for channel in joint.channels:
            axis = "XYZ".index(channel[0].upper())
            if channel[1:].lower() == "position":
                local[:, axis] = values[:, column]
            else:
                turn = turn @ rotation_about(axis, values[:, column])
            column += 1
        if joint.parent < 0:
            positions[:, place], turned[place] = local, turn
        else:
            positions[:, place] = positions[:, joint.parent] + (turned[joint.parent] @ local[..., None])[..., 0]
            turned[place] = turned[joint.parent] @ turn
    return positions
