"""``python -m benchmarks.peers``, from the repository's root: environments, rounds, one report."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

from benchmarks.peers import contenders
from benchmarks.peers.cases import Case, make_cases
from benchmarks.peers.contenders import PEERS, Contender, Files
from benchmarks.peers.environments import HERE, ROOT, WORK, EnvironmentFailedError
from benchmarks.peers.machine import machine
from benchmarks.peers.markdown import to_markdown
from benchmarks.peers.report import Report, to_json
from benchmarks.peers.rounds import Comparison, say

DESCRIPTION = """\
Time Gonio beside its peers: the same pictures, the same threads, turn by turn in one run.

Makes one environment per library under benchmarks/peers/.work (the first time takes minutes), then prints
Markdown tables. A library that cannot be installed or run is reported with the reason; the others go on."""

EXAMPLE = """\
example:
  python -m benchmarks.peers --threads 1 2 --people 1 3 8 --out peers.md --json peers.json"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; 0 when Gonio itself was timed, else 1."""
    args = _parser().parse_args(arguments)
    files = Files(**{name.name: getattr(args, name.name) for name in fields(Files)})
    report = Report(baseline=contenders.gonio_label(args.models[0]))
    try:
        pictures = _pictures(args)
    except FileNotFoundError as error:
        say(str(error))
        return 1
    taking_part = _gather(args, files, report)
    if not args.setup_only:
        report.settings += [machine(), _method(args)]
        comparison = Comparison(taking_part, report, rounds=args.rounds, repeats=args.repeats)
        for threads in args.threads:
            comparison.run(pictures, threads)
    text = to_markdown(report)
    print(text)
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    if args.json:
        args.json.write_text(json.dumps(to_json(report), indent=2) + "\n", encoding="utf-8")
    return 0 if args.setup_only or any(t.label == report.baseline for t in report.timings) else 1


def _gather(args: argparse.Namespace, files: Files, report: Report) -> list[Contender]:
    """Everyone who can take part, Gonio first; the others are in ``report.missing``."""
    makers = [(contenders.gonio_label(model), partial(contenders.gonio, model)) for model in args.models]
    makers += [(name, partial(contenders.peer, name)) for name in args.peers]
    found = []
    for name, make in makers:
        say(f"environment of {name}")
        try:
            found.append(make(files))
        except EnvironmentFailedError as error:
            say(f"{name}: {error}")
            report.missing[name] = str(error)
    return found


def _pictures(args: argparse.Namespace) -> list[Case]:
    """The given photo in copies; else the walking person in copies, and one portrait."""
    make = partial(make_cases, folder=WORK / "cases")
    size_wh = (args.size[0], args.size[1])
    if args.photo:
        return make(args.photo, kind=args.photo.stem, people=args.people, size_wh=size_wh)
    walking = make(HERE / "walker.jpg", kind="walking", people=args.people, size_wh=size_wh)
    portrait = make(ROOT / "samples" / "astronaut.jpg", kind="square portrait", people=[1], size_wh=(1024, 1024))
    return [*walking, *portrait]


def _method(args: argparse.Namespace) -> str:
    return (
        f"Pictures: {args.size[0]} x {args.size[1]} px, copies of a photograph of one person. {args.rounds} rounds "
        f"in which the libraries take turns; a turn is the median of {args.repeats} runs, a time the median "
        "over the rounds, a ratio the median of the rounds' own ratios. With N threads every library is held "
        "to N processors."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="who is compared (default: all)")
    add(
        "--models",
        nargs="+",
        default=["thunder-int8", "thunder", "multipose", "lightning"],
        help="Gonio's; ratios are to the first",
    )
    add("--threads", nargs="+", type=positive, default=[1, 2], help="thread counts (default: 1 2)")
    add(
        "--people",
        nargs="+",
        type=positive,
        default=[1, 3, 8],
        help="copies of the person per picture (default: 1 3 8)",
    )
    add(
        "--size",
        nargs=2,
        type=positive,
        metavar=("W", "H"),
        default=[1280, 960],
        help="size of the pictures, px (default: 1280 960, a camera's 4:3)",
    )
    add("--rounds", type=positive, default=15, help="turns of each library (default: 15)")
    add("--repeats", type=positive, default=3, help="runs in a turn (default: 3)")
    add("--photo", type=Path, metavar="FILE", help="a photograph of one person, instead of those at hand")
    add(
        "--yolo-onnx",
        type=Path,
        metavar="FILE",
        help="YOLO11n-pose with real weights, to time instead of random ones",
    )
    _add_rtmlib(parser)
    add("--download", action="store_true", help="let rtmlib fetch its weights from its model server")
    add(
        "--gonio-python",
        type=Path,
        metavar="FILE",
        help="a Python that has Gonio, instead of a new environment",
    )
    add("--setup-only", action="store_true", help="make the environments and stop")
    add("--out", type=Path, metavar="FILE.md", help="write the tables there too")
    add("--json", type=Path, metavar="FILE", help="write every number there")
    return parser


def _add_rtmlib(parser: argparse.ArgumentParser) -> None:
    """Its two networks, each from one place."""
    detector = parser.add_mutually_exclusive_group().add_argument
    detector("--rtmlib-det", type=Path, metavar="FILE", help="rtmlib's YOLOX detector as ONNX")
    detector("--rtmlib-rtmdet", type=Path, metavar="FILE", help="RTMDet-nano for people as ONNX, in YOLOX's place")
    pose = parser.add_mutually_exclusive_group().add_argument
    pose("--rtmlib-pose", type=Path, metavar="FILE", help="an RTMPose network as ONNX")
    pose(
        "--rtmlib-made-up-pose",
        action="store_true",
        help="the graph of RTMPose-s with made-up weights, to time only (needs PyTorch here)",
    )


def positive(text: str) -> int:
    """An option's whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
