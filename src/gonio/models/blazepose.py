"""BlazePose's way of looking: a square around the middle of the hips, turned so that the body stands upright in it."""

from dataclasses import dataclass, fields

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, ImageArray
from gonio.codecs.blazepose import MIDDLE_OF_HIPS, TOP_OF_CIRCLE, BlazePose
from gonio.codecs.blazepose_detector import POINTS
from gonio.errors import ConfigError
from gonio.geometry.affine import invert, transform
from gonio.geometry.regions import crop_region, regions_around, regions_between
from gonio.models.backends import Backend
from gonio.models.card import ModelCard
from gonio.models.proposals import Proposer
from gonio.models.topdown import TopDownModel
from gonio.structures.poses import Poses
from gonio.timing import timed

_REACH, _TRUNKS = 1.1, 1.8
"""Radius of the circle that the network draws around a body: of the farthest landmark's distance from the middle of
the hips, and of the trunk's length; medians over the people of coco-mini are 1.12 and 1.83."""
_TRUSTED = 0.5
"""Score of both shoulders from which on a proposal's keypoints say where to look first, instead of its box. The hips
need no score: where a picture cuts them off, a rough guess is still better than the middle of what is seen. On
coco-mini this is worth 3 to 5 AP."""
_TRUNK = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What the network sees in N regions of one picture, in the picture's own directions.

    Attributes:
        points: ``(N, K, 2)`` float32 px of the picture.
        depth: ``(N, K)`` float32 px of the picture, behind the middle of the hips; negative towards the camera.
        visibility: ``(N, K)`` in [0, 1]: in the picture and not hidden.
        flags: ``(N,)`` in [0, 1]: whether there is somebody.
        world: ``(N, K, 3)`` float32 m from the middle of the hips: right, down, away from the camera.
        alignment: ``(N, 2, 2)`` px: the middle of the hips, and the top of the circle around the body.
    """

    points: FloatArray
    depth: FloatArray
    visibility: FloatArray
    flags: FloatArray
    world: FloatArray
    alignment: FloatArray

    def __getitem__(self, one: int) -> "Looks":
        """One of the N, as Looks with N = 1."""
        return Looks(**{each.name: getattr(self, each.name)[one : one + 1] for each in fields(self)})


class BlazePoseModel(TopDownModel):
    """Looks twice at every proposed person: as the proposal says, then as the body turned out to lie.

    The first look follows the circle that BlazePose's own detector draws; of another one the proposal's hips and
    shoulders, if it is sure of these; else it is upright around the box. In a video it looks once, where the keypoints
    of a moment ago say.
    """

    def __init__(self, card: ModelCard, backend: Backend, proposer: Proposer) -> None:
        """Take a card whose codec is ``blazepose``, and whatever proposes people."""
        super().__init__(card, backend, proposer)
        height, width = self._input.input_hw
        if not isinstance(self._codec, BlazePose) or height != width:
            raise ConfigError(f"card {card.name!r}: BlazePose needs its own codec and a square input")
        self._landmarks, self._side = self._codec.landmarks, height

    def refine(self, image: ImageArray, people: Poses, *, flip_test: bool = False) -> Poses:
        """Look closely at people who are known, without the detector; in a video at those of a moment ago.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            people: With keypoints of this model, they tell where to look, once; where hips or shoulders are missing,
                or with another skeleton, the boxes do, and two looks are taken. ``person_scores`` are the proposals'.
            flip_test: As in a call.

        Returns:
            One pose per person, in their order: nobody is left out by score or as found twice.
        """
        if not len(people):
            return Poses.empty(self.skeleton)
        regions = self.first_regions(people)
        known = np.zeros(len(people), bool)
        if people.skeleton.keypoint_names == self.skeleton.keypoint_names:
            from_body = self.body_regions(people)
            known[:] = np.isfinite(from_body).all(axis=1)
            regions[known] = from_body[known]
        if not known.all():
            regions[~known] = self._aligned(image, regions[~known], flip_test=flip_test)
        return self._calibrated(self._poses(self.look(image, regions, flip_test=flip_test), people))

    def look(self, image: ImageArray, regions: FloatArray64, *, flip_test: bool = False) -> Looks:
        """What the network sees in regions, all in one batch.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            regions: ``(N, 4)`` ``cx cy side angle``, N at least 1.
            flip_test: Average with the mirrored crops.
        """
        with timed("preprocess"):
            crops = [crop_region(image, region, side=self._side) for region in regions]
        outputs = self._run([crop for crop, _ in crops], flip_test=flip_test)
        with timed("decode keypoints"):
            found, count = self._landmarks(outputs), len(self.skeleton)
            points = np.stack([transform(invert(m), p) for (_, m), p in zip(crops, found.points, strict=True)])
            scale = (regions[:, 2] / self._side)[:, None]
            return Looks(
                points=points[:, :count],
                depth=(found.depth[:, :count] * scale).astype(np.float32),
                visibility=found.visibility[:, :count],
                flags=found.flags,
                world=_turned(found.world, regions[:, 3]),
                alignment=points[:, [count + MIDDLE_OF_HIPS, count + TOP_OF_CIRCLE]],
            )

    def next_regions(self, alignment: FloatArray | FloatArray64) -> FloatArray64:
        """Regions ``(N, 4)`` from the alignment points ``(N, 2, 2)`` of looks."""
        return regions_between(alignment[:, 0], alignment[:, 1], margin=self._input.margin)

    def first_regions(self, people: Poses) -> FloatArray64:
        """Regions ``(N, 4)`` for people of any model: by shoulders and hips if they are sure, else by the boxes.

        BlazePose's own detector says by two of its points what to look at.
        """
        if people.skeleton.keypoint_names == POINTS:
            return self.next_regions(people.keypoints[:, :2])
        regions = regions_around(people.boxes, margin=self._input.margin)
        from_body = self.body_regions(people)
        sure = np.isfinite(from_body).all(axis=1)
        if sure.any():
            shoulders = [people.skeleton.index(name) for name in _TRUNK[2:]]
            sure &= (people.scores[:, shoulders] >= _TRUSTED).all(axis=1)
        regions[sure] = from_body[sure]
        return regions

    def body_regions(self, people: Poses) -> FloatArray64:
        """Regions ``(N, 4)`` by hips, shoulders and the reach of all keypoints; NaN where one of the four is missing.

        The circle of the network's own alignment points, guessed from keypoints that any model may have found.
        """
        if not set(_TRUNK) <= set(people.skeleton.keypoint_names):
            return np.full((len(people), 4), np.nan)
        trunk = [people.keypoints[:, people.skeleton.index(name)].astype(np.float64) for name in _TRUNK]
        hips, shoulders = (trunk[0] + trunk[1]) / 2, (trunk[2] + trunk[3]) / 2
        length = np.maximum(np.linalg.norm(shoulders - hips, axis=1), 1e-6)
        distances = np.linalg.norm(people.keypoints - hips[:, None], axis=2)
        reach = np.where(np.isfinite(distances), distances, 0).max(axis=1)
        radius = np.maximum(_REACH * reach, _TRUNKS * length)
        tops = hips + (shoulders - hips) * (radius / length)[:, None]
        return regions_between(hips, tops, margin=self._input.margin)

    def look_twice(self, image: ImageArray, people: Poses, *, flip_test: bool = False) -> Looks:
        """Look at people of any model, at least one: as they are proposed, then as they turned out to lie."""
        regions = self._aligned(image, self.first_regions(people), flip_test=flip_test)
        return self.look(image, regions, flip_test=flip_test)

    def _aligned(self, image: ImageArray, regions: FloatArray64, *, flip_test: bool) -> FloatArray64:
        """Where to look a second time."""
        return self.next_regions(self.look(image, regions, flip_test=flip_test).alignment)

    def _refine(self, image: ImageArray, proposals: Poses, *, flip_test: bool) -> Poses:
        return self._poses(self.look_twice(image, proposals, flip_test=flip_test), proposals)

    def _poses(self, looks: Looks, proposals: Poses) -> Poses:
        scores = looks.visibility * looks.flags[:, None]
        return Poses(
            keypoints=looks.points,
            scores=scores,
            boxes=proposals.boxes,
            person_scores=self._scores(proposals, scores),
            skeleton=self.skeleton,
            world=looks.world,
        )


def _turned(world: FloatArray, angles: FloatArray64) -> FloatArray:
    """Positions ``(N, K, 3)`` in the directions of turned crops, in those of the picture."""
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    x, y, z = world.transpose(2, 0, 1).astype(np.float64)
    return np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1).astype(np.float32)
