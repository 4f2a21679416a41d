"""A drawn person who squats, and the analysis that would be made of them: small, and every number known."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from gonio.analysis.result import CYCLE_POINTS, Analysis, Cycle, Event, Finding, Measure, Repetition
from gonio.analysis.series import Reason, Series
from gonio.arrays import FloatArray64, ImageArray
from gonio.motion_report.content import ReportContent
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'$x{}"
_STANDING = np.array(
    [
        *[(0, 0), (1, -1), (-1, -1), (2, 0), (-2, 0), (4, 5), (-4, 5), (6, 10), (-6, 10)],
        *[(7, 15), (-7, 15), (3, 16), (-3, 16), (4, 23), (-4, 23), (4, 30), (-4, 30)],
    ],
    np.float64,
)
"""From the nose, of a person 32 high."""
FRAME_HW = (120, 160)


def times(count: int = 60) -> FloatArray64:
    """About 20 frames a second, of no constant rate, from 0.5 s on."""
    return 0.5 + np.arange(count) / 20 + 0.01 * (np.arange(count) % 2)


def people(time_s: FloatArray64) -> PoseSequence:
    """Two people: track 3 squats, track 5 stands."""
    one = np.repeat(_STANDING[None] * 2.4 + (50, 25), len(time_s), axis=0)
    one[:, :13, 1] += 12 * (1 - np.cos(2 * np.pi * (time_s - time_s[0])))[:, None] / 2 if len(time_s) else 0
    other = np.repeat(_STANDING[None] * 2.0 + (120, 30), len(time_s), axis=0)
    keypoints = np.stack([one, other], axis=1).astype(np.float32)
    scores = np.full(keypoints.shape[:3], 0.9, np.float32)
    flags = np.zeros(keypoints.shape[:3], np.uint8)
    return PoseSequence(keypoints, scores, time_s, np.array([3, 5]), COCO17, history=("filtered",), flags=flags)


def pictures(time_s: FloatArray64) -> Iterator[tuple[float, ImageArray]]:
    """Noise that does not change, so that a blur can be seen and a film can be encoded."""
    noise = np.random.default_rng(1).integers(0, 255, (*FRAME_HW, 3)).astype(np.uint8)
    for time in time_s.tolist():
        yield time, noise.copy()


def squat(time_s: FloatArray64) -> Analysis:
    """Three repetitions, the last with a fault."""
    flexion = 50 * (1 - np.cos(2 * np.pi * (time_s - 0.5)))
    reasons = np.zeros(len(time_s), np.uint8)
    reasons[10:14] = Reason.OCCLUDED | Reason.LOW_SCORE
    steady = Series("knee_flexion", "deg", "left", time_s, flexion, np.full(len(time_s), 3.8), reasons)
    starts = np.array([0.5, 1.5, 2.5])
    waves = np.tile(50 * (1 - np.cos(np.linspace(0, 2 * np.pi, CYCLE_POINTS))), (3, 1))
    return Analysis(
        "squat",
        3,
        events=tuple(Event("bottom", start + 0.5, sd_s=0.01) for start in starts.tolist()),
        repetitions=tuple(
            Repetition(s, s + 0.5, s + 0.95, "both", 100.0, 3.4, ("knee_valgus",) if s > 2 else (), "deg")
            for s in starts.tolist()
        ),
        measures=(
            Measure("peak_knee_flexion", 100.0, 3.8, "deg", "left", 3, 0.07, "left knee hidden", (110, 125), "A book"),
            Measure("tempo", 0.95, 0.02, "s", count=3),
            Measure("depth", math.nan, math.nan, "m", note="no scale"),
        ),
        series=(steady, replace(steady, side="right", reasons=np.zeros(len(time_s), np.uint8))),
        cycles=(Cycle("knee_flexion", "deg", "left", waves, np.full_like(waves, 3.0), starts, starts + 0.95),),
        findings=(Finding("fault", "The knees fall inwards.", (3.0,), "Another book"),),
        excluded_fraction=0.07,
        facts={"view": "frontal"},
    )


@pytest.fixture
def content() -> ReportContent:
    """Three seconds with pictures."""
    time_s = times()
    return ReportContent(
        (squat(time_s),),
        people(time_s),
        datetime(2026, 11, 22, 20, 30),
        source="squat.mp4",
        sha256="ab" * 32,
        pictures=lambda: pictures(time_s),
        model={"name": "movenet-thunder", "licence": "Apache-2.0"},
        versions={"gonio": "0.1.0"},
        settings={"min_score": "0.3"},
    )
