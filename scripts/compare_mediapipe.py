"""Compare ``gonio.compat.mediapipe`` with MediaPipe itself on a video, landmark by landmark.

    python -m scripts.compare_mediapipe samples/walk.mp4 --python ENV/bin/python --complexity 1

``ENV`` is an environment with mediapipe 0.10.21, which still has ``mp.solutions.pose``. Its wheel carries the
model of complexity 1 and downloads the others. Gonio's models of complexity 1 and 2 come from
``python -m scripts.convert_blazepose --install``.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import gonio.compat.mediapipe as mp
from gonio.io.sources.opening import open_source

Array = npt.NDArray[Any]
SAME_PERSON_PX = 60
"""Frames in which the median landmark is farther away show two people; they are counted and left out."""
ORIGINAL = """
import sys
import numpy as np
import mediapipe as mp
frames, out, complexity = np.load(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rows = np.full((len(frames), 33, 7), np.nan)
with mp.solutions.pose.Pose(model_complexity=complexity) as pose:
    for row, frame in zip(rows, frames):
        found = pose.process(frame)
        if found.pose_landmarks:
            pairs = zip(found.pose_landmarks.landmark, found.pose_world_landmarks.landmark)
            row[:] = [(a.x, a.y, a.z, a.visibility, b.x, b.y, b.z) for a, b in pairs]
np.save(out, rows)
"""


def ours(frames: Array, complexity: int) -> Array:
    """``(T, 33, 7)``: x, y, z, visibility, and x, y, z in metres; NaN where nobody is."""
    rows = np.full((len(frames), 33, 7), np.nan)
    with mp.solutions.pose.Pose(model_complexity=complexity) as pose:
        for row, frame in zip(rows, frames, strict=True):
            found = pose.process(frame)
            if found.pose_landmarks and found.pose_world_landmarks:
                pairs = zip(found.pose_landmarks.landmark, found.pose_world_landmarks.landmark, strict=True)
                row[:] = [(a.x, a.y, a.z, a.visibility, b.x, b.y, b.z) for a, b in pairs]
    return rows


def theirs(frames: Array, complexity: int, python: Path) -> Array:
    """The same by MediaPipe, in its own environment."""
    with tempfile.TemporaryDirectory() as temporary:
        pictures, found = Path(temporary, "frames.npy"), Path(temporary, "found.npy")
        np.save(pictures, frames)
        command = [str(python), "-c", ORIGINAL, str(pictures), str(found), str(complexity)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return np.asarray(np.load(found))


def main() -> None:
    """Print the differences."""
    parser = argparse.ArgumentParser(description="Compare gonio.compat.mediapipe with MediaPipe.")
    parser.add_argument("video")
    parser.add_argument("--python", type=Path, required=True, help="of an environment with mediapipe 0.10.21")
    parser.add_argument("--complexity", type=int, default=1, choices=(0, 1, 2))
    options = parser.parse_args()
    frames = np.stack([frame.image for frame in open_source(options.video)])
    size = np.array([frames.shape[2], frames.shape[1]])
    a, b = ours(frames, options.complexity), theirs(frames, options.complexity, options.python)
    both = np.isfinite(a[:, 0, 0]) & np.isfinite(b[:, 0, 0])
    print(
        f"{len(frames)} frames; somebody in {np.isfinite(a[:, 0, 0]).sum()} here, {np.isfinite(b[:, 0, 0]).sum()} there"
    )
    off = np.linalg.norm((a - b)[both][..., :2] * size, axis=-1)
    same = np.median(off, axis=1) < SAME_PERSON_PX
    off, other = off[same], (a - b)[both][same]
    print(f"the same person in {same.sum()} of {both.sum()}")
    print(f"landmarks, px: median {np.median(off):.2f}, mean {off.mean():.2f}, 95 % {np.percentile(off, 95):.1f}")
    print(f"visibility, mean: {np.abs(other[..., 3]).mean():.3f}")
    print(f"world, mean: {np.linalg.norm(other[..., 4:], axis=-1).mean() * 1000:.0f} mm")


if __name__ == "__main__":
    main()
