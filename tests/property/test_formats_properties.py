"""What holds for every file of poses: it says what was written, and is JSON that the schema accepts."""

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gonio.io.formats import (
    CocoResultsWriter,
    JsonLinesWriter,
    JsonWriter,
    frame_record,
    poses_from_record,
    read_json,
    read_jsonl,
    schema,
)
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton, skeleton_names

VALIDATOR = jsonschema.Draft202012Validator(schema())
# Half of the last digit, and what float32 cannot hold of a number up to 1e5.
COORDINATE_ERROR = 0.5e-3 + 1e5 * 2.0**-24
SCORE_ERROR = 0.5e-4 + 2.0**-24

pixels = st.one_of(st.floats(-1e5, 1e5, width=32), st.just(np.nan))
probabilities = st.floats(0, 1, width=32)
times = st.one_of(st.none(), st.floats(0, 1e6))


@st.composite
def frames(draw: st.DrawFn, skeleton_name: str | None = None) -> tuple[Frame, Poses]:
    skeleton = load_skeleton(skeleton_name or draw(st.sampled_from(skeleton_names())))
    n, k = draw(st.integers(0, 3)), len(skeleton)
    index, time_s = draw(st.integers(0, 2**40)), draw(times)
    ids = draw(hnp.arrays(np.int64, n)) if draw(st.booleans()) else None
    # One value per array with a few of its own: as telling as all different, and quick to draw for 133 keypoints.
    poses = Poses(
        keypoints=draw(hnp.arrays(np.float32, (n, k, 2), elements=pixels, fill=pixels)),
        scores=draw(hnp.arrays(np.float32, (n, k), elements=probabilities, fill=probabilities)),
        boxes=draw(hnp.arrays(np.float32, (n, 4), elements=pixels)),
        person_scores=draw(hnp.arrays(np.float32, n, elements=probabilities)),
        skeleton=skeleton,
        track_ids=ids,
        frame_index=index,
        time_s=time_s,
    )
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return Frame(np.zeros((height, width, 3), np.uint8), index, time_s, draw(st.text())), poses


def assert_same(back: Poses, poses: Poses) -> None:
    np.testing.assert_array_equal(np.isnan(back.keypoints), np.isnan(poses.keypoints))
    np.testing.assert_allclose(back.keypoints, poses.keypoints, atol=COORDINATE_ERROR, rtol=0)
    np.testing.assert_allclose(back.boxes, poses.boxes, atol=COORDINATE_ERROR, rtol=0)
    np.testing.assert_allclose(back.scores, poses.scores, atol=SCORE_ERROR, rtol=0)
    np.testing.assert_allclose(back.person_scores, poses.person_scores, atol=SCORE_ERROR, rtol=0)
    assert (back.frame_index, back.time_s, back.skeleton) == (poses.frame_index, poses.time_s, poses.skeleton)


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@given(frames())
def test_record_and_back(pair: tuple[Frame, Poses]) -> None:
    frame, poses = pair
    record = frame_record(frame, poses)
    back = poses_from_record(strict(json.dumps(record, allow_nan=False)), poses.skeleton)
    assert_same(back, poses)
    if len(poses):
        expected = None if poses.track_ids is None else poses.track_ids.tolist()
        assert (None if back.track_ids is None else back.track_ids.tolist()) == expected
    assert frame_record(frame, back) == record  # a second round changes nothing


@settings(max_examples=30)
@given(st.lists(frames("coco17"), max_size=4), st.booleans(), st.lists(st.text(), max_size=2))
def test_documents_and_back(pairs: list[tuple[Frame, Poses]], complete: bool, failures: list[str]) -> None:
    """JSON and JSON Lines hold the same, whether the run ended or was stopped."""
    line_validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/line", "$defs": schema()["$defs"]})
    header: dict[str, Any] = {"model": "multipose", "skeleton": load_skeleton("coco17")}
    kinds: list[tuple[type[JsonWriter | JsonLinesWriter], Callable[[Path], list[Poses]]]] = [
        (JsonWriter, read_json),
        (JsonLinesWriter, read_jsonl),
    ]
    for kind, read in kinds:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "poses"
            out = kind(path, **header)
            for frame, poses in pairs:
                out.write(frame, poses)
            for failure in failures:
                out.fail(failure)
            out.close(complete=complete)
            text, back = path.read_text("ascii"), read(path)
        if kind is JsonWriter:
            document = strict(text)
            VALIDATOR.validate(document)
            assert (document["failures"], document["complete"]) == (failures, complete)
            assert [record["source"] for record in document["frames"]] == [frame.source for frame, _ in pairs]
        else:
            for line in text.splitlines():
                line_validator.validate(strict(line))
        assert len(back) == len(pairs)
        for one, (_, poses) in zip(back, pairs, strict=True):
            if poses.track_ids is None or len(poses) == 0 or one.track_ids is None:
                pass
            else:
                assert one.track_ids.tolist() == poses.track_ids.tolist()
            assert_same(one, poses)


@given(frames())
def test_coco_results_have_no_holes(pair: tuple[Frame, Poses]) -> None:
    frame, poses = pair
    stream = io.StringIO()
    with CocoResultsWriter(stream) as out:
        out.write(frame, poses)
    results = strict(stream.getvalue())
    assert len(results) == len(poses)
    for n, result in enumerate(results):
        triplets = np.array(result["keypoints"], float).reshape(-1, 3)
        missing = np.isnan(poses.keypoints[n]).any(axis=1)
        assert not triplets[missing].any()
        np.testing.assert_allclose(triplets[~missing, :2], poses.keypoints[n][~missing], atol=COORDINATE_ERROR, rtol=0)
        assert len(result["bbox"]) == 4


@pytest.mark.parametrize("field", ["format", "version", "gonio", "model", "skeleton", "frames", "complete"])
def test_schema_refuses_a_document_without(field: str) -> None:
    """The validator that the properties rely on can say no."""
    stream = io.StringIO()
    JsonWriter(stream, model="m", skeleton=load_skeleton("coco17")).close()
    document = json.loads(stream.getvalue())
    VALIDATOR.validate(document)
    del document[field]
    assert not VALIDATOR.is_valid(document)
