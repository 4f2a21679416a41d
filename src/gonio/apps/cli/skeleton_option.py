"""``--skeleton``: the name of a shipped skeleton, a TOML file, or the names of the keypoints in the network's order."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gonio.errors import ConfigError, ShapeError
from gonio.io.formats.keypoint_names import DEFAULT_SIGMA, mirrored_names, normal_name
from gonio.models.skeleton_spec import SkeletonSpec, skeleton_entry
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

Links = list[tuple[int, int]]


def read_skeleton(text: str) -> str | SkeletonSpec:
    """What the option says.

    Args:
        text: ``coco17``; or ``hand.toml``; or ``nose,left_eye,right_eye``. A TOML file has ``keypoints``, a list of
            names or of tables with ``name`` and perhaps ``flip`` and ``sigma``, and perhaps ``links``, pairs of names.

    Returns:
        What a card says of it. Of points that the shipped skeletons have by the same name, the falloffs of the object
        keypoint similarity and the links are theirs.

    Raises:
        ConfigError: If it is none of these, or the file is not such a one.
    """
    if text.endswith(".toml"):
        return _from_file(Path(text))
    if "," in text:
        names = [name.strip() for name in text.split(",")]
        return _entry(names, name=f"own{len(names)}")
    return load_skeleton(text).name  # an unknown name is told with those that there are


def _from_file(path: Path) -> str | SkeletonSpec:
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read the skeleton '{path}': {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the skeleton '{path}' is not TOML: {error}") from error
    points = data.get("keypoints")
    if not isinstance(points, list) or not points:
        raise ConfigError(f"the skeleton '{path}' has no list 'keypoints'; write one: the names in the network's order")
    tables: list[dict[str, Any]] = [{"name": point} if isinstance(point, str) else point for point in points]
    try:
        names = [str(table["name"]) for table in tables]
        flips = {table["name"]: table["flip"] for table in tables if "flip" in table}
        sigmas = {table["name"]: float(table["sigma"]) for table in tables if "sigma" in table}
        links = _links(data.get("links", []))
        return _entry(names, name=str(data.get("name", path.stem)), flips=flips, sigmas=sigmas, links=links)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"the skeleton '{path}' cannot be understood: {error}; see docs/your-model.md") from error


def _links(value: Any) -> list[tuple[str, str]] | None:
    """Pairs of names, whether they are grouped by parts of the body or not; None: there are none."""
    groups = list(value.values()) if isinstance(value, dict) else [value]
    return [(str(a), str(b)) for group in groups for a, b in group] or None


def _entry(
    names: Sequence[str],
    *,
    name: str,
    flips: dict[str, str] | None = None,
    sigmas: dict[str, float] | None = None,
    links: Sequence[tuple[str, str]] | None = None,
) -> str | SkeletonSpec:
    for shipped in skeleton_names():
        if tuple(map(normal_name, names)) == load_skeleton(shipped).keypoint_names and not (flips or sigmas or links):
            return shipped
    spelled = tuple(map(normal_name, names))
    index = {one: i for i, one in enumerate(spelled)}
    known = {one: sigma for _, own in _shipped() for one, sigma in zip(own.keypoint_names, own.sigmas, strict=True)}
    mirror = list(mirrored_names(names))
    for one, other in (flips or {}).items():
        mirror[_place(one, index)] = _place(other, index)
    given = {normal_name(one): sigma for one, sigma in (sigmas or {}).items()}
    try:
        return skeleton_entry(
            Skeleton(
                name=name,
                keypoint_names=spelled,
                links=tuple((_place(a, index), _place(b, index)) for a, b in links) if links else _known_links(index),
                flip_indices=tuple(mirror),
                sigmas=tuple(given.get(one, known.get(one, DEFAULT_SIGMA)) for one in spelled),
                source="named by the user",
            )
        )
    except ShapeError as error:
        raise ConfigError(str(error)) from error


def _shipped() -> list[tuple[str, Skeleton]]:
    """The shipped skeletons, COCO's last: where several have a point, its numbers win."""
    return [(name, load_skeleton(name)) for name in sorted(skeleton_names(), key=lambda name: name == "coco17")]


def _place(name: str, index: dict[str, int]) -> int:
    if normal_name(name) not in index:
        raise ConfigError(f"the skeleton has no keypoint {name!r}; it has {', '.join(index)}")
    return index[normal_name(name)]


def _known_links(index: dict[str, int]) -> tuple[tuple[int, int], ...]:
    """The links of the shipped skeleton of which most ends are here."""
    found = []
    for _, own in _shipped():
        pairs = [(own.keypoint_names[a], own.keypoint_names[b]) for a, b in own.links]
        found.append(tuple((index[a], index[b]) for a, b in pairs if a in index and b in index))
    return max(reversed(found), key=len)
