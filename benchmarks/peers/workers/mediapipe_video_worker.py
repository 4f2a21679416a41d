"""Worker for MediaPipe on films: the loop of its own examples, OpenCV reading and writing the files."""

import importlib
from pathlib import Path
from typing import Any

from benchmarks.peers.workers.mediapipe_worker import NOTES
from benchmarks.peers.workers.video_protocol import Drawn, serve_films

FILM_NOTE = (
    "it has no door for films: the usual loop is run, OpenCV decodes, MediaPipe follows one person and draws, OpenCV "
    "encodes MPEG-4; no file of keypoints"
)


class MediaPipeFilm:
    """``mp.solutions.pose.Pose`` that follows its person from frame to frame."""

    packages: tuple[str, ...] = ("mediapipe", "numpy", "opencv-contrib-python")

    def load(self, options: dict[str, str], threads: int) -> list[str]:  # noqa: ARG002 - it has no thread setting
        """Make the landmarker for films."""
        self._solutions: Any = importlib.import_module("mediapipe").solutions
        self._pose = self._solutions.pose.Pose(static_image_mode=False, model_complexity=1)
        return [*NOTES, FILM_NOTE]

    def render(self, clip: Path, folder: Path) -> Drawn:
        """Read, find, draw, write."""
        cv2: Any = importlib.import_module("cv2")  # its environment's, with another set of stubs than this one's
        film = folder / "drawn.mp4"
        reader = cv2.VideoCapture(str(clip))
        size_wh = (int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        code = cv2.VideoWriter_fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(film), code, reader.get(cv2.CAP_PROP_FPS), size_wh)
        frames = people = 0
        while (read := reader.read())[0]:
            landmarks = self._pose.process(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)).pose_landmarks
            if landmarks is not None:
                self._solutions.drawing_utils.draw_landmarks(read[1], landmarks, self._solutions.pose.POSE_CONNECTIONS)
                people += 1
            writer.write(read[1])
            frames += 1
        reader.release()
        writer.release()
        return Drawn(frames, people, film)


if __name__ == "__main__":
    serve_films(MediaPipeFilm())
