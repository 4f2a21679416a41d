"""OpenPose's folder, in its own words (the example of its documentation), and read back as plain JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.openpose import ORDERS, is_openpose_folder, openpose_skeleton, read_openpose, write_openpose
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

MakeSequence = Callable[..., PoseSequence]


def frame(folder: Path, number: int, people: list[list[float]], person_id: int = -1) -> None:
    folder.mkdir(exist_ok=True)
    content = {
        "version": 1.3,
        "people": [{"person_id": [person_id], "pose_keypoints_2d": one, "face_keypoints_2d": []} for one in people],
    }
    (folder / f"run_{number:012d}_keypoints.json").write_text(json.dumps(content))


def person(count: int = 25) -> list[float]:
    return [value for k in range(count) for value in (100.0 + k, 200.0 + k, 0.5 + k / 100)]


def test_order_of_body_25() -> None:
    """Source: ``POSE_BODY_25_BODY_PARTS`` in poseParameters.cpp."""
    theirs = (
        "Nose,Neck,RShoulder,RElbow,RWrist,LShoulder,LElbow,LWrist,MidHip,RHip,RKnee,RAnkle,LHip,LKnee,LAnkle,"
        "REye,LEye,REar,LEar,LBigToe,LSmallToe,LHeel,RBigToe,RSmallToe,RHeel"
    )
    ours = ",".join(name.replace("left", "L").replace("right", "R").replace("_", "") for name in ORDERS["BODY_25"])
    assert theirs.lower().replace("neck", "thorax") == ours.lower()
    assert len(ORDERS["COCO"]) == 18


def test_read(tmp_path: Path) -> None:
    lacking = person()
    lacking[9:12] = [0, 0, 0]  # right elbow
    frame(tmp_path / "json", 7, [person(), lacking])
    frame(tmp_path / "json", 10, [])
    frames = read_openpose(tmp_path / "json", fps=50)
    assert [(len(one), one.frame_index, one.time_s) for one in frames] == [(2, 7, 0.14), (0, 10, 0.2)]
    assert frames[0].track_ids is None
    names = frames[0].skeleton.keypoint_names
    np.testing.assert_allclose(frames[0].keypoints[0, names.index("left_heel")], (121, 221))
    assert frames[0].scores[0, names.index("left_heel")] == pytest.approx(0.71)
    assert np.isnan(frames[0].keypoints[1, names.index("right_elbow")]).all()
    np.testing.assert_allclose(frames[0].boxes[0], (100, 200, 125, 225))


def test_coco_order_ids_and_another_skeleton(tmp_path: Path) -> None:
    frame(tmp_path / "json", 0, [person(18)], person_id=4)
    frames = read_openpose(tmp_path / "json", load_skeleton("coco17"), fps=50)
    assert frames[0].track_ids is not None
    assert frames[0].track_ids.tolist() == [4]
    np.testing.assert_allclose(frames[0].keypoints[0, 13], (112, 212))  # left knee


def test_parts_of_the_picture(tmp_path: Path) -> None:
    frame(tmp_path / "json", 0, [[value for _ in range(25) for value in (0.5, 0.25, 0.9)]])
    with pytest.raises(ConfigError, match="give its width and height with --size"):
        read_openpose(tmp_path / "json", fps=50)
    frames = read_openpose(tmp_path / "json", fps=50, size_wh=(200, 400))
    np.testing.assert_allclose(frames[0].keypoints[0, 0], (99.5, 99.5))


def test_written_folder_as_plain_json(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence(2, unit="px", d=2)
    write_openpose(tmp_path / "run", sequence)
    files = sorted((tmp_path / "run").iterdir())
    assert [path.name for path in files] == [f"run_{i:012d}_keypoints.json" for i in range(5)]
    content = json.loads(files[1].read_text())
    assert (content["version"], [one["person_id"] for one in content["people"]]) == (1.3, [[2], [5]])
    given = np.array(content["people"][0]["pose_keypoints_2d"]).reshape(25, 3)
    assert given[13].tolist() == [0, 0, 0]  # the missing left knee
    shoulders = sequence.keypoints[1, 0, [5, 6]]
    np.testing.assert_allclose(given[1, :2], shoulders.mean(axis=0), rtol=1e-6)  # neck
    np.testing.assert_allclose(given[19, :2], sequence.point("left_big_toe")[1, 0], rtol=1e-6)


@pytest.mark.parametrize("layout", ["BODY_25", "COCO"])
def test_read_back(tmp_path: Path, make_sequence: MakeSequence, layout: str) -> None:
    sequence = make_sequence(2, unit="px", d=2)
    write_openpose(tmp_path / "run", sequence, layout=layout)  # type: ignore[arg-type]  # one of the two
    frames = read_openpose(tmp_path / "run", load_skeleton("coco17"), fps=50)
    found = PoseSequence.from_poses(frames)
    np.testing.assert_allclose(found.keypoints, sequence.keypoints[:, :, :17], rtol=1e-6)
    np.testing.assert_allclose(found.scores, sequence.scores[:, :, :17], atol=1e-6)
    assert found.track_ids.tolist() == [2, 5]


def test_lines_of_the_skeleton() -> None:
    assert len(openpose_skeleton("BODY_25").links) > 20


@pytest.mark.parametrize("name", ["halpe26", "coco17", "coco_wholebody133"])
def test_what_pose2sim_writes(tmp_path: Path, name: str) -> None:
    """Layout of ``save_to_openpose`` in its ``poseEstimation.py``; of nobody it writes a person of NaN."""
    skeleton = load_skeleton(name)
    people = [{"person_id": [-1], "pose_keypoints_2d": person(len(skeleton))}]
    nobody = [{"person_id": [-1], "pose_keypoints_2d": [float("nan")] * 3 * len(skeleton)}]
    for number, found in enumerate((people, nobody)):
        (tmp_path / f"run_{number:06d}.json").write_text(json.dumps({"version": 1.3, "people": found}))
    assert is_openpose_folder(tmp_path)
    frames = read_openpose(tmp_path, fps=50)
    assert [len(poses) for poses in frames] == [1, 0]
    assert frames[0].skeleton.name == name
    np.testing.assert_allclose(frames[0].keypoints[0, 11], (111, 211))


def test_faces_without_a_body_and_other_files_are_left_out(tmp_path: Path) -> None:
    frame(tmp_path, 0, [person(), []])
    content = json.loads((tmp_path / "run_000000000000_keypoints.json").read_text())
    content["people"].append({})
    (tmp_path / "run_000000000000_keypoints.json").write_text(json.dumps(content))
    (tmp_path / "info.json").write_text('{"camera": 1}')
    assert [len(poses) for poses in read_openpose(tmp_path, fps=50)] == [1]


@pytest.mark.parametrize(("low", "span"), [(0.0, 1.0), (-1.0, 2.0)], ids=["0 to 1", "-1 to 1"])
def test_both_kinds_of_parts_of_the_picture(tmp_path: Path, low: float, span: float) -> None:
    """``--keypoint_scale`` 3 and 4; the scale is that of the folder, also in a frame without a negative number."""
    pixels = np.stack([np.linspace(20, 600, 25), np.linspace(30, 400, 25)], axis=1)
    moved = pixels + np.array([30, 60])
    for number, points in enumerate((pixels, moved)):
        parts = low + span * (points + 0.5) / (640, 480)
        frame(tmp_path, number, [np.column_stack([parts, np.full(25, 0.9)]).ravel().tolist()])
    found = read_openpose(tmp_path, fps=50, size_wh=(640, 480))
    np.testing.assert_allclose(found[0].keypoints[0], pixels, atol=1e-3)
    np.testing.assert_allclose(found[1].keypoints[0], moved, atol=1e-3)


def test_two_videos_in_one_folder_are_told(tmp_path: Path) -> None:
    frame(tmp_path, 3, [person()])
    (tmp_path / "other_000000000003_keypoints.json").write_text('{"people": []}')
    with pytest.raises(MediaError, match="both frame 3; give each video a folder"):
        read_openpose(tmp_path, fps=50)


@pytest.mark.parametrize("content", ["{}", "[1]", '{"format": "gonio.poses", "people": []}', "{"])
def test_a_folder_of_other_json_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert not is_openpose_folder(tmp_path)
    assert not is_openpose_folder(tmp_path / "nowhere")


def test_a_folder_of_videos_with_a_frame_beside_them_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"people": []}')
    assert is_openpose_folder(tmp_path)
    (tmp_path / "b.mp4").write_bytes(b"film")
    assert not is_openpose_folder(tmp_path)


def test_damaged(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no folder"):
        read_openpose(tmp_path / "nowhere", fps=50)
    with pytest.raises(MediaError, match="has no JSON file"):
        read_openpose(tmp_path, fps=50)
    frame(tmp_path / "a", 0, [person(16)])
    with pytest.raises(MediaError, match="a person has 48 numbers"):
        read_openpose(tmp_path / "a", fps=50)
    frame(tmp_path / "b", 0, [person(18), person(25)])
    with pytest.raises(MediaError, match="mix openpose_coco and openpose_body_25"):
        read_openpose(tmp_path / "b", fps=50)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "x.json").write_text('{"people": [{"pose')
    with pytest.raises(MediaError, match="not JSON"):
        read_openpose(tmp_path / "c", fps=50)
    frame(tmp_path / "d", 0, [person()])
    with pytest.raises(ConfigError, match="give the frame rate"):
        read_openpose(tmp_path / "d")
