"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]

# Tests run side by side, one process a core: a network with threads of its own would only wait for them.
os.environ.setdefault("GONIO_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared test data (`GONIO_SHARED`/data); tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("GONIO_SHARED", _ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared test data in {folder}; set GONIO_SHARED to the folder that holds it")
    return folder
