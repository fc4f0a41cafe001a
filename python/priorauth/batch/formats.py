"""What a batch reads and writes: NDJSON, CSV, Parquet.

A source cuts its input into pieces of some rows, which a worker makes requests of; a target makes
bytes of decisions, which are written one after the other, and at the end finishes the file.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from .. import tables
from .._json import one_line, read_json
from ..errors import ConfigurationError, NotJSON

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}

LONGEST = 1 << 20
ROWS = 500
_ROW_GROUP = 10_000


class Piece(NamedTuple):
    """Some rows, numbered from `first`; `place` is how far in the input they end."""

    first: int
    length: int
    place: int
    rows: Any


class Source(Protocol):
    """Where requests come from. Sent to workers, so it holds no open file."""

    def pieces(self, file: BinaryIO, skip: int) -> Iterator[Piece]:
        """The rows but for the first `skip`."""

    def size(self, file: BinaryIO) -> int | None:
        """What `Piece.place` will be in the end; None when that is not known."""

    def rows(self, piece: Piece) -> Iterator[tables.Row]:
        """What is to be decided."""


class Target(Protocol):
    """Where decisions go."""

    @property
    def head(self) -> bytes:
        """What comes before all decisions."""

    def encode(self, documents: list[Mapping[str, Any]]) -> bytes:
        """Decisions, as they are written before the file is finished."""

    def finish(self, partial: Path, whole: Path) -> Path:
        """The file that is wanted, on disk: what was written itself, or made of it at `whole`."""


def source_of(kind: str, file: BinaryIO, name: str, requests: tables.Requests) -> Source:
    """The source of an open input. Raises ConfigurationError for columns that will not do."""
    if kind == "ndjson":
        return Lines()
    try:
        return CSV.of(file, requests) if kind == "csv" else Parquet.of(file, requests)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def target_of(kind: str, decisions: tables.Decisions) -> Target:
    if kind == "ndjson":
        return LinesOut()
    return CSVOut(decisions) if kind == "csv" else ParquetOut(decisions)


class _Bounded:
    """Collects rows until they are as many, or as long, as a piece may be."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._rows: list[Any] = []
        self._size = 0

    def add(self, row: Any, size: int) -> bool:
        self._rows.append(row)
        self._size += size
        return len(self._rows) >= ROWS or self._size > LONGEST

    def piece(self, place: int) -> Piece:
        piece = Piece(self._first, len(self._rows), place, self._rows)
        self._first += len(self._rows)
        self._rows, self._size = [], 0
        return piece

    def __bool__(self) -> bool:
        return bool(self._rows)


def _seekable_size(file: BinaryIO) -> int | None:
    if not file.seekable():
        return None
    here = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(here)
    return size


@dataclass(frozen=True)
class Lines:
    """NDJSON: a request a line. A line longer than `LONGEST` is not read."""

    def size(self, file: BinaryIO) -> int | None:
        return _seekable_size(file)

    def pieces(self, file: BinaryIO, skip: int) -> Iterator[Piece]:
        rows = _Bounded(skip + 1)
        place = 0
        for number in count(1):
            text: bytes | None = file.readline(LONGEST)
            if not text:
                break
            part, size = text, len(text)
            while not part.endswith(b"\n") and (part := file.readline(LONGEST)):
                text, size = None, size + len(part)
            place += size
            if number > skip and rows.add(text, len(text or b"")):
                yield rows.piece(place)
        if rows:
            yield rows.piece(place)

    def rows(self, piece: Piece) -> Iterator[tables.Row]:
        for number, text in enumerate(piece.rows, piece.first):
            where = f"line {number} is not JSON"
            try:
                if text is None:
                    raise NotJSON(f"it is longer than {LONGEST} bytes")
                yield tables.Row(where, read_json(text))
            except NotJSON as fault:
                yield tables.Row(where, fault)


@dataclass(frozen=True)
class CSV:
    """CSV (UTF-8) with a header; rows are numbered as a spreadsheet does, the header being 1."""

    requests: tables.Requests
    columns: tuple[str, ...]

    @classmethod
    def of(cls, file: BinaryIO, requests: tables.Requests) -> CSV:
        """Reads the header."""
        # Not ahead of it: what follows is read by `pieces`.
        header = file.readline(LONGEST).decode("utf-8-sig", errors="replace")
        columns = tuple(name.strip() for name in next(csv.reader([header]), []))
        requests.check(columns)
        return cls(requests, columns)

    def size(self, file: BinaryIO) -> int | None:
        return _seekable_size(file)

    def pieces(self, file: BinaryIO, skip: int) -> Iterator[Piece]:
        csv.field_size_limit(LONGEST)
        # What is no UTF-8 spoils its own row only.
        text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
        reader = csv.reader(text)
        rows = _Bounded(skip + 2)
        number = 1
        try:
            for cells in reader:
                # As a blank line at the end.
                if not cells:
                    continue
                number += 1
                if number > skip + 1 and rows.add(cells, sum(map(len, cells))):
                    yield rows.piece(file.tell() if file.seekable() else 0)
        except csv.Error as error:
            raise ConfigurationError(f"the CSV breaks off after row {number}: {error}") from None
        finally:
            text.detach()
        if rows:
            yield rows.piece(file.tell() if file.seekable() else 0)

    def rows(self, piece: Piece) -> Iterator[tables.Row]:
        for number, cells in enumerate(piece.rows, piece.first):
            if len(cells) > len(self.columns):
                fault = NotJSON("it has more cells than there are columns")
                yield tables.Row(f"row {number}", fault)
            else:
                cells_by_name = zip(self.columns, cells, strict=False)
                yield self.requests.row(f"row {number}", cells_by_name)


@dataclass(frozen=True)
class Parquet:
    """Parquet: rows are numbered from 1."""

    requests: tables.Requests
    places: Mapping[str, tuple[str, ...]]
    schema: pa.Schema

    @classmethod
    def of(cls, file: BinaryIO, requests: tables.Requests) -> Parquet:
        schema = _parquet(file).schema_arrow
        return cls(requests, requests.places(schema), schema)

    def size(self, file: BinaryIO) -> int | None:
        rows: int = _parquet(file).metadata.num_rows
        return rows

    def pieces(self, file: BinaryIO, skip: int) -> Iterator[Piece]:
        parquet = _parquet(file)
        place, groups = 0, list(range(parquet.metadata.num_row_groups))
        while groups and place + parquet.metadata.row_group(groups[0]).num_rows <= skip:
            place += parquet.metadata.row_group(groups.pop(0)).num_rows
        for batch in parquet.iter_batches(batch_size=ROWS, row_groups=groups):
            rest = batch.slice(max(0, skip - place))
            place += batch.num_rows
            if rest.num_rows:
                rows = rest.serialize().to_pybytes()
                yield Piece(place - rest.num_rows + 1, rest.num_rows, place, rows)

    def rows(self, piece: Piece) -> Iterator[tables.Row]:
        import pyarrow as pa

        batch = pa.ipc.read_record_batch(pa.py_buffer(piece.rows), self.schema)
        for number, cells in enumerate(tables.arrow_rows(batch, self.places), piece.first):
            yield self.requests.row(f"row {number}", cells)


def _parquet(file: BinaryIO) -> Any:
    _needs_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise ConfigurationError(f"it is no Parquet file that can be read: {error}") from None


def _needs_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "Parquet needs the extra `parquet`: pip install 'priorauth[parquet]'"
        ) from None


@dataclass(frozen=True)
class LinesOut:
    head: bytes = b""

    def encode(self, documents: list[Mapping[str, Any]]) -> bytes:
        return "".join(f"{one_line(document)}\n" for document in documents).encode()

    def finish(self, partial: Path, whole: Path) -> Path:
        return partial


@dataclass(frozen=True)
class CSVOut:
    decisions: tables.Decisions

    @property
    def head(self) -> bytes:
        return self._rows([self.decisions.columns])

    def encode(self, documents: list[Mapping[str, Any]]) -> bytes:
        return self._rows(map(self.decisions.cells, documents))

    def finish(self, partial: Path, whole: Path) -> Path:
        return partial

    def _rows(self, rows: Iterable[Iterable[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode()


@dataclass(frozen=True)
class ParquetOut:
    """Written as Arrow batches at first, for a Parquet file cannot be gone on with."""

    decisions: tables.Decisions
    head: bytes = b""

    def __post_init__(self) -> None:
        _needs_pyarrow()

    def encode(self, documents: list[Mapping[str, Any]]) -> bytes:
        batch: bytes = self.decisions.batch(documents).serialize().to_pybytes()
        return batch

    def finish(self, partial: Path, whole: Path) -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = self.decisions.schema()
        with partial.open("rb") as source, open(whole, "wb", opener=_owners) as file:
            with pq.ParquetWriter(file, schema) as writer:
                for group in _in_groups(self._batches(source, schema)):
                    table = pa.Table.from_batches(group, schema)
                    writer.write_table(table, row_group_size=_ROW_GROUP)
            file.flush()
            os.fsync(file.fileno())
        return whole

    def _batches(self, file: BinaryIO, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        end = _seekable_size(file) or 0
        while file.tell() < end:
            message = pa.ipc.read_message(file)
            yield pa.ipc.read_record_batch(message, schema)


def _owners(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _in_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """The same row groups, wherever the batches were cut."""
    group: list[pa.RecordBatch] = []
    lacking = _ROW_GROUP
    for batch in batches:
        rest = batch
        while rest.num_rows >= lacking:
            yield [*group, rest.slice(0, lacking)]
            rest, group, lacking = rest.slice(lacking), [], _ROW_GROUP
        if rest.num_rows:
            group.append(rest)
            lacking -= rest.num_rows
    if group:
        yield group
