"""Models for machines without network: one zip file with cards and weights, checked piece by piece when unpacked."""

import errno
import hashlib
import json
import os
import posixpath
import secrets
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gonio.errors import ModelError, WeightsError
from gonio.models.card import ModelCard
from gonio.models.onnx_bytes import external_places, is_inside, read_files
from gonio.models.registry import find_card, find_weights, shelf_of
from gonio.models.store import Store, store

MANIFEST = "gonio-bundle.json"
"""The file in a bundle that lists the others."""

_CHUNK = 1 << 20
_LARGEST_TEXT = 1 << 20


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(gt=0)
    url: str | None = None


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    gonio_bundle: Literal[1]
    models: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A model that came out of a bundle, ``size`` bytes in all; ``added``: with its card, which is new here."""

    name: str
    path: Path
    sha256: str
    size: int
    added: bool


def write_bundle(names: Sequence[str], out: Path) -> int:
    """Put pulled and added models into one file, with their cards.

    Args:
        names: Of models whose weights are here. Those that ship are everywhere and stay out.
        out: The zip file to make.

    Returns:
        Its size, bytes.

    Raises:
        UnknownModelError: If there is no such model.
        WeightsError: If its weights are not here or wrong, or the file cannot be written.
        ModelError: If nothing is left to bundle.
    """
    here = store()
    found: list[tuple[ModelCard, Path]] = []
    for name in dict.fromkeys(names):
        card, folder = find_card(name)
        if shelf_of(card.name) != "shipped":
            path = find_weights(card, folder)
            reads = card.weights.reads if shelf_of(card.name) == "zoo" else _all_read(card, path)
            # an added card may name the file by its whole path
            beside = card.weights.model_copy(update={"file": path.name, "reads": reads})
            found.append((card.model_copy(update={"weights": beside}), path))
    if not found:
        raise ModelError(f"{', '.join(names) or 'nothing'} ships with gonio and is on every machine; name other models")
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            entries = []
            for card, path in found:
                record = here.record(card.name)
                digest = _copy_in(archive, path, f"weights/{card.name}/{card.weights.file}")
                for other in card.weights.reads:
                    _copy_in(archive, path.parent / other, f"weights/{card.name}/{other}")
                facts = {"name": card.name, "file": card.weights.file, "sha256": digest, "size": path.stat().st_size}
                entries.append(facts | {"url": record.url if record and record.sha256 == digest else None})
                archive.writestr(f"cards/{card.name}.json", card.model_dump_json(indent=2, exclude_none=False))
            archive.writestr(MANIFEST, json.dumps({"gonio_bundle": 1, "models": entries}, indent=2))
        temporary.replace(out)
    except OSError as error:
        raise WeightsError(_trouble(out, error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return out.stat().st_size


def _all_read(card: ModelCard, path: Path) -> dict[str, str]:
    """The files that the weights read, whether the card names them or not.

    Raises:
        WeightsError: If one cannot be taken along.
    """
    if path.suffix != ".onnx":
        return card.weights.reads
    there = read_files(path) | card.weights.reads
    for place in external_places(path):
        if posixpath.normpath(place) not in there:
            raise WeightsError(
                f"'{path}' reads weights from '{place}', which is no file in its folder or below it; put it there, or "
                "save the model as one file"
            )
    return there


def read_bundle(path: Path, *, accept_new: bool = False) -> tuple[Unpacked, ...]:
    """Take the models of a bundle into the store: all of them, or none where one is not sound.

    Args:
        path: From `write_bundle`.
        accept_new: Take weights whose digest is another than that of those that came first. Without effect where the
            card states a digest.

    Raises:
        WeightsError: If the file is no bundle, is damaged, or holds other weights than the card or the record says.
    """
    here = store()
    placed: list[tuple[Path, Path]] = []
    models: list[tuple[_Entry, ModelCard, bool, int]] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _manifest(archive, path).models:
                card, added = _card_for(archive, entry, path)
                _check_expected(here, card, entry, accept_new=accept_new)
                parts = [entry, *_read_by(archive, entry, card)]
                models.append((entry, card, added, sum(part.size for part in parts)))
                for target, part in ((here.folder(entry.name) / part.file, part) for part in parts):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
                    placed.append((temporary, target))
                    _copy_out(archive, part, temporary, path)
        for temporary, target in placed:
            temporary.replace(target)
        return tuple(_take_in(here, *one) for one in models)
    except FileNotFoundError as error:
        raise WeightsError(f"cannot read '{error.filename or path}': no such file") from error
    except OSError as error:
        raise WeightsError(_trouble(here.home, error)) from error
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError) as error:
        reason = _first_fault(error)
        raise WeightsError(f"'{path}' is not a sound bundle of gonio ({reason}); copy it again") from error
    finally:
        for temporary, _ in placed:
            temporary.unlink(missing_ok=True)


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return (str(error) or type(error).__name__).splitlines()[0]


def _manifest(archive: zipfile.ZipFile, path: Path) -> _Manifest:
    if MANIFEST not in archive.namelist():
        raise WeightsError(f"'{path}' is a zip archive, but not a bundle from 'gonio models bundle'")
    return _Manifest.model_validate_json(_text(archive, MANIFEST))


def _card_for(archive: zipfile.ZipFile, entry: _Entry, path: Path) -> tuple[ModelCard, bool]:
    """Our own card of this name; that of the bundle only where we have none."""
    shelf = shelf_of(entry.name)
    if shelf == "shipped":
        raise WeightsError(f"'{path}' holds model {entry.name!r}, which ships with gonio; it is refused")
    if shelf == "zoo":
        card = find_card(entry.name)[0]
    else:
        card = ModelCard.model_validate_json(_text(archive, f"cards/{entry.name}.json"))
        if shelf == "added" and find_card(entry.name)[0] != card:
            raise WeightsError(
                f"'{path}' holds model {entry.name!r}, and you added another one of that name; first: "
                f"gonio models remove {entry.name}"
            )
    if (card.name, card.weights.file) != (entry.name, entry.file):
        raise WeightsError(
            f"'{path}' has '{entry.file}' for model {entry.name!r}, whose weights are called '{card.weights.file}'; "
            "it was made by another version of gonio: pull and bundle again"
        )
    for file in (card.weights.file, *card.weights.reads):
        if not is_inside(file) or (file == card.weights.file and "/" in file):
            raise WeightsError(f"'{path}' has a card whose weights lie elsewhere, at '{file}'; it is refused")
    return card, shelf != "zoo"


def _read_by(archive: zipfile.ZipFile, entry: _Entry, card: ModelCard) -> list[_Entry]:
    """Entries for the files that the weights read."""
    sizes = {file: archive.getinfo(f"weights/{entry.name}/{file}").file_size for file in card.weights.reads}
    digests = card.weights.reads
    return [_Entry(name=entry.name, file=file, sha256=digests[file], size=size) for file, size in sizes.items()]


def _check_expected(here: Store, card: ModelCard, entry: _Entry, *, accept_new: bool) -> None:
    record = here.record(card.name)
    trusted = card.weights.sha256 or (record.sha256 if record and not accept_new else None)
    if trusted not in (None, entry.sha256):
        by = (
            "the card says" if card.weights.sha256 else f"those that came first, on {record.day if record else ''}, had"
        )
        way = "" if card.weights.sha256 else "; --accept-new takes the new ones"
        raise WeightsError(
            f"the bundle's weights of model {card.name!r} have sha256 {entry.sha256[:12]}…, "
            f"{by} {str(trusted)[:12]}…: nothing was unpacked{way}"
        )


def _take_in(here: Store, entry: _Entry, card: ModelCard, added: bool, size: int) -> Unpacked:
    target = here.folder(entry.name) / card.weights.file
    here.remember(entry.name, target, entry.sha256, entry.url)
    if added:
        here.cards.mkdir(parents=True, exist_ok=True)
        (here.cards / f"{entry.name}.json").write_text(card.model_dump_json(indent=2), encoding="utf-8")
    return Unpacked(entry.name, target, entry.sha256, size, added)


def _copy_in(archive: zipfile.ZipFile, path: Path, name: str) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as member:
        _copy(source, member, digest, None)
    return digest.hexdigest()


def _copy_out(archive: zipfile.ZipFile, entry: _Entry, to: Path, path: Path) -> None:
    digest = hashlib.sha256()
    with archive.open(f"weights/{entry.name}/{entry.file}") as source, to.open("wb") as file:
        copied = _copy(source, file, digest, entry.size)
    if (copied, digest.hexdigest()) != (entry.size, entry.sha256):
        raise WeightsError(
            f"the weights of model {entry.name!r} in '{path}' are damaged: sha256 is {digest.hexdigest()[:12]}…, "
            f"the bundle says {entry.sha256[:12]}… of {entry.size} bytes; copy it again"
        )


def _copy(source: IO[bytes], to: IO[bytes], digest: Any, most: int | None) -> int:
    """Copy until the end, or until more than ``most`` bytes were copied; gives how many."""
    copied = 0
    while (chunk := source.read(_CHUNK)) and (most is None or copied <= most):
        copied += len(chunk)
        digest.update(chunk)
        to.write(chunk)
    return copied


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(_LARGEST_TEXT)


def _trouble(place: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot write '{place}': no space is left there; free some, or choose another disk"
    return f"cannot write '{error.filename or place}': {error.strerror or os.strerror(error.errno or 0)}"
