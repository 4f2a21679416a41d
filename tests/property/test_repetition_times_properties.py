"""Whatever a signal does: each repetition has times in order, and nothing fails."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gonio.analysis.exercises.repetitions import count_upward
from gonio.analysis.exercises.signal_gradient import SignalGradient
from gonio.analysis.exercises.spec import Range, Tempo
from gonio.analysis.keypoint_errors import KeypointErrors, Shape
from gonio.analysis.series import Series

WANTED = Range(least=15, full=15, source="a test")
PLATEAU = [0.0, 60.0, 60.0, 0.0, 60.0, 0.0, 0.0, 60.0, 60.0, 60.0, 0.0]
LEVELS = st.sampled_from([0.0, 20.0, 40.0, 60.0, float("nan")])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.one_of(LEVELS, st.floats(-90, 90)), min_size=2, max_size=60),
    st.sampled_from([2.0, 10.0, 30.0]),
    st.sampled_from([0.0, 0.1, 5.0]),
    st.booleans(),
)
@example(PLATEAU, 2.0, 0.0, False)
@example(PLATEAU, 2.0, 0.1, True)
def test_times_are_in_order(values: list[float], fps: float, sd: float, followed: bool) -> None:
    time_s = np.arange(len(values)) / fps
    errors = KeypointErrors(time_s, np.full((len(values), 1), sd), (Shape(0.5, 0.3, 0.2, 0.2),) * 3)
    follow = SignalGradient({0: np.ones(len(values))}, (), errors) if followed else None
    reasons = np.zeros(len(values), np.uint8)
    series = Series("height", "%", "both", time_s, np.array(values), np.full(len(values), sd), reasons)
    for found in count_upward(series, WANTED, Tempo(), "both", follow=follow).found:
        one = found.repetition
        assert time_s[0] <= one.start_s <= one.turn_s <= one.end_s <= time_s[-1]
