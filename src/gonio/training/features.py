"""What a frozen front makes of changed pictures, kept on the disk: each step then runs only what learns.

Of every sample so many changed versions are made once (`gonio.training.feature_making`): sample n of all is version
n // samples of sample n % samples, a function of (seed, version, sample) alone. Shards of 32 are safetensors files,
each complete or absent, each with the fingerprint of everything that it depends on.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.utils.data import Dataset

from gonio.errors import ConfigError, MediaError
from gonio.training.checkpoint import save_tensors, versions
from gonio.training.data import Labelled
from gonio.training.networks import SplitNetwork
from gonio.training.samples import Batch, Key, People, Scenes

_SHARD = 32
_KEY, _LABELS = "gonio.features", "labels"
_GREATEST = float(np.finfo(np.float16).max)


class Features(Dataset[Batch]):
    """Samples with ``maps`` by name, float16, instead of ``image``; which version one is, epoch and place decide.

    Attributes:
        folder: Of the shards.
        order: As of the samples that they are made of.
        shards: Which samples are in each file, by their numbers.
    """

    def __init__(self, folder: Path, samples: People | Scenes, *, versions: int) -> None:
        """Say what is kept where; nothing is made here."""
        self.folder, self.order = folder, samples.order
        self._versions, self._samples, self._seed = versions, len(samples), samples.seed
        total = len(self)
        self.shards = [range(first, min(first + _SHARD, total)) for first in range(0, total, _SHARD)]

    def __len__(self) -> int:
        return self._versions * self._samples

    def __getitem__(self, key: Key) -> Batch:
        """A version of the sample of this key."""
        epoch, place, index = key
        version = int(np.random.default_rng([self._seed, epoch, place]).integers(self._versions))
        return self.read(version * self._samples + index)

    def key(self, number: int) -> Key:
        """Of which a sample of this number is made; an epoch and a place in it stand for the version."""
        version, index = divmod(number, self._samples)
        return version, index, index

    def path(self, shard: int) -> Path:
        """Its file."""
        return self.folder / f"{shard:06d}.safetensors"

    def read(self, number: int) -> Batch:
        """The sample of this number.

        Raises:
            MediaError: If its file is gone or damaged.
        """
        shard, place = divmod(number, _SHARD)
        try:
            with safe_open(self.path(shard), framework="pt") as file:
                names = [name for name in file.keys() if name.startswith(f"{place}.")]  # noqa: SIM118 - no mapping
                found = {name.partition(".")[2]: file.get_tensor(name) for name in names}
        except (OSError, SafetensorError) as error:
            raise MediaError(
                f"cannot read '{self.path(shard)}', what was kept of the pictures: {error}; give the same command "
                "again, which makes it again"
            ) from error
        return _unpacked(found.pop(_LABELS)) | {"maps": found}

    def write(self, shard: int, packed: Sequence[dict[str, Tensor]], fingerprint: str) -> None:
        """Write a shard's samples, all or nothing.

        Raises:
            MediaError: If they cannot be written.
        """
        tensors = {f"{place}.{name}": value for place, one in enumerate(packed) for name, value in one.items()}
        save_tensors(self.path(shard), tensors, {_KEY: fingerprint})

    def files(self) -> list[Path]:
        """All shards that there are, of whatever run, and what a killed process was about to write."""
        return [*self.folder.glob("[0-9]*.safetensors"), *self.folder.glob(".[0-9]*.tmp.safetensors")]

    def remove(self) -> None:
        """Remove all of them, and the folder if nothing else is in it."""
        for path in self.files():
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def is_of(self, shard: int, fingerprint: str) -> bool:
        """Whether its file is there, whole, and made of the same."""
        try:
            with safe_open(self.path(shard), framework="pt") as file:
                return bool((file.metadata() or {}).get(_KEY) == fingerprint)
        except (OSError, SafetensorError):
            return False


def packed(sample: Batch, maps: dict[str, Tensor], picture: Path) -> dict[str, Tensor]:
    """A sample as it is kept: its maps in half precision, and all but its image in few bytes, as it is mostly zeros.

    Args:
        sample: Without a batch axis.
        maps: What the front made of its image, likewise.
        picture: Of which it is, for the error.

    Raises:
        ConfigError: If a value is beyond float16's.
    """
    for values in maps.values():
        greatest = float(values.abs().max())
        if not greatest <= _GREATEST:
            raise ConfigError(
                f"what the network's front makes of '{picture}' reaches {greatest:.3g}, and is kept in half precision, "
                f"which ends at {_GREATEST:.0f}; leave data.versions out, or start from other weights"
            )
    flat = {name: value for name, value in sample.items() if isinstance(value, Tensor) and name != "image"}
    flat |= {f"targets.{name}": value for name, value in sample["targets"].items()}
    arrays: dict[str, Any] = {name: value.numpy() for name, value in flat.items()}
    np.savez_compressed(buffer := BytesIO(), **arrays)
    labels = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
    return {name: values.half().cpu() for name, values in maps.items()} | {_LABELS: labels}


def fingerprint(identity: str, network: SplitNetwork, pictures: Sequence[Labelled]) -> str:
    """Of all that features depend on: recipe and labels, weights of the front, picture files, this program's version.

    Args:
        identity: As `gonio.training.preparation.identity` gives it.
        network: On any device.
        pictures: What is learnt from.
    """
    seen = hashlib.sha256(f"{identity} {versions().get('gonio')}".encode())
    for part in network.front_parts:
        for name, value in network.get_submodule(part).state_dict().items():
            seen.update(f"{part}.{name} ".encode())
            seen.update(value.cpu().contiguous().numpy().tobytes())
    for one in pictures:
        facts = one.path.stat()
        seen.update(f"{one.path.name} {facts.st_size} {facts.st_mtime_ns} ".encode())
    return seen.hexdigest()


def _unpacked(labels: Tensor) -> Batch:
    """All of a sample but its image."""
    with np.load(BytesIO(labels.numpy().tobytes()), allow_pickle=False) as arrays:
        flat = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    sample: dict[str, Any] = {"targets": {}}
    for name, value in flat.items():
        of, _, target = name.partition(".")
        if target:
            sample[of][target] = value
        else:
            sample[name] = value
    return sample
