"""HTML and SVG as text: elements whose attributes are escaped, and the page around them, sealed by a policy.

The page may load nothing and run nothing but its own style and script, which the policy names by their hashes. So no
element carries a ``style`` attribute or a handler; places in a plot are attributes of SVG.
"""

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any

_ASSETS = resources.files("gonio.motion_report") / "assets"


def tag(name: str, *inner: str, **attributes: object) -> str:
    """One element.

    Args:
        name: Of the element.
        inner: Markup; escape text before.
        attributes: Are escaped here. ``class_`` is ``class``, ``data_t`` is ``data-t``; True gives a bare attribute,
            None and False none.

    Example:
        >>> tag("a", "x &lt; y", href="?a&b", class_="far", hidden=True, title=None)
        '<a href="?a&amp;b" class="far" hidden>x &lt; y</a>'
    """
    body = "".join(inner)
    return f"<{name}{_attributes(attributes)}>{body}</{name}>"


def void(name: str, **attributes: object) -> str:
    """One element that has no end tag, as ``<img>``."""
    return f"<{name}{_attributes(attributes)}>"


def _attributes(attributes: dict[str, object]) -> str:
    parts = []
    for name, value in attributes.items():
        plain = name.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {plain}")
        elif value is not None and value is not False:
            text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
            parts.append(f' {plain}="{escape(text)}"')
    return "".join(parts)


def image(picture: bytes, text: str, size_wh: tuple[int, int]) -> str:
    """An ``<img>`` that holds its JPEG."""
    data = base64.b64encode(picture).decode("ascii")
    width, height = size_wh
    return void("img", alt=text, width=width, height=height, src=f"data:image/jpeg;base64,{data}")


def data_block(name: str, value: Any) -> str:
    """JSON in the page, which no text in it can break out of; NaN must be None before."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'<script type="application/json" id="{name}">{safe}</script>'


def page(*, title: str, body: str) -> str:
    """The whole document around ``body``, with the shared style and script inside."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        "default-src 'none'; img-src data:; media-src blob:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    return Template(_asset("report.html")).substitute(
        policy=policy, title=escape(title), style=style, script=script, body=body
    )


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _hash(text: str) -> str:
    """As a Content-Security-Policy names an inline style or script: the digest of exactly what is in the element."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
