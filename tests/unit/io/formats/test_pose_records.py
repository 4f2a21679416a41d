"""frame_record, poses_from_record, header and schema."""

import json
from copy import deepcopy
from typing import Any

import jsonschema
import numpy as np
import pytest

from gonio._version import __version__
from gonio.errors import MediaError
from gonio.io.formats.records import (
    frame_record,
    header_record,
    poses_from_record,
    schema,
    skeleton_from_header,
)
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton, skeleton_names

COCO = load_skeleton("coco17")


def one_person(**changes: Any) -> Poses:
    values: dict[str, Any] = {
        "keypoints": np.full((1, 17, 2), 2.5, np.float32),
        "scores": np.full((1, 17), 0.5, np.float32),
        "boxes": np.array([[1, 2, 30.5, 40]], np.float32),
        "person_scores": np.array([0.75], np.float32),
        "skeleton": COCO,
    }
    return Poses(**values | changes)


def frame(**changes: Any) -> Frame:
    return Frame(np.zeros((48, 64, 3), np.uint8), **changes)


def test_known_record() -> None:
    keypoints = np.full((1, 17, 2), 2.5, np.float32)
    keypoints[0, 0] = np.nan
    keypoints[0, 1] = (1234.56789, -0.00001)
    record = frame_record(
        frame(index=4, time_s=0.16, source="a.mp4"),
        one_person(keypoints=keypoints, track_ids=np.array([9])),
    )
    person = record["people"][0]
    assert record | {"people": []} == {
        "index": 4,
        "time_s": 0.16,
        "source": "a.mp4",
        "width": 64,
        "height": 48,
        "people": [],
    }
    assert person["score"] == 0.75
    assert person["box"] == [1.0, 2.0, 30.5, 40.0]
    assert person["track_id"] == 9
    assert person["keypoints"][:3] == [[None, None, 0.5], [1234.568, 0.0, 0.5], [2.5, 2.5, 0.5]]
    assert str(person["keypoints"][1][1]) == "0.0"  # not -0.0


def test_half_a_keypoint_and_infinities_are_null() -> None:
    keypoints = np.full((1, 17, 2), 2.5, np.float32)
    keypoints[0, 3] = (np.nan, 7)
    keypoints[0, 4] = (np.inf, -np.inf)
    person = frame_record(frame(), one_person(keypoints=keypoints))["people"][0]
    assert person["keypoints"][3:5] == [[None, 7.0, 0.5], [None, None, 0.5]]


def test_scores_stay_within_0_and_1() -> None:
    scores = np.full((1, 17), 0.5, np.float32)
    scores[0, :3] = (np.nan, 1.0000001, -0.2)
    person = frame_record(frame(), one_person(scores=scores))["people"][0]
    assert [point[2] for point in person["keypoints"][:3]] == [0.0, 1.0, 0.0]


def test_nobody_in_sight() -> None:
    record = frame_record(frame(index=3), Poses.empty(COCO))
    assert record["people"] == []
    assert len(poses_from_record(record, COCO)) == 0
    assert poses_from_record(record, COCO).frame_index == 3


def test_time_keeps_all_its_digits() -> None:
    time_s = 1 / 3
    record = json.loads(json.dumps(frame_record(frame(time_s=time_s), Poses.empty(COCO))))
    assert poses_from_record(record, COCO).time_s == time_s


def test_record_and_back() -> None:
    poses = one_person(track_ids=np.array([2]))
    back = poses_from_record(frame_record(frame(time_s=1.5), poses), COCO)
    for name in ("keypoints", "scores", "boxes", "person_scores", "track_ids"):
        np.testing.assert_array_equal(getattr(back, name), getattr(poses, name), err_msg=name)
        assert getattr(back, name).dtype == getattr(poses, name).dtype


@pytest.mark.parametrize("name", skeleton_names())
def test_header_of_every_skeleton(name: str) -> None:
    header = header_record(model="thunder", skeleton=load_skeleton(name))
    jsonschema.validate(header, schema()["$defs"]["header"] | {"$defs": schema()["$defs"]})
    assert skeleton_from_header(json.loads(json.dumps(header)), "x") is load_skeleton(name)
    assert header["gonio"] == __version__


def test_notice_is_there_when_given() -> None:
    assert "notice" not in header_record(model="m", skeleton=COCO)
    assert header_record(model="m", skeleton=COCO, notice="Not for diagnosis.")["notice"] == "Not for diagnosis."


def test_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param({"format": "other"}, '"format" is not "gonio.poses"', id="another format"),
        pytest.param({"version": 2}, "has version 2 of gonio.poses, this Gonio .* reads version 1", id="version"),
        pytest.param({"version": True}, "has version True", id="version true"),
        pytest.param({"skeleton": None}, "skeleton is null, expected an object", id="no skeleton"),
        pytest.param({"skeleton": {"name": "dog20"}}, "'dog20', which this Gonio does not know", id="unknown"),
        pytest.param(
            {"skeleton": {"name": "coco17", "keypoint_names": ["nose"]}},
            "keypoint_names are not the 17 names of 'coco17'",
            id="other names",
        ),
    ],
)
def test_wrong_header(change: dict[str, Any], sentence: str) -> None:
    header = header_record(model="m", skeleton=COCO) | change
    with pytest.raises(MediaError, match=f"^'run.json'.*{sentence}"):
        skeleton_from_header(header, "'run.json'")


@pytest.mark.parametrize("header", [[], "text", None, {}])
def test_header_that_is_none(header: object) -> None:
    with pytest.raises(MediaError, match="is not a file of poses"):
        skeleton_from_header(header, "'run.json'")


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        pytest.param(("index",), 1.5, r"r\.index is 1.5, expected a whole number", id="index"),
        pytest.param(("index",), True, r"r\.index is true", id="bool is no number"),
        pytest.param(("time_s",), "1", r'r\.time_s is "1", expected a number or null', id="time"),
        pytest.param(("time_s",), float("inf"), r"r\.time_s is Infinity", id="1e999"),
        pytest.param(("people",), None, r"r\.people is null, expected a list", id="people"),
        pytest.param(("people", 0), 3, r"r\.people\[0\] is 3, expected an object", id="person"),
        pytest.param(("people", 0, "score"), None, r"people\[0\]\.score is null, expected a number", id="score"),
        pytest.param(("people", 0, "track_id"), 2**70, r"people\[0\]\.track_id is 118", id="huge id"),
        pytest.param(("people", 0, "box"), [1, 2, 3], r"people\[0\]\.box is \[1, 2, 3\], expected .* 4", id="box"),
        pytest.param(("people", 0, "keypoints"), [[1, 2, 3]], "has 1 entries, expected 17", id="too few"),
        pytest.param(
            ("people", 0, "keypoints", 5), [1, "2", 3], r'keypoints\[5\] holds "2", expected a number', id="text"
        ),
        pytest.param(("people", 0, "keypoints", 5), [1, 2], r"keypoints\[5\] is \[1, 2\]", id="no score"),
        pytest.param(("people", 0, "keypoints", 5, 0), 1e300, r"keypoints\[5\] holds 1e\+300", id="beyond float32"),
    ],
)
def test_wrong_field_is_named(path: tuple[str | int, ...], value: object, sentence: str) -> None:
    record: Any = deepcopy(frame_record(frame(), one_person()))
    holder = record
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(MediaError, match=sentence):
        poses_from_record(record, COCO, "r")


@pytest.mark.parametrize("field", ["index", "time_s", "people"])
def test_missing_field_is_named(field: str) -> None:
    record = frame_record(frame(), one_person())
    del record[field]
    with pytest.raises(MediaError, match=f'has no "{field}"'):
        poses_from_record(record, COCO)


def test_track_ids_of_some_only() -> None:
    record = frame_record(frame(), one_person())
    record["people"].append(record["people"][0] | {"track_id": 3})
    with pytest.raises(MediaError, match="some people have a track_id and some have none"):
        poses_from_record(record, COCO)


def test_positions_in_metres_come_back_where_there_are_some() -> None:
    world = np.round(np.random.default_rng(0).normal(size=(1, 17, 3)), 4).astype(np.float32)
    world[0, 3] = np.nan
    record = json.loads(json.dumps(frame_record(frame(), one_person(world=world))))
    jsonschema.validate(record, {"$ref": "#/$defs/frame", "$defs": schema()["$defs"]})
    assert record["people"][0]["world"][3] == [None, None, None]
    found = poses_from_record(record, COCO).world
    assert found is not None
    np.testing.assert_allclose(found, world, atol=1e-6)
    assert "world" not in frame_record(frame(), one_person())["people"][0]
    assert poses_from_record(frame_record(frame(), one_person()), COCO).world is None


@pytest.mark.parametrize(
    ("world", "message"),
    [
        pytest.param([[0, 0, 0]] * 16, "has 16 entries, expected 17", id="a point too few"),
        pytest.param([[0, 0]] * 17, "expected a list of 3 numbers", id="flat"),
        pytest.param([[0, 0, "far"]] * 17, "expected a number or null", id="words"),
        pytest.param(7, "expected a list", id="no list"),
    ],
)
def test_wrong_positions_are_refused(world: Any, message: str) -> None:
    record = frame_record(frame(), one_person())
    record["people"][0]["world"] = world
    with pytest.raises(MediaError, match=message):
        poses_from_record(record, COCO)


def test_all_people_have_positions_or_none() -> None:
    record = frame_record(frame(), one_person(world=np.zeros((1, 17, 3), np.float32)))
    record["people"].append({name: value for name, value in record["people"][0].items() if name != "world"})
    with pytest.raises(MediaError, match="all or to nobody"):
        poses_from_record(record, COCO)
