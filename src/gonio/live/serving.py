"""``serve_live``: a camera on a page of this machine, with angle, count and cue, until Ctrl-C."""

from collections.abc import Callable

from gonio.analysis.options import AnalysisOptions
from gonio.errors import ConfigError, PoseError
from gonio.io.sources import Source
from gonio.live.feed import Feed, run_session
from gonio.live.server import LiveServer
from gonio.live.session import LiveSession
from gonio.models.model import PoseModel


def serve_live(
    source: Source, model: PoseModel, *, activity: str, options: AnalysisOptions, say: Callable[[str], None]
) -> None:
    """Measure one person live, and show it on a page that only this machine can open.

    Args:
        source: A camera or a stream, open.
        model: Finds the keypoints.
        activity: ``"auto"``, ``"angles"``, or an exercise.
        options: What is known beforehand.
        say: Told the address of the page, and how it ended.

    Raises:
        ConfigError: If there is no such activity, it cannot be watched live, or the source is no video.
        MediaError: If the camera or stream fails; the page shows why, too.
    """
    if not source.is_video:
        raise ConfigError(f"'{source.name}' is no video; watch a camera or a stream live")
    session, feed = LiveSession(model, activity=activity, options=options), Feed()
    with LiveServer(feed, title=session.title, on_reset=session.reset) as server:
        say(f"{session.title}, live: {server.address}")
        say("Open this address on this machine. Nothing is recorded. Ctrl-C ends.")
        reason = "It was stopped."
        try:
            run_session(source, session, feed)
            reason = f"'{source.name}' has ended."
        except KeyboardInterrupt:
            pass
        except PoseError as error:
            reason = str(error)
            raise
        finally:
            feed.close(reason)
    say(_summary(feed))


def _summary(feed: Feed) -> str:
    """How it went, in one line."""
    shown = feed.latest
    if shown is None:
        return "stopped before the first picture"
    count, time_s = shown.view.reading.count, shown.view.frame.time_s or 0.0
    counted = "" if count is None else f"{count} repetition{'' if count == 1 else 's'}, "
    return f"stopped: {counted}{shown.number} frames in {time_s:.0f} s, {feed.dropped} passed over"
