"""LiteRT on tiny files that are written here byte by byte: with a signature and without, real and quantised."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import MissingDependencyError, ModelMismatchError, WeightsError
from gonio.models.backends import LiteRtBackend

HAS_LITERT = find_spec("ai_edge_litert") is not None
needs_litert = pytest.mark.skipif(not HAS_LITERT, reason="ai-edge-litert is not installed")
FLOAT32, UINT8 = 0, 3
DEQUANTIZE, RELU = 6, 19
IMAGES = np.random.default_rng(0).integers(0, 100, (3, 3, 4, 5)).astype(np.float32)


def write_litert(
    path: Path,
    shape: Sequence[int],
    *,
    names: tuple[str, str] = ("image", "same"),
    signature: Mapping[str, str] | None = None,
    quantised: tuple[float, int] | None = None,
    open_axes: Sequence[int] | None = None,
) -> Path:
    """One operator that gives back what is not negative; quantised: bytes in, the real numbers out."""
    flatbuffers: Any = pytest.importorskip("flatbuffers")
    builder = flatbuffers.Builder(1024)

    def vector(values: Sequence[int], put: Callable[[int], None], size: int) -> int:
        builder.StartVector(size, len(values), size)
        for value in reversed(values):
            put(value)
        return int(builder.EndVector())

    def table(size: int, **slots: tuple[str, int, Any]) -> int:
        """Slots by name for the reader, each with its type, place and value."""
        builder.StartObject(size)
        for kind, place, value in slots.values():
            getattr(builder, f"Prepend{kind}Slot")(place, value, 0)
        return int(builder.EndObject())

    def tensor(name: str, dtype: int, quantisation: int = 0) -> int:
        text = builder.CreateString(name)
        sizes = vector(list(shape), builder.PrependInt32, 4)
        signed = vector(list(open_axes), builder.PrependInt32, 4) if open_axes is not None else 0
        return table(
            8, shape=("UOffsetTRelative", 0, sizes), type=("Int8", 1, dtype), name=("UOffsetTRelative", 3, text),
            quantisation=("UOffsetTRelative", 4, quantisation), signed=("UOffsetTRelative", 7, signed),
        )  # fmt: skip

    def offsets(*values: int) -> int:
        return vector(values, builder.PrependUOffsetTRelative, 4)

    how = 0
    if quantised is not None:
        scale, zero = quantised
        scales = vector([scale], builder.PrependFloat32, 4)  # type: ignore[list-item]
        zeros = vector([zero], builder.PrependInt64, 8)
        how = table(7, scale=("UOffsetTRelative", 2, scales), zero=("UOffsetTRelative", 3, zeros))
    kind = RELU if quantised is None else DEQUANTIZE
    tensors = offsets(
        tensor(names[0], FLOAT32 if quantised is None else UINT8, how), tensor(names[1], FLOAT32)
    )  # fmt: skip
    ends = [vector([i], builder.PrependInt32, 4) for i in (0, 1)]
    step = table(5, inputs=("UOffsetTRelative", 1, ends[0]), outputs=("UOffsetTRelative", 2, ends[1]))
    graph = table(
        5, tensors=("UOffsetTRelative", 0, tensors), inputs=("UOffsetTRelative", 1, ends[0]),
        outputs=("UOffsetTRelative", 2, ends[1]), operators=("UOffsetTRelative", 3, offsets(step)),
    )  # fmt: skip
    code = table(4, old=("Int8", 0, kind), version=("Int32", 2, 1), kind=("Int32", 3, kind))
    signed = 0
    if signature is not None:
        maps = []
        for place, name in enumerate(signature.values()):
            text = builder.CreateString(name)
            one = table(2, name=("UOffsetTRelative", 0, text), tensor=("Uint32", 1, place))
            maps.append(offsets(one))
        key = builder.CreateString("serving_default")
        signed = offsets(
            table(5, inputs=("UOffsetTRelative", 0, maps[0]), outputs=("UOffsetTRelative", 1, maps[1]),
                  key=("UOffsetTRelative", 2, key))
        )  # fmt: skip
    nothing = table(1)
    model = table(
        8, version=("Uint32", 0, 3), codes=("UOffsetTRelative", 1, offsets(code)),
        graphs=("UOffsetTRelative", 2, offsets(graph)), buffers=("UOffsetTRelative", 4, offsets(nothing)),
        signatures=("UOffsetTRelative", 7, signed),
    )  # fmt: skip
    builder.Finish(model, file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


@needs_litert
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("signature", [None, {"input": "picture", "output": "heatmap"}], ids=["plain", "signature"])
def test_a_file_gets_its_images_as_it_wants_them(
    tmp_path: Path, channels_last: bool, batch: int, signature: dict[str, str] | None
) -> None:
    shape = (batch, 4, 5, 3) if channels_last else (batch, 3, 4, 5)
    backend = LiteRtBackend(write_litert(tmp_path / "a.tflite", shape, signature=signature), threads=1)
    name = "same" if signature is None else "heatmap"
    assert backend.output_channels == {name: shape[1]}
    assert backend.description.startswith("litert ")
    assert backend.description.endswith("CPU, 1 thread")
    assert backend.image.input_hw == (4, 5)
    seen = backend.run(IMAGES)[name]
    np.testing.assert_array_equal(seen, IMAGES.transpose(0, 2, 3, 1) if channels_last else IMAGES)


@needs_litert
@pytest.mark.parametrize("signature", [None, {"input": "image", "output": "same"}], ids=["plain", "signature"])
def test_an_open_batch_goes_through_at_once(tmp_path: Path, signature: dict[str, str] | None) -> None:
    path = write_litert(tmp_path / "a.tflite", (1, 3, 4, 5), open_axes=(-1, 3, 4, 5), signature=signature)
    backend = LiteRtBackend(path, threads=1)
    assert backend.image.batch is None
    for count in (3, 1, 2):
        np.testing.assert_array_equal(backend.run(IMAGES[:count])["same"], IMAGES[:count])


@needs_litert
def test_quantised_inputs(tmp_path: Path) -> None:
    """Real numbers go in: the file's scale and zero point make bytes of them."""
    path = write_litert(tmp_path / "a.tflite", (1, 4, 5, 3), quantised=(0.5, 10))
    values = np.array([-9.0, -5.0, 0.0, 0.2, 50.0, 900.0], np.float32)  # bytes of 8 bits reach from -5 to 122.5
    batch = np.zeros((1, 3, 4, 5), np.float32)
    batch[0, 0].flat[:6] = values
    seen = LiteRtBackend(path, threads=1).run(batch)["same"]
    np.testing.assert_array_equal(seen[0, ..., 0].ravel()[:6], [-5, -5, 0, 0, 50, 122.5])


@needs_litert
def test_several_threads(tmp_path: Path) -> None:
    backend = LiteRtBackend(write_litert(tmp_path / "a.tflite", (1, 3, 4, 5)), threads=1)
    batches = [np.full((2, 3, 4, 5), i, np.float32) for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for batch, outputs in zip(batches, pool.map(backend.run, batches), strict=True):
            np.testing.assert_array_equal(outputs["same"], batch)


@needs_litert
def test_another_size_is_refused(tmp_path: Path) -> None:
    backend = LiteRtBackend(write_litert(tmp_path / "a.tflite", (1, 3, 4, 5)), threads=1)
    with pytest.raises(ModelMismatchError, match=r"shape \(1, 3, 8, 8\) \(it takes \(4, 5\) alone\)"):
        backend.run(np.zeros((1, 3, 8, 8), np.float32))


@needs_litert
def test_what_is_no_file_of_an_image_network(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(b"nothing of this kind")
    with pytest.raises(WeightsError, match="LiteRT cannot load"):
        LiteRtBackend(path)
    with pytest.raises(ModelMismatchError, match=r"takes 'image' of shape \(1, 7\)"):
        LiteRtBackend(write_litert(path, (1, 7)))


@pytest.mark.skipif(HAS_LITERT, reason="ai-edge-litert is installed")
def test_without_litert_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match=r"ai_edge_litert.*pip install 'gonio\[litert\]'"):
        LiteRtBackend(tmp_path / "a.tflite")
