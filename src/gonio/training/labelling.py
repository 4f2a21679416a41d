"""A teacher's labels written to a file beforehand: keypoints for people of whom only the box is known."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gonio.arrays import BoolArray, FloatArray, FloatArray64, ImageArray, IntArray
from gonio.datasets.pictures import read_labelled
from gonio.errors import ConfigError
from gonio.geometry.affine import crop_box, invert, transform
from gonio.io.atomic import atomic_path
from gonio.io.formats.coco_labels import write_coco_keypoints
from gonio.structures.annotations import Annotations
from gonio.training.soft_targets import CONFIDENT, agreement_weights
from gonio.training.teacher import Teacher


@dataclass(frozen=True, slots=True, eq=False)
class TaughtLabels:
    """The labels of one picture after the teacher.

    Attributes:
        annotations: People's labels as they were, the teacher's where there were none, and weights.
        scores: ``(N, K)`` the teacher's scores; NaN for people that it did not look at.
    """

    annotations: Annotations
    scores: FloatArray


def load_teacher(
    source: str | Path, *, weights: Path | None = None, flip_test: bool = False, device: str | None = None
) -> Teacher:
    """`Teacher.load`, on a device; default: the GPU where there is one.

    Raises:
        ConfigError: If there is no such device.
        PoseError: As `Teacher.load`.
    """
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return Teacher.load(source, weights=weights, flip_test=flip_test).to(torch.device(chosen))
    except (RuntimeError, AssertionError) as error:  # PyTorch's two ways to say that a device is not there
        raise ConfigError(f"the device {chosen!r} cannot be used ({str(error).splitlines()[0]}); try cpu") from error


def label_people(
    teacher: Teacher,
    images: Sequence[Annotations],
    pictures: Sequence[Path],
    *,
    everyone: bool = False,
    min_score: float = CONFIDENT[0],
    batch_size: int = 32,
) -> Iterator[TaughtLabels]:
    """Let a teacher label people by their boxes.

    What people labelled stays as it is, with weight 1 or the file's. A keypoint of the teacher has visibility 2, as it
    cannot tell hidden ones, and the weight of `agreement_weights`; below ``min_score`` or outside the picture there
    is none. Crowds and empty boxes are left as they are.

    Args:
        teacher: Its skeleton has the keypoints of the labels.
        images: The labels.
        pictures: The file of each.
        everyone: Look also at people who have some keypoints, and add those that are missing.
        min_score: See above, in [0, 1].
        batch_size: Crops that go through the network at once; of how many pictures they are does not matter.

    Yields:
        The labels of each picture, in order.

    Raises:
        ConfigError: If the skeletons differ, or a setting is out of range.
        MediaError: If a picture cannot be read.
    """
    if not 0 <= min_score <= 1:
        raise ConfigError(f"min_score is {min_score}; give a number from 0 to 1")
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}; give at least 1")
    for labels in images:
        if labels.skeleton.keypoint_names != teacher.skeleton.keypoint_names:
            raise ConfigError(
                f"the labels of {labels.file_name!r} have the skeleton {labels.skeleton.name!r}, the teacher "
                f"{teacher.skeleton.name!r}; read the labels with the teacher's skeleton"
            )
    return _batched(teacher, zip(images, pictures, strict=True), everyone, min_score, batch_size)


def write_taught_labels(path: Path, taught: Iterable[TaughtLabels]) -> tuple[int, int]:
    """Write a COCO keypoint file with the extra keys ``scores`` and ``weights``, one number for each keypoint.

    The file appears when the last picture is done; whether it can be written is known before the first.

    Returns:
        People that the teacher looked at, and keypoints that it added weight to.

    Raises:
        ConfigError: If there is no picture.
        MediaError: If the file cannot be written.
    """
    with atomic_path(path) as temporary:
        done = list(taught)
        write_coco_keypoints(temporary, [one.annotations for one in done])
        content: dict[str, Any] = json.loads(temporary.read_text("utf-8"))
        scores = [person for one in done for person in one.scores]
        for person, own in zip(content["annotations"], scores, strict=True):
            if np.isfinite(own).all():
                person["scores"] = [round(float(score), 4) for score in own]
        temporary.write_text(json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n", "utf-8")
    looked = np.array([np.isfinite(person).all() for person in scores], bool)
    weights = [row for one in done if one.annotations.weights is not None for row in one.annotations.weights]
    added = sum(int((row > 0).sum()) for row, seen in zip(weights, looked, strict=True) if seen)
    return int(looked.sum()), added


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One picture and the crops of its people that the teacher shall look at."""

    labels: Annotations
    chosen: IntArray
    crops: list[ImageArray]
    matrices: list[FloatArray64]


def _batched(
    teacher: Teacher,
    pairs: Iterable[tuple[Annotations, Path]],
    everyone: bool,
    min_score: float,
    batch_size: int,
) -> Iterator[TaughtLabels]:
    waiting: list[_Job] = []
    for labels, picture in pairs:
        waiting.append(_job(teacher, labels, picture, everyone=everyone))
        if sum(len(job.crops) for job in waiting) >= batch_size:
            yield from _taught(teacher, waiting, min_score, batch_size)
            waiting = []
    yield from _taught(teacher, waiting, min_score, batch_size)


def _job(teacher: Teacher, labels: Annotations, picture: Path, *, everyone: bool) -> _Job:
    size = labels.boxes[:, 2:] - labels.boxes[:, :2]
    wanted: BoolArray = ~labels.is_crowd & (size > 0).all(axis=1)
    if not everyone:
        wanted &= ~(labels.visibility > 0).any(axis=1)
    chosen = np.flatnonzero(wanted)
    if not len(chosen):
        return _Job(labels, chosen, [], [])
    image = read_labelled(picture, labels)
    height, width = teacher.input_hw
    cut = [
        crop_box(image, box, size_wh=(width, height), margin=teacher.margin, pad_value=teacher.pad_value)
        for box in labels.boxes[chosen]
    ]
    return _Job(labels, chosen, [crop for crop, _ in cut], [matrix for _, matrix in cut])


def _taught(teacher: Teacher, jobs: Sequence[_Job], min_score: float, batch_size: int) -> Iterator[TaughtLabels]:
    """The teacher's answers for all crops, given back to their pictures."""
    keypoints, scores = _answers(teacher, [crop for job in jobs for crop in job.crops], batch_size)
    first = 0
    for job in jobs:
        own = slice(first, first + len(job.crops))
        first = own.stop
        found = [transform(invert(matrix), points) for matrix, points in zip(job.matrices, keypoints[own], strict=True)]
        yield _merged(job, np.array(found, np.float32).reshape(-1, *keypoints.shape[1:]), scores[own], min_score)


def _answers(teacher: Teacher, crops: Sequence[ImageArray], batch_size: int) -> tuple[FloatArray, FloatArray]:
    """Keypoints ``(N, K, 2)`` px of the crops, and scores ``(N, K)``."""
    k = len(teacher.skeleton)
    keypoints, scores = [np.zeros((0, k, 2), np.float32)], [np.zeros((0, k), np.float32)]
    for start in range(0, len(crops), batch_size):
        batch = np.stack(crops[start : start + batch_size]).transpose(0, 3, 1, 2)
        labels = teacher(torch.from_numpy(np.ascontiguousarray(batch)))
        keypoints.append(labels.keypoints.cpu().numpy())
        scores.append(labels.scores.cpu().numpy())
    return np.concatenate(keypoints), np.concatenate(scores)


def _merged(job: _Job, keypoints: FloatArray, scores: FloatArray, min_score: float) -> TaughtLabels:
    """People's labels where there are some, else the teacher's."""
    labels, chosen = job.labels, job.chosen
    height, width = labels.image_hw
    inside = ((keypoints >= -0.5) & (keypoints < (width - 0.5, height - 0.5))).all(axis=-1)
    human = labels.visibility[chosen]
    teachers = (human == 0) & inside & (scores >= min_score)
    size = labels.boxes[chosen, 2:] - labels.boxes[chosen, :2]
    areas = np.where(labels.areas[chosen] > 0, labels.areas[chosen], size.prod(axis=1))
    trust = agreement_weights(
        *(torch.from_numpy(array) for array in (keypoints, scores, labels.keypoints[chosen], human)),
        areas=torch.from_numpy(areas),
        sigmas=torch.tensor(labels.skeleton.sigmas),
    ).numpy()
    merged, visibility = labels.keypoints.copy(), labels.visibility.copy()
    weights = np.ones(visibility.shape, np.float32) if labels.weights is None else labels.weights.copy()
    merged[chosen] = np.where(teachers[..., None], keypoints, merged[chosen])
    visibility[chosen] = np.where(teachers, 2, human)
    weights[chosen] = np.where(teachers, trust, np.where(human > 0, weights[chosen], 0))
    all_scores = np.full(visibility.shape, np.nan, np.float32)
    all_scores[chosen] = scores
    return TaughtLabels(
        replace(labels, keypoints=merged, visibility=visibility, weights=weights.astype(np.float32)), all_scores
    )
