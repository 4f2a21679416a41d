"""Lint of left and right, and of the order of keypoints: what the shape of a body says against the names.

Anatomy fixes handedness. Eyes and nose of a face that is seen make a triangle that turns one way round, however the
head lies in the picture; shoulders and hips are turned the same way; a face that looks at us sits on a chest, not on
a back. Someone seen from behind with everything swapped looks like someone seen from the front without a face, and is
not found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray
from gonio.datasets.findings import Finding
from gonio.datasets.loading import LabelledSet
from gonio.structures.annotations import Annotations

MIN_PEOPLE = 10
"""From how many people on the order of keypoints is judged."""
SET_PART, SET_PEOPLE = 0.3, 5
"""The whole set is suspect if this part, and this many, of the people whose sides can be told are swapped."""

# Of people in photographs, the ends of an arm are further apart than either half in 0.80, of a leg in 0.93; of a set
# with two of the three exchanged in 0.2 and less. Below 0.4 is therefore no chance.
_CHAINS = tuple(
    (f"{side}_{a}", f"{side}_{b}", f"{side}_{c}")
    for side in ("left", "right")
    for a, b, c in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
)
_ABOVE = tuple(
    (upper, f"{side}_{lower}")
    for side in ("left", "right")
    for upper, lower in (
        ("nose", "hip"),
        ("head_top", "hip"),
        (f"{side}_shoulder", "hip"),
        (f"{side}_hip", "knee"),
        (f"{side}_knee", "ankle"),
    )
)
_CROSSED = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))


_FACE_FAULT = (
    "eyes and nose are mirrored: the sides are swapped, or this is the back of a head and its face is not visible"
)


class Point(NamedTuple):
    """Pixels; a vector too."""

    x: float
    y: float


class Body:
    """The labelled points of a person by name, and the vectors between them."""

    def __init__(self, names: Sequence[str], keypoints: FloatArray, visibility: IntArray) -> None:
        self.points = {
            name: Point(float(x), float(y))
            for name, (x, y), v in zip(names, keypoints, visibility, strict=True)
            if v > 0
        }
        self.seen = {name for name, v in zip(names, visibility, strict=True) if v == 2}

    def has(self, *names: str) -> bool:
        """Whether all are labelled."""
        return all(name in self.points for name in names)

    def middle(self, part: str) -> Point:
        """Half way between left and right."""
        left, right = self.points[f"left_{part}"], self.points[f"right_{part}"]
        return Point((left.x + right.x) / 2, (left.y + right.y) / 2)

    def across(self, part: str) -> Point:
        """From right to left."""
        return minus(self.points[f"left_{part}"], self.points[f"right_{part}"])


def minus(a: Point, b: Point) -> Point:
    """From b to a."""
    return Point(a.x - b.x, a.y - b.y)


def cross(a: Point, b: Point) -> float:
    """Twice the signed area between two vectors; y down, so negative is anticlockwise to the eye."""
    return a.x * b.y - a.y * b.x


def length(a: Point) -> float:
    """Of a vector, px."""
    return float(np.hypot(a.x, a.y))


def lint_sides(dataset: LabelledSet) -> Iterator[Finding]:
    """Swapped people, swapped sets, and keypoints that are not where their names say."""
    judged = 0
    found: list[Finding] = []
    for labels in dataset.images:
        for n in np.flatnonzero(~labels.is_crowd):
            body = Body(labels.skeleton.keypoint_names, labels.keypoints[n], labels.visibility[n])
            verdicts = [verdict for cue in _CUES if (verdict := cue(body)) is not None]
            judged += bool(verdicts)
            if wrong := [verdict for verdict in verdicts if verdict]:
                position = dataset.position(labels, int(n))
                found.append(Finding("sides-swapped", "; ".join(wrong), dataset.name, labels.file_name, position))
    yield from found
    if len(found) >= SET_PEOPLE and len(found) >= SET_PART * judged:
        message = f"{len(found)} of the {judged} people whose sides can be told; is the order of keypoints right?"
        yield Finding("sides-swapped-set", message, dataset.name)
    yield from _order(dataset)


def _face(body: Body) -> str | None:
    """Right eye to left eye to nose turns one way round where the face is seen."""
    if not {"nose", "left_eye", "right_eye"} <= body.seen:
        return None
    eyes, up = body.across("eye"), minus(body.middle("eye"), body.points["nose"])
    e, u = length(eyes), length(up)
    if e < 4 or not 0.25 * e < u < 2.0 * e or abs(cross(eyes, up)) < 0.5 * e * u:
        return None
    if body.has("left_shoulder", "right_shoulder"):
        neck = minus(body.points["nose"], body.middle("shoulder"))
        if neck.x * up.x + neck.y * up.y <= 0:  # a head thrown back: the nose is above the eyes
            return None
    return "" if cross(eyes, up) < 0 else _FACE_FAULT


def _ear(body: Body) -> str | None:
    """Who looks to the left of the picture shows the left ear."""
    ears = [side for side in ("left", "right") if body.has(f"{side}_ear")]
    if len(ears) != 1 or f"{ears[0]}_ear" not in body.seen or "nose" not in body.seen:
        return None
    if not body.has("left_shoulder", "right_shoulder"):
        return None
    ahead = minus(body.points["nose"], body.points[f"{ears[0]}_ear"])
    up = minus(body.points["nose"], body.middle("shoulder"))
    if body.has("left_hip", "right_hip"):
        trunk = minus(body.middle("shoulder"), body.middle("hip"))
        if up.x * trunk.x + up.y * trunk.y <= 0:  # a head that hangs down
            return None
    if length(ahead) < 5 or abs(cross(ahead, up)) < 0.7 * length(ahead) * length(up):
        return None
    shown = "left" if cross(ahead, up) > 0 else "right"
    return (
        "" if shown == ears[0] else f"the head looks to where its {shown} ear shows, but the {ears[0]} one is labelled"
    )


def _torso(body: Body) -> str | None:
    """Shoulders and hips are turned the same way."""
    widths = _torso_widths(body)
    if widths is None or abs(widths[0]) < 0.3 or abs(widths[1]) < 0.2:
        return None
    return "" if widths[0] * widths[1] > 0 else "shoulders and hips are turned opposite ways"


def _face_and_torso(body: Body) -> str | None:
    """A face that looks at us, its nose between the eyes, is not on a back."""
    widths = _torso_widths(body)
    if widths is None or _face(body) != "" or abs(widths[0]) < 0.4 or widths[0] * widths[1] <= 0:
        return None
    eyes, nose = body.across("eye"), minus(body.points["nose"], body.points["right_eye"])
    along = (eyes.x * nose.x + eyes.y * nose.y) / (eyes.x**2 + eyes.y**2)
    if not 0.2 < along < 0.8:
        return None
    return "" if widths[0] < 0 else "the face looks at us, but shoulders and hips say that we see the back"


def _limbs(body: Body) -> str | None:
    """A knee belongs to the hip and ankle of its side; swapped, both legs grow."""
    verdict: str | None = None
    for above, joint, below in _CROSSED:
        names = [f"{side}_{part}" for part in (above, joint, below) for side in ("left", "right")]
        if not body.has(*names):
            continue
        straight = _limb_length(body, above, joint, below, swapped=False)
        crossed = _limb_length(body, above, joint, below, swapped=True)
        if crossed < 0.7 * straight:
            return f"left and right {joint} are swapped"
        if straight < 0.7 * crossed:
            verdict = ""
    return verdict


_CUES: tuple[Callable[[Body], str | None], ...] = (_face, _ear, _torso, _face_and_torso, _limbs)
"""Each says None where it cannot tell, nothing where all is well, and what is wrong."""


def _torso_widths(body: Body) -> tuple[float, float] | None:
    """Shoulders' and hips' width across the trunk, as parts of its length; negative where we see the front."""
    if not body.has("left_shoulder", "right_shoulder", "left_hip", "right_hip"):
        return None
    trunk = minus(body.middle("shoulder"), body.middle("hip"))
    if (t := length(trunk)) < 10:
        return None
    return cross(body.across("shoulder"), trunk) / t**2, cross(body.across("hip"), trunk) / t**2


def _limb_length(body: Body, above: str, joint: str, below: str, *, swapped: bool) -> float:
    other = {"left": "right", "right": "left"}
    total = 0.0
    for side in ("left", "right"):
        middle = body.points[f"{other[side] if swapped else side}_{joint}"]
        total += length(minus(middle, body.points[f"{side}_{above}"]))
        total += length(minus(middle, body.points[f"{side}_{below}"]))
    return total


def _order(dataset: LabelledSet) -> Iterator[Finding]:
    """What holds for most people of any set: hips below shoulders, elbows between shoulders and wrists."""
    points = _by_name(dataset.images)
    for upper, lower in _ABOVE:
        if upper in points and lower in points:
            below = points[lower][:, 1] - points[upper][:, 1]
            part, people = _part(below[np.isfinite(below)] > 0)
            if people >= MIN_PEOPLE and part < 0.4:
                yield _misplaced(dataset, f"{lower} is below {upper} in {part:.0%} of {people} people only")
    for first, middle, last in _CHAINS:
        if {first, middle, last} <= points.keys():
            a, b, c = points[first], points[middle], points[last]
            ends, near, far = (np.linalg.norm(p - q, axis=1) for p, q in ((a, c), (a, b), (b, c)))
            known = np.isfinite(ends + near + far)
            part, people = _part((ends > np.maximum(near, far))[known])
            if people >= MIN_PEOPLE and part < 0.4:
                seen = f"{middle} is between {first} and {last} in {part:.0%} of {people} people only"
                yield _misplaced(dataset, seen)


def _by_name(images: Sequence[Annotations]) -> Mapping[str, FloatArray64]:
    """Name to ``(N, 2)`` px of everyone; NaN where not labelled."""
    if not images:
        return {}
    people = np.concatenate([labels.keypoints[~labels.is_crowd] for labels in images]).astype(np.float64)
    return {name: people[:, k] for k, name in enumerate(images[0].skeleton.keypoint_names)}


def _part(held: BoolArray) -> tuple[float, int]:
    return (float(held.mean()) if len(held) else float("nan")), len(held)


def _misplaced(dataset: LabelledSet, message: str) -> Finding:
    return Finding("keypoint-order", message, dataset.name)
