"""Exercise files: those that ship, one's own, and what is said of wrong ones."""

import json
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from gonio.analysis.angle_table import list_angles
from gonio.analysis.exercises import list_exercises, load_exercise
from gonio.analysis.exercises.catalogue import json_schema
from gonio.errors import ConfigError

ROOT = Path(__file__).resolve().parents[4]
OWN = """
name: front-raise
title: Front raise
source: coaching convention
signals: [{kind: elevation, points: [shoulder, elbow]}]
range: {least: 30, full: 80, source: coaching convention}
"""


def test_all_that_were_promised_ship() -> None:
    assert set(list_exercises()) == {
        *("squat", "sit-to-stand-5x", "sit-to-stand-30s", "push-up", "pull-up", "dip", "lunge", "shoulder-abduction"),
        *(
            "shoulder-flexion",
            "elbow-curl",
            "knee-extension",
            "heel-raise",
            "jumping-jack",
            "plank",
            "single-leg-stance",
        ),
    }


@pytest.mark.parametrize("name", list_exercises())
def test_a_shipped_exercise_has_its_file_name_angles_that_exist_and_sources(name: str) -> None:
    exercise = load_exercise(name)
    assert exercise.name == name
    assert set(exercise.angles) <= set(list_angles())
    assert all(rule.source for rule in exercise.rules)
    assert exercise.kind == "hold" or exercise.range is not None


def test_schema_in_the_docs_is_current() -> None:
    written = json.loads((ROOT / "docs" / "schemas" / "exercise.schema.json").read_text("utf-8"))
    assert written == json_schema(), "write it anew: python -m benchmarks.motion.exercise_schema"


@pytest.mark.parametrize("name", list_exercises())
def test_schema_accepts_what_ships(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    folder = ROOT / "src" / "gonio" / "analysis" / "exercises" / "definitions"
    jsonschema.validate(yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")), json_schema())


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "raise.yaml"
    path.write_text(OWN, "utf-8")
    assert load_exercise(path).events.turn == "turn"
    assert load_exercise(str(path)).signals[0].unit == "deg"


def test_a_close_name_is_proposed() -> None:
    with pytest.raises(ConfigError, match="no exercise named 'squats'; did you mean 'squat'"):
        load_exercise("squats")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("title:", "titel:", r"title: Field required|titel: there is no such setting", id="typing mistake"),
        pytest.param("least: 30", "least: -3", "range.least: Input should be greater than 0, got '-3'", id="negative"),
        pytest.param("full: 80", "full: 10", "range: full must be at least 30, got 10", id="full below least"),
        pytest.param("[shoulder, elbow]", "[shoulder]", "elevation is made of 2 points, got 1", id="points"),
        pytest.param("kind: elevation", "kind: height", "height needs per", id="per missing"),
        pytest.param("kind: elevation", "kind: lowering", "lowering, and nothing else, needs follows", id="no follows"),
        pytest.param("range:", "kind: hold\nrange:", "a hold needs posture", id="hold without posture"),
        pytest.param("name: front-raise", "name: Front Raise", "name: String should match pattern", id="name"),
        pytest.param("title: Front raise", "title: [", "is not YAML", id="not YAML"),
        pytest.param(
            "shoulder, elbow", "sholder, elbow", "no point is named 'sholder'; did you mean 'shoulder'", id="point"
        ),
        pytest.param(
            "shoulder, elbow", "left_shoulder, elbow", "'left_shoulder' has a side; say 'shoulder'", id="side"
        ),
        pytest.param("range:", "angles: [knee_flexon]\nrange:", "no angle is named 'knee_flexon'", id="angle"),
        pytest.param(
            "signals: [",
            "signals: [{kind: shortening, points: [shoulder, elbow, wrist]}, ",
            "all need the same one, got % and deg",
            id="units",
        ),
    ],
)
def test_wrong_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "raise.yaml"
    path.write_text(OWN.replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=message):
        load_exercise(path)


def test_a_file_that_is_not_there_or_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the exercise"):
        load_exercise(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1", "utf-8")
    with pytest.raises(ConfigError, match="holds a list, not an exercise"):
        load_exercise(tmp_path / "list.yaml")
    (tmp_path / "empty.yaml").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="is empty; docs"):
        load_exercise(tmp_path / "empty.yaml")


def test_the_example_of_the_docs_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "exercises.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example, "docs/exercises.md shows no example"
    path = tmp_path / "own.yaml"
    path.write_text(example[1], "utf-8")
    assert load_exercise(path).name == "good-morning"
