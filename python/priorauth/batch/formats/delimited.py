"""CSV: one request, and one decision, per row.

Rows are read strictly: a row that breaks RFC 4180 cannot be read, and is never guessed at.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ... import tables
from ...errors import NotJSON
from ..input import LONGEST, Input
from .base import Bounded, Kept, Piece

SEPARATORS = ",;\t|"

_EMPTY = '""'
_TOO_LONG = f"it is longer than {LONGEST} bytes"
_STRAY = "it has an unclosed quote, or a quote inside an unquoted cell"
_RUNS_THROUGH = (
    "it may be a row by itself, or a part of a quoted cell that begins in row {} and "
    "ends in row {}: is a quote missing there, or one too many?"
)

# What a spreadsheet would take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# What `surrogateescape` makes of bytes that are not UTF-8.
_SPOILT = re.compile("[\udc80-\udcff]")


class Record(NamedTuple):
    """A row as it stands in the file: its number, that of its first line, how many lines it has.

    `text` is None when what is wrong with it, `fault`, is known already.
    """

    number: int
    line: int
    lines: int
    text: bytes | None
    fault: str = ""


@dataclass(frozen=True)
class Delimited:
    """CSV with a header. Rows are numbered as in a spreadsheet, from row 1 for the first line.

    Empty rows are not requests. `before` is the number of the header's line.
    """

    requests: tables.Requests
    names: tuple[str, ...]
    heads: tables.Heads
    separator: str
    before: int
    encoding: str

    @classmethod
    def of(cls, data: Input, requests: tables.Requests) -> Delimited:
        """Reads the header."""
        header = ""
        for text in data.lines:
            data.taken += 1
            header = (text or b"").decode(errors="replace")
            if header.strip():
                break
        ways = {separator: split(header, separator) or [] for separator in SEPARATORS}
        separator = max(ways, key=lambda each: len(ways[each]))
        names = tuple(unescaped(name.strip()) for name in ways[separator])
        heads = requests.heads(names)
        return cls(requests, names, heads, separator, data.taken, data.encoding)

    @property
    def kept(self) -> dict[str, object]:
        return {self.names[number]: None for number in self.heads.kept}

    def size(self, data: Input) -> int | None:
        return data.size()

    def pieces(self, data: Input, skip: int) -> Iterator[Piece]:
        rows = Bounded(skip)
        number = 0
        for record in self._records(data.lines):
            data.taken += record.lines
            if self._is_blank(record):
                data.blank += 1
            elif not (record.number == self.before + 1 and self._is_documentation(record)):
                number += 1
                if number > skip and rows.add(record, len(record.text or b"")):
                    yield rows.piece(data.place())
        if rows:
            yield rows.piece(data.place())

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        read = [(record, self._cells(record)) for record in piece.rows]
        kept = [
            [None if cells is None or _spoilt(cells[at]) else cells[at] for _, cells in read]
            for at in self.heads.kept
        ]
        return [self._row(record, cells) for record, cells in read], kept

    def _records(self, lines: Iterator[bytes | None]) -> Iterator[Record]:
        """The rows, told apart by their lines.

        A row with an odd number of quotes has a cell that goes on in the next lines, up to the next
        with an odd number; or it has a quote that is a mistake. Taken together they are a row when
        they have the cells of one. When they do not, the first is damaged, and the others are
        looked at anew; so no line is looked at more than three times.
        """
        ahead: deque[bytes | None] = deque()
        number = line = self.before
        while (text := ahead.popleft() if ahead else next(lines, b"")) != b"":
            number, line = number + 1, line + 1
            if text is None:
                yield Record(number, line, 1, None, _TOO_LONG)
            elif _closed(text):
                yield Record(number, line, 1, text)
            elif not self._goes_on(text, lines, ahead):
                yield Record(number, line, 1, None, _STRAY)
            else:
                several = [text, *(each or b"" for each in ahead)]
                ahead.clear()
                if self._are_rows(several):
                    last = number + len(several) - 1
                    fault = _RUNS_THROUGH.format(number, last)
                    for more in range(len(several)):
                        yield Record(number + more, line + more, 1, None, fault)
                    number = last
                else:
                    yield Record(number, line, len(several), b"".join(several))
                line += len(several) - 1

    def _goes_on(
        self, text: bytes, lines: Iterator[bytes | None], ahead: deque[bytes | None]
    ) -> bool:
        """Whether a line and the next ones, which are put in `ahead`, make one row."""
        size = len(text)
        for more in lines:
            ahead.append(more)
            size += len(more or b"")
            if more is None or size > LONGEST:
                return False
            if not _closed(more):
                whole = b"".join([text, *(each or b"" for each in ahead)])
                cells = split(whole.decode(errors="replace"), self.separator)
                return cells is not None and len(cells) == len(self.names)
        return False

    def _are_rows(self, lines: Sequence[bytes]) -> bool:
        """Whether lines that can be one row may as well be several, glued by a mistake."""
        first, *middle, last = map(self._is_row, lines)
        return any(middle) or (first and last)

    def _is_row(self, text: bytes) -> bool:
        cells = text.decode(errors="replace").split(self.separator)
        return len(cells) == len(self.names) and any(
            fact is not None and self.requests.columns[fact].tells(cell)
            for fact, cell in zip(self.heads.facts, cells, strict=True)
        )

    def _is_blank(self, record: Record) -> bool:
        if record.text is None or record.text.strip(self._blank):
            return False
        # A cell of four quotes holds one, and so is not empty.
        cells = split(record.text.decode(), self.separator) if b'""' in record.text else []
        return cells is not None and not any(map(str.strip, cells))

    @cached_property
    def _blank(self) -> bytes:
        return f'{self.separator}" \t\r\n'.encode()

    def _is_documentation(self, record: Record) -> bool:
        """Whether it is the row of a template that says what goes into each column."""
        told = self.requests.documentation
        cells = self._cells(record) or []
        pairs = zip(self.heads.facts, cells, strict=False)
        said = [told.get(fact or "") == cell for fact, cell in pairs if cell]
        return bool(said) and all(said)

    def _cells(self, record: Record) -> list[str] | None:
        if record.text is None:
            return None
        cells = split(record.text.decode("utf-8", "surrogateescape"), self.separator)
        if cells is None or len(cells) != len(self.names):
            return None
        return list(map(unescaped, cells))

    def _row(self, record: Record, cells: list[str] | None) -> tables.Row:
        where = f"row {record.number}"
        if record.lines > 1:
            where += f" (lines {record.line} to {record.line + record.lines - 1})"
        elif record.line != record.number:
            where += f" (line {record.line})"
        if cells is None:
            return tables.Row(where, None, NotJSON(record.fault or self._damage(record)))
        if tuple(cells) == self.names:
            return tables.Row(where, None, NotJSON("it repeats the header"))
        pairs = list(zip(self.heads.facts, cells, strict=True))
        if fault := self._fault(record, cells):
            return tables.Row(where, None, fault, dict(pairs).get("request_id"))
        return self.requests.row(where, [(fact, cell) for fact, cell in pairs if fact])

    def _damage(self, record: Record) -> str:
        """Why it does not have the cells of a row."""
        text = (record.text or b"").decode(errors="replace")
        cells = split(text, self.separator)
        if cells is None:
            return _STRAY
        return f"it has {len(cells)} cells, but the header has {len(self.names)}"

    def _fault(self, record: Record, cells: Sequence[str]) -> NotJSON | None:
        """Why cells cannot be read, although there are as many as there should be."""
        for name, fact, cell in zip(self.names, self.heads.facts, cells, strict=True):
            pointer = "/" + fact.replace(".", "/") if fact else ""
            if not name and cell.strip():
                return NotJSON("it has a cell in a column that the header has no name for")
            if _spoilt(cell):
                return NotJSON(f"column {name} is {self._not_in(cell)}", pointer=pointer)
            if fact and record.lines > 1 and self._is_glued(cell):
                return NotJSON(
                    f"column {name} has a line break and a separator in it: is a quote missing "
                    "there, or one too many?",
                    pointer=pointer,
                )
        return None

    def _is_glued(self, cell: str) -> bool:
        text = cell.strip()
        return "\n" in text.replace("\r", "\n") and self.separator in text and text[0] != "["

    def _not_in(self, cell: str) -> str:
        """The encoding that a cell is not in, and the one that it may be in."""
        if self.encoding != "utf-8":
            return f"not {self.encoding}, as --encoding has it"
        try:
            cell.encode("utf-8", "surrogateescape").decode("cp1252")
        except UnicodeDecodeError:
            return "not UTF-8; name its encoding with --encoding"
        return "not UTF-8, and may be Windows-1252; if it is, use --encoding cp1252"


def _closed(text: bytes) -> bool:
    return text.count(b'"') % 2 == 0


def _spoilt(cell: str) -> bool:
    return not cell.isascii() and _SPOILT.search(cell) is not None


def split(text: str, separator: str) -> list[str] | None:
    """The cells of a row, by RFC 4180; None when the row breaks it."""
    text = text.removesuffix("\n").removesuffix("\r")
    if '"' not in text:
        return text.split(separator)
    cells: list[str] = []
    at, more = 0, True
    while more:
        found = _CELL[separator].match(text, at)
        if found is None:
            return None
        quoted, plain, end = found.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at, more = found.end(), bool(end)
    return cells


_CELL = {
    each: re.compile(
        rf'(?:"([^"]*(?:""[^"]*)*)"|([^"\r\n{re.escape(each)}]*))({re.escape(each)}|\Z)'
    )
    for each in SEPARATORS
}


def escaped(cell: str) -> str:
    """A cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if _is_formula(cell) else cell


def unescaped(cell: str) -> str:
    """What was escaped."""
    return cell[1:] if cell[:1] == "'" and _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    return bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell.lstrip("'"))


@dataclass(frozen=True)
class DelimitedOut:
    """CSV, or TSV. The columns that pass through come first."""

    decisions: tables.Decisions
    kept: tuple[str, ...]
    separator: str
    tail: bytes = b""

    @property
    def head(self) -> bytes:
        return written([[*self.kept, *self.decisions.columns]], self.separator)

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        decided = map(self.decisions.cells, documents)
        if not kept:
            return written(decided, self.separator)
        passing = zip(*map(texts, kept), strict=True)
        rows = ([*some, *rest] for some, rest in zip(passing, decided, strict=True))
        return written(rows, self.separator)

    def finish(self, partial: Path, whole: Path) -> Path:
        return partial

    def count(self, file: BinaryIO) -> int:
        # Counted by neither the code that wrote it nor the code that reads requests.
        text = io.TextIOWrapper(file, "utf-8", newline="")
        # The limit is the whole process's.
        before = csv.field_size_limit(1 << 30)
        try:
            rows = sum(1 for _ in csv.reader(text, delimiter=self.separator))
        finally:
            csv.field_size_limit(before)
        text.detach()
        return rows - 1


def written(rows: Iterable[Iterable[Any]], separator: str) -> bytes:
    """Rows as CSV."""
    made = ([_quoted(escaped(_text(value)), separator) for value in row] for row in rows)
    # A row of one empty cell is quoted, or it would be an empty line.
    return "".join(f"{separator.join(row) or _EMPTY}\n" for row in made).encode()


def _quoted(cell: str, separator: str) -> str:
    # Not the csv module: it leaves a carriage return as it is, where others take it for an end.
    if separator in cell or '"' in cell or "\n" in cell or "\r" in cell:
        cell = cell.replace('"', '""')
        return f'"{cell}"'
    return cell


def texts(column: Sequence[Any]) -> Sequence[Any]:
    """The cells of a column that passes through; those of Arrow's are made text by Arrow."""
    if isinstance(column, list):
        return column
    from .parquet import texts_of

    return texts_of(column)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
