"""COCO keypoint annotation files, written; and read with keypoints that no skeleton of Gonio has.

The second is what tools such as CVAT export: names of their own, every sublabel once more as a category without
keypoints, links that repeat, coordinates left beside visibility 0.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.io.formats.coco import keypoint_category, load_coco, of_category, parse_coco_keypoints
from gonio.io.formats.keypoint_names import known_skeleton, normal_name, skeleton_of_names
from gonio.io.formats.label_people import one_skeleton, shortest
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

Json = dict[str, Any]

_log = logging.getLogger(__name__)


def read_coco_labels(
    path: str | Path, skeleton: Skeleton | None = None, *, category: str | None = None
) -> list[Annotations]:
    """Read COCO keypoint annotations of any skeleton.

    Like `gonio.io.formats.coco.read_coco_keypoints`, but where no skeleton of Gonio has the file's keypoints, one
    is made of the names and links in the file.

    Args:
        path: The JSON file.
        skeleton: What the keypoints shall be, matched by name.
        category: Name of the category to read. Default: the only one that has keypoints, or ``"person"``.

    Raises:
        MediaError: If the file is no COCO keypoint file, or several categories have keypoints and none was named.
        ConfigError: If the given skeleton has none of the file's keypoints, or there is no such category.
    """
    path = Path(path)
    return coco_annotations(of_category(load_coco(path), category, path), path, skeleton)


def coco_annotations(content: Json, path: Path, skeleton: Skeleton | None = None) -> list[Annotations]:
    """What `read_coco_labels` does once the file is read."""
    category = keypoint_category(content["categories"], path)
    names = [str(name) for name in category["keypoints"]]
    target = skeleton if skeleton is not None else _skeleton_of(category, names, path)
    spelled = _spelled_for(names, target)
    if spelled != names:
        categories = [category | {"keypoints": spelled} if one is category else one for one in content["categories"]]
        content = content | {"categories": categories}
    return parse_coco_keypoints(content, path, target)


def write_coco_keypoints(path: str | Path, annotations: Sequence[Annotations]) -> None:
    """Write a COCO keypoint annotation file.

    Image ids, file names, sizes, boxes, areas, crowds, keypoints, visibility and weights (as the extra key
    ``weights``, where there are any) are kept; coordinates, areas and weights exactly, as the shortest number that is
    the same float32. Annotation ids are new: 1, 2, … in order. A crowd's mask is not known, so ``segmentation`` is
    empty.

    Args:
        path: The file to make.
        annotations: Images of one skeleton, with unique ids.

    Raises:
        ConfigError: If there is no image, an image id repeats or the skeletons differ.
        MediaError: If the file cannot be written.
    """
    skeleton = one_skeleton(annotations)
    ids = {labels.image_id for labels in annotations}
    if len(ids) != len(annotations):
        raise ConfigError(f"{len(annotations)} images have {len(ids)} different ids; merge_annotations renumbers them.")
    content = {
        "info": {"description": "written by Gonio", "version": "1.0"},
        "licenses": [],
        "images": [_image(labels) for labels in annotations],
        "annotations": _people(annotations),
        "categories": [_category(skeleton)],
    }
    with atomic_path(Path(path)) as temporary:
        temporary.write_text(json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n", "utf-8")


def _skeleton_of(category: Json, names: list[str], path: Path) -> Skeleton:
    if (known := known_skeleton(names)) is not None:
        return known
    links = [
        (int(a) - 1, int(b) - 1)  # COCO counts from 1
        for a, b in category.get("skeleton") or ()
        if 1 <= a <= len(names) and 1 <= b <= len(names)
    ]
    _log.info("%s: no skeleton of Gonio has its %d keypoints; made one of the names", path, len(names))
    return skeleton_of_names(names, name=normal_name(str(category["name"])), links=links)


def _spelled_for(names: list[str], skeleton: Skeleton) -> list[str]:
    """The file's names, each as the skeleton spells it."""
    own = {normal_name(name): name for name in skeleton.keypoint_names}
    return [own.get(normal_name(name), name) for name in names]


def _image(labels: Annotations) -> Json:
    height, width = labels.image_hw
    return {"id": labels.image_id, "file_name": labels.file_name, "height": height, "width": width}


def _people(annotations: Sequence[Annotations]) -> list[Json]:
    people: list[Json] = []
    for labels in annotations:
        for n in range(len(labels)):
            people.append({"id": len(people) + 1, "image_id": labels.image_id} | _person(labels, n))
    return people


def _person(labels: Annotations, n: int) -> Json:
    x1, y1, x2, y2 = (shortest(edge) for edge in labels.boxes[n])
    weights = {} if labels.weights is None else {"weights": [shortest(weight) for weight in labels.weights[n]]}
    points = np.nan_to_num(labels.keypoints[n], nan=0.0)
    visibility = labels.visibility[n]
    return {
        "category_id": 1,
        "keypoints": [
            number
            for (x, y), v in zip(points, visibility, strict=True)
            for number in (shortest(x), shortest(y), int(v))
        ],
        "num_keypoints": int((visibility > 0).sum()),
        # Not rounded: x + width must give the same float32 as x2.
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": shortest(labels.areas[n]),
        "iscrowd": int(labels.is_crowd[n]),
        "segmentation": [],
        **weights,
    }


def _category(skeleton: Skeleton) -> Json:
    return {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(skeleton.keypoint_names),
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.links],
    }
