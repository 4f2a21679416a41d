"""Labels written as "CVAT for images 1.1", which CVAT imports as annotations of a task with the same labels.

The task needs the skeleton label with its points, and beside it a rectangle label for the boxes: both stand in the
file's ``meta`` part. CVAT itself writes two decimals and reads any number of them.
Source: CVAT's "XML annotation format", version 1.1, and its importer.
"""

import math
import zipfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from xml.sax.saxutils import quoteattr

from gonio.io.atomic import atomic_path
from gonio.io.formats.label_parts import LabelledPerson
from gonio.io.formats.label_people import check_names_fit, one_skeleton, people_of
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

_BOX_LABEL = "person box"
_XML_LACKS = r"\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
"""What is outside the production Char of XML 1.0; no reference may stand for it either."""


def write_cvat(path: str | Path, annotations: Sequence[Annotations]) -> None:
    """Write labels in the format "CVAT for images 1.1".

    File names, sizes, boxes, keypoints and visibility are kept, numbers exactly. A person is a skeleton and a
    rectangle of one group; a keypoint that is not labelled is ``outside`` and lies in the middle of the box, where
    it can be picked up. Image ids and areas are lost, crowds are left out.

    Args:
        path: The file to make: XML, or with the suffix ``.zip`` the same as ``annotations.xml`` in an archive.
        annotations: Images of one skeleton, whose name becomes the label's.

    Raises:
        ConfigError: If there is no image, the skeletons differ, or a name has a character that XML cannot hold.
        MediaError: If the file cannot be written.
    """
    path = Path(path)
    skeleton = one_skeleton(annotations)
    check_names_fit((labels.file_name for labels in annotations), "CVAT's XML", unfit=_XML_LACKS)
    words = (skeleton.name, *skeleton.keypoint_names)  # these are text too, where XML makes \n of \r
    check_names_fit(words, "CVAT's XML", unfit=_XML_LACKS + r"\r")
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    root.append(_meta(skeleton, len(annotations)))
    groups = count(1)
    for i, labels in enumerate(annotations):
        height, width = labels.image_hw
        image = SubElement(root, "image", id=str(i), name=labels.file_name, width=str(width), height=str(height))
        for person in people_of(labels):
            _add_person(image, person, skeleton, group=str(next(groups)))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    with atomic_path(path) as temporary:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("annotations.xml", text)
        else:
            temporary.write_bytes(text)


def _add_person(image: Element, person: LabelledPerson, skeleton: Skeleton, *, group: str) -> None:
    if person.box is None:
        return
    x1, y1, x2, y2 = person.box
    common = {"source": "file", "z_order": "0", "group_id": group}
    figure = SubElement(image, "skeleton", {"label": skeleton.name} | common)
    for name, (x, y, v) in zip(skeleton.keypoint_names, person.xyv.tolist(), strict=True):
        place = f"{x!r},{y!r}" if v else f"{(x1 + x2) / 2!r},{(y1 + y2) / 2!r}"
        state = {"outside": str(int(v == 0)), "occluded": str(int(v == 1))}
        SubElement(figure, "points", {"label": name, "source": "file"} | state | {"points": place})
    edges = {"xtl": repr(x1), "ytl": repr(y1), "xbr": repr(x2), "ybr": repr(y2)}
    SubElement(image, "box", {"label": _BOX_LABEL, "occluded": "0"} | edges | common)


def _meta(skeleton: Skeleton, images: int) -> Element:
    meta = Element("meta")
    task = SubElement(meta, "task")
    SubElement(task, "name").text = skeleton.name
    SubElement(task, "size").text = str(images)
    SubElement(task, "mode").text = "annotation"
    labels = SubElement(task, "labels")
    figure = _label(labels, skeleton.name, "skeleton")
    SubElement(figure, "svg").text = _drawing(skeleton)
    for name in skeleton.keypoint_names:
        SubElement(_label(labels, name, "points"), "parent").text = skeleton.name
    _label(labels, _BOX_LABEL, "rectangle")
    return meta


def _label(labels: Element, name: str, kind: str) -> Element:
    label = SubElement(labels, "label")
    SubElement(label, "name").text = name
    SubElement(label, "type").text = kind
    SubElement(label, "attributes")
    return label


def _drawing(skeleton: Skeleton) -> str:
    """The figure that CVAT draws: points on a circle within 100 x 100, and the links."""
    turns = [2 * math.pi * k / len(skeleton) for k in range(len(skeleton))]
    places = [(round(50 + 40 * math.sin(turn), 2), round(50 - 40 * math.cos(turn), 2)) for turn in turns]
    lines = [
        f'<line x1="{places[a][0]}" y1="{places[a][1]}" x2="{places[b][0]}" y2="{places[b][1]}" stroke="black" '
        f'data-type="edge" data-node-from="{a + 1}" stroke-width="0.5" data-node-to="{b + 1}"></line>'
        for a, b in skeleton.links
    ]
    circles = [
        f'<circle r="1.5" stroke="black" fill="#b3b3b3" cx="{x}" cy="{y}" stroke-width="0.1" '
        f'data-type="element node" data-element-id="{k + 1}" data-node-id="{k + 1}" '
        f"data-label-name={quoteattr(name)}></circle>"
        for k, (name, (x, y)) in enumerate(zip(skeleton.keypoint_names, places, strict=True))
    ]
    return "\n".join([*lines, *circles])
