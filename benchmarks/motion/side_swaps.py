"""How well left and right are told apart again: ``python -m benchmarks.motion.side_swaps``.

Left and right are exchanged on purpose in clean sequences, for 1 to 15 frames at a time, with noise as a model's, and
`gonio.analysis.sides.repair_sides` must find where. A burst lies anywhere, also from one crossing of the legs to the
next. Counted are limbs in frames, where there is something to tell:

- The two sides of some joint truly are further apart than three standard deviations of the noise between them: an
  exchange that cannot be seen changes no angle. "Truly" is before noise is added; else noise alone would choose.
- Limbs that lie on one another for 0.05 s or longer leave no course to follow from before to after. What is exchanged
  from one such rest to the next is a sequence in which the other limb moved, as smooth as the true one, and nobody who
  sees no more than it can know. Such frames are left out and counted as "no truth"; "recall of all" is with them.

For videos nobody knows the truth: what the repair itself makes of the model's keypoints is taken for it, and only
bursts planted into that are judged. The noise there is what each keypoint trembles by (`temporal_sd`), if that is more
than the noise of the others: while a model draws both arms on one, they are apart by its trembling only. A limb is
judged where the model finds both its joints at the trunk, and does so in most of the clip: of legs that the picture
cuts off, a model puts knees and ankles anywhere, on the arms too, and such points have no sides. ``--keypoints
FOLDER`` takes what ``gonio predict`` stored there.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.motion.moving_people import exercise, markers, videos, with_model_noise
from gonio.analysis.residual import temporal_sd
from gonio.analysis.sides import exchange, limb_keypoints, repair_sides
from gonio.analysis.windows import is_seen, runs
from gonio.arrays import BoolArray, FloatArray64
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence

KINDS = {"legs": ("legs",), "arms": ("arms",), "whole body": ("legs", "arms", "head")}
LIMBS = ("legs", "arms")  # judged; eyes and ears lie too close together to matter
NOISE = 0.008  # of the body's height: about 1.4 cm; of the default model about 0.5 % is random from frame to frame
LONGEST_BURST = 15
SPACING = 40  # frames from one planted burst to the next, on average
ROUNDS = 4
MOST = 0.5
"""Part of a clip in which hips or shoulders must be found for legs or arms to be in the picture."""
REST_S = 0.05
"""Legs that pass each other in walking or running lie on one another for 0.03 s."""


@dataclass
class Tally:
    """Limbs in frames, where it matters."""

    planted: int = 0
    found: int = 0
    wrong: int = 0
    judged: int = 0
    no_truth: int = 0
    no_truth_found: int = 0
    bursts: list[bool] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in the counts of another."""
        self.planted += other.planted
        self.found += other.found
        self.wrong += other.wrong
        self.judged += other.judged
        self.no_truth += other.no_truth
        self.no_truth_found += other.no_truth_found
        self.bursts += other.bursts

    def row(self) -> str:
        """Precision, recall, share of bursts repaired in every frame that matters."""
        precision = self.found / max(self.found + self.wrong, 1) if self.planted else float("nan")
        recall = self.found / self.planted if self.planted else float("nan")
        planted, found = self.planted + self.no_truth, self.found + self.no_truth_found
        of_all = found / planted if planted else float("nan")
        whole = np.mean(self.bursts) if self.bursts else float("nan")
        counts = f"{self.planted:7d}  {self.wrong:5d}  {self.judged:7d}  {self.no_truth:8d}  {of_all:13.3f}"
        return f"{precision:9.3f}  {recall:6.3f}  {whole:12.3f}  {counts}"


Tallies = dict[tuple[str, str], Tally]
"""By motion and kind."""


def plant(sequence: PoseSequence, kind: str, rng: np.random.Generator) -> tuple[PoseSequence, BoolArray]:
    """Exchange a kind of limb in bursts; the mask is ``(T, N, K)``."""
    mask = np.zeros(sequence.scores.shape, bool)
    pairs = np.concatenate([limb_keypoints(sequence.skeleton, limb)[0] for limb in KINDS[kind]])
    start = int(rng.integers(3, SPACING))
    while start < len(sequence):
        length = int(rng.integers(1, LONGEST_BURST + 1))
        mask[start : start + length, :, pairs] = True
        start += length + int(rng.integers(3, 2 * SPACING - LONGEST_BURST))
    return exchange(sequence, mask), mask


def compare(repaired: BoolArray, planted: BoolArray, truth: PoseSequence, sd: FloatArray64 | float) -> Tally:
    """Judge each limb in each frame where its sides are apart; ``sd`` is one for all or ``(T, K)``."""
    tally, sd = Tally(), np.broadcast_to(sd, truth.scores[:, 0].shape)
    for limb in LIMBS:
        pairs, joint, _ = limb_keypoints(truth.skeleton, limb)
        points, between = truth.keypoints[:, 0], np.hypot(sd[:, pairs[:, 0]], sd[:, pairs[:, 1]])
        attached = np.asarray(is_seen(points[:, pairs[joint == 0].ravel()]).all(axis=1))
        if attached.mean() < MOST:
            continue
        apart = np.linalg.norm(points[:, pairs[:, 0]] - points[:, pairs[:, 1]], axis=-1)
        matters = (np.nan_to_num(apart) > 3 * between) & attached[:, None]  # (T, P)
        true, guess = planted[:, 0, pairs[:, 0]], repaired[:, 0, pairs[:, 0]]
        hit, missed, wrong = ((mask & matters).any(axis=1) for mask in (true & guess, true & ~guess, guess & ~true))
        frames = (true & matters).any(axis=1)
        open_ = untellable(frames, matters.any(axis=1), truth.time_s)
        tally.no_truth += int(frames[open_].sum())
        tally.no_truth_found += int((hit & ~missed)[open_].sum())
        frames &= ~open_
        missed &= ~open_
        tally.planted += int(frames.sum())
        tally.found += int((frames & ~missed).sum())
        tally.wrong += int(wrong.sum())
        tally.judged += int((matters.any(axis=1) & ~open_).sum())
        for start, end in runs(np.asarray(true.any(axis=1))):
            if frames[start:end].any():
                tally.bursts.append(not missed[start:end].any())
    return tally


def untellable(exchanged: BoolArray, apart: BoolArray, time_s: FloatArray64) -> BoolArray:
    """``(T,)``: what lies between two rests and is exchanged from the one to the other."""
    ends = np.append(time_s, 2 * time_s[-1] - time_s[-2])
    rests = [(start, end) for start, end in runs(~apart) if ends[end] - ends[start] >= REST_S]
    found = np.zeros(len(apart), bool)
    for (_, start), (end, _) in pairwise(rests):
        found[start:end] = exchanged[start:end].sum() == apart[start:end].sum()
    return found


def clean_sequences() -> Iterator[tuple[str, PoseSequence]]:
    """Markers and exercises, with their names."""
    for rate in (25.0, 30.0, 60.0, 100.0):
        for view in ("left", "right", "frontal"):
            for name in ("walk", "run"):
                yield f"{name}, {'frontal' if view == 'frontal' else 'side'}", markers(name, view, rate)
        for kind in ("squat", "jumping jack", "lunge", "high knees"):
            for view in ("left", "frontal"):
                yield f"{kind}, {'frontal' if view == 'frontal' else 'side'}", exercise(kind, view, rate)


def flagged(sequence: PoseSequence) -> BoolArray:
    """``(T, N, K)``: where sides were exchanged back."""
    flags = np.zeros(sequence.scores.shape, np.uint8) if sequence.flags is None else sequence.flags
    return np.asarray((flags & KeypointFlag.SIDES_EXCHANGED) > 0)


def repaired_in(sequence: PoseSequence) -> BoolArray:
    """``(T, N, K)``: what the repair exchanges."""
    return flagged(repair_sides(sequence)[0]) ^ flagged(sequence)


def judge(
    clean: PoseSequence,
    truth: PoseSequence,
    sd: FloatArray64 | float,
    rng: np.random.Generator,
    tallies: Tallies,
    name: str,
) -> None:
    """Repair the sequence as it is, and with each kind planted."""
    nothing = np.zeros(clean.scores.shape, bool)
    tallies[name, "nothing"].add(compare(repaired_in(clean), nothing, truth, sd))
    for kind in KINDS:
        spoilt, mask = plant(clean, kind, rng)
        tallies[name, kind].add(compare(repaired_in(spoilt), mask, truth, sd))


def table(title: str, tallies: Tallies) -> None:
    """One row per motion and kind, and the sums."""
    head = "precision  recall  whole bursts  planted  wrong   judged  no truth  recall of all"
    print(f"\n{title}\n{'motion':28}{'planted':12}{head}")
    for (name, kind), tally in tallies.items():
        print(f"{name:28}{kind:12}{tally.row()}")
    for kind in ("nothing", *KINDS):
        total = Tally()
        for (_, other), tally in tallies.items():
            if other == kind:
                total.add(tally)
        print(f"{'ALL':28}{kind:12}{total.row()}")


def height_px(sequence: PoseSequence) -> float:
    """Median height of the keypoints' box."""
    y = sequence.keypoints[:, 0, :, 1]
    y = y[np.isfinite(y).any(axis=1)]
    return float(np.median(np.nanmax(y, axis=1) - np.nanmin(y, axis=1)))


def main() -> None:
    """Plant, repair, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keypoints", type=Path, help="Folder of stored keypoints, CLIP.json; else the model runs.")
    parser.add_argument("--noise", type=float, default=NOISE, help="Standard deviation, of the body's height.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="Noises and plantings of each sequence.")
    parser.add_argument("--only", choices=("markers", "videos"), help="Markers and exercises, or videos; else both.")
    options = parser.parse_args()
    if options.only != "videos":
        markers_and_exercises(options.noise, options.rounds)
    if options.only != "markers":
        all_videos(options.keypoints, options.noise, options.rounds)


def markers_and_exercises(noise: float, rounds: int) -> None:
    """Where the truth is known."""
    rng = np.random.default_rng(0)
    tallies: Tallies = defaultdict(Tally)
    for name, sequence in clean_sequences():
        for _ in range(rounds):
            noisy = with_model_noise(sequence, rng, noise)
            judge(noisy, sequence, noise * height_px(sequence), rng, tallies, name)
    table(f"Markers and exercises, noise {100 * noise:g} % of the body's height", tallies)


def all_videos(keypoints: Path | None, noise: float, rounds: int) -> None:
    """Where the repair's own word is taken."""
    rng = np.random.default_rng(0)
    tallies: Tallies = defaultdict(Tally)
    for name, sequence in videos(keypoints):
        cleaned = repair_sides(sequence)[0]
        trembling = temporal_sd(cleaned.keypoints[:, 0].astype(np.float64), cleaned.time_s)
        sd = np.fmax(trembling, noise * height_px(cleaned))
        for _ in range(rounds):
            judge(cleaned, cleaned, sd, rng, tallies, name)
    table("Keypoints of the model that measures, as repaired", tallies)


if __name__ == "__main__":
    main()
