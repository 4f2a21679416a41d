"""What the page is told of a moment, as JSON: numbers that are not known are null."""

import math
import time
from typing import Any

from gonio.live.feed import Feed, Shown
from gonio.live.gauges import Reading, Signal, headline


def status(feed: Feed, *, title: str) -> dict[str, Any]:
    """Of the latest view.

    Returns:
        ``title``, ``ended`` (why, or null), ``frame`` (count of views), ``time_s``, ``age_s`` (since the frame came),
        ``people``, ``person`` (whether somebody is measured), ``fps``, ``latency_ms``, ``dropped``, and of the reading
        ``count``, ``phase``, ``cue``, ``held_s``, ``signal``, ``headline`` and ``angles``.
    """
    shown = feed.latest
    facts: dict[str, Any] = {
        "title": title,
        "ended": feed.ended,
        "fps": round(feed.rate_hz(), 1),
        "latency_ms": _number(1000 * feed.latency_s(), 0),
        "dropped": feed.dropped,
    }
    return facts | (_nothing() if shown is None else _of_view(shown))


def _nothing() -> dict[str, Any]:
    return {"frame": 0, "time_s": None, "age_s": None, "people": 0, "person": False} | _of_reading(Reading())


def _of_view(shown: Shown) -> dict[str, Any]:
    view = shown.view
    return {
        "frame": shown.number,
        "time_s": view.frame.time_s,
        "age_s": round(time.perf_counter() - shown.captured_s, 2),
        "people": len(view.person) + len(view.others),
        "person": len(view.person) == 1,
    } | _of_reading(view.reading)


def _of_reading(reading: Reading) -> dict[str, Any]:
    leading = headline(reading)
    return {
        "count": reading.count,
        "phase": reading.phase,
        "cue": reading.cue,
        "held_s": None if reading.held_s is None else _number(reading.held_s),
        "signal": _of_signal(reading.signal) if reading.signal else None,
        "headline": leading.label if leading else None,
        "angles": [
            {
                "name": angle.name,
                "side": angle.side,
                "label": angle.label,
                "time_s": angle.time_s,
                "value": _number(angle.value),
                "sd": _number(angle.sd),
                "why": angle.why,
            }
            for angle in reading.angles
        ],
    }


def _of_signal(signal: Signal) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "label": signal.label,
        "unit": signal.unit,
        "value": _number(signal.value),
        "needs": signal.needs,
    }
    if signal.curve is not None:
        facts["curve"] = [[round(time_s, 3), _number(value)] for time_s, value in signal.curve]
    return facts


def _number(value: float, digits: int = 1) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
