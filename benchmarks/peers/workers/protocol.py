"""What every worker process speaks: one JSON object per line, a request on stdin, its answer on stdout.

``load`` the library, ``case`` for a picture to work on, ``run`` it so many times, ``quit``. A worker stays
alive for the whole comparison, so that the libraries can take turns. Needs numpy only: it runs in every
environment.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np
import numpy.typing as npt

from benchmarks.peers.workers.network import NetworkRecording

Image = npt.NDArray[np.uint8]


class Peer(Protocol):
    """One library, as the worker sees it."""

    channel_order: str  # "RGB" or "BGR": what the library documents for a numpy array
    packages: tuple[str, ...]  # whose versions the report names

    def load(self, options: dict[str, str], threads: int) -> list[str]:
        """Make the model ready with that many threads; returns what a reader of the numbers must know."""
        ...

    def predict(self, image: Image) -> int:
        """From a decoded picture to keypoints, as a user would; returns how many people it found."""
        ...


class Worker:
    """Answers requests with one loaded library; keeps the picture and what the networks were given for it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._image: Image = np.zeros((1, 1, 3), dtype=np.uint8)
        self._network = NetworkRecording()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        if request["do"] == "load":
            notes = self._peer.load(request["options"], request["threads"])
            return {"notes": notes, "versions": versions(self._peer.packages)}
        if request["do"] == "case":
            return self._take_case(Path(request["path"]))
        run = self._network.replay if request["mode"] == "network" else self._predict
        return {"seconds": [_timed(run) for _ in range(request["times"])]}

    def _take_case(self, path: Path) -> dict[str, Any]:
        image = np.load(path)
        self._image = np.ascontiguousarray(image[..., ::-1] if self._peer.channel_order == "BGR" else image)
        self._predict()  # the first call pays for memory and lazily made parts: no part of a measurement
        with self._network.listening():
            people = self._peer.predict(self._image)
        return {"people_found": people, "network_inputs": self._network.input_shapes()}

    def _predict(self) -> None:
        self._peer.predict(self._image)


class Answering(Protocol):
    """What takes a request and gives its answer."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        ...


def serve(peer: Peer) -> None:
    """Answer requests about pictures until ``quit`` or the end of stdin."""
    answer_all(Worker(peer))


def answer_all(worker: Answering) -> None:
    """Answer requests until ``quit`` or the end of stdin. Whatever the library prints goes to stderr."""
    replies = _take_over_stdout()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            return
        try:
            reply: dict[str, Any] = {"ok": True, **worker.answer(request)}
        # The worker's one door: a peer may fail in any way, and the report then says how.
        except Exception as error:  # noqa: BLE001
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _take_over_stdout() -> TextIO:
    """Keep the real stdout for replies; everything else that is written there, from C too, goes to stderr."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _timed(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """The installed version of each package, for the report."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
