"""Requests from Arrow batches, as in Parquet and Spark. Needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import types

from ..errors import ConfigurationError
from .columns import LONGEST, Cell, Column, Heads, Requests, Unreadable
from .rows import Row

_UNREADABLE = Unreadable(
    "holds a value that cannot be read: text that is not UTF-8, or a date that does not exist"
)
# LookupError: an unknown time zone.
_NO_VALUE = (ValueError, ArithmeticError, LookupError, pa.ArrowException)
_TOO_LONG = Unreadable(f"is longer than {LONGEST} bytes")


@dataclass(frozen=True)
class ArrowTable:
    """What an Arrow table holds: each column's path, with its struct's name first, and its head.

    A struct that holds facts is a section of requests, and its fields are columns.
    """

    requests: Requests
    paths: tuple[tuple[str, ...], ...]
    types: tuple[pa.DataType, ...]
    heads: Heads

    @classmethod
    def of(cls, requests: Requests, schema: pa.Schema) -> ArrowTable:
        """Raises ConfigurationError for a column neither fact nor kept, or of a wrong type."""
        named = (*requests.facts, *requests.names)
        sections = {name.partition(".")[0] for name in named if "." in name}
        paths: list[tuple[str, ...]] = []
        kinds = []
        for field in schema:
            if types.is_struct(field.type) and field.name in sections:
                paths += [(field.name, inner.name) for inner in field.type]
                kinds += [inner.type for inner in field.type]
            else:
                paths.append((field.name,))
                kinds.append(field.type)
        heads = requests.heads(list(map(".".join, paths)))
        for path, fact, type_ in zip(paths, heads.facts, kinds, strict=True):
            if fact is not None and not _fits(requests.columns[fact], type_):
                raise ConfigurationError(
                    f"the column {'.'.join(path)} is of the type {type_}, but must hold "
                    f"{requests.columns[fact].expected}"
                )
        return cls(requests, tuple(paths), tuple(kinds), heads)

    @property
    def kept(self) -> dict[str, pa.DataType]:
        """The kept columns, with their types."""
        return {".".join(self.paths[each]): self.types[each] for each in self.heads.kept}

    def passing(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """Those columns of a batch."""
        return [column(batch, self.paths[each]) for each in self.heads.kept]

    def rows(self, batch: pa.RecordBatch, numbers: Sequence[str]) -> Iterator[Row]:
        """The rows of a batch, with what messages call each."""
        held = [
            (fact, _bounded(column(batch, path)))
            for path, fact in zip(self.paths, self.heads.facts, strict=True)
            if fact is not None
        ]
        for index, where in enumerate(numbers):
            yield self.requests.row(where, [(fact, values[index]) for fact, values in held])


def column(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    """The column at a path, which is null where its struct is."""
    found = batch.column(path[0])
    if len(path) == 2:
        found = found.flatten()[found.type.get_field_index(path[1])]
    return found


def _bounded(array: pa.Array) -> list[Cell]:
    """Its cells, except texts that are too long."""
    values = cells(array)
    if types.is_dictionary(array.type) or array.nbytes > LONGEST:
        values = [
            _TOO_LONG if isinstance(each, str) and len(each) > LONGEST else each for each in values
        ]
    return values


def cells(array: pa.Array) -> list[Cell]:
    """The values of an array in Python, with `Unreadable` for those that Python cannot hold."""
    try:
        values: list[Cell] = array.to_pylist()
    except _NO_VALUE:
        values = [_cell(scalar) for scalar in array]
    return values


def _cell(scalar: pa.Scalar) -> Cell:
    try:
        return scalar.as_py()
    except _NO_VALUE:
        return _UNREADABLE


def _fits(column: Column, type_: Any) -> bool:
    """Whether cells of an Arrow type can be read."""
    if types.is_dictionary(type_):
        type_ = type_.value_type
    if _is_text(type_) or types.is_null(type_):
        return True
    fitting: dict[str, tuple[Any, ...]] = {
        "date": (types.is_date,),
        "boolean": (types.is_boolean,),
        "number": (types.is_integer, types.is_floating, types.is_decimal),
    }
    kinds = fitting.get(column.kind, ())
    if column.listed:
        kinds = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_(type_) for is_ in kinds)


def _is_text(type_: Any) -> bool:
    kinds = (types.is_string, types.is_large_string, types.is_string_view)
    return any(is_(type_) for is_ in kinds)
