"""Crops that follow a person's box against crops of one size: the same people, paired.

    python -m benchmarks.crops LABELS.json --images FOLDER

LABELS is a file of COCO keypoints; people count whose keypoints a human labelled (``keypoints_source`` is not a
machine's), at least six of them, and whose boxes are given to the network as they are labelled. For each model the
mean object keypoint similarity with both kinds of crop, and the mean difference with its standard error.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from gonio.arrays import FloatArray
from gonio.geometry.oks import oks
from gonio.io.images import read_image
from gonio.models.loader import load_model
from gonio.models.topdown import TopDownModel
from gonio.structures.poses import Poses

AREA_OF_BOX = 0.53  # COCO's convention where a person is not outlined


@dataclass(frozen=True, eq=False)
class Person:
    """One labelled person: picture, box ``(4,)``, keypoints ``(17, 2)`` px with NaN where there is no label."""

    picture: Path
    box: FloatArray
    keypoints: FloatArray


def labelled_people(labels: Path, images: Path, *, most: int, seed: int = 0) -> list[Person]:
    """So many people, drawn at random."""
    content = json.loads(labels.read_text("utf-8"))
    names = {one["id"]: one["file_name"] for one in content["images"]}
    people = [_person(one, images / names[one["image_id"]]) for one in content["annotations"] if _counts(one)]
    np.random.default_rng(seed).shuffle(people)
    return people[:most]


def _counts(annotation: dict[str, Any]) -> bool:
    visibility = annotation.get("keypoints", [])[2::3]
    return bool(annotation.get("keypoints_source", "human") == "human" and sum(v > 0 for v in visibility) >= 6)


def _person(annotation: dict[str, Any], picture: Path) -> Person:
    x, y, width, height = annotation["bbox"]
    points = np.array(annotation["keypoints"], np.float32).reshape(-1, 3)
    keypoints = np.where(points[:, 2:] > 0, points[:, :2], np.nan).astype(np.float32)
    return Person(picture, np.array([x, y, x + width, y + height], np.float32), keypoints)


def similarity(model: TopDownModel, people: list[Person]) -> FloatArray:
    """Object keypoint similarity ``(N,)`` of each person's pose."""
    found = []
    for person in people:
        box = person.box[None]
        nothing = np.full((1, 17, 2), np.nan, np.float32)
        proposal = Poses(nothing, np.zeros((1, 17), np.float32), box, np.ones(1, np.float32), model.skeleton)
        pose = model.refine(read_image(person.picture), proposal)
        area = np.prod(box[:, 2:] - box[:, :2], axis=1) * AREA_OF_BOX
        sigmas = np.array(model.skeleton.sigmas, np.float32)
        found.append(oks(pose.keypoints, person.keypoints[None], areas=area, sigmas=sigmas)[0, 0])
    return np.array(found, np.float32)


def of_one_size(model: TopDownModel) -> TopDownModel:
    """The same network with crops of one size."""
    crop = model.card.input.model_copy(update={"min_side": None})
    card = model.card.model_copy(update={"input": crop})
    return TopDownModel(card, model._backend, model._proposer)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--people", type=int, default=500)
    options = parser.parse_args()
    people = labelled_people(options.labels, options.images, most=options.people)
    print(f"{len(people)} people of {options.labels.resolve().parent.name}/{options.labels.name}")
    for name in ("thunder", "lightning"):
        model = cast("TopDownModel", load_model(name))
        one_size, following = similarity(of_one_size(model), people), similarity(model, people)
        gain = following - one_size
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        print(
            f"{name}: one size {one_size.mean():.3f}, following {following.mean():.3f}, "
            f"{gain.mean():+.3f} +- {error:.3f}"
        )


if __name__ == "__main__":
    main()
