"""What the verbs of ``gonio data`` share: their arguments, reading labels, and saying what was written."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gonio.apps.cli.console import say
from gonio.datasets.loading import LabelledSet, load_sets, picture_folders
from gonio.io.formats.label_losses import FORMAT_NAMES, losses, people_held
from gonio.io.formats.labels import LabelFormat
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton

Labels = Annotated[
    list[Path],
    typer.Argument(help="COCO, YOLO, CVAT, Label Studio, LSP, DeepLabCut or SLEAP files.", metavar="LABELS"),
]
Images = Annotated[
    list[Path] | None,
    typer.Option(help="Folder of pictures; may be given again.", metavar="DIR", show_default="beside the labels"),
]
SkeletonName = Annotated[
    str | None, typer.Option("--skeleton", help="What the keypoints shall be.", show_default="what the file says")
]
Kind = Annotated[LabelFormat | None, typer.Option("--format", help="Of LABELS.", show_default="by name and content")]
Category = Annotated[str | None, typer.Option(help="Class to read, where there are several.")]


def load(
    labels: Sequence[Path],
    images: Sequence[Path] | None,
    skeleton: str | None,
    kind: LabelFormat | None,
    category: str | None,
) -> list[LabelledSet]:
    """Read the labels that a verb is given."""
    return load_sets(labels, folders=images or (), kind=kind, skeleton=skeleton_of(skeleton), category=category)


def skeleton_of(name: str | None) -> Skeleton | None:
    """The skeleton of ``--skeleton``."""
    return None if name is None else load_skeleton(name)


def say_written(
    files: Sequence[Path], images: Sequence[Annotations], kind: LabelFormat, *, pictures: bool = True
) -> None:
    """Say what was written, and in a second line what of it the format could not hold."""
    names = ", ".join(f"'{file}'" for file in files)
    say(f"wrote {names}: {len(images)} pictures, {people_held(images, kind)} people")
    if lost := losses(images, kind, pictures=pictures):
        say(f"lost, as {FORMAT_NAMES[kind]} cannot hold it: {', '.join(lost)}")


def say_elsewhere(files: Sequence[Path], images: Sequence[Annotations], sets: Sequence[LabelledSet]) -> None:
    """Say which --images the new files need, where their pictures are not found beside them."""
    written = LabelledSet("", files[0], (), picture_folders(files[0], (), "coco"))
    places = [one.folder_of(image) for one in sets for image in one.images]
    away = [place for place, image in zip(places, images, strict=True) if place and written.picture(image) is None]
    for folder in dict.fromkeys(away):
        say(f"the pictures are not beside it: give --images {shlex.quote(str(folder))}")
