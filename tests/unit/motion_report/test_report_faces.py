"""Whether a blurred face is gone, wherever it is, and nothing else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.unit.motion_report.conftest import FRAME_HW, pictures, times

from gonio.arrays import ImageArray
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.faces import blur_heads, find_heads
from gonio.motion_report.page import heads_to_blur
from gonio.motion_report.stills import take_stills
from gonio.structures.sequence import PoseSequence

NOISE = next(iter(pictures(times(1))))[1]


def detail(image: ImageArray, x: float, y: float, half: int = 4) -> float:
    """How much neighbouring pixels differ around a point."""
    part = image[int(y) - half : int(y) + half, int(x) - half : int(x) + half].astype(float)
    return float(np.abs(np.diff(part, axis=0)).mean())


def hidden(sequence: PoseSequence, *names: str, steps: slice = slice(None)) -> PoseSequence:
    keypoints = sequence.keypoints.copy()
    for name in names:
        keypoints[steps, :, sequence.skeleton.index(name)] = np.nan
    return replace(sequence, keypoints=keypoints)


FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
HIPS = ("left_hip", "right_hip")


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param((), id="face known"),
        pytest.param(FACE[1:], id="nose only"),
        pytest.param(FACE, id="guessed from shoulders and hips"),
        pytest.param((*FACE, *HIPS), id="guessed from shoulders"),
        pytest.param((*FACE, "left_shoulder"), id="one shoulder"),
    ],
)
def test_the_head_of_everybody_is_covered(content: ReportContent, lost: tuple[str, ...]) -> None:
    heads = find_heads(hidden(content.sequence, *lost))
    blurred = blur_heads(NOISE, heads.at(0.5))
    for nose in content.sequence.keypoints[0, :, 0]:
        assert detail(NOISE, *nose) > 60
        assert detail(blurred, *nose) < 15
    ankle = content.sequence.keypoints[0, 0, 15]
    assert (blurred[int(ankle[1]) - 5 :] == NOISE[int(ankle[1]) - 5 :]).all()
    assert (blurred != NOISE).any()


def test_low_scores_do_not_uncover(content: ReportContent) -> None:
    sequence = replace(content.sequence, scores=np.zeros_like(content.sequence.scores))
    assert len(find_heads(sequence).at(1.0)) == 2


def test_a_head_lost_for_a_moment_stays_covered_and_then_no_longer(content: ReportContent) -> None:
    lost = hidden(content.sequence, *content.sequence.skeleton.keypoint_names, steps=slice(10, None))
    heads = find_heads(lost)
    assert len(heads.at(1.5)) == 2
    assert (heads.at(1.5)[:, 2] > heads.at(0.9)[:, 2]).all()  # wider, because it may have moved
    assert len(heads.at(3.0)) == 0


def test_a_face_cannot_be_restored() -> None:
    """What is left of a circle is a few colours: an enlarged 4 x 4 picture differs from it by nothing but rounding."""
    blurred = blur_heads(NOISE, np.array([[80.0, 60.0, 30.0]]))
    region = blurred[50:70, 70:90]
    coarse = cv2.resize(region, (4, 4), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(coarse, (20, 20), interpolation=cv2.INTER_LINEAR)
    assert np.abs(region.astype(int) - smooth).max() < 25


@pytest.mark.parametrize("circle", [(-100, -100, 5), (0, 0, 30), (159, 119, 30), (80, 60, 500), (80, 60, 0.1)])
def test_any_circle_will_do(circle: tuple[float, float, float]) -> None:
    blurred = blur_heads(NOISE, np.array([circle]))
    assert blurred.shape == (*FRAME_HW, 3)
    assert blurred is not NOISE


def test_stills_hide_faces_only_on_request(content: ReportContent) -> None:
    analysis = content.analyses[0]
    open_ones, closed = (
        take_stills(content, analysis, options, heads_to_blur(content, options))
        for options in (ReportOptions(), ReportOptions(blur_faces=True))
    )
    assert [still.moment.time_s for still in closed] == [1.0, 2.0, 3.0]
    assert [still.moment.faults for still in closed] == [(), (), ("Knee valgus",)]
    for plain, covered in zip(open_ones, closed, strict=True):
        height = plain.image.shape[0]
        head, feet = slice(0, height // 3), slice(4 * height // 5, height)
        assert (plain.image[head] != covered.image[head]).mean() > 0.1
        assert (plain.image[feet] == covered.image[feet]).all()


def test_nothing_to_blur_without_pictures(content: ReportContent) -> None:
    assert heads_to_blur(replace(content, pictures=None), ReportOptions(blur_faces=True)) is None
