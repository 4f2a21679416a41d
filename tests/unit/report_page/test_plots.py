import math
import xml.etree.ElementTree as ET

import pytest

from gonio.report_page.plots import Axis, Curve, line_plot

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*curves: Curve, diagonal: bool = False) -> ET.Element:
    text = line_plot(curves, x=Axis("score"), y=Axis("PCK & co, %", 100), title="a < b", diagonal=diagonal)
    return ET.fromstring(text)  # noqa: S314 - our own text


def test_it_is_xml_with_its_words_escaped() -> None:
    plot = drawn(Curve("<me>", ((0, 0), (1, 100))))
    words = [element.text for element in plot.iter(f"{SVG}text")]
    assert {"score", "PCK & co, %", "<me>", "0.2", "100"} <= set(words)
    assert plot.findtext(f"{SVG}title") == "a < b"


def test_corners_lie_in_the_corners() -> None:
    (line,) = drawn(Curve("me", ((0, 0), (1, 100)))).iter(f"{SVG}polyline")
    start, end = (tuple(map(float, point.split(","))) for point in line.attrib["points"].split())
    assert start == (52, 274)
    assert end == (408, 14)


def test_nan_interrupts_a_line_and_has_no_dot() -> None:
    points = ((0.0, 0.0), (0.1, 10.0), (math.nan, math.nan), (0.3, 30.0), (0.4, 40.0))
    plot = drawn(Curve("me", points, sizes=(1.0,) * 5))
    assert len(list(plot.iter(f"{SVG}polyline"))) == 2
    assert len(list(plot.iter(f"{SVG}circle"))) == 4


@pytest.mark.parametrize(("diagonal", "dashed"), [(True, 1), (False, 0)])
def test_the_diagonal(diagonal: bool, dashed: int) -> None:
    lines = drawn(Curve("me", ()), diagonal=diagonal).iter(f"{SVG}line")
    assert sum("stroke-dasharray" in line.attrib for line in lines) == dashed
