"""``mp.solutions.drawing_utils``: landmarks and connections, drawn into a BGR picture with OpenCV."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2

from gonio.arrays import ImageArray
from gonio.compat.mediapipe.landmarks import LandmarkList, NormalizedLandmarkList
from gonio.errors import ConfigError
from gonio.optional import require

Colour = tuple[int, int, int]
WHITE_COLOR, BLACK_COLOR = (224, 224, 224), (0, 0, 0)
RED_COLOR, GREEN_COLOR, BLUE_COLOR = (0, 0, 255), (0, 128, 0), (255, 0, 0)  # BGR
_SEEN = 0.5
"""Visibility from which on a landmark is drawn."""


@dataclass
class DrawingSpec:
    """How to draw one landmark or line.

    Attributes:
        color: Blue, green, red.
        thickness: Of the line, px; -1 fills a circle.
        circle_radius: Px.
    """

    color: Colour = WHITE_COLOR
    thickness: int = 2
    circle_radius: int = 2


LandmarkSpecs = DrawingSpec | Mapping[int, DrawingSpec] | None
LineSpecs = DrawingSpec | Mapping[tuple[int, int], DrawingSpec]


def draw_landmarks(
    image: ImageArray,
    landmark_list: NormalizedLandmarkList | None,
    connections: Iterable[tuple[int, int]] | None = None,
    landmark_drawing_spec: LandmarkSpecs = DrawingSpec(color=RED_COLOR),  # noqa: B008 - never changed; as MediaPipe
    connection_drawing_spec: LineSpecs = DrawingSpec(),  # noqa: B008
    is_drawing_landmarks: bool = True,
) -> None:
    """Draw landmarks and the lines between them into the picture; those outside it or hidden are left out.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, changed.
        landmark_list: From `Pose.process`; None: nothing is drawn.
        connections: Pairs of landmarks; None: no lines.
        landmark_drawing_spec: One for all landmarks, or one by landmark; None: no landmarks.
        connection_drawing_spec: One for all lines, or one by pair.
        is_drawing_landmarks: False: lines only.

    Raises:
        ConfigError: If the picture is not ``(H, W, 3)``, or a pair names a landmark that is not in the list.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        raise ConfigError(f"image has shape {image.shape}, expected (height, width, 3)")
    if landmark_list is None:
        return
    places = _places(landmark_list, image)
    count = len(landmark_list.landmark)
    for pair in connections or ():
        if not all(0 <= end < count for end in pair):
            raise ConfigError(f"connection {tuple(pair)} is beyond the {count} landmarks")
        if all(end in places for end in pair):
            line = _spec(connection_drawing_spec, pair)
            cv2.line(image, places[pair[0]], places[pair[1]], line.color, line.thickness)
    if not is_drawing_landmarks or landmark_drawing_spec is None:
        return
    for index, place in places.items():
        spot = _spec(landmark_drawing_spec, index)
        cv2.circle(
            image, place, max(spot.circle_radius + 1, round(spot.circle_radius * 1.2)), WHITE_COLOR, spot.thickness
        )
        cv2.circle(image, place, spot.circle_radius, spot.color, spot.thickness)


def plot_landmarks(
    landmark_list: LandmarkList | None,
    connections: Iterable[tuple[int, int]] | None = None,
    landmark_drawing_spec: DrawingSpec = DrawingSpec(color=RED_COLOR, thickness=5),  # noqa: B008
    connection_drawing_spec: DrawingSpec = DrawingSpec(color=BLACK_COLOR, thickness=5),  # noqa: B008
    elevation: int = 10,
    azimuth: int = 10,
) -> None:
    """Show positions in metres in a turnable window; needs matplotlib. Nothing happens without positions.

    Args:
        landmark_list: ``pose_world_landmarks``.
        connections: Pairs of landmarks; None: no lines.
        landmark_drawing_spec: Colour and size of the points.
        connection_drawing_spec: Colour and width of the lines.
        elevation: Of the view, degrees.
        azimuth: Of the view, degrees.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    if not landmark_list:
        return
    plt: Any = require("matplotlib.pyplot", extra="analysis", purpose="plotting landmarks")
    axes = plt.figure(figsize=(10, 10)).add_subplot(projection="3d")
    axes.view_init(elev=elevation, azim=azimuth)
    seen = {i: (-one.z, one.x, -one.y) for i, one in enumerate(landmark_list.landmark) if one.visibility >= _SEEN}
    spot, line = landmark_drawing_spec, connection_drawing_spec
    for place in seen.values():
        axes.scatter(*([value] for value in place), color=_fractions(spot.color), linewidth=spot.thickness)
    for a, b in connections or ():
        if a in seen and b in seen:
            ends = zip(seen[a], seen[b], strict=True)
            axes.plot(*ends, color=_fractions(line.color), linewidth=line.thickness)
    plt.show()


def _normalized_to_pixel_coordinates(
    normalized_x: float, normalized_y: float, image_width: int, image_height: int
) -> tuple[int, int] | None:
    """The pixel of a landmark, None outside the picture: private in MediaPipe too, and used all the same."""
    if not (0 <= normalized_x <= 1 and 0 <= normalized_y <= 1):
        return None
    return min(int(normalized_x * image_width), image_width - 1), min(
        int(normalized_y * image_height), image_height - 1
    )


def _places(landmark_list: NormalizedLandmarkList, image: ImageArray) -> dict[int, tuple[int, int]]:
    """Pixel of each landmark that is seen and in the picture."""
    height, width = image.shape[:2]
    found = {}
    for index, one in enumerate(landmark_list.landmark):
        place = _normalized_to_pixel_coordinates(one.x, one.y, width, height)
        if one.visibility >= _SEEN and place is not None:
            found[index] = place
    return found


def _spec(specs: Any, key: object) -> DrawingSpec:
    one: DrawingSpec = specs[key] if isinstance(specs, Mapping) else specs
    return one


def _fractions(bgr: Colour) -> tuple[float, ...]:
    return tuple(value / 255 for value in bgr[::-1])
