"""``gonio data label``: a teacher's keypoints for people of whom only the box is labelled."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gonio.apps.cli.console import progress_bar, say
from gonio.datasets.loading import load_sets
from gonio.errors import ConfigError
from gonio.io.formats.coco import merge_annotations
from gonio.io.formats.deeplabcut import deeplabcut_twins
from gonio.io.formats.labels import LabelFormat, label_format
from gonio.io.formats.yolo_dataset import label_file, read_yolo_dataset
from gonio.io.formats.yolo_pose import YOLO_FILE
from gonio.optional import require


def label(
    labels: Annotated[
        list[Path],
        typer.Argument(help="Files with people's boxes, of any format that 'data' reads.", metavar="LABELS"),
    ],
    teacher: Annotated[
        str, typer.Option(help="A model card (.json), a name from 'gonio models', or a checkpoint (.safetensors).")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="COCO keypoint file to write.")],
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of pictures; may be given again.", metavar="DIR", show_default="beside the labels"),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="The teacher's weights file.", show_default="beside its card")
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="Also complete people who have some keypoints; labels of people stay.")
    ] = False,
    flip_test: Annotated[bool, typer.Option("--flip-test", help="Average with the mirrored picture: slower.")] = False,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Keypoints below this score are not labelled.")] = 0.2,
    batch: Annotated[int, typer.Option(min=1, help="People that go through the network at once.")] = 32,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or cuda:1.", show_default="cuda where there is one")
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        LabelFormat | None, typer.Option("--format", help="Of LABELS.", show_default="by name and content")
    ] = None,
    category: Annotated[str | None, typer.Option(help="Class to read, where there are several.")] = None,
) -> None:
    """Let a teacher label the keypoints of every person who has only a box.

    Each keypoint gets a score and a weight, which training obeys. A teacher is any top-down model.

    Example: gonio data label boxes.json --images photos --teacher thunder --flip-test --out labels.json
    """
    check_labels_stay(labels, [out], format)
    labelling: Any = require("gonio.training.labelling", extra="train", purpose="labelling with a teacher")
    ready = labelling.load_teacher(teacher, weights=weights, flip_test=flip_test, device=device)
    sets = load_sets(labels, folders=images or (), kind=format, skeleton=ready.skeleton, category=category)
    merged = merge_annotations([dataset.images for dataset in sets])
    pictures = [picture for dataset in sets for picture in dataset.pictures()]
    taught = labelling.label_people(ready, merged, pictures, everyone=everyone, min_score=min_score, batch_size=batch)
    with progress_bar() as bar:
        task = bar.add_task("labelling", total=len(merged), fps=0.0, people=0)
        looked, keypoints = labelling.write_taught_labels(out, _followed(taught, bar, task))
    say(f"wrote '{out}': {len(merged)} pictures; the teacher looked at {looked} people, {keypoints} keypoints count")


def check_labels_stay(labels: Sequence[Path], outputs: Sequence[Path], kind: LabelFormat | None) -> None:
    """Refuse to replace the labels that shall be read: no written file holds all that is in them.

    Args:
        labels: As they are named; of a YOLO data set the pictures' label files count too, of a DeepLabCut project both
            the CSV file and the ``.h5`` file.
        outputs: What may be written.
        kind: Format of the labels. Default: what each looks like.

    Raises:
        ConfigError: If one is the same file as the other, by whatever path or link.
        PoseError: If the labels are of no known format, or cannot be found.
    """
    written = {_identity(path): path for path in outputs if path.exists()}
    if not written:
        return
    for file in (file for path in labels for file in _files_of(path, kind)):
        if file.exists() and (output := written.get(_identity(file))):
            raise ConfigError(f"the output '{output}' would replace the labels '{file}'; give another --out.")


def yolo_outputs(folder: Path) -> list[Path]:
    """What a YOLO data set in this folder may replace, as far as it is there."""
    return [folder / YOLO_FILE, *folder.glob("labels/*/*.txt")]


def _identity(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino


def _files_of(path: Path, kind: LabelFormat | None) -> Iterator[Path]:
    """Every file that labels are read from."""
    yield path
    kind = kind or label_format(path)
    if kind == "deeplabcut":
        yield from deeplabcut_twins(path)
    if kind == "yolo":
        dataset = read_yolo_dataset(path)
        for split, places in dataset.splits.items():
            yield from (place for place in places if place.suffix == ".txt")
            yield from map(label_file, dataset.pictures(split))


def _followed(taught: Any, bar: Any, task: Any) -> Any:
    """The same labels, counted by the bar."""
    people = 0
    for one in taught:
        people += len(one.annotations)
        bar.update(task, advance=1, people=people, fps=bar.tasks[0].speed or 0.0)
        yield one
