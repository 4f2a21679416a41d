"""The main person of a clip, from the model or from stored keypoints: what the benchmarks of exercises start from."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import gonio
from gonio.geometry.oks import oks
from gonio.models.model import PoseModel
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

_BONUS = 0.3
"""What being the largest person is worth beside being where the main person was (OKS in [0, 1])."""


def main_person(
    clip: Path, *, model: PoseModel | None = None, stored: Path | None = None, start_s: float = 0.0
) -> PoseSequence:
    """Keypoints of the main person of a clip.

    Args:
        clip: Video.
        model: To run on it.
        stored: Folder of gonio JSON files by the clips' names, instead of running the model.
        start_s: Leave out what was before.
    """
    frames = _stored(stored / f"{clip.stem}.json") if stored else _predicted(clip, model)
    return PoseSequence.from_poses(list(_chained(poses for poses in frames if (poses.time_s or 0.0) >= start_s)))


def _predicted(clip: Path, model: PoseModel | None) -> Iterator[Poses]:
    for result in gonio.stream(clip, model=model):
        yield replace(result.poses, time_s=result.frame.time_s)


def _stored(path: Path) -> Iterator[Poses]:
    content = json.loads(path.read_text("utf-8"))
    skeleton = load_skeleton(content["skeleton"]["name"])
    for frame in content["frames"]:
        people = frame["people"]
        xys = np.array([person["keypoints"] for person in people], np.float32).reshape(-1, len(skeleton), 3)
        yield Poses(
            keypoints=xys[..., :2],
            scores=np.nan_to_num(xys[..., 2]),
            boxes=np.array([person["box"] for person in people], np.float32).reshape(-1, 4),
            person_scores=np.array([person["score"] for person in people], np.float32),
            skeleton=skeleton,
            frame_index=frame["index"],
            time_s=frame["time_s"],
        )


def _chained(frames: Iterable[Poses]) -> Iterator[Poses]:
    """One person a frame: near where the last one was, and large."""
    last = last_area = None
    for poses in frames:
        if len(poses) == 0:
            yield replace(poses, track_ids=np.zeros(0, np.int64))
            continue
        areas = np.prod(poses.boxes[:, 2:] - poses.boxes[:, :2], axis=1)
        merit = _BONUS * np.sqrt(areas / areas.max())
        if last is not None and last_area is not None:
            sigmas = np.array(poses.skeleton.sigmas, np.float32)
            merit = merit + oks(poses.keypoints, last.keypoints, areas=last_area, sigmas=sigmas)[:, 0]
        chosen = int(np.argmax(merit))
        last, last_area = poses[chosen], areas[[chosen]].astype(np.float32)
        yield replace(last, track_ids=np.zeros(1, np.int64))
