"""NDJSON: a request, and a decision, a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ... import tables
from ..._json import one_line, read_json
from ...errors import NotJSON
from ..input import LONGEST, Input
from .base import Bounded, Kept, Piece


@dataclass(frozen=True)
class Lines:
    """NDJSON. Every line is a row, even an empty one."""

    kept: Mapping[str, object] = field(default_factory=dict)

    def size(self, data: Input) -> int | None:
        return data.size()

    def pieces(self, data: Input, skip: int) -> Iterator[Piece]:
        rows = Bounded(skip)
        for number, text in enumerate(data.lines):
            data.taken += 1
            if number >= skip and rows.add(text, len(text or b"")):
                yield rows.piece(data.place())
        if rows:
            yield rows.piece(data.place())

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        return [
            row(f"line {number}", text) for number, text in enumerate(piece.rows, piece.before + 1)
        ], ()


def row(place: str, text: bytes | None) -> tables.Row:
    """The row that a JSON text is; None for one that was too long to be read."""
    try:
        if text is None:
            raise NotJSON(f"it is longer than {LONGEST} bytes")
        return tables.Row(place, read_json(text))
    except NotJSON as fault:
        return tables.Row(place, None, NotJSON(f"not JSON: {fault.reason}", pointer=fault.pointer))


@dataclass(frozen=True)
class LinesOut:
    head: bytes = b""
    tail: bytes = b""

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        return "".join(f"{one_line(document)}\n" for document in documents).encode()

    def finish(self, partial: Path, whole: Path) -> Path:
        return partial

    def count(self, file: BinaryIO) -> int:
        return sum(1 for _ in file)
