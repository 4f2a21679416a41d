"""What was asked for: the settings that the numbers of an analysis depend on, as plain data."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from gonio.analysis.options import AnalysisOptions
from gonio.io.sources.base import Selection

Setting = str | float | tuple[int, int] | None


def settings_of(
    activity: str,
    options: AnalysisOptions,
    *,
    track_id: int | None,
    part: Selection,
    fps: float | None,
    size_wh: tuple[int, int] | None,
    marker_map: object,
) -> Mapping[str, Setting]:
    """Each setting by its name in `gonio.analyse`; None: not given, and found or not needed. Files by their names."""
    chosen = asdict(options)
    if options.metres_per_px is None:
        chosen |= {"metres_per_px_sd": None, "scale_source": None}  # of a scale that nobody gave
    return {
        "activity": Path(activity).name,
        "track_id": track_id,
        **chosen,
        "start_s": part.start_s,
        "end_s": part.end_s,
        "fps": fps,
        "size_wh": size_wh,
        "marker_map": Path(marker_map).name if isinstance(marker_map, str | Path) else None,
    }
