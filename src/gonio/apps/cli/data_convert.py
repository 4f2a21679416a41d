"""``gonio data convert``: labels of any known format in any other."""

from pathlib import Path
from typing import Annotated

import typer

from gonio.apps.cli.console import say
from gonio.apps.cli.data_label import check_labels_stay, yolo_outputs
from gonio.apps.cli.data_options import (
    Category,
    Images,
    Kind,
    Labels,
    SkeletonName,
    load,
    say_elsewhere,
    say_written,
)
from gonio.datasets.export import write_label_file, write_splits, yolo_splits
from gonio.datasets.loading import LabelledSet
from gonio.io.formats.coco import merge_annotations
from gonio.io.formats.labels import LabelFormat, output_format
from gonio.io.formats.lsp import lsp_picture_names

_WAY_OUT = "give the folder that holds them with --images, or leave them out with --no-pictures"


def convert(
    labels: Labels,
    out: Annotated[
        Path, typer.Option("--out", "-o", help=".json, .xml, .zip, .mat, .csv, .h5, .slp, or a folder for YOLO.")
    ],
    to: Annotated[
        LabelFormat | None, typer.Option(help="Format to write.", show_default="by OUT's ending; .json is coco")
    ] = None,
    images: Images = None,
    pictures: Annotated[bool, typer.Option(help="Copy the pictures, for YOLO and LSP.")] = True,
    skeleton: SkeletonName = None,
    format: Kind = None,  # noqa: A002 - the option's name
    category: Category = None,
) -> None:
    """Convert labels of any known format to any other.

    A file takes all pictures of all LABELS. In a YOLO folder each file is a split, train, val or test as its name says;
    a single one is train. What the format cannot hold is said.

    Example: gonio data convert task.zip --out labels.json

    Example: gonio data convert labels.json --to label-studio --out tasks.json
    """
    kind = output_format(out, to)
    check_labels_stay(labels, yolo_outputs(out) if kind == "yolo" else [out], format)
    sets = load(labels, images, skeleton, format, category)
    if kind == "yolo":
        _write_yolo(out, sets, copy=pictures)
    else:
        _write_file(out, sets, kind, copy=pictures)


def _write_yolo(out: Path, sets: list[LabelledSet], *, copy: bool) -> None:
    splits = yolo_splits(sets)
    found = {name: one.pictures(way_out=_WAY_OUT) for name, one in zip(splits, sets, strict=True)} if copy else None
    files = write_splits(out, splits, kind="yolo", pictures=found)
    say_written(files, [image for dataset in sets for image in dataset.images], "yolo")


def _write_file(out: Path, sets: list[LabelledSet], kind: LabelFormat, *, copy: bool) -> None:
    merged = merge_annotations([dataset.images for dataset in sets])
    copy = copy and kind == "lsp"
    found: list[Path | None] = []
    for dataset in sets:
        found += dataset.pictures(way_out=_WAY_OUT) if copy else map(dataset.picture, dataset.images)
    write_label_file(out, merged, kind=kind, pictures=found, copy=copy)
    say_written([out], merged, kind, pictures=None not in found)
    if kind != "lsp":
        say_elsewhere([out], merged, sets)
    elif not copy:
        say(f"name the pictures images/{lsp_picture_names(merged)[0]} and so on beside it, in the order of the labels")
