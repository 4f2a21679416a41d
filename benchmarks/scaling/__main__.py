"""``python -m benchmarks.scaling``: how cost grows, written to docs/scaling.md and docs/images/scaling.svg."""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.scaling.measures import MEASURES, Settings
from benchmarks.scaling.report import markdown, plot, tables_of

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument(
        "axes",
        nargs="*",
        help=f"which of {', '.join(MEASURES)}; all if none is named. What the page has of others stays",
    )
    parser.add_argument("--quick", action="store_true", help="few and small points: to see that everything runs")
    parser.add_argument("--threads", type=int, help="of each network (default: GONIO_THREADS, else all CPUs)")
    parser.add_argument("--hour", action="store_true", help="a film of an hour too (half an hour or more of work)")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder of scaling.md and images/scaling.svg")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.axes) - set(MEASURES))
    if unknown:
        parser.error(f"no axis is named {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    settings = Settings.quick(chosen.threads) if chosen.quick else Settings(chosen.threads)
    if chosen.hour:
        settings = replace(settings, lengths_s=(*settings.lengths_s, 3600))
    machine, tables = _machine(), []  # with the load of before
    for name in chosen.axes or MEASURES:
        sys.stderr.write(f"{name} ...\n")
        tables.append(MEASURES[name](settings))
    (chosen.out / "images").mkdir(parents=True, exist_ok=True)
    command = " ".join(["python -m benchmarks.scaling", *(arguments if arguments is not None else sys.argv[1:])])
    path = chosen.out / "scaling.md"
    earlier = path.read_text("utf-8") if path.is_file() else ""
    page = markdown(tables, machine=machine, command=command, picture="images/scaling.svg", earlier=earlier)
    path.write_text(page, encoding="utf-8")
    plot(tables_of(page), chosen.out / "images" / "scaling.svg")
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(table) for table in tables], indent=1), encoding="utf-8")


def _machine() -> str:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {cpus} processors, {platform.system()}, Python {platform.python_version()}{load}"


if __name__ == "__main__":
    main()
