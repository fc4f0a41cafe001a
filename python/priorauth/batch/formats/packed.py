"""Text compressed with gzip: one member for each piece, so that a run can be resumed."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from .base import Kept, Target


@dataclass(frozen=True)
class Packed:
    """Another target's text, packed."""

    target: Target

    @property
    def head(self) -> bytes:
        return _packed(self.target.head)

    @property
    def tail(self) -> bytes:
        return _packed(self.target.tail)

    def encode(self, documents: Sequence[Mapping[str, Any]], kept: Kept, *, first: bool) -> bytes:
        return _packed(self.target.encode(documents, kept, first=first))

    def finish(self, partial: Path, whole: Path) -> Path:
        return self.target.finish(partial, whole)

    def count(self, file: BinaryIO) -> int:
        with gzip.GzipFile(fileobj=file) as text:
            return self.target.count(cast("BinaryIO", text))


def _packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0) if text else b""
