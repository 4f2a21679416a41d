"""The registry, and a third-party package that is found by its metadata alone."""

import logging
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.motion.jumper import Jumper, filmed_jump

from gonio.analysis.activities import find_activity, list_activities
from gonio.analysis.exercises import list_exercises
from gonio.analysis.options import AnalysisOptions
from gonio.errors import ConfigError

CODE = """
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Measure
from gonio.structures.sequence import PoseSequence


def analyse_hop(sequence: PoseSequence, options: AnalysisOptions) -> Analysis:
    return Analysis("hop", 0, measures=(Measure("frames", len(sequence), 0.0, ""),))


def takes_nothing() -> None: ...


NUMBER = 3
"""


class Plugin:
    """A package in a folder on ``sys.path``, as pip would leave it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, package: str, *entry_points: str, code: str = CODE) -> None:
        module = package.replace("-", "_")
        (self.folder / f"{module}.py").write_text(code, encoding="utf-8")
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text("[gonio.activities]\n" + "\n".join(entry_points), encoding="utf-8")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield Plugin(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("gonio_test_") or name == "hands_up":
            del sys.modules[name]


PAGE = Path(__file__).parents[3] / "docs" / "activities.md"


def test_every_activity_is_listed_with_a_line() -> None:
    listed = list_activities()
    assert list(listed)[:6] == ["auto", "angles", "gait", "running", "golf", "jump"]
    assert set(list_exercises()) <= set(listed)
    assert all(line.endswith(".") and "\n" not in line for line in listed.values())


@pytest.mark.parametrize("name", ["auto", "angles", "gait", "running", "golf", "jump", "squat"])
def test_every_built_in_activity_takes_a_sequence_and_options(name: str) -> None:
    analysis = find_activity(name)(filmed_jump(Jumper(), fps=30).sequence, AnalysisOptions())
    assert analysis.activity == name or name == "auto"


def test_an_exercise_of_ones_own(tmp_path: Path) -> None:
    shipped = Path(sys.modules["gonio.analysis.exercises"].__file__ or "").parent / "definitions" / "squat.yaml"
    own = tmp_path / "my-squat.yaml"
    own.write_text(shipped.read_text("utf-8").replace("name: squat", "name: my-squat", 1), encoding="utf-8")
    assert find_activity(str(own))(filmed_jump(Jumper(), fps=30).sequence, AnalysisOptions()).activity == "my-squat"


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"no activity named 'sqat'; did you mean 'squat'\? there are: auto, "):
        find_activity("sqat")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("walking", "gait"), ("Push Up", "push-up"), ("jump_s", "jump"), ("calf raise", "heel-raise"), ("run", "running")],
)
def test_what_people_also_call_them_is_suggested(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"no activity named {name!r}; did you mean {meant!r}"):
        find_activity(name)


def test_another_package_adds_one(plugin: Plugin) -> None:
    plugin.install("gonio-test-hop", "hop = gonio_test_hop:analyse_hop")
    assert list_activities()["hop"] == "Added by package 'gonio-test-hop'."
    assert "gonio_test_hop" not in sys.modules
    analysis = find_activity("hop")(filmed_jump(Jumper(), fps=30).sequence, AnalysisOptions())
    assert analysis.activity == "hop"


def test_the_example_of_the_documents_works(plugin: Plugin) -> None:
    """Its code and its entry point are those of the page; nobody in the clip raises a hand, so one is raised here."""
    code, project = (block.split("```")[0] for block in re.split("```(?:python|toml)\n", PAGE.read_text("utf-8"))[1:3])
    (entry_point,) = tomllib.loads(project)["project"]["entry-points"]["gonio.activities"].items()
    plugin.install("hands-up", " = ".join(entry_point), code=code)
    clip = filmed_jump(Jumper(), fps=30).sequence
    keypoints = clip.keypoints.copy()
    keypoints[10:25, :, clip.skeleton.index("left_wrist"), 1] -= 300
    analysis = find_activity("hands-up")(replace(clip, keypoints=keypoints), AnalysisOptions())
    assert analysis.measure("hand_above_head").value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        pytest.param(
            "gonio_test_bad:missing", "cannot be loaded from 'gonio_test_bad:missing': .*no attribute", id="name"
        ),
        pytest.param("gonio_test_gone:analyse", "cannot be loaded .*No module named 'gonio_test_gone'", id="module"),
        pytest.param("gonio_test_bad:NUMBER", "which is no function of a sequence and options", id="number"),
        pytest.param("gonio_test_bad:takes_nothing", "which is no function of a sequence and options", id="signature"),
    ],
)
def test_a_broken_package_is_one_clear_error(plugin: Plugin, place: str, message: str) -> None:
    plugin.install("gonio-test-bad", f"bad = {place}")
    assert "bad" in list_activities()
    with pytest.raises(ConfigError, match=rf"activity 'bad' of package 'gonio-test-bad'.*{message}"):
        find_activity("bad")


def test_a_package_that_cannot_be_imported(plugin: Plugin) -> None:
    plugin.install("gonio-test-raises", "raises = gonio_test_raises:analyse", code="import a_package_that_is_not_there")
    with pytest.raises(ConfigError, match="No module named 'a_package_that_is_not_there'; repair or remove"):
        find_activity("raises")


def test_a_built_in_name_cannot_be_taken(plugin: Plugin, caplog: pytest.LogCaptureFixture) -> None:
    plugin.install("gonio-test-thief", "golf = gonio_test_thief:analyse_hop")
    with caplog.at_level(logging.WARNING, logger="gonio"):
        assert list_activities()["golf"].startswith("A golf swing")
    assert "activity 'golf' of package 'gonio-test-thief' is not used: Gonio has that name" in caplog.text
    assert find_activity("golf")(filmed_jump(Jumper(), fps=30).sequence, AnalysisOptions()).activity == "golf"


def test_two_packages_with_one_name(plugin: Plugin, caplog: pytest.LogCaptureFixture) -> None:
    plugin.install("gonio-test-a", "hop = gonio_test_a:analyse_hop")
    plugin.install("gonio-test-b", "hop = gonio_test_b:analyse_hop")
    with caplog.at_level(logging.WARNING, logger="gonio"):
        assert list_activities()["hop"] == "Added by package 'gonio-test-a'."
    assert "of package 'gonio-test-b' is not used: package 'gonio-test-a' has that name" in caplog.text
