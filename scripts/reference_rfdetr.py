"""Make ``tests/golden/rfdetr_postprocess.npz``: the people that RF-DETR's own code reads from raw outputs.

The outputs are made up from a fixed seed, in the layout of the published checkpoint (class 0 the background, class 1 a
person with 17 keypoints); the answers are those of the project's ``PostProcess``, loaded alone from its wheel
(Apache-2.0, not part of this repository). Only its conversion of boxes, which needs torchvision, is written here.

    python -m pip download --no-deps rfdetr==1.11.2 && unzip -d rfdetr rfdetr-1.11.2-py3-none-any.whl
    python scripts/reference_rfdetr.py rfdetr
"""

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch

OUT = Path(__file__).resolve().parents[1] / "tests" / "golden" / "rfdetr_postprocess.npz"
HEADER = {
    "oracle": "rfdetr 1.11.2 rfdetr/models/postprocess.py",
    "command": "python scripts/reference_rfdetr.py rfdetr",
}
INPUT_HW = (576, 576)
QUERIES, CLASSES, COUNTS, SEED = 24, 2, [0, 17], 20261123


def postprocess(wheel: Path) -> Any:
    """The project's class, without the packages around it."""
    boxes = types.ModuleType("rfdetr.utilities.box_ops")
    vars(boxes)["box_cxcywh_to_xyxy"] = lambda box: torch.cat(
        [box[..., :2] - box[..., 2:] / 2, box[..., :2] + box[..., 2:] / 2], dim=-1
    )
    utilities = types.ModuleType("rfdetr.utilities")
    vars(utilities)["box_ops"] = boxes
    sys.modules |= {"rfdetr": types.ModuleType("rfdetr"), "rfdetr.utilities": utilities, boxes.__name__: boxes}
    spec = importlib.util.spec_from_file_location("postprocess", wheel / "rfdetr" / "models" / "postprocess.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot load rfdetr/models/postprocess.py in {wheel}")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded.PostProcess


def main(wheel: Path) -> None:
    """Write the file."""
    draw = torch.Generator().manual_seed(SEED)
    keypoints = torch.randn(1, QUERIES, len(COUNTS) * max(COUNTS), 8, generator=draw)
    keypoints[..., :2] = torch.rand(keypoints[..., :2].shape, generator=draw) * 1.2 - 0.1
    keypoints[..., 4:7:2] += 3
    raw = {
        "pred_boxes": torch.rand(1, QUERIES, 4, generator=draw),
        "pred_logits": torch.randn(1, QUERIES, CLASSES, generator=draw) * 2,
        "pred_keypoints": keypoints,
    }
    read = postprocess(wheel)(num_select=QUERIES, num_keypoints_per_class=COUNTS)
    (found,) = read(raw, torch.tensor([INPUT_HW]))
    arrays = {name: found[name].numpy() for name in ("scores", "labels", "boxes", "keypoints")}
    arrays |= {name.replace("pred_", "raw_"): array.numpy() for name, array in raw.items()}
    np.savez_compressed(OUT, header=np.array(json.dumps(HEADER)), **arrays)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
