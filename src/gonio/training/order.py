"""In which order a run sees its samples, divided among its processes."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from gonio.arrays import IntArray
from gonio.errors import ConfigError, PoseError
from gonio.training.interrupts import STOPS, deaf
from gonio.training.samples import Batch, Key

_STOP_S = 2.0
"""So long the signal that ended a loader's process may take to reach the main one."""


class EpochOrder(Sampler[list[Key]]):
    """The batches of one epoch, for one of several processes: a shuffle that the seed and the epoch decide.

    Attributes:
        steps: Of a whole epoch.
        epoch: Which epoch comes next.
        first_step: Where in it to begin, after a resume.
    """

    def __init__(self, order: IntArray, *, batch_size: int, steps: int | None, seed: int, rank: int, world: int):
        """Take samples.

        Args:
            order: Indices of the samples, each as often as an epoch sees it.
            batch_size: Of all processes together.
            steps: Of an epoch; None: as many as the samples fill, one at least.
            seed: Of the shuffle.
            rank: Of this process.
            world: How many processes there are.

        Raises:
            ConfigError: If a batch cannot be divided among the processes.
        """
        if batch_size % world:
            raise ConfigError(f"batch_size {batch_size} cannot be divided among {world} processes; give a multiple")
        self._order, self._size, self._seed, self._rank, self._world = order, batch_size, seed, rank, world
        self.steps = steps if steps is not None else max(len(order) // batch_size, 1)
        self.epoch, self.first_step = 0, 0

    def __len__(self) -> int:
        return self.steps - self.first_step

    def __iter__(self) -> Iterator[list[Key]]:
        own = self._size // self._world
        samples = self._shuffled()
        for step in range(self.first_step, self.steps):
            start = step * self._size + self._rank * own
            yield [(self.epoch, place, int(samples[place])) for place in range(start, start + own)]

    def _shuffled(self) -> IntArray:
        """Shuffles one after the other, until they fill all steps."""
        rng = np.random.default_rng([self._seed, self.epoch])
        rounds = -(-self.steps * self._size // len(self._order))
        return np.concatenate([rng.permutation(self._order) for _ in range(rounds)])


def make_loader(
    dataset: Dataset[Batch], order: EpochOrder | Sequence[list[Key]], *, workers: int
) -> "DataLoader[Batch]":
    """Batches in this order, made by so many processes."""
    start: Callable[[int], None] | None = _start_worker if workers else None
    return DataLoader(
        dataset,
        batch_sampler=order,
        num_workers=workers,
        worker_init_fn=start,
        persistent_workers=workers > 0,
        multiprocessing_context="spawn" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def batches(loader: "DataLoader[Batch]") -> Iterator[Batch]:
    """The loader's batches; an error in one of its processes reads as if it had happened here.

    Raises:
        PoseError: If a sample cannot be made, as of a damaged picture.
        KeyboardInterrupt: If its processes end, and what stopped them stops this one too.
        RuntimeError: If its processes end by themselves.
    """
    try:
        with deaf():
            made = iter(loader)
        yield from made
    except PoseError as error:
        if "Traceback" not in str(error):
            raise
        sentence = str(error).strip().splitlines()[-1]  # of a worker's traceback: the type, a colon, the message
        raise type(error)(sentence.partition(": ")[2]) from error
    except RuntimeError:
        if loader.num_workers:
            time.sleep(_STOP_S)  # a stop that arrives meanwhile raises KeyboardInterrupt here
        raise


def _start_worker(_: int) -> None:
    """One thread each; what a terminal tells all processes is the main one's to answer.

    SIGTERM, by which the main one ends those that do not end by themselves, is obeyed, but as an orderly end: of one
    by a signal PyTorch raises RuntimeError in the main process wherever that is, be it while it saves.
    """
    for number in STOPS:
        signal.signal(number, _end if number == signal.SIGTERM else signal.SIG_IGN)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def _end(_number: int, _frame: object) -> None:
    os._exit(0)
