"""The mutants of the policy: a file of it each, with one thing changed.

In Rego a boundary, an operator, a status, another constant; a line, a rule, an `else`, an item
dropped; two values of an `else` swapped: at the places that OPA's own syntax tree gives. In data a
figure, a date, a word; an entry dropped; two criteria swapped. What negates a condition is not
made: on the input that shows that a line is dropped it decides the same.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from priorauth import opa, policy
from priorauth.decision import OUTCOMES, STATUSES

_PAIRS = (
    "< <=",
    "> >=",
    "+ -",
    "* /",
    "| &",
    "min max",
    "floor ceil",
    "startswith endswith",
    "lower upper",
)
OPERATORS = {one: other for pair in map(str.split, _PAIRS) for one, other in (pair, reversed(pair))}
"""What each operator and function becomes."""

PROSE = {
    *("title", "question", "questions", "readings", "sections", "changes"),
    *("review_dates", "date_of_origin"),
}
"""The keys of data whose words mean nothing to a rule; `text` is looked through for figures."""

_NOTHING = object()

Change = tuple[str, int, int, str]
Place = tuple[Any, ...]


@dataclass(frozen=True)
class Mutant:
    """A file of the policy with one change: in which rule, or at which place of the data."""

    file: str
    within: str
    kind: str
    line: str
    old: str
    new: str
    content: bytes = field(repr=False)
    digest: str
    """Of the rule, or the data, as it is changed, without comments."""
    again: int = 0

    @property
    def name(self) -> str:
        """What it is called, wherever in the file it stands."""
        line = f": {self.line}" if self.line else ""
        again = f" ({self.again + 1})" if self.again else ""
        return f"{self.file}, {self.within}{line}: {self.kind}: {self.old} → {self.new}{again}"


def mutants(root: Path, wanted: str = "") -> list[Mutant]:
    """Every mutant of the files whose paths match a regular expression."""
    found: list[Mutant] = []
    for path in policy.files(root):
        if re.search(wanted, path.as_posix()):
            if path.suffix == ".rego":
                found += _of_rego(root, path.as_posix())
            elif path.name == "data.yaml":
                found += _of_data(root, path.as_posix())
    seen: Counter[str] = Counter()
    numbered = []
    for each in found:
        numbered.append(replace(each, again=seen[each.name]))
        seen[each.name] += 1
    return numbered


def _digest(content: bytes) -> str:
    code = re.sub(rb"(?m)^\s*(#.*)?\n", b"", content)
    return hashlib.sha256(code).hexdigest()[:16]


def _short(text: str) -> str:
    bare = " ".join(text.split())
    return bare if len(bare) <= 80 else f"{bare[:60]}…{bare[-19:]}"


# --------------------------------------------------------------------------------------------
# Rego
# --------------------------------------------------------------------------------------------


class _Source:
    """A Rego file with the places of its syntax tree's nodes."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.text = (root / path).read_bytes()
        self.rows = [0, *(match.end() for match in re.finditer(b"\n", self.text))]
        command = (opa.ensure(), "parse", "--format=json", "--json-include=locations", path)
        told = subprocess.check_output(command, cwd=root)
        self.rules: list[dict[str, Any]] = json.loads(told)["rules"]
        self.starts = [self.rows[rule["location"]["row"] - 1] for rule in self.rules]

    def span(self, node: Any) -> tuple[int, int] | None:
        """Where a node stands, None where what is there is not what it says."""
        location = node.get("location") if isinstance(node, dict) else None
        if not location:
            return None
        text = base64.b64decode(location["text"])
        row = self.rows[location["row"] - 1]
        # Columns count letters.
        line = self.text[row:].split(b"\n", 1)[0].decode()
        start = row + len(line[: location["col"] - 1].encode())
        stands = text and self.text[start:].startswith(text)
        return (start, start + len(text)) if stands else None

    def mutant(self, rule: str, change: Change) -> Mutant:
        kind, start, end, new = change
        row = self.text.count(b"\n", 0, start)
        line = self.text[self.rows[row] :].split(b"\n", 1)[0].decode()
        content = self.text[:start] + new.encode() + self.text[end:]
        line, old, new = map(_short, (line, self.text[start:end].decode(), new))
        # The rule ends where another begins.
        first = max(each for each in self.starts if each <= start)
        last = min(each for each in [*self.starts, len(self.text)] if each > start)
        digest = _digest(content[first : last + len(content) - len(self.text)])
        return Mutant(self.path, rule, kind, line, old, new, content, digest)


def _of_rego(root: Path, path: str) -> Iterator[Mutant]:
    source = _Source(root, path)
    names = [_name(rule["head"]) for rule in source.rules]
    for name, rule in zip(names, source.rules, strict=True):
        if names.count(name) > 1 and (span := source.span(rule)):
            yield source.mutant(name, ("rule dropped", *span, ""))
        for change in _in_rule(source, rule):
            yield source.mutant(name, change)


def _name(head: dict[str, Any]) -> str:
    steps = (each["value"] for each in head["ref"])
    return str(head.get("name") or ".".join(step for step in steps if isinstance(step, str)))


def _in_rule(source: _Source, rule: dict[str, Any]) -> Iterator[Change]:
    yield from _nodes(source, rule["head"])
    yield from _body(source, rule["body"])
    if other := rule.get("else"):
        span, following = source.span(other), source.span(other.get("else"))
        if span:
            yield ("else dropped", span[0], following[0] if following else span[1], "")
        yield from _swapped(source, rule, other)
        yield from _in_rule(source, other)


def _swapped(source: _Source, rule: dict[str, Any], other: dict[str, Any]) -> Iterator[Change]:
    one, two = (source.span(each["head"].get("value")) for each in (rule, other))
    if one and two:
        parts = [source.text[a:b].decode() for a, b in pairwise((*one, *two))]
        if parts[0] != parts[2]:
            yield ("values swapped", one[0], two[1], "".join(reversed(parts)))


def _body(source: _Source, body: list[dict[str, Any]]) -> Iterator[Change]:
    for expression in body:
        if expression.get("generated"):
            continue
        if span := source.span(expression):
            text = source.text[slice(*span)].decode()
            # Without what declares a variable nothing would compile.
            if text != "true" and not text.startswith("some ") and ":=" not in text:
                yield ("line dropped", *span, "true")
        yield from _nodes(source, expression)


def _nodes(source: _Source, node: Any) -> Iterator[Change]:
    """Every change to a node and to those in it; what a reference names stays."""
    if isinstance(node, list):
        for each in node:
            yield from _nodes(source, each)
    if not isinstance(node, dict) or node.get("generated"):
        return
    if span := source.span(node):
        yield from _node(source, node, *span)
    for key, each in node.items():
        if key == "body" and isinstance(each, list):
            yield from _body(source, each)
        elif key not in ("location", "ref", "alias_location"):
            yield from _nodes(source, each)


def _node(source: _Source, node: dict[str, Any], start: int, end: int) -> Iterator[Change]:
    text, kind, value = source.text[start:end].decode(), node.get("type"), node.get("value")
    if kind == "ref" and text in OPERATORS:
        yield ("operator", start, end, OPERATORS[text])
    elif kind == "number" and re.fullmatch(r"\d+(\.\d+)?", text):
        yield from (("number", start, end, str(json.loads(text) + more)) for more in (1, -1))
    elif kind == "boolean" and text in ("true", "false"):
        yield ("boolean", start, end, "false" if text == "true" else "true")
    elif kind == "null" and text == "null":
        yield ("null", start, end, "false")
    elif kind == "string" and text[:1] in ('"', "`"):
        yield ("text", start, end, json.dumps(_other(str(value))))
    elif kind in ("array", "set") and isinstance(value, list) and len(value) > 1:
        # A set has its items in another order than its text.
        spans = sorted({*filter(None, map(source.span, value))})
        if len(spans) == len(value):
            yield ("item dropped", spans[0][0], spans[1][0], "")
            for (_, before), (_, last) in pairwise(spans):
                yield ("item dropped", before, last, "")


def _other(text: str) -> str:
    for names in (STATUSES, OUTCOMES):
        if text in names:
            return names[(names.index(text) + 1) % len(names)]
    return f"{text}~"


# --------------------------------------------------------------------------------------------
# Data
# --------------------------------------------------------------------------------------------


def _of_data(root: Path, path: str) -> Iterator[Mutant]:
    """Every figure and word that has a meaning, changed or taken away."""
    data = yaml.safe_load((root / path).read_text(encoding="utf-8"))
    for place, kind, old, new in _in_data(data, ()):
        changed = copy.deepcopy(data)
        *steps, last = place
        holder = changed
        for step in steps:
            holder = holder[step]
        if new is _NOTHING:
            del holder[last]
        else:
            holder[last] = new
        content = yaml.safe_dump(changed, allow_unicode=True, sort_keys=False).encode()
        within = "/".join(_step(data, place[: n + 1]) for n in range(len(place)))
        told = "nothing" if new is _NOTHING else json.dumps(new, ensure_ascii=False)
        before = _short(json.dumps(old, ensure_ascii=False))
        yield Mutant(path, within, kind, "", before, _short(told), content, _digest(content))


def _step(data: Any, place: Place) -> str:
    """A step on the way to a place: what an item of a list is called, where it is called."""
    for step in place:
        data = data[step]
    named = data if isinstance(data, dict) else {}
    return str(named.get("id") or named.get("number") or named.get("name") or place[-1])


def _in_data(data: Any, place: Place) -> Iterator[tuple[Place, str, Any, Any]]:
    if isinstance(data, dict):
        for key, each in data.items():
            if key == "text":
                yield from _words((*place, key), each)
            elif key not in PROSE and key != "id" and (place or key != "name"):
                yield (*place, key), "entry dropped", each, _NOTHING
                yield from _in_data(each, (*place, key))
    elif isinstance(data, list):
        for index, each in enumerate(data):
            yield (*place, index), "item dropped", each, _NOTHING
            yield from _in_data(each, (*place, index))
        for index, (one, other) in enumerate(pairwise(data)):
            if isinstance(one, dict) and one.get("clause", other) != other:
                swapped = [*data[:index], other, one, *data[index + 2 :]]
                yield place, "items swapped", data, swapped
    else:
        yield from ((place, kind, data, new) for kind, new in _scalar(data))


def _words(place: Place, text: str) -> Iterator[tuple[Place, str, Any, Any]]:
    """The figures in the words."""
    for match in re.finditer(r"\d+", text):
        new = f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"
        yield place, "words", text, new


def _scalar(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "boolean", not value
    elif isinstance(value, (int, float)):
        yield from (("figure", value + more) for more in (1, -1))
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        day = date.fromisoformat(value)
        yield from (("date", str(day + timedelta(more))) for more in (1, -1))
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value):
        yield "date", f"{int(value[:4]) + 1}{value[4:]}"
    else:
        yield "text", f"{value}~"
