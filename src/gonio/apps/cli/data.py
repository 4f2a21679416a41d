"""``gonio data``: convert, count, check, divide and look at labelled pictures."""

import json as json_text
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gonio.apps.cli.console import count, number_table, say
from gonio.apps.cli.data_convert import convert
from gonio.apps.cli.data_label import check_labels_stay, label, yolo_outputs
from gonio.apps.cli.data_options import (
    Category,
    Images,
    Kind,
    Labels,
    SkeletonName,
    load,
    say_elsewhere,
    say_written,
    skeleton_of,
)
from gonio.augmentation import Augmentation
from gonio.datasets.augmented_sheet import LabelledPerson, augmented_sheet
from gonio.datasets.export import WrittenFormat, write_splits
from gonio.datasets.findings import CODES, Finding
from gonio.datasets.info import DatasetInfo, describe
from gonio.datasets.lint import lint_files
from gonio.datasets.loading import LabelledSet
from gonio.datasets.sheet import Tile, contact_sheets
from gonio.datasets.split import split_images
from gonio.errors import ConfigError
from gonio.io.formats.coco import merge_annotations
from gonio.io.formats.labels import LabelFormat
from gonio.io.images import read_image, write_image
from gonio.structures.annotations import Annotations

FOUND = 3
"""Exit code of lint when something was found: 1 is for files that cannot be read."""

_OTHERS = 8
"""So many pictures are read for occluders to be cut from."""

data = typer.Typer(
    name="data",
    help="Convert, count, check, divide and look at labelled pictures.",
    epilog="Example: gonio data lint train.json val.json --images photos",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


data.command()(convert)


@data.command()
def info(
    labels: Labels,
    images: Images = None,
    skeleton: SkeletonName = None,
    format: Kind = None,  # noqa: A002 - the option's name
    category: Category = None,
    json: Json = False,
) -> None:
    """Count pictures, people, sizes, and how often each keypoint is labelled.

    Example: gonio data info person_keypoints_val2017.json
    """
    infos = [describe(one.images, name=one.name) for one in load(labels, images, skeleton, format, category)]
    if json:
        sys.stdout.write(json_text.dumps({"sets": [one.to_dict() for one in infos]}, allow_nan=False) + "\n")
        return
    for one in infos:
        _print_info(one)


@data.command()
def lint(
    labels: Labels,
    images: Images = None,
    pictures: Annotated[bool, typer.Option(help="Look at the picture files too.")] = True,
    only: Annotated[list[str] | None, typer.Option(help="Only findings of this code; may be given again.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Findings shown of each code.")] = 20,
    skeleton: SkeletonName = None,
    format: Kind = None,  # noqa: A002 - the option's name
    category: Category = None,
    json: Json = False,
) -> None:
    """Find swapped sides, wrong order, misused visibility, duplicates, leaks and more.

    Each file is a split. Exit code: 0 nothing found, 3 something found, 1 a file cannot be read.

    Example: gonio data lint train.json val.json --images photos
    """
    sets, findings = _findings(labels, images, skeleton, format, category, only, pictures=pictures)
    people = sum(len(image) for dataset in sets for image in dataset.images)
    pictures_n = sum(len(dataset.images) for dataset in sets)
    if json:
        facts = {"images": pictures_n, "people": people, "findings": [finding.to_dict() for finding in findings]}
        sys.stdout.write(json_text.dumps(facts, allow_nan=False) + "\n")
    else:
        _print_findings(findings, most)
        say(f"{count(len(findings), 'finding')} in {count(pictures_n, 'picture')} with {people} people")
    if findings:
        raise typer.Exit(FOUND)


@data.command()
def split(
    labels: Labels,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")],
    part: Annotated[
        list[str] | None, typer.Option(help="NAME=SHARE; given for each split.", show_default="train=0.8, val=0.2")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Regular expression: pictures that share what its bracket finds stay together.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number, another division.")] = 0,
    to: Annotated[WrittenFormat, typer.Option(help="Format to write.")] = "coco",
    images: Images = None,
    pictures: Annotated[bool, typer.Option(help="Copy the pictures into a YOLO folder.")] = True,
    skeleton: SkeletonName = None,
    format: Kind = None,  # noqa: A002 - the option's name
    category: Category = None,
) -> None:
    """Divide pictures into splits, the same way each time.

    Frames of one video belong together: name what they share with --group.

    Example: gonio data split labels.json --out divided --group '(.*)_[0-9]+'
    """
    parts = _parts(part or ["train=0.8", "val=0.2"])
    outputs = [out / f"{name}.json" for name in parts] if to == "coco" else yolo_outputs(out)
    check_labels_stay(labels, outputs, format)
    sets = load(labels, images, skeleton, format, category)
    merged = merge_annotations([dataset.images for dataset in sets])
    divided = split_images(merged, parts, seed=seed, group=group)
    found = None
    if pictures and to == "yolo":
        files_of = {
            image.file_name: file for one in sets for image, file in zip(one.images, one.pictures(), strict=True)
        }
        found = {name: [files_of[image.file_name] for image in own] for name, own in divided.items()}
    files = write_splits(out, divided, kind=to, pictures=found)
    say_written(files, merged, to)
    if to == "coco":
        say_elsewhere(files, merged, sets)
    say(", ".join(f"{name} {len(own)}" for name, own in divided.items()))


@data.command()
def view(
    labels: Labels,
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture to write.")],
    images: Images = None,
    people: Annotated[bool, typer.Option("--people", help="A tile for each person instead of each picture.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Show what lint finds of this code, or of 'any'.")] = None,
    columns: Annotated[int, typer.Option(min=1, help="Tiles side by side.")] = 5,
    rows: Annotated[int, typer.Option(min=1, help="Tiles one above the other.")] = 4,
    tile: Annotated[
        int | None, typer.Option(min=32, help="Width of a tile, px.", show_default="280; 150 with --augment")
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="Which sheet, from 1.")] = 1,
    augment: Annotated[
        bool, typer.Option("--augment", help="A row for each person: the crop, each augmentation alone, all together.")
    ] = False,
    kind: Annotated[list[str] | None, typer.Option(help="With --augment: only this kind; may be given again.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="With --augment: another number, other chances.")] = 0,
    skeleton: SkeletonName = None,
    format: Kind = None,  # noqa: A002 - the option's name
    category: Category = None,
) -> None:
    """Draw labels onto a contact sheet: visible keypoints filled, hidden ones hollow.

    With --augment it shows what training makes of people, with the default strengths.

    Example: gonio data view train.json --images photos --only sides-swapped --out swapped.jpg
    """
    if kind and not augment:
        raise ConfigError("--kind names kinds of augmentation; give --augment too.")
    if only:
        codes = None if "any" in only else only
        sets, findings = _findings(labels, images, skeleton, format, category, codes, pictures=False)
        wanted = list(_tiles_of_findings(sets, findings))
    else:
        sets = load(labels, images, skeleton, format, category)
        wanted = list(_tiles_of_sets(sets, people=people or augment))
    if augment:
        wanted = [one for one in wanted if one[3] is not None and (one[1].visibility[one[3]] > 0).any()]
    size = rows if augment else columns * rows
    chosen = wanted[(page - 1) * size : page * size]
    what = "people with keypoints" if augment else "tiles"
    if not wanted:
        raise ConfigError(f"there is nothing to show: {'lint finds nothing of that' if only else 'no ' + what}.")
    if not chosen:
        raise ConfigError(f"there are {len(wanted)} {what}, none on page {page}; page 1 has the first {size}.")
    if augment:
        settings = Augmentation().only(*kind) if kind else Augmentation()
        sheet = augmented_sheet(
            _people(chosen), settings=settings, others=_others(wanted), seed=seed, tile_px=tile or 150
        )
    else:
        tiles = (Tile(read_image(file), image, caption, person) for file, image, caption, person in chosen)
        sheet = next(contact_sheets(tiles, columns=columns, rows=rows, tile_px=tile or 280))
    write_image(out, sheet)
    say(f"wrote {out}: {what} {(page - 1) * size + 1} to {(page - 1) * size + len(chosen)} of {len(wanted)}")


_Wanted = tuple[Path, Annotations, str, int | None]


def _people(wanted: Sequence[_Wanted]) -> list[LabelledPerson]:
    return [
        LabelledPerson(read_image(file), image, person, caption)
        for file, image, caption, person in wanted
        if person is not None
    ]


def _others(wanted: Sequence[_Wanted]) -> list[LabelledPerson]:
    """A few people from all over the data, one a picture, to cut occluders from."""
    by_picture = list({file: one for one in reversed(wanted) for file in one[:1]}.values())
    return _people(by_picture[:: max(len(by_picture) // _OTHERS, 1)][:_OTHERS])


def _findings(
    labels: Sequence[Path],
    images: Sequence[Path] | None,
    skeleton: str | None,
    kind: LabelFormat | None,
    category: str | None,
    only: Sequence[str] | None,
    *,
    pictures: bool,
) -> tuple[list[LabelledSet], list[Finding]]:
    if unknown := [code for code in only or () if code not in CODES]:
        raise ConfigError(f"lint has no code {unknown[0]!r}; there are: {', '.join(CODES)}.")
    sets, findings = lint_files(
        labels,
        folders=images or (),
        kind=kind,
        skeleton=skeleton_of(skeleton),
        category=category,
        pictures=pictures,
    )
    return sets, [finding for finding in findings if not only or finding.code in only]


def _parts(texts: Sequence[str]) -> dict[str, float]:
    parts: dict[str, float] = {}
    for text in texts:
        name, _, share = text.partition("=")
        if name in parts or name != Path(name).name:
            raise ConfigError(f"--part {text!r}: the name of a split is that of its file; give each another.")
        try:
            parts[name] = float(share if name else "")
        except ValueError as error:
            raise ConfigError(f"--part {text!r} is not NAME=SHARE; write for example train=0.8.") from error
    return parts


def _tiles_of_sets(sets: Sequence[LabelledSet], *, people: bool) -> Iterator[_Wanted]:
    for dataset in sets:
        for image, file in zip(dataset.images, dataset.pictures(), strict=True):
            if people:
                yield from ((file, image, f"{image.file_name} {n}", n) for n in range(len(image)))
            else:
                yield file, image, f"{image.file_name}  {len(image)} people", None


def _tiles_of_findings(sets: Sequence[LabelledSet], findings: Sequence[Finding]) -> Iterator[_Wanted]:
    """One tile for each finding that a picture can show."""
    homes = {(dataset.name, image.file_name): (dataset, image) for dataset in sets for image in dataset.images}
    for finding in findings:
        dataset, image = homes.get((finding.split, finding.image or ""), (None, None))
        if dataset is None or image is None or (file := dataset.picture(image)) is None:
            continue
        person = next((n for n in range(len(image)) if dataset.position(image, n) == finding.person), None)
        where = "" if finding.person is None else f" {finding.person}"
        yield file, image, f"{image.file_name}{where}  {finding.code}", person


def _print_findings(findings: Sequence[Finding], most: int) -> None:
    counts = Counter(finding.code for finding in findings)
    for code, number in counts.items():
        typer.echo(f"{code}: {number}, {CODES[code]}")
        for finding in [one for one in findings if one.code == code][:most]:
            where = f"{finding.split}: {finding.image or 'the whole set'}"
            person = "" if finding.person is None else f" person {finding.person}"
            typer.echo(f"  {where}{person}: {finding.message}")
        if number > most:
            typer.echo(f"  and {number - most} more")


def _print_info(one: DatasetInfo) -> None:
    typer.echo(
        f"{one.name}: {one.images} pictures, {one.images_with_people} of them with people, skeleton {one.skeleton}"
    )
    typer.echo(f"  people {one.people}, with keypoints {one.people_with_keypoints}, crowds {one.crowds}")
    typer.echo(
        f"  small {one.small}, medium {one.medium}, large {one.large} (below 32 x 32 px, between, from 96 x 96 px)"
    )
    (w1, w2, w3), (h1, h2, h3) = one.size_wh
    typer.echo(f"  pictures {w1:g} to {w3:g} px wide (median {w2:g}), {h1:g} to {h3:g} px high (median {h2:g})")
    low, middle, high = one.box_height
    typer.echo(f"  boxes {middle:g} px high (median; 5 % below {low:g}, 5 % above {high:g})")
    table = number_table("keypoint", "visible", "hidden", "missing", "labelled %")
    for keypoint in one.keypoints:
        total = max(keypoint.visible + keypoint.hidden + keypoint.missing, 1)
        share = 100 * (keypoint.visible + keypoint.hidden) / total
        table.add_row(keypoint.name, str(keypoint.visible), str(keypoint.hidden), str(keypoint.missing), f"{share:.0f}")
    Console().print(table)


data.command()(label)
