"""The other verbs, the help that a person reads first, and what a machine reads."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from gonio import __version__
from gonio.apps.cli.verbs import VERBS as SUMMARIES
from gonio.apps.cli.verbs import load_verb
from gonio.models.registry import shipped_models

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio

VERBS = ("predict", "analyse", "progress", "evaluate", "train", "export", "quantize", "bench", "models", "info")


@pytest.mark.parametrize("verb", [(), *((verb,) for verb in VERBS)], ids=lambda verb: " ".join(verb) or "gonio")
def test_help_has_an_example_on_one_line(started_gonio: "Gonio", verb: tuple[str, ...]) -> None:
    """So that it can be pasted; at 80 columns."""
    result = started_gonio(*verb, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    after = next(number for number, line in enumerate(lines) if line.strip().startswith("Example"))
    example = lines[after] if "gonio" in lines[after] else lines[after + 1]
    assert " ".join(("gonio", *verb)) in example
    # Nothing of the example stands on the next line.
    assert lines[after + 1].strip() == "" or "gonio" in lines[after + 1]


def test_help_of_the_front_names_every_verb(gonio: "Gonio") -> None:
    result = gonio("--help")
    for verb in VERBS:
        assert f"│ {verb} " in result.stdout
    assert "--install-completion" in result.stdout
    assert gonio().stdout.split() == result.stdout.split()


def test_as_a_module() -> None:
    """For launchers that start modules."""
    done = subprocess.run([sys.executable, "-m", "gonio", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("gonio 0.")


def test_completion(gonio: "Gonio") -> None:
    """What the installed completion asks for when somebody types ``gonio pre<Tab>``."""
    result = gonio(env={"_GONIO_COMPLETE": "complete_bash", "COMP_WORDS": "gonio pre", "COMP_CWORD": "1"})
    assert result.stdout.split() == ["predict"]


def test_version(gonio: "Gonio") -> None:
    result = gonio("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"gonio {__version__}\n", "")


def test_models_read_well_at_80_columns(gonio: "Gonio") -> None:
    lines = gonio("models").stdout.splitlines()
    for card in shipped_models():
        (number,) = [number for number, line in enumerate(lines) if line.startswith(f"{card.name} ")]
        assert card.task in lines[number]
        assert ("-" if card.task == "detector" else card.load_skeleton().name) in lines[number]
        assert card.licence.weights.split()[0] in lines[number]
        assert lines[number + 1].strip() == card.summary
        assert len(lines[number]) <= 80
        assert ("(default)" in lines[number]) is card.default
    assert "(default)" in lines[1]


def test_models_for_machines(started_gonio: "Gonio") -> None:
    cards = json.loads(started_gonio("models", "--json").stdout)
    assert {"thunder", "lightning", "multipose"} <= {card["name"] for card in cards}
    assert [card["name"] for card in cards if card["default"]] == ["thunder-int8"]


@pytest.mark.parametrize("verb", [*VERBS, "data"])
def test_the_list_of_verbs_says_what_their_own_help_says(verb: str) -> None:
    """The list does not load them."""
    said = load_verb(verb).help.split("\n\n")[0]
    assert " ".join(said.split()) == SUMMARIES[verb]
    assert {*VERBS, "data"} == SUMMARIES.keys()


def test_no_verb_is_loaded_but_the_one_that_is_asked_for() -> None:
    code = (
        "import sys\n"
        "from gonio.apps.cli.main import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print(sorted(name for name in sys.modules if name.startswith('gonio.apps.cli.')))\n"
        "print({'numpy', 'cv2', 'av', 'onnxruntime', 'torch'} & set(sys.modules))"
    )
    front, verb = (
        subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True).stdout
        for words in (["--help"], ["progress", "--help"])
    )
    loaded = ["gonio.apps.cli.console", "gonio.apps.cli.main", "gonio.apps.cli.verbs"]
    assert front.splitlines()[-2:] == [str(loaded), "set()"]
    assert verb.splitlines()[-2:] == [str([*loaded[:2], "gonio.apps.cli.progress", *loaded[2:]]), "set()"]


def test_info(gonio: "Gonio", started_gonio: "Gonio") -> None:
    facts = json.loads(started_gonio("info", "--json", env={"GONIO_THREADS": "3"}).stdout)
    assert facts["gonio"] == __version__
    assert facts["GONIO_THREADS"] == "3"
    assert "onnxruntime (cpu" in facts["runtimes"]
    assert {"numpy", "av", "opencv-python-headless", "onnxruntime"} <= set(facts["packages"])
    assert Path(facts["weights"]).is_dir()
    said = gonio("info").stdout
    for name in facts:
        assert name in said


@pytest.mark.parametrize("source", ["picture", "video"])
def test_bench(
    gonio: "Gonio", tmp_path: Path, astronaut: Path, small_walk: Path, quick_card: Path, source: str
) -> None:
    path, frames = {"picture": (astronaut, 1), "video": (small_walk, 30)}[source]
    result = gonio("bench", path, "--model", quick_card, "--repeat", "2", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert (facts["model"], facts["source"], facts["frames"]) == ("quick", str(path), 2 * frames)
    assert "1 thread" in facts["runtime"]
    stages = ["decode", "preprocess", "inference", "decode keypoints", "draw", "encode"]
    assert list(facts["stages_ms"]) == stages
    for spread in (*facts["stages_ms"].values(), facts["frame_ms"]):
        assert 0 < spread["p50"] <= spread["p95"]
    # The stages but decoding, which runs ahead in a thread, are parts of a frame.
    assert sum(facts["stages_ms"][stage]["p50"] for stage in stages[1:]) < 2 * facts["frame_ms"]["p95"]
    assert facts["fps"] > 0
    assert 50 < facts["peak_memory_mb"] < 2000
    assert list(tmp_path.iterdir()) == []


def test_bench_for_people(started_gonio: "Gonio", astronaut: Path, quick_card: Path) -> None:
    result = started_gonio("bench", astronaut, "--model", quick_card, "--repeat", "1")
    assert "quick on onnxruntime" in result.stdout
    assert str(astronaut) in result.stdout.splitlines()[0]
    for word in ("p50 ms", "p95 ms", "decode keypoints", "whole frame", "frames per second", "peak memory"):
        assert word in result.stdout


# --- evaluate ----------------------------------------------------------------------------------------------------


def write_labels(path: Path, people: dict[str, list[dict[str, Any]]], names: list[str]) -> Path:
    """COCO keypoint labels that say of each picture what a prediction said of it."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (file_name, found) in enumerate(people.items(), start=1):
        images.append({"id": number, "file_name": file_name, "width": 512, "height": 512})
        for person in found:
            x1, y1, x2, y2 = person["box"]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "keypoints": [value for x, y, _ in person["keypoints"] for value in (x, y, 2)],
                    "num_keypoints": 17,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1) / 2,
                    "iscrowd": 0,
                }
            )
    category = {"id": 1, "name": "person", "keypoints": names, "skeleton": []}
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": [category]}))
    return path


@pytest.fixture
def labels(gonio: "Gonio", check: "Check", tmp_path: Path, astronaut: Path) -> Path:
    """Two pictures, one of them empty, labelled by the model itself: it must then score 100."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(astronaut.read_bytes())
    Image.new("RGB", (512, 512), (90, 90, 90)).save(tmp_path / "photos" / "none.png")
    document = check.document_text(gonio("predict", "photos", "--json", "-").stdout)
    people = {Path(frame["source"]).name: frame["people"] for frame in document["frames"]}
    assert {name: len(found) for name, found in people.items()} == {"none.png": 0, "one.jpg": 1}
    return write_labels(tmp_path / "labels.json", people, document["skeleton"]["keypoint_names"])


def test_evaluate_for_machines(gonio: "Gonio", labels: Path) -> None:
    result = gonio("evaluate", "--images", "photos", "--annotations", labels, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert {"AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "images_per_s"} <= set(facts)
    assert (facts["images"], facts["people"]) == (2, 1)
    assert facts["AP"] == pytest.approx(100)
    assert facts["AR"] == pytest.approx(100)
    assert facts["APM"] is None  # nobody of medium size is labelled
    assert facts["images_per_s"] > 0


def test_evaluate_for_people(started_gonio: "Gonio", labels: Path) -> None:
    result = started_gonio("evaluate", "--images", "nowhere", "--images", "photos", "--annotations", labels)
    assert result.returncode == 0
    assert result.stdout.startswith("thunder-int8: 1 labelled people in 2 images")
    assert "left_shoulder" in result.stdout
    assert "nan" not in result.stdout


@pytest.mark.parametrize(
    ("images", "annotations", "fragments"),
    [
        pytest.param("photos", "lable.json", ("no file 'lable.json'", "did you mean 'labels.json'"), id="no labels"),
        pytest.param(
            "photos", "photos/one.jpg", ("'photos/one.jpg'", "COCO keypoints (.json)"), id="labels that are a picture"
        ),
        pytest.param(
            "elsewhere", "labels.json", ("are not in 'elsewhere', such as 'none.png'", "--images"), id="no pictures"
        ),
    ],
)
def test_evaluate_refuses(
    gonio: "Gonio", check: "Check", labels: Path, images: str, annotations: str, fragments: tuple[str, ...]
) -> None:
    result = gonio("evaluate", "--images", images, "--annotations", annotations, "--json")
    check.refused(result, *fragments)
