"""The page as a reader of HTML sees it: whole, escaped, sealed, and true to what it was made of."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.unit.motion_report.conftest import COCO17, HOSTILE, people, pictures, squat, times

from gonio.analysis.result import NOT_MEDICAL, Analysis, Event, Finding, Measure
from gonio.analysis.series import Series
from gonio.errors import ConfigError, MediaError
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.measures import measures_table
from gonio.motion_report.page import report_html, write_report
from gonio.motion_report.timeline import plots_of
from gonio.structures.sequence import PoseSequence


class Reader(HTMLParser):
    """Checks that what is opened is closed, and gathers tags and text."""

    void = frozenset({"meta", "img", "input", "line"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.scripts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.words += data

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def data(self) -> Any:
        index = [a.get("id") for a in self.named("script")].index("report-data")
        return json.loads(self.scripts[index])


def read(content: ReportContent, **options: Any) -> Reader:
    reader = Reader(report_html(content, ReportOptions(**options)))
    assert reader.open == []
    return reader


def without_video(content: ReportContent, *analyses: Analysis) -> ReportContent:
    return replace(content, pictures=None, analyses=analyses or content.analyses)


def test_it_says_what_was_measured(content: ReportContent) -> None:
    words = re.sub(r"\s+", " ", read(content).words)
    for part in (
        *("Squat", "3 repetitions, 1 with a fault. 7 % of the frames", "100.0° ± 3.8°", "0.950 ± 0.020 s"),
        *("not measured", "no scale", "110 to 125°", "outside", "The knees fall inwards.", "Another book", "A book"),
        *("behind the body 7 %", "hidden or doubtful 7 %", "movenet-thunder", "ab" * 32, "filtered", "squat.mp4"),
        NOT_MEDICAL,
    ):
        assert part in words, part


def test_it_loads_and_runs_nothing_from_elsewhere(content: ReportContent) -> None:
    reader = read(content)
    for tag, attributes in reader.tags:
        assert tag not in ("link", "iframe", "object", "base", "form")
        assert not {name for name in attributes if name.startswith("on")} | ({"style"} & set(attributes)), tag
        for name in ("src", "href"):
            value = attributes.get(name)
            assert value is None or value.startswith("data:image/jpeg;base64,"), value
    assert not re.search(r"url\((?!#)|@import", report_html(without_video(content)))


def test_the_policy_names_exactly_its_own_style_and_script(content: ReportContent) -> None:
    page = report_html(without_video(content))
    policy = next(a["content"] for a in Reader(page).named("meta") if a.get("http-equiv")) or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("style", "script"):
        text = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()
        assert len(text) == 1
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_no_name_breaks_out(content: ReportContent) -> None:
    time_s = times()
    series = Series(HOSTILE, HOSTILE, "left", time_s, time_s, time_s, np.ones(len(time_s), np.uint8))
    hostile = replace(
        squat(time_s),
        activity=HOSTILE,
        measures=(Measure(HOSTILE, 1, 1, HOSTILE, note=HOSTILE, normal=(0, 1), source=HOSTILE),),
        series=(series,),
        events=(Event(HOSTILE, 1.0),),
        findings=(Finding(HOSTILE, HOSTILE, (1.0,), HOSTILE),),
        facts={HOSTILE: HOSTILE},
        history=(HOSTILE,),
    )
    texts: dict[str, Any] = {"source": HOSTILE, "sha256": HOSTILE, "command": HOSTILE}
    facts: dict[str, Any] = {name: {HOSTILE: HOSTILE} for name in ("model", "versions", "settings")}
    reader = read(replace(content, analyses=(hostile,), **texts, **facts))
    assert {a.get("id", "main") for a in reader.named("script")} == {"report-data", "film", "main"}
    assert all((a.get("src") or "").startswith("data:") for a in reader.named("img"))
    assert HOSTILE in reader.words


def test_data_are_those_of_the_analysis(content: ReportContent) -> None:
    data = read(content).data
    left, right = data["curves"]
    assert left["t"] == pytest.approx(times().tolist())
    assert left["v"] == pytest.approx(content.analyses[0].series[0].values.tolist(), rel=1e-4, abs=1e-9)
    assert left["ok"] == "1" * 10 + "0" * 4 + "1" * 46
    assert right["ok"] == "1" * 60
    assert data["tracks"] == [3]
    person = data["overlay"]["people"][0]
    nose = np.array([xy[:2] for xy in person["xy"]]) / 10
    assert nose == pytest.approx(content.sequence.keypoints[:, 0, 0], abs=0.06)  # nothing was scaled: 160 px are few
    assert set(person["state"]) == {"2" * 17}


def film_of(reader: Reader) -> bytes:
    index = [a.get("id") for a in reader.named("script")].index("film")
    return base64.b64decode(reader.scripts[index])


def test_the_film_has_the_true_times(content: ReportContent, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film_of(read(content)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (160, 120)
        shown = [frame.time for frame in container.decode(stream)]
    assert shown == pytest.approx((times() - 0.5).tolist(), abs=1e-4)


def test_a_long_recording_is_cut_from_its_first_event_on_and_says_so(content: ReportContent) -> None:
    late = replace(content.analyses[0], events=(Event("bottom", 2.2),), repetitions=())
    reader = read(replace(content, analyses=(late,)), film_s=1.5)
    assert reader.data["times"][0] == pytest.approx(1.2)
    assert reader.data["times"][-1] == pytest.approx(2.7, abs=0.06)
    assert (
        "The film shows 1.20\u202fs to 2.70\u202fs; curves and numbers cover 0.50\u202fs to 3.46\u202fs."
        in reader.words
    )


def test_a_film_is_made_smaller_or_left_out_to_fit(content: ReportContent) -> None:
    whole = len(film_of(read(content)))
    smaller = read(content, film_bytes=whole - 1)
    assert len(film_of(smaller)) < whole
    assert re.search(r"shown at \d+\u202f% of its size", smaller.words) or smaller.data["size"] == [160, 120]
    none = read(content, film_bytes=10)
    assert not none.named("video")
    assert "even made coarser it would weigh more than 1e-05 MB" in none.words


def test_keypoints_alone_are_played_on_a_stage(content: ReportContent) -> None:
    reader = read(without_video(content))
    assert not reader.named("video") + reader.named("img")
    assert len(reader.named("canvas")) == 1
    width, height = reader.data["size"]
    points = np.array(reader.data["overlay"]["people"][0]["xy"]).reshape(-1, 2) / 10
    assert (points >= 0).all()
    assert (points <= (width, height)).all()


def test_metres_in_three_dimensions_stand_upright(content: ReportContent) -> None:
    pixels = people(times())
    metres = np.concatenate(
        [pixels.keypoints * np.array([0.01, -0.01], np.float32), pixels.keypoints[..., :1] * 0], axis=-1
    )
    sequence = PoseSequence(metres, pixels.scores, pixels.time_s, pixels.track_ids, COCO17, "m")
    reader = read(without_video(replace(content, sequence=sequence)))
    state = np.array(reader.data["overlay"]["people"][0]["xy"][0]).reshape(17, 2)
    assert state[0, 1] < state[16, 1]  # the nose is above the ankle


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: replace(c, analyses=()), id="nobody"),
        pytest.param(lambda c: without_video(c, Analysis("angles", 3)), id="empty analysis"),
        pytest.param(lambda c: without_video(c, Analysis("angles", 99)), id="a person who is not there"),
        pytest.param(lambda c: without_video(replace(c, sequence=people(times(0)))), id="no frames"),
        pytest.param(lambda c: without_video(replace(c, sequence=people(times(1)))), id="one frame"),
        pytest.param(lambda c: replace(c, pictures=lambda: iter(())), id="an empty video"),
        pytest.param(lambda c: replace(c, analyses=(c.analyses[0], Analysis("gait", 5))), id="two people"),
        pytest.param(lambda c: replace(c, source="", sha256="", model={}, versions={}, settings={}), id="no facts"),
    ],
)
def test_what_is_missing_breaks_nothing(
    content: ReportContent, change: Callable[[ReportContent], ReportContent]
) -> None:
    assert NOT_MEDICAL in read(change(content)).words


def test_nan_everywhere(content: ReportContent) -> None:
    time_s = times()
    nothing = np.full(len(time_s), np.nan)
    sequence = replace(content.sequence, keypoints=np.full_like(content.sequence.keypoints, np.nan))
    analysis = replace(
        content.analyses[0],
        series=(Series("knee_flexion", "deg", "left", time_s, nothing, nothing, np.ones(len(time_s), np.uint8)),),
        measures=(Measure("depth", math.nan, math.nan, "m", normal=(1, 2)),),
        events=(Event("bottom", math.nan),),
        cycles=(replace(content.analyses[0].cycles[0], values=np.full((3, 101), np.nan)),),
    )
    reader = read(replace(content, sequence=sequence, analyses=(analysis,)))
    assert reader.data["curves"][0]["v"] == [None] * 60
    assert "nothing could be measured" in reader.words
    assert "100\u202f% of samples: not found 100\u202f%" in reader.words
    assert "nan" not in " ".join(str(value) for _, attributes in reader.tags for value in attributes.values()).lower()


def test_an_hour_stays_small(content: ReportContent) -> None:
    time_s = np.arange(60 * 3600) / 60
    walk = 30 * np.sin(time_s)
    walk[100_000] = 95.0  # one sample of 216000 that must not be lost
    series = Series("knee_flexion", "deg", "left", time_s, walk, np.full(len(walk), 2.0), np.zeros(len(walk), np.uint8))
    page = report_html(without_video(replace(content, sequence=people(time_s)), Analysis("gait", 3, series=(series,))))
    assert len(page) < 3_000_000
    assert 95.0 in Reader(page).data["curves"][0]["v"]


def test_two_people_can_be_told_apart(content: ReportContent) -> None:
    reader = read(replace(content, analyses=(squat(times()), replace(squat(times()), track_id=5))))
    assert [a["data-person"] for a in reader.named("button") if "data-person" in a] == ["0", "1"]
    assert {a["data-of"] for a in reader.named("div") if "data-of" in a} == {"0", "1"}
    assert reader.data["tracks"] == [3, 5]


def test_the_file_is_whole_or_absent(content: ReportContent, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", without_video(content))
    assert (tmp_path / "report.html").read_text("utf-8") == report_html(without_video(content))

    def broken() -> Any:
        yield from list(pictures(times(3)))
        raise MediaError("cut")

    with pytest.raises(MediaError, match="cut"):
        write_report(tmp_path / "other.html", replace(content, pictures=broken))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_curves_without_a_valid_sample_are_drawn_only_where_there_is_no_other(content: ReportContent) -> None:
    left, right = content.analyses[0].series
    hidden = replace(left, name="hip_flexion", reasons=np.ones(len(left), np.uint8))
    some = replace(content.analyses[0], series=(hidden, left, right))
    assert [(plot.name, len(plot.series)) for plot in plots_of(some)] == [("knee_flexion", 2)]
    assert [plot.name for plot in plots_of(replace(some, series=(hidden,)))] == ["hip_flexion"]
    assert "Left hip flexion" in report_html(replace(content, analyses=(some,)))  # among what was excluded


def test_of_several_people_the_page_says_who_was_measured(content: ReportContent) -> None:
    told = f"the person who was measured (track {content.analyses[0].track_id})"
    assert (told in report_html(content)) == (len(content.sequence.track_ids) > 1)
    alone = content.sequence.person(content.analyses[0].track_id)
    assert told not in report_html(replace(content, sequence=alone))


@pytest.mark.parametrize("name", ["film_px", "film_s", "film_bytes", "stills"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    limit: dict[str, Any] = {name: 0}
    with pytest.raises(ConfigError, match=f"{name} is 0; give a number above 0"):
        replace(ReportOptions(), **limit)


def test_ranges_of_repetitions_have_their_own_unit(content: ReportContent) -> None:
    """A jump is counted on the height of the feet in leg lengths, and its range is its height in metres."""
    analysis = content.analyses[0]
    jumps = tuple(replace(one, range=0.31, range_sd=0.02, unit="m") for one in analysis.repetitions)
    text = report_html(without_video(content, replace(analysis, repetitions=jumps)))
    assert text.count("0.310 ± 0.020\u202fm<") == len(jumps)


def test_each_repetition_has_its_own_phases_and_symmetry(content: ReportContent) -> None:
    analysis = content.analyses[0]
    phases = (Measure("descent_time", 0.42, 0.03, "s"), Measure("hold_time", math.nan, math.nan, "s", note="cut off"))
    even = Measure("symmetry", 93.0, 4.0, "%", note="left 28.0 %, right 30.1 %")
    first, *others = (replace(one, measures=(*phases, even)) for one in analysis.repetitions)
    text = report_html(without_video(content, replace(analysis, repetitions=(first, *others))))
    table = text[text.index("Range ± sd") - 400 : text.index("Hold not measured: cut off.")]
    for shown in (">Descent<", ">Symmetry<", "0.420 ± 0.030\u202fs", "93.0 ± 4.0\u202f%", "left 28.0 %, right 30.1 %"):
        assert shown in table
    assert ">There<" not in table


def test_what_was_not_measured_has_no_count(content: ReportContent) -> None:
    depth = Measure("depth", math.nan, math.nan, "m", count=7, note="no scale")
    table = measures_table([depth])
    assert "not measured" in table
    assert ">7<" not in table


def test_each_of_eight_events_has_a_shape_of_its_own(content: ReportContent) -> None:
    analysis = replace(content.analyses[0], events=tuple(Event(f"event_{i}", 0.5 + i / 4) for i in range(8)))
    text = report_html(without_video(content, analysis))
    legend = text[text.index('class="legend"') : text.index('class="lane"')]
    assert len(set(re.findall(r'<path d="([^"]+)"', legend))) == 8
