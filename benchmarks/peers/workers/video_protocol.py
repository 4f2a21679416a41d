"""What a worker for films speaks, beside ``load`` and ``quit``: ``render`` a clip into a drawn film.

Needs the standard library and ``protocol`` only: it runs in every environment.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.peers.workers.protocol import answer_all, versions


@dataclass(frozen=True, slots=True)
class Drawn:
    """One clip, done.

    Attributes:
        frames: Frames that were read, looked at and drawn.
        people: People found, added up over the frames.
        film: The drawn film, closed.
    """

    frames: int
    people: int
    film: Path


class FilmPeer(Protocol):
    """One library, as the worker sees it."""

    packages: tuple[str, ...]  # whose versions the report names

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Make the model ready with that many threads; returns what a reader of the numbers must know."""
        ...

    def render(self, clip: Path, folder: Path) -> Drawn:
        """From the clip's file to a drawn film in the empty ``folder``, as a user of the library would."""
        ...


class FilmWorker:
    """Answers requests with one loaded library; what was drawn is thrown away."""

    def __init__(self, peer: FilmPeer) -> None:
        self._peer = peer

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        if request["do"] == "load":
            notes = self._peer.load(request["options"], request["threads"])
            return {"notes": notes, "versions": versions(self._peer.packages)}
        return self._render(Path(request["clip"]))

    def _render(self, clip: Path) -> dict[str, Any]:
        """The processor time is that of all threads of this process; no library here starts another."""
        with tempfile.TemporaryDirectory() as folder:
            began, cpu_began = time.perf_counter(), time.process_time()
            drawn = self._peer.render(clip, Path(folder))
            seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
            return {
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "frames": drawn.frames,
                "people": drawn.people,
                "bytes": drawn.film.stat().st_size,
                "suffix": drawn.film.suffix,
            }


def serve_films(peer: FilmPeer) -> None:
    """Answer requests until ``quit`` or the end of stdin."""
    answer_all(FilmWorker(peer))


def film_in(folder: Path) -> Path:
    """The one film that a library put there under a name of its own.

    Raises:
        FileNotFoundError: If there is none.
    """
    films = [path for path in sorted(folder.rglob("*")) if path.suffix in (".avi", ".mkv", ".mov", ".mp4")]
    if not films:
        raise FileNotFoundError("no drawn film was written")
    return films[0]
