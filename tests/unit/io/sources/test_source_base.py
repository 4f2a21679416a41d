import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.errors import ConfigError
from gonio.io.sources import Source, open_source
from gonio.io.sources.base import Selection, natural_key


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start_s": math.nan}, "start is nan s; give a time of 0 s or later"),
        ({"start_s": -1.0}, "start is -1.0 s"),
        ({"end_s": math.inf}, "end is inf s"),
        ({"start_s": 2.0, "end_s": 1.0}, "end is 1.0 s, start is 2.0 s; put the end after"),
        ({"end_s": 0.0}, "end is 0.0 s, start is 0.0 s"),
        ({"stride": 0}, "stride is 0; give a whole number from 1"),
        ({"stride": 1.5}, "stride is 1.5"),
        ({"stride": True}, "stride is True"),
        ({"stride": math.nan}, "stride is nan"),
        ({"prefetch": -1}, "prefetch is -1"),
        ({"prefetch": 2.0}, "prefetch is 2.0"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_source(np.zeros((2, 2, 3), np.uint8), **settings)


@given(
    frames=st.integers(0, 300),
    first=st.integers(0, 300),
    length=st.integers(1, 300),
    stride=st.integers(1, 9),
    rate=st.sampled_from([24.0, 25.0, 30.0, 30000 / 1001, 240.0]),
)
def test_count_is_what_the_selection_lets_through(
    frames: int, first: int, length: int, stride: int, rate: float
) -> None:
    """Oracle: running through the frames of a constant rate. Half a frame keeps the limits off the frames."""
    selection = Selection((first + 0.5) / rate, (first + length + 0.5) / rate, stride)
    times = [index / rate for index in range(frames)]
    wanted = [time for time in times if not selection.is_before(time) and not selection.is_past(time)]
    assert selection.count(frames, 1 / rate) == len(wanted[::stride])


def test_limits_on_a_frame() -> None:
    selection = Selection(1.0, 2.0)
    assert not selection.is_before(1.0)
    assert selection.is_past(2.0)
    assert selection.count(90, 1 / 30) == 30


@given(numbers=st.lists(st.integers(0, 10**6), unique=True))
def test_natural_order_counts(numbers: list[int]) -> None:
    names = sorted((f"Run {number} left.png" for number in numbers), key=natural_key)
    assert names == [f"Run {number} left.png" for number in sorted(numbers)]


@given(names=st.lists(st.text(max_size=6)))
def test_natural_order_is_total(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


def test_our_sources_fit_the_protocol() -> None:
    source = open_source(np.zeros((2, 2, 3), np.uint8))
    assert isinstance(source, Source)
    assert not isinstance(np.zeros(2), Source)
