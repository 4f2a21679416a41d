"""Labels of Ultralytics YOLO-pose: one text file a picture, one line a person, everything divided by width and height.

A line is ``class cx cy w h`` and then, for each keypoint, ``x y`` or ``x y v``.

With three numbers, ``v`` is COCO's visibility: 0 not labelled, 1 hidden, 2 visible. With two, a point at exactly
``0 0`` or with a negative number is not labelled, and every other is visible.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, image_size_hw, unusable
from gonio.io.formats.yolo_dataset import SPLITS, YoloDataset, label_file, read_yolo_dataset
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

_log = logging.getLogger(__name__)

YOLO_FILE = "data.yaml"
"""What a data set is described in, when it is written."""


def read_yolo_pose(
    path: str | Path,
    split: str | None = None,
    *,
    skeleton: Skeleton | None = None,
    category: str | None = None,
) -> list[Annotations]:
    """Read a YOLO-pose data set.

    Args:
        path: The data set's YAML file.
        split: ``"train"``, ``"val"`` or ``"test"``; left out, all, one after the other.
        skeleton: What the K keypoints are, in order. Default: what the YAML file says of them.
        category: Name of the class to read. Default: the only one, or ``"person"``.

    Returns:
        One `Annotations` per picture, by name; a picture without a label file has no people. Ids count from 1,
        file names are relative to the data set's root. Areas are 0.53 of the box, which is all that YOLO has.

    Raises:
        MediaError: If a file cannot be read, or a line does not have the numbers that ``kpt_shape`` says.
        ConfigError: If the split or class is unknown, or the skeleton has another number of keypoints.
        MissingDependencyError: If PyYAML is not installed.
    """
    dataset = read_yolo_dataset(path)
    skeleton = skeleton or dataset.skeleton()
    if len(skeleton) != dataset.count:
        raise ConfigError(
            f"the skeleton {skeleton.name!r} has {len(skeleton)} keypoints, kpt_shape of '{path}' says "
            f"{dataset.count}; choose the one that was labelled."
        )
    number = dataset.class_number(category)
    pictures = [picture for name in ([split] if split else dataset.splits) for picture in dataset.pictures(name)]
    return [
        read_yolo_picture(dataset, picture, skeleton, class_number=number, image_id=i + 1)
        for i, picture in enumerate(pictures)
    ]


def read_yolo_picture(
    dataset: YoloDataset, picture: Path, skeleton: Skeleton, *, class_number: int, image_id: int
) -> Annotations:
    """The people of one picture.

    Raises:
        MediaError: If the picture or its label file cannot be read.
    """
    hw = image_size_hw(picture)
    people = [
        person_of_line(numbers, dataset.dims, hw)
        for place, numbers in enumerate(read_label_lines(label_file(picture)))
        if _checked(numbers, dataset, label_file(picture), place)[0] == class_number
    ]
    return image_labels(people, skeleton, image_id=image_id, file_name=_relative(picture, dataset.root), image_hw=hw)


def read_label_lines(path: Path) -> list[FloatArray64]:
    """The numbers of every line that has any; none where there is no such file.

    Raises:
        MediaError: If a line holds something else than numbers.
    """
    if not path.is_file():
        return []
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        rows = [np.array(line.split(), np.float64) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, f"it cannot be read ({error})", "copy it again") from error
    except ValueError as error:
        raise unusable(path, str(error), "a line of labels has numbers only") from error
    return rows


def write_yolo_pose(
    folder: str | Path,
    splits: Mapping[str, Sequence[Annotations]],
    *,
    keypoint_names: bool = True,
) -> Path:
    """Write a YOLO-pose data set: ``data.yaml`` and the label files; pictures belong beside them, in ``images/``.

    Boxes, keypoints and visibility are kept to 1e-8 of the picture's size. Crowds are left out, as Ultralytics
    knows none; areas and ids are lost. Boxes are cut at the picture's edges, and a keypoint beyond them becomes not
    labelled, because Ultralytics drops every picture with a number outside 0 to 1.

    Args:
        folder: The data set's folder; label files go to ``labels/SPLIT/``.
        splits: For ``train``, ``val`` and ``test``, as far as there are, the images, all of one skeleton; their file
            names without folders must differ. Ultralytics itself wants both ``train`` and ``val``.
        keypoint_names: Whether to write ``kpt_names`` too, which recent versions of Ultralytics read.

    Returns:
        The YAML file. It has no ``path``, so that Ultralytics takes its folder, wherever that is moved.

    Raises:
        ConfigError: If there is no image, a split has another name, or two images of one would share a label file.
        MediaError: If a file cannot be written.
        MissingDependencyError: If PyYAML is not installed.
    """
    folder = Path(folder)
    images = [labels for part in splits.values() for labels in part]
    if not images:
        raise ConfigError("there is no image to write; give at least one.")
    if odd := [name for name in splits if name not in SPLITS]:
        raise ConfigError(f"YOLO knows no split {odd[0]!r}; name them: {', '.join(SPLITS)}.")
    dropped = 0
    for split, part in splits.items():
        stems = {Path(labels.file_name).stem for labels in part}
        if len(stems) != len(part):
            fact = f"{len(part)} images of the split {split!r} have {len(stems)} different names"
            raise ConfigError(f"{fact}; rename those that share one.")
        for labels in part:
            lines, lost = _lines(labels)
            dropped += lost
            with atomic_path(folder / "labels" / split / f"{Path(labels.file_name).stem}.txt") as temporary:
                temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    if dropped:
        _log.warning("%d keypoints outside their picture were written as not labelled, which YOLO cannot hold", dropped)
    return _write_yaml(folder, tuple(splits), images[0].skeleton, names=keypoint_names)


def _write_yaml(folder: Path, splits: Sequence[str], skeleton: Skeleton, *, names: bool) -> Path:
    yaml = require("yaml", extra="train", purpose="writing a YOLO data set")
    content: dict[str, object] = {split: f"images/{split}" for split in splits}
    content |= {"kpt_shape": [len(skeleton), 3], "flip_idx": list(skeleton.flip_indices), "names": {0: "person"}}
    if names:
        content["kpt_names"] = {0: list(skeleton.keypoint_names)}
    path = folder / YOLO_FILE
    with atomic_path(path) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False, default_flow_style=None), "utf-8")
    return path


def _lines(labels: Annotations) -> tuple[list[str], int]:
    """A line for each person, and how many keypoints lie outside the picture."""
    height, width = labels.image_hw
    size = np.array([width, height], np.float64)
    points = labels.keypoints.astype(np.float64) / size
    kept = (labels.visibility > 0) & ((points >= 0) & (points <= 1)).all(axis=-1)
    visibility = np.where(kept, labels.visibility, 0)
    points = np.where(kept[..., None], points, 0.0)
    corners = np.clip(labels.boxes.astype(np.float64) / np.tile(size, 2), 0.0, 1.0)
    low, high = corners[:, :2], corners[:, 2:]
    boxes = np.concatenate([(low + high) / 2, high - low], axis=1)
    lines = []
    for n in np.flatnonzero(~labels.is_crowd):
        numbers = [_text(value) for value in boxes[n]]
        for (x, y), v in zip(points[n], visibility[n], strict=True):
            numbers += [_text(x), _text(y), str(int(v))]
        lines.append(" ".join(["0", *numbers]))
    return lines, int(((labels.visibility > 0) & ~kept)[~labels.is_crowd].sum())


def _text(value: float) -> str:
    return f"{value:.8f}".rstrip("0").rstrip(".")


def _checked(numbers: FloatArray64, dataset: YoloDataset, path: Path, place: int) -> FloatArray64:
    expected = 5 + dataset.count * dataset.dims
    if len(numbers) != expected:
        wanted = f"kpt_shape [{dataset.count}, {dataset.dims}] needs {expected}"
        fact = f"line {place + 1} has {len(numbers)} numbers, {wanted}"
        raise unusable(path, fact, "correct the line or kpt_shape")
    if not np.isfinite(numbers).all():
        raise unusable(path, f"line {place + 1} has a number that is infinite or NaN", "correct the line")
    if numbers[0] not in dataset.classes:
        known = ", ".join(map(str, dataset.classes))
        raise unusable(
            path, f"line {place + 1} has the class {numbers[0]:g}, names has {known}", "correct the line or names"
        )
    if dataset.dims == 3 and (odd := [v for v in numbers[7::3] if v not in (0, 1, 2)]):
        raise unusable(path, f"line {place + 1} has the visibility {odd[0]:g}", "it is 0, 1 or 2")
    return numbers


def person_of_line(numbers: FloatArray64, dims: int, image_hw: tuple[int, int]) -> LabelledPerson:
    """The person of one line that has the right number of numbers.

    Args:
        numbers: Class, box and K keypoints of 2 or 3 numbers.
        dims: 2 or 3.
        image_hw: The picture's size in px.
    """
    size = np.array(image_hw[::-1], np.float64)
    points = numbers[5:].reshape(-1, dims)
    xyv = empty_xyv(len(points))
    if dims == 3:
        xyv[:, 2] = points[:, 2]
    else:
        xyv[:, 2] = np.where((points < 0).any(axis=1) | (points == 0).all(axis=1), 0, 2)
    xyv[:, :2] = points[:, :2] * size
    centre, extent = numbers[1:3] * size, numbers[3:5] * size
    x1, y1, x2, y2 = (float(edge) for edge in (*(centre - extent / 2), *(centre + extent / 2)))
    return LabelledPerson(xyv, (x1, y1, x2, y2))


def _relative(picture: Path, root: Path) -> str:
    return picture.relative_to(root).as_posix() if picture.is_relative_to(root) else picture.as_posix()
