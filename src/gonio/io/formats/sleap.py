"""SLEAP's ``.slp``, through sleap-io: the labels that a person made, not the predictions beside them."""

from pathlib import Path
from typing import Any

import numpy as np

from gonio.errors import MediaError
from gonio.io.files import check_is_file
from gonio.io.formats.keypoint_names import order_of, skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, image_size_hw, unusable
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton


def read_sleap(
    path: str | Path, skeleton: Skeleton | None = None, *, images: str | Path | None = None
) -> list[Annotations]:
    """Read a SLEAP project of one skeleton.

    Args:
        path: The ``.slp`` file.
        skeleton: What the nodes shall be, matched by name. Default: the skeleton of Gonio that has exactly these,
            else one made of their names and edges.
        images: A folder of pictures, for a frame whose video does not say its size. Default: the file's own.

    Returns:
        One `Annotations` per labelled frame, in the order of the file, ids from 1. A frame of a list of pictures
        is named after its picture, one of a video ``VIDEO/000042.png`` after its index. Instances made by a person
        are read: what has numbers is visible, the rest not labelled; boxes are made of the keypoints, areas
        are 0.53 of the box. Tracks are lost.

    Raises:
        MediaError: If the file cannot be read, has no or several skeletons, or a frame's size is not known.
        ConfigError: If the given skeleton has none of the nodes.
        MissingDependencyError: If sleap-io is not installed.
    """
    path = Path(path)
    check_is_file(path)
    sleap_io = require("sleap_io", extra="sleap", purpose="reading a SLEAP file")
    try:
        project = sleap_io.load_slp(str(path), open_videos=False)
    except (OSError, KeyError, ValueError) as error:
        raise unusable(path, f"it is no SLEAP file that can be read ({error})", "save it again in SLEAP") from error
    if len(project.skeletons) != 1:
        raise unusable(path, f"it has {len(project.skeletons)} skeletons", "save a project that has one")
    names = [str(name) for name in project.skeletons[0].node_names]
    links = [(int(a), int(b)) for a, b in project.skeletons[0].edge_inds]
    target = skeleton or skeleton_of_names(names, name=str(project.skeletons[0].name or path.stem), links=links)
    order = order_of(names, target)
    folder = Path(images) if images is not None else path.parent
    return [
        image_labels(
            [_person(one, order, len(target)) for one in frame.user_instances],
            target,
            image_id=i + 1,
            file_name=_file_name(frame),
            image_hw=_size_hw(frame, folder),
        )
        for i, frame in enumerate(project.labeled_frames)
    ]


def _person(instance: Any, order: list[int | None], k: int) -> LabelledPerson:
    xyv = empty_xyv(k)
    for place, (x, y) in zip(order, np.asarray(instance.numpy(), np.float64)[:, :2], strict=True):
        if place is not None and np.isfinite([x, y]).all():
            xyv[place] = x, y, 2
    return LabelledPerson(xyv)


def _file_name(frame: Any) -> str:
    names = frame.video.filename
    if isinstance(names, list):
        return Path(str(names[frame.frame_idx]).replace("\\", "/")).name
    return f"{Path(str(names).replace(chr(92), '/')).stem}/{frame.frame_idx:06d}.png"


def _size_hw(frame: Any, folder: Path) -> tuple[int, int]:
    if frame.video.shape is not None:
        return int(frame.video.shape[1]), int(frame.video.shape[2])
    picture = folder / _file_name(frame)
    if not picture.is_file():
        raise MediaError(
            f"the size of '{_file_name(frame)}' is not known: neither its video nor '{picture}' is there; "
            "give the folder of pictures with images."
        )
    return image_size_hw(picture)
