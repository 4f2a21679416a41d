"""The model alone: hears what onnxruntime is given for one picture, and runs exactly that again.

So "model alone" means the same for every library on onnxruntime: all network runs that one picture causes,
at the sizes and batches that the library chose, without any pre- or post-processing. Other runtimes are not
heard.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np


class NetworkRecording:
    """The network runs of the picture heard last."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], Any]] = []
        self._shapes: list[list[int]] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Forget what was heard before, and hear every ``InferenceSession.run`` inside the block."""
        self._calls, self._shapes = [], []
        if find_spec("onnxruntime") is None:
            yield
            return
        session_class = importlib.import_module("onnxruntime").InferenceSession
        original = session_class.run

        def run(session: Any, names: Any, feeds: dict[str, Any], *rest: Any) -> Any:
            kept = {name: np.array(value) for name, value in feeds.items()}
            self._calls.append(functools.partial(original, session, names, kept, *rest))
            self._shapes.extend(list(value.shape) for value in kept.values())
            return original(session, names, feeds, *rest)

        session_class.run = run
        try:
            yield
        finally:
            session_class.run = original

    def replay(self) -> None:
        """Run the networks again on the same tensors.

        Raises:
            LookupError: If nothing was heard.
        """
        if not self._calls:
            raise LookupError("no network run was heard; this library does not use onnxruntime's run()")
        for call in self._calls:
            call()

    def input_shapes(self) -> list[list[int]]:
        """The shape of each tensor that the networks were given, in order."""
        return self._shapes


def give_sessions_threads(threads: int) -> None:
    """Make every later onnxruntime session of this process use ``threads`` threads.

    For libraries that make their sessions without options and offer no knob; nothing else about it changes.
    """
    onnxruntime = importlib.import_module("onnxruntime")
    original = onnxruntime.InferenceSession.__init__

    @functools.wraps(original)
    def init(session: Any, model: Any = None, sess_options: Any = None, *rest: Any, **named: Any) -> None:
        model = named.pop("path_or_bytes", model)
        options = sess_options or onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        original(session, model, options, *rest, **named)

    onnxruntime.InferenceSession.__init__ = init
