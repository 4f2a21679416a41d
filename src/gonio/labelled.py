"""A model over a labelled data set: from label files and folders of pictures to a report."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gonio.errors import MediaError
from gonio.io.formats.coco import merge_annotations, read_coco_keypoints
from gonio.io.images import read_image
from gonio.models.model import PoseModel
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses


def read_labels(files: Sequence[Path]) -> list[Annotations]:
    """The labels of one or several COCO keypoint files, one entry per image.

    Raises:
        MediaError: If a file cannot be read or is no COCO keypoint file.
    """
    return merge_annotations([read_coco_keypoints(file) for file in files])


def predict_labelled(
    model: PoseModel, annotations: Sequence[Annotations], folders: Sequence[Path], *, flip_test: bool = False
) -> Iterator[Poses]:
    """Everyone in each labelled image, in the order of the labels; people of every score, as AP wants them.

    Raises:
        MediaError: If an image is in none of the folders, before the first is looked at, or cannot be read.
    """
    files = [_find(image.file_name, folders) for image in annotations]
    return (model(read_image(file), min_person_score=0, flip_test=flip_test) for file in files)


def _find(file_name: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (folder / file_name).is_file():
            return folder / file_name
    places = ", ".join(f"'{folder}'" for folder in folders)
    raise MediaError(
        f"the labelled image '{file_name}' is not in {places}; give the folder that holds it with --images"
    )
