import sys
from pathlib import Path

import pytest

from gonio.errors import MissingDependencyError, PoseError
from gonio.optional import require


def test_a_package_that_is_there() -> None:
    assert require("json.decoder", extra="cpu", purpose="reading") is sys.modules["json.decoder"]


@pytest.mark.parametrize("module", ["gonio_surely_absent", "gonio_surely_absent.inner"])
def test_a_package_that_is_not(module: str) -> None:
    with pytest.raises(MissingDependencyError) as caught:
        require(module, extra="eval", purpose="measuring COCO AP")
    assert str(caught.value) == (
        f"measuring COCO AP needs {module}, which is not installed; install it with: pip install 'gonio[eval]'"
    )
    assert isinstance(caught.value, PoseError)
    assert isinstance(caught.value, ImportError)


def test_a_package_whose_own_need_is_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installing our extra would not help, so Python's own message stands."""
    (tmp_path / "gonio_test_needy.py").write_text("import gonio_surely_absent\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="gonio_surely_absent") as caught:
        require("gonio_test_needy", extra="eval", purpose="anything")
    assert not isinstance(caught.value, MissingDependencyError)


def test_a_package_that_breaks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gonio_test_broken.py").write_text("raise ImportError('libGL.so.1 is missing')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"libGL\.so\.1 is missing") as caught:
        require("gonio_test_broken", extra="eval", purpose="anything")
    assert not isinstance(caught.value, MissingDependencyError)
