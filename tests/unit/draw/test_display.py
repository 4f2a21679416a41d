import errno
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gonio.draw.display import show_image
from gonio.errors import MediaError

PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


@pytest.fixture(autouse=True)
def nowhere_to_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No notebook, no screen, and a temporary folder of the test's own."""
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def fake_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> list[bytes]:
    shown: list[bytes] = []
    module: Any = ModuleType("IPython")
    module.get_ipython = lambda: shell
    module.display = SimpleNamespace(Image=lambda *, data: data, display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython", module)
    return shown


def fake_tkinter(monkeypatch: pytest.MonkeyPatch, *, opens: bool) -> list[str]:
    """A tkinter whose window either cannot be opened, or records what is done with it."""
    calls: list[str] = []

    class TclError(Exception):
        pass

    class Window:
        def __init__(self) -> None:
            if not opens:
                raise TclError("couldn't connect to display")

        def __getattr__(self, name: str) -> Any:
            def call(*args: object) -> int:
                calls.append(f"{name} {args[0]}" if args else name)
                return 800

            return call

    module: Any = ModuleType("tkinter")
    module.TclError, module.Tk = TclError, Window
    module.PhotoImage = lambda **_: None
    module.Label = lambda *_, **__: SimpleNamespace(pack=lambda: None)
    monkeypatch.setitem(sys.modules, "tkinter", module)
    return calls


def saved_picture(sentence: str) -> np.ndarray:
    return np.array(Image.open(sentence.removeprefix("no screen to show the picture on; it was saved as ")))


def test_without_a_screen_it_says_where_the_picture_was_saved(tmp_path: Path) -> None:
    sentence = show_image(PICTURE, title="people")
    assert str(tmp_path) in sentence
    assert np.array_equal(saved_picture(sentence), PICTURE)


def test_two_pictures_are_saved_in_two_places() -> None:
    first, second = show_image(PICTURE, title="a"), show_image(PICTURE[::-1].copy(), title="a")
    assert np.array_equal(saved_picture(first), PICTURE)
    assert np.array_equal(saved_picture(second), PICTURE[::-1])


def test_a_notebook_shows_the_picture_inline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = fake_notebook(monkeypatch, SimpleNamespace(kernel=object()))
    assert show_image(PICTURE, title="people") == ""
    assert np.array_equal(np.array(Image.open(BytesIO(shown[0]))), PICTURE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shell", [None, SimpleNamespace()], ids=["imported only", "terminal"])
def test_ipython_without_a_kernel_is_no_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    shown = fake_notebook(monkeypatch, shell)
    assert "saved as" in show_image(PICTURE, title="people")
    assert not shown


@pytest.mark.parametrize(
    ("platform", "variable"),
    [("linux", "DISPLAY"), ("linux", "WAYLAND_DISPLAY"), ("darwin", None), ("win32", None)],
)
def test_a_screen_gets_a_window(monkeypatch: pytest.MonkeyPatch, platform: str, variable: str | None) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, ":7")
    calls = fake_tkinter(monkeypatch, opens=True)
    assert show_image(PICTURE, title="people") == ""
    assert "title people" in calls
    assert {"bind <Escape>", "bind q"} <= set(calls)
    assert calls[-1] == "mainloop"


def test_a_screen_that_cannot_be_opened_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    fake_tkinter(monkeypatch, opens=False)
    assert "saved as" in show_image(PICTURE, title="people")


def test_a_python_without_tkinter_saves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setitem(sys.modules, "tkinter", None)  # what `import` finds when a module is absent
    assert "saved as" in show_image(PICTURE, title="people")


def test_a_thread_other_than_the_main_one_opens_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    calls = fake_tkinter(monkeypatch, opens=True)
    sentences: list[str] = []
    thread = threading.Thread(target=lambda: sentences.append(show_image(PICTURE, title="people")))
    thread.start()
    thread.join()
    assert "saved as" in sentences[0]
    assert not calls


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MediaError, match=r"cannot be saved .*No space left on device; save it"):
        show_image(PICTURE, title="people")


@pytest.fixture
def virtual_screen() -> Iterator[str]:
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb, a screen in memory (Debian: xvfb)")
    pytest.importorskip("tkinter", reason="this Python is built without tkinter")
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as announced:
        number = announced.readline().strip()  # the server picks a free one, and says so once it is ready
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.mark.parametrize("key", ["<Escape>", "<q>"])
def test_a_real_window_fits_the_screen_and_closes_on_a_key(virtual_screen: str, key: str) -> None:
    """A 4000 x 3000 picture in a process of its own, on a 640 x 480 screen; a timer presses the key."""
    script = f"""
        import tkinter
        import numpy as np
        from gonio.draw import display

        class Pressed(tkinter.Tk):
            def mainloop(self):
                self.after(300, self.press)
                super().mainloop()

            def press(self):
                self.update()
                print(self.title(), self.winfo_width(), self.winfo_height(), flush=True)
                self.focus_force()
                self.update()
                self.event_generate("{key}")

        tkinter.Tk = Pressed
        print(repr(display.show_image(np.full((3000, 4000, 3), 200, np.uint8), title="people")))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "DISPLAY": virtual_screen},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    window, sentence = done.stdout.splitlines()
    title, width, height = window.split()
    assert title == "people"
    assert 400 < int(width) <= 640
    assert 300 < int(height) <= 480
    assert sentence == "''"
