"""Labels written as Label Studio imports them, and as it exports them again under "JSON".

The labelling configuration needs ``KeyPointLabels`` called ``keypoints``, ``RectangleLabels`` called ``box`` and, where
keypoints are hidden, ``Choices`` called ``visibility``; docs/data.md has one.
Source: Label Studio's "Label Studio JSON format of annotated tasks" and "Units of image annotations".
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gonio.io.atomic import atomic_path
from gonio.io.formats.label_parts import LabelledPerson
from gonio.io.formats.label_people import check_names_fit, one_skeleton, people_of, plain_names
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

Json = dict[str, Any]

_DOT = 0.5  # of a keypoint as it is drawn, percent of the picture's width


def write_label_studio(
    path: str | Path, annotations: Sequence[Annotations], *, address: str = "/data/local-files/?d="
) -> None:
    """Write labels as a list of tasks.

    Sizes, boxes, keypoints and visibility are kept; in percent with all digits, so that the same float32 is read. Each
    person is a rectangle, and their keypoints are its children; a hidden one has the choice ``occluded``. What Label
    Studio has no place for, the order and links of the keypoints and the size of a picture without people, stands in
    the task's ``meta``, which it hands through. Image ids and areas are lost, crowds are left out.

    Args:
        path: The JSON file to make.
        annotations: Images of one skeleton; their names without folders must differ.
        address: What stands before a picture's name. Default: that of Label Studio's "local files", whose folder is
            then the pictures' own.

    Raises:
        ConfigError: If there is no image, the skeletons differ, or two pictures have one name.
        MediaError: If the file cannot be written.
    """
    skeleton = one_skeleton(annotations)
    check_names_fit(plain_names(annotations), "Label Studio")
    tasks = [_task(labels, skeleton, address, number=i + 1) for i, labels in enumerate(annotations)]
    with atomic_path(Path(path)) as temporary:
        temporary.write_text(json.dumps(tasks, allow_nan=False, separators=(",", ":")) + "\n", "utf-8")


def _task(labels: Annotations, skeleton: Skeleton, address: str, *, number: int) -> Json:
    height, width = labels.image_hw
    regions = [
        region for n, one in enumerate(people_of(labels)) for region in _regions(one, n, skeleton, width, height)
    ]
    meta: Json = {"width": width, "height": height, "skeleton": skeleton.name}
    meta |= {"keypoints": list(skeleton.keypoint_names), "links": [list(link) for link in skeleton.links]}
    return {
        "id": number,
        "data": {"image": address + quote(labels.file_name)},
        "annotations": [{"result": regions, "was_cancelled": False, "ground_truth": False}],
        "meta": {"gonio": meta},
    }


def _regions(person: LabelledPerson, n: int, skeleton: Skeleton, width: int, height: int) -> Iterator[Json]:
    if person.box is None:
        return
    size: Json = {"to_name": "image", "original_width": width, "original_height": height, "image_rotation": 0}
    x1, y1, x2, y2 = person.box
    x, y = x1 / width * 100, y1 / height * 100
    box = {"x": x, "y": y, "width": x2 / width * 100 - x, "height": y2 / height * 100 - y, "rotation": 0}
    owner = f"person-{n + 1}"
    value: Json = box | {"rectanglelabels": ["person"]}
    yield size | {"id": owner, "from_name": "box", "type": "rectanglelabels", "value": value}
    for name, (x, y, v) in zip(skeleton.keypoint_names, person.xyv.tolist(), strict=True):
        if v == 0:
            continue
        place = {"x": x / width * 100, "y": y / height * 100, "width": _DOT}
        region = size | {"id": f"{owner}-{name}", "parentID": owner}
        value = place | {"keypointlabels": [name]}
        yield region | {"from_name": "keypoints", "type": "keypointlabels", "value": value}
        if v == 1:
            value = place | {"choices": ["occluded"]}
            yield region | {"from_name": "visibility", "type": "choices", "value": value}
