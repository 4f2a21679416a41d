"""A user's own file: ``gonio predict --model my.onnx``, ``gonio models add`` and ``gonio models check``."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gonio.io.images import read_image

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio

MAPS = {"maps": np.zeros((1, 17, 64, 48), np.float32)}


def shared_model(name: str) -> Path:
    root = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get("GONIO_SHARED", root.parent / "shared")) / "models" / name
    if not path.is_file():
        pytest.skip(f"no {name} at {path}; set GONIO_SHARED to the folder that holds models/")
    return path


def linked(folder: Path, name: str) -> Path:
    """A model of the shared folder under its name in a folder where a card may be written."""
    path = folder / name
    path.symlink_to(shared_model(name))
    return path


def test_a_recognised_file_runs_and_says_what_it_is_taken_for(
    gonio: "Gonio", answering: Any, astronaut: Path, check: "Check", tmp_path: Path
) -> None:
    answering(
        tmp_path / "rtmpose-m.onnx", {n: np.full((1, 17, b), 0.2) for n, b in (("simcc_x", 384), ("simcc_y", 512))}
    )
    result = gonio("predict", astronaut, "--model", "rtmpose-m.onnx", "--json", "-")
    assert result.returncode == 0, result.stderr
    assert check.document_text(result.stdout)["model"] == "rtmpose-m"
    said = [line for line in result.stderr.splitlines() if "taken for" in line]
    assert len(said) == 1
    assert "RTMPose, RTMW or DWPose (SimCC), skeleton coco17; assumed: normalisation RGB" in said[0]


def test_add_writes_a_card_beside_the_file(gonio: "Gonio", answering: Any, astronaut: Path, tmp_path: Path) -> None:
    file = answering(tmp_path / "mine.onnx", {"maps": np.full((1, 3, 64, 48), 0.3)})
    refused = gonio("models", "add", "mine.onnx")
    assert refused.returncode == 1
    assert "which 3 keypoints these are the file does not tell; name them by --skeleton" in refused.stderr
    numbers = ("--mean", "0", "0", "0", "--std", "255", "255", "255", "--channel-order", "bgr", "--margin", "1.1")
    done = gonio("models", "add", "mine.onnx", "--name", "paw", "--skeleton", "nose,left_ear,right_ear", *numbers)
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "mine.json").read_text())
    assert card["weights"] == {"file": "mine.onnx", "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    assert card["skeleton"]["keypoint_names"] == ["nose", "left_ear", "right_ear"]
    assert card["skeleton"]["flip_indices"] == [0, 2, 1]
    assert (card["input"]["channel_order"], card["input"]["std"], card["input"]["margin"]) == ("bgr", [255] * 3, 1.1)
    result = gonio("predict", astronaut, "--model", "mine.onnx", "--json", "-")
    assert json.loads(result.stdout)["model"] == "paw"
    assert "taken for" not in result.stderr  # it has its card now
    again = gonio("models", "add", "mine.onnx", "--skeleton", "nose,left_ear,right_ear")
    assert "'mine.json' is there already; give --force" in again.stderr
    assert gonio("models", "add", "mine.onnx", "--skeleton", "a,b,c", "--force").returncode == 0


def test_an_installed_model_is_found_by_its_name(
    gonio: "Gonio", answering: Any, astronaut: Path, tmp_path: Path
) -> None:
    answering(tmp_path / "far.onnx", MAPS)
    home = {"GONIO_HOME": str(tmp_path / "home")}
    assert gonio("models", "add", "far.onnx", "--name", "far-away", "--install", env=home).returncode == 0
    (row,) = [line for line in gonio("models", env=home).stdout.splitlines() if line.startswith("far-away")]
    assert row.split()[-2:] == ["added", "?"]  # nobody said what its terms are
    result = gonio("predict", astronaut, "--model", "far-away", "--json", "-", env=home)
    assert (result.returncode, json.loads(result.stdout)["model"]) == (0, "far-away")
    taken = gonio("models", "add", "far.onnx", "--name", "multipose", "--install", "--force", env=home)
    assert "'multipose' is a model of Gonio's; call yours otherwise by --name" in taken.stderr
    assert json.loads((tmp_path / "far.json").read_text())["name"] == "far-away"  # refused before anything is written


def test_a_drawing_that_cannot_be_written(gonio: "Gonio", check: "Check", tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = gonio("models", "check", "multipose", "--out", "file/seen.jpg")
    check.refused(result, "cannot write 'file/seen.jpg': a part of its path is a file, not a folder")


SKELETON = """
name = "beak"
keypoints = ["tip", { name = "hinge_a", flip = "hinge_b", sigma = 0.03 }, "hinge_b"]
links = [["tip", "hinge_a"], ["tip", "hinge_b"]]
"""


def test_a_skeleton_from_a_file(gonio: "Gonio", answering: Any, tmp_path: Path) -> None:
    answering(tmp_path / "beak.onnx", {"maps": np.zeros((1, 3, 64, 48), np.float32)})
    (tmp_path / "beak.toml").write_text(
        SKELETON.replace('"hinge_b"]\n', '{ name = "hinge_b", flip = "hinge_a" }]\n', 1)
    )
    done = gonio("models", "add", "beak.onnx", "--skeleton", "beak.toml")
    assert done.returncode == 0, done.stderr
    skeleton = json.loads((tmp_path / "beak.json").read_text())["skeleton"]
    assert (skeleton["name"], skeleton["flip_indices"], skeleton["links"]) == ("beak", [0, 2, 1], [[0, 1], [0, 2]])
    assert skeleton["sigmas"][1] == 0.03
    for text, said in (("keypoints = 3", "has no list 'keypoints'"), ("nonsense", "is not TOML")):
        (tmp_path / "bad.toml").write_text(text)
        assert said in gonio("models", "add", "beak.onnx", "--skeleton", "bad.toml", "--force").stderr
    assert (
        "no skeleton named 'coco18'; did you mean" in gonio("models", "add", "beak.onnx", "--skeleton", "coco18").stderr
    )


WRONG = {
    "a web page": (b"<!DOCTYPE html><html>", "is a web page, not an ONNX model"),
    "half a model": (b"\x08\x08\x12\x07pytorch", "is damaged or is not an ONNX model"),
    "a classifier": ({"logits": np.zeros((1, 1000))}, "as a classifier does"),
    "not finite": ({"maps": np.full((1, 17, 64, 48), np.nan)}, "is not finite for a black picture"),
}


PREDICT = ("predict", "IMAGE", "--model")


@pytest.mark.parametrize(
    ("kind", "verb"),
    [*((kind, PREDICT) for kind in WRONG), ("a web page", ("models", "check")), ("not finite", ("models", "add"))],
)
def test_a_wrong_file_is_one_sentence(
    gonio: "Gonio", answering: Any, astronaut: Path, check: "Check", tmp_path: Path, kind: str, verb: tuple[str, ...]
) -> None:
    content, said = WRONG[kind]
    if isinstance(content, bytes):
        (tmp_path / "wrong.onnx").write_bytes(content)
    else:
        answering(tmp_path / "wrong.onnx", content)
    words = [str(astronaut) if word == "IMAGE" else word for word in verb]
    check.refused(gonio(*words, "wrong.onnx"), "wrong.onnx", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wrong.onnx"]


def test_a_pose_network_whose_numbers_are_no_scores_is_told_while_it_runs(
    gonio: "Gonio", answering: Any, astronaut: Path, tmp_path: Path
) -> None:
    answers = {"dets": [[[0, 0, 99, 99, 1.0]]], "keypoints": np.full((1, 1, 17, 3), 40.0)}
    answering(tmp_path / "rtmo.onnx", answers, image=(1, 3, 640, 640))
    result = gonio("predict", astronaut, "--model", "rtmo.onnx", "--json", "-")
    assert result.returncode == 1
    assert "scores of keypoints run from 40 to 40, expected 0 to 1" in result.stderr


def test_a_detector_named_as_a_pose_model_is_told(gonio: "Gonio", answering: Any, tmp_path: Path) -> None:
    answers = {"dets": np.zeros((1, 3, 5)), "labels": np.zeros((1, 3), np.int64)}
    answering(tmp_path / "boxes.onnx", answers, image=(1, 3, 640, 640))
    refused = gonio("models", "add", "boxes.onnx", "--codec", "rtmo")
    assert refused.returncode == 1
    assert "labels (1, 3)): that does not fit the codec rtmo" in refused.stderr


def test_check_of_a_real_pose_model(gonio: "Gonio", tmp_path: Path) -> None:
    linked(tmp_path, "tinypose-256x192.onnx")
    result = gonio("models", "check", "tinypose-256x192.onnx")
    assert result.returncode == 0, result.stderr
    assert "tinypose-256x192 agrees with the default model: likeness 0.9" in result.stderr
    assert read_image(tmp_path / "gonio-out" / "tinypose-256x192-check.jpg").shape == (512, 416, 3)


def test_check_says_which_preprocessing_is_better(gonio: "Gonio", tmp_path: Path) -> None:
    linked(tmp_path, "tinypose-256x192.onnx")
    plain = ("--mean", "0", "0", "0", "--std", "1", "1", "1")
    assert gonio("models", "add", "tinypose-256x192.onnx", *plain).returncode == 0
    result = gonio("models", "check", "tinypose-256x192.onnx", "--out", "seen.jpg")
    assert result.returncode == 1
    assert "disagrees with the default model: heatmaps reach" in result.stderr
    assert "RGB ImageNet: likeness 0.9" in result.stderr
    assert (tmp_path / "seen.jpg").is_file()


def test_check_of_a_real_detector(gonio: "Gonio", tmp_path: Path) -> None:
    linked(tmp_path, "rtmdet-nano-person.onnx")
    result = gonio("models", "check", "rtmdet-nano-person.onnx")
    assert result.returncode == 0, result.stderr
    assert re.search(r"agrees with the default model: overlap of the boxes 0\.[89]", result.stderr)
