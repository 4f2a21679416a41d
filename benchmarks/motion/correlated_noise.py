"""Noise as a model makes it: some of it new in every frame, some that fades within a second, some that stays.

``keypoint_noise.toml`` holds what `benchmarks.motion.keypoint_noise` measured.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.structures.skeleton import Skeleton

MEASURED = Path(__file__).with_name("keypoint_noise.toml")
_LIKE = {"eye": "head", "ear": "head", "nose": "head", "heel": "ankle", "toe": "ankle", "neck": "shoulder"}
"""Keypoints that were not measured, or that the model does not have, err as these do."""


@dataclass(frozen=True, slots=True)
class Error:
    """Of one keypoint along one axis, in parts of the person's height.

    Attributes:
        frame: Sd of what is new in every frame.
        quick: Sd of what fades.
        quick_s: In which time, to 1 / e.
        lasting: Sd of what stays.
    """

    frame: float
    quick: float
    quick_s: float
    lasting: float

    @property
    def sd(self) -> float:
        """All of it."""
        return math.sqrt(self.frame**2 + self.quick**2 + self.lasting**2)

    def times(self, factor: float) -> "Error":
        """As large as that, and as quick."""
        return Error(self.frame * factor, self.quick * factor, self.quick_s, self.lasting * factor)

    def draw(self, time_s: FloatArray64, rng: np.random.Generator) -> FloatArray64:
        """``(T,)`` at any times; the same process whatever the frame rate.

        Source:
            Exact steps of the Ornstein-Uhlenbeck process: Gillespie, Phys Rev E 54, 1996.
        """
        kept = np.exp(-np.diff(time_s) / self.quick_s)
        fresh = rng.standard_normal(len(time_s))
        fading = fresh.copy()
        for step, part in enumerate(kept):
            fading[step + 1] = part * fading[step] + np.sqrt(1 - part**2) * fresh[step + 1]
        frames = rng.standard_normal(len(time_s))
        return np.asarray(self.frame * frames + self.quick * fading + self.lasting * rng.standard_normal())


Errors = Mapping[str, tuple[Error, Error]]
"""Along x and y of the picture, by part of the body."""


def read_errors(path: Path = MEASURED) -> Errors:
    """What was measured."""
    table = tomllib.loads(path.read_text("utf-8"))
    return {part: (Error(**axes["across"]), Error(**axes["up"])) for part, axes in table.items()}


def write_errors(path: Path, errors: Errors, *, model: str) -> None:
    """For `read_errors`."""
    lines = [f"# {model}, parts of the height; python -m benchmarks.motion.keypoint_noise --out {path.name}"]
    for part, axes in errors.items():
        for axis, error in zip(("across", "up"), axes, strict=True):
            lines += ["", f"[{part}.{axis}]", *(f"{name} = {value:.6f}" for name, value in asdict(error).items())]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def draw(skeleton: Skeleton, time_s: FloatArray64, errors: Errors, rng: np.random.Generator) -> FloatArray64:
    """``(T, K, 2)`` errors of every keypoint, each for itself, in parts of the height; 0 of those of no such part."""
    noise = np.zeros((len(time_s), len(skeleton), 2))
    for index, name in enumerate(skeleton.keypoint_names):
        for axis, error in enumerate(errors_of(name, errors)):
            noise[:, index, axis] = error.draw(time_s, rng)
    return noise


def errors_of(name: str, errors: Errors) -> tuple[Error, ...]:
    """Along x and y, of the part of the body that a keypoint belongs to; none where there is no such part."""
    parts = [part for part in errors if part in name] or [like for word, like in _LIKE.items() if word in name]
    return errors[parts[0]] if parts else ()
