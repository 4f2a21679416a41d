"""Targets from a teacher on the fly: it sees the clean view of the very crop that the student sees augmented."""

from typing import Self

import numpy as np
import torch
from torch import Tensor

from gonio.codecs import Codec, Heatmap, SimCC
from gonio.errors import ConfigError
from gonio.structures.skeleton import Skeleton
from gonio.training.networks import PoseNetwork
from gonio.training.recipe_parts import Data, TeacherChoice
from gonio.training.samples import Batch, encode
from gonio.training.soft_targets import agreement_weights, heatmaps_to_simcc, resample_heatmaps
from gonio.training.teacher import Teacher, TeacherLabels

_CONFIDENCE = 0.4
"""From the least score that counts up to this much above it, a teacher's word counts more and more."""
_PERSON_SHARE = 0.5
"""A person's area is about this share of the box's."""


class Distiller:
    """Mixes what labels and teacher say into a student's targets and weights.

    With the teacher's weight ``t`` (`agreement_weights`, times ``share`` where there is a label) and the label's ``l``,
    the target is ``(t teacher + l (1 - t) label) / (t + l (1 - t))``, and its weight the denominator.
    """

    def __init__(
        self, teacher: Teacher, choice: TeacherChoice, *, codec: Codec, input_hw: tuple[int, int], margin: float
    ) -> None:
        """Take a teacher for a student of one person.

        Raises:
            ConfigError: If the student's codec is not one of one person.
        """
        if not isinstance(codec, Heatmap | SimCC):
            raise ConfigError(
                f"a teacher labels crops of single people, a network with {type(codec).__name__} sees whole pictures; "
                "label its pictures beforehand with 'gonio data label'"
            )
        self.teacher, self.choice, self.codec, self.input_hw = teacher, choice, codec, input_hw
        self._area = _PERSON_SHARE * input_hw[0] * input_hw[1] / margin**2
        self._sigmas = torch.tensor(teacher.skeleton.sigmas)

    @classmethod
    def of(
        cls, choice: TeacherChoice, *, data: Data, network: PoseNetwork, skeleton: Skeleton, device: torch.device
    ) -> Self:
        """The recipe's teacher for this student.

        Raises:
            PoseError: If the teacher cannot be loaded.
            ConfigError: If it knows other keypoints.
        """
        teacher = Teacher.load(choice.model, weights=choice.weights, flip_test=choice.flip_test).to(device)
        if teacher.skeleton.keypoint_names != skeleton.keypoint_names:
            raise ConfigError(
                f"the teacher {choice.model!r} knows the keypoints of {teacher.skeleton.name!r}, the labels are "
                f"{skeleton.name!r}; give another teacher, or none"
            )
        return cls(teacher, choice, codec=network.codec, input_hw=network.input_hw, margin=data.margin)

    def __call__(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """Targets as the codec encodes them, and weights ``(B, K)``."""
        said = self.teacher(batch["clean"])
        labelled, weights = batch["weights"] > 0, batch["weights"]
        low = self.choice.min_score
        trusted = agreement_weights(
            said.keypoints,
            said.scores,
            batch["keypoints"],
            labelled.long(),
            areas=torch.full((len(weights),), self._area, device=weights.device),
            sigmas=self._sigmas.to(weights.device),
            confident=(low, low + _CONFIDENCE),
        )
        theirs = trusted * torch.where(labelled, self.choice.share, 1.0)
        ours = weights * (1 - theirs)
        total = theirs + ours
        part = torch.where(total > 0, theirs / total.clamp(min=1e-9), 0.0)
        return self._mixed(said, batch["targets"], part), total

    def _mixed(self, said: TeacherLabels, targets: dict[str, Tensor], part: Tensor) -> dict[str, Tensor]:
        """Targets, ``part`` ``(B, K)`` of them the teacher's."""
        if isinstance(self.codec, Heatmap):
            name, share = self.codec.output, part[..., None, None]
            return {name: share * self._maps(said, targets[name]) + (1 - share) * targets[name]}
        mixed = {}
        for name, line in self._lines(said).items():
            share = part[..., None]
            chances = share * line + (1 - share) * torch.softmax(targets[name], dim=-1)
            mixed[name] = chances.clamp(min=1e-12).log()  # logits, as the codec's own targets are
        return mixed

    def _maps(self, said: TeacherLabels, like: Tensor) -> Tensor:
        assert isinstance(self.codec, Heatmap)  # noqa: S101 - for the type checker; `_mixed` has looked
        if said.heatmaps is not None and isinstance(said.codec, Heatmap):
            maps = resample_heatmaps(said.heatmaps, said.codec, self.codec, self.input_hw, matrix=said.matrix)
            return maps.to(like.dtype)
        return self._encoded(said)[self.codec.output] * said.scores[..., None, None]

    def _lines(self, said: TeacherLabels) -> dict[str, Tensor]:
        assert isinstance(self.codec, SimCC)  # noqa: S101 - as in `_maps`
        names = (self.codec.output_x, self.codec.output_y)
        if said.heatmaps is not None and isinstance(said.codec, Heatmap):
            lines = heatmaps_to_simcc(said.heatmaps, said.codec, self.codec, self.input_hw, matrix=said.matrix)
            return dict(zip(names, lines, strict=True))
        return {name: torch.softmax(value, dim=-1) for name, value in self._encoded(said).items()}

    def _encoded(self, said: TeacherLabels) -> dict[str, Tensor]:
        """The teacher's keypoints as labels, where its outputs are of another kind."""
        box = np.full((1, 4), np.nan, np.float32)
        each = [encode(self.codec, points[None], box, self.input_hw) for points in said.keypoints.cpu().numpy()]
        device = said.keypoints.device
        return {name: torch.from_numpy(np.stack([one[name] for one in each])).to(device) for name in each[0]}
