"""A picture where a person looks: inline in a notebook, in a window where there is a screen, else in a file."""

import os
import sys
import tempfile
import threading
from io import BytesIO
from pathlib import Path

from PIL import Image

from gonio.arrays import ImageArray
from gonio.errors import MediaError


def show_image(image: ImageArray, *, title: str) -> str:
    """Show a picture and wait until a window, if there is one, is closed (its button, Esc or q).

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        title: Of the window.

    Returns:
        Empty if somebody can see the picture; else one sentence that says where it was saved.

    Raises:
        MediaError: If there is no screen, and the picture cannot be saved either.
    """
    png = _png(Image.fromarray(image))
    if _show_inline(png) or (_has_screen() and _show_window(image, title)):
        return ""
    path = _save(png)
    return f"no screen to show the picture on; it was saved as {path}"


def _save(png: bytes) -> Path:
    try:
        path = Path(tempfile.mkdtemp(prefix="gonio-")) / "result.png"
        path.write_bytes(png)
    except OSError as error:
        raise MediaError(
            f"there is no screen, and the picture cannot be saved in the temporary folder: {error.strerror}; "
            "save it where there is room with save('picture.png')."
        ) from error
    return path


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _show_inline(png: bytes) -> bool:
    """Whether this is a notebook, which then shows the picture."""
    if "IPython" not in sys.modules:
        return False
    from IPython import display, get_ipython  # optional; only where it is running already

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return False
    display.display(display.Image(data=png))
    return True


def _has_screen() -> bool:
    if threading.current_thread() is not threading.main_thread():
        return False  # a window outside the main thread ends the whole process on macOS
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show_window(image: ImageArray, title: str) -> bool:
    """Whether a window could be opened; returns when it is closed."""
    try:
        import tkinter  # optional: some Pythons are built without it
    except ImportError:
        return False
    try:
        window = tkinter.Tk()
    except tkinter.TclError:
        return False
    window.title(title)
    room = (int(window.winfo_screenwidth() * 0.9), int(window.winfo_screenheight() * 0.85))
    picture = Image.fromarray(image)
    picture.thumbnail(room)
    photo = tkinter.PhotoImage(data=_png(picture), master=window)
    tkinter.Label(window, image=photo, borderwidth=0).pack()
    for key in ("<Escape>", "q"):
        window.bind(key, lambda _event: window.destroy())
    window.mainloop()
    return True
