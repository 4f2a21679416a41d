import base64
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gonio.evaluation.calibration import fit_calibration
from gonio.evaluation.reliability import ScoredKeypoints
from gonio.evaluation.report import evaluate_poses
from gonio.labelled import LabelledPictures
from gonio.report_page.cases import draw_case, worst_cases
from gonio.report_page.page import PageContent, number, page_html, table, write_page
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
NASTY = "<b>&'\".png"


def picture_labels(name: str, image_id: int) -> Annotations:
    """Two people side by side in a picture of 200 x 100 px."""
    person = np.random.default_rng(image_id).uniform(10, 90, (17, 2))
    return Annotations(
        keypoints=np.stack([person, person + np.array([100, 0])]).astype(np.float32),
        visibility=np.full((2, 17), 2, np.int64),
        boxes=np.array([[5, 5, 95, 95], [105, 5, 195, 95]], np.float32),
        areas=np.array([8100, 4000], np.float32),
        is_crowd=np.zeros(2, bool),
        skeleton=COCO17,
        image_id=image_id,
        file_name=name,
        image_hw=(100, 200),
    )


def poses_near(labels: Annotations, shift: float) -> Poses:
    n = len(labels)
    return Poses(
        keypoints=labels.keypoints + np.float32(shift),
        scores=np.full((n, 17), 0.8, np.float32),
        boxes=labels.boxes,
        person_scores=np.linspace(0.9, 0.5, n, dtype=np.float32),
        skeleton=COCO17,
    )


@pytest.fixture
def content(tmp_path: Path) -> PageContent:
    """Three pictures: everyone found well, one person found badly and one not at all, nobody found."""
    names = ("a.png", NASTY, "c.png")
    labels = [picture_labels(name, i) for i, name in enumerate(names, start=1)]
    for name in names:
        Image.new("RGB", (200, 100), (120, 130, 140)).save(tmp_path / name)
    poses = [poses_near(labels[0], 0.5), poses_near(labels[1], 5)[:1], Poses.empty(COCO17)]
    pictures = LabelledPictures(tuple(labels), tuple(tmp_path / name for name in names), ("<set>",))
    return PageContent("<model>", evaluate_poses(labels, poses), pictures, poses)


class Reader(HTMLParser):
    """Checks that what is opened is closed, and gathers tags."""

    void = frozenset({"meta", "img", "line", "polyline", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_beside_it(content: PageContent) -> None:
    reader = Reader()
    reader.feed(page_html(content))
    assert reader.open == []
    tags = [tag for tag, _ in reader.seen]
    assert tags.count("svg") == 2
    assert "script" not in tags
    addresses = [value for _, attrs in reader.seen for name, value in attrs.items() if name in ("src", "href")]
    assert addresses
    assert all(value is not None and value.startswith("data:image/jpeg;base64,") for value in addresses)


def test_what_comes_from_files_is_escaped(content: PageContent) -> None:
    page = page_html(content)
    assert "<model>" not in page
    assert "<set>" not in page
    assert NASTY not in page
    assert "&lt;b&gt;&amp;" in page


def test_every_measure_is_there(content: PageContent) -> None:
    page = page_html(content)
    for words in ("COCO", "PCK@0.05", "AUC", "EPE", "left_knee", "crowd index: easy", "visibility: hidden", "ECE"):
        assert words in page, words
    assert "not a medical device" in page
    assert ">nan" not in page.lower()


def test_worst_first_and_those_whom_nobody_found_apart(content: PageContent) -> None:
    found, lost = worst_cases(content.report.matched, 12)
    assert [case.image for case in found] == [1, 0, 0]
    assert [case.oks for case in found] == sorted(case.oks for case in found)
    assert [(case.image, case.label) for case in lost] == [(2, 0), (1, 1), (2, 1)]  # the largest first
    assert [len(cases) for cases in worst_cases(content.report.matched, 1)] == [1, 1]
    assert worst_cases(content.report.matched, 0) == ([], [])


def test_label_and_pose_have_a_picture_each(content: PageContent) -> None:
    page = page_html(content)
    data = re.findall(r'base64,([^"]+)"', page)
    assert len(data) == 2 * (3 + 3)
    sizes = [Image.open(BytesIO(base64.b64decode(one))).size for one in data]
    assert sizes[::2] == sizes[1::2]
    assert all(max(size) == 360 for size in sizes)


def test_label_and_pose_are_drawn_where_they_are(content: PageContent) -> None:
    (case, *_), _ = worst_cases(content.report.matched, 1)
    grey = np.full((100, 200, 3), 120, np.uint8)
    labels, poses = content.pictures.annotations[case.image], content.predictions[case.image]
    left, right = draw_case(case, grey, labels, poses)
    assert left.shape == right.shape
    assert (left != 120).any()
    assert (left != right).any()
    same, again = draw_case(case, grey, labels, poses_near(labels, 0)[:1])
    assert np.abs(same.astype(int) - again.astype(int)).mean() < 5  # the same strokes, hollow or not


def test_a_person_without_any_box_shows_the_whole_picture(content: PageContent) -> None:
    _, (case, *_) = worst_cases(content.report.matched, 1)
    labels = content.pictures.annotations[case.image]
    nowhere = replace(labels, keypoints=labels.keypoints * np.nan, boxes=labels.boxes * np.nan)
    left, _ = draw_case(case, np.zeros((100, 200, 3), np.uint8), nowhere, Poses.empty(COCO17))
    assert left.shape == (180, 360, 3)


def test_a_calibration_is_shown(content: PageContent) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(1000)
    fit = fit_calibration(
        ScoredKeypoints(scores, rng.random(1000) < scores, rng.random(1000), rng.integers(0, 50, 1000))
    )
    page = page_html(replace(content, fit=fit))
    assert "temperature, on held-out pictures" in page
    assert "rms error" in page
    assert f"{fit.map.method}, held out" in page


def test_the_file_is_complete_or_absent(content: PageContent, tmp_path: Path) -> None:
    out = tmp_path / "out" / "page.html"
    write_page(out, content, worst=2)
    assert out.read_text("utf-8").endswith("</body></html>\n")
    content.pictures.files[1].unlink()
    before = out.read_bytes()
    with pytest.raises(Exception, match="no file"):
        write_page(out, content, worst=2)
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


def test_cells_and_numbers() -> None:
    assert "<td>&lt;a&gt;</td>" in table(("x",), [("<a>",)])
    assert [number(value) for value in (1.25, None, math.nan)] == ["1.2", "-", "-"]
