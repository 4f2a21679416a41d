"""``python -m benchmarks.peers.video``: a film with everybody drawn in it, Gonio beside its peers, turn by turn."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from benchmarks.peers import contenders
from benchmarks.peers.__main__ import positive
from benchmarks.peers.client import WorkerFailedError
from benchmarks.peers.contenders import Contender, Files
from benchmarks.peers.environments import ROOT, WORK, EnvironmentFailedError
from benchmarks.peers.machine import machine
from benchmarks.peers.rounds import PAUSE_S, processors, say, start_worker
from benchmarks.peers.video_clip import Clip, prepared
from benchmarks.peers.video_report import FilmReport, Turn, to_json, to_markdown

DESCRIPTION = """\
Time Gonio's film of drawn people beside its peers': the same clip, the same threads, turn by turn in one run.

From opening the clip to closing the drawn film: decoding, finding, following, drawing, encoding. Imports, loading
the model and a first run on a few frames are not timed."""

EXAMPLE = """\
example:
  python -m benchmarks.peers.video --yolo-onnx yolo11n-pose.onnx --rounds 5 --out video.md"""

SAMPLE = ROOT / "samples" / "walk.mp4"
SAMPLE_WH = (1920, 1080)
WARM_UP_FRAMES = 5
ANSWER_WITHIN_S = 3600.0

FILM_WORKERS = {"ultralytics": "yolo_video_worker", "mediapipe": "mediapipe_video_worker"}


class Asked(Protocol):
    """A worker process, as `compare` sees it."""

    def ask(self, do: str, *, within_s: float = ..., **details: Any) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        ...

    def close(self) -> None:
        """End the process."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; 0 when Gonio itself was timed, else 1."""
    args = _parser().parse_args(arguments)
    try:
        clip, warm_up = _clips(args)
    except FileNotFoundError as error:
        say(str(error))
        return 1
    report = FilmReport(_label(args.models[0], "yes"), args.threads, clip.frames)
    taking_part = _gather(args, report)
    report.settings += [machine(), _method(args, clip)]
    compare(taking_part, report, clip=clip, warm_up=warm_up, rounds=args.rounds)
    text = to_markdown(report)
    print(text)
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    if args.json:
        args.json.write_text(json.dumps(to_json(report), indent=2) + "\n", encoding="utf-8")
    return 0 if report.turns.get(report.baseline) else 1


def compare(
    taking_part: Sequence[Contender],
    report: FilmReport,
    *,
    clip: Clip,
    warm_up: Clip,
    rounds: int,
    start: Callable[[Contender, int], Asked] = start_worker,
) -> None:
    """Start everyone, warm them up, let them take turns; one that fails is left out and reported.

    Args:
        taking_part: Who, in the order of turns.
        report: Gets everything that is found out.
        clip: What is timed.
        warm_up: What each draws once before, untimed.
        rounds: Turns of each.
        start: Starts the process of one of them with so many threads.
    """
    workers: dict[str, Asked] = {}

    def ask(label: str, do: str, **details: Any) -> dict[str, Any] | None:
        try:
            return workers[label].ask(do, within_s=ANSWER_WITHIN_S, **details)
        except WorkerFailedError as error:
            say(f"{label}: {error}")
            report.missing[label] = str(error)
            workers.pop(label).close()
            return None

    with processors(report.threads):
        try:
            for contender in taking_part:
                label = contender.label
                say(f"loading and warming up {label}")
                workers[label] = start(contender, report.threads)
                loaded = ask(label, "load", options=contender.options, threads=report.threads)
                if loaded and ask(label, "render", clip=str(warm_up.path)):
                    report.versions[label], report.notes[label] = loaded["versions"], loaded["notes"]
                    report.turns[label] = []
            for number in range(rounds):
                for label in list(workers):
                    time.sleep(PAUSE_S)
                    reply = ask(label, "render", clip=str(clip.path))
                    if reply:
                        turn = Turn(**{name: reply[name] for name in Turn.__dataclass_fields__})
                        report.turns[label].append(turn)
                        say(f"round {number + 1} of {rounds}, {label}: {1 / turn.seconds_a_frame:.1f} frames/s")
        finally:
            for worker in workers.values():
                worker.close()


def _gather(args: argparse.Namespace, report: FilmReport) -> list[Contender]:
    """Everyone who can take part, Gonio first; the others are in ``report.missing``."""
    files = Files(gonio_python=args.gonio_python, yolo_onnx=args.yolo_onnx)
    makers = [
        (_label(model, track), partial(_gonio, model, track, files)) for model in args.models for track in ("yes", "no")
    ]
    makers += [(name, partial(_peer, name, files)) for name in args.peers]
    found = []
    for name, make in makers:
        say(f"environment of {name}")
        try:
            found.append(make())
        except EnvironmentFailedError as error:
            say(f"{name}: {error}")
            report.missing[name] = str(error)
    return found


def _label(model: str, track: str) -> str:
    return f"{contenders.gonio_label(model)}, {'people followed' if track == 'yes' else 'each frame anew'}"


def _gonio(model: str, track: str, files: Files) -> Contender:
    whole = contenders.gonio(model, files)
    kind = "--track: " if track == "yes" else "no --track: "
    options = {**whole.options, "track": track, "note": kind + (whole.options["note"] or f"model {model}")}
    module = "benchmarks.peers.workers.gonio_video_worker"
    return replace(whole, label=_label(model, track), module=module, options=options)


def _peer(name: str, files: Files) -> Contender:
    return replace(contenders.peer(name, files), module=f"benchmarks.peers.workers.{FILM_WORKERS[name]}")


def _clips(args: argparse.Namespace) -> tuple[Clip, Clip]:
    """What is timed, and what is drawn before."""
    path = args.clip or SAMPLE
    size_wh = tuple(args.size) if args.size else None if args.clip else SAMPLE_WH
    clip = prepared(path, folder=WORK / "clips", size_wh=size_wh, frames=args.frames)
    return clip, prepared(path, folder=WORK / "clips", size_wh=size_wh, frames=WARM_UP_FRAMES)


def _method(args: argparse.Namespace, clip: Clip) -> str:
    width, height = clip.size_wh
    return (
        f"Clip: {clip.name} at {width} x {height} px, {clip.frames} frames. {args.rounds} rounds in which the "
        "libraries take turns, each once through the clip, from opening it to closing the drawn film; every number is "
        "the median over the rounds, a ratio the median of the rounds' own ratios. Imports, loading and a first run "
        f"on {WARM_UP_FRAMES} frames are not timed. Every library is held to {args.threads} processor(s) and its "
        f"network to {args.threads} thread(s). Gonio also writes the keypoints as JSON."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers.video",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("clip", nargs="?", type=Path, metavar="CLIP", help="a film (default: samples/walk.mp4 at 1920 x 1080)")
    add("--size", nargs=2, type=positive, metavar=("W", "H"), help="scale CLIP to this, px (default: as it is)")
    add("--frames", type=positive, metavar="N", help="only the first N frames")
    add("--threads", type=positive, default=2, help="threads and processors of each library (default: 2)")
    add("--rounds", type=positive, default=5, help="turns of each library (default: 5)")
    models = ["thunder-int8"]
    add("--models", nargs="+", default=models, metavar="NAME", help=f"Gonio's; ratios are to the first ({models[0]})")
    add(
        "--peers",
        nargs="*",
        choices=list(FILM_WORKERS),
        default=["ultralytics"],
        help="who is compared (default: ultralytics)",
    )
    add("--yolo-onnx", type=Path, metavar="FILE", help="YOLO11n-pose with real weights, instead of random ones")
    add("--gonio-python", type=Path, metavar="FILE", help="a Python that has Gonio, instead of a new environment")
    add("--out", type=Path, metavar="FILE.md", help="write the table there too")
    add("--json", type=Path, metavar="FILE", help="write every turn there")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
