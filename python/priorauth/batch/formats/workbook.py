"""Excel workbooks, read straight through: of a sheet there is only a row in memory at a time.

Not by openpyxl, which holds whole parts in memory, and skips rows that are out of order. It only
says what formats and numbers of days mean.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple
from xml.parsers import expat

from ... import tables
from ...errors import ConfigurationError
from ..input import LONGEST

try:
    from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
    from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel
except ImportError:
    raise ConfigurationError(
        "Excel needs the extra `xlsx`: pip install 'priorauth[xlsx]'"
    ) from None

MOST_ROWS = 1_048_576
"""How many rows a sheet has."""

MOST_COLUMNS = 16_384
"""How many columns it has."""

_LARGEST = 1 << 30
_MOST_TEXTS = 1 << 28
_LARGEST_OTHER = 1 << 24
_DEEPEST = 64
_CHUNK = 1 << 16

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_OFFICE = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_PACKAGE = ("http://schemas.openxmlformats.org/package/2006/relationships",)

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_RANGE = re.compile(r"([A-Z]+)([0-9]{1,7})(?::([A-Z]+)([0-9]{1,7}))?")
# An escaped character, except halves of surrogate pairs.
_NUMBERED = re.compile(r"_x((?![dD][89a-fA-F])[0-9a-fA-F]{4})_")
_BOOLEANS = {"1": True, "0": False, "true": True, "false": False}
# Formats that show a whole number as it is.
_AS_IT_IS = ("General", "0", "@")

_FORMULA = tables.Unreadable("is a formula without a result; open the file in Excel and save it")
_ERROR = tables.Unreadable("holds a spreadsheet error, such as #N/A")
_NO_VALUE = tables.Unreadable("holds a value that no Excel cell can hold")


class WorkbookError(Exception):
    """Why a workbook cannot be read; worded to follow the file's name."""


class Cell(NamedTuple):
    """What a cell holds, and whether a whole number in it is shown as it is."""

    value: Any
    as_it_is: bool = False


class Row(NamedTuple):
    """A row that the file has: its number, its cells by their column, from 0; and their length."""

    number: int
    cells: dict[int, Cell]
    length: int


class Workbook:
    """An open workbook. `sheets` are its sheets, each with the part that has it.

    Every method can raise WorkbookError, or one of `FAULTS`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.sheets: dict[str, str] = {}
        self._of_sheets: set[str] = set()
        self._archive = zipfile.ZipFile(file)
        self._parts = _checked(self._archive.infolist())
        own = next(part for type_, part in self._related("").values() if type_ == "officeDocument")
        related = self._related(own)
        self._others = dict(related.values())
        self._epoch = WINDOWS_EPOCH

        def sheet(attributes: Mapping[str, str]) -> None:
            id_ = next(attributes[f"{uri} id"] for uri in _OFFICE if f"{uri} id" in attributes)
            type_, part = related[id_]
            if part in self._of_sheets or attributes["name"] in self.sheets:
                raise WorkbookError("has a sheet twice")
            if type_ == "worksheet":
                self.sheets[attributes["name"]] = part
                self._of_sheets.add(part)

        def settings(attributes: Mapping[str, str]) -> None:
            if attributes.get("date1904") in ("1", "true"):
                self._epoch = MAC_EPOCH

        self._read(own, {"sheet": sheet, "workbookPr": settings})

    def rows(self, sheet: str) -> Iterator[Row]:
        """The rows that a sheet has on file, each after those before it."""
        reader = _Rows(self._texts, self._formats, self._epoch)
        for _ in self._told(self.sheets[sheet], reader.begins, reader.ends, reader.add):
            yield from reader.rows
            reader.rows.clear()

    def surveyed(self, sheet: str, columns: int) -> tuple[int, bytes]:
        """How many rows a sheet has on file; and for each number, if a merged cell covers the row.

        Cells beyond so many columns do not count.
        """
        rows = 0
        changes = array("q", bytes(8 * (MOST_ROWS + 2)))

        def row(_: object) -> None:
            nonlocal rows
            rows += 1

        def merged(attributes: Mapping[str, str]) -> None:
            found = _RANGE.fullmatch(attributes["ref"])
            if not found:
                raise WorkbookError("has a merged-cell reference that is not a range")
            left, top, right, bottom = found.groups()
            first, last = int(top), int(bottom or top)
            if not 0 < first <= last <= MOST_ROWS:
                raise WorkbookError("has a merged-cell reference that is not a range")
            if _column(left) < columns and (left, top) != (right or left, bottom or top):
                changes[first] += 1
                changes[last + 1] -= 1

        self._read(self.sheets[sheet], {"row": row, "mergeCell": merged})
        return rows, bytes(map(bool, itertools.accumulate(changes)))

    def close(self) -> None:
        self._archive.close()

    @cached_property
    def _texts(self) -> _Texts:
        """The texts that its sheets share."""
        texts, text = _Texts(), _Text()

        def end() -> None:
            texts.add(text.taken())

        if "sharedStrings" in self._others:
            begins = {"t": text.begin, "rPh": text.begin_phonetic}
            ends = {"t": text.end, "rPh": text.end_phonetic, "si": end}
            self._read(self._others["sharedStrings"], begins, ends, text.add, _MOST_TEXTS)
        return texts

    @cached_property
    def _formats(self) -> list[str]:
        """The formats that cells may have, by their number."""
        own: dict[int, str] = {}
        formats: list[int] = []
        within = False

        def number_format(attributes: Mapping[str, str]) -> None:
            own[int(attributes["numFmtId"])] = attributes["formatCode"]

        def begin(_: object) -> None:
            nonlocal within
            within = True

        def end() -> None:
            nonlocal within
            within = False

        def format_(attributes: Mapping[str, str]) -> None:
            if within:
                formats.append(int(attributes.get("numFmtId", 0)))

        if "styles" in self._others:
            begins = {"numFmt": number_format, "cellXfs": begin, "xf": format_}
            self._read(self._others["styles"], begins, {"cellXfs": end})
        known = BUILTIN_FORMATS | own
        return [known.get(number, "General") for number in formats] or ["General"]

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to, by id: of what type it is, and its part."""
        folder, name = posixpath.split(part)
        found = {}

        def relationship(attributes: Mapping[str, str]) -> None:
            if attributes.get("TargetMode") != "External":
                target = posixpath.join("/", folder, attributes["Target"])
                type_ = attributes["Type"].rpartition("/")[2]
                found[attributes["Id"]] = type_, posixpath.normpath(target).lstrip("/")

        self._read(posixpath.join(folder, "_rels", f"{name}.rels"), {"Relationship": relationship})
        return found

    def _read(self, part: str, *told: Any) -> None:
        for _ in self._told(part, *told):
            pass

    def _told(
        self,
        part: str,
        begins: Mapping[str, Callable[[Mapping[str, str]], None]],
        ends: Mapping[str, Callable[[], None]] | None = None,
        text: Callable[[str], None] | None = None,
        largest: int | None = None,
    ) -> Iterator[None]:
        """Tells of the elements of a part that have these names, a piece of it at each step.

        Memory and time are bounded, whatever it holds.
        """
        entry = self._parts[part.lower()]
        if largest is None:
            largest = _LARGEST if part in self._of_sheets else _LARGEST_OTHER
        if entry.file_size > largest:
            raise WorkbookError(
                f"has {entry.file_size >> 20} MB in its part {part!r}, and no more than "
                f"{largest >> 20} are read; save it as CSV"
            )
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        depth = 0
        begins, ends = _in_full(begins), _in_full(ends or {})

        def begin(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _DEEPEST:
                raise WorkbookError("is nested too deeply")
            if name in begins:
                begins[name](attributes)

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            if name in ends:
                ends[name]()

        parser.StartElementHandler, parser.EndElementHandler = begin, end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refused
        taken = 0
        with self._archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk)
                taken += len(chunk)
                if taken - parser.CurrentByteIndex > LONGEST:
                    raise WorkbookError("has a tag or a comment that is too long")
                yield
        parser.Parse(b"", True)
        yield


def _checked(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The parts of a workbook, by their names in lower case."""
    if sum(entry.file_size for entry in entries) > _LARGEST:
        raise WorkbookError("is larger than 1 GiB when unpacked; save it as CSV")
    parts = {entry.filename.lower(): entry for entry in entries}
    if len(parts) != len(entries):
        raise WorkbookError("has a part twice")
    packings = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    if any(entry.compress_type not in packings for entry in entries):
        raise WorkbookError("has a part that is packed in an unknown way")
    return parts


def _in_full(told: Mapping[str, Any]) -> dict[str, Any]:
    """The handlers, by names as expat writes them."""
    return {
        f"{uri} {name}": handler for name, handler in told.items() for uri in (*_MAIN, *_PACKAGE)
    }


def _refused(*_: object) -> None:
    raise WorkbookError("has a document type, which no workbook has")


@functools.lru_cache(maxsize=MOST_COLUMNS)
def _column(letters: str) -> int:
    """The number of a column, from 0, by its letters."""
    number = 0
    for letter in letters[:4]:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - ord("A") + 1
    else:
        if 0 < number <= MOST_COLUMNS:
            return number - 1
    raise WorkbookError("has a cell outside the columns of a sheet")


class _Texts:
    """Texts by their number, in little more memory than they have bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def add(self, text: str) -> None:
        self._bytes += text.encode()
        self._ends.append(len(self._bytes))

    def __getitem__(self, number: int) -> str:
        start, end = self._ends[number : number + 2]
        return self._bytes[start:end].decode()


class _Text:
    """Collects a text, without phonetic guides and without what exceeds the limit."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._wanted = self._is_phonetic = False
        self.length = 0

    def begin(self, _: object = None) -> None:
        self._wanted = not self._is_phonetic

    def end(self) -> None:
        self._wanted = False

    def begin_phonetic(self, _: object) -> None:
        self._is_phonetic = True

    def end_phonetic(self) -> None:
        self._is_phonetic = False

    def add(self, text: str) -> None:
        if self._wanted:
            self.length += len(text)
            if self.length <= LONGEST:
                self._parts.append(text)

    def taken(self) -> str:
        """Return the text, and begin anew."""
        text = "".join(self._parts)
        self._parts.clear()
        self.length = 0
        return text


class _Rows:
    """Makes rows of the elements of a sheet."""

    def __init__(self, texts: _Texts, formats: list[str], epoch: datetime) -> None:
        self.rows: list[Row] = []
        self._texts, self._formats, self._epoch = texts, formats, epoch
        self._number = 0
        self._cells: dict[int, Cell] | None = None
        self._length = 0
        self._cell: Mapping[str, str] | None = None
        self._column = -1
        self._is_formula = self._has_value = False
        self._text = _Text()
        self.add = self._text.add
        self.begins = {
            "row": self._begin_row,
            "c": self._begin_cell,
            "f": self._begin_formula,
            "v": self._begin_value,
            "t": self._begin_text,
            "rPh": self._text.begin_phonetic,
        }
        self.ends = {
            "row": self._end_row,
            "c": self._end_cell,
            "v": self._text.end,
            "t": self._text.end,
            "rPh": self._text.end_phonetic,
        }

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        number = int(attributes.get("r", self._number + 1))
        if self._cells is not None or not self._number < number <= MOST_ROWS:
            raise WorkbookError(f"has rows out of order, at row {self._number + 1}")
        self._number, self._column = number, -1
        self._cells, self._length = {}, 0

    def _end_row(self) -> None:
        assert self._cells is not None
        self.rows.append(Row(self._number, self._cells, self._length))
        self._cells = None

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        column = self._column + 1
        if "r" in attributes:
            column = _column(attributes["r"].removesuffix(str(self._number)))
        is_in_order = self._column < column < MOST_COLUMNS
        if self._cells is None or self._cell is not None or not is_in_order:
            raise WorkbookError(f"has cells out of order, in row {self._number}")
        self._column, self._cell = column, attributes
        self._is_formula = self._has_value = False

    def _end_cell(self) -> None:
        assert self._cells is not None
        length = self._text.length
        cell = self._made(self._text.taken())
        self._cell = None
        self._length += max(length, len(cell.value) if isinstance(cell.value, str) else 0)
        # What exceeds a row's limit is not kept.
        if cell.value not in (None, "") and self._length <= LONGEST:
            self._cells[self._column] = cell

    def _begin_formula(self, _: object) -> None:
        self._is_formula = True

    def _begin_value(self, _: object) -> None:
        if self._cell is None or self._has_value:
            raise WorkbookError(f"has a cell with two values, in row {self._number}")
        self._has_value = True
        if self._cell.get("t") != "inlineStr":
            self._text.begin()

    def _begin_text(self, _: object) -> None:
        if self._cell is not None and self._cell.get("t") == "inlineStr":
            self._has_value = True
            self._text.begin()

    def _made(self, text: str) -> Cell:
        """What the cell with this text holds."""
        assert self._cell is not None
        kind = self._cell.get("t", "n")
        if kind == "e":
            return Cell(_ERROR)
        if kind in ("str", "inlineStr") and self._has_value:
            return Cell(_unescaped(text))
        if not text:
            return Cell(_FORMULA if self._is_formula else None)
        try:
            if kind == "s":
                return Cell(_unescaped(self._texts[int(text)]))
            if kind == "b":
                return Cell(_BOOLEANS[text])
            if kind == "d":
                return Cell(_moment(text))
            if kind == "n" and _NUMBER.fullmatch(text):
                return self._made_of(float(text) if set(text) & set(".eE") else int(text))
        except (ValueError, LookupError, ArithmeticError):
            pass
        return Cell(_NO_VALUE)

    def _made_of(self, number: float) -> Cell:
        assert self._cell is not None
        format_ = self._formats[int(self._cell.get("s", 0))]
        if not _is_date(format_):
            return Cell(number, format_ in _AS_IT_IS)
        if number < 0:
            return Cell(_NO_VALUE)
        return Cell(from_excel(number, self._epoch, timedelta=is_timedelta_format(format_)))


_is_date = functools.lru_cache(maxsize=1024)(is_date_format)


def _moment(text: str) -> date:
    text = text.removesuffix("Z")
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    return _NUMBERED.sub(lambda found: chr(int(found[1], 16)), text)


FAULTS = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, LookupError, ValueError, StopIteration),
)
"""What reading a damaged workbook can raise, besides WorkbookError."""
