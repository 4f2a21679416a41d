"""Tiny models: ONNX files made on the spot, cards for them, a network that sees coloured dots, a bad web server."""

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray, ImageArray
from gonio.codecs import Codec, DecodedPeople, Outputs
from gonio.models.card import ModelCard
from gonio.models.registry import find_card
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
GRID_HEADS = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2}
_PLANE = {"nose": 0, "eye": 0, "ear": 0, "shoulder": 1, "elbow": 1, "wrist": 1, "hip": 2, "knee": 2, "ankle": 2}
PLANES = np.array([_PLANE[name.split("_")[-1]] for name in COCO17.keypoint_names])
"""The colour of the dot on which each keypoint lies; left and right share one, so that a mirror image is as good."""


class Tiny:
    """Makes tiny models in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def onnx(
        self,
        heads: Mapping[str, int] | None = None,
        *,
        inputs: Sequence[tuple[str, int, Sequence[int | str]]] = (
            ("image", TensorProto.FLOAT, ("batch", 3, "height", "width")),
        ),
        name: str = "tiny.onnx",
    ) -> Path:
        """A network whose heads are each the mean of 4 x 4 px of the three planes, weighted 1, 2, 3 / 6 alike."""
        graph_inputs = [helper.make_tensor_value_info(n, kind, shape) for n, kind, shape in inputs]
        nodes = [helper.make_node("Cast", [inputs[0][0]], ["float"], to=TensorProto.FLOAT)]
        nodes.append(helper.make_node("AveragePool", ["float"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]))
        weights, outputs = [], []
        for head, channels in (GRID_HEADS if heads is None else heads).items():
            kernel = np.broadcast_to(np.array([1, 2, 3], np.float32).reshape(1, 3, 1, 1) / 6, (channels, 3, 1, 1))
            weights.append(numpy_helper.from_array(np.ascontiguousarray(kernel), f"{head}_weight"))
            nodes.append(helper.make_node("Conv", ["cells", f"{head}_weight"], [head]))
            outputs.append(helper.make_tensor_value_info(head, TensorProto.FLOAT, ["batch", channels, "h", "w"]))
        graph = helper.make_graph(nodes, "tiny", graph_inputs, outputs, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = self.folder / name
        onnx.save(model, path)
        return path

    def card(self, weights: Path | None = None, *, base: str = "multipose", **changes: Any) -> Path:
        """A card of a shipped model's kind for these weights, with other changes; ``input__margin`` reaches inside."""
        weights = weights or self.onnx()
        facts = find_card(base)[0].model_dump(mode="json", exclude_none=True, exclude={"calibration"})
        facts |= {"name": "tiny", "default": False}
        facts["weights"] = {"file": weights.name, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
        for key, value in changes.items():
            *outer, last = key.split("__")
            place = facts
            for part in outer:
                place = place[part]
            place[last] = value
        path = self.folder / "tiny.json"
        path.write_text(json.dumps(facts))
        return path


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path)


class DotBackend:
    """A perfect network: it finds the middle of the red, the green and the blue dot, and keypoints lie on them.

    What comes home therefore tests the way there and back, whatever the matrices say. An input without dots is
    answered with zeros.
    """

    description = "dots"

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self.codec: Codec = card.build_codec()
        self.calls: list[tuple[int, ...]] = []
        self.factors: dict[str, float] = {}  # outputs to make weaker or stronger

    @property
    def output_channels(self) -> dict[str, int | None]:
        return dict(self.codec.output_channels)

    def run(self, batch: FloatArray) -> Outputs:
        self.calls.append(batch.shape)
        assert batch.dtype == np.float32
        mean = np.array(self.card.input.mean, np.float32)[:, None, None]
        std = np.array(self.card.input.std, np.float32)[:, None, None]
        parts = [self._see(one * std + mean) for one in batch]
        return {
            name: np.concatenate([part[name] for part in parts]) * np.float32(self.factors.get(name, 1))
            for name in parts[0]
        }

    def _see(self, planes: FloatArray) -> dict[str, FloatArray]:
        height, width = planes.shape[1:]
        planes = np.where(planes > 0.5, planes, 0).astype(np.float64)
        light = planes.sum(axis=(1, 2))
        if light.min() < 50:
            return self.codec.encode(_people(np.zeros((0, 3, 2), np.float32)), (height, width))
        y = (planes.sum(axis=2) * np.arange(height)).sum(axis=1) / light
        x = (planes.sum(axis=1) * np.arange(width)).sum(axis=1) / light
        return self.codec.encode(_people(np.stack([x, y], axis=-1)[None]), (height, width))


def _people(dots: FloatArray) -> DecodedPeople:
    """People ``(N, 17, 2)`` on dots ``(N, 3, 2)``, boxed by the dots."""
    n = len(dots)
    boxes = np.concatenate([dots.min(axis=1), dots.max(axis=1) + 1], axis=1)
    return DecodedPeople(
        keypoints=dots[:, PLANES].astype(np.float32),
        scores=np.ones((n, 17), np.float32),
        boxes=boxes.astype(np.float32),
        person_scores=np.ones(n, np.float32),
    )


class Dots:
    """Pictures with three dots a person, and what a model should find on them."""

    planes = PLANES

    @staticmethod
    def backend(card: ModelCard) -> DotBackend:
        return DotBackend(card)

    @staticmethod
    def picture(size_wh: tuple[int, int], *people: Sequence[tuple[float, float]], radius: float = 6) -> ImageArray:
        """Black, and for each person a red, a green and a blue cone of light around three points (x, y)."""
        columns, rows = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
        image = np.zeros((size_wh[1], size_wh[0], 3))
        for points in people:
            for plane, (x, y) in enumerate(points):
                height = 1 - np.hypot(columns - x, rows - y) / radius
                image[..., plane] = np.maximum(image[..., plane], 250 * height)
        return np.asarray(np.rint(image), np.uint8)

    @staticmethod
    def keypoints(points: Sequence[tuple[float, float]]) -> FloatArray:
        """``(17, 2)``: the dot of every keypoint."""
        return np.asarray(np.array(points)[PLANES], np.float32)

    @staticmethod
    def proposals(*boxes: Sequence[float], scores: Sequence[float], keypoints: FloatArray | None = None) -> Poses:
        n = len(boxes)
        nowhere = np.full((n, 17, 2), np.nan, np.float32)
        return Poses(
            keypoints=nowhere if keypoints is None else keypoints,
            scores=np.zeros((n, 17), np.float32),
            boxes=np.array(boxes, np.float32).reshape(n, 4),
            person_scores=np.array(scores, np.float32),
            skeleton=COCO17,
        )


@pytest.fixture
def dots() -> Dots:
    return Dots()


@dataclass
class Served:
    """One path of the web server: what it gives, and what goes wrong with the first, the second... request.

    A fault is a dict: ``status``, ``headers``, ``redirect``, ``cut`` (bytes after which it hangs up), ``stall`` (bytes
    after which it says no more), ``claims`` (a wrong Content-Length; None: no Content-Length), ``content`` (other
    bytes), ``wait`` (s before it answers), ``ignores_if_range``. ``always`` is wrong with all of them.
    """

    content: bytes
    faults: list[dict[str, Any]]
    always: dict[str, Any]
    ranges: bool
    tag: str | None
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def offsets(self) -> list[str | None]:
        """The Range of each request that came."""
        return [headers.get("Range") for headers in self.asked]


class Web:
    """A web server on this machine that does not always behave."""

    def __init__(self) -> None:
        self.served: dict[str, Served] = {}
        self.closing = threading.Event()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with contextlib.suppress(OSError):  # whoever asked may have hung up
                    web.answer(self)

            def log_request(self, *args: object) -> None:
                pass

            def log_error(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def serve(
        self,
        path: str,
        content: bytes,
        *faults: dict[str, Any],
        always: dict[str, Any] | None = None,
        ranges: bool = True,
        tag: str | None = '"first"',
    ) -> str:
        """Put something on a path (or, for a proxy, under a whole URL); gives its URL."""
        self.served[path] = Served(content, list(faults), always or {}, ranges, tag)
        return path if "://" in path else self.url + path

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        entry = self.served.get(request.path)
        if entry is None:
            request.send_error(404)
            return
        fault = entry.always | (entry.faults[len(entry.asked)] if len(entry.asked) < len(entry.faults) else {})
        entry.asked.append(dict(request.headers.items()))
        self.closing.wait(fault.get("wait", 0))
        content = fault.get("content", entry.content)
        status, start = fault.get("status", 302 if "redirect" in fault else 200), 0
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if (
            asked
            and entry.ranges
            and status == 200
            and (request.headers.get("If-Range") in (None, entry.tag) or fault.get("ignores_if_range"))
        ):
            start = int(asked[1])
            status = 206 if start < len(content) else 416
        body = content[start:] if status in (200, 206) else b""
        request.send_response(status)
        if status == 416:
            request.send_header("Content-Range", f"bytes */{len(content)}")
        if status == 206:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if entry.tag and status in (200, 206):
            request.send_header("ETag", entry.tag)
        if "redirect" in fault:
            request.send_header("Location", fault["redirect"])
        for name, value in fault.get("headers", {}).items():
            request.send_header(name, value)
        if (length := fault.get("claims", len(body))) is not None:
            request.send_header("Content-Length", str(length))
        request.end_headers()
        request.wfile.write(body[: fault.get("cut", fault.get("stall", len(body)))])
        if "stall" in fault:
            self.closing.wait(5)

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server, to which no proxy of this machine's environment stands in the way."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = Web()
    yield server
    server.close()
