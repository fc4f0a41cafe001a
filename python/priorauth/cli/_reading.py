"""How a file of requests is read: the options of every command that reads one."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from ..errors import ConfigurationError
from . import _is_dash

if TYPE_CHECKING:
    from ..batch.formats import Source
    from ..batch.input import Input
    from ..tables import Facts

TABLES = "Tables"
"""The part of a command's help that is on tables."""


class Format(str, Enum):
    """How requests and decisions are written."""

    NDJSON = "ndjson"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Reading:
    """How a file of requests is read, as the options have it."""

    from_: Annotated[
        Format | None,
        typer.Option("--from", help="The format of the requests, whatever the suffix."),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option(
            help="The encoding of the requests, such as cp1252, if it is not UTF-8 or UTF-16."
        ),
    ] = None
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN,…|all",
            rich_help_panel=TABLES,
            help="Columns that a batch copies to the decisions, and that are left aside "
            "otherwise: these, or all that are not facts.",
        ),
    ] = None
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FACT",
            rich_help_panel=TABLES,
            help="The fact that a column holds, such as claim_dob=member.birth_date.",
        ),
    ] = None
    date_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            rich_help_panel=TABLES,
            help="How dates are written as text, such as %m/%d/%Y. Default: YYYY-MM-DD.",
        ),
    ] = None

    @property
    def is_chosen(self) -> bool:
        """Whether any option is given."""
        return any(astuple(self))

    def input(self, opened: BinaryIO, file: Path) -> Input:
        """The open file, to be read."""
        return opened_as(opened, file, self.encoding)

    def format(self, data: Input, file: Path) -> str:
        """The format that it is in."""
        from ..batch.formats import recognised

        return self.from_.value if self.from_ else recognised(data, file)

    def source(self, format_: str, data: Input, facts: Facts) -> Source:
        """The requests that it holds. Raises ConfigurationError for options that cannot work."""
        from ..batch.formats import source_of
        from ..tables import Requests

        requests = Requests(facts, _mapped(self.map_), split(self.keep), self.date_format)
        return source_of(format_, data, requests)


def opened_as(opened: BinaryIO, file: Path, encoding: str | None = None) -> Input:
    """An open file to be read, with its name for messages."""
    from ..batch.input import Input

    return Input(opened, "standard input" if _is_dash(file) else str(file), encoding)


def _mapped(pairs: list[str] | None) -> dict[str, str]:
    """The facts of columns, as --map has them."""
    found: dict[str, str] = {}
    for pair in pairs or ():
        column, equals, fact = pair.rpartition("=")
        if not equals or column in found:
            raise ConfigurationError(
                "--map takes COLUMN=FACT, once for a column, as in claim_dob=member.birth_date"
            )
        found[column] = fact
    return found


def split(names: list[str] | None) -> tuple[str, ...]:
    """The names of columns in an option that may be repeated, and has commas between them."""
    return tuple(name.strip() for each in names or () for name in each.split(","))
