"""What a run says of itself: a CSV that anything reads, and the same for TensorBoard."""

import csv
import math
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from gonio.errors import MediaError
from gonio.io.atomic import atomic_path

COLUMNS = ("step", "epoch", "name", "value")


class RunLog:
    """Numbers by step, in ``log.csv`` (one number a line, so that no new name changes the columns) and TensorBoard.

    Attributes:
        folder: Of the run.
    """

    def __init__(self, folder: Path, *, from_step: int) -> None:
        """Open both; what an interrupted run wrote after its last saved state, ``from_step``, is taken back.

        Raises:
            MediaError: If the folder cannot be written to.
        """
        self.folder, self._path = folder, folder / "log.csv"
        kept = [row for row in _rows(self._path) if int(row[0]) <= from_step]
        with atomic_path(self._path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *kept])
        self._file = self._path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=from_step + 1 if from_step else None)

    def write(self, step: int, epoch: int, values: dict[str, float | None]) -> None:
        """Add numbers; None and NaN are left out."""
        for name, value in values.items():
            if value is not None and math.isfinite(value):
                self._writer.writerow([step, epoch, name, f"{value:.6g}"])
                self._board.add_scalar(name, value, step)
        self._file.flush()

    def close(self) -> None:
        """Finish both files."""
        self._file.close()
        self._board.close()


def _rows(path: Path) -> list[list[str]]:
    """The numbers of an earlier run; a last line that a kill cut short is left out."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [row for row in list(csv.reader(file))[1:] if len(row) == len(COLUMNS) and row[0].isdecimal()]
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; check its permissions") from error
