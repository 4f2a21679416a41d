"""`TrackSettings`: every number that tracking depends on, each with its reason.

Lengths are in *body sizes*, the longer side of a person's box, and times in seconds: nothing here knows pixels or
frames, so one set of numbers serves a phone in portrait at 240 fps and a camera across the street at 5.
"""

from dataclasses import dataclass

from gonio.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """What a `PoseTracker` goes by.

    Attributes:
        min_keypoint_score: Keypoints below are not compared: wrong ones would vote for wrong people. Of the default
            model's with 0.2, half are off by more than a tenth of the person (its card, ``keypoint_error``).
        confirm_sightings: A person seen this often is confirmed. SORT and DeepSORT (Bewley 2016, Wojke 2017) use 3.
        confirm_s: And over at least this time, else three frames of a 240 fps video would do; a false alarm rarely
            stays for 0.1 s.
        tentative_s: A person not yet confirmed is forgotten when unseen for this long: a flickering false alarm keeps
            one id, and does not wait long enough to catch somebody else.
        lost_s: A confirmed person is forgotten when unseen for this long. 2 s covers a walker behind a van or a turn
            outside the picture; beyond, where somebody could be is anywhere.
        same_oks: OKS from which on a pose is the one that was expected: these pairs are made first. 0.5 is COCO's bound
            for a pose that is found (AP50).
        min_similarity: Of the remaining pairs, those are not made whose cues are less alike on average. After a while
            unseen, pose and box say nothing, and place alone (without an image) must then lie in the inner half of the
            reach: 0.5 / 3.
        duplicate_oks: Two poses of one frame that are more alike are one person found twice, if only one of them has a
            track. Below the 0.7 of the shipped models' own suppression, which two noisy findings of one person pass.
        reach: A person may be this far from where they were expected, in body sizes: boxes and poses change.
        reach_per_s: And this much more for each second unseen: 1 body size/s is 1.7 m/s, brisk walking (Bohannon 1997:
            comfortable gait 1.3 to 1.5 m/s), in any direction beyond what the motion before foretells.
        max_size_ratio: One who returns is at most this much larger or smaller than before.
        min_appearance: One who returns looks at least this much the same (Bhattacharyya coefficient of colours). In
            ``benchmarks.motion.tracking``, people are 0.85 to 0.99 like themselves, 0.05 to 0.5 like others.
        appearance_memory_s: Time constant with which the remembered colours follow those seen.
        max_overlap: Colours are not learnt from a person whose box has a larger IoU with another's: half of them may
            be the other's.
        acceleration: Spectral density of a person's acceleration in (body sizes)^2 / s^3: 1 lets walking speed change
            by its own size within a second.
        position_noise: Standard deviation of a measured position, in body sizes: the median over the keypoints of one
            pose errs by about 2 %.
        size_noise: The same of the logarithm of the size: boxes follow arms and legs.
        size_drift: Spectral density of the drift of the logarithm of the size, 1/s.

    Raises:
        ConfigError: If a number is outside its range.
    """

    min_keypoint_score: float = 0.2
    confirm_sightings: int = 3
    confirm_s: float = 0.1
    tentative_s: float = 0.5
    lost_s: float = 2.0
    same_oks: float = 0.5
    min_similarity: float = 0.15
    duplicate_oks: float = 0.5
    reach: float = 0.5
    reach_per_s: float = 1.0
    max_size_ratio: float = 2.0
    min_appearance: float = 0.5
    appearance_memory_s: float = 1.0
    max_overlap: float = 0.2
    acceleration: float = 1.0
    position_noise: float = 0.02
    size_noise: float = 0.1
    size_drift: float = 0.1

    def __post_init__(self) -> None:
        shares = ("min_keypoint_score", "same_oks", "min_similarity", "duplicate_oks", "min_appearance", "max_overlap")
        at_least = dict.fromkeys(("confirm_s", "tentative_s", "lost_s", "reach_per_s", "size_drift"), 0.0)
        at_least |= {"confirm_sightings": 1, "max_size_ratio": 1.0}
        positive = ("reach", "appearance_memory_s", "acceleration", "position_noise", "size_noise")
        for name in shares:
            self._check(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        for name, low in at_least.items():
            self._check(name, low <= getattr(self, name) < float("inf"), f"at least {low:g} and finite")
        for name in positive:
            self._check(name, 0 < getattr(self, name) < float("inf"), "positive and finite")

    def _check(self, name: str, holds: bool, wanted: str) -> None:  # NaN holds nowhere
        if not holds:
            raise ConfigError(f"tracking setting {name} is {getattr(self, name)}; it must be {wanted}.")
