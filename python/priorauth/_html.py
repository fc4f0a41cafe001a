"""Reports as one HTML file each: tables, charts beside them, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

Element = ElementTree.Element
Content = Element | str | int | float | None

# Of charts: as wide as a small screen shows them.
_WIDTH, _ROW, _LONGEST = 360, 36, 46


def element(tag: str, *content: Content, **attributes: object) -> Element:
    """An element; `class_` is its class. All texts are escaped when it is written."""
    made = Element(tag, {k.rstrip("_").replace("_", "-"): str(v) for k, v in attributes.items()})
    last = None
    for each in content:
        if isinstance(each, Element):
            made.append(each)
            last = each
        elif last is None:
            made.text = (made.text or "") + _text(each)
        else:
            last.tail = (last.tail or "") + _text(each)
    return made


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Content]], *, named: int = 1
) -> Element:
    """A table; the first `named` cells of a row are its head, and numbers stand to the right."""
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
            element("tbody", *(element("tr", *_cells(row, named)) for row in rows)),
        ),
        class_="scrolled",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def _cells(row: Sequence[Content], named: int) -> Iterable[Element]:
    for index, each in enumerate(row):
        number = {"class_": "number"} if isinstance(each, (int, float)) else {}
        if index < named:
            yield element("th", each, scope="row", **number)
        else:
            yield element("td", each, **number)


def bars(title: str, counts: Sequence[tuple[str, float]]) -> Element:
    """A bar for each count, below its name and figure. It says nothing that its table does not."""
    most = max((count for _, count in counts), default=0) or 1
    drawn: list[Element] = []
    for row, (name, count) in enumerate(counts):
        top = _ROW * row
        label = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
        drawn += [
            element("text", label, x=0, y=top + 10),
            element("text", _text(count), x=_WIDTH, y=top + 10, class_="number"),
            element("rect", x=0, y=top + 19, width=round(_WIDTH * count / most, 1), height=8),
        ]
    box = f"0 0 {_WIDTH} {_ROW * len(counts)}"
    return element("svg", *drawn, viewBox=box, role="img", aria_label=f"Chart: {title}")


def page(title: str, *content: Element) -> bytes:
    """The whole file."""
    css = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    root = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", title),
            element("style", css),
        ),
        element("body", element("main", element("h1", title), *content)),
        lang="en",
    )
    html: bytes = ElementTree.tostring(root, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + html


def plain(code: str) -> str:
    """A code, such as an outcome, in words."""
    return code.replace("_", " ")


def _text(value: Content) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, float)):
        return f"{value:,}"
    return "" if value is None else str(value)
