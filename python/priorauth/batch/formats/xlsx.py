"""Excel workbooks: a request, and a decision, a row. Needs the extra `xlsx`."""

from __future__ import annotations

import contextlib
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ... import tables
from ...errors import ConfigurationError, NotJSON
from ...tables.columns import REQUIRED
from ..files import create, sync
from ..input import LONGEST, Input
from . import workbook
from .base import Bounded, Kept, Piece
from .sheet import SHEET, write
from .workbook import MOST_ROWS, Cell, Row, WorkbookError

_FORMATTED = tables.Unreadable(
    "must hold text, and holds a number that may be shown in other digits; format it as text"
)
_MERGED = "it has a merged cell, or is part of one; undo that, and write in each cell what it holds"
_UNNAMED = "it has a cell in a column that the header has no name for"
_TOO_LONG = f"it is longer than {LONGEST} bytes"


class _Record(NamedTuple):
    """A row that has content: its number, what it holds by column, and what is wrong with it."""

    number: int
    values: Mapping[int, Any]
    fault: str


@dataclass(frozen=True)
class Workbook:
    """The sheet of a workbook that has the columns of requests; rows are numbered as it does."""

    requests: tables.Requests
    names: tuple[str, ...]
    heads: tables.Heads
    sheet: str
    header: int

    @classmethod
    def of(cls, data: Input, requests: tables.Requests) -> Workbook:
        """Finds the sheet, and reads its header."""
        found = {}
        with _opened(data, "it is not a readable Excel workbook", ConfigurationError) as book:
            for title in book.sheets:
                for row in book.rows(title):
                    names = _names(row)
                    if any(names):
                        found[title] = row.number, names
                        break
        facts = {
            title: [requests.names.get(name, name) for name in names]
            for title, (_, names) in found.items()
        }
        fitting = [title for title in found if set(REQUIRED) <= set(facts[title])]
        if len(fitting) > 1:
            raise ConfigurationError(
                f"the sheets {', '.join(fitting)} all have the columns of requests; leave one"
            )
        title = next(iter(fitting or found), "")
        number, names = found.get(title, (1, ()))
        return cls(requests, names, requests.heads(names), title, number)

    @property
    def kept(self) -> dict[str, object]:
        return {self.names[number]: None for number in self.heads.kept}

    def size(self, data: Input) -> int | None:
        return None

    def pieces(self, data: Input, skip: int) -> Iterator[Piece]:
        rows = Bounded(skip)
        number = 0
        why = f"{data.name} is damaged: it cannot be read to its end"
        with _opened(data, why, OSError) as book:
            data.passed, merged = book.surveyed(self.sheet, len(self.names))
            for row in book.rows(self.sheet):
                data.taken += 1
                if row.number <= self.header:
                    continue
                record = self._record(row, merged[row.number])
                if not record.values and row.length <= LONGEST:
                    data.blank += 1
                elif not (row.number == self.header + 1 and self._is_documentation(record)):
                    number += 1
                    if number > skip and rows.add(record, row.length):
                        yield rows.piece(0)
        if rows:
            yield rows.piece(0)

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        kept = [[record.values.get(at) for record in piece.rows] for at in self.heads.kept]
        return list(map(self._row, piece.rows)), kept

    def _record(self, row: Row, is_merged: int) -> _Record:
        values = {
            at: value
            for at, cell in row.cells.items()
            if (value := self._value(at, cell)) is not None
        }
        fault = ""
        if row.length > LONGEST:
            fault = _TOO_LONG
        elif is_merged:
            fault = _MERGED
        elif any(at >= len(self.names) or not self.names[at] for at in values):
            fault = _UNNAMED
        return _Record(row.number, values, fault)

    def _row(self, record: _Record) -> tables.Row:
        where = f"row {record.number}"
        pairs = [
            (fact, record.values[at]) for at, fact in self._facts.items() if at in record.values
        ]
        if record.fault:
            return tables.Row(where, None, NotJSON(record.fault), dict(pairs).get("request_id"))
        return self.requests.row(where, pairs)

    def _value(self, at: int, cell: Cell) -> Any:
        """The value of a cell, as a cell of its column has it."""
        value = cell.value
        if isinstance(value, str):
            return value if value.strip() else None
        if isinstance(value, datetime) and value == datetime.combine(value, datetime.min.time()):
            return value.date()
        fact = self._facts.get(at)
        if fact and self.requests.columns[fact].kind == "text" and type(value) in (int, float):
            return str(value) if type(value) is int and cell.as_it_is else _FORMATTED
        return value

    def _is_documentation(self, record: _Record) -> bool:
        """Whether it is the row of a template that says what goes into each column."""
        told = self.requests.documentation
        return all(
            told.get(self._facts.get(at, "")) == value for at, value in record.values.items()
        )

    @cached_property
    def _facts(self) -> dict[int, str]:
        """The facts that its columns hold, by their numbers."""
        return {at: fact for at, fact in enumerate(self.heads.facts) if fact}


def _names(row: Row) -> tuple[str, ...]:
    """The names of columns, empty for those without one."""
    named = {
        at: "" if isinstance(cell.value, tables.Unreadable) else str(cell.value).strip()
        for at, cell in row.cells.items()
    }
    return tuple(named.get(at, "") for at in range(max(named, default=-1) + 1))


@contextlib.contextmanager
def _opened(data: Input, why: str, kind: type[Exception]) -> Iterator[workbook.Workbook]:
    """The workbook; faults in it are raised as errors of this kind."""
    file = data.whole("Excel")
    try:
        with contextlib.closing(workbook.Workbook(file)) as book:
            yield book
    except ConfigurationError:
        raise
    except WorkbookError as damage:
        fault = kind(f"{why}: it {damage}")
    except workbook.FAULTS:
        fault = kind(why)
    else:
        return
    raise fault


@dataclass(frozen=True)
class WorkbookOut:
    """Written as rows of JSON at first, because a workbook cannot be appended to."""

    decisions: tables.Decisions
    kept: tuple[str, ...]
    head: bytes = b""
    tail: bytes = b""

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        passing = zip(*map(_values_of, kept), strict=True) if kept else [()] * len(documents)
        rows = (
            [*map(_sent, some), *map(_sent, self.decisions.cells(document))]
            for some, document in zip(passing, documents, strict=True)
        )
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()

    def finish(self, partial: Path, whole: Path) -> Path:
        with partial.open("rb") as lines:
            if sum(1 for _ in lines) >= MOST_ROWS:
                raise ConfigurationError(
                    f"there are more decisions than the {MOST_ROWS:,} rows of a sheet hold; write "
                    "CSV or Parquet"
                )
        with partial.open("rb") as lines, create(whole) as file:
            names = [*self.kept, *self.decisions.columns]
            rows = (list(map(_taken, json.loads(line))) for line in lines)
            write(file, "decisions", chain([names], rows))
            sync(file)
        return whole

    def count(self, file: BinaryIO) -> int:
        # Independently of the code that wrote it.
        with zipfile.ZipFile(file) as archive, archive.open(SHEET) as sheet:
            rows, rest = 0, b""
            while text := sheet.read(1 << 16):
                text = rest + text
                rows += text.count(b"<row ")
                rest = text[-4:]
        return rows - 1


def _values_of(column: Sequence[Any]) -> Sequence[Any]:
    if isinstance(column, list):
        return column
    from ...tables.arrow import cells

    return cells(column)


def _sent(value: Any) -> Any:
    """A value as JSON, a day or a time in a list of its own."""
    if isinstance(value, (date, datetime)):
        return [value.isoformat()]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, tables.Unreadable):
        return "\N{REPLACEMENT CHARACTER}"
    return json.dumps(value, default=str) if isinstance(value, (list, dict)) else str(value)


def _taken(value: Any) -> Any:
    """What was sent."""
    if isinstance(value, list):
        (text,) = value
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    return value
