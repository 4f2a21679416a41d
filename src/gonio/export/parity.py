"""The proof of an export: the same inputs through source and file, compared where people look, at the keypoints."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Codec, DecodedPeople, Outputs
from gonio.errors import ExportError
from gonio.export.formats import Limits
from gonio.models.backends import Backend

CONFIDENT = 0.3
"""Keypoints from this score on are compared: the place of a peak that is not there means nothing."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a file is from its source.

    Attributes:
        keypoint_px: Largest distance of a confident keypoint, pixels of the network's input; 0 if none is confident.
        score: Largest difference of its score.
        raw: Largest difference of any number of any output.
        relative: The same, as a fraction of the largest number of that output.
        keypoints: How many confident keypoints were compared.
        inputs: How many inputs were.
    """

    keypoint_px: float
    score: float
    raw: float
    relative: float
    keypoints: int
    inputs: int

    def check(self, limits: Limits, *, name: str) -> None:
        """Pass, or say by how much it fails.

        Raises:
            ExportError: If a value is above its limit.
        """
        # "not <=" rather than ">": a NaN fails as well
        if self.keypoints and self.keypoint_px == math.inf:
            fault = "a keypoint is missing where its source, or it, is sure of one"
        elif self.keypoints and not self.keypoint_px <= limits.px:
            fault = f"a keypoint lies {self.keypoint_px:.3g} px from its source's, the limit is {limits.px:g} px"
        elif self.keypoints and not self.score <= limits.score:
            fault = f"a keypoint's score is {self.score:.3g} from its source's, the limit is {limits.score:g}"
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
        sure = f"{self.keypoints} keypoints: at most {self.keypoint_px:.2g} px and {self.score:.1g} of score apart"
        return f"{self.inputs} inputs, {sure if self.keypoints else 'no keypoint sure'}; raw outputs {self.raw:.1g}"


def compare(source: Backend, export: Backend, batches: Sequence[FloatArray], codec: Codec) -> Parity:
    """Run both on the same inputs.

    Args:
        source: What it must do.
        export: What it does.
        batches: Each ``(B, 3, h, w)`` float32, normalised.
        codec: Turns outputs into keypoints.

    Raises:
        ExportError: If an output is missing, has another shape, or holds NaN or infinity.
    """
    parts = [_compare_batch(source.run(batch), export.run(batch), codec) for batch in batches]
    return Parity(
        keypoint_px=_largest([part.keypoint_px for part in parts]),
        score=_largest([part.score for part in parts]),
        raw=_largest([part.raw for part in parts]),
        relative=_largest([part.relative for part in parts]),
        keypoints=sum(part.keypoints for part in parts),
        inputs=sum(len(batch) for batch in batches),
    )


def _compare_batch(wanted: Outputs, found: Outputs, codec: Codec) -> Parity:
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
        for keypoint_px, score in _nearest(ours, theirs):
            distances.append(keypoint_px)
            scores.append(score)
    count = sum(int((ours.scores >= CONFIDENT).sum()) for ours, _ in pairs)
    return Parity(
        _largest(distances), _largest(scores), _largest(raw), _largest(relative), keypoints=count, inputs=len(pairs)
    )


def _largest(values: Sequence[float]) -> float:
    """NaN if one is NaN, which ``max`` would hide."""
    return float(np.max(values))


def _nearest(people: DecodedPeople, others: DecodedPeople) -> list[tuple[float, float]]:
    """Of each person with a confident keypoint: largest distance and score difference to the most alike of others."""
    found = []
    for keypoints, scores in zip(people.keypoints, people.scores, strict=True):
        confident = scores >= CONFIDENT
        if not confident.any():
            continue
        if not len(others):
            found.append((float("inf"), 1.0))
            continue
        away = np.linalg.norm(others.keypoints[:, confident] - keypoints[confident], axis=-1).max(axis=1)
        away = np.nan_to_num(away, nan=np.inf)  # NaN: the other has no such keypoint
        best = int(away.argmin())
        found.append((float(away[best]), float(np.abs(others.scores[best] - scores)[confident].max())))
    return found
