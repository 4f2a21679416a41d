"""The driver's end of a worker process: start it, ask it, end it."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, TextIO

from benchmarks.peers.environments import ROOT, WORK

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
ANSWER_WITHIN_S = 300.0


class WorkerFailedError(Exception):
    """A worker could not do what it was asked; the text says why in one line."""


class WorkerClient:
    """One long-lived worker process; it inherits this one's processors, and its stderr goes to a log file."""

    def __init__(self, *, python: Path, module: str, threads: int, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        caches = {"XDG_CACHE_HOME": str(WORK / "cache"), "MPLCONFIGDIR": str(WORK / "cache" / "matplotlib")}
        limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
        with log.open("w", encoding="utf-8") as stderr:
            self._process = subprocess.Popen(
                [str(python), "-m", module],
                cwd=ROOT,
                env={**os.environ, **limits, **caches},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise WorkerFailedError("its process has no pipes")
        self._requests = self._process.stdin
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def ask(self, do: str, *, within_s: float = ANSWER_WITHIN_S, **details: Any) -> dict[str, Any]:
        """Send one request and wait for its answer.

        Raises:
            WorkerFailedError: If the worker says no, says nothing in time, or has died.
        """
        try:
            self._requests.write(json.dumps({"do": do, **details}) + "\n")
            self._requests.flush()
            line = self._lines.get(timeout=within_s)
        except (OSError, queue.Empty) as error:
            raise WorkerFailedError(f"no answer to '{do}'; see {self._shown_log()}") from error
        if not line:
            raise WorkerFailedError(f"it ended at '{do}': {self._last_logged_line()}")
        reply: dict[str, Any] = json.loads(line)
        if not reply["ok"]:
            raise WorkerFailedError(str(reply["error"]))
        return reply

    def close(self) -> None:
        """End the process, gently first."""
        try:
            self._requests.write('{"do": "quit"}\n')
            self._requests.close()
            self._process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _read(self, replies: TextIO) -> None:
        for line in replies:
            self._lines.put(line)
        self._lines.put("")

    def _last_logged_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing"

    def _shown_log(self) -> str:
        return str(self._log.relative_to(ROOT)) if self._log.is_relative_to(ROOT) else self._log.name
