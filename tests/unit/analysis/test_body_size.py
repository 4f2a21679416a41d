"""Whether a scale fits the person."""

import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, one_track, seen

from gonio.analysis.body_size import check_body_size, with_body_size_said
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Finding
from gonio.analysis.scale import PARTS_OF_HEIGHT, body_height, scale_from_height
from gonio.errors import ConfigError

PERSON = jointed_person(30, hip_flexion=np.linspace(0, 60, 30), knee_flexion=np.linspace(0, 90, 30))
HEIGHT_M = (0.52 + 0.44 + 0.44) / sum(PARTS_OF_HEIGHT.values())
FILMED = seen(PERSON, px_per_m=250)
SAID = Analysis("gait", 0, findings=(Finding("note", "something else"),))


def test_a_height_is_found_again() -> None:
    assert body_height(FILMED) == pytest.approx(250 * HEIGHT_M, rel=1e-3)
    assert body_height(one_track(PERSON, unit="m")) == pytest.approx(HEIGHT_M, rel=0.05)
    assert body_height(FILMED) * scale_from_height(FILMED, 1.72).metres_per_px == pytest.approx(1.72, rel=1e-6)


def test_parts_that_are_not_seen_are_done_without() -> None:
    legless = seen(PERSON, px_per_m=250)
    for name in ("knee", "ankle"):
        for side in ("left", "right"):
            legless.keypoints[:, 0, legless.skeleton.index(f"{side}_{name}")] = np.nan
    assert body_height(legless) == pytest.approx(250 * 0.52 / 0.288, rel=1e-3)
    legless.keypoints[:] = np.nan
    assert np.isnan(body_height(legless))
    check_body_size(legless, AnalysisOptions(metres_per_px=1.0))


@pytest.mark.parametrize("size", [0.3, 1.0, 1.4])
def test_a_scale_that_fits_a_person_says_nothing(size: float) -> None:
    options = AnalysisOptions(metres_per_px=size / 250)
    check_body_size(FILMED, options)
    assert with_body_size_said(SAID, FILMED, options) is SAID


def test_without_a_scale_there_is_nothing_to_say() -> None:
    for options in (AnalysisOptions(), AnalysisOptions(height_m=0.5)):
        check_body_size(FILMED, options)
        assert with_body_size_said(SAID, FILMED, options) is SAID


@pytest.mark.parametrize(("size", "tall"), [(0.1, "0.18"), (4.0, "7.2")])
def test_a_giant_and_a_dwarf_are_said_first(size: float, tall: str) -> None:
    options = AnalysisOptions(metres_per_px=size / 250, scale_source="a ruler")
    check_body_size(FILMED, options)
    first, *others = with_body_size_said(SAID, FILMED, options).findings
    assert first.kind == "limit"
    assert first.text.startswith(
        f"By the scale of {size / 250:g} m per px (a ruler) the person would be {tall} m tall, people are 0.4 to 2.6 m"
    )
    assert others == list(SAID.findings)


@pytest.mark.parametrize("size", [0.01, 20.0])
def test_what_nobody_is_by_far_is_refused(size: float) -> None:
    options = AnalysisOptions(metres_per_px=size / 250, scale_source="a ruler")
    with pytest.raises(ConfigError, match=r"metres per px \(a ruler\) the person would be .* m tall; check the scale"):
        check_body_size(FILMED, options)


def test_of_a_file_in_metres_it_is_said_and_never_refused() -> None:
    giant = one_track(100 * PERSON, unit="m")
    check_body_size(giant, AnalysisOptions())
    assert with_body_size_said(SAID, giant, AnalysisOptions()).findings[0].text.startswith("By the file the person")
