"""Divide the labels of ``data/scenes`` into what networks learn from and what they are measured on.

Measured on: 600 pictures of which a person drew every box, drawn by chance once and for all. Learnt from: the rest, in
which a teacher drew some boxes. Both files are COCO labels; the pictures stay where they are.

    python -m scripts.split_scenes ../shared/data/scenes runs/scenes
    gonio evaluate --model gonio-det --annotations runs/scenes/measure.json --images ../shared/data/scenes/images
"""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from gonio.io.atomic import atomic_path

LABELS = "pseudo_coco17.json"
MEASURED, SEED = 600, 1
KEYPOINTS = 5  # that a person placed, of whom poses are measured on


def split(labels: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to learn from, and what to measure on."""
    people = defaultdict(list)
    for person in labels["annotations"]:
        people[person["image_id"]].append(person)
    drawn = [
        image
        for image in labels["images"]
        if people[image["id"]] and all(person["bbox_source"] == "human" for person in people[image["id"]])
    ]
    random.Random(SEED).shuffle(drawn)  # noqa: S311 - nothing secret
    held = {image["id"] for image in drawn[:MEASURED]}
    return _part(labels, held, keep=False), _part(labels, held, keep=True)


def by_hand(labels: dict[str, Any]) -> dict[str, Any]:
    """Of labels the people with keypoints that a person placed, and their pictures."""
    people = [
        person
        for person in labels["annotations"]
        if person["keypoints_source"] == "human" and person["num_keypoints"] >= KEYPOINTS
    ]
    shown = {person["image_id"] for person in people}
    return labels | {
        "images": [image for image in labels["images"] if image["id"] in shown],
        "annotations": people,
    }


def _part(labels: dict[str, Any], held: set[int], *, keep: bool) -> dict[str, Any]:
    return labels | {
        "images": [image for image in labels["images"] if (image["id"] in held) == keep],
        "annotations": [person for person in labels["annotations"] if (person["image_id"] in held) == keep],
    }


def main() -> None:
    """Write ``learn.json``, ``measure.json`` and ``measure-keypoints.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", type=Path, help=f"The folder that holds {LABELS}.")
    parser.add_argument("out", type=Path, help="Where the files go.")
    asked = parser.parse_args()
    learn, measure = split(json.loads((asked.scenes / LABELS).read_text("utf-8")))
    parts = {"learn": learn, "measure": measure, "measure-keypoints": by_hand(measure)}
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        with atomic_path(asked.out / f"{name}.json") as path:
            path.write_text(json.dumps(part), "utf-8")
        print(f"{asked.out / name}.json: {len(part['images'])} pictures, {len(part['annotations'])} people")


if __name__ == "__main__":
    main()
