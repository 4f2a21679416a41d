"""`ReportContent`: everything that a report is made of, handed over as values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gonio.analysis.result import Analysis
from gonio.arrays import ImageArray
from gonio.errors import ConfigError
from gonio.io.sources.opening import open_source
from gonio.structures.sequence import PoseSequence

Pictures = Callable[[], Iterable[tuple[float, ImageArray]]]
"""Starts anew at each call: every frame's time in s and its ``(H, W, 3)`` uint8 RGB picture, nothing drawn on it."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportContent:
    """What is known about one recording.

    Attributes:
        analyses: One per person and activity, the most important first; may be empty.
        sequence: The cleaned keypoints of everybody, the analysed ones among them.
        created: When the report is made.
        source: Name of the video or keypoint file; shown as it is, so give no more of the path than may be seen.
        sha256: Of that file, as hexadecimal digits.
        pictures: The frames, at the times of ``sequence``; None where only keypoints are at hand.
        model: Name of the model, its licence and other facts of its card; name to text.
        versions: Of Gonio and what it ran with.
        settings: That the analysis ran with.
        command: What a person types to make the report again.
    """

    analyses: tuple[Analysis, ...]
    sequence: PoseSequence
    created: datetime
    source: str = ""
    sha256: str = ""
    pictures: Pictures | None = None
    model: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    command: str = ""

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last time of the recording; ``(0, 0)`` of an empty one."""
        times = self.sequence.time_s
        return (float(times[0]), float(times[-1])) if len(times) else (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How a report is made.

    Attributes:
        blur_faces: Make the heads of all tracked people unrecognisable, in the film and in the stills.
        film_px: Longest side of the film.
        film_s: Longest part of the recording that is embedded as film.
        film_bytes: Most that the film may weigh; it is made coarser until it fits, or left out.
        stills: Most pictures of repetitions or steps, for each person.

    Raises:
        ConfigError: If a limit is not positive.
    """

    blur_faces: bool = False
    film_px: int = 720
    film_s: float = 120.0
    film_bytes: int = 24_000_000
    stills: int = 12

    def __post_init__(self) -> None:
        for name in ("film_px", "film_s", "film_bytes", "stills"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; give a number above 0")


def pictures_of(video: Path, *, start_s: float = 0.0) -> Pictures:
    """The frames of a video file, for ``ReportContent.pictures``, from a time on."""

    def frames() -> Iterator[tuple[float, ImageArray]]:
        for frame in open_source(video, start_s=start_s):
            if frame.time_s is not None:
                yield frame.time_s, frame.image

    return frames
