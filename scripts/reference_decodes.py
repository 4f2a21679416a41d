"""Make ``tests/golden/foreign_decodes.npz``: what MMPose's and rtmlib's own code reads from a network's outputs.

The inputs are noisy maps and lines from a fixed seed; the answers come from the projects' published functions, loaded
from their unpacked source archives (both Apache-2.0, not part of this repository).

    python -m pip download --no-deps --no-binary mmpose mmpose==1.3.2 && tar xf mmpose-1.3.2.tar.gz
    python -m pip download --no-deps rtmlib==0.0.16 && unzip -d rtmlib rtmlib-0.0.16-py3-none-any.whl
    python scripts/reference_decodes.py mmpose-1.3.2 rtmlib
"""

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

OUT = Path(__file__).resolve().parents[1] / "tests" / "golden" / "foreign_decodes.npz"
INPUT_WH, CELLS_WH = (96, 128), (24, 32)
KEYPOINTS, INPUTS, SEED = 8, 3, 20261122
HEADER = {
    "oracle": "MMPose 1.3.2 mmpose/codecs/utils/{refinement,post_processing}.py; rtmlib 0.0.16 tools/pose_estimation",
    "command": "python scripts/reference_decodes.py mmpose-1.3.2 rtmlib",
}
Array = npt.NDArray[Any]


def module(path: Path, package: str) -> Any:
    """One file of a project, without the packages around it."""
    name = f"{package}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot load {path}")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(package, types.ModuleType(package))
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def noisy_inputs() -> tuple[Array, Array, Array]:
    """Heatmaps ``(B, K, 32, 24)`` and lines along x ``(B, K, 192)`` and y ``(B, K, 256)``, as a network might say."""
    rng = np.random.default_rng(SEED)
    centre = rng.uniform(0, 1, (INPUTS, KEYPOINTS, 2)) * CELLS_WH  # some lie at the rim
    height = rng.uniform(0.05, 1.3, (INPUTS, KEYPOINTS))  # the bound at 1 is to be tried
    y, x = np.mgrid[: CELLS_WH[1], : CELLS_WH[0]]
    distance = (x - centre[..., 0, None, None]) ** 2 + (y - centre[..., 1, None, None]) ** 2
    maps = height[..., None, None] * np.exp(-distance / 8) + rng.normal(0, 0.01, distance.shape)
    lines = []
    for axis, sigma in ((0, 4.9), (1, 5.66)):
        bins = np.arange(2 * INPUT_WH[axis])
        at = centre[..., axis, None] * 8
        line = height[..., None] * np.exp(-((bins - at) ** 2) / (2 * sigma**2))
        lines.append((line + rng.normal(0, 0.01, line.shape)).astype(np.float32))
    lines[0][0, 0] = -0.1  # a keypoint of which nothing is seen
    return maps.astype(np.float32), lines[0], lines[1]


def main(mmpose: Path, rtmlib: Path) -> None:
    """Write the file."""
    utils = mmpose / "mmpose" / "codecs" / "utils"
    post = module(utils / "post_processing.py", "reference")
    refine = module(utils / "refinement.py", "reference")
    pose = module(rtmlib / "rtmlib" / "tools" / "pose_estimation" / "post_processings.py", "reference_rtmlib")
    maps, simcc_x, simcc_y = noisy_inputs()
    scale = np.array(INPUT_WH) / CELLS_WH
    found: dict[str, list[Array]] = {"quarter": [], "dark": [], "udp": [], "scores": []}
    for one in maps:
        cells, scores = post.get_heatmap_maximum(one.copy())
        found["scores"].append(scores)
        found["quarter"].append(refine.refine_keypoints(cells[None].copy(), one.copy())[0] * scale)
        found["dark"].append(refine.refine_keypoints_dark(cells[None].copy(), one.copy(), 11)[0] * scale)
        udp = refine.refine_keypoints_dark_udp(cells[None].copy(), one.copy(), 11)[0]
        # the original counts the input as W wide and its affine as W - 1; what an affine of pixels sees is the latter
        found["udp"].append(udp / (np.array(CELLS_WH) - 1) * (np.array(INPUT_WH) - 1))
    bins, lower = post.get_simcc_maximum(simcc_x.copy(), simcc_y.copy())
    other_bins, mean = pose.get_simcc_maximum(simcc_x.copy(), simcc_y.copy())
    if not (bins == other_bins)[lower > 0].all():
        raise SystemExit("MMPose and rtmlib do not find the same bins")
    arrays: dict[str, Any] = {"header": np.array(json.dumps(HEADER)), "maps": maps}
    arrays |= {"simcc_x": simcc_x, "simcc_y": simcc_y, "simcc_lower": lower, "simcc_mean": mean}
    arrays["simcc_keypoints"] = (bins / 2).astype(np.float32)
    arrays |= {f"heatmap_{name}": np.stack(values).astype(np.float32) for name, values in found.items()}
    np.savez_compressed(OUT, **arrays)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
