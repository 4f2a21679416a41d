"""The oracle is force plates under a walker and a runner (50 N), through a virtual camera at the side."""

from pathlib import Path

import pytest
from benchmarks.motion.correlated_noise import read_errors
from benchmarks.motion.gait_events import Result, meets, score_default
from benchmarks.motion.gait_trials import Trial, load_trials, seen

from gonio.motion.people import prepare


@pytest.fixture(scope="session")
def trials(shared_data: Path) -> dict[str, Trial]:
    folder = shared_data / "gait"
    if not folder.is_dir():
        pytest.skip(f"no gait trials in {folder}")
    return {trial.name: trial for trial in load_trials(folder)}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("skeleton", ["halpe26", "coco17"])
@pytest.mark.parametrize(("fps", "noise_m"), [(30.0, 0.0), (60.0, 0.0045)])
def test_video_of_a_walk_and_a_run(
    trials: dict[str, Trial], skeleton: str, fps: float, noise_m: float, side: str
) -> None:
    for name, activity in (("walk", "gait"), ("run", "running")):
        sequence = seen(
            trials[name].sequence,
            fps=fps,
            noise_m=noise_m,
            skeleton=skeleton,
            side="left" if side == "left" else "right",
        )
        result = score_default(trials[name], [sequence])
        assert result.activities == {activity}
        _meets(result)


@pytest.mark.parametrize("skeleton", ["halpe26", "coco17"])
@pytest.mark.parametrize("cleaned", [False, True], ids=["raw", "cleaned"])
@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_with_the_errors_of_the_model(trials: dict[str, Trial], skeleton: str, cleaned: bool, fps: float) -> None:
    for name, activity in (("walk", "gait"), ("run", "running")):
        copies = [
            seen(trials[name].sequence, fps=fps, errors=read_errors(), skeleton=skeleton, seed=seed)
            for seed in range(3)
        ]
        result = score_default(trials[name], [prepare(one) for one in copies] if cleaned else copies)
        assert result.activities == {activity}
        assert meets(trials[name], result), result


def test_markers_in_space(trials: dict[str, Trial]) -> None:
    for name in ("walk", "run"):
        result = score_default(trials[name], [trials[name].sequence])
        _meets(result)
        assert max(result.strikes.mae, result.offs.mae, result.contact_mae) < 10


def test_shuffling_steps(trials: dict[str, Trial]) -> None:
    result = score_default(trials["parkinson"], [trials["parkinson"].sequence])
    _meets(result)


def _meets(result: Result) -> None:
    assert (result.strikes.missed, result.offs.missed) == (0, 0)
    assert max(result.strikes.mae, result.offs.mae) <= 20
    assert result.contact_mae <= 20
