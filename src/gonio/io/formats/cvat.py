"""CVAT's own export, "CVAT for images 1.1": an XML file, or the zip that holds it as ``annotations.xml``.

A person is a ``<skeleton>``; each of its ``<points>`` has a name, so no order can be lost (CVAT's COCO export has
lost it: cvat-ai/cvat#5048). A point that is ``outside`` is not labelled, one that is ``occluded`` is hidden.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from gonio.arrays import FloatArray64
from gonio.io.files import check_is_file
from gonio.io.formats.keypoint_names import order_of, skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, unusable
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

_NODE = re.compile(
    r'data-node-id="(\d+)"[^>]*data-label-name="([^"]*)"|data-label-name="([^"]*)"[^>]*data-node-id="(\d+)"'
)
_EDGE = re.compile(r'data-node-from="(\d+)"[^>]*data-node-to="(\d+)"|data-node-to="(\d+)"[^>]*data-node-from="(\d+)"')


@dataclass(frozen=True, slots=True)
class _Layout:
    """The skeleton label that is read, and where each of its points goes."""

    label: str
    order: dict[str, int | None]
    skeleton: Skeleton


def read_cvat(path: str | Path, skeleton: Skeleton | None = None, *, category: str | None = None) -> list[Annotations]:
    """Read an export in the format "CVAT for images 1.1".

    Args:
        path: The XML file, or the zip file as downloaded.
        skeleton: What the keypoints shall be, matched by name. Default: the skeleton of Gonio that has exactly the
            labelled points, else one made of the names, with the links drawn in CVAT.
        category: The skeleton label to read, where the task has several.

    Returns:
        One `Annotations` per image, in the order of the file, ids from 1. A rectangle in the same group as a
        skeleton is its box; without one the box is made of the keypoints. Numbers are CVAT's own.

    Raises:
        MediaError: If the file cannot be read, is no such export, or has no skeleton label.
        ConfigError: If the given skeleton has none of the points.
    """
    path = Path(path)
    root = _root(path)
    layout = _layout(root, path, skeleton, category)
    return [_image(image, layout, image_id=i + 1, path=path) for i, image in enumerate(root.iter("image"))]


def _root(path: Path) -> Element:
    check_is_file(path)
    try:
        # Expat itself refuses entities that blow up (2.4.1 and later), and none is fetched.
        root = ElementTree.fromstring(_text(path))  # noqa: S314
    except ElementTree.ParseError as error:
        raise unusable(path, f"it is not XML: {error}", "export the task again") from error
    if root.tag != "annotations":
        raise unusable(path, f"its root is <{root.tag}>", "export the task as 'CVAT for images 1.1'")
    if root.find("track") is not None:
        raise unusable(path, "it holds tracks of a video", "export the task as 'CVAT for images 1.1'")
    return root


def _text(path: Path) -> bytes:
    if path.suffix.lower() != ".zip":
        return path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("annotations.xml")
    except KeyError as error:
        raise unusable(path, "it has no annotations.xml", "export the task as 'CVAT for images 1.1'") from error
    except zipfile.BadZipFile as error:
        raise unusable(path, f"it is no zip file ({error})", "download it again") from error


def _layout(root: Element, path: Path, skeleton: Skeleton | None, category: str | None) -> _Layout:
    labels = [element for element in root.iter("label") if element.findtext("type") == "skeleton"]
    names = list(dict.fromkeys(_name(label) for label in labels))
    names = names or list(dict.fromkeys(str(person.get("label")) for person in root.iter("skeleton")))
    if category is not None and category not in names:
        raise unusable(path, f"it has no skeleton label {category!r}", f"there are: {', '.join(names) or 'none'}")
    if category is None and len(names) != 1:
        fact = f"it has {len(names)} skeleton labels" + (f" ({', '.join(names)})" if names else "")
        raise unusable(path, fact, "name one with category" if names else "label people with a skeleton, not points")
    chosen = category or names[0]
    points = [_name(label) for label in root.iter("label") if label.findtext("parent") == chosen]
    if not points:  # an export without its meta part
        people = [person for person in root.iter("skeleton") if person.get("label") == chosen]
        points = [str(point.get("label")) for person in people for point in person.iter("points")]
    points = list(dict.fromkeys(points))
    if not points:
        raise unusable(path, f"the skeleton label {chosen!r} has no points", "export the task again")
    svg = next((label.findtext("svg") or "" for label in labels if _name(label) == chosen), "")
    fitting = skeleton or skeleton_of_names(points, name=chosen, links=_links(svg, points))
    return _Layout(chosen, dict(zip(points, order_of(points, fitting), strict=True)), fitting)


def _links(svg: str, points: list[str]) -> list[tuple[int, int]]:
    """The edges of the drawing of a skeleton; none where it does not say which node is which point."""
    nodes = {a or d: b or c for a, b, c, d in _NODE.findall(svg)}
    edges = [(a or d, b or c) for a, b, c, d in _EDGE.findall(svg)]
    known = {node: points.index(name) for node, name in nodes.items() if name in points}
    return [(known[a], known[b]) for a, b in edges if a in known and b in known]


def _image(image: Element, layout: _Layout, *, image_id: int, path: Path) -> Annotations:
    try:
        boxes = {box.get("group_id"): _box(box) for box in image.iter("box") if box.get("group_id")}
        people = [
            LabelledPerson(_xyv(person, layout), boxes.get(person.get("group_id")))
            for person in image.iter("skeleton")
            if person.get("label") == layout.label
        ]
        size = int(image.attrib["height"]), int(image.attrib["width"])
        name = image.attrib["name"]
    except (KeyError, ValueError) as error:
        raise unusable(
            path, f"image {image.get('name')!r} has an odd or missing value ({error})", "export it again"
        ) from error
    return image_labels(people, layout.skeleton, image_id=image_id, file_name=name, image_hw=size)


def _xyv(person: Element, layout: _Layout) -> FloatArray64:
    xyv = empty_xyv(len(layout.skeleton))
    for point in person.iter("points"):
        k = layout.order.get(str(point.get("label")))
        if k is None or point.get("outside") == "1":
            continue
        x, y = (float(number) for number in point.attrib["points"].split(","))
        xyv[k] = x, y, 1 if point.get("occluded") == "1" else 2
    return xyv


def _box(box: Element) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(box.attrib[edge]) for edge in ("xtl", "ytl", "xbr", "ybr"))
    return x1, y1, x2, y2


def _name(label: Element) -> str:
    return label.findtext("name") or ""
