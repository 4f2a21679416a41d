"""What the writers of labels share: people as a file shall have them, and what must hold for all images."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gonio.arrays import BoolArray, FloatArray
from gonio.errors import ConfigError
from gonio.io.formats.label_parts import LabelledPerson, boxes_of_keypoints, empty_xyv
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton


def shortest(value: np.float32) -> float:
    """The shortest decimal that rounds to the same float32."""
    return float(str(value))


def labelled_keypoints(labels: Annotations) -> BoolArray:
    """``(N, K)``: which keypoints have a visibility of 1 or 2, and a position."""
    return (labels.visibility > 0) & np.isfinite(labels.keypoints).all(axis=-1)


def written_boxes(labels: Annotations) -> FloatArray:
    """``(N, 4)``: the boxes; one that is not finite is made of the keypoints, as readers make it."""
    keypoints = np.where(labelled_keypoints(labels)[..., None], labels.keypoints, np.nan).astype(np.float32)
    missing = np.asarray(~np.isfinite(labels.boxes).all(axis=1))
    return np.where(missing[:, None], boxes_of_keypoints(keypoints, labels.image_hw), labels.boxes)


def people_of(labels: Annotations) -> list[LabelledPerson]:
    """Everyone but crowds, in their order; what is not labelled has position and visibility 0.

    Numbers are the shortest decimals that round to the same float32. A person without a finite box and without a
    keypoint has None as box: there is nothing of them to write.
    """
    kept, boxes = labelled_keypoints(labels), written_boxes(labels)
    people = []
    for n in np.flatnonzero(~labels.is_crowd):
        xyv = empty_xyv(len(labels.skeleton))
        for k in np.flatnonzero(kept[n]):
            x, y = labels.keypoints[n, k]
            xyv[k] = shortest(x), shortest(y), labels.visibility[n, k]
        x1, y1, x2, y2 = (shortest(edge) for edge in boxes[n])
        people.append(LabelledPerson(xyv, (x1, y1, x2, y2) if np.isfinite(boxes[n]).all() else None))
    return people


def one_skeleton(annotations: Sequence[Annotations]) -> Skeleton:
    """The skeleton of all images.

    Raises:
        ConfigError: If there is no image, or they have different ones.
    """
    if not annotations:
        raise ConfigError("there is no image to write; give at least one.")
    skeleton = annotations[0].skeleton
    for labels in annotations:
        if labels.skeleton.keypoint_names != skeleton.keypoint_names:
            raise ConfigError(
                f"{labels.file_name!r} has the skeleton {labels.skeleton.name!r}, others {skeleton.name!r}; "
                "write one file for each."
            )
    return skeleton


def check_names_fit(names: Iterable[str], what: str, *, unfit: str = "") -> None:
    """Raise where a name has a character that a text format cannot hold, before anything is written.

    Args:
        names: Of pictures, keypoints and so on.
        what: What the format is called.
        unfit: The characters, as in the brackets of a regular expression. Lone surrogates, which stand for bytes of a
            file name that are no text, fit nowhere.

    Raises:
        ConfigError: If one has.

    Example:
        >>> check_names_fit(["a.png", "b:c.png"], "such a file", unfit=":")
        Traceback (most recent call last):
        gonio.errors.ConfigError: the name 'b:c.png' has the character ':', which such a file cannot hold; rename it.
    """
    pattern = re.compile(rf"[\ud800-\udfff{unfit}]")
    for name in names:
        if odd := pattern.search(name):
            raise ConfigError(
                f"the name {name!r} has the character {odd.group()!r}, which {what} cannot hold; rename it."
            )


def plain_names(annotations: Sequence[Annotations]) -> list[str]:
    """The pictures' names without folders, for formats that have no more.

    Raises:
        ConfigError: If two are the same.
    """
    names = [Path(labels.file_name).name for labels in annotations]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise ConfigError(
            f"{times} pictures are called {name!r}, and this format has names without folders; rename the pictures, or "
            "write the labels of each folder by themselves."
        )
    return names
