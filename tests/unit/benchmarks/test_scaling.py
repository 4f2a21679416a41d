"""The scaling benchmark: its material is what it says, its page adds up, and its smallest points run."""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.scaling.__main__ import main
from benchmarks.scaling.material import FPS, Looped, crowd, of_megapixels
from benchmarks.scaling.measures import MEASURES, TITLES, Settings, Table
from benchmarks.scaling.report import markdown, plot, sections_of, straightness, tables_of


def table(values: list[float | None]) -> Table:
    x = [float(i) for i in range(1, len(values) + 1)]
    return Table("Things", "things", x, {"ms": values, "found": [1.0] * len(x)}, ["on a quiet day"])


@pytest.mark.parametrize("count", [1, 3, 10, 50])
def test_a_crowd_has_so_many_cells(count: int) -> None:
    picture, boxes = crowd(count, (640, 360))
    assert boxes.shape == (count, 4)
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= (640, 360)).all()
    assert picture.shape == (360, 640, 3)
    bare = (picture == 128).all(axis=-1)
    assert 0.02 < (~bare).mean() < 1


def test_pictures_of_a_size() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    for size in (0.3, 1, 5):
        height, width = of_megapixels(size, picture).shape[:2]
        assert height * width == pytest.approx(size * 1e6, rel=0.02)
        assert (height % 2, width % 2) == (0, 0)


def test_a_looped_film_swings() -> None:
    images = [np.full((2, 2, 3), value, np.uint8) for value in range(3)]
    frames = list(Looped(images, 8))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 1, 0, 1, 2, 1]
    assert [frame.time_s for frame in frames] == [index / FPS for index in range(8)]
    assert [int(frame.image[0, 0, 0]) for frame in Looped(images[:1], 2)] == [0, 0]


def test_a_straight_line_is_called_straight() -> None:
    assert straightness(table([12.0, 14.0, 16.0, 18.0])) == (
        "ms: 2 for each of things and 10 fixed; no point lies further off this line than 0% of the largest."
    )
    assert "than 0%" not in straightness(table([1.0, 4.0, 9.0, 16.0]))
    assert "Too few" in straightness(table([1.0, 2.0]))
    assert "Too few" in straightness(table([1.0, None, 2.0]))


def test_the_page_and_the_plot(tmp_path: Path) -> None:
    tables = [table([1.5, 2.5, 123.4]), replace(table([3.0, None, 5.0]), title="Others")]
    page = markdown(tables, machine="a machine", command="the command", picture="a.svg")
    lines = page.splitlines()
    for line in ("| things | ms | found |", "| 1 | 1.5 | 1 |", "| 3 | 123 | 1 |", "| 2 | - | 1 |", "On a quiet day."):
        assert line in lines
    plot(tables, tmp_path / "a.svg")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own file
    first = (tmp_path / "a.svg").read_bytes()
    plot(tables, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == first


def test_other_axes_of_an_earlier_page_stay() -> None:
    titles = ("People in a picture", "Length of a film", "Crops in one run")
    people, length, crops = (replace(table([1.5, 2.5, 123.4]), title=title) for title in titles)
    earlier = markdown([people, crops], machine="a machine", command="the first", picture="a.svg")
    page = markdown([length], machine="another", command="the second", picture="a.svg", earlier=earlier)
    assert list(sections_of(page)) == list(titles)
    assert {title: "the first" in text for title, text in sections_of(page).items()} == {
        titles[0]: True,
        titles[1]: False,
        titles[2]: True,
    }
    again = markdown([replace(length, x=[1.0, 2.0, 4.0])], machine="a", command="b", picture="a.svg", earlier=page)
    assert [one.x for one in tables_of(again)] == [[1, 2, 3], [1, 2, 4], [1, 2, 3]]
    assert tables_of(again)[0].columns == {"ms": [1.5, 2.5, 123.0], "found": [1.0, 1.0, 1.0]}


def test_the_checked_in_page_is_of_this_form() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "scaling.md").read_text("utf-8")
    assert markdown([], machine="", command="", picture="images/scaling.svg", earlier=page) == page
    assert {one.title for one in tables_of(page)} <= set(TITLES.values())


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_film_of_a_second() -> None:
    short = MEASURES["length"](replace(Settings.quick(1), lengths_s=(1,)))
    assert short.x == [1]
    assert list(short.columns) == ["run s", "ms a frame", "cpu ms a frame", "early MB", "late MB", "peak MB"]
    for early, late, peak in zip(*(short.columns[name] for name in ("early MB", "late MB", "peak MB")), strict=True):
        assert early is not None
        assert late is not None
        assert peak is not None
        assert 50 < early < late + 50
        assert late <= peak


def test_the_smallest_points_run(tmp_path: Path) -> None:
    main(["batch", "--quick", "--threads", "1", "--out", str(tmp_path), "--json", str(tmp_path / "a.json")])
    assert "## Crops in one run" in (tmp_path / "scaling.md").read_text()
    assert (tmp_path / "images" / "scaling.svg").is_file()
    assert Settings.quick(1).batches == (1, 4)
    assert list(MEASURES) == list(TITLES) == ["people", "pixels", "length", "streams", "batch"]


def test_an_axis_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no axis is named speed" in capsys.readouterr().err
