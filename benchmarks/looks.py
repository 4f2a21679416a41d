"""How many labelled people each model finds in whole pictures, and what that costs: the same pictures, in turns.

    python -m benchmarks.looks LABELS.json --images FOLDER

LABELS is a file of COCO keypoints; people count as in `benchmarks.crops`. Nobody tells the models where they are. For
each model: the share of the people of whom some pose has an object keypoint similarity of at least 0.5, the mean of the
best similarities, the difference of that to the first model's with its standard error, people found a picture, and
processor time a picture with one thread.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.crops import AREA_OF_BOX, Person, labelled_people
from gonio.arrays import FloatArray
from gonio.geometry.oks import oks
from gonio.io.images import read_image
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.structures.poses import Poses

FOUND = 0.5


def best_similarity(person: Person, poses: Poses) -> float:
    """Of the pose that is most like the person's label; 0 where there is nobody."""
    if not len(poses):
        return 0.0
    area = np.prod(person.box[2:] - person.box[:2])[None] * AREA_OF_BOX
    sigmas = np.array(poses.skeleton.sigmas, np.float32)
    return float(oks(poses.keypoints, person.keypoints[None], areas=area, sigmas=sigmas).max())


def look(
    models: dict[str, PoseModel], people: list[Person]
) -> tuple[dict[str, FloatArray], dict[str, list[int]], dict[str, float]]:
    """Best similarities ``(P,)``, people in each picture, and processor time of all pictures, s, by model."""
    pictures: dict[Path, list[int]] = {}
    for i, person in enumerate(people):
        pictures.setdefault(person.picture, []).append(i)
    similarities = {name: np.zeros(len(people), np.float32) for name in models}
    counts: dict[str, list[int]] = {name: [] for name in models}
    spent_s = dict.fromkeys(models, 0.0)
    for path, indices in pictures.items():
        image = read_image(path)
        for name, model in models.items():
            begin = process_time()
            poses = model(image)
            spent_s[name] += process_time() - begin
            counts[name].append(len(poses))
            for i in indices:
                similarities[name][i] = best_similarity(people[i], poses)
    return similarities, counts, spent_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--models", nargs="+", default=["thunder", "thunder-thorough"])
    options = parser.parse_args()
    people = labelled_people(options.labels, options.images, most=options.people)
    models = {name: load_model(name, threads=1) for name in options.models}
    similarities, counts, spent_s = look(models, people)
    print(
        f"{len(people)} people in {len(counts[options.models[0]])} pictures of {options.labels.resolve().parent.name}"
    )
    first = similarities[options.models[0]]
    for name, values in similarities.items():
        gain = values - first
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        print(
            f"{name}: {100 * (values >= FOUND).mean():.1f} % found, mean similarity {values.mean():.3f} "
            f"({gain.mean():+.3f} +- {error:.3f}), {np.mean(counts[name]):.2f} people and "
            f"{1e3 * spent_s[name] / len(counts[name]):.0f} ms a picture"
        )


if __name__ == "__main__":
    main()
