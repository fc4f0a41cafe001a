"""JSON: one array of requests, and of decisions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ... import tables
from ..._json import one_line
from ..input import LONGEST, Input
from . import ndjson
from .base import Bounded, Kept, Piece

_TOKEN = re.compile(rb'["\\\[\]{},]')


@dataclass(frozen=True)
class Items:
    """A JSON array, item by item. A value that cannot be sent spoils its own item only.

    What breaks JSON's own grammar spoils the file, because it is not certain where the next item
    begins.
    """

    name: str
    kept: Mapping[str, object] = field(default_factory=dict)

    def size(self, data: Input) -> int | None:
        return data.size()

    def pieces(self, data: Input, skip: int) -> Iterator[Piece]:
        rows = Bounded(skip)
        for number, text in enumerate(_items(data)):
            if number >= skip and rows.add(text, len(text or b"")):
                yield rows.piece(data.place())
        if rows:
            yield rows.piece(data.place())

    def rows(self, piece: Piece) -> tuple[list[tables.Row], Kept]:
        return [self._row(n, text) for n, text in enumerate(piece.rows, piece.before + 1)], ()

    def _row(self, number: int, text: bytes | None) -> tables.Row:
        row = ndjson.row(f"item {number}", text)
        if row.fault and text is not None and not _is_grammatical(text):
            raise OSError(f"{self.name}, item {number}: {row.fault.reason}")
        return row


def _is_grammatical(text: bytes) -> bool:
    try:
        json.loads(
            text.decode(errors="replace"), parse_int=len, parse_float=len, parse_constant=len
        )
    except json.JSONDecodeError:
        return False
    except RecursionError:
        pass
    return True


def _items(data: Input) -> Iterator[bytes | None]:
    """The texts of an array's items, told apart by brackets and quotes; None for those too long.

    Raises OSError when what is in the file is not one array, to its end.
    """
    text = bytearray()
    number = depth = 0
    quoted = escaped = begun = ended = False
    for chunk in data.chunks():
        data.taken += len(chunk)
        start, at = 0, int(escaped)
        escaped = False
        while found := _TOKEN.search(chunk, at):
            token, at = found.group(), found.end()
            if quoted:
                quoted = token != b'"'
                escaped = token == b"\\" and at == len(chunk)
                at += token == b"\\"
                continue
            quoted = token == b'"'
            depth += (token in b"[{") - (token in b"]}")
            if begun and (depth > 1 or (depth == 1 and token != b",")):
                continue
            _add(text, chunk[start : found.start()])
            start = at
            if not begun:
                begun = token == b"[" and not text.strip()
                if not begun:
                    raise OSError(f"{data.name} is not a JSON array")
            elif ended:
                raise OSError(f"{data.name} continues after its array has ended, at item {number}")
            elif token == b"}":
                raise OSError(f"{data.name} is not a JSON array: }} ends it, at item {number + 1}")
            else:
                ended = token == b"]"
                if not ended or number or text.strip():
                    number += 1
                    yield None if len(text) > LONGEST else bytes(text)
            text.clear()
        _add(text, chunk[start:])
    if not ended or text.strip():
        raise OSError(f"{data.name} is not a whole JSON array: it breaks off in item {number + 1}")


def _add(text: bytearray, more: bytes) -> None:
    """Adds to a text that is not too long already."""
    if len(text) <= LONGEST:
        text += more


@dataclass(frozen=True)
class ItemsOut:
    """A JSON array with a decision a line."""

    head: bytes = b"["
    tail: bytes = b"\n]\n"

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        text = "".join(f",\n{one_line(document)}" for document in documents)
        return text[first:].encode()

    def finish(self, partial: Path, whole: Path) -> Path:
        return partial

    def count(self, file: BinaryIO) -> int:
        return sum(line.startswith(b"{") for line in file)
