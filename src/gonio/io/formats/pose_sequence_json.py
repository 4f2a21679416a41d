"""A sequence as the JSON document or JSON Lines that ``gonio predict`` writes, with track ids and true times."""

import math
from pathlib import Path

import numpy as np

from gonio.errors import ConfigError
from gonio.io.formats.pose_frames import frames_of_sequence
from gonio.io.formats.pose_json import JsonWriter
from gonio.io.formats.pose_jsonl import JsonLinesWriter
from gonio.structures.frame import Frame
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import skeleton_names


def write_json_sequence(path: str | Path, sequence: PoseSequence) -> None:
    """Write each step as a frame, coordinates to 1/1000 px.

    The size of the picture, which a sequence does not know, is that of the smallest that holds all keypoints. Standard
    deviations, flags and history have no place in the format.

    Raises:
        ConfigError: If the sequence is not in pixels, or its skeleton is not one that ships.
        MediaError: If the file cannot be written.
    """
    path = Path(path)
    skeleton = sequence.skeleton
    if skeleton.name not in skeleton_names():
        raise ConfigError(
            f"a JSON of poses has a skeleton that ships, not {skeleton.name!r}; write .parquet, .nc or .csv, or read "
            "the file with skeleton= first"
        )
    frames = frames_of_sequence(sequence)
    seen = sequence.keypoints[np.isfinite(sequence.keypoints).all(axis=-1)]
    width, height = (max(1, math.floor(low) + 1) for low in (seen.max(axis=0) if len(seen) else (0.0, 0.0)))
    pixels = np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
    writer = JsonLinesWriter if path.suffix.lower() == ".jsonl" else JsonWriter
    with writer(path, model="unknown", skeleton=skeleton) as out:
        for poses in frames:
            out.write(Frame(pixels, poses.frame_index, poses.time_s, source=path.stem), poses)
