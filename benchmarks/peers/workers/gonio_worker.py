"""Worker for Gonio itself, through the same public door as any user: ``load_model`` and a call."""

import gonio
from benchmarks.peers.workers.protocol import Image, serve


class Gonio:
    """One of Gonio's models, with its own thread setting."""

    channel_order = "RGB"
    packages: tuple[str, ...] = ("gonio", "onnxruntime", "numpy", "opencv-python-headless")

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Load ``options["model"]``."""
        self._model = gonio.load_model(options["model"], threads=threads)
        return [options["note"]] if options["note"] else []

    def predict(self, image: Image) -> int:
        """People in ``image``."""
        return len(self._model(image))


if __name__ == "__main__":
    serve(Gonio())
