"""Who takes part: for each library its environment, its worker, and what must be at hand before it runs."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import environments
from benchmarks.peers.environments import ROOT, WORK, EnvironmentFailedError

PEERS = ("ultralytics", "mediapipe", "rtmlib")

GONIO_LABELS = {"thunder-int8": "Gonio default"}
GONIO_NOTES = {
    "thunder-int8": "two stages: gonio-det proposes people, Thunder refines each of them, in int8",
    "thunder": "the same in float32",
    "multipose": "one stage: the time does not grow with the people",
    "lightning": "two stages: gonio-det proposes people, Lightning refines each of them",
}

RANDOM_WEIGHTS = (
    "random weights: the published graph and its cost, but it finds nobody, so that its own post-processing "
    "is cheaper here than on real detections; --yolo-onnx times real weights"
)
MADE_UP_POSE = (
    "RTMPose-s at 256 x 192 px has made-up weights in the published graph, of the published cost: its time counts, its "
    "keypoints mean nothing"
)


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the tables, ready to start.

    Attributes:
        label: The row's name.
        python: Its environment's interpreter.
        module: Its worker.
        options: What its worker is told at ``load``.
    """

    label: str
    python: Path
    module: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Files:
    """What a user can bring along; ``None`` where nothing was given."""

    gonio_python: Path | None = None
    yolo_onnx: Path | None = None
    rtmlib_det: Path | None = None
    rtmlib_rtmdet: Path | None = None
    rtmlib_pose: Path | None = None
    rtmlib_made_up_pose: bool = False
    download: bool = False


def gonio_label(model: str) -> str:
    """The row of one of Gonio's models."""
    return GONIO_LABELS.get(model, f"Gonio {model}")


def gonio(model: str, files: Files) -> Contender:
    """Gonio with one of its models, from this working copy."""
    # absolute() and not resolve(): following a virtual environment's link would leave the environment.
    python = files.gonio_python.absolute() if files.gonio_python else environments.ensure(environments.GONIO)
    options = {"model": model, "note": GONIO_NOTES.get(model, "")}
    return Contender(gonio_label(model), python, "benchmarks.peers.workers.gonio_worker", options)


def peer(name: str, files: Files) -> Contender:
    """A peer by name, one of `PEERS`.

    Raises:
        EnvironmentFailedError: If its environment, its network or its weights cannot be had.
    """
    return {"ultralytics": _ultralytics, "mediapipe": _mediapipe, "rtmlib": _rtmlib}[name](files)


def _ultralytics(files: Files) -> Contender:
    python = environments.ensure(environments.ULTRALYTICS)
    home = WORK / "ultralytics"
    given = files.yolo_onnx
    onnx = WORK / "models" / ("yolo11n-pose-given.onnx" if given else "yolo11n-pose-random.onnx")
    if given or not onnx.is_file():
        _export(python, onnx, home, given)
    note = f"weights from the file {given.name}, which was given" if given else RANDOM_WEIGHTS
    options = {"onnx": str(onnx), "home": str(home), "weights_note": note}
    return Contender("Ultralytics YOLO11n-pose", python, "benchmarks.peers.workers.yolo_worker", options)


def _export(python: Path, onnx: Path, home: Path, given: Path | None) -> None:
    onnx.parent.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "benchmarks.peers.workers.yolo_export", str(onnx), str(home)]
    command += [str(given.resolve())] if given else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFailedError(f"its network could not be made: {environments.last_word(done.stderr)}")


def _mediapipe(_: Files) -> Contender:
    python = environments.ensure(environments.MEDIAPIPE)
    return Contender("MediaPipe Pose full", python, "benchmarks.peers.workers.mediapipe_worker")


def _rtmlib(files: Files) -> Contender:
    if (files.rtmlib_det or files.rtmlib_rtmdet) and (files.rtmlib_pose or files.rtmlib_made_up_pose):
        options = _rtmlib_files(files)
    elif files.download:
        options = {}
    else:
        raise EnvironmentFailedError(
            "its weights are not in its package but on a model server, which was not asked; allow that with --download,"
            " name files by --rtmlib-det and --rtmlib-pose, or see --help for --rtmlib-rtmdet and --rtmlib-made-up-pose"
        )
    python = environments.ensure(environments.RTMLIB)
    pose = "RTMPose-s (made-up weights)" if "pose_note" in options else "RTMPose"
    label = f"rtmlib {options.get('det_class', 'YOLOX')} + {pose}"
    return Contender(label, python, "benchmarks.peers.workers.rtmlib_worker", options)


def _rtmlib_files(files: Files) -> dict[str, str]:
    """What its worker is told of the two networks; a file that is not there it would ask the model server for."""
    for path in (files.rtmlib_det, files.rtmlib_rtmdet, files.rtmlib_pose):
        if path and not path.is_file():
            raise EnvironmentFailedError(f"there is no file '{path}'")
    pose = {} if files.rtmlib_pose else {"pose_note": MADE_UP_POSE}
    return {
        "det": str((files.rtmlib_rtmdet or files.rtmlib_det or Path()).resolve()),
        "det_class": "RTMDet" if files.rtmlib_rtmdet else "YOLOX",
        "pose": str((files.rtmlib_pose or _made_up_pose()).resolve()),
        **pose,
    }


def _made_up_pose() -> Path:
    try:
        from benchmarks.peers import rtmpose_graph  # PyTorch, which nothing else here needs
    except ModuleNotFoundError as error:
        raise EnvironmentFailedError(
            f"its pose network cannot be made up without {error.name}; Gonio's extra 'train' installs it"
        ) from error
    path = WORK / "models" / "rtmpose-s-made-up.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    rtmpose_graph.export(rtmpose_graph.made_up(), path)
    return path
