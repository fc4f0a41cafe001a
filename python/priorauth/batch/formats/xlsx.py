"""Excel workbooks: a request, and a decision, a row. Needs the extra `xlsx`."""

from __future__ import annotations

import contextlib
import json
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from ... import tables
from ...errors import ConfigurationError, NotJSON
from ...tables.columns import REQUIRED
from ..files import create, sync
from ..input import Input
from .base import Bounded, Kept, Piece
from .sheet import MOST_ROWS, SHEET, write

try:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException
except ImportError:
    raise ConfigurationError(
        "Excel needs the extra `xlsx`: pip install 'priorauth[xlsx]'"
    ) from None

_LARGEST = 1 << 30
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException, EOFError, OSError),
    *(KeyError, ValueError, TypeError, IndexError, AttributeError, NotImplementedError),
)
# Formats that show a whole number as it is.
_AS_IT_IS = ("General", "0", "@")

_FORMULA = tables.Unreadable("is a formula without a result; open the file in Excel and save it")
_ERROR = tables.Unreadable("holds an error of the spreadsheet's, such as #N/A")
_FORMATTED = tables.Unreadable(
    "must hold text, and holds a number that may be shown in other digits; format it as text"
)


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
        why = "it is no Excel workbook that can be read"
        with _damage_told(why, ConfigurationError), _opened(data) as book:
            for sheet in book.worksheets:
                for number, row in enumerate(_rows(sheet), 1):
                    names = tuple("" if c.value is None else str(c.value).strip() for c in row)
                    if any(names):
                        found[sheet.title] = number, names
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
        with (
            _damage_told(f"{data.name} is damaged: it cannot be read to its end", OSError),
            _opened(data) as book,
            _opened(data, formulas=True) as other,
        ):
            # Side by side: what formulas came to, and where there are any.
            sheets = zip_longest(_rows(book[self.sheet]), _rows(other[self.sheet]))
            for place, (cells, formulas) in enumerate(sheets, 1):
                data.passed += formulas is not None
                data.taken += cells is not None
                if place <= self.header:
                    continue
                row = self._values(cells, formulas)
                if all(value is None or value == "" for value in row):
                    data.blank += 1
                elif not (place == self.header + 1 and self._is_documentation(row)):
                    number += 1
                    if number > skip and rows.add((place, row), len(row)):
                        yield rows.piece(0)
        if rows:
            yield rows.piece(0)

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        kept = [[row[number] for _, row in piece.rows] for number in self.heads.kept]
        return [self._row(f"row {number}", row) for number, row in piece.rows], kept

    def _row(self, where: str, row: Sequence[Any]) -> tables.Row:
        unnamed = [value for name, value in zip_longest(self.names, row) if not name]
        if any(value is not None for value in unnamed):
            fault = NotJSON("it has a cell in a column that the header has no name for")
            return tables.Row(where, None, fault)
        pairs = zip(self.heads.facts, row, strict=False)
        return self.requests.row(where, [(fact, value) for fact, value in pairs if fact])

    def _values(self, cells: Sequence[Any], formulas: Sequence[Any]) -> list[Any]:
        values = [
            self._value(number, cell, formula)
            for number, (cell, formula) in enumerate(zip_longest(cells, formulas))
        ]
        return values + [None] * (len(self.names) - len(values))

    def _value(self, number: int, cell: Any, formula: Any) -> Any:
        """The value of a cell, as a cell of its column has it."""
        value = cell.value
        if value is None:
            return _FORMULA if formula.data_type == "f" else None
        if cell.data_type == "e":
            return _ERROR
        if isinstance(value, str):
            return value if value.strip() else None
        if isinstance(value, datetime) and value == datetime.combine(value, datetime.min.time()):
            return value.date()
        fact = self.heads.facts[number] if number < len(self.names) else None
        if fact and self.requests.columns[fact].kind == "text" and type(value) in (int, float):
            shown = type(value) is int and cell.number_format in _AS_IT_IS
            return str(value) if shown else _FORMATTED
        return value

    def _is_documentation(self, row: Sequence[Any]) -> bool:
        """Whether it is the row of a template that says what goes into each column."""
        told = self.requests.documentation
        pairs = zip(self.heads.facts, row, strict=False)
        return all(told.get(fact or "") == value for fact, value in pairs if value is not None)


@contextlib.contextmanager
def _opened(data: Input, *, formulas: bool = False) -> Iterator[Any]:
    file = data.whole("Excel")
    with zipfile.ZipFile(file) as archive:
        if sum(each.file_size for each in archive.infolist()) > _LARGEST:
            raise ConfigurationError("it is larger than 1 GiB when unpacked; save it as CSV")
    book = openpyxl.load_workbook(file, read_only=True, data_only=not formulas)
    try:
        yield book
    finally:
        book._archive.close()


def _rows(sheet: Any) -> Iterator[Sequence[Any]]:
    # What the file says of its size need not be so.
    sheet.reset_dimensions()
    rows: Iterator[Sequence[Any]] = sheet.iter_rows()
    return rows


@contextlib.contextmanager
def _damage_told(what: str, kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except ConfigurationError:
        raise
    except _DAMAGED:
        fault = kind(what)
    else:
        return
    raise fault


@dataclass(frozen=True)
class WorkbookOut:
    """Written as rows of JSON at first, for a workbook cannot be gone on with."""

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
        # Not by what has written it.
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
