"""The folder of a run: recipe, log, sample pictures, state, best and last checkpoint. The main process writes it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import yaml  # type: ignore[import-untyped]
from torch import Tensor

from gonio.datasets.sheet import Tile, contact_sheets
from gonio.errors import ConfigError, MediaError
from gonio.io.atomic import atomic_path
from gonio.io.images import write_image
from gonio.models.locking import locked
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.skeleton import Skeleton
from gonio.training.checkpoint import CheckpointInfo, Crop, save_checkpoint, versions
from gonio.training.logs import RunLog
from gonio.training.recipe import Recipe
from gonio.training.state import Progress

STATE, BEST, LAST = "state.safetensors", "best.safetensors", "last.safetensors"
FEATURES = "features"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make a run's folder, keep other runs out while the block runs, and remove what a killed one was about to write.

    A folder that is empty at the end goes.

    Raises:
        MediaError: If the folder cannot be written to.
        ConfigError: If another run writes to it.
    """
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.callback(_remove_empty, folder)
            turn = held.enter_context(locked(folder / ".lock", wait=False))
        except BlockingIOError as error:
            raise ConfigError(
                f"another run is going on in '{folder}'; wait for its end, or give this one another name or out"
            ) from error
        except OSError as error:
            raise MediaError(f"cannot write to '{folder}': {error.strerror or error}; choose another out") from error
        if turn != "unlocked":
            for leftover in folder.glob(".*.tmp.safetensors"):
                leftover.unlink(missing_ok=True)
        yield


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


class RunFiles:
    """What a run leaves behind.

    Attributes:
        log: Its numbers.
    """

    def __init__(self, recipe: Recipe, skeleton: Skeleton, progress: Progress, *, top_down: bool) -> None:
        """Open the log, and write the resolved recipe beside it.

        Args:
            recipe: The run's.
            skeleton: What its keypoints are.
            progress: How far it is.
            top_down: Whether the network sees single people.

        Raises:
            MediaError: If the folder cannot be written to.
        """
        self._recipe, self._skeleton = recipe, SkeletonSpec.of(skeleton)
        self._crop = Crop(margin=recipe.data.margin, pad_value=recipe.data.pad_value) if top_down else None
        with atomic_path(recipe.folder / "recipe.yaml") as temporary:
            content = recipe.model_dump(mode="json", exclude_defaults=True)
            temporary.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        self.log = RunLog(recipe.folder, keep_bytes=progress.log_bytes, step=progress.step)

    def save_checkpoint(self, name: str, weights: dict[str, Tensor], progress: Progress) -> None:
        """Write weights that anybody may load, and what they are.

        Raises:
            MediaError: If they cannot be written.
        """
        info = CheckpointInfo(
            name=self._recipe.name,
            network=self._recipe.network,
            skeleton=self._skeleton,
            crop=self._crop,
            epoch=progress.epoch,
            step=progress.step,
            metrics=progress.metrics,
            recipe=self._recipe.model_dump(mode="json"),
            versions=versions(),
        )
        save_checkpoint(self._recipe.folder / name, weights, info)

    def show(self, tiles: list[Tile], epoch: int) -> Path:
        """Write what the network found in some pictures; gives the file.

        Raises:
            MediaError: If it cannot be written.
        """
        path = self._recipe.folder / "samples" / f"epoch-{epoch:04d}.jpg"
        write_image(path, next(contact_sheets(tiles, tile_px=320)))
        return path

    def show_speed(self, step: int, speeds: Mapping[str, float]) -> None:
        """Add to TensorBoard alone what no two runs have in common."""
        self.log.show(step, speeds)

    def close(self) -> None:
        """Finish the log."""
        self.log.close()
