"""The proof of an export: the same inputs through source and file, compared by keypoints, or of a detector by boxes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Codec, DecodedPeople, Outputs
from gonio.errors import ExportError
from gonio.export.compared import PLURAL, Compared, Measured
from gonio.export.formats import Limits
from gonio.models.backends import Backend


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a file is from its source.

    Attributes:
        px: Largest distance of a confident keypoint, pixels of the network's input; 0 if none is confident. Of a
            detector's box the mean of its sides' distances.
        score: Largest difference of its score.
        raw: Largest difference of any number of any output.
        relative: The same, as a fraction of the largest number of that output.
        points: How many confident keypoints, or boxes, were compared.
        inputs: How many inputs were.
        measured: Which of the two.
    """

    px: float
    score: float
    raw: float
    relative: float
    points: int
    inputs: int
    measured: Measured = "keypoint"

    def check(self, limits: Limits, *, name: str) -> None:
        """Pass, or say by how much it fails.

        Raises:
            ExportError: If a value is above its limit.
        """
        # "not <=" rather than ">": a NaN fails as well
        if self.points and self.px == math.inf:
            fault = f"a {self.measured} is missing where its source, or it, is sure of one"
        elif self.points and not self.px <= limits.px:
            fault = f"a {self.measured} lies {self.px:.3g} px from its source's, the limit is {limits.px:g} px"
        elif self.points and not self.score <= limits.score:
            fault = f"a {self.measured}'s score is {self.score:.3g} from its source's, the limit is {limits.score:g}"
        elif not self.relative <= limits.relative:
            fault = (
                f"an output lies {self.relative:.2g} of its largest value from its source's, the limit is "
                f"{limits.relative:g}"
            )
        else:
            return
        raise ExportError(
            f"the exported '{name}' does not do what its source does: {fault}; nothing was written. Another format, "
            "opset or precision may do; --limit-px allows more"
        )

    def __str__(self) -> str:
        sure = f"{self.points} {PLURAL[self.measured]}: at most {self.px:.2g} px and {self.score:.1g} of score apart"
        what = sure if self.points else f"no {self.measured} sure"
        return f"{self.inputs} inputs, {what}; raw outputs {self.raw:.1g}"


def compare(
    source: Backend, export: Backend, batches: Sequence[FloatArray], codec: Codec, by: Compared | None = None
) -> Parity:
    """Run both on the same inputs.

    Args:
        source: What it must do.
        export: What it does.
        batches: Each ``(B, 3, h, w)`` float32, normalised.
        codec: Turns outputs into people.
        by: What of them counts; None: keypoints.

    Raises:
        ExportError: If an output is missing, has another shape, or holds NaN or infinity.
    """
    by = by or Compared()
    parts = [_compare_batch(source.run(batch), export.run(batch), codec, by) for batch in batches]
    return Parity(
        px=_largest([part.px for part in parts]),
        score=_largest([part.score for part in parts]),
        raw=_largest([part.raw for part in parts]),
        relative=_largest([part.relative for part in parts]),
        points=sum(part.points for part in parts),
        inputs=sum(len(batch) for batch in batches),
        measured=by.measured,
    )


def _compare_batch(wanted: Outputs, found: Outputs, codec: Codec, by: Compared) -> Parity:
    raw, relative = [0.0], [0.0]
    for name in codec.output_channels:
        if name not in found or found[name].shape != wanted[name].shape:
            shape = found[name].shape if name in found else "none"
            raise ExportError(f"output {name!r} of the export has the shape {shape}, expected {wanted[name].shape}")
        if not np.isfinite(found[name]).all():
            raise ExportError(f"output {name!r} of the export holds NaN or infinity; try --precision float32")
        raw.append(float(np.abs(found[name] - wanted[name]).max()))
        relative.append(raw[-1] / max(float(np.abs(wanted[name]).max()), 1e-6))
    distances, scores = [0.0], [0.0]
    pairs = list(zip(codec.decode(wanted), codec.decode(found), strict=True))
    for ours, theirs in [*pairs, *((theirs, ours) for ours, theirs in pairs)]:  # nobody missing, nobody invented
        for px, score in _nearest(ours, theirs, by):
            distances.append(px)
            scores.append(score)
    count = sum(int((by.scores(ours) >= by.least).sum()) for ours, _ in pairs)
    return Parity(
        _largest(distances), _largest(scores), _largest(raw), _largest(relative), points=count, inputs=len(pairs)
    )


def _largest(values: Sequence[float]) -> float:
    """NaN if one is NaN, which ``max`` would hide."""
    return float(np.max(values))


def _nearest(people: DecodedPeople, others: DecodedPeople, by: Compared) -> list[tuple[float, float]]:
    """Of each person that is sure somewhere: largest distance and score difference to the most alike of others."""
    found = []
    their_points, their_scores = by.points(others), by.scores(others)
    for points, scores in zip(by.points(people), by.scores(people), strict=True):
        confident = scores >= by.least
        if not confident.any():
            continue
        if not len(others):
            found.append((float("inf"), 1.0))
            continue
        away = by.shifts(their_points[:, confident], points[confident]).max(axis=1)
        away = np.nan_to_num(away, nan=np.inf)  # NaN: the other has no such keypoint
        best = int(away.argmin())
        found.append((float(away[best]), float(np.abs(their_scores[best] - scores)[confident].max())))
    return found
