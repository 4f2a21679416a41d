"""Find what is wrong with labels before a network learns it."""

from collections.abc import Sequence
from pathlib import Path

from gonio.datasets.findings import Finding
from gonio.datasets.lint_files import examine_file
from gonio.datasets.lint_people import lint_people
from gonio.datasets.lint_pictures import lint_names, lint_pictures
from gonio.datasets.lint_sides import lint_sides
from gonio.datasets.loading import LabelledSet
from gonio.errors import ConfigError
from gonio.io.formats.labels import LabelFormat
from gonio.structures.skeleton import Skeleton


def lint_sets(sets: Sequence[LabelledSet], *, pictures: bool = True) -> list[Finding]:
    """What is wrong with labels that could be read.

    Args:
        sets: The splits of one data set, with different names.
        pictures: Look at the picture files too: missing ones, sizes, duplicates, leaks between the sets.

    Raises:
        ConfigError: If two sets have the same name.
    """
    if len({dataset.name for dataset in sets}) != len(sets):
        raise ConfigError(f"two sets have the same name ({', '.join(one.name for one in sets)}); rename a file.")
    findings: list[Finding] = []
    for dataset in sets:
        findings += lint_names(dataset)
        findings += lint_people(dataset)
        findings += lint_sides(dataset)
    return findings + (list(lint_pictures(sets)) if pictures else [])


def lint_files(
    paths: Sequence[Path],
    *,
    folders: Sequence[Path] = (),
    kind: LabelFormat | None = None,
    skeleton: Skeleton | None = None,
    category: str | None = None,
    pictures: bool = True,
) -> tuple[list[LabelledSet], list[Finding]]:
    """Everything that is wrong with label files and their pictures.

    Args:
        paths: Label files of one data set; each is a split, or has some.
        folders: Where the pictures are; left out, the usual places are tried.
        kind: The format, whatever the files look like.
        skeleton: What the keypoints shall be.
        category: The class to read, where there are several.
        pictures: Look at the picture files too.

    Returns:
        The sets as far as they can be used, and the findings: those of the files first.

    Raises:
        PoseError: If a file as a whole cannot be read.
    """
    sets: list[LabelledSet] = []
    findings: list[Finding] = []
    for path in paths:
        some, wrong = examine_file(path, folders=folders, kind=kind, skeleton=skeleton, category=category)
        sets += some
        findings += wrong
    return sets, findings + lint_sets(sets, pictures=pictures)
