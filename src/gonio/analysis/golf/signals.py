"""What a golf swing is read from: hands and shoulders in one picture plane, lengths compared with the golfer's arm."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.analysis.landmarks import OTHER_SIDE, Limb, landmark, positions
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.analysis.upright import turned_to, upright
from gonio.analysis.validity import keypoint_reasons
from gonio.analysis.windows import median_without_nan
from gonio.arrays import BoolArray, FloatArray64
from gonio.structures.sequence import PoseSequence

GolfView = Literal["face_on", "down_the_line", "oblique"]

_LIMBS: tuple[Limb, Limb] = ("left", "right")
_ARM_QUANTILE = 0.95
"""Of the distances shoulder to wrist: the arm is straight and in the picture's plane only at times, never longer."""
_WIDTH_IN_ARMS = 0.259 / 0.332
"""Width of the shoulders over length of the arm: Winter, Biomechanics and Motor Control, 4th ed., 2009, fig. 4.1."""
_FACE_ON, _DOWN_THE_LINE = np.sin(np.radians((50.0, 30.0)))
"""Share of the shoulders' width that is seen at address: more is face-on, less is down the line."""


@dataclass(frozen=True, slots=True, eq=False)
class Player:
    """One golfer over a clip.

    Attributes:
        sequence: What it was made of.
        points: ``(T, K, D)``: (right in the picture, up). In three dimensions (right, up, towards the ball), as a
            camera face-on would see it. NaN where a keypoint is not usable.
        hands: ``(T, 2)`` middle of the wrists from the middle of the hips; gaps bridged by straight lines.
        seen: ``(T,)``: where the hands were not bridged.
        arm: Length of an arm, in the sequence's unit.
        sd: Of a keypoint along one axis, in the sequence's unit: the median over the clip; NaN where unknown.
    """

    sequence: PoseSequence
    points: FloatArray64
    hands: FloatArray64
    seen: BoolArray
    arm: float
    sd: float

    @property
    def time_s(self) -> FloatArray64:
        """``(T,)``."""
        return self.sequence.time_s

    def at(self, name: str, side: Side = "both") -> FloatArray64:
        """``(T, D)``: a landmark."""
        return positions(self.points, landmark(self.sequence.skeleton, name, side))

    def across(self, name: str) -> FloatArray64:
        """``(T, D)``: from the right to the left one of a pair."""
        return self.at(name, "left") - self.at(name, "right")

    def height(self, side: Limb) -> FloatArray64:
        """``(T,)``: one wrist above its shoulder, in arm lengths: 0 where the arm is level.

        Where that wrist is hidden the other one stands for it, on the same grip.
        """
        wrist = self.at("wrist", side)
        wrist = np.where(np.isfinite(wrist), wrist, self.at("wrist", OTHER_SIDE[side]))
        return np.asarray(bridged(wrist - self.at("shoulder", side))[:, 1] / self.arm, np.float64)


def player(sequence: PoseSequence, options: AnalysisOptions) -> Player | None:
    """Gather a golfer from the sequence of one person; None where wrists, shoulders or hips are never seen.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    usable = (keypoint_reasons(sequence, options.min_score) == 0)[..., None]
    if sequence.keypoints.shape[-1] == 3:
        points = _from_the_ball(np.where(usable, sequence.keypoints[:, 0].astype(np.float64), np.nan), sequence)
    else:
        points = np.where(usable, upright(sequence, up_deg=options.up_deg)[:, 0], np.nan)

    def at(name: str, side: Side = "both") -> FloatArray64:
        return positions(points, landmark(sequence.skeleton, name, side))[:, :2]

    wrists = np.stack([at("wrist", side) for side in _LIMBS])
    one_of_them = np.where(np.isfinite(wrists[0]), wrists[0], wrists[1])
    both = wrists.mean(axis=0)
    hands = np.where(np.isfinite(both), both, one_of_them) - at("mid_hip")
    reach = np.linalg.norm([at("wrist", side) - at("shoulder", side) for side in _LIMBS], axis=-1)
    if np.isfinite(hands).sum() < 2 or not np.isfinite(reach).any():
        return None
    return Player(
        sequence=sequence,
        points=points,
        hands=bridged(hands),
        seen=np.isfinite(hands).all(axis=-1),
        arm=float(np.nanquantile(reach, _ARM_QUANTILE)),
        sd=_usual_sd(sequence),
    )


def bridged(values: FloatArray64) -> FloatArray64:
    """``(T, D)`` with straight lines over NaN, level before the first and after the last sample; NaN if all are."""
    steps = np.arange(len(values))
    columns = []
    for column in values.T:
        known = np.isfinite(column)
        columns.append(np.interp(steps, steps[known], column[known]) if known.any() else column)
    return np.stack(columns, axis=-1)


def lead_side(one: Player, address: int, top: int, options: AnalysisOptions) -> Limb:
    """The arm that points to the target: the left one of a right-handed golfer.

    From the front the hands go away from the target, towards the trail hip; down the line the lead shoulder comes
    towards the ball. Each counts as far as the view shows it.

    Args:
        one: The golfer.
        address: Step at which they stand ready, roughly.
        top: Step at the top of the backswing, roughly.
        options: ``side`` is the handedness, where it is known.
    """
    if options.side is not None and options.side != "both":
        return OTHER_SIDE[options.side]
    moved = one.hands[top, 0] - one.hands[address, 0]
    stance = sum(_horizontal(one.across(name), address) for name in ("ankle", "hip", "shoulder"))
    ball = one.hands[address, 0]
    turned = _horizontal(one.across("shoulder"), top)
    return "left" if ball * turned - moved * stance >= 0 else "right"


def golf_view(one: Player, address: int, options: AnalysisOptions) -> GolfView:
    """From where the golfer is seen, by the width of the shoulders at address; ``options.view`` overrides it."""
    if options.view is not None:
        return "face_on" if options.view == "frontal" else "down_the_line"
    share = abs(_horizontal(one.across("shoulder"), address)) / (one.arm * _WIDTH_IN_ARMS)
    if share > _FACE_ON:
        return "face_on"
    return "down_the_line" if share < _DOWN_THE_LINE else "oblique"


def _from_the_ball(points: FloatArray64, sequence: PoseSequence) -> FloatArray64:
    """``(T, K, 3)`` (right, up, towards the ball): as a camera sees it that looks squarely at the line of the ankles.

    Not as the body faces: that turns by more than a right angle in a swing, and the feet stay.
    """
    ankles = [positions(points, landmark(sequence.skeleton, "ankle", side)) for side in _LIMBS]
    across = median_without_nan((ankles[1] - ankles[0])[:, ::2], axis=0)  # from left to right, x and z
    heading = np.array([across[1], -across[0]]) / np.hypot(*across)
    forward, up, right = np.moveaxis(turned_to(points, heading), -1, 0)
    return np.stack([-right, up, forward], axis=-1)


def _horizontal(values: FloatArray64, step: int) -> float:
    """First coordinate around a step, 0 where it is not seen."""
    near = values[max(step - 2, 0) : step + 3, 0]
    near = near[np.isfinite(near)]
    return float(np.median(near)) if len(near) else 0.0


def _usual_sd(sequence: PoseSequence) -> float:
    if sequence.keypoint_sd is None or not np.isfinite(sequence.keypoint_sd).any():
        return float("nan")
    return float(np.nanmedian(sequence.keypoint_sd))
