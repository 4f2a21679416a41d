"""Times of frames: their unit, their order, their pace."""

import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.formats.frame_times import check_pace, check_times, first_wrong_time, in_seconds

TIMES = np.arange(5) / 30


@pytest.mark.parametrize(("field", "factor"), [("timestamp_ms", 1e3), ("timestampMs", 1e3), ("time_s", 1.0)])
def test_a_name_that_says_the_unit(field: str, factor: float) -> None:
    np.testing.assert_allclose(in_seconds(TIMES * factor, field, "a"), TIMES)


@pytest.mark.parametrize("rate", [0.6, 30, 480])
@pytest.mark.parametrize(("factor", "unit"), [(1.0, ""), (1e3, "for ms"), (1e6, "for us"), (1e9, "for ns")])
def test_a_name_that_does_not(rate: float, factor: float, unit: str, caplog: pytest.LogCaptureFixture) -> None:
    times = 1.7e9 * (factor == 1) + np.arange(9) / rate
    np.testing.assert_allclose(in_seconds(times * factor, "timestamp", "a"), times)
    assert (unit in caplog.text) if unit else not caplog.text


def test_one_frame_is_in_seconds() -> None:
    assert in_seconds(np.array([3.5]), "time", "a").tolist() == [3.5]


@pytest.mark.parametrize(
    ("times", "wrong"), [([0, 1, 2], None), ([], None), ([0, np.nan, 2], 1), ([0, 1, 1], 2), ([np.inf], 0), ([2, 1], 1)]
)
def test_the_first_wrong_time(times: list[float], wrong: int | None) -> None:
    assert first_wrong_time(np.array(times, np.float64)) == wrong


def test_what_is_told() -> None:
    check_times(TIMES, "a")
    check_pace(TIMES, "a")
    with pytest.raises(MediaError, match=r"frame 1 of 2 is at 1 s after 3 s"):
        check_times(np.array([3.0, 1.0]), "a")
    with pytest.raises(MediaError, match=r"its frames are 33\.33 s apart"):
        check_pace(TIMES * 1000, "a")
