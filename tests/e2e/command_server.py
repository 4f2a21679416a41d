"""Runs ``gonio`` again and again, but loads it once: every run is a process of its own, forked from this one.

It is started by the fixture ``gonio`` with the number of a socket. A request is one line of JSON, which comes with the
three standard streams; the answers are the process's id and, once it has ended, its exit code.
"""

import gc
import importlib
import json
import os
import socket
import sys
import warnings

import onnxruntime  # noqa: F401 - loaded here, so that no run has to

from gonio.apps.cli import main
from gonio.apps.cli.verbs import VERBS

LATE = {
    "analyse": ["gonio.motion.analyse", "gonio.motion.outputs", "gonio.motion.record"],
    "progress": ["gonio.motion_report.progress"],
    "evaluate": ["pycocotools.cocoeval"],
    "train": ["gonio.training.loop", "gonio.training.recipe"],
    "export": ["gonio.export.exporting"],
    "quantize": ["gonio.export.quantize"],
}
"""What a verb imports when it runs; loaded before its first run."""


def serve(requests: socket.socket) -> None:
    """Returns in the forked process, which is then to run the command."""
    while True:
        line, streams, _, _ = socket.recv_fds(requests, 1 << 16, 3)
        while line and not line.endswith(b"\n"):
            line += requests.recv(1 << 16)
        if not line:
            sys.exit()
        asked = json.loads(line)
        for module in LATE.get(next(iter(asked["argv"][1:]), ""), []):
            importlib.import_module(module)
        gc.freeze()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads, which wait for work in libraries
            child = os.fork()
        if child == 0:
            requests.close()
            become(asked["argv"], asked["cwd"], asked["env"], streams)
            return
        for stream in streams:
            os.close(stream)
        requests.sendall(b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        requests.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def become(argv: list[str], cwd: str, env: dict[str, str], streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv


if __name__ == "__main__":
    for verb in VERBS:
        importlib.import_module(f"gonio.apps.cli.{verb}")
    serve(socket.socket(fileno=int(sys.argv[1])))
    main()
