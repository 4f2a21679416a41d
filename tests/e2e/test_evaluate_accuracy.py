"""``gonio evaluate`` on coco-mini: the accuracy that the model cards promise, and pycocotools' own word for it."""

import contextlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import gonio as library

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Gonio

PARTS = ("val2017", "train2017")
IMAGES, PEOPLE = 100, 103

Report = dict[str, Any]


@pytest.fixture(scope="module")
def coco_mini(shared_data: Path) -> Path:
    """100 images of COCO with 103 labelled people, half from each part."""
    folder = shared_data / "coco-mini"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    return folder


def label_files(coco_mini: Path) -> list[Path]:
    return [coco_mini / "annotations" / f"person_keypoints_{part}.json" for part in PARTS]


@pytest.fixture
def evaluate(gonio: "Gonio", coco_mini: Path) -> "Callable[..., Report]":
    """Both parts together, two threads; ``--json`` must put one object on stdout and nothing anywhere else."""

    def run(*further: str) -> Report:
        options = [("--annotations", file) for file in label_files(coco_mini)]
        options += [("--images", coco_mini / part) for part in PARTS]
        flat = [str(word) for pair in options for word in pair]
        result = gonio("evaluate", *flat, "--threads", "2", "--json", *further)
        assert (result.returncode, result.stderr) == (0, "")
        assert len(result.stdout.splitlines()) == 1
        report: Report = json.loads(result.stdout)
        return report

    return run


def test_the_default_model(evaluate: "Callable[..., Report]") -> None:
    report = evaluate()
    assert report["model"] == "thunder-int8"
    assert report["AP"] == pytest.approx(54.6, abs=0.5)
    assert (report["images"], report["people"]) == (IMAGES, PEOPLE)
    assert report["images_per_s"] > 0
    assert report["APM"] < report["AP"] < report["APL"] < 100
    assert report["AP75"] < report["AP50"] < 100
    assert report["AP"] < report["AR"] < 100


def test_the_one_stage_model_and_plain_pycocotools(
    evaluate: "Callable[..., Report]", coco_mini: Path, tmp_path: Path
) -> None:
    """The command's numbers are those of a plain script: predictions as COCO results, COCO, loadRes, COCOeval."""
    report = evaluate("--model", "multipose")
    assert report["AP"] == pytest.approx(33.3, abs=0.5)
    stats = plain_pycocotools(coco_mini, tmp_path)
    assert stats.keys() < report.keys()
    for name, value in stats.items():
        assert report[name] == pytest.approx(value, abs=1e-6), name


def plain_pycocotools(coco_mini: Path, folder: Path) -> dict[str, float]:
    """AP and AR in percent of ``multipose``, without any of Gonio's evaluation or formats."""
    contents = [json.loads(file.read_text()) for file in label_files(coco_mini)]
    images = [image | {"part": part} for part, one in zip(PARTS, contents, strict=True) for image in one["images"]]
    labels = {
        "images": images,
        "annotations": [person for one in contents for person in one["annotations"]],
        "categories": contents[0]["categories"],
    }
    (folder / "labels.json").write_text(json.dumps(labels))
    paths = [coco_mini / image["part"] / image["file_name"] for image in images]
    model = library.load_model("multipose", threads=2)
    people = []
    for image, found in zip(images, library.stream(paths, model=model, min_person_score=0), strict=True):
        for keypoints, scores, person_score in zip(
            found.poses.keypoints, found.poses.scores, found.poses.person_scores, strict=True
        ):
            flat = np.column_stack([keypoints, scores]).astype(float).ravel().tolist()
            people.append({"image_id": image["id"], "category_id": 1, "keypoints": flat, "score": float(person_score)})
    (folder / "results.json").write_text(json.dumps(people))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "labels.json"))
        judge = COCOeval(truth, truth.loadRes(str(folder / "results.json")), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    names = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
    return {name: 100 * float(value) for name, value in zip(names, judge.stats, strict=True)}
