"""BVH, by a reader that walks the bones its own way, and by what a program that ignores positions would show."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.bvh import write_bvh
from gonio.io.formats.bvh_reader import read_bvh
from gonio.structures.sequence import PoseSequence

MakeSequence = Callable[..., PoseSequence]

ARM = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Hand
  {
    OFFSET 0 2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.5
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 0 0 0
"""


def test_read_a_turning_bone(tmp_path: Path) -> None:
    """By hand: a quarter turn about z moves a bone that points up (+y) to the left (-x)."""
    (tmp_path / "a.bvh").write_text(ARM)
    markers = read_bvh(tmp_path / "a.bvh")
    assert markers.names == ("Hips", "Hand")
    np.testing.assert_allclose(markers.positions[:, 1], [[1, 4, 3], [-1, 2, 3]], atol=1e-12)
    np.testing.assert_array_equal(markers.time_s, [0, 0.5])


@pytest.mark.parametrize(("unit", "d"), [("m", 3), ("m", 2), ("px", 2)], ids=["3D", "2D metres", "pixels"])
def test_every_keypoint_is_where_it_was(tmp_path: Path, make_sequence: MakeSequence, unit: str, d: int) -> None:
    sequence = make_sequence(unit=unit, d=d)
    write_bvh(tmp_path / "a.bvh", sequence)
    markers = read_bvh(tmp_path / "a.bvh")
    expected = np.zeros((5, 26, 3))
    expected[..., :d] = sequence.keypoints[:, 0] * np.array([1, -1 if unit == "px" else 1, 1])[:d]
    own = [sequence.skeleton.index(name) for name in markers.names]
    assert len(own) == 26
    seen = np.isfinite(expected[:, own])
    tolerance = 5e-3 if unit == "px" else 1e-5
    np.testing.assert_allclose(markers.positions[seen], expected[:, own][seen], atol=tolerance)
    knee = markers.positions[:, markers.names.index("left_knee")]
    np.testing.assert_allclose(knee[1], (knee[0] + knee[2]) / 2, atol=tolerance)  # a gap is a straight line


def test_rotations_alone_point_the_bones_the_right_way(tmp_path: Path, make_sequence: MakeSequence) -> None:
    """Without positions but the root's, each bone that leads on has the right direction and its median length."""
    write_bvh(tmp_path / "a.bvh", make_sequence())
    text = (tmp_path / "a.bvh").read_text()
    head, _, motion = text.partition("MOTION")
    frames = np.array([line.split() for line in motion.splitlines()[3:]], float).reshape(5, -1, 6)
    stripped = [np.concatenate([frame[0], frame[1:, 3:].ravel()]) for frame in frames]
    first, others = head.split("\n\tJOINT", 1)
    others = others.replace("CHANNELS 6 Xposition Yposition Zposition", "CHANNELS 3")
    rows = "\n".join(" ".join(map(str, row)) for row in stripped)
    (tmp_path / "b.bvh").write_text(f"{first}\n\tJOINT{others}MOTION\nFrames: 5\nFrame Time: 0.02\n{rows}\n")
    exact, bones = read_bvh(tmp_path / "a.bvh"), read_bvh(tmp_path / "b.bvh")
    for start, end in (("left_hip", "left_knee"), ("right_knee", "right_ankle"), ("left_shoulder", "left_elbow")):
        a, b = (one.positions[:, exact.names.index(end)] - one.positions[:, exact.names.index(start)]
                for one in (exact, bones))  # fmt: skip
        cosine = (a * b).sum(axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
        np.testing.assert_allclose(cosine, 1, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(b, axis=-1), np.median(np.linalg.norm(a, axis=-1)), atol=1e-5)


def test_without_hips_there_is_no_root(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence(skeleton="coco17")
    keypoints = sequence.keypoints.copy()
    keypoints[:, :, sequence.skeleton.index("left_hip")] = np.nan
    with pytest.raises(ConfigError, match="hangs on the hips"):
        write_bvh(tmp_path / "a.bvh", replace(sequence, keypoints=keypoints))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("HIERARCHY", "no HIERARCHY with a ROOT and a MOTION"),
        (ARM.replace("90 0 0 0 0 0", "90"), "announces 2 frames of 9 numbers and holds 13"),
        (ARM.replace("  }\n}\n", "  }\n"), "a bracket is not closed"),
        (ARM.replace("Zrotation Xrotation Yrotation\n    End", "Qrotation Xrotation Yrotation\n    End"), "followed"),
        (ARM.replace("JOINT Hand", "JOINT Hips"), "two joints are named 'Hips'"),
        (ARM.replace("0.5", "half"), "cannot be followed"),
    ],
    ids=["head", "cut", "bracket", "channel", "name twice", "word"],
)
def test_damaged(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.bvh").write_text(text)
    with pytest.raises(MediaError, match=message):
        read_bvh(tmp_path / "a.bvh")
