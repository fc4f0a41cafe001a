"""Parquet: a request, and a decision, a row, numbered from 1. Needs the extra `parquet`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ... import tables
from ...errors import ConfigurationError
from ..files import create, sync
from ..input import Input
from .base import ROWS, Kept, Piece

try:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ...tables.arrow import ArrowTable, cells
except ImportError:
    raise ConfigurationError(
        "Parquet needs the extra `parquet`: pip install 'priorauth[parquet]'"
    ) from None

_ROW_GROUP = 10_000
_LARGEST = 1 << 25


@dataclass(frozen=True)
class Parquet:
    """Parquet."""

    table: ArrowTable

    @classmethod
    def of(cls, data: Input, requests: tables.Requests) -> Parquet:
        return cls(ArrowTable.of(requests, _opened(data).schema_arrow))

    @property
    def kept(self) -> dict[str, object]:
        return dict(self.table.kept)

    def size(self, data: Input) -> int | None:
        rows: int = _opened(data).metadata.num_rows
        return rows

    def pieces(self, data: Input, skip: int) -> Iterator[Piece]:
        parquet = _opened(data)
        data.passed = parquet.metadata.num_rows
        groups = list(range(parquet.metadata.num_row_groups))
        while groups and data.taken + parquet.metadata.row_group(groups[0]).num_rows <= skip:
            data.taken += parquet.metadata.row_group(groups.pop(0)).num_rows
        with _reading(data):
            rows = _at_a_time(parquet.metadata)
            for batch in parquet.iter_batches(batch_size=rows, row_groups=groups):
                rest = batch.slice(max(0, skip - data.taken))
                data.taken += batch.num_rows
                if rest.num_rows:
                    before = data.taken - rest.num_rows
                    yield Piece(before, rest.num_rows, data.taken, _sent(rest))

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        batch = pa.ipc.open_stream(piece.rows).read_next_batch()
        numbers = [f"row {piece.before + 1 + number}" for number in range(piece.length)]
        return list(self.table.rows(batch, numbers)), self.table.passing(batch)


def _at_a_time(metadata: pq.FileMetaData) -> int:
    """How many rows to have in memory: fewer where they are long."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    longest = max((each.total_byte_size / max(each.num_rows, 1) for each in groups), default=0)
    return max(1, min(ROWS, int(_LARGEST / max(longest, 1))))


def _opened(data: Input) -> pq.ParquetFile:
    file = data.whole("Parquet")
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise ConfigurationError(f"it is not a readable Parquet file: {error}") from None


@contextlib.contextmanager
def _reading(data: Input) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError):
        fault = OSError(f"{data.name} is damaged: it cannot be read beyond row {data.taken}")
    else:
        return
    raise fault


def _sent(batch: pa.RecordBatch) -> bytes:
    """A batch as a stream, with the dictionaries of its columns."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    text: bytes = sink.getvalue().to_pybytes()
    return text


@dataclass(frozen=True)
class ParquetOut:
    """Written as Arrow batches at first, because a Parquet file cannot be resumed.

    The kept columns come first, with their own types.
    """

    decisions: tables.Decisions
    schema: pa.Schema
    head: bytes = b""
    tail: bytes = b""

    @classmethod
    def of(cls, decisions: tables.Decisions, kept: Mapping[str, object]) -> ParquetOut:
        fields = [pa.field(name, type_ or pa.string()) for name, type_ in kept.items()]
        return cls(decisions, pa.schema([*fields, *decisions.schema()]))

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        types = self.schema.types
        passing = [
            pa.array(map(text_of, each), type_) if isinstance(each, list) else each
            for each, type_ in zip(kept, types, strict=False)
        ]
        decided = self.decisions.batch(documents).columns
        batch = pa.RecordBatch.from_arrays([*passing, *decided], schema=self.schema)
        return _sent(batch)

    def finish(self, partial: Path, whole: Path) -> Path:
        with partial.open("rb") as source, create(whole) as file:
            with pq.ParquetWriter(file, self.schema) as writer:
                for group in _in_groups(_batches(source)):
                    table = pa.Table.from_batches(group, self.schema)
                    writer.write_table(table, row_group_size=_ROW_GROUP)
            sync(file)
        return whole

    def count(self, file: BinaryIO) -> int:
        rows: int = pq.ParquetFile(file).metadata.num_rows
        return rows


def _batches(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    """The batches of all streams in a file."""
    end = os.fstat(file.fileno()).st_size
    try:
        while file.tell() < end:
            yield from pa.ipc.open_stream(file)
    except (pa.ArrowException, OSError):
        raise ValueError("not an Arrow stream") from None


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


def empty(file: BinaryIO, requests: tables.Requests, names: Sequence[str]) -> None:
    """A table of no requests, with what goes into each column as its metadata."""
    types = {"date": pa.date32(), "boolean": pa.bool_(), "number": pa.float64()}
    fields = [
        pa.field(
            name,
            pa.string() if column.listed else types.get(column.kind, pa.string()),
            metadata={"documentation": requests.documentation[name]},
        )
        for name, column in ((name, requests.columns[name]) for name in names)
    ]
    pq.write_table(pa.schema(fields).empty_table(), file)


def texts_of(array: pa.Array) -> list[str | None]:
    """The cells of an array as text."""
    try:
        texts: list[str | None] = array.cast(pa.string()).to_pylist()
    except (ValueError, pa.ArrowException):
        texts = list(map(text_of, cells(array)))
    return texts


def text_of(value: object) -> str | None:
    """A Python value as the text of a cell."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tables.Unreadable):
        return "\N{REPLACEMENT CHARACTER}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
