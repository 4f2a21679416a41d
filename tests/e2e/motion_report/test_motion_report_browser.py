"""The page in a real browser: film, curves and skeleton move together, nothing is fetched, nothing complains."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scripts.chromium import Page, find_chromium
from tests.unit.motion_report.conftest import content, squat, times

from gonio.analysis.result import Measure
from gonio.motion_report.content import ReportContent
from gonio.motion_report.page import write_report
from gonio.motion_report.progress import write_progress
from gonio.motion_report.sessions import Session

__all__ = ["content"]  # a fixture

_FILM_READY = """new Promise((done, fail) => {
  const video = document.querySelector('video');
  video.onloadeddata = done;
  video.onerror = () => fail(video.error.message);
  if (video.readyState >= 2) done();
})"""
_CURSOR = "parseFloat(document.querySelector('.cursor').getAttribute('x1'))"
_SETTLED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium here; install it with: apt-get install chromium")
    with Page(program) as page:
        yield page


@pytest.fixture
def show(browser: Page, tmp_path: Path) -> Callable[..., Page]:
    """Write a report and open it, with a clean slate for requests and complaints."""

    def opened(content: ReportContent, **window: Any) -> Page:
        write_report(tmp_path / "report.html", content)
        browser.requests.clear()
        browser.complaints.clear()
        browser.open(tmp_path / "report.html", **window)
        return browser

    return opened


def place_of(time_s: float) -> float:
    """Where a time lies on the time axis, in per cent."""
    first, last = times()[[0, -1]]
    return float(100 * (time_s - first) / (last - first))


def test_it_asks_for_nothing_and_complains_of_nothing(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(content)
    page.evaluate(_FILM_READY)
    page.evaluate("document.getElementById('play').click()")
    page.evaluate("new Promise(done => setTimeout(done, 300))")
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("data:", "blob:"))] == []


def test_the_policy_is_in_force(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(replace(content, pictures=None))
    page.evaluate("(() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1';"
                  " document.body.append(s); })()")  # fmt: skip
    assert page.evaluate("window.broken ?? null") is None
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_a_press_on_a_curve_moves_film_cursor_and_reading(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(content)
    page.evaluate(_FILM_READY)
    box = page.evaluate(
        "(b => [b.left, b.top, b.width, b.height])(document.querySelector('.plot .area').getBoundingClientRect())"
    )
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
    page.evaluate(_SETTLED)
    middle = float(times()[[0, -1]].mean())
    assert page.evaluate(_CURSOR) == pytest.approx(50, abs=0.2)
    assert page.evaluate("document.querySelector('video').currentTime") == pytest.approx(middle - 0.5, abs=0.01)
    value = content.analyses[0].series[0].values[int(np.argmin(np.abs(times() - middle)))]
    assert page.evaluate("document.querySelector('output[data-key]').textContent") == f"{value:.1f}° ± 3.8°"
    assert page.evaluate("document.getElementById('clock').textContent") == f"{middle:.2f} s"


def test_the_slider_and_the_film_move_the_curves(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(content)
    page.evaluate(_FILM_READY)
    page.evaluate("(() => { const seek = document.getElementById('seek'); seek.value = 250;"
                  " seek.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert page.evaluate(_CURSOR) == pytest.approx(25, abs=0.01)
    page.evaluate("document.getElementById('play').click()")
    page.evaluate("new Promise(done => setTimeout(done, 500))")
    page.evaluate("document.getElementById('play').click()")
    shown = 0.5 + page.evaluate("document.querySelector('video').currentTime")
    assert shown > 0.5 + 0.25 * 2.96
    assert page.evaluate(_CURSOR) == pytest.approx(place_of(shown), abs=3)


def test_keys_move_by_frame_and_by_event(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(content)
    page.evaluate("document.querySelector('.plot').focus()")

    def press(key: str) -> float:
        page.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        return float(page.evaluate(_CURSOR))

    assert press("ArrowRight") == pytest.approx(place_of(times()[1]), abs=0.05)
    assert press("PageDown") == pytest.approx(place_of(1.0), abs=0.05)
    assert press("PageDown") == pytest.approx(place_of(2.0), abs=0.05)
    assert press("PageUp") == pytest.approx(place_of(1.0), abs=0.05)
    assert press("End") == pytest.approx(100, abs=0.05)


def test_a_still_leads_to_its_moment(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(content)
    page.evaluate("document.querySelectorAll('.stills button')[1].click()")
    assert page.evaluate(_CURSOR) == pytest.approx(place_of(2.0), abs=0.05)


def test_the_skeleton_can_be_hidden(show: Callable[..., Page], content: ReportContent) -> None:
    painted = """(() => { const c = document.querySelector('canvas');
      return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value); })()"""
    page = show(content)
    assert page.evaluate(painted) is True
    page.evaluate("document.getElementById('skeleton').click()")
    assert page.evaluate(painted) is False


def test_an_excluded_stretch_gives_its_reason(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(content)
    x, y = page.evaluate(
        "(b => [b.left + b.width / 2, b.top + b.height / 2])(document.querySelector('.hatch').getBoundingClientRect())"
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    text = page.evaluate("document.getElementById('tip').textContent")
    assert text.startswith("left knee flexion: hidden or doubtful, behind the body, ")
    assert page.evaluate("document.getElementById('tip').hidden") is False


def test_without_a_film_the_skeleton_plays(show: Callable[..., Page], content: ReportContent) -> None:
    page = show(replace(content, pictures=None))
    page.evaluate("document.getElementById('play').click()")
    page.evaluate("new Promise(done => setTimeout(done, 400))")
    assert page.evaluate(_CURSOR) > 2
    assert page.complaints == []


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_nothing_sticks_out(show: Callable[..., Page], content: ReportContent, width: int) -> None:
    measures = (
        *(Measure(f"{name}_time", 1.23, 0.12, "s") for name in ("descent", "hold", "ascent")),
        Measure("symmetry", 98.0, 11.6, "%", note="left 58.3 %, right 59.4 %"),
    )
    first, *others = content.analyses
    first = replace(first, repetitions=tuple(replace(one, measures=measures) for one in first.repetitions))
    source = "a-very-long-name-without-a-break" * 4 + ".mp4"
    page = show(replace(content, source=source, analyses=(first, *others)), width=width)
    outside = """[...document.querySelectorAll('main *')].filter(e => !e.closest('svg, .stage')
      && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_dark_and_light_follow_the_system_and_the_button(
    show: Callable[..., Page], content: ReportContent, tmp_path: Path
) -> None:
    def brightness(page: Page) -> int:
        page.screenshot(tmp_path / "shot.png")
        pixel = Image.open(tmp_path / "shot.png").convert("L").getpixel((2, 2))
        assert isinstance(pixel, int)
        return pixel

    page = show(replace(content, pictures=None), dark=True)
    assert brightness(page) < 60
    page.evaluate("document.getElementById('theme').click()")
    assert brightness(page) > 200
    page.media(dark=False)
    page.evaluate("document.getElementById('theme').click()")
    assert brightness(page) < 60


def test_people_are_chosen_and_all_are_printed(show: Callable[..., Page], content: ReportContent) -> None:
    shown = "[...document.querySelectorAll('.of-person')].filter(e => e.offsetParent).map(e => e.dataset.of)"
    page = show(replace(content, pictures=None, analyses=(squat(times()), replace(squat(times()), track_id=5))))
    assert set(page.evaluate(shown)) == {"0"}
    page.evaluate("document.querySelectorAll('[data-person]')[1].click()")
    assert set(page.evaluate(shown)) == {"1"}
    page.media(kind="print")
    assert set(page.evaluate(shown)) == {"0", "1"}
    assert page.evaluate("document.querySelector('.player').offsetParent") is None


def test_progress_too(browser: Page, tmp_path: Path) -> None:
    measure = {"name": "tempo", "value": 1.0, "sd": 0.1, "unit": "s", "side": "both"}
    facts: dict[str, Any] = {"activity": "squat", "measures": [measure]}
    days = [Session.model_validate(facts | {"created": f"2026-11-0{day}"}) for day in (1, 2)]
    write_progress(tmp_path / "progress.html", days)
    browser.complaints.clear()
    browser.open(tmp_path / "progress.html", width=360)
    browser.evaluate("document.getElementById('theme').click()")
    assert browser.complaints == []
    assert browser.evaluate("document.documentElement.scrollWidth") == 360
