"""The columns of requests: what the vocabulary of facts makes of a table's cells."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from .._json import read_json
from ..errors import ConfigurationError, NotJSON
from .rows import Row

SEPARATOR = "|"
"""The separator of a list's items in one cell."""

LONGEST = 1 << 20
"""The most bytes that a cell, a line or an item may have; a longer one is not read."""

REQUIRED = ("type", "service_date", "drug.name")
"""The columns that every table of requests must have."""

ALL = "all"
"""The value of `keep` for all columns that are not facts."""

Facts = Mapping[str, Mapping[str, Any]]
"""The vocabulary, as `Decider.facts` has it."""

Cell = object
"""Text, as in CSV, or a Python value."""

_BOOLEANS = {"true": True, "false": False}
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")


class Unreadable(NamedTuple):
    """A cell whose value cannot be read; messages put `reason` after the column's name."""

    reason: str


@dataclass(frozen=True)
class Column:
    """How the cells of a column are read, by what the vocabulary says of its fact.

    `kind` is `text`, `date`, `boolean` or `number`; for a `listed` column it is the kind of each
    item. It is `object` only for a list: if its items must have just one or two texts, the `keys`,
    they may be written as those. `allowed` are the values of an enumeration. `date_format` is how
    dates are written, in strftime's form, if not as YYYY-MM-DD.
    """

    kind: str
    listed: bool = False
    keys: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    date_format: str | None = None

    @classmethod
    def of(cls, fact: Mapping[str, Any], date_format: str | None = None) -> Column:
        if fact["type"] == "array":
            items = cls.of(fact["items"], date_format)
            return cls(items.kind, True, _texts(fact["items"]), (), items.date_format)
        if fact["type"] in ("integer", "number"):
            return cls("number")
        if fact["type"] != "string":
            return cls(fact["type"])
        if fact.get("format") == "date":
            return cls("date", date_format=date_format)
        return cls("text", allowed=tuple(fact.get("enum", ())))

    @property
    def expected(self) -> str:
        """What its cells must hold, in words."""
        if self.listed and self.kind == "object" and not self.keys:
            return "a list of objects, as JSON"
        if self.listed:
            items = f"list of {':'.join(self.keys)}" if self.keys else "list, its items"
            return f"a {items} with {SEPARATOR} between them"
        if self.kind == "date" and self.date_format:
            return f"a date, as {date(2022, 10, 31).strftime(self.date_format)}"
        return _EXPECTED[self.kind]

    def read(self, cell: Cell) -> Any:
        """The value of a cell, as in JSON. Raises TypeError, ValueError or NotJSON."""
        if not self.listed:
            return self._one(cell)
        if isinstance(cell, str) and not cell.lstrip().startswith("["):
            return list(map(self._item, cell.split(SEPARATOR)))
        items = read_json(cell.encode()) if isinstance(cell, str) else cell
        if not isinstance(items, list):
            raise TypeError
        return [
            self._item(each) if self.keys and isinstance(each, str) else _plain(each)
            for each in items
        ]

    def _one(self, cell: Cell) -> Any:
        if self.date_format and self.kind == "date" and isinstance(cell, str):
            return datetime.strptime(cell.strip(), self.date_format).date().isoformat()
        return _READ[self.kind](cell)

    def _item(self, text: str) -> Any:
        if self.kind != "object":
            return self._one(text)
        parts = text.split(":", 1) if len(self.keys) == 2 else [text]
        return dict(zip(self.keys, map(str.strip, parts), strict=True))

    def tells(self, text: str) -> bool:
        """Whether a text is typical of this column, and of hardly any other."""
        text = text.strip(' \t\r\n"')
        if self.kind == "date":
            return not self.listed and _DATE.fullmatch(text) is not None
        return text in self.allowed or (self.kind == "boolean" and text.lower() in _BOOLEANS)


def _texts(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the texts that an object must have, if it must have just one or two."""
    keys = tuple(item.get("required", ()))
    texts = all(item["properties"][key]["type"] == "string" for key in keys)
    return keys if texts and len(keys) <= 2 else ()


class Heads(NamedTuple):
    """What a table's columns hold: the fact of each, or None; and which columns are kept."""

    facts: tuple[str | None, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True)
class Requests:
    """The table of requests: a column for each fact of the vocabulary, named for it.

    `names` has the facts of columns with other names. The columns in `keep` (`all`: those that are
    not facts) are copied to the decisions. `date_format` is how dates are written as text, with
    `%d`, `%m` and `%Y`, if not as YYYY-MM-DD.

    Raises ConfigurationError when any of these cannot work.
    """

    facts: Facts
    names: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    date_format: str | None = None

    def __post_init__(self) -> None:
        for fact in self.names.values():
            if fact not in self.facts:
                raise ConfigurationError(
                    f"no guideline on file declares the fact {fact!r}{_hint(fact, self.facts)}"
                )
        if self.date_format is not None:
            parts = re.findall("%(.?)", self.date_format)
            if sorted(parts) != ["Y", "d", "m"]:
                raise ConfigurationError(
                    "the format of dates must have %d, %m and %Y once each, as in %m/%d/%Y"
                )

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Its columns, by the facts that they hold."""
        return {name: Column.of(fact, self.date_format) for name, fact in self.facts.items()}

    @cached_property
    def documentation(self) -> dict[str, str]:
        """What goes into each column, in words: the second row of a template."""
        told = {}
        for name, column in self.columns.items():
            allowed = f"{', '.join(column.allowed)}" if column.allowed else column.expected
            required = "; required" if name in REQUIRED else ""
            told[name] = f"{self.facts[name]['title']}: {allowed}{required}"
        return told

    def heads(self, names: Sequence[str]) -> Heads:
        """What the columns of a table with these names hold.

        Raises ConfigurationError, naming the column, unless all required columns are there and
        every column is a fact or kept. A column without a name must be empty.
        """
        facts = [self.names.get(name, name if name in self.columns else None) for name in names]
        missing = [name for name in REQUIRED if name not in facts]
        if len(missing) == len(REQUIRED):
            # No name is quoted: without a header, the "names" are a request's values.
            raise ConfigurationError(
                f"the table has none of the columns {', '.join(REQUIRED)}, which every request "
                "needs; give it a header, or say with --map what its columns hold"
            )
        for name in missing:
            raise ConfigurationError(
                f"the table has no column {name}, which every request needs; if it has another "
                "name, map it with --map"
            )
        known = set(names)
        for name in (*self.names, *(each for each in self.keep if each != ALL)):
            if name not in known:
                raise ConfigurationError(f"the table has no column {name!r}{_hint(name, names)}")
        for name, count in Counter(filter(None, facts)).items():
            if count > 1:
                raise ConfigurationError(f"the table has the column {name} more than once")
        counts = Counter(names)
        kept = []
        for number, (name, fact) in enumerate(zip(names, facts, strict=True)):
            if name in self.keep or (ALL in self.keep and fact is None and name):
                kept.append(number)
                if counts[name] > 1:
                    raise ConfigurationError(
                        f"the table has the column {name!r}, which is kept, more than once"
                    )
            elif fact is None and name:
                raise ConfigurationError(
                    f"the table has a column {name!r}, which is no fact that any guideline on file "
                    f"declares{_hint(name, self.columns)}; --keep passes it through to the "
                    "decisions, and --map says which fact it is"
                )
        return Heads(tuple(facts), tuple(kept))

    def request(self, cells: Iterable[tuple[str, Cell]]) -> dict[str, Any]:
        """The request document of a row, from its cells by the facts that they hold.

        Raises NotJSON, with the pointer of the fact, for a cell that is not of its column's kind;
        it does not quote the cell.
        """
        document: dict[str, Any] = {}
        for name, cell in cells:
            if cell is None or cell == "":
                continue
            pointer = "/" + name.replace(".", "/")
            if isinstance(cell, Unreadable):
                raise NotJSON(f"column {name} {cell.reason}", pointer=pointer)
            try:
                value = self.columns[name].read(cell)
            except (NotJSON, TypeError, ValueError, LookupError, ArithmeticError):
                raise NotJSON(
                    f"column {name} must hold {self.columns[name].expected}", pointer=pointer
                ) from None
            section, _, fact = name.partition(".")
            if fact:
                document.setdefault(section, {})[fact] = value
            else:
                document[section] = value
        return document

    def row(self, where: str, cells: Iterable[tuple[str, Cell]]) -> Row:
        """A row of a table, from its cells by the facts that they hold."""
        cells = list(cells)
        try:
            return Row(where, self.request(cells))
        except NotJSON as fault:
            return Row(where, None, fault, dict(cells).get("request_id"))


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; is it {close[0]}?" if close else ""


def _text(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise TypeError
    return cell


def _date(cell: Cell) -> str:
    # A datetime is a date too, but not a day.
    return cell.isoformat() if type(cell) is date else _text(cell)


def _boolean(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    return _BOOLEANS[_text(cell).strip().lower()]


def _number(cell: Cell) -> int | float:
    if isinstance(cell, str):
        # As strictly as in JSON: a number that would be rounded is refused.
        cell = read_json(cell.strip().encode())
    if isinstance(cell, Decimal):
        cell = read_json(f"{cell:f}".encode())
    if isinstance(cell, bool) or not isinstance(cell, (int, float)) or not math.isfinite(cell):
        raise TypeError
    return cell


_READ = {"text": _text, "date": _date, "boolean": _boolean, "number": _number}
_EXPECTED = {
    "text": "text",
    "date": "a date, YYYY-MM-DD",
    "boolean": "true or false",
    "number": "a number",
}


def _plain(item: Any) -> Any:
    """An item of a list as in JSON: null fields of a struct are absent."""
    if isinstance(item, Mapping):
        return {key: _plain(value) for key, value in item.items() if value is not None}
    return item.isoformat() if type(item) is date else item
