"""Left and right told apart over time: repair of frames in which the model exchanged them.

A model sees one picture at a time; where legs cross, it may call the left one right for some frames. Over time the
mistake shows, because a leg then jumps, or bounces off the other where it should pass. Which frames are exchanged is
searched for by `gonio.analysis.side_search`, separately for arms, legs and head, and once more in the light of what was
found in the others. What motion leaves open, `gonio.analysis.side_habit` helps to decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.bones import body_unit, bone_lengths, relative_size
from gonio.analysis.side_habit import side_habit
from gonio.analysis.side_search import LimbTrack, Progress, SideRates, exchanged_joints
from gonio.analysis.windows import is_seen, rolling_median, runs
from gonio.arrays import BoolArray, FloatArray64, IntArray
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_JOINTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "legs": (("hip",), ("knee",), ("ankle", "heel", "big_toe", "foot_index")),
    "arms": (("shoulder",), ("elbow",), ("wrist",)),
    "head": (("eye", "ear"),),
}
"""Limb to joints, from the trunk outwards, and the points that tell them; a heel goes wherever its ankle goes."""
_FOOT = ("small_toe", "foot")
_HAND = ("hand", "thumb", "index", "forefinger", "middle_finger", "ring_finger", "pinky")
"""Beginnings of names of points that go with the ankle or wrist without telling it; other pairs go with the head."""

_NOISE_FLOOR = 0.02
"""Body lengths, about 1 cm: markers are steadier, but then any value does."""
_AGILITY_FLOOR = 0.02
"""Body lengths^2/s^3: somebody who stands still may start to move."""
_LONG_LAG_S = 0.1
"""Long enough for motion to outgrow noise, short against a step (0.25 s in a sprint)."""
_MOOD_S = 0.15
"""Half of the time for which somebody moves as wildly: a downswing in golf takes 0.25 s, a step about as long."""
_FOLLOWED = 2.0
"""Times the agility foretold: motion 1.4 times as wild is still followed, and calm limbs are told the better."""
_BONE_EXCESS = 0.15
"""Standard deviation of a bone's length beyond its longest, as a share of it."""
_BONE_COST_LIMIT = 6.0
"""Nats: one wild point must not decide about sides."""


@dataclass(frozen=True, slots=True)
class SideRepairs:
    """What was exchanged back.

    Attributes:
        bursts: By limb (``"arms"``, ``"legs"``, ``"head"``): unbroken runs of frames, over all people.
        frames: By limb: frames times people.
    """

    bursts: Mapping[str, int]
    frames: Mapping[str, int]

    def __str__(self) -> str:
        """For example ``legs 2 times (9 frames), arms once (1 frame)``."""
        parts = []
        for limb, count in self.bursts.items():
            times = "once" if count == 1 else f"{count} times"
            frames = self.frames[limb]
            parts += [f"{limb} {times} ({frames} frame{'s' if frames > 1 else ''})"] * (count > 0)
        return ", ".join(parts) or "none"


def repair_sides(
    sequence: PoseSequence, *, rates: SideRates | None = None, on_progress: Progress = lambda _: None
) -> tuple[PoseSequence, SideRepairs]:
    """Exchange left and right back where the model confused them, per person and limb.

    Motion, bones and the rarity of mistakes decide together. Where limbs lie on one another nothing tells the sides,
    and nothing is changed; likewise if they are exchanged in the whole sequence.

    Args:
        sequence: Any skeleton with sides, 2D or 3D, any unit; NaN where a keypoint is missing.
        rates: How the model errs; None: `SideRates` as they are.
        on_progress: Told how much is done: a frame takes a few milliseconds.

    Returns:
        The sequence, with coordinates, scores, standard deviations and flags exchanged and ``SIDES_EXCHANGED`` set,
        and the counts.
    """
    exchanged = np.zeros(sequence.scores.shape, bool)
    bursts, frames = dict.fromkeys(_JOINTS, 0), dict.fromkeys(_JOINTS, 0)
    people = len(sequence.track_ids)
    for person in range(people):
        keypoints = sequence.keypoints[:, person].astype(np.float64)
        progress = _share(on_progress, person, people)
        for limb, mask in _exchanged(keypoints, sequence, rates or SideRates(), progress).items():
            exchanged[:, person] |= mask
            touched = np.asarray(mask.any(axis=1))
            bursts[limb] += len(list(runs(touched)))
            frames[limb] += int(touched.sum())
    on_progress(1.0)
    return exchange(sequence, exchanged), SideRepairs(bursts, frames)


def exchange(sequence: PoseSequence, where: BoolArray) -> PoseSequence:
    """Give each keypoint of ``(T, N, K)`` ``where`` what its other side has, and flag it.

    ``where`` must be the same for both sides of a pair.
    """
    other = np.array(sequence.skeleton.flip_indices)
    flags = np.zeros(where.shape, np.uint8) if sequence.flags is None else sequence.flags
    flags = np.where(where, flags[:, :, other] ^ np.uint8(KeypointFlag.SIDES_EXCHANGED), flags)
    sd, world = sequence.keypoint_sd, sequence.world
    return replace(
        sequence,
        keypoints=np.where(where[..., None], sequence.keypoints[:, :, other], sequence.keypoints),
        scores=np.where(where, sequence.scores[:, :, other], sequence.scores),
        keypoint_sd=None if sd is None else np.where(where, sd[:, :, other], sd),
        flags=flags,
        world=None if world is None else np.where(where[..., None], world[:, :, other], world),
    )


def limb_keypoints(skeleton: Skeleton, limb: str) -> tuple[IntArray, IntArray, BoolArray]:
    """What belongs to a limb.

    Returns:
        ``(P, 2)`` left and right keypoint indices, ``(P,)`` the joint that each pair belongs to, counted from the
        trunk, and ``(P,)`` whether it tells the joint's side or only follows.
    """
    names = skeleton.keypoint_names
    found = []
    for left, name in enumerate(names):
        stem = name.removeprefix("left_")
        if name.startswith("left_") and f"right_{stem}" in names and _limb_and_joint(stem)[0] == limb:
            _, joint, tells = _limb_and_joint(stem)
            found.append((left, names.index(f"right_{stem}"), joint, tells))
    table = np.array(found, np.int64).reshape(-1, 4)
    return table[:, :2], np.unique(table[:, 2], return_inverse=True)[1], table[:, 3].astype(bool)


def _limb_and_joint(stem: str) -> tuple[str, int, bool]:
    """Limb, joint of it, and whether this point tells its side."""
    for limb, joints in _JOINTS.items():
        for joint, points in enumerate(joints):
            if stem in points:
                return limb, joint, True
    if stem.startswith(_FOOT):
        return "legs", 2, False
    return ("arms", 2, False) if stem.startswith(_HAND) else ("head", 0, False)


def _exchanged(
    keypoints: FloatArray64, sequence: PoseSequence, rates: SideRates, on_progress: Progress
) -> dict[str, BoolArray]:
    """``(T, K)`` by limb, of one person's ``(T, K, D)``; a limb that was never seen on both sides is left out."""
    skeleton, time_s = sequence.skeleton, sequence.time_s
    unit = body_unit(keypoints, skeleton)
    found: dict[str, BoolArray] = {}
    if not unit > 0:
        return found
    size = relative_size(bone_lengths(keypoints, skeleton), time_s)
    tracks: dict[str, LimbTrack] = {}
    alone: dict[str, BoolArray] = {}
    searches = 2 * len(_JOINTS)
    for place, limb in enumerate(_JOINTS):
        pairs, joint, tells = limb_keypoints(skeleton, limb)
        points = keypoints[:, pairs[tells].T] / unit  # (T, 2, P, D)
        seen = is_seen(points)
        if len(time_s) < 3 or not len(pairs) or not seen.any(axis=(0, 2)).all():
            continue
        points = points - points[seen].mean(axis=0)
        noise, agility = motion_scale(points, time_s)
        bone_cost = _bone_cost(points, joint[tells], size)
        centres = points[:, :, np.unique(joint[tells], return_index=True)[1]] / size[:, None, None, None]
        habit = side_habit(centres, noise, time_s, apart_s=rates.memory_s)
        tracks[limb] = LimbTrack(points, joint[tells], noise, agility, size, bone_cost, habit, time_s)
        alone[limb] = exchanged_joints(tracks[limb], rates, on_progress=_share(on_progress, place, searches))
    for place, (limb, track) in enumerate(tracks.items(), len(_JOINTS)):
        joints = _in_company(limb, track, alone, rates, _share(on_progress, place, searches))
        pairs, joint, _ = limb_keypoints(skeleton, limb)
        mask = np.zeros(keypoints.shape[:2], bool)
        mask[:, pairs] = joints[:, joint, None]
        found[limb] = mask
    return found


def _share(on_progress: Progress, place: int, of: int) -> Progress:
    """What one of several equal parts of the work tells its progress to."""
    return lambda done: on_progress((place + done) / of)


def _in_company(
    limb: str, track: LimbTrack, alone: Mapping[str, BoolArray], rates: SideRates, on_progress: Progress
) -> BoolArray:
    """``(T, J)``: the search again, where legs or arms were found exchanged: a model often takes all for the other."""
    others = [alone[other].any(axis=1) for other in ("legs", "arms") if other != limb and other in alone]
    together = np.mean(others, axis=0) if others else np.zeros(len(track.time_s))
    if not together.any():
        return alone[limb]
    likelier = replace(track, habit=np.clip(track.habit - together[:, None], -1, 1))
    return exchanged_joints(likelier, rates, on_progress=on_progress)


def motion_scale(points: FloatArray64, time_s: FloatArray64) -> tuple[FloatArray64, FloatArray64]:
    """How noisy each point is, and how agile it is at each time, from second differences at a short and a long lag.

    White noise of variance r adds 6 r at any lag h; a velocity that wanders with density q adds 2/3 q h^3. Two lags
    give both. Sides are matched anew at each step, so that exchanged ones do not count as motion. Noise is the same
    throughout, agility is not: who stands, swings a club and stands again would otherwise be taken for somebody calm,
    whose limbs cannot have moved so fast.

    Args:
        points: ``(T, 2, P, D)``.
        time_s: ``(T,)``.

    Returns:
        ``(P,)`` variance of one coordinate, and ``(T, P)`` spectral density of acceleration.
    """
    interval = float(np.median(np.diff(time_s)))
    lag = max(2, round(_LONG_LAG_S / interval))
    short, long = _bend(points, 1), _bend(points, lag)
    h1, h2 = interval, lag * interval
    usual = np.maximum(1.5 * (_usual(long) - _usual(short)) / (h2**3 - h1**3), _AGILITY_FLOOR)
    noise = np.maximum((_usual(short) - 2 / 3 * usual * h1**3) / 6, 0.0)
    now = 1.5 * (rolling_median(long, time_s, _MOOD_S) - 6 * noise) / h2**3
    return np.maximum(noise, _NOISE_FLOOR**2), np.fmax(now / _FOLLOWED, usual)


def _bend(points: FloatArray64, lag: int) -> FloatArray64:
    """``(T, P)``: square second difference of one coordinate; NaN where it reaches beyond the sequence."""
    before, here, after = points[: -2 * lag], points[lag:-lag], points[2 * lag :]
    options = [
        ((a - 2 * here + b) ** 2).mean(axis=-1).sum(axis=1)  # (T, P), both limbs
        for a in (before, before[:, ::-1])
        for b in (after, after[:, ::-1])
    ]
    bend = np.full((len(points), points.shape[2]), np.nan)
    if len(here):
        bend[lag:-lag] = np.min(options, axis=0) / 2
    return bend


def _usual(bend: FloatArray64) -> FloatArray64:
    """``(P,)``: mean over time, without the wildest tenth."""
    usual = np.zeros(bend.shape[1])
    for p in range(len(usual)):
        values = np.sort(bend[np.isfinite(bend[:, p]), p])
        if len(values):
            usual[p] = values[: max(1, int(0.9 * len(values)))].mean()
    return usual


def _bone_cost(points: FloatArray64, unit_of: IntArray, size: FloatArray64) -> FloatArray64:
    """``(T, J - 1, 2)``: see `LimbTrack`. The first point of a joint is its centre."""
    centres = points[:, :, np.unique(unit_of, return_index=True)[1]]
    near, far = centres[:, :, :-1], centres[:, :, 1:]
    ways = np.stack([np.linalg.norm(far - near, axis=-1), np.linalg.norm(far[:, ::-1] - near, axis=-1)], axis=-1)
    ways = ways / size[:, None, None, None]  # (T, 2, J - 1, 2)
    cost = np.zeros((len(points), ways.shape[2], 2))
    for bone in range(ways.shape[2]):
        # Drawn on one side or across, the shorter way is the bone's: exchanged ankles do not make the shank long.
        shorter = np.sort(ways[:, :, bone].sum(axis=1).min(axis=-1) / 2)
        shorter = shorter[np.isfinite(shorter)]
        if len(shorter):
            longest = shorter[int(0.9 * (len(shorter) - 1))]
            excess = np.maximum(ways[:, :, bone] / longest - 1, 0) / _BONE_EXCESS
            cost[:, bone] = np.minimum(np.nan_to_num(excess**2 / 2), _BONE_COST_LIMIT).sum(axis=1)
    return cost
