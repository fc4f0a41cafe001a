"""What a change of the policy does, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..impact.changes import KINDS
from ..impact.content import is_prose, words
from ..impact.report import sentence, shown, told
from ._show import _clean, _faint, _rows, _section, _text, _words


def show_impact(console: Console, found: Mapping[str, Any]) -> None:
    """What a change of the policy does: `impact.report` with its tables in words."""
    console.print(Text(sentence(found), "bold"))
    for kind, meaning in KINDS.items():
        of_kind = [each for each in found["changes"] if each["change"].split(":")[0] == kind]
        if not of_kind:
            continue
        _section(console, f"{kind}: {meaning}")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right")
        table.add_column(overflow="fold")
        table.add_column(overflow="fold")
        for each in of_kind:
            clause = f"{each['clause']} " if "clause" in each else ""
            expected = " (expected)" if each["expected"] else ""
            table.add_row(
                f"{each['requests']:,}",
                _text(f"{clause}{told(each['change'])}{expected}"),
                _faint(f"such as {', '.join(each['examples'])}" if each["examples"] else ""),
            )
        console.print(table)
    if found["changed"] and found["authorized"]:
        _section(console, "Authorized in all, before and after")
        _rows(
            console,
            [
                (_words(each["what"]), _text(f"{each['old']:,} → {each['new']:,}"))
                for each in found["authorized"]
            ],
        )
    for part in found["content"]:
        _section(console, f"What differs: {part['part']}")
        for each in part["differences"]:
            console.print(_text(each["path"] or "all of it"))
            console.print(Padding(_differing(each), (0, 0, 0, 2)))


def _differing(difference: Mapping[str, Any]) -> Text:
    old, new = difference["old"], difference["new"]
    if not is_prose(old, new):
        return _text(f"{shown(old)} → {shown(new)}")
    text = Text()
    marks = {
        "kept": ("", "", ""),
        "deleted": ("[-", "-]", "red"),
        "inserted": ("{+", "+}", "green"),
    }
    for operation, piece in words(old, new):
        before, after, style = marks[operation]
        text.append(f"{' ' if text else ''}{before}{_clean(piece)}{after}", style)
    return text


def otherwise_line(found: Mapping[str, Any]) -> str:
    """A decision that differs now, and why, in one line."""
    changes = [told(each) for each in found["changes"] if not each.startswith("criterion:")]
    changes += [f"{each['path']} {_differing(each).plain}" for each in found["words"]]
    criteria = [
        f"{each['clause']} {each['id']}: {_turn(each, 'status')}"
        + "".join(
            f"; {_words(name)} {_turn(fact, 'value')}" for name, fact in each["facts"].items()
        )
        for each in found["criteria"]
    ]
    said = [*(["; ".join(changes)] if changes else []), *criteria]
    return _clean(f"{found['request']}: {'. '.join(said)}")


def _turn(sides: Mapping[str, Any], what: str) -> str:
    told = [
        _words(side) if what == "status" else shown(side) for side in (sides["old"], sides["new"])
    ]
    return told[0] if told[0] == told[1] else " → ".join(told)
