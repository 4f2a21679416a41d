"""Video files: every frame upright in RGB with its true time, and a word about what the file held back.

Times are the container's presentation times, counted from the first frame, never ``index / fps``. A file that
was cut off still opens, and ends quietly, in most readers; here the frames that its header announces are held
against those that came out.
"""

import logging
from collections.abc import Generator, Iterator
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from gonio.errors import MediaError, TruncatedMediaError
from gonio.io.files import check_is_file
from gonio.io.images import check_pixels
from gonio.io.sources.base import FrameSource, Selection
from gonio.io.sources.decoding import Clock, Uprighter, VideoHeader, frame_duration_s, read_header
from gonio.processors import available_cpus
from gonio.structures.frame import Frame
from gonio.timing import timed

_log = logging.getLogger(__name__)

VIDEO_SUFFIXES = (
    ".3gp",
    ".asf",
    ".avi",
    ".flv",
    ".gif",
    ".m2ts",
    ".m4v",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpeg",
    ".mpg",
    ".mts",
    ".mxf",
    ".ogv",
    ".ts",
    ".webm",
    ".wmv",
)
"""File names that are taken for videos."""

_FEW_CPUS = 2
"""With so few, frames that are decoded side by side take half as much processor time again and win nothing."""
_MAX_READ_ERRORS = 100  # in a row: a reader that fails more often will not find its way back


class VideoSource(FrameSource):
    """A video file.

    A start time is reached by decoding from the beginning without converting, so that ``Frame.index`` counts
    real frames and ``time_s`` is counted from the real first frame, whatever the file's key frames and rates.

    Packets that cannot be decoded and frames that the decoder calls damaged are left out, counted and
    reported once, in ``failures``; so is a file that ended before its announced end.

    Args:
        path: The file.
        selection: Which frames.
        name: What to call it, if not by its path.
        prefetch: How many frames to decode ahead.

    Attributes:
        keep_yuv: Whether frames keep the picture as it was decoded too.

    Raises:
        MediaError: If it cannot be opened as a video.
    """

    def __init__(self, path: Path, selection: Selection, *, name: str | None = None, prefetch: int = 0) -> None:
        super().__init__(name or str(path), is_video=True, prefetch=prefetch)
        self._path = path
        self._selection = selection
        self.keep_yuv = False
        check_is_file(path)
        container, stream = self._open()
        with container:
            self._header = read_header(path, container, stream)
        self.fps = self._header.fps
        if self._header.announced is not None:
            self.frame_count = selection.count(self._header.announced, self._header.frame_s)

    def _open(self) -> tuple[InputContainer, VideoStream]:
        # The prefix keeps a colon in the name from being read as a protocol; the list keeps a playlist that
        # calls itself a video from reaching the network.
        try:
            container = av.open(f"file:{self._path}", mode="r", container_options={"protocol_whitelist": "file"})
        except (av.error.FFmpegError, UnicodeError) as error:
            raise MediaError(self._why_not(error)) from error
        try:
            stream = self._pick(container)
        except BaseException:
            container.close()
            raise
        return container, stream

    def _pick(self, container: InputContainer) -> VideoStream:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & av.stream.Disposition.attached_pic  # a cover picture
        ]
        if not streams:
            found = "found audio only" if container.streams.audio else "found neither picture nor sound"
            raise MediaError(f"cannot decode '{self.name}': no video stream ({found}); choose another file")
        check_pixels((streams[0].width, streams[0].height), self.name)
        streams[0].thread_type = "AUTO" if available_cpus() > _FEW_CPUS else "SLICE"
        return streams[0]

    def _why_not(self, error: Exception) -> str:
        if isinstance(error, PermissionError):
            return f"cannot read '{self.name}': no permission; change the file's permissions"
        with self._path.open("rb") as file:
            is_mp4 = file.read(8)[4:] in (b"ftyp", b"mdat", b"wide", b"free", b"skip")
        if isinstance(error, av.error.InvalidDataError) and is_mp4:
            return (
                f"cannot decode '{self.name}': its index (moov) is missing, so the recording or the "
                "copy of it was not finished; copy it again, or repair it with a tool such as untrunc"
            )
        return f"cannot decode '{self.name}': not a video that FFmpeg knows; convert it to MP4 (H.264)"

    def _frames(self) -> Generator[Frame, None, None]:
        container, stream = self._open()
        with container:
            run = _Run(self.name, self._selection, self._header, Uprighter(keep_yuv=self.keep_yuv))
            decoded = run.decode(container, stream)
            while True:
                with timed("decode"):
                    frame = next(decoded, None)
                self.frames_decoded = run.frames
                if frame is None:
                    break
                yield frame
            for failure in run.failures():
                self._record(failure)
        if not run.frames:
            raise MediaError(f"cannot decode '{self.name}': not a single frame of it is intact; copy it again")


class _Run:
    """One pass through a video, and its tallies."""

    def __init__(self, name: str, selection: Selection, header: VideoHeader, uprighter: Uprighter) -> None:
        self.frames = 0
        self._name = name
        self._selection = selection
        self._header = header
        self._clock = Clock(header.frame_s, name)
        self._uprighter = uprighter
        self._wanted = 0
        self._damaged = 0
        self._covered_s = 0.0
        self._whole = False
        self._cut = False  # the latest packet came only in part: at the end of the file that means cut off

    def decode(self, container: InputContainer, stream: VideoStream) -> Generator[Frame, None, None]:
        """Yield the wanted frames."""
        for picture in self._pictures(container, stream):
            index, time_s = self.frames, self._clock.time_s(picture)
            if self._selection.is_past(time_s):
                return
            self.frames += 1
            self._covered_s = time_s + (frame_duration_s(picture) or self._header.frame_s or 0.0)
            if picture.is_corrupt:
                self._damaged += 1
            elif not self._selection.is_before(time_s):
                if self._wanted % self._selection.stride == 0:
                    check_pixels((picture.width, picture.height), self._name)
                    yield self._uprighter.frame(picture, index=index, time_s=time_s, source=self._name)
                self._wanted += 1
        self._whole = True

    def _pictures(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """Decode packet by packet, so that a bad one costs no more than itself."""
        errors = 0
        while errors < _MAX_READ_ERRORS:
            try:
                for packet in container.demux(stream):
                    errors = 0
                    if packet.size:  # an empty one comes after the last, and flushes the decoder
                        self._damaged += self._cut
                        self._cut = packet.is_corrupt
                        if self._cut:
                            continue
                    try:
                        pictures = stream.decode(packet)
                    except av.error.InvalidDataError:
                        self._damaged += 1
                        continue
                    yield from pictures
                return
            except av.error.InvalidDataError:
                errors += 1
            except av.error.FFmpegError as error:  # an I/O error of the disk
                _log.warning("reading '%s' broke off: %s", self._name, error)
                return
        self._damaged += 1

    def failures(self) -> list[MediaError]:
        """What to tell after the last frame."""
        told: list[MediaError] = []
        if self._whole and self.frames and not self._wanted and self._selection.start_s:
            told.append(
                MediaError(
                    f"video '{self._name}' ends at {self._covered_s:.2f} s, before the start of "
                    f"{self._selection.start_s} s; choose an earlier start"
                )
            )
        if self._damaged:
            told.append(
                MediaError(
                    f"video '{self._name}' is damaged: {self._damaged} frames were left out; "
                    "copy the file again, or re-encode it if the original is damaged too"
                )
            )
        if self._whole and (self._cut or self._header.ended_early(self.frames, self._covered_s)):
            announced = self._header.announced or 0
            about = "" if self._header.frames else "about "
            of = f"of {about}{announced} announced frames" if announced > self.frames else "frames"
            told.append(
                TruncatedMediaError(
                    f"video '{self._name}' ended early: {self.frames} {of} could be decoded; "
                    f"the results cover the first {self._covered_s:.1f} s. "
                    "Re-copy or re-encode the file"
                )
            )
        return told
