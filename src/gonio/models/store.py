"""Where pulled and added models lie, and what is remembered of each.

::

    HOME/cards/NAME.json            a card that the user added
    HOME/weights/NAME/FILE          weights, pulled or added
    HOME/records/NAME.json          digest, size, time and URL of what was pulled first

HOME is ``GONIO_HOME``, else the platform's folder for what can be fetched again. Where a card states no digest, the
record's is trusted: it is that of the first file that came. It outlives ``gonio models remove``.
"""

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gonio.errors import ConfigError, WeightsError
from gonio.models.card import ModelCard
from gonio.models.digest import sha256_of
from gonio.models.download import Downloaded, DownloadError, Progress, download, host_of
from gonio.models.http import Patience
from gonio.models.onnx_bytes import is_onnx
from gonio.models.record import Record, read_record, record_of, write_record

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def default_home() -> Path:
    """``GONIO_HOME``, else the folder that the platform has for caches."""
    if named := os.environ.get("GONIO_HOME"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "gonio" if local else Path.home() / "AppData" / "Local" / "gonio"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "gonio"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache and Path(cache).is_absolute() else Path.home() / ".cache") / "gonio"


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        path: The weights.
        sha256: Of them.
        size: Bytes.
        url: Where they came from now; None: they were here.
        trusted_first: Nobody states their digest, so this one was written down.
    """

    path: Path
    sha256: str
    size: int
    url: str | None
    trusted_first: bool


@dataclass(frozen=True, slots=True)
class Store:
    """The user's models. State: the folder."""

    home: Path

    @property
    def cards(self) -> Path:
        """Folder of the cards that the user added."""
        return self.home / "cards"

    def folder(self, name: str) -> Path:
        """Where the weights of this model lie.

        Raises:
            ConfigError: If that is no name for a folder.
        """
        return self.home / "weights" / _checked_name(name)

    def owns(self, folder: Path) -> bool:
        """Whether that is the folder of a model's weights here."""
        return folder.parent == self.home / "weights"

    def record(self, name: str) -> Record | None:
        """What is remembered of its weights; None: nothing, or nothing readable."""
        return read_record(self._record_path(name))

    def remember(self, name: str, path: Path, sha256: str, url: str | None) -> Record:
        """Write down what is true of the weights at ``path``, which were just checked.

        Raises:
            OSError: If it cannot be written.
        """
        record = record_of(path, sha256, url)
        write_record(self._record_path(name), record)
        return record

    def check(self, card: ModelCard, path: Path, *, thorough: bool = False) -> str:
        """Are these weights of the store the right ones? Quick where they were checked before and are unchanged.

        Args:
            card: The card; its digest counts, else the remembered one. There being none, the file is trusted now.
            path: The weights, which are there.
            thorough: Read them in any case.

        Returns:
            Their digest.

        Raises:
            WeightsError: If they are other ones.
            OSError: If they cannot be read.
        """
        record = self.record(card.name)
        expected = card.weights.sha256 or (record.sha256 if record else None)
        state = path.stat()
        unchanged = record and (record.checked_size, record.checked_ns) == (state.st_size, state.st_mtime_ns)
        if record and unchanged and record.sha256 == expected and record.file == path.name and not thorough:
            return record.sha256
        digest = sha256_of(path)
        if expected is None and (fault := no_onnx(path)) is not None:
            raise WeightsError(
                f"the weights of model {card.name!r} at '{path}': {fault}; nobody states their sha256, so they are not "
                "trusted: put the right file there"
            )
        if expected not in (None, digest):
            raise WeightsError(_not_the_right_ones(card, record, path, digest))
        with suppress(OSError):  # a store that may only be read works as well, more slowly
            if record and record.sha256 == digest:
                seen = {"file": path.name, "checked_size": state.st_size, "checked_ns": state.st_mtime_ns}
                write_record(self._record_path(card.name), record.model_copy(update=seen))
            else:
                self.remember(card.name, path, digest, None)
        return digest

    def pull(
        self,
        card: ModelCard,
        *,
        mirror: str | None = None,
        accept_new: bool = False,
        progress: Progress | None = None,
        patience: Patience | None = None,
    ) -> Pulled:
        """Have the weights of a card here: nothing is done where the right ones are, else they are downloaded.

        Args:
            card: A card with URLs.
            mirror: A URL to ask first; one that ends in ``/`` is a folder with the same file names.
            accept_new: Take what comes now instead of what came first. Without effect where the card states a digest.
            progress: Told the bytes, again and again.
            patience: How long to wait and how often to try.

        Raises:
            ConfigError: If the card names no URL.
            WeightsError: If no server gives the right file, or it cannot be written.
        """
        if not card.weights.urls:
            _urls(card, mirror, self.folder(card.name))  # which says that there is nothing to ask
        if Path(card.weights.file).name != card.weights.file or card.weights.file in ("", ".", ".."):
            raise ConfigError(
                f"the card of model {card.name!r} names its weights '{card.weights.file}'; only a plain file name can "
                "be downloaded to"
            )
        path = self.folder(card.name) / card.weights.file
        record = self.record(card.name)
        trusted = card.weights.sha256 or (record.sha256 if record and not accept_new else None)
        if path.is_file() and not (accept_new and card.weights.sha256 is None):
            with suppress(WeightsError, OSError):  # what is here is of no use: it is fetched
                digest = self.check(card, path, thorough=True)
                return Pulled(path, digest, path.stat().st_size, None, trusted_first=trusted is None)
        try:
            come = download(
                _urls(card, mirror, path.parent),
                path,
                sha256=trusted,
                size=card.weights.size,
                member=card.weights.member,
                fault=_sends_no_onnx if trusted is None and path.suffix == ".onnx" else None,
                progress=progress,
                patience=patience,
            )
        except DownloadError as error:
            with suppress(OSError):
                path.parent.rmdir()  # if nothing came at all
            raise WeightsError(f"{error}; {_way_out(card, record, error, accept_new=accept_new)}") from error
        self._remember_download(card, come, trusted)
        return Pulled(path, come.sha256, come.size, come.url, trusted_first=trusted is None)

    def remove(self, name: str) -> int:
        """Delete the weights and the added card of a model; the record stays, so that the digest stays trusted.

        Returns:
            Bytes that were freed; 0 where nothing was there.

        Raises:
            ConfigError: If that is no name.
            WeightsError: If something cannot be deleted.
        """
        folder = self.folder(name)
        freed = 0
        try:
            below = sorted(folder.rglob("*"), reverse=True)  # what is in a folder before the folder
            files = [one for one in below if one.is_symlink() or not one.is_dir()]
            card = self.cards / f"{name}.json"
            for file in [*files, *([card] if card.is_file() else [])]:
                size = file.stat().st_size
                file.unlink()
                freed += size
            for one in (*(one for one in below if one not in files), *([folder] if folder.is_dir() else [])):
                one.rmdir()
        except OSError as error:
            raise WeightsError(
                f"cannot delete '{error.filename}': {error.strerror}; close what uses it, or delete it yourself"
            ) from error
        return freed

    def _remember_download(self, card: ModelCard, come: Downloaded, trusted: str | None) -> None:
        if come.url is None and trusted is None and (other := self.record(card.name)) and other.sha256 == come.sha256:
            return  # another process fetched it and wrote it down
        try:
            self.remember(card.name, come.path, come.sha256, come.url)
        except OSError as error:
            raise WeightsError(
                f"cannot write '{error.filename}': {error.strerror}; let GONIO_HOME name a folder that you may write to"
            ) from error

    def _record_path(self, name: str) -> Path:
        return self.home / "records" / f"{_checked_name(name)}.json"


def store() -> Store:
    """The store of this user, now: ``GONIO_HOME`` is read each time."""
    return Store(default_home())


def no_onnx(path: Path) -> str | None:
    """What is wrong with weights by their bytes, where their name says that they are an ONNX file; None: nothing."""
    return None if path.suffix != ".onnx" or is_onnx(path) else "this is no ONNX model, or not all of one"


def _sends_no_onnx(path: Path) -> str | None:
    """The same of a file whose name is not yet its own, after the server's name."""
    return None if is_onnx(path) else "sent something that is no ONNX model, or not all of one"


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name for a model: it begins with a letter or digit, and has letters, digits, '.', '_', '-'"
        )
    return name


def _urls(card: ModelCard, mirror: str | None, folder: Path) -> tuple[str, ...]:
    urls = card.weights.urls
    if mirror is not None:
        name = urls[0].rpartition("/")[2] if urls else card.weights.file
        urls = (mirror + name if mirror.endswith("/") else mirror, *urls)
    if not urls:
        raise ConfigError(absent(card, folder))
    return urls


def _way_out(card: ModelCard, record: Record | None, error: DownloadError, *, accept_new: bool) -> str:
    if not error.wrong_file:
        return "try again later, or give another place by --mirror URL"
    if card.weights.sha256 is None and record is not None and not accept_new:
        return (
            f"the file that came first, on {record.day}, was another one: if its publisher replaced it, "
            f"'gonio models pull {card.name} --accept-new' takes the new one"
        )
    return (
        "its publisher replaced it, or somebody else did: nothing was changed here; give another place by --mirror URL"
    )


def _not_the_right_ones(card: ModelCard, record: Record | None, path: Path, digest: str) -> str:
    if card.weights.sha256 is not None:
        expected, by = card.weights.sha256, "the card says"
    else:
        expected, by = (record.sha256, f"that of {record.day} was") if record else ("", "")
    again = f"'gonio models pull {card.name}' fetches them again" if card.weights.urls else "put the right file back"
    return (
        f"the weights of model {card.name!r} at '{path}' are damaged or were exchanged: sha256 is {digest[:12]}…, "
        f"{by} {expected[:12]}…; {again}"
    )


def megabytes(size: int) -> str:
    """A size for people: ``13.4 MB``."""
    return f"{size / 1e6:.1f} MB" if size < 100e6 else f"{size / 1e6:.0f} MB"


def absent(card: ModelCard, folder: Path) -> str:
    """What to say where the weights of a card are not here."""
    fact = f"the weights of model {card.name!r} are not on this machine"
    if not card.weights.urls:
        return f"{fact}, and nobody offers the file: {card.licence.origin}; put '{card.weights.file}' into '{folder}'"
    size = f"{megabytes(card.weights.size)} " if card.weights.size else ""
    host = host_of(card.weights.urls[0])
    return f"{fact}; 'gonio models pull {card.name}' downloads them ({size}from {host})"
