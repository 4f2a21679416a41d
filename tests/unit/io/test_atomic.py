import errno
import logging
import os
from pathlib import Path

import pytest

from gonio.errors import MediaError
from gonio.io.atomic import atomic_path


def write_half(target: Path, error: BaseException, *, keep_partial: bool = False) -> None:
    with atomic_path(target, keep_partial=keep_partial) as temporary:
        temporary.write_text("half")
        raise error


def test_the_file_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "run.mp4"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".mp4"
        assert temporary.name.startswith(".")
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()], ids=["error", "ctrl-c"])
def test_a_failing_block_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "run.json"
    target.write_text("old")
    with pytest.raises(type(error)):
        write_half(target, error)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_keep_partial_keeps_and_names_what_was_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(RuntimeError):
        write_half(tmp_path / "run.json", RuntimeError(), keep_partial=True)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "half"
    assert str(left) in caplog.text


def test_keep_partial_keeps_no_empty_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "run.json", keep_partial=True):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"no space left on that disk; free some"), atomic_path(tmp_path / "a.csv"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_really_full_device() -> None:
    """Oracle: /dev/full, which the kernel answers every write with ENOSPC."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(MediaError, match=r"no space left"), atomic_path(full) as path:
        path.write_text("x")


def test_no_permission_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(MediaError, match=r"no permission to write there"), atomic_path(tmp_path / "a.csv"):
        pytest.fail("the block must not run")


def test_a_read_only_folder(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(MediaError, match=r"no permission"), atomic_path(tmp_path / "a.csv"):
        pytest.fail("the block must not run")


def test_a_folder_or_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match=r"it is a folder"), atomic_path(tmp_path):
        pytest.fail("the block must not run")
    with pytest.raises(MediaError, match=r"a part of its path is a file"), atomic_path(tmp_path / "file" / "a.csv"):
        pytest.fail("the block must not run")


def test_foreign_errors_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other"), atomic_path(tmp_path / "a.csv"):
        raise FileNotFoundError(errno.ENOENT, "No such file", "other.png")


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with atomic_path(tmp_path / "link.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
