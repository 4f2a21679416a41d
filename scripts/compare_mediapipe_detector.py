"""Compare the codec ``blazepose-detector`` with MediaPipe's own detector on pictures, person by person.

    python -m scripts.compare_mediapipe_detector samples/*.jpg --python ENV/bin/python
    python -m scripts.compare_mediapipe_detector samples/*.jpg --python ENV/bin/python --model blazepose-detector

``ENV`` is an environment with mediapipe 0.10.21: its graph ``PoseDetectionCpu`` is run on whole pictures. Here its
network runs in LiteRT on the same square of 224 px, and Gonio's codec decodes; with ``--model`` Gonio's own model does
all of it. Videos give every 30th frame. Needs ai-edge-litert.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from gonio.codecs.blazepose_detector import BlazePoseDetector
from gonio.io.sources.opening import open_source
from gonio.models.loader import load_model

Array = npt.NDArray[Any]
SIDE = 224
ORIGINAL = """
import json, sys
from pathlib import Path
import mediapipe
import numpy as np
from google.protobuf import text_format
from mediapipe.framework import calculator_pb2
from mediapipe.python import solution_base
GRAPH = '''
input_stream: "image" output_stream: "found"
node { calculator: "PoseDetectionCpu" input_stream: "IMAGE:image" output_stream: "DETECTIONS:found" }
'''
graph = text_format.Parse(GRAPH, calculator_pb2.CalculatorGraphConfig())
answers = []
for path in sys.argv[2:]:
    with solution_base.SolutionBase(graph_config=graph, outputs=["found"]) as run:
        found = run.process({"image": np.load(path)}).found or []
    answers.append([[one.score[0], [[p.x, p.y] for p in one.location_data.relative_keypoints]] for one in found])
network = Path(mediapipe.__file__).parent / "modules" / "pose_detection" / "pose_detection.tflite"
Path(sys.argv[1]).write_text(json.dumps({"network": str(network), "answers": answers}))
"""

Finder = Callable[[Array], tuple[Array, Array]]
"""Picture to points ``(N, 4, 2)`` px, continuous, and scores ``(N,)``."""


def theirs(pictures: list[Array], python: Path) -> dict[str, Any]:
    """What MediaPipe's graph finds in each picture, and where its network lies."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = [folder / f"{number}.npy" for number in range(len(pictures))]
        for path, picture in zip(paths, pictures, strict=True):
            np.save(path, picture)
        found = folder / "found.json"
        command = [str(python), "-c", ORIGINAL, str(found), *map(str, paths)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        answers: dict[str, Any] = json.loads(found.read_text())
        return answers


def by_codec(network: str) -> Finder:
    """MediaPipe's network and way of cutting out the square, and Gonio's codec."""
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    interpreter = Interpreter(network, num_threads=1)
    interpreter.allocate_tensors()
    codec = BlazePoseDetector(n_keypoints=4, input_hw=(SIDE, SIDE))

    def find(picture: Array) -> tuple[Array, Array]:
        height, width = picture.shape[:2]
        longer = max(height, width)
        left, top = (width - longer) / 2, (height - longer) / 2
        scale = SIDE / longer
        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        square = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], square[None].astype(np.float32) / 127.5 - 1)
        interpreter.invoke()
        arrays = [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]
        scores_first = sorted(arrays, key=lambda array: array.shape[-1])
        (found,) = codec.heads({"person": np.concatenate(scores_first, axis=-1)})
        return (found.points + 0.5) / scale + (left, top), found.scores

    return find


def by_model(name: str) -> Finder:
    """Gonio's own model."""
    model = load_model(name, threads=1)

    def find(picture: Array) -> tuple[Array, Array]:
        people = model(picture)
        return people.keypoints + 0.5, people.person_scores

    return find


def main() -> None:
    """Print the differences."""
    parser = argparse.ArgumentParser(description="Compare Gonio's codec of BlazePose's detector with MediaPipe.")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--python", type=Path, required=True, help="of an environment with mediapipe 0.10.21")
    parser.add_argument("--model", help="compare this model, not the codec alone")
    options = parser.parse_args()
    pictures = [frame.image for source in options.sources for frame in islice(open_source(source), 0, None, 30)]
    original = theirs(pictures, options.python)
    find = by_model(options.model) if options.model else by_codec(original["network"])
    off, apart, people = [], [], 0
    for picture, answers in zip(pictures, original["answers"], strict=True):
        points, scores = find(picture)
        people += len(scores)
        for score, shares in answers:
            expected = np.array(shares) * (picture.shape[1], picture.shape[0])
            radius = np.linalg.norm(expected[1] - expected[0])
            distances = np.linalg.norm(points - expected, axis=-1).mean(axis=1) / radius
            if len(distances) and distances.min() < 1:
                off.append(distances.min())
                apart.append(abs(scores[distances.argmin()] - score))
    print(
        f"{len(pictures)} pictures, {sum(map(len, original['answers']))} people there, {people} here, {len(off)} both"
    )
    print(f"points, % of the circle's radius: median {np.median(off):.2%}, largest {np.max(off):.2%}")
    print(f"scores: median difference {np.median(apart):.4f}, largest {np.max(apart):.4f}")


if __name__ == "__main__":
    main()
