"""Our decoding of YOLO outputs against the post-processing of those who made the networks.

Oracles: ``yolo_ultralytics.npz``, numbers that Ultralytics' own pipeline gave for raw outputs; ``yolox_rtmlib.npz``,
those that rtmlib gave for made-up rows. Versions and calls stand in the files' ``header``.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gonio.codecs.yolo_detect import YoloDetect, YoloDetectEndToEnd
from gonio.codecs.yolo_pose import YoloPose, YoloPoseEndToEnd
from gonio.codecs.yolox import YoloX

Archive = dict[str, npt.NDArray[Any]]

HERE = Path(__file__).parent
EXACT_PX = 1e-3  # two orders of float32 arithmetic, at some hundred px


def load(name: str) -> Archive:
    with np.load(HERE / name) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def yolo() -> Archive:
    return load("yolo_ultralytics.npz")


def clipped(points: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """As Ultralytics cuts its results at the picture's edges; ours are cut later, boxes alone."""
    return np.asarray(np.clip(points, 0, side))


@pytest.mark.parametrize(("name", "min_score", "people"), [("pose", 0.25, 4), ("pose_low", 0.06, 6)])
def test_pose_columns_equal_ultralytics(yolo: Archive, name: str, min_score: float, people: int) -> None:
    codec = YoloPose(17, min_score=min_score)
    (found,) = codec.decode({"predictions": yolo["pose/raw"]})
    assert len(found) == people
    np.testing.assert_allclose(clipped(found.boxes, 640), yolo[f"{name}/boxes"], rtol=0, atol=EXACT_PX)
    np.testing.assert_array_equal(found.person_scores, yolo[f"{name}/scores"])
    expected = yolo[f"{name}/keypoints"]
    np.testing.assert_allclose(clipped(found.keypoints, 640), expected[..., :2], rtol=0, atol=EXACT_PX)
    np.testing.assert_array_equal(found.scores, expected[..., 2])


def test_shares_equal_pixels(yolo: Archive) -> None:
    """The same numbers as an export for TensorFlow Lite has them: coordinates divided by the input's sides."""
    shares = yolo["pose/raw"].copy()
    shares[:, :4] /= 640
    shares[:, 5::3] /= 640
    shares[:, 6::3] /= 640
    (found,) = YoloPose(17, min_score=0.25, normalised=True, input_hw=(640, 640)).decode({"predictions": shares})
    np.testing.assert_allclose(clipped(found.boxes, 640), yolo["pose/boxes"], rtol=0, atol=EXACT_PX)
    np.testing.assert_allclose(clipped(found.keypoints, 640), yolo["pose/keypoints"][..., :2], rtol=0, atol=EXACT_PX)


@pytest.mark.parametrize("person_class", [0, 2])
def test_detector_columns_equal_ultralytics(yolo: Archive, person_class: int) -> None:
    """Its validation's way: every class of a box counts, and a class suppresses itself alone."""
    (found,) = YoloDetect(17, person_class=person_class, min_score=0.05).decode({"predictions": yolo["detect/raw"]})
    expected = yolo[f"detect/class{person_class}"]
    assert len(found) == len(expected) > 50
    np.testing.assert_allclose(found.boxes, expected[:, :4], rtol=0, atol=EXACT_PX)
    np.testing.assert_array_equal(found.person_scores, expected[:, 4])
    assert np.isnan(found.keypoints).all()


@pytest.mark.parametrize("person_class", [0, 1])
def test_pose_rows_equal_ultralytics(yolo: Archive, person_class: int) -> None:
    codec = YoloPoseEndToEnd(17, person_class=person_class, min_score=float(yolo["pose26/conf"]))
    (found,) = codec.decode({"predictions": yolo["pose26/raw"]})
    theirs = yolo["pose26/classes"] == person_class
    assert len(found) == theirs.sum()
    np.testing.assert_allclose(clipped(found.boxes, 320), yolo["pose26/boxes"][theirs], rtol=0, atol=EXACT_PX)
    expected = yolo["pose26/keypoints"][theirs]
    np.testing.assert_allclose(clipped(found.keypoints, 320), expected[..., :2], rtol=0, atol=EXACT_PX)
    np.testing.assert_array_equal(found.scores, expected[..., 2])


@pytest.mark.parametrize("person_class", [0, 1])
def test_detector_rows_equal_ultralytics(yolo: Archive, person_class: int) -> None:
    codec = YoloDetectEndToEnd(17, person_class=person_class, min_score=float(yolo["detect26/conf"]))
    (found,) = codec.decode({"predictions": yolo["detect26/raw"]})
    theirs = yolo["detect26/classes"] == person_class
    assert len(found) == theirs.sum() > 0
    np.testing.assert_allclose(clipped(found.boxes, 320), yolo["detect26/boxes"][theirs], rtol=0, atol=EXACT_PX)
    np.testing.assert_array_equal(found.person_scores, yolo["detect26/scores"][theirs])


@pytest.mark.parametrize("person_class", [0, 1, 2])
def test_yolox_rows_equal_rtmlib(person_class: int) -> None:
    """rtmlib's areas count a pixel more along each side; on these rows that decides nothing."""
    golden = load("yolox_rtmlib.npz")
    codec = YoloX(17, person_class=person_class, min_score=0.2, input_hw=(96, 128))
    (found,) = codec.decode({"output": golden["raw"]})
    expected = golden["boxes"][golden["classes"] == person_class]
    assert len(found) == len(expected) > 50
    np.testing.assert_allclose(found.boxes, expected, rtol=0, atol=EXACT_PX)
