"""What a batch reads and writes: NDJSON, JSON, CSV, Excel, Parquet.

A source cuts its input into pieces of some rows, which a worker turns into requests; a target turns
decisions into bytes, which are written one after the other, and at the end finishes the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ... import tables
from ...errors import ConfigurationError
from ..input import Input
from .base import ROWS, Kept, Piece, Source, Target
from .delimited import Delimited, DelimitedOut
from .json_array import Items, ItemsOut
from .ndjson import Lines, LinesOut
from .packed import Packed

__all__ = [
    "FORMATS",
    "ROWS",
    "TABLES",
    "Kept",
    "Lines",
    "LinesOut",
    "Piece",
    "Source",
    "Target",
    "format_of",
    "recognised",
    "source_of",
    "target_of",
]

FORMATS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".pq": "parquet",
}
TABLES = ("csv", "xlsx", "parquet")

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_FHIR = re.compile(rb'"resourceType"\s*:')


def format_of(path: Path) -> str | None:
    """The format that a file's name says it has, whether it is packed with gzip or not."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return FORMATS.get(suffixes[-1]) if suffixes else None


def recognised(data: Input, path: Path) -> str:
    """The format of an open input, by its content and name.

    Raises ConfigurationError for content in no format that is read, such as FHIR resources and old
    workbooks.
    """
    begins = data.head.lstrip()[:1]
    if data.is_parquet:
        return "parquet"
    if data.is_zip:
        return "xlsx"
    if data.head.startswith(_OLD_EXCEL):
        raise ConfigurationError(
            f"{data.name} is an old Excel workbook, or has a password; save it as .xlsx"
        )
    if begins in (b"{", b"[") and _FHIR.search(data.head):
        raise ConfigurationError(
            f"{data.name} holds resources of FHIR, and a batch takes requests: see docs/batch.md "
            "for the facts that they state"
        )
    named = format_of(path)
    if named == "json" or not named:
        if begins == b"[":
            return "json"
        first, *_ = data.head.splitlines() or [b""]
        if not named and begins != b"{" and b"service_date" in first:
            return "csv"
        return "ndjson"
    return named


def source_of(kind: str, data: Input, requests: tables.Requests) -> Source:
    """The source of an open input. Raises ConfigurationError for columns that cannot be used."""
    if kind in TABLES:
        try:
            return _table(kind, data, requests)
        except ConfigurationError as error:
            raise ConfigurationError(f"{data.name}: {error}") from None
    if requests.names or requests.keep or requests.date_format:
        raise ConfigurationError(
            "--keep, --map and --date-format are for tables: CSV, Excel or Parquet"
        )
    return Lines() if kind == "ndjson" else Items(data.name)


def _table(kind: str, data: Input, requests: tables.Requests) -> Source:
    if kind == "csv":
        return Delimited.of(data, requests)
    if kind == "xlsx":
        from .xlsx import Workbook

        return Workbook.of(data, requests)
    from .parquet import Parquet

    return Parquet.of(data, requests)


def target_of(
    kind: str,
    name: str,
    decisions: tables.Decisions,
    kept: Mapping[str, object],
    *,
    chosen: bool = False,
) -> Target:
    """The target of an output of this name, with the columns of the input that are kept.

    `kept` has their types in Arrow, None for columns without an Arrow type; `chosen` says that the
    columns of decisions were chosen. Raises ConfigurationError for options that do not fit.
    """
    suffixes = [each.lower() for each in Path(name).suffixes]
    packed = suffixes[-1:] == [".gz"]
    if kind not in TABLES and (kept or chosen):
        raise ConfigurationError(
            "--keep and --columns are for tables: write CSV, Excel or Parquet, by the suffix of "
            "the output or by --to"
        )
    decisions.check_kept(kept)
    if kind in ("xlsx", "parquet"):
        if packed:
            raise ConfigurationError(f"{kind} is compressed already; leave off the .gz")
        return _packed_itself(kind, decisions, kept)
    target: Target
    if kind == "csv":
        separator = "\t" if ".tsv" in suffixes else ","
        target = DelimitedOut(decisions, tuple(kept), separator)
    else:
        target = LinesOut() if kind == "ndjson" else ItemsOut()
    return Packed(target) if packed else target


def _packed_itself(kind: str, decisions: tables.Decisions, kept: Mapping[str, object]) -> Target:
    if kind == "xlsx":
        from .xlsx import WorkbookOut

        return WorkbookOut(decisions, tuple(kept))
    from .parquet import ParquetOut

    return ParquetOut.of(decisions, kept)
