"""Worker for Gonio on films: what ``gonio predict CLIP`` does, the drawn film and the file of keypoints included."""

from pathlib import Path

import gonio
from benchmarks.peers.workers.gonio_worker import Gonio
from benchmarks.peers.workers.video_protocol import Drawn, serve_films
from gonio.saving import ResultWriter


class GonioFilm:
    """One of Gonio's models on a film, people followed or not."""

    packages: tuple[str, ...] = (*Gonio.packages, "av")

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Load ``options["model"]``; ``options["track"]`` is ``yes`` or ``no``.

        One thread less than there are processors, as the command does: drawing and encoding go on beside the network.
        """
        self._model = gonio.load_model(options["model"], threads=max(threads - 1, 1))
        self._track = options["track"] == "yes"
        return [options["note"]] if options["note"] else []

    def render(self, clip: Path, folder: Path) -> Drawn:
        """Everything that the command does from opening the clip to closing its files."""
        frames = people = 0
        source = gonio.open_source(clip, keep_yuv=True)
        writer = ResultWriter(
            source,
            model=self._model.card.name,
            skeleton=self._model.skeleton,
            folder=folder,
            records=[folder / "poses.json"],
        )
        with writer:
            for result in gonio.stream(source, model=self._model, track=self._track):
                writer.write(result)
                frames += 1
                people += len(result.poses)
        return Drawn(frames, people, writer.media[0])


if __name__ == "__main__":
    serve_films(GonioFilm())
