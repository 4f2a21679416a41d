"""What holds for every file of keypoints over time: it says what was written."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gonio.io.formats.bvh import write_bvh
from gonio.io.formats.bvh_reader import read_bvh
from gonio.io.formats.c3d import read_c3d, write_c3d
from gonio.io.formats.mot import read_mot, write_mot
from gonio.io.formats.netcdf import read_netcdf, write_netcdf
from gonio.io.formats.parquet import read_parquet, write_parquet
from gonio.io.formats.sequence_files import read_sequence, write_sequence
from gonio.io.formats.table_csv import read_table_csv, write_table_csv
from gonio.io.formats.trc import read_trc, write_trc
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

coordinates = st.one_of(st.floats(-2000, 2000, width=32), st.just(np.nan))
probabilities = st.floats(0, 1, width=32)
steps = st.floats(1e-3, 10)


@st.composite
def sequences(
    draw: st.DrawFn, *, d: int | None = None, unit: str | None = None, most: int = 3, even: bool = False
) -> PoseSequence:
    skeleton = load_skeleton(draw(st.sampled_from(["coco17", "halpe26", "blazepose33"])))
    unit = unit or draw(st.sampled_from(["px", "m"]))
    d = d or draw(st.sampled_from([2, 3]))
    t, n = draw(st.integers(1, 4)), draw(st.integers(1, most))
    # One value per array with a few of its own: as telling as all different, and quick to draw.
    points = draw(hnp.arrays(np.float32, (t, n, len(skeleton), d), elements=coordinates, fill=coordinates))
    points[np.isnan(points).any(axis=-1)] = np.nan
    scores = draw(hnp.arrays(np.float32, points.shape[:3], elements=probabilities, fill=probabilities))
    gaps = np.full(t, draw(steps)) if even else np.array(draw(st.lists(steps, min_size=t, max_size=t)))
    ids = np.array(draw(st.lists(st.integers(0, 2**40), min_size=n, max_size=n, unique=True)), np.int64)
    time_s = np.cumsum(gaps) - gaps[0] if even else np.cumsum(gaps)
    return PoseSequence(points, scores, time_s, np.sort(ids), skeleton, unit)  # type: ignore[arg-type]  # one of two


@pytest.mark.parametrize(
    ("write", "read"),
    [(write_table_csv, read_table_csv), (write_parquet, read_parquet), (write_netcdf, read_netcdf)],
    ids=["csv", "parquet", "netcdf"],
)
def test_tables_are_exact(write, read) -> None:  # type: ignore[no-untyped-def]  # three pairs of functions
    @given(sequences())
    @settings(max_examples=15, deadline=None)
    def holds(sequence: PoseSequence) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a"
            write(path, sequence)
            found = read(path)
        for name in ("keypoints", "scores", "time_s", "track_ids"):
            np.testing.assert_array_equal(getattr(found, name), getattr(sequence, name), err_msg=name)
        assert (found.skeleton.name, found.unit) == (sequence.skeleton.name, sequence.unit)

    holds()


@given(sequences(most=1))
@settings(max_examples=30, deadline=None)
def test_trc(sequence: PoseSequence) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_trc(Path(folder) / "a.trc", sequence)
        found = read_trc(Path(folder) / "a.trc")
    d = sequence.keypoints.shape[-1]
    assert (found.names, found.unit) == (sequence.skeleton.keypoint_names, sequence.unit)
    np.testing.assert_array_equal(found.time_s, sequence.time_s)
    np.testing.assert_allclose(found.positions[..., :d], sequence.keypoints[:, 0], atol=5.1e-7, rtol=1e-15)


@given(sequences(most=1, unit="m", even=True))
@settings(max_examples=15, deadline=None)
def test_c3d(sequence: PoseSequence) -> None:
    pytest.importorskip("ezc3d")
    with tempfile.TemporaryDirectory() as folder:
        write_c3d(Path(folder) / "a.c3d", sequence)
        found = read_c3d(Path(folder) / "a.c3d")
    d = sequence.keypoints.shape[-1]
    np.testing.assert_allclose(found.positions[..., :d], sequence.keypoints[:, 0], rtol=3e-7, atol=1e-30)
    np.testing.assert_allclose(found.time_s, sequence.time_s - sequence.time_s[0], rtol=1e-6)


@given(sequences(most=1, unit="m", d=3, even=True))
@settings(max_examples=30, deadline=None)
def test_bvh_keeps_every_keypoint_that_was_seen(sequence: PoseSequence) -> None:
    hips = [sequence.skeleton.index(f"{side}_hip") for side in ("left", "right")]
    if np.isnan(sequence.keypoints[:, :, hips]).any():
        return
    with tempfile.TemporaryDirectory() as folder:
        write_bvh(Path(folder) / "a.bvh", sequence)
        found = read_bvh(Path(folder) / "a.bvh")
    for k, name in enumerate(found.names):
        if name in sequence.skeleton.keypoint_names:
            own = sequence.point(name)[:, 0]
            seen = np.isfinite(own)
            np.testing.assert_allclose(found.positions[:, k][seen], own[seen], atol=2e-3)  # of up to 2000 m


@given(sequences(unit="px", d=2), st.sampled_from(["a.json", "a.jsonl", "a.coco.json"]))
@settings(max_examples=30, deadline=None)
def test_frames(sequence: PoseSequence, name: str) -> None:
    """Formats without room for people who are not there: what was seen is kept, to 1/1000 px."""
    present = np.asarray(np.isfinite(sequence.keypoints).all(axis=-1))
    if name == "a.coco.json" and (not present[[0, -1]].any(axis=(1, 2)).all() or sequence.skeleton.name[0] == "b"):
        return
    with tempfile.TemporaryDirectory() as folder:
        write_sequence(Path(folder) / name, sequence)
        found = read_sequence(Path(folder) / name, fps=25)
    own = np.isin(sequence.track_ids, found.track_ids)
    assert not present[:, ~own].any()
    unseen = np.zeros(present.shape, bool)
    if name == "a.coco.json":  # 0, 0, 0 as it is written
        unseen = (np.round(sequence.keypoints, 3) == 0).all(axis=-1) & (np.round(sequence.scores, 6) == 0)
    kept = np.where(unseen[..., None], np.nan, sequence.keypoints)
    np.testing.assert_allclose(found.keypoints, kept[:, own], atol=6.5e-4)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-1e6, 1e6)))
@settings(max_examples=30, deadline=None)
def test_mot_is_exact(values: np.ndarray) -> None:
    names = tuple(f"angle_{i}" for i in range(values.shape[1]))
    with tempfile.TemporaryDirectory() as folder:
        write_mot(Path(folder) / "a.mot", names, values, np.arange(len(values)) / 3)
        found = read_mot(Path(folder) / "a.mot")
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.time_s, np.arange(len(values)) / 3)
    assert found.names == names
