"""Earlier decisions and their requests, read from files."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Protocol

from .. import tables
from ..batch.formats import Lines, Piece, Source
from ..batch.formats.ndjson import row as parsed
from ..decision import Decision
from ..errors import ConfigurationError, MalformedResult

Document = Mapping[str, Any]


class Unreadable(ValueError):  # noqa: N818  (it says what happened)
    """Why the decision in a row of a log cannot be compared."""


class Log(Protocol):
    """Where decisions and their requests come from. Sent to workers, so it holds no open file."""

    def entries(self, piece: Piece) -> Iterator[tuple[tables.Row, Document | Unreadable]]:
        """Each request, and the decision document that was kept for it."""


@dataclass(frozen=True)
class Entries:
    """NDJSON, of objects with a `request` and its `decision`."""

    source: Lines

    def entries(self, piece: Piece) -> Iterator[tuple[tables.Row, Document | Unreadable]]:
        for row in self.source.rows(piece)[0]:
            entry = row.request
            if row.fault:
                yield row, Unreadable(f"it is {row.fault.reason}")
            elif isinstance(entry, dict) and {"request", "decision"} <= entry.keys():
                request = tables.Row(row.where, entry["request"])
                yield request, _kept(request, entry["decision"])
            else:
                yield row, Unreadable("it is not an object with `request` and `decision`")


@dataclass(frozen=True)
class Paired:
    """The output of a batch, and its input: row by row."""

    decisions: Source
    requests: Source

    def pieces(self, decisions: Iterable[Piece], requests: Iterable[Piece]) -> Iterator[Piece]:
        """The pieces of the decisions, each with those of the requests that its rows are in.

        Raises ConfigurationError when there are not as many rows of both.
        """
        rest = iter(requests)
        held: deque[Piece] = deque()
        # The rows before the piece, before the requests held, and at the end of those.
        row = begin = end = 0
        for piece in decisions:
            while end < row + piece.length:
                if not (more := next(rest, None)):
                    raise ConfigurationError(f"there are more decisions than the {end:,} requests")
                held.append(more)
                end += more.length
            while begin + held[0].length <= row:
                begin += held.popleft().length
            rows = (piece, tuple(held), row - begin)
            yield Piece(piece.before, piece.length, piece.place, rows)
            row += piece.length
        if end > row or next(rest, None):
            raise ConfigurationError(f"there are more requests than the {row:,} decisions")

    def entries(self, piece: Piece) -> Iterator[tuple[tables.Row, Document | Unreadable]]:
        decisions, requests, skip = piece.rows
        rows = chain.from_iterable(self.requests.rows(each)[0] for each in requests)
        asked = islice(rows, skip, skip + piece.length)
        for row, given in zip(asked, self._documents(decisions), strict=True):
            yield row, given if isinstance(given, Unreadable) else _kept(row, given)

    def _documents(self, piece: Piece) -> Iterator[object]:
        rows, kept = self.decisions.rows(piece)
        if kept:
            cells = (str(cell).encode() for cell in kept[0])
            rows = [parsed(row.where, cell) for row, cell in zip(rows, cells, strict=True)]
        for row in rows:
            if row.fault:
                yield Unreadable(f"its decision is {row.fault.reason}")
            else:
                yield row.request


@dataclass(frozen=True)
class DecisionColumn(tables.Requests):
    """A table of decisions, read for its column `decision`."""

    def heads(self, names: Sequence[str]) -> tables.Heads:
        if "decision" not in names:
            raise ConfigurationError(
                "the table has no column decision; write it with --columns all, or keep decisions "
                "as NDJSON"
            )
        return tables.Heads((None,) * len(names), (list(names).index("decision"),))


def _kept(row: tables.Row, decision: object) -> Document | Unreadable:
    try:
        document = Decision.from_document(decision).raw
    except MalformedResult as fault:
        where = fault.pointer or "its root"
        return Unreadable(f"its decision is not a valid decision document, at {where}")
    asked = row.request.get("request_id") if isinstance(row.request, dict) else None
    unread = document["outcome"] == "invalid" and document["request_id"] is None
    if document["request_id"] != asked and not unread and not row.fault:
        return Unreadable("its decision is on another request")
    return document
