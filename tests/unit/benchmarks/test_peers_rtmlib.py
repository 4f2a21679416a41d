"""rtmlib's part in the comparison, without rtmlib: which networks it is given, and what the report says of them."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from benchmarks.peers import contenders, environments
from benchmarks.peers.__main__ import main
from benchmarks.peers.contenders import Files, peer
from benchmarks.peers.environments import EnvironmentFailedError
from benchmarks.peers.workers import rtmlib_worker
from benchmarks.peers.workers.rtmlib_worker import RtmlibBody, input_wh


class TwoSteps:
    """Detector, then pose, as rtmlib's ``Body`` and ``Custom`` do it: the whole picture where there is no box."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.det_model: Any = lambda image: image[:, 0, :4]

    def __call__(self, image: Any) -> tuple[Any, Any]:
        boxes = self.det_model(image)
        n_poses = max(len(boxes), 1)
        return np.zeros((n_poses, 17, 2)), np.zeros((n_poses, 17))


class Body(TwoSteps):
    pass


class Custom(TwoSteps):
    pass


@pytest.fixture
def rtmlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmlib", SimpleNamespace(Body=Body, Custom=Custom))
    monkeypatch.setattr(rtmlib_worker, "give_sessions_threads", lambda threads: None)
    monkeypatch.setattr(cv2, "setNumThreads", lambda threads: None)


def opened(monkeypatch: pytest.MonkeyPatch, shape: list[Any]) -> None:
    """Every network file has an input of this shape."""
    session = SimpleNamespace(get_inputs=lambda: [SimpleNamespace(shape=shape)])
    fake = SimpleNamespace(InferenceSession=lambda path, providers: session)
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(environments, "ensure", lambda recipe: Path("python"))
    monkeypatch.setattr(contenders, "WORK", tmp_path)
    for name in ("det.onnx", "pose.onnx"):
        (tmp_path / name).touch()
    return tmp_path


def test_made_up_pose_is_in_the_rows_name_and_in_its_notes(prepared: Path) -> None:
    pytest.importorskip("torch", reason="RTMPose's graph is built in PyTorch")
    contender = peer("rtmlib", Files(rtmlib_rtmdet=prepared / "det.onnx", rtmlib_made_up_pose=True))
    assert contender.label == "rtmlib RTMDet + RTMPose-s (made-up weights)"
    assert contender.options["det_class"] == "RTMDet"
    assert Path(contender.options["pose"]).stat().st_size == pytest.approx(4 * 5.47e6, rel=0.01)
    assert "made-up weights" in contender.options["pose_note"]


def test_given_files_are_not_called_made_up(prepared: Path) -> None:
    contender = peer("rtmlib", Files(rtmlib_det=prepared / "det.onnx", rtmlib_pose=prepared / "pose.onnx"))
    assert contender.label == "rtmlib YOLOX + RTMPose"
    assert contender.options == {
        "det": str(prepared / "det.onnx"),
        "det_class": "YOLOX",
        "pose": str(prepared / "pose.onnx"),
    }


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param(Files(), "--download", id="nothing"),
        pytest.param(Files(rtmlib_made_up_pose=True), "--rtmlib-rtmdet", id="no detector"),
        pytest.param(
            Files(rtmlib_rtmdet=Path("gone.onnx"), rtmlib_made_up_pose=True), "'gone.onnx'", id="no such file"
        ),
    ],
)
def test_what_is_missing_is_said(files: Files, reason: str, prepared: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match=reason):
        peer("rtmlib", files)


def test_without_torch_the_reason_is_one_line(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "benchmarks.peers.rtmpose_graph", raising=False)
    monkeypatch.delattr("benchmarks.peers.rtmpose_graph", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentFailedError, match="without torch"):
        peer("rtmlib", Files(rtmlib_rtmdet=prepared / "det.onnx", rtmlib_made_up_pose=True))


@pytest.mark.parametrize(
    "options",
    [["--rtmlib-det", "a", "--rtmlib-rtmdet", "b"], ["--rtmlib-pose", "a", "--rtmlib-made-up-pose"]],
    ids=["two detectors", "two pose networks"],
)
def test_each_network_comes_from_one_place(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(options)
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize(("det_class", "door"), [("YOLOX", Body), ("RTMDet", Custom)])
def test_people_found_are_the_boxes(
    det_class: str, door: type[TwoSteps], rtmlib: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(monkeypatch, [1, 3, 256, 192])
    worker = RtmlibBody()
    notes = worker.load({"det": "/a/det.onnx", "det_class": det_class, "pose": "/a/pose.onnx"}, threads=1)
    assert f"detector: the file det.onnx through its own {det_class} class, input 256 x 192 px" in notes
    assert "pose network: the file pose.onnx, input 256 x 192 px" in notes
    assert isinstance(worker._body, door)
    assert worker._body.options["pose_input_size"] == (192, 256)
    # A picture with as many boxes as it has rows.
    assert worker.predict(np.zeros((3, 4, 4), np.uint8)) == 3
    assert worker.predict(np.zeros((0, 4, 4), np.uint8)) == 0


def test_a_size_that_the_file_leaves_open_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    opened(monkeypatch, ["batch", 3, "height", "width"])
    assert input_wh("det.onnx", open_wh=(320, 320)) == (320, 320)
    with pytest.raises(ValueError, match="no fixed input size"):
        input_wh("det.onnx")
