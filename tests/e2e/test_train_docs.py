"""The quick start of docs/train.md, command by command: from a zip of CVAT to an int8 model that finds keypoints."""

import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import BaseModel

from gonio.io.formats.labels import read_labels
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.structures.poses import Poses
from gonio.training.recipe import Recipe
from gonio.training.recipe_parts import Data, LabelSource, NetworkChoice, Optim, TeacherChoice

DOCS = Path(__file__).resolve().parents[2] / "docs" / "train.md"
POINTS = {
    "head": "nose",
    "left hand": "left_wrist",
    "right hand": "right_wrist",
    "left knee": "left_knee",
    "right knee": "right_knee",
    "left foot": "left_ankle",
    "right foot": "right_ankle",
}
"""The user's skeleton, and the keypoint of COCO at the same place."""
TOP, SIZE_WH = 165, (640, 360)
"""Of the scaled frames only what is below shows: the one who walks."""
FEWER = {
    "train": [
        "--set=epochs=3",
        "--set=validate_every=3",
        "--set=network.parameters.input_hw=[128, 96]",
        "--set=optim.freeze=[body.stem, body.blocks]",
        "--set=optim.lr=3e-3",
        "--set=data.workers=0",
        "--set=threads=1",
    ],
    "quantize": ["--method=percentile", "--inputs=8", "--crops=8"],
}
"""What makes the commands quick enough for a test."""
ONE_BY_ONE = """
import json, shlex, subprocess, sys
from gonio.apps.cli.main import app
for program, *words in json.loads(sys.argv[1]):
    print("+", program, shlex.join(words), file=sys.stderr, flush=True)
    if program == "gonio":
        code = app(words, standalone_mode=False)
    else:
        code = subprocess.run([sys.executable, *words]).returncode
    if code:
        sys.exit(f"ended with {code}")
"""
PARTS: dict[str, type[BaseModel]] = {"network": NetworkChoice, "data": Data, "teacher": TeacherChoice, "optim": Optim}
"""Of a recipe."""


def quick_start_commands() -> list[list[str]]:
    (block,) = re.findall(r"```bash\n# tested\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    return [shlex.split(line) for line in block.splitlines()]


def section(heading: str) -> str:
    """The page from a heading to the next one."""
    return DOCS.read_text("utf-8").split(f"\n{heading}\n")[1].split("\n#")[0]


def shown_recipe() -> str:
    (text,) = re.findall(r"```yaml\n(# walkers\.yaml\n.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    return str(text)


def skeleton_element(poses: Poses, person: int) -> str:
    points = ""
    for label, name in POINTS.items():
        k = poses.skeleton.index(name)
        x, y = poses.keypoints[person, k]
        points += f'<points label="{label}" outside="0" occluded="0" points="{x:.2f},{y:.2f}"></points>'
    return f'<skeleton label="walker" source="manual" z_order="0">{points}</skeleton>'


def write_task(path: Path, video: Path) -> None:
    """Twenty pictures labelled as Thunder sees them, zipped as CVAT exports "CVAT for images 1.1" with its images."""
    model = load_model("thunder", threads=1)
    elements = ""
    with zipfile.ZipFile(path, "w") as archive:
        for i, frame in zip(range(20), open_source(str(video), stride=4), strict=False):
            scaled = cv2.resize(frame.image, SIZE_WH, interpolation=cv2.INTER_AREA)
            picture = np.ascontiguousarray(scaled[TOP:], np.uint8)
            found = model(picture)
            people = "".join(skeleton_element(found, n) for n in range(len(found)) if found.person_scores[n] > 0.3)
            height, width = picture.shape[:2]
            elements += f'<image id="{i}" name="walk-{i:02d}.jpg" width="{width}" height="{height}">{people}</image>'
            archive.writestr(f"images/walk-{i:02d}.jpg", cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes())
        labels = "<label><name>walker</name><type>skeleton</type></label>" + "".join(
            f"<label><name>{label}</name><type>points</type><parent>walker</parent></label>" for label in POINTS
        )
        archive.writestr(
            "annotations.xml",
            f'<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
            f"<meta><task><labels>{labels}</labels></task></meta>{elements}</annotations>",
        )


@pytest.fixture(scope="module")
def quick_start(walk: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which all commands were run, each with exit code 0."""
    folder = tmp_path_factory.mktemp("quick start")
    write_task(folder / "task.zip", walk)
    (folder / "walkers.yaml").write_text(shown_recipe(), "utf-8")
    run(quick_start_commands(), folder, environment)
    return folder


def run(commands: Sequence[Sequence[str]], folder: Path, environment: dict[str, str]) -> None:
    """One command after the other in one process of Python, which spares each the start of PyTorch."""
    lists = [[*words, *FEWER.get(words[1], [])] for words in commands]
    done = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE, json.dumps(lists)],
        cwd=folder,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("+ gonio ") == sum(words[0] == "gonio" for words in commands)


def test_the_quick_start(quick_start: Path) -> None:
    """Every step leaves what the page says, and the int8 model finds the user's keypoints.

    One test, so that workers that share the tests out do not each run the commands.
    """
    run_files = {file.name for file in (quick_start / "runs" / "walkers").iterdir()}
    named = set(re.findall(r"`([\w.]+)/?`", section("### Watching a run")))
    assert run_files <= named
    assert {"best.safetensors", "best.json", "state.safetensors", "log.csv", "samples"} <= run_files
    for name in ("labels.jpg", "augmented.jpg", "walkers.onnx", "walkers.html", "walkers-int8.onnx"):
        assert (quick_start / name).stat().st_size > 1000
    assert (quick_start / "walkers-int8.onnx").stat().st_size < 0.5 * (quick_start / "walkers.onnx").stat().st_size

    (document,) = [json.loads(file.read_text("utf-8")) for file in (quick_start / "found").glob("*.json")]
    labels = {one.file_name: one for one in read_labels(quick_start / "walkers" / "val.json")}
    names = next(iter(labels.values())).skeleton.keypoint_names
    assert set(names) == {"head", "left_hand", "right_hand", "left_knee", "right_knee", "left_foot", "right_foot"}
    distances = [distance for name, one in labels.items() for distance in errors(document, name, one.keypoints[0])]
    assert len(distances) == 7 * 4
    assert np.median(distances) < 15  # px, of people 150 px high; random weights are 60 px off


def errors(document: dict[str, Any], picture: str, labelled: Any) -> list[float]:
    """Distances in px of the best person's keypoints from the labels."""
    frame = next(one for one in document["frames"] if Path(one["source"]).name == picture)
    best = max(frame["people"], key=lambda one: one["score"])
    found = np.array([[point[0], point[1]] for point in best["keypoints"]], np.float64)
    return [float(distance) for distance in np.linalg.norm(found - labelled, axis=1)]


def test_the_page_names_every_field_of_a_recipe() -> None:
    wanted = [f"{name}.{inner}" for name, part in PARTS.items() for inner in part.model_fields]
    wanted += [name for name in Recipe.model_fields if name not in PARTS]
    assert sorted(re.findall(r"^\| `([\w.]+)` \|", section("## Recipes"), re.MULTILINE)) == sorted(wanted)
    sources = re.findall(r"^\| source: `(\w+)` \|", section("## Recipes"), re.MULTILINE)
    assert sorted(sources) == sorted(LabelSource.model_fields)


def test_the_page_says_the_defaults_that_are_numbers() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| ([\d.]+) \|", section("## Recipes"), re.MULTILINE))
    assert len(rows) > 15
    for name, said in rows.items():
        *outer, last = name.split(".")
        part = PARTS[outer[0]] if outer else Recipe
        assert float(said) == part.model_fields[last].default, name
