"""Worker for Ultralytics on films: its own ``YOLO(...).predict(clip, save=True, stream=True)``.

Like `yolo_worker`, whose loading it shares: a process in an environment of its own, no part of Gonio.
"""

from pathlib import Path

from benchmarks.peers.workers.video_protocol import Drawn, film_in, serve_films
from benchmarks.peers.workers.yolo_worker import UltralyticsPose

FILM_NOTE = (
    "it draws boxes and labels too, and on Linux encodes Motion JPEG, which costs little and makes large files; "
    "no file of keypoints"
)


class UltralyticsFilm(UltralyticsPose):
    """``predict`` with its defaults on a film, the network at 640 x 640."""

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """As for pictures."""
        return [*super().load(options, threads), FILM_NOTE]

    def render(self, clip: Path, folder: Path) -> Drawn:
        """Its own loop from the file to the drawn file, which is closed when the last result has been taken."""
        frames = people = 0
        results = self._model.predict(
            str(clip),
            imgsz=640,
            device="cpu",
            save=True,
            stream=True,
            verbose=False,
            project=str(folder),
            name="drawn",
            exist_ok=True,
        )
        for result in results:
            frames += 1
            people += len(result.keypoints.data.numpy()) if result.keypoints is not None else 0
        return Drawn(frames, people, film_in(folder))


if __name__ == "__main__":
    serve_films(UltralyticsFilm())
