"""Stored analyses of one person, as ``gonio analyse --json`` writes them, read for a report on progress."""

import json
import math
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from gonio.analysis.series import Side
from gonio.errors import MediaError


class SessionMeasure(BaseModel):
    """A number of one session; None is what could not be measured."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    value: float | None = None
    sd: float | None = None
    unit: str = ""
    side: Side = "both"

    @field_validator("value", "sd")
    @classmethod
    def _finite(cls, value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None


class Session(BaseModel):
    """One stored analysis; what it holds besides is not needed here.

    Attributes:
        activity: What was done.
        created: When.
        measures: Its numbers.
        excluded_fraction: Share of the frames that could not be used.
        model: That found the keypoints; None: a file had them.
        facts: Of the circumstances, as of the analysis.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    activity: str
    created: datetime
    measures: tuple[SessionMeasure, ...] = ()
    excluded_fraction: float = 0.0
    model: str | None = None
    facts: dict[str, str] = {}

    @property
    def circumstances(self) -> dict[str, str]:
        """What numbers of two sessions should have in common; empty where it is not known."""
        words = self.facts.get("view", "").replace(",", " ").split()
        signal = self.facts.get("signal", "")
        return {"view": words[0] if words else "", "model": self.model or "", "signal": signal}


def read_session(path: Path) -> Session:
    """Read one document.

    Raises:
        MediaError: If it cannot be read, or is not the JSON of an analysis.
    """
    try:
        return Session.model_validate(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; give a file that exists") from error
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise MediaError(
            f"'{path}' is not a stored analysis ({place}: {fault['msg']}); make one with: gonio analyse VIDEO --json"
        ) from error
    except ValueError as error:
        raise MediaError(
            f"'{path}' is not JSON ({error}); make a stored analysis with: gonio analyse VIDEO --json"
        ) from error
