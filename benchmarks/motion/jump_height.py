"""How well jumps are measured on jumpers made of numbers: ``python -m benchmarks.motion.jump_height``.

What the hips gain between take-off and apex is known exactly (`benchmarks.motion.jumper`); landings are up to 4 cm
lower than take-offs and feet are drawn up a little, as people do. No real jump was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.motion.jumper import filmed_jump, random_jumper
from gonio.analysis.cleaning import clean
from gonio.analysis.jump import analyse_jump

CLIPS = 30
CASES = tuple(
    (skeleton, fps, noise) for skeleton in ("halpe26", "coco17") for fps in (30, 60) for noise in (0, 0.005, 0.01)
)


@dataclass(frozen=True, slots=True)
class Found:
    """One jump that was found.

    Attributes:
        height_error_m: Found minus true.
        height_sd_m: As told.
        take_off_error_s: Found minus true.
        landing_error_s: Found minus true.
    """

    height_error_m: float
    height_sd_m: float
    take_off_error_s: float
    landing_error_s: float


def measured(skeleton: str, fps: float, noise: float, seed: int) -> tuple[int, list[Found]]:
    """One clip of one or three jumps: how many there were, and those that were found, if none too many."""
    rng = np.random.default_rng(seed)
    jumper = random_jumper(rng, jumps=1 + 2 * (seed % 2))
    clip = filmed_jump(jumper, fps=fps, skeleton=skeleton, noise=noise, start_s=rng.uniform(0, 1 / fps), rng=rng)
    analysis = analyse_jump(clean(clip.sequence) if noise else clip.sequence)
    if len(analysis.repetitions) != len(jumper.heights_m):
        return len(jumper.heights_m), []
    truth = zip(jumper.heights_m, clip.take_off_s, clip.landing_s, strict=True)
    return len(jumper.heights_m), [
        Found(one.range - height, one.range_sd, one.start_s - take_off_s, one.end_s - landing_s)
        for one, (height, take_off_s, landing_s) in zip(analysis.repetitions, truth, strict=True)
    ]


def row(skeleton: str, fps: float, noise: float, clips: Sequence[tuple[int, list[Found]]]) -> str:
    """One line of the table."""
    found = [one for _, ones in clips for one in ones]
    heights = 100 * np.array([one.height_error_m for one in found])
    covered = np.mean([abs(one.height_error_m) <= 2 * one.height_sd_m for one in found])
    edges = 1000 * np.abs([(one.take_off_error_s, one.landing_error_s) for one in found]).mean(axis=0)
    cells = [
        *(skeleton, f"{fps:.0f}", f"{100 * noise:.1f} %", f"{len(found)} of {sum(count for count, _ in clips)}"),
        *(f"{np.abs(heights).mean():.1f}", f"{heights.mean():+.1f}", f"{100 * covered:.0f} %"),
        *(f"{edge:.0f}" for edge in edges),
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    print(f"{CLIPS} synthetic clips a row, of one or three jumps of 15 to 55 cm; no real jump was measured.\n")
    head = ["skeleton", "fps", "noise", "found", "height MAE, cm", "bias, cm", "within 2 sd"]
    head += ["take-off MAE, ms", "landing MAE, ms"]
    print("| " + " | ".join(head) + " |\n|---|---|---|" + "---:|" * (len(head) - 3))
    for case in CASES:
        print(row(*case, [measured(*case, seed) for seed in range(CLIPS)]), flush=True)


if __name__ == "__main__":
    main()
