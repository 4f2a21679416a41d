"""``gonio.compat.mediapipe`` runs programs that were written for ``mediapipe`` when it had ``mp.solutions.pose``."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import gonio.compat.mediapipe as mp
from gonio.arrays import ImageArray
from gonio.compat.mediapipe.landmarks import NormalizedLandmark, NormalizedLandmarkList
from gonio.errors import ConfigError, ShapeError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

SAMPLES = Path(__file__).parents[3] / "samples"
BLACK = np.zeros((120, 160, 3), np.uint8)
pose_module = mp.solutions.pose


@pytest.fixture(autouse=True)
def no_installed_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONIO_HOME", str(tmp_path))
    monkeypatch.setenv("GONIO_THREADS", "1")


@pytest.fixture(scope="module")
def astronaut() -> ImageArray:
    image = cv2.imread(str(SAMPLES / "astronaut.jpg"))
    assert image is not None
    return np.asarray(image, np.uint8)


def test_an_old_program_for_pictures(astronaut: ImageArray, capsys: pytest.CaptureFixture[str]) -> None:
    """As they were written by the thousand: nothing in it knows of Gonio but the import."""
    mp_drawing = mp.solutions.drawing_utils
    mp_drawing_styles = mp.solutions.drawing_styles
    mp_pose = mp.solutions.pose

    with mp_pose.Pose(static_image_mode=True, model_complexity=0, min_detection_confidence=0.5) as pose:
        image = astronaut
        image_height, image_width, _ = image.shape
        results = pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))  # type: ignore[arg-type]  # cv2's own types
        assert results.pose_landmarks
        nose = results.pose_landmarks.landmark[mp_pose.PoseLandmark.NOSE]
        print(f"Nose coordinates: ({nose.x * image_width}, {nose.y * image_height})")  # noqa: T201 - the program's
        annotated_image = image.copy()
        mp_drawing.draw_landmarks(
            annotated_image,
            results.pose_landmarks,
            mp_pose.POSE_CONNECTIONS,
            landmark_drawing_spec=mp_drawing_styles.get_default_pose_landmarks_style(),
        )

    assert "Nose coordinates" in capsys.readouterr().out
    assert abs(nose.x * image_width - 226) < 20
    assert abs(nose.y * image_height - 133) < 20
    assert 0.9 < nose.visibility <= 1
    changed = (annotated_image != astronaut).any(axis=2)
    assert 200 < changed.sum() < 20000
    face = np.s_[80:180, 170:280]
    assert changed[face].any()
    assert results.pose_world_landmarks is not None
    assert len(results.pose_world_landmarks.landmark) == len(mp_pose.PoseLandmark) == 33
    assert results.segmentation_mask is None


def test_an_old_program_for_videos() -> None:
    mp_drawing = mp.solutions.drawing_utils
    mp_pose = mp.solutions.pose
    pose = mp_pose.Pose(model_complexity=0, min_detection_confidence=0.5, min_tracking_confidence=0.5)
    cap = cv2.VideoCapture(str(SAMPLES / "walk.mp4"))
    noses: list[tuple[float, float]] = []
    while cap.isOpened() and len(noses) < 12:
        success, image = cap.read()
        if not success:
            break
        image.flags.writeable = False
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        results = pose.process(image)  # type: ignore[arg-type]
        if results.pose_landmarks is not None:
            for index, landmark in enumerate(results.pose_landmarks.landmark):
                assert landmark.HasField("visibility")
                if index == mp_pose.PoseLandmark.NOSE.value:
                    noses.append((landmark.x, landmark.y))
            image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
            mp_drawing.draw_landmarks(image, results.pose_landmarks, mp_pose.POSE_CONNECTIONS)  # type: ignore[arg-type]
    cap.release()
    pose.close()
    steps = np.linalg.norm(np.diff(noses, axis=0), axis=1)
    assert len(noses) == 12
    assert steps.max() < 0.02  # it is one person, followed


def frames(count: int) -> Iterator[ImageArray]:
    cap = cv2.VideoCapture(str(SAMPLES / "walk.mp4"))
    for _ in range(count):
        yield np.asarray(cap.read()[1][..., ::-1], np.uint8)
    cap.release()


def test_in_a_video_the_people_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pose = pose_module.Pose(model_complexity=0)
    asked: list[int] = []
    propose = pose._model.propose

    def counted(image: ImageArray) -> Poses:
        asked.append(1)
        return propose(image)

    monkeypatch.setattr(pose._model, "propose", counted)
    for image in frames(5):
        assert pose.process(image).pose_landmarks is not None
    assert len(asked) == 1
    assert pose.process(BLACK).pose_landmarks is None  # lost, and looked for anew
    assert len(asked) == 2
    pose.process(next(frames(1)))
    assert len(asked) == 3


def test_pictures_do_not_depend_on_those_before(astronaut: ImageArray) -> None:
    pose = pose_module.Pose(static_image_mode=True, model_complexity=0)
    rgb = np.ascontiguousarray(astronaut[..., ::-1])
    first = pose.process(rgb)
    pose.process(next(frames(1)))
    assert pose.process(rgb) == first


def test_smoothing_calms() -> None:
    """The acceleration of the landmarks, over the frames of the clip."""
    shaking = {}
    for smooth in (False, True):
        pose = pose_module.Pose(model_complexity=0, smooth_landmarks=smooth)
        found = [pose.process(image).pose_landmarks for image in frames(10)]
        path = np.array([[(one.x, one.y) for one in landmarks.landmark] for landmarks in found if landmarks])
        shaking[smooth] = np.abs(np.diff(path, n=2, axis=0)).mean()
    assert shaking[True] < shaking[False]


def test_nobody_is_none() -> None:
    with pose_module.Pose(model_complexity=0) as pose:
        results = pose.process(BLACK)
    assert results == pose_module.PoseResults(None, None, None)


def test_confidence_has_an_effect(astronaut: ImageArray) -> None:
    rgb = np.ascontiguousarray(astronaut[..., ::-1])
    pose = pose_module.Pose(static_image_mode=True, model_complexity=0, min_detection_confidence=1.0)
    assert pose.process(rgb).pose_landmarks is None


def test_the_default_is_the_full_model_as_in_mediapipe() -> None:
    assert pose_module.Pose(static_image_mode=True)._model.card.name == "blazepose-full"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"model_complexity": 2}, "blazepose-heavy' is not installed", id="a model that is not there"),
        pytest.param({"model_complexity": 3}, "give 0, 1 or 2", id="no such model"),
        pytest.param({"model_complexity": 0, "enable_segmentation": True}, "no masks", id="masks"),
        pytest.param({"model_complexity": 0, "min_tracking_confidence": 50}, "from 0 to 1", id="percent"),
        pytest.param({"model_complexity": 0, "min_detection_confidence": float("nan")}, "from 0 to 1", id="NaN"),
    ],
)
def test_what_would_mislead_is_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pose_module.Pose(**arguments)  # type: ignore[arg-type]


def test_a_picture_must_be_one() -> None:
    with pytest.raises(ShapeError):
        pose_module.Pose(model_complexity=0).process(np.zeros((10, 10), np.uint8))


def test_other_solutions_are_named_as_missing() -> None:
    with pytest.raises(AttributeError, match="no solution 'hands'"):
        _ = mp.solutions.hands


def test_landmarks_are_called_and_joined_as_in_mediapipe() -> None:
    names = [mark.name for mark in pose_module.PoseLandmark]
    ours = [name.upper() for name in load_skeleton("blazepose33").keypoint_names]
    assert [name.replace("MOUTH_LEFT", "LEFT_MOUTH").replace("MOUTH_RIGHT", "RIGHT_MOUTH") for name in names] == ours
    assert names[:3] == ["NOSE", "LEFT_EYE_INNER", "LEFT_EYE"]
    assert names[9:12] == ["MOUTH_LEFT", "MOUTH_RIGHT", "LEFT_SHOULDER"]
    assert names[31:] == ["LEFT_FOOT_INDEX", "RIGHT_FOOT_INDEX"]
    assert pose_module.PoseLandmark["RIGHT_KNEE"] == 26
    assert len(pose_module.POSE_CONNECTIONS) == 35
    assert {end for pair in pose_module.POSE_CONNECTIONS for end in pair} == set(range(33))


class TestDrawing:
    utils = mp.solutions.drawing_utils

    def landmarks(self, *places: tuple[float, float, float]) -> NormalizedLandmarkList:
        return NormalizedLandmarkList([NormalizedLandmark(x, y, 0, seen) for x, y, seen in places])

    def test_what_is_hidden_or_outside_is_left_out(self) -> None:
        image = np.zeros((100, 100, 3), np.uint8)
        places = self.landmarks((0.2, 0.2, 0.9), (0.8, 0.8, 0.1), (1.5, 0.5, 0.9))
        self.utils.draw_landmarks(image, places, [(0, 1), (0, 2)])
        assert image[15:26, 15:26].any()
        image[15:26, 15:26] = 0
        assert not image.any()

    def test_lines_and_colours(self) -> None:
        image = np.zeros((100, 100, 3), np.uint8)
        blue = self.utils.DrawingSpec(color=(255, 0, 0), thickness=1)
        places = self.landmarks((0.1, 0.5, 0.9), (0.9, 0.5, 0.9))
        self.utils.draw_landmarks(image, places, [(0, 1)], None, {(0, 1): blue})
        assert image[50, 50].tolist() == [255, 0, 0]
        assert image[50, 2].tolist() == [0, 0, 0]

    def test_nobody_draws_nothing(self) -> None:
        image = np.zeros((20, 20, 3), np.uint8)
        self.utils.draw_landmarks(image, None, [(0, 1)])
        self.utils.plot_landmarks(None)
        assert not image.any()

    @pytest.mark.parametrize("pairs", [[(0, 5)], [(-1, 0)]])
    def test_a_pair_beyond_the_landmarks_is_refused(self, pairs: list[tuple[int, int]]) -> None:
        image = np.zeros((20, 20, 3), np.uint8)
        with pytest.raises(ConfigError, match="beyond the 2 landmarks"):
            self.utils.draw_landmarks(image, self.landmarks((0, 0, 1), (1, 1, 1)), pairs)

    def test_a_grey_picture_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="height, width, 3"):
            self.utils.draw_landmarks(np.zeros((20, 20), np.uint8), None)


def test_what_old_programs_also_reach_for() -> None:
    pixel = mp.solutions.drawing_utils._normalized_to_pixel_coordinates
    assert pixel(0.5, 0.25, 640, 480) == (320, 120)
    assert pixel(1.0, 1.0, 640, 480) == (639, 479)
    assert pixel(1.01, 0.5, 640, 480) is None
    assert pixel(0.5, float("nan"), 640, 480) is None
    assert mp.solutions.pose_connections.POSE_CONNECTIONS is pose_module.POSE_CONNECTIONS
    assert NormalizedLandmark(0.1, 0.2).presence == 0
    assert mp.__version__


def test_a_network_that_is_not_installed_names_one_that_is() -> None:
    with pytest.raises(ConfigError, match=r"model_complexity is 2.*or give 1"):
        pose_module.Pose(model_complexity=2)
