"""SLEAP's ``.slp``, through sleap-io: the labels that a person made, not the predictions beside them."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from gonio.errors import MediaError
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.keypoint_names import order_of, skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, image_size_hw, unusable
from gonio.io.formats.label_people import one_skeleton, people_of, plain_names
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


def write_sleap(
    path: str | Path, annotations: Sequence[Annotations], *, pictures: Sequence[Path | None] | None = None
) -> None:
    """Write a SLEAP project of one skeleton, every picture a labelled frame.

    Coordinates, sizes, names and links of the keypoints are kept exactly. Pictures of one size form a list, which
    SLEAP takes for a video. What is labelled becomes visible; ids, boxes, areas and people without keypoints are
    lost, crowds are left out.

    Args:
        path: The ``.slp`` file to make.
        annotations: Images of one skeleton; their names without folders must differ.
        pictures: For each image its file, which SLEAP opens by that path; None where it is not known.

    Raises:
        ConfigError: If there is no image, the skeletons differ, or two pictures have one name.
        MediaError: If the file cannot be written.
        MissingDependencyError: If sleap-io is not installed.
    """
    skeleton = one_skeleton(annotations)
    plain_names(annotations)
    sleap_io = require("sleap_io", extra="sleap", purpose="writing a SLEAP file")
    nodes = list(skeleton.keypoint_names)
    target = sleap_io.Skeleton(nodes=nodes, edges=[(nodes[a], nodes[b]) for a, b in skeleton.links], name=skeleton.name)
    files = [
        str(file.resolve()) if file else labels.file_name
        for labels, file in zip(annotations, pictures or [None] * len(annotations), strict=True)
    ]
    same: dict[tuple[int, int], list[str]] = {}  # the pictures of each size
    for labels, file in zip(annotations, files, strict=True):
        same.setdefault(labels.image_hw, []).append(file)
    videos = {hw: (_video(sleap_io, own, hw), count()) for hw, own in same.items()}
    frames = []
    for labels in annotations:
        video, places = videos[labels.image_hw]
        people = [_instance(sleap_io, one, target) for one in people_of(labels) if one.xyv[:, 2].any()]
        frames.append(sleap_io.LabeledFrame(video=video, frame_idx=next(places), instances=people))
    project = sleap_io.Labels(frames, videos=[video for video, _ in videos.values()], skeletons=[target])
    with atomic_path(Path(path)) as temporary:
        sleap_io.save_slp(project, str(temporary), verbose=False)


def _video(sleap_io: Any, files: list[str], image_hw: tuple[int, int]) -> Any:
    """A list of pictures of one size, none of which is opened."""
    height, width = image_hw
    shape = [len(files), height, width, 3]
    stored: dict[str, Any] = {"type": "ImageVideo", "filename": files[0], "filenames": files, "shape": shape}
    stored |= {"height_": height, "width_": width, "channels_": 3, "grayscale": False}
    return sleap_io.Video(filename=files, backend_metadata=stored, open_backend=False)


def _instance(sleap_io: Any, person: LabelledPerson, skeleton: Any) -> Any:
    points = np.where(person.xyv[:, 2:] > 0, person.xyv[:, :2], np.nan)
    return sleap_io.Instance.from_numpy(points, skeleton=skeleton)


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
