"""The tracker steers the model: fewer detections, the same poses."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.following import Follower, FollowSettings
from gonio.geometry.oks import oks
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.pacing import PaceReport
from gonio.pipeline import stream
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

CLIP = Path(__file__).parents[2] / "samples" / "walk.mp4"


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return list(open_source(CLIP, end_s=0.8))


@pytest.fixture(scope="module")
def model() -> PoseModel:
    return load_model("lightning", threads=1)


def similarity(found: Poses, reference: Poses) -> float:
    """OKS of the reference's best person with whoever is most alike."""
    best = reference[:1]
    areas = (best.boxes[:, 2:] - best.boxes[:, :2]).prod(axis=1)
    sigmas = np.array(best.skeleton.sigmas, np.float32)
    return float(oks(found.keypoints, best.keypoints, areas=areas, sigmas=sigmas).max(initial=0))


def test_people_are_the_same_with_a_detector_that_rests(frames: list[Frame], model: PoseModel) -> None:
    """Oracle: the detector on every frame."""
    every, rested = Follower(model, settings=FollowSettings(detect_every_s=0)), Follower(model)
    pairs = [(every(frame), rested(frame)) for frame in frames]
    assert every.detections == len(frames)
    assert rested.detections < 0.5 * len(frames)
    alike = [similarity(found, reference) for reference, found in pairs]
    assert np.median(alike) > 0.97
    assert min(alike) > 0.8
    # what its proposals scored is told from people whose keypoint scores are probabilities by now; while the detector
    # rests that is the score of a moment ago, and from frame to frame its own goes up and down
    strengths = [found.person_scores.max() / reference.person_scores.max() for reference, found in pairs]
    assert np.mean(strengths) == pytest.approx(1, abs=0.08)
    ids = Counter(track_id for _, found in pairs for track_id in np.asarray(found.track_ids).tolist())
    assert ids.most_common(1)[0][1] >= len(frames) - 1
    assert [found.frame_index for _, found in pairs] == [frame.index for frame in frames]


def test_a_cut_wakes_the_detector(frames: list[Frame], model: PoseModel) -> None:
    follow = Follower(model)
    follow(frames[0])
    follow(frames[1])
    before = follow.detections
    other = np.full_like(frames[2].image, 200)
    assert len(follow(replace(frames[2], image=other))) == 0
    assert follow.detections == before + 1


def test_a_picture_of_a_few_pixels_can_be_followed(model: PoseModel) -> None:
    follow = Follower(model)
    for index in range(2):
        follow(Frame(np.full((2, 3, 3), 128, np.uint8), index=index, time_s=index / 30))
    assert follow.detections == 2  # nobody is there to be followed


def test_a_longer_rest_is_kept_to(frames: list[Frame], model: PoseModel) -> None:
    """As a run sets it that has a rate to hold."""
    usual, rested = Follower(model), Follower(model)
    rested.rest_s = 0.6
    for frame in frames:
        usual(frame)
        rested(frame)
    assert rested.detections < usual.detections


def test_who_may_rest(model: PoseModel) -> None:
    assert Follower(model).may_rest
    assert not Follower(load_model("multipose", threads=1)).may_rest


def test_a_run_with_a_rate_says_how_often_the_detector_ran(model: PoseModel) -> None:
    report = PaceReport()
    results = list(stream(CLIP, model=model, end_s=0.5, track=True, target_fps=30, report=report))
    assert report.taken == len(results)
    assert report.taken + report.dropped == 15
    assert report.detections is not None
    assert 1 <= report.detections <= report.taken


def test_a_one_stage_model_looks_at_every_frame(frames: list[Frame]) -> None:
    follow = Follower(load_model("multipose", threads=1))
    ids = [np.asarray(follow(frame).track_ids).tolist() for frame in frames[:4]]
    assert follow.detections == 4
    assert all(ids[0][0] in each for each in ids)


@pytest.mark.parametrize("name", ["detect_every_s", "longest_rest_s", "max_score_loss", "max_change"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_settings_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"following setting {name} is"):
        FollowSettings(**{name: value})


def test_a_picture_cannot_be_followed() -> None:
    with pytest.raises(ConfigError, match="is no video: people are followed through frames that have a time"):
        stream(CLIP.with_name("astronaut.jpg"), model="multipose", track=True)


def test_streams_give_ids() -> None:
    results = list(stream(CLIP, model="lightning", threads=1, end_s=0.2, track=FollowSettings(detect_every_s=0.1)))
    assert all(result.poses.track_ids is not None and len(result.poses) for result in results)
