"""What every format has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from ... import tables
from ..input import LONGEST, Input

ROWS = 500
"""The most rows that a piece has."""

Kept = Sequence[Sequence[Any]]
"""The cells of the columns that pass through, a sequence for each column."""


class Piece(NamedTuple):
    """Some rows, after `before` others; `place` is how far in the input they end."""

    before: int
    length: int
    place: int
    rows: Any


class Source(Protocol):
    """Where requests come from. Sent to workers, so it holds no open file."""

    @property
    def kept(self) -> Mapping[str, object]:
        """The columns that pass through, with their types in Arrow, if they have one."""

    def size(self, data: Input) -> int | None:
        """What `Piece.place` will be in the end; None when that is not known."""

    def pieces(self, data: Input, skip: int) -> Iterator[Piece]:
        """The rows after the first `skip`; counts them in `data`."""

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        """The rows to decide, and the cells that pass through."""


class Target(Protocol):
    """Where decisions go."""

    @property
    def head(self) -> bytes:
        """What comes before all decisions."""

    @property
    def tail(self) -> bytes:
        """What comes after them."""

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        """Decisions, as they are written before the file is finished."""

    def finish(self, partial: Path, whole: Path) -> Path:
        """The finished file: `partial` itself, or what is made from it at `whole`."""

    def count(self, file: BinaryIO) -> int:
        """How many decisions are in the finished file."""


class Bounded:
    """Collects rows until they are as many, or as long, as a piece may be."""

    def __init__(self, before: int) -> None:
        self._before = before
        self._rows: list[Any] = []
        self._size = 0

    def add(self, row: Any, size: int) -> bool:
        """Whether it makes a piece, with those before it."""
        self._rows.append(row)
        self._size += size
        return len(self._rows) >= ROWS or self._size > LONGEST

    def piece(self, place: int) -> Piece:
        """The piece that they make."""
        piece = Piece(self._before, len(self._rows), place, self._rows)
        self._before += len(self._rows)
        self._rows, self._size = [], 0
        return piece

    def __bool__(self) -> bool:
        return bool(self._rows)
