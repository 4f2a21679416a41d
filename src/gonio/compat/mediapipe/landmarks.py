"""Landmarks with the fields and manners of MediaPipe's messages."""

from dataclasses import dataclass, field

from gonio.arrays import FloatArray64


@dataclass(slots=True)
class Landmark:
    """One point in metres from the middle of the hips: x right, y down, z away from the camera.

    Attributes:
        x: Metres.
        y: Metres.
        z: Metres.
        visibility: Probability that it is in the picture and not hidden.
        presence: 0, as in MediaPipe's results, which leave it unset.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    visibility: float = 0.0
    presence: float = 0.0

    def HasField(self, name: str) -> bool:  # noqa: N802 - MediaPipe's name
        """Whether the field is set: as in MediaPipe's results, all are but ``presence``."""
        return name in ("x", "y", "z", "visibility")


@dataclass(slots=True)
class NormalizedLandmark(Landmark):
    """One point of the picture: x in widths and y in heights of the picture, z in widths, behind the hips' middle."""


@dataclass(slots=True)
class LandmarkList:
    """Landmarks in metres, in the order of ``PoseLandmark``."""

    landmark: list[Landmark] = field(default_factory=list)


@dataclass(slots=True)
class NormalizedLandmarkList:
    """Landmarks of the picture, in the order of ``PoseLandmark``."""

    landmark: list[NormalizedLandmark] = field(default_factory=list)


def normalised(positions: FloatArray64, visibility: FloatArray64) -> NormalizedLandmarkList:
    """Of positions ``(K, 3)`` and visibilities ``(K,)``."""
    rows = zip(positions.tolist(), visibility.tolist(), strict=True)
    return NormalizedLandmarkList([NormalizedLandmark(x, y, z, seen) for (x, y, z), seen in rows])


def in_metres(positions: FloatArray64, visibility: FloatArray64) -> LandmarkList:
    """Of positions ``(K, 3)`` and visibilities ``(K,)``."""
    rows = zip(positions.tolist(), visibility.tolist(), strict=True)
    return LandmarkList([Landmark(x, y, z, seen) for (x, y, z), seen in rows])
