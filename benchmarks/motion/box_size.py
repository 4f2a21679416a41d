"""How much larger the box around a person is than the box around their keypoints.

``python -m benchmarks.motion.box_size FOLDER``: FOLDER holds what ``gonio predict CLIP --json FOLDER/CLIP.json`` wrote.
"""

import sys
from pathlib import Path

import numpy as np

from gonio.io.formats.pose_json import read_json
from gonio.structures.poses import Poses


def main(folder: Path) -> None:
    """Print the median of the clips, and each."""
    ratios = {file.stem: box_ratio(read_json(file)) for file in sorted(folder.glob("*.json"))}
    print(f"root of box area over that of the keypoints: median of clips {np.median(list(ratios.values())):.2f}")
    print("  " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))


def box_ratio(frames: list[Poses]) -> float:
    """Median over everyone."""
    ratios = [
        np.sqrt(np.ptp(box.reshape(2, 2), axis=0).prod() / np.ptp(keypoints, axis=0).prod())
        for poses in frames
        for box, keypoints in zip(poses.boxes, poses.keypoints, strict=True)
    ]
    return float(np.nanmedian(ratios))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
