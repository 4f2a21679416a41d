"""A long video needs no more memory than a short one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Media

# 30 frames against 300. A leak of 100 KB a frame adds 27 MB over the 270 further ones; allowed are 5 % of about 210 MB,
# 10 MB. A picture of 320 x 180 px that is kept, 173 KB, adds 47 MB. The size of the pictures matters little for the
# time, most of which goes into the network.
FRAMES, TIMES = 30, 10
ALLOWED = 1.05


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no wait4, which tells a child's peak memory")
def test_ten_times_the_length_takes_the_same_memory(
    command: str, environment: dict[str, str], check: "Check", media: "Media", tmp_path: Path, walk: Path
) -> None:
    pictures = media.pictures(walk, FRAMES, step=3)
    peaks = []
    for name, times in (("short", 1), ("long", TIMES)):
        media.clip(tmp_path / f"{name}.mp4", pictures * times)
        arguments = ["predict", f"{name}.mp4", "--model", "multipose", "--out", "out", "--also", f"{name}.jsonl"]
        peaks.append(peak_memory([command, *arguments], environment, tmp_path))
        assert len(check.video_times(tmp_path / "out" / f"{name}-poses.mp4")) == FRAMES * times
        assert len(check.document(tmp_path / "out" / f"{name}-poses.json")["frames"]) == FRAMES * times
    short, long = peaks
    assert long < ALLOWED * short, f"{FRAMES} frames: {short} KiB, {TIMES * FRAMES} frames: {long} KiB"


def peak_memory(command: list[str], environment: dict[str, str], folder: Path) -> int:
    """Run a command to its good end; the most memory that it held at any time, in the unit of the system."""
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss
