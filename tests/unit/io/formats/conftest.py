"""People to write, and a disk that fills up."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

import numpy as np
import pytest

from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]
MakeSequence = Callable[..., PoseSequence]
FullDisk = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def make_frame() -> MakeFrame:
    def make(index: int = 0, time_s: float | None = None, source: str = "walk.mp4") -> Frame:
        return Frame(np.zeros((48, 64, 3), np.uint8), index=index, time_s=time_s, source=source)

    return make


@pytest.fixture
def make_poses() -> MakePoses:
    """N people whose every number is different; the nose of the first has no estimate."""

    def make(people: int = 2, *, tracked: bool = False) -> Poses:
        rng = np.random.default_rng(people)
        keypoints = rng.uniform(-5, 60, (people, 17, 2)).astype(np.float32)
        keypoints[:1, 0] = np.nan
        return Poses(
            keypoints=keypoints,
            scores=rng.uniform(0, 1, (people, 17)).astype(np.float32),
            boxes=rng.uniform(0, 60, (people, 4)).astype(np.float32),
            person_scores=rng.uniform(0, 1, people).astype(np.float32),
            skeleton=load_skeleton("coco17"),
            track_ids=np.arange(people) + 7 if tracked else None,
        )

    return make


@pytest.fixture
def make_sequence() -> MakeSequence:
    """A sequence whose every number is different; the left knee of the first is missing in the second step."""

    def make(
        people: int = 1, *, unit: Literal["px", "m"] = "m", d: int = 3, skeleton: str = "halpe26", sure: bool = False
    ) -> PoseSequence:
        rng = np.random.default_rng(people + 10 * d)
        known = load_skeleton(skeleton)
        size = 1.0 if unit == "m" else 500.0
        keypoints = rng.uniform(0, size, (5, people, len(known), d)).astype(np.float32)
        scores = rng.uniform(0.1, 1, keypoints.shape[:3]).astype(np.float32)
        keypoints[1, 0, known.index("left_knee")] = np.nan
        scores[1, 0, known.index("left_knee")] = 0
        return PoseSequence(
            keypoints=keypoints,
            scores=np.isfinite(keypoints[..., 0]).astype(np.float32) if sure else scores,
            time_s=np.arange(5) / 50,
            track_ids=np.arange(people) * 3 + 2,
            skeleton=known,
            unit=unit,
        )

    return make


@pytest.fixture
def full_disk() -> FullDisk:
    """Within the block no file can grow beyond a size: the system refuses the write, as on a full disk."""

    @contextmanager
    def limit(n_bytes: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit
