"""Pictures of a report for the documentation: ``python -m scripts.report_screenshots REPORT.html [--out docs/images]``.

Makes ``NAME-desktop.jpg`` (light, 1280 px wide) and ``NAME-phone.jpg`` (dark and light side by side, 390 px wide each),
NAME being the report's. Needs Chromium: ``apt-get install chromium``.
"""

import argparse
import tempfile
from pathlib import Path

from PIL import Image
from scripts.chromium import Page, find_chromium

_PAUSE = "new Promise(done => setTimeout(done, 800))"
_SHOW_MIDDLE = """(() => {
  const moments = [...document.querySelectorAll('button[data-t]')];
  moments[Math.floor(moments.length / 2)]?.click();
  scrollTo(0, 0);
})()"""
_GAP = 24
_QUALITY = 84


def shot(page: Page, report: Path, picture: Path, *, width: int, height: int, dark: bool, scale: float = 1.0) -> None:
    """One view of a report, its film at a telling moment."""
    page.open(report, width=width, height=height, dark=dark, scale=scale)
    page.evaluate(_PAUSE)
    page.evaluate(_SHOW_MIDDLE)
    page.evaluate(_PAUSE)
    page.screenshot(picture)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium here; install it with: apt-get install chromium")
    name = arguments.report.stem
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Page(program) as page:
        desktop, *phones = (Path(folder) / f"{i}.png" for i in range(3))
        shot(page, arguments.report, desktop, width=1280, height=1480, dark=False)
        for phone, dark in zip(phones, (False, True), strict=True):
            shot(page, arguments.report, phone, width=390, height=1100, dark=dark, scale=1.5)
        Image.open(desktop).convert("RGB").save(arguments.out / f"{name}-desktop.jpg", quality=_QUALITY, optimize=True)
        pair = [Image.open(phone).convert("RGB") for phone in phones]
        both = Image.new("RGB", (2 * pair[0].width + _GAP, pair[0].height), (128, 128, 128))
        both.paste(pair[0], (0, 0))
        both.paste(pair[1], (pair[0].width + _GAP, 0))
        both.save(arguments.out / f"{name}-phone.jpg", quality=_QUALITY, optimize=True)
        if page.complaints:
            raise SystemExit("the page complains: " + "; ".join(page.complaints))
    print(f"{arguments.out / name}-desktop.jpg\n{arguments.out / name}-phone.jpg")


if __name__ == "__main__":
    main()
