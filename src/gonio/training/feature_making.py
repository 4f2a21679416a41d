"""Features are made before the first step: each process makes a part, and a run that was killed makes only the rest."""

import shutil
import time
from collections.abc import Callable, Iterator

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]
from torch import Tensor

from gonio.errors import ConfigError, MediaError
from gonio.training.features import Features, fingerprint, packed
from gonio.training.networks import PoseNetwork, SplitNetwork
from gonio.training.order import batches, make_loader
from gonio.training.recipe import Recipe
from gonio.training.reports import FeatureReport, OnFeatures
from gonio.training.samples import Batch, People, Scenes
from gonio.training.schedule import is_part
from gonio.training.validation import normalised

_PROBED = 8
_POLL_S = 0.5


def check_front(network: PoseNetwork, recipe: Recipe) -> None:
    """Raise where there is no front whose features can be kept.

    Raises:
        ConfigError: If the network has none, or something in it learns.
    """
    if recipe.data.versions is None:
        return
    kind = recipe.network.kind
    if not isinstance(network, SplitNetwork):
        raise ConfigError(
            f"data.versions keeps what a network's frozen front makes of pictures, and {kind} has no front that is "
            "told apart; leave data.versions out, or take a MoveNet"
        )
    learns = [part for part in network.front_parts if not any(is_part(part, one) for one in recipe.optim.freeze)]
    if learns:
        raise ConfigError(
            f"data.versions keeps what {' and '.join(learns)} of {kind} makes of pictures, which must not learn then; "
            f"give optim.freeze: [{', '.join(learns)}], or leave data.versions out"
        )


class FeatureMaker:
    """Makes a run's features, in one of its processes."""

    def __init__(
        self,
        features: Features,
        samples: People | Scenes,
        network: SplitNetwork,
        *,
        identity: str,
        accelerator: Accelerator,
        layout: torch.memory_format,
    ) -> None:
        """Take what is needed.

        Args:
            features: What to make.
            samples: Of what.
            network: Whose front makes them, on the accelerator's device.
            identity: The run's.
            accelerator: The run's.
            layout: Of pictures in memory.
        """
        self.features, self.samples, self.network = features, samples, network
        self.accelerator, self.layout = accelerator, layout
        known = [fingerprint(identity, network, samples.pictures)]
        self.fingerprint: str = broadcast_object_list(known)[0]  # of the main process's pictures, if others have copies

    def make(self, *, workers: int, on_features: OnFeatures | None) -> None:
        """Make what is not there yet, and wait for the other processes.

        Args:
            workers: Processes that prepare pictures.
            on_features: Called with the progress, in the main process.

        Raises:
            PoseError: If a picture cannot be read, there is no room, or a value is beyond float16's.
        """
        self.network.eval()
        say: Callable[[], None] = _silent
        if self.accelerator.is_main_process:
            self._remove_strangers()
            size = self._checked_size() if self._missing() else 0
            if size and on_features is not None:
                say = self._teller(on_features, size)
        self.accelerator.wait_for_everyone()
        say()
        for shard, batch in self._own_batches(workers):
            self.features.write(shard, list(self._packed(shard, batch)), self.fingerprint)
            say()
        theirs = [shard for shard in self._missing() if not self._is_mine(shard)]
        while theirs := [shard for shard in theirs if not self.features.path(shard).exists()]:
            time.sleep(_POLL_S)  # no barrier: those of PyTorch end after some minutes
            say()
        self.accelerator.wait_for_everyone()

    def _missing(self) -> list[int]:
        return [shard for shard in range(len(self.features.shards)) if not self.features.path(shard).exists()]

    def _is_mine(self, shard: int) -> bool:
        """Whether this process makes it."""
        return bool(shard % self.accelerator.num_processes == self.accelerator.process_index)

    def _remove_strangers(self) -> None:
        """What another recipe, other weights or pictures left, and what a killed process was about to write."""
        ours = {self.features.path(shard): shard for shard in range(len(self.features.shards))}
        self.features.folder.mkdir(exist_ok=True)
        for path in self.features.files():
            if path not in ours or not self.features.is_of(ours[path], self.fingerprint):
                path.unlink()

    def _checked_size(self) -> int:
        """About what all features take on the disk, bytes.

        Raises:
            MediaError: If there is no room for the rest of them.
        """
        total, folder = len(self.features), self.features.folder
        probed = [self._probe(n * total // _PROBED) for n in range(_PROBED)]
        each = sum(probed) / len(probed)
        needed = each * sum(len(self.features.shards[shard]) for shard in self._missing())
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise MediaError(
                f"{total} samples (data.versions times what is learnt from) would need {needed / 1e9:.3f} GB in "
                f"'{folder}', where {free / 1e9:.3f} GB are free; free some, lower data.versions, or choose another out"
            )
        return round(each * total)

    def _probe(self, number: int) -> int:
        """Bytes of one sample."""
        sample = self.samples[self.features.key(number)]
        maps = {name: values[0] for name, values in self._maps(sample["image"][None]).items()}
        kept = packed(sample, maps, self.samples.picture_of(self.features.key(number)[2]))
        return sum(value.nbytes for value in kept.values())

    def _own_batches(self, workers: int) -> Iterator[tuple[int, Batch]]:
        """This process's share of what is missing, shard by shard."""
        own = [shard for shard in self._missing() if self._is_mine(shard)]
        if own:
            keys = [[self.features.key(number) for number in self.features.shards[shard]] for shard in own]
            yield from zip(own, batches(make_loader(self.samples, keys, workers=workers)), strict=True)

    def _packed(self, shard: int, batch: Batch) -> Iterator[dict[str, Tensor]]:
        maps = self._maps(batch["image"])
        for i, number in enumerate(self.features.shards[shard]):
            picture = self.samples.picture_of(self.features.key(number)[2])
            yield packed(_one(batch, i), {name: values[i] for name, values in maps.items()}, picture)

    @torch.inference_mode()
    def _maps(self, images: Tensor) -> dict[str, Tensor]:
        """What the front makes; on a CPU of one picture after the other: so it fits the cache."""
        device = self.accelerator.device
        inputs = normalised(images.to(device), self.network.mean, self.network.std).to(memory_format=self.layout)
        parts = torch.split(inputs, 1) if device.type == "cpu" else [inputs]
        each = [self.network.front(part) for part in parts]
        return {name: torch.cat([one[name] for one in each]) for name in each[0]}

    def _teller(self, on_features: OnFeatures, size: int) -> Callable[[], None]:
        total, shards = len(self.features), self.features.shards

        def say() -> None:
            done = total - sum(len(shards[shard]) for shard in self._missing())
            on_features(FeatureReport(done, total, size, self.features.folder))

        return say


def _silent() -> None:
    pass


def _one(batch: Batch, i: int) -> Batch:
    """A sample of a batch."""
    return {name: _one(value, i) if isinstance(value, dict) else value[i] for name, value in batch.items()}
