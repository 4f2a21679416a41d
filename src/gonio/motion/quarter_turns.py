"""A camera on its side or on its head: the model sees every frame upright, and nobody else notices.

Networks have learned from people who stand with their heads up. Where up is told to be more than 45 degrees off, frames
are turned by the nearest quarters before a model looks at them, and what it finds is turned back, so that keypoints,
drawings and reports are those of the picture as it was filmed.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np

from gonio.errors import MediaError
from gonio.geometry.quarter_turns import turn_boxes, turn_directions, turn_image, turn_points
from gonio.io.sources import Source
from gonio.results import Result
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses


def quarters_to_upright(up_deg: float) -> int:
    """Quarter turns, counter-clockwise, that bring up to within 45 degrees of the top.

    Example:
        >>> [quarters_to_upright(up_deg) for up_deg in (5, -45, 80, -90, 180)]
        [0, 0, 3, 1, 2]
    """
    return -round(up_deg / 90) % 4


def upright_frame(frame: Frame, quarters: int) -> Frame:
    """The frame turned."""
    return replace(frame, image=turn_image(frame.image, quarters), yuv=None) if quarters else frame


def as_filmed(poses: Poses, size_wh: tuple[int, int], quarters: int) -> Poses:
    """What was found in a frame that had been turned, in the coordinates of the frame before.

    Args:
        poses: In the turned frame.
        size_wh: Of the frame before.
        quarters: It was turned by.
    """
    if not quarters:
        return poses
    turned_wh = size_wh[::-1] if quarters % 2 else size_wh
    world = None if poses.world is None else turn_directions(poses.world, -quarters)
    return replace(
        poses,
        keypoints=turn_points(poses.keypoints, turned_wh, -quarters),
        boxes=turn_boxes(poses.boxes, turned_wh, -quarters),
        world=world,
    )


def result_as_filmed(result: Result, quarters: int) -> Result:
    """The same of a result and its frame."""
    if not quarters:
        return result
    frame = replace(result.frame, image=np.rot90(result.frame.image, -quarters))
    return replace(result, frame=frame, poses=as_filmed(result.poses, frame.size_wh, quarters))


class UprightSource:
    """A source of which every frame is turned.

    Attributes are those of `Source`.
    """

    def __init__(self, source: Source, quarters: int) -> None:
        self._source, self._quarters = source, quarters
        self.name, self.is_video, self.is_live = source.name, source.is_video, source.is_live
        self.frame_count, self.fps = source.frame_count, source.fps
        self.failures: list[MediaError] = []
        self.frames_decoded = 0

    def __iter__(self) -> Iterator[Frame]:
        """Run through the source from its start."""
        frames = iter(self._source)
        try:
            for frame in frames:
                yield upright_frame(frame, self._quarters)
        finally:
            if isinstance(frames, Generator):
                frames.close()
            self.failures, self.frames_decoded = self._source.failures, self._source.frames_decoded
