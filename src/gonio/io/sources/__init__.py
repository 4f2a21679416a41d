"""Sources: pictures, folders, videos, web addresses, cameras and live streams, all yielding `Frame`."""

from gonio.io.sources.base import Source
from gonio.io.sources.opening import SourceLike, open_source

__all__ = ["Source", "SourceLike", "open_source"]
