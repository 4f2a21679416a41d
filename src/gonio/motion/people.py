"""Who moves in a video or a file of keypoints, and the one of them that is measured, cleaned and with error bars."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gonio.analysis.cleaning import CleaningSettings, clean
from gonio.analysis.uncertainty import with_uncertainty
from gonio.errors import MediaError
from gonio.io.formats.marker_map import MarkerMap
from gonio.io.formats.sequence_files import read_keypoints
from gonio.io.sources import Source
from gonio.io.sources.base import Selection
from gonio.models.model import PoseModel
from gonio.motion.quarter_turns import UprightSource, quarters_to_upright, result_as_filmed
from gonio.pipeline import stream
from gonio.results import Result
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.tracking.tracker import PoseTracker

ErrorByScore = Sequence[tuple[float, float]]
"""Knots ``(score, root mean square error as a part of the root of the box's area)``, from a model card."""
OnStep = Callable[[str, int, int], None]
"""Told now and then of a long step: its name, frames done, frames in all."""

_ALL = Selection()
_AS_PROMINENT = 0.5
"""Of the most prominent person's weight: who has less is in the background, or was there for a moment."""


def track_people(
    source: Source, model: PoseModel, *, up_deg: float = 0.0, on_result: Callable[[Result], None] | None = None
) -> PoseSequence:
    """Everyone in a video over time.

    Args:
        source: The video.
        model: Finds the keypoints.
        up_deg: Direction of up in the picture, degrees counter-clockwise from the picture's own; of a camera on its
            side or head the model sees the frames upright. Keypoints are those of the picture as it is.
        on_result: Called with each frame as it is done.

    Raises:
        MediaError: If no frame or nobody is in it.
    """
    frames: list[Poses] = []
    quarters = quarters_to_upright(up_deg)
    for upright in stream(UprightSource(source, quarters) if quarters else source, model=model, track=True):
        result = result_as_filmed(upright, quarters)
        frames.append(result.poses)
        if on_result is not None:
            on_result(result)
    if not frames:
        between = MediaError(f"no frame of '{source.name}' lies in the part that was asked for; choose a longer one")
        raise source.failures[0] if source.failures else between
    found = _together(frames, source.name)
    return (
        found.noted(f"frames turned by {90 * quarters} degrees counter-clockwise for the model") if quarters else found
    )


def read_people(
    path: str | Path,
    *,
    marker_map: str | Path | MarkerMap | None = None,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
    part: Selection = _ALL,
    on_step: OnStep = lambda *_: None,
) -> PoseSequence:
    """Everyone in a part of a file of keypoints; those without track ids are tracked first.

    Raises:
        MediaError: If the file cannot be read, or no frame or nobody is in the part.
        ConfigError: If it needs a marker map, or a frame rate.
    """
    found = _within(part, read_keypoints(path, map=marker_map, fps=fps, size_wh=size_wh), str(path))
    if isinstance(found, PoseSequence):
        return found
    if any(poses.track_ids is None and len(poses) for poses in found):
        tracker, tracked = PoseTracker(), []
        for poses in found:
            tracked.append(tracker.update(poses))
            on_step("tracking", len(tracked), len(found))
        found = tracked
    return _together(found, str(path))


def main_people(sequence: PoseSequence) -> list[int]:
    """The tracks of those most in sight, by the sum over time of size times score, from the most down to half of it.

    Raises:
        MediaError: If no track has a keypoint.
    """
    seen = np.asarray(np.isfinite(sequence.keypoints).all(axis=-1))
    points = np.where(seen[..., None], sequence.keypoints, np.nan)
    low = np.fmin.reduce(points, axis=2, initial=np.inf)
    high = np.fmax.reduce(points, axis=2, initial=-np.inf)
    diagonal = np.linalg.norm(np.where(np.any(seen, axis=2, keepdims=True), high - low, 0), axis=-1)
    weight = (diagonal * (sequence.scores * seen).mean(axis=2)).sum(axis=0)
    if not len(weight) or not weight.max() > 0:
        raise MediaError("nobody to measure: no track has a visible keypoint")
    order = np.argsort(-weight, kind="stable")
    return [int(sequence.track_ids[i]) for i in order if weight[i] >= _AS_PROMINENT * weight.max()]


def prepare(
    person: PoseSequence,
    *,
    errors: ErrorByScore | None = None,
    cleaning: CleaningSettings | None = None,
    on_step: OnStep = lambda *_: None,
) -> PoseSequence:
    """Error bars and cleaning: what every analysis takes."""
    known, frames = with_uncertainty(person, error_by_score=errors), len(person)
    cleaned = clean(known, cleaning, on_progress=lambda done: on_step("cleaning", round(done * frames), frames))
    return with_uncertainty(cleaned, error_by_score=errors)  # once more, for the keypoints that were filled in


def with_person(everyone: PoseSequence, person: PoseSequence) -> PoseSequence:
    """Everyone, with one of them as that sequence of one has it."""
    column = int(np.flatnonzero(everyone.track_ids == person.track_ids[0])[0])
    keypoints, scores = everyone.keypoints.copy(), everyone.scores.copy()
    keypoints[:, column], scores[:, column] = person.keypoints[:, 0], person.scores[:, 0]
    world = None if everyone.world is None else everyone.world.copy()
    if world is not None and person.world is not None:
        world[:, column] = person.world[:, 0]  # whose sides may have been exchanged back
    return replace(everyone, keypoints=keypoints, scores=scores, history=person.history, world=world)


def errors_of(model: PoseModel | None) -> ErrorByScore | None:
    """How far off the model's keypoints are by their score, where its card knows."""
    calibration = None if model is None else model.card.calibration
    return None if calibration is None else [(row.score, row.rms) for row in calibration.keypoint_error]


def _within(part: Selection, found: PoseSequence | list[Poses], name: str) -> PoseSequence | list[Poses]:
    """The frames whose time lies in the part; the end itself is out, as of a video."""
    times = found.time_s.tolist() if isinstance(found, PoseSequence) else [poses.time_s for poses in found]
    known = [time_s for time_s in times if time_s is not None]
    if not part.has_times or not known:
        return found
    inside = [time_s for time_s in known if not (part.is_before(time_s) or part.is_past(time_s))]
    if not inside:
        raise MediaError(
            f"no frame of '{name}' lies in the part that was asked for: it goes from {known[0]:.2f} s to "
            f"{known[-1]:.2f} s; choose another start or end"
        )
    if isinstance(found, PoseSequence):
        return found.between(inside[0], inside[-1]).present()
    return [poses for poses in found if poses.time_s is not None and inside[0] <= poses.time_s <= inside[-1]]


def _together(frames: Iterable[Poses], name: str) -> PoseSequence:
    nobody = np.zeros(0, np.int64)
    with_ids = [poses if poses.track_ids is not None else replace(poses, track_ids=nobody) for poses in frames]
    if not any(len(poses) for poses in with_ids):
        raise MediaError(f"nobody was found in '{name}' ({len(with_ids)} frames); is a person large enough to be seen?")
    return PoseSequence.from_poses(with_ids)
