"""`Result`: a frame with its people, and what people do with it: look, save, pass on."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gonio.arrays import ImageArray
from gonio.draw.display import show_image
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.errors import ConfigError, MediaError
from gonio.io.formats import frame_record, header_record, open_writer
from gonio.io.images import SAVED_SUFFIXES, write_image
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

RECORD_SUFFIXES = (".json", ".jsonl", ".csv")
"""What `Result.save` writes numbers to; ``.coco.json`` is COCO results."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What was found in one frame.

    Attributes:
        frame: The pixels, where they came from and when.
        poses: Everyone in them.
        model: Name of the model that found them.
        style: How `plot`, `save` and `show` draw.
    """

    frame: Frame
    poses: Poses
    model: str
    style: DrawStyle = field(default_factory=DrawStyle)

    def plot(self, **style: Any) -> ImageArray:
        """The picture with everyone drawn on it, ``(H, W, 3)`` uint8 RGB, a new array.

        Args:
            **style: Fields of `DrawStyle` to change for this time, for example ``boxes=True`` or ``min_score=0.5``.

        Raises:
            ConfigError: If a value is out of range.
        """
        return draw_poses(self.frame.image, self.poses, style=replace(self.style, **style))

    def save(self, path: str | Path) -> Path:
        """Write the drawn picture (``.jpg .png .webp …``) or the numbers (``.json .jsonl .csv .coco.json``).

        Raises:
            ConfigError: If the suffix is none of these.
            MediaError: If the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() in SAVED_SUFFIXES:
            write_image(path, self.plot())
        elif path.suffix.lower() not in RECORD_SUFFIXES:
            raise ConfigError(
                f"cannot save '{path}': the suffix says what to write, a drawn picture "
                f"({', '.join(SAVED_SUFFIXES)}) or the numbers ({', '.join(RECORD_SUFFIXES)})"
            )
        else:
            with open_writer(path, model=self.model, skeleton=self.poses.skeleton) as writer:
                writer.write(self.frame, self.poses)
        return path

    def show(self) -> None:
        """Show the drawn picture: inline in a notebook, in a window where there is a screen, else say where it lies."""
        sentence = show_image(self.plot(), title=f"gonio: {self.frame.source}")
        if sentence:
            sys.stdout.write(sentence + "\n")

    def to_dict(self) -> dict[str, Any]:
        """A document of one frame (docs/json-schema.md): plain lists and numbers, None for what is missing."""
        document = header_record(model=self.model, skeleton=self.poses.skeleton)
        return document | {"frames": [frame_record(self.frame, self.poses)], "failures": [], "complete": True}

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def __repr__(self) -> str:
        return f"Result({self.frame.source!r}, frame {self.frame.index}: {len(self.poses)} people)"


class Results(list[Result]):
    """All results of a source, in order, with what went wrong on the way.

    Attributes:
        failures: One error for each input that could not be read or ended early; empty if all went well.
    """

    def __init__(self, results: Iterable[Result] = (), failures: Iterable[MediaError] = ()) -> None:
        super().__init__(results)
        self.failures = list(failures)
