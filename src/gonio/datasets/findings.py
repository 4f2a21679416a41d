"""What lint can find: the codes, and a `Finding` that says where and what."""

from dataclasses import asdict, dataclass
from typing import Any

CODES: dict[str, str] = {
    "keypoint-count": "a person has not as many numbers as the data set has keypoints",
    "bad-number": "a box, area or keypoint is missing or no number",
    "visibility-value": "a visibility is not 0, 1 or 2",
    "visibility-dropped": "a keypoint has a position and visibility 0: the position is not used",
    "visibility-origin": "a labelled keypoint lies at exactly (0, 0): it is probably not labelled",
    "visibility-constant": "all labelled keypoints of a set have the same visibility, and none is missing",
    "nothing-labelled": "nobody in a set has a labelled keypoint",
    "zero-box": "a box without width or height",
    "zero-area": "people of a set have no area: 0.53 of their boxes is taken",
    "box-outside": "a box reaches out of the picture",
    "outside-image": "a keypoint lies outside the picture",
    "outside-box": "a keypoint lies far outside the person's box",
    "sides-swapped": "left and right of a person are swapped",
    "sides-swapped-set": "left and right are swapped in a large part of a set",
    "keypoint-order": "keypoints of a set are not where their names say",
    "flip-pairs": "flip_idx does not say which keypoints are each other's mirror image",
    "duplicate-person": "one person is labelled twice",
    "duplicate-name": "two pictures of a set have the same file name",
    "duplicate-image": "two pictures of a set have the same pixels",
    "leak": "a picture is in two splits",
    "missing-image": "a labelled picture is not there",
    "unreadable-image": "a picture cannot be read",
    "image-size": "a picture has not the size that its labels say",
}
"""Every code, and what it means."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: A key of `CODES`.
        message: What was seen, with its numbers.
        split: Name of the set it was found in.
        image: File name of the picture; None for what concerns the whole set.
        person: Position among the people of that picture, from 0, in the order of the file; None for what concerns
            the whole picture.
    """

    code: str
    message: str
    split: str
    image: str | None = None
    person: int | None = None

    def __str__(self) -> str:
        person = "" if self.person is None else f" person {self.person}"
        where = f"{self.split}: {self.image}{person}" if self.image else self.split
        return f"{where}: {self.code}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
