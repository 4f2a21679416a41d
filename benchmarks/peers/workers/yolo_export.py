"""Makes the YOLO11n-pose file, in Ultralytics' own environment: ``yolo_export OUT HOME [ONNX]``.

Without ONNX: the network is built from Ultralytics' YAML with random weights and exported by Ultralytics
itself: the same graph and the same cost as the published one. With ONNX: metadata that Ultralytics needs
and the file lacks is added; the graph stays as it is.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers.workers.yolo_worker import load_ultralytics, stand_in_for_torchvision

METADATA = {
    "task": "pose",
    "stride": "32",
    "batch": "1",
    "imgsz": "[640, 640]",
    "names": "{0: 'person'}",
    "kpt_shape": "[17, 3]",
    "channels": "3",
    "end2end": "False",
}


def export_random(out: Path, home: Path) -> None:
    """Export YOLO11n-pose with random weights for one class, as the published model has, to ``out``."""
    stand_in_for_torchvision()
    ultralytics = load_ultralytics(home)
    package = Path(ultralytics.__file__).parent
    yaml = (package / "cfg" / "models" / "11" / "yolo11-pose.yaml").read_text(encoding="utf-8")
    if "nc: 80" not in yaml:
        raise ValueError("yolo11-pose.yaml no longer says 'nc: 80'; look at it before trusting this export")
    os.chdir(home)  # the export is written beside the YAML's name in the current folder
    local = home / "yolo11n-pose.yaml"  # the n in the name picks the nano size
    local.write_text(yaml.replace("nc: 80", "nc: 1"), encoding="utf-8")
    exported = ultralytics.YOLO(str(local)).export(format="onnx", imgsz=640, device="cpu")
    Path(exported).replace(out)


def restore_metadata(source: Path, out: Path) -> None:
    """Copy ``source`` to ``out`` with Ultralytics' metadata; metadata that is there stays."""
    onnx: Any = importlib.import_module("onnx")
    model = onnx.load(str(source))
    present = {entry.key for entry in model.metadata_props}
    for key, value in METADATA.items():
        if key not in present:
            model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(out))


if __name__ == "__main__":
    target, folder, *given = (Path(argument).resolve() for argument in sys.argv[1:])
    if given:
        restore_metadata(given[0], target)
    else:
        export_random(target, folder)
