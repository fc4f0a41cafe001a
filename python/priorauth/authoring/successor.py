"""A further version of a guideline: a copy of the newest, for service dates from a day on.

The newest ends on the day before, so that no decision before that day changes. Its worked cases are
copied too, with every date moved as many years later as necessary; cases that no longer hold are
left out. Files are edited in place, so that comments and order stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..errors import ConfigurationError
from .check import CASES, GUIDELINES, PlacedFinding, check
from .places import Node, Places

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Further(NamedTuple):
    """The files that were written, the one that was changed, and what needs a look.

    `left_out` are the names of the worked cases that do not hold for the copy; `findings` is what
    `check` says of the guideline now, its older versions and their cases included.
    """

    written: tuple[Path, Path]
    changed: Path
    left_out: tuple[str, ...]
    findings: tuple[PlacedFinding, ...]


def further(root: Path, name: str, effective: date) -> Further:
    """Write a further version of a guideline, and end the newest on the day before it starts.

    Raises `ConfigurationError`, before anything is written, if the newest is not sound or does not
    start before that day; and `OpaNotFound`.
    """
    newest = max(path.name for path in (root / GUIDELINES / name).iterdir() if path.is_dir())
    day, last = effective.isoformat(), (effective - timedelta(days=1)).isoformat()
    if day <= newest:
        raise ConfigurationError(
            f"{name} has version {newest}; a further version must become effective on a later day"
        )
    if findings := check(root, [name]).findings:
        raise ConfigurationError(f"correct {name} before it is copied: {findings[0]}")
    older, newer = (GUIDELINES / name / each / "data.yaml" for each in (newest, day))
    table, later = (CASES / name / f"{each}.yaml" for each in (newest, day))
    guideline, cases = Places.read(root / older), Places.read(root / table)
    in_force, review = guideline.content["in_force"], guideline.content["next_review"]
    years = _years(cases, day)
    begun = {
        "effective_date": _quoted(day),
        "next_review": _quoted(f"{int(review[:4]) + years}{review[4:]}"),
        "in_force": f"{{from: {_quoted(day)}}}",
    }
    ends = min(last, in_force.get("to", last))
    ended = {"in_force": f"{{from: {_quoted(in_force['from'])}, to: {_quoted(ends)}}}"}
    days = {node: _quoted(_later(node.value, years), node.style) for node in _days(cases.root)}
    for file, text in (
        (newer, _put(guideline, {_top(guideline, key): text for key, text in begun.items()})),
        (later, _put(cases, days)),
    ):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        with (root / file).open("xb") as target:
            target.write(text.encode())
    text = _put(guideline, {_top(guideline, key): text for key, text in ended.items()})
    (root / older).write_bytes(text.encode())
    findings = check(root, [name]).findings
    left_out = _leave_out(root / later, {each.line for each in findings if each.file == str(later)})
    if left_out:
        findings = check(root, [name]).findings
    return Further((newer, later), older, left_out, findings)


def _years(cases: Places, day: str) -> int:
    """How many years later the requests of the cases are about service dates from the day on."""
    bases = cases.content.get("base", {}).values()
    first = min((base.get("service_date", day) for base in bases), default=day)
    return next(years for years in range(200) if _later(first, years) >= day)


def _later(day: str, years: int) -> str:
    """The day some years later; 28 February where there is no 29th."""
    found = f"{int(day[:4]) + years}{day[4:]}"
    return found if _is_day(found) else f"{found[:8]}28"


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _days(node: Node | None) -> Iterator[yaml.ScalarNode]:
    """Everything in a file that is a day, and no more."""
    if isinstance(node, yaml.ScalarNode):
        if _is_day(node.value):
            yield node
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _days(each)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _days(value)


def _quoted(text: str, quote: str | None = None) -> str:
    quote = quote or '"'
    return f"{quote}{text}{quote}"


def _top(file: Places, name: str) -> Node:
    """What stands under a name at the top of a file."""
    assert isinstance(file.root, yaml.MappingNode)
    found: Node = next(node for key, node in file.root.value if key.value == name)
    return found


def _put(file: Places, texts: Mapping[Any, str]) -> str:
    """The text of a file with others in place of some of its nodes."""
    text = file.text
    for node in sorted(texts, key=lambda node: node.start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + texts[node] + text[_end(node) :]
    return text


def _end(node: Node) -> int:
    """Where a node ends. A block goes on, by its own marks, to whatever comes after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def _leave_out(file: Path, lines: Collection[int]) -> tuple[str, ...]:
    """Take the cases that begin on these lines out of their table; gives their names."""
    places = Places.read(file)
    text, cases, left_out = places.text, _top(places, "cases"), []
    assert isinstance(cases, yaml.SequenceNode)
    for case, node in zip(reversed(places.content["cases"]), reversed(cases.value), strict=True):
        if node.start_mark.line + 1 in lines and not cases.flow_style:
            begin = text.rindex("\n", 0, node.start_mark.index) + 1
            end = text.find("\n", _end(node) - 1) + 1
            text = text[:begin] + (text[end:] if end else "")
            left_out.append(str(case["name"]))
    file.write_bytes(text.encode())
    return tuple(reversed(left_out))
