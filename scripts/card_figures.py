"""Write what ``gonio evaluate --json`` measured into the shipped cards: AP by size, and how right each joint is.

    gonio evaluate --model thunder --images ... --annotations ... --json > thunder.json
    python -m scripts.card_figures thunder.json

Each file is one run of one shipped model. The data and the command of the card's first figures stay; figures by joint
replace earlier ones by joint, and follow the first. Printed is a table by joint, one column a model, for a page.
"""

import argparse
import json
from pathlib import Path
from typing import Any

CARDS = Path(__file__).resolve().parents[1] / "src" / "gonio" / "models" / "cards"
OVERALL = ("AP", "AP50", "APM", "APL", "AR")
BY_JOINT = "PCK@0.2 "
"""How the scores of joints begin: percent of the labelled keypoints within a fifth of the torso."""


def with_figures(card: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """The card with the figures of this run."""
    first, *rest = card["measured"]
    if not all(f"{run[what]} {what}" in first["data"] for what in ("images", "people")):
        raise SystemExit(f"{run['model']}: {run['images']} images of {run['people']} people are not {first['data']}")
    others = [figure for figure in rest if not all(name.startswith(BY_JOINT) for name in figure["scores"])]
    overall = first | {"scores": {name: round(run[name], 1) for name in first["scores"] if name in OVERALL}}
    by_joint = first | {"scores": {BY_JOINT + name: value for name, value in joints(run).items()}}
    return card | {"measured": [overall, by_joint, *others]}


def joints(run: dict[str, Any]) -> dict[str, float]:
    """PCK@0.2 in percent by joint, one decimal; joints that nobody labelled are left out."""
    return {one["name"]: round(one["pck"], 1) for one in run["joints"] if one["pck"] is not None}


def table(runs: list[dict[str, Any]]) -> str:
    """Markdown: a row for each joint."""
    columns = [joints(run) for run in runs]
    head = [f"| joint | {' | '.join(run['model'] for run in runs)} |", f"|---|{'---:|' * len(runs)}"]
    rows = [f"| {name} | {' | '.join(str(column.get(name, '-')) for column in columns)} |" for name in columns[0]]
    return "\n".join([*head, *rows])


def main() -> None:
    """Rewrite the cards, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN.json")
    runs = [json.loads(path.read_text("utf-8")) for path in parser.parse_args().runs]
    for run in runs:
        path = CARDS / f"{run['model']}.json"
        card = with_figures(json.loads(path.read_text("utf-8")), run)
        path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(runs))


if __name__ == "__main__":
    main()
