"""What a run says of itself: a CSV that anything reads, and the same for TensorBoard."""

import csv
import io
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from gonio.errors import MediaError
from gonio.io.atomic import atomic_path

_COLUMNS = ("step", "epoch", "name", "value")


class RunLog:
    """Numbers by step, in ``log.csv`` (one number a line, so that no new name changes the columns) and TensorBoard."""

    def __init__(self, folder: Path, *, keep_bytes: int, step: int) -> None:
        """Open both; what an interrupted run wrote after its last saved state is taken back.

        Args:
            folder: Of the run.
            keep_bytes: How long ``log.csv`` was then; 0: begin anew.
            step: Finished steps.

        Raises:
            MediaError: If the folder cannot be written to.
        """
        self._path, board = folder / "log.csv", folder / "tensorboard"
        kept = self._path.read_bytes()[:keep_bytes] if keep_bytes and self._path.exists() else b""
        with atomic_path(self._path) as temporary:
            temporary.write_bytes(kept or _lines([_COLUMNS]))
        if not keep_bytes:
            shutil.rmtree(board, ignore_errors=True)
        self._board = SummaryWriter(str(board), purge_step=step + 1 if step else None)

    def write(self, step: int, epoch: int, values: Mapping[str, float | None]) -> int:
        """Add numbers; None and NaN are left out.

        Returns:
            How long ``log.csv`` is now, in bytes.

        Raises:
            MediaError: If it cannot be written.
        """
        known = {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
        try:
            with self._path.open("ab") as file:
                file.write(_lines([(step, epoch, name, f"{value:.6g}") for name, value in known.items()]))
                file.flush()
                length = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise MediaError(f"cannot write '{self._path}': {error.strerror}; the last saved state is kept") from error
        self.show(step, known)
        return length

    def show(self, step: int, values: Mapping[str, float]) -> None:
        """Add numbers to TensorBoard alone: what differs from one machine to the next, as speed does."""
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Finish both files."""
        self._board.close()


def _lines(rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
