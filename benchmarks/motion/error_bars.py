"""Are error bars as long as they say? First order against Monte Carlo, and how often they cover the truth.

``python -m benchmarks.motion.error_bars``: a made-up person, so that the truth is known; about a minute.
"""

from dataclasses import replace

import numpy as np

from benchmarks.motion.correlated_noise import draw, errors_of, read_errors
from benchmarks.motion.jointed_person import From, jointed_person, one_track, seen
from gonio.analysis.angles import ANGLES, angle_series, list_angles
from gonio.analysis.kinematics import angular_velocity, mean, peak, range_of_motion
from gonio.analysis.series import Series
from gonio.analysis.uncertainty import BOX_OVER_KEYPOINTS, DEFAULT_ERROR_BY_SCORE, with_uncertainty
from gonio.analysis.view import detect_view
from gonio.arrays import FloatArray64

DRAWS, CLIPS, STEPS = 20_000, 300, 40
SD_PX = 4.0
"""Of every keypoint; the person is 540 px tall, a shank 132 px long."""
TALL_PX = 540.0
TAKES, TAKE_STEPS, TAKE_HZ = 100, 120, 30.0
EVERY = 7
"""Frames from one sample, or velocity, that is looked at to the next."""


def main() -> None:
    """Print one line for each angle."""
    print(f"first order: {DRAWS} draws, {SD_PX:g} px noise on every keypoint, person 540 px tall")
    print("coverage: share of samples whose truth lies within 1 and 2 sd (nominal 68.3 % and 95.4 %)\n")
    print(f"{'':20} {'first order':>11} {'Monte Carlo':>11} {'ratio':>6}   {'trembling':>13}   {'by score':>13}")
    for name, camera in angles():
        first_order, monte_carlo = spread(name, camera)
        print(
            f"{name:20} {first_order:7.2f} deg {monte_carlo:7.2f} deg {first_order / monte_carlo:6.3f}"
            f"   {percent(trembling(name, camera))}   {percent(by_score(name, camera))}"
        )
    seconds = TAKE_STEPS / TAKE_HZ
    print(f"\nnoise as it was measured (keypoint_noise.toml), its sd known: {TAKES} takes of {seconds:g} s;")
    print("coverage, and by how many sd a peak and a range are too large")
    print(f"{'':20} " + "   ".join(f"{what:>13}" for what in ("sample", "mean", "velocity", "peak", "range")))
    for name, camera in angles():
        found = over_time(name, camera)
        too_large = " ".join(f"{ratios.mean():+.1f}" for ratios in found[-2:])
        print(f"{name:20} " + "   ".join(percent(ratios) for ratios in found) + f"   {too_large}")


def angles() -> list[tuple[str, From]]:
    """And where each is seen from; this person has no hands."""
    names = [name for name in list_angles() if name != "wrist_flexion"]
    return [(name, "front" if ANGLES[name].plane == "frontal" else "right") for name in names]


def person(steps: int) -> FloatArray64:
    """Somebody who does squats with an arm raised; standing and turned out a little for the frontal angles."""
    phase = np.linspace(0, 6 * np.pi, steps)
    depth = 1 - np.cos(phase)
    return jointed_person(
        steps,
        trunk_lean=5 + 15 * depth,
        neck_flexion=10.0,
        hip_flexion=10 + 40 * depth,
        knee_flexion=20 + 40 * depth,
        ankle_dorsiflexion=5 * depth,
        shoulder_elevation=40 + 30 * depth,
        elbow_flexion=40 + 20 * depth,
        hip_abduction=8.0,
    )


def spread(name: str, camera: From) -> tuple[float, float]:
    """Standard deviation of one pose's angle: predicted, and of noisy draws."""
    pose = seen(person(STEPS), camera=camera).keypoints[:1]
    still = one_track(np.repeat(pose[:, 0].astype(np.float64), DRAWS, axis=0))
    noise = np.random.default_rng(0).normal(0, SD_PX, still.keypoints.shape)
    sd = np.full(still.scores.shape, SD_PX, np.float32)
    noisy = replace(still, keypoints=(still.keypoints + noise).astype(np.float32))
    view = detect_view(seen(person(STEPS), camera=camera))
    predicted = angle_series(replace(still, keypoint_sd=sd), name, view=view).sd[0]
    return float(predicted), float(np.std(angle_series(noisy, name, view=view).values))


def trembling(name: str, camera: From) -> FloatArray64:
    """Error over error bar where noise of unknown size is found from the trajectories alone."""
    clean = seen(person(4000), camera=camera, rate_hz=200)
    view = detect_view(clean)
    noise = np.random.default_rng(1).normal(0, SD_PX / 100, clean.keypoints.shape)
    metres = replace(
        clean, keypoints=clean.keypoints * np.array([0.01, -0.01], np.float32), unit="m"
    )  # in metres no score table is used
    noisy = replace(metres, keypoints=(metres.keypoints + noise).astype(np.float32))
    found = angle_series(with_uncertainty(noisy), name, view=view)
    return (found.values - angle_series(metres, name, view=view).values) / found.sd


def by_score(name: str, camera: From) -> FloatArray64:
    """Error over error bar of clips whose keypoints err as the default table says, the same in all frames of a clip."""
    rng = np.random.default_rng(2)
    clean = seen(person(STEPS), camera=camera)
    view = detect_view(clean)
    size = BOX_OVER_KEYPOINTS * np.sqrt(np.ptp(clean.keypoints[:, 0], axis=1).prod(axis=-1))[:, None, None]
    ratios = []
    truth = angle_series(clean, name, view=view).values
    for _ in range(CLIPS):
        scores = rng.uniform(0.88, 0.99, (1, *clean.scores.shape[1:])).repeat(STEPS, axis=0)
        rms = np.interp(scores, *np.array(DEFAULT_ERROR_BY_SCORE).T) * size
        error = rng.normal(0, 1, (1, *clean.keypoints.shape[1:])) * rms[..., None] / np.sqrt(2)
        wrong = replace(clean, keypoints=(clean.keypoints + error).astype(np.float32), scores=scores.astype(np.float32))
        found = angle_series(with_uncertainty(wrong), name, view=view)
        ratios.append((found.values - truth) / found.sd)
    return np.concatenate(ratios)


def over_time(name: str, camera: From) -> list[FloatArray64]:
    """Error over error bar of samples, mean, velocity, peak and range, where part of the noise lasts and part fades."""
    rng, errors = np.random.default_rng(3), read_errors()
    clean = seen(person(TAKE_STEPS), camera=camera, rate_hz=TAKE_HZ)
    view = detect_view(clean)
    axes = [[error.sd for error in errors_of(keypoint, errors)] for keypoint in clean.skeleton.keypoint_names]
    known = np.array([TALL_PX * np.sqrt(np.mean(np.square(own or [0.0]))) for own in axes], np.float32)
    truth = numbers(angle_series(clean, name, view=view))
    ratios = []
    for _ in range(TAKES):
        noise = TALL_PX * draw(clean.skeleton, clean.time_s, errors, rng)[:, None]
        noisy = replace(clean, keypoints=(clean.keypoints + noise).astype(np.float32))
        sd = np.broadcast_to(known, clean.scores.shape)
        found = numbers(angle_series(replace(noisy, keypoint_sd=sd), name, view=view))
        ratios.append([(own[0] - true[0]) / own[1] for own, true in zip(found, truth, strict=True)])
    return [np.concatenate(column) for column in zip(*ratios, strict=True)]


def numbers(series: Series) -> list[FloatArray64]:
    """``(2, N)`` each: samples, mean, velocity, peak and range, and their standard deviations."""
    velocity = angular_velocity(series)
    some = [np.stack([one.values[1:-1:EVERY], one.sd[1:-1:EVERY]]) for one in (series, velocity)]
    single = [np.array([[one.value], [one.sd]]) for one in (mean(series), peak(series), range_of_motion(series))]
    return [some[0], single[0], some[1], *single[1:]]


def percent(ratios: FloatArray64) -> str:
    """``"68.0 % 95.2 %"``."""
    inside = [100 * float(np.mean(np.abs(ratios) < limit)) for limit in (1, 2)]
    return f"{inside[0]:4.1f} % {inside[1]:4.1f} %"


if __name__ == "__main__":
    main()
