"""Fixtures that all tests share."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import settings
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray64, ImageArray
from gonio.io.formats.labels import write_coco_keypoints
from gonio.io.images import write_image
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton

_ROOT = Path(__file__).resolve().parents[1]

# Tests run side by side, one process a core: a network with threads of its own would only wait for them.
os.environ.setdefault("GONIO_THREADS", "1")
# Threads of PyTorch that wait would else do so at full speed, on the core that the other process needs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# ONNX Runtime 1.32 has a thread for its telemetry, and a data base in the home folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# How long an example takes says what else the machine does.
settings.register_profile("gonio", deadline=None)
settings.load_profile("gonio")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared test data (`GONIO_SHARED`/data); tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("GONIO_SHARED", _ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared test data in {folder}; set GONIO_SHARED to the folder that holds it")
    return folder


class DrawnPeople:
    """Little pictures of drawn people in random poses, and their labels: something that a network can learn by heart.

    Left limbs are red, right ones blue, so that sides can be told.
    """

    skeleton = load_skeleton("coco17")
    _POSE = np.array(
        [
            *[(0, 0), (1, -1), (-1, -1), (2, 0), (-2, 0), (4, 5), (-4, 5), (6, 10), (-6, 10)],
            *[(7, 15), (-7, 15), (3, 16), (-3, 16), (4, 23), (-4, 23), (4, 30), (-4, 30)],
        ],
        np.float64,
    )
    """From the nose, of a person 32 high."""

    def __call__(self, folder: Path, pictures: int = 16, *, people: int = 1, seed: int = 0, side: int = 96) -> Path:
        """Write ``folder/labels.json`` and as many JPEG files of ``side`` x ``side`` px; gives the labels' path."""
        rng = np.random.default_rng(seed)
        images = [self._picture(folder / f"{i:02d}.jpg", i + 1, people, rng, side) for i in range(pictures)]
        write_coco_keypoints(folder / "labels.json", images)
        return folder / "labels.json"

    def copied(self, labels: Path, folder: Path) -> Path:
        """The same pictures and labels in another folder, to measure on what was learnt."""
        shutil.copytree(labels.parent, folder)
        return folder / labels.name

    def _picture(self, path: Path, image_id: int, people: int, rng: np.random.Generator, side: int) -> Annotations:
        image = np.full((side, side, 3), rng.integers(90, 160, 3), np.uint8)
        height = 0.85 * side / people
        left = [(i + 0.5) * side / people for i in range(people)]
        points = np.stack([self._pose(rng, height / 32, x, side) for x in left])
        for one in points:
            self._draw(image, one)
        write_image(path, image)
        low, high = points.min(axis=1) - height / 16, points.max(axis=1) + height / 16
        boxes = np.concatenate([low, high], axis=1).clip(0, side).astype(np.float32)
        return Annotations(
            keypoints=points.astype(np.float32),
            visibility=np.full(points.shape[:2], 2, np.int64),
            boxes=boxes,
            areas=np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).astype(np.float32),
            is_crowd=np.zeros(people, bool),
            skeleton=self.skeleton,
            image_id=image_id,
            file_name=path.name,
            image_hw=(side, side),
        )

    def _pose(self, rng: np.random.Generator, scale: float, x: float, side: int) -> FloatArray64:
        points = self._POSE + rng.uniform(-1.5, 1.5, self._POSE.shape)
        points[[7, 9]] += rng.uniform((-1, -8), (3, 2), 2)
        points[[8, 10]] += rng.uniform((-3, -8), (1, 2), 2)
        top = (side - 30 * scale) / 2 + rng.uniform(-1, 1) * scale
        return np.asarray((points * scale + (x, top)).clip(1, side - 2), np.float64)

    def _draw(self, image: ImageArray, points: FloatArray64) -> None:
        colours = {"left": (230, 40, 40), "right": (40, 60, 230), "centre": (20, 20, 20)}
        for a, b in self.skeleton.links:
            one, other = self.skeleton.sides[a], self.skeleton.sides[b]
            start, end = (tuple(points[k].round().astype(int).tolist()) for k in (a, b))
            cv2.line(image, start, end, colours[one if one == other else "centre"], 2, cv2.LINE_AA)


@pytest.fixture(scope="session")
def drawn_people() -> DrawnPeople:
    return DrawnPeople()


class AnsweringNetworks:
    """Network files that give the same answer to every picture: of whatever shapes files are recognised by."""

    def __call__(
        self,
        path: Path,
        answers: Mapping[str, Any],
        *,
        image: Sequence[int | str] = (1, 3, 256, 192),
        dtype: int = TensorProto.FLOAT,
        more_inputs: Mapping[str, Sequence[int]] | None = None,
        metadata: Mapping[str, str] | None = None,
        name: str = "answers",
    ) -> Path:
        """Write a file whose outputs are these arrays, batch axis first, for one picture."""
        inputs = [helper.make_tensor_value_info("image", dtype, image)]
        for extra, shape in (more_inputs or {}).items():
            inputs.append(helper.make_tensor_value_info(extra, TensorProto.FLOAT, shape))
        nodes, weights, outputs = [], [], []
        for output, answer in answers.items():
            array = np.asarray(answer)
            array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
            weights.append(numpy_helper.from_array(array, f"{output}_answer"))
            nodes.append(helper.make_node("Identity", [f"{output}_answer"], [output]))
            kind = TensorProto.INT64 if array.dtype == np.int64 else TensorProto.FLOAT
            outputs.append(helper.make_tensor_value_info(output, kind, array.shape))
        graph = helper.make_graph(nodes, name, inputs, outputs, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        for key, text in (metadata or {}).items():
            model.metadata_props.append(onnx.StringStringEntryProto(key=key, value=text))
        onnx.save(model, path)
        return path


@pytest.fixture(scope="session")
def answering() -> AnsweringNetworks:
    return AnsweringNetworks()
