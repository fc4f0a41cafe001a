"""The file that a batch reads: unpacked, in UTF-8, and with a count of what was processed."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import BinaryIO, cast

from ..errors import ConfigurationError, EngineError
from ..tables.columns import LONGEST as LONGEST

_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Input:
    """An open file of requests. What it holds is read once.

    `blank` counts the empty rows, which are not requests. `taken` is how many lines (or bytes, or
    rows) were processed or found blank. `passed` is how many there were, counted in another way: in
    the end the two are equal, or something is lost.
    """

    def __init__(self, file: BinaryIO, name: str, encoding: str | None = None) -> None:
        """Raises ConfigurationError for an unknown encoding, OSError for broken gzip."""
        # A file whose beginning can be read ahead.
        file = file if hasattr(file, "peek") else cast("BinaryIO", io.BufferedReader(file))
        self.file, self.name = file, name
        self.blank = self.taken = self.passed = 0
        self._packed = _peek(file).startswith(_GZIP)
        self._data = gzip.GzipFile(fileobj=file) if self._packed else file
        self.head = self._unpacked(lambda: _peek(self._data))
        found = next((each for mark, each in _MARKS.items() if self.head.startswith(mark)), None)
        self.encoding = _known(encoding or found or "utf-8")
        if found:
            self.head = self.head.decode(found, "replace").encode().removeprefix(codecs.BOM_UTF8)
        self._is_narrow = not encoding and not found

    @property
    def is_parquet(self) -> bool:
        """Whether it begins as Parquet does."""
        return self.head.startswith(b"PAR1")

    @property
    def is_zip(self) -> bool:
        """Whether it begins as a zip file does, and so as a workbook of Excel."""
        return self.head.startswith(b"PK\x03\x04")

    def whole(self, kind: str) -> BinaryIO:
        """The file itself, for readers that seek in it. Raises ConfigurationError."""
        if self._packed:
            raise ConfigurationError(
                f"{self.name} is gzip, but {kind} is compressed already; unpack it"
            )
        if not self.file.seekable():
            raise ConfigurationError(f"{kind} cannot be read from standard input; name a file")
        if self.encoding != "utf-8":
            raise ConfigurationError(f"--encoding is for text, and {kind} is not text")
        return self.file

    def place(self) -> int:
        """How far it has been read; 0 when that cannot be told."""
        return self.file.tell() if self.file.seekable() else 0

    def size(self) -> int | None:
        """What `place` will be in the end; None when that is not known."""
        if not self.file.seekable():
            return None
        here = self.file.tell()
        size = self.file.seek(0, io.SEEK_END)
        self.file.seek(here)
        return size

    def chunks(self) -> Iterator[bytes]:
        """What it holds, in UTF-8, save bytes invalid in its encoding. Counts the bytes."""
        if self._is_narrow and b"\0" in self.head[:16]:
            raise ConfigurationError(
                f"{self.name} has NUL bytes where text begins; if it is UTF-16 without a byte "
                "order mark, use --encoding utf-16-le"
            )
        marked = self._unpacked(lambda: _peek(self._data)).startswith(codecs.BOM_UTF8)
        decoder = codecs.getincrementaldecoder(self.encoding)("priorauth.marked")
        while chunk := self._unpacked(lambda: _some(self._data)):
            if self.encoding != "utf-8":
                chunk = self._decoded(decoder, chunk)
            elif marked:
                chunk, marked = chunk.removeprefix(codecs.BOM_UTF8), False
            self.passed += len(chunk)
            if chunk:
                yield chunk
        if rest := self._decoded(decoder, b"", final=True):
            self.passed += len(rest)
            yield rest

    def _decoded(
        self, decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False
    ) -> bytes:
        try:
            return _utf8(decoder.decode(chunk, final))
        except UnicodeError:
            raise OSError(
                f"{self.name} is not {self.encoding}, or lacks the byte order mark that starts it; "
                "in that case use --encoding utf-16-le or the like"
            ) from None

    @cached_property
    def lines(self) -> Iterator[bytes | None]:
        """Its lines with their ends, whichever they are; None for one that is too long to read.

        Counts them too: `passed` is of lines.
        """
        return self._lines()

    def _lines(self) -> Iterator[bytes | None]:
        counted = _Ends()
        pending, too_long = b"", False
        for chunk in self.chunks():
            self.passed = counted.add(chunk)
            parts = (pending + chunk).splitlines(keepends=True)
            # A line end may be only the first half of one.
            pending = b"" if parts[-1].endswith(b"\n") else parts.pop()
            for part in parts:
                yield None if too_long or len(part) > LONGEST else part
                too_long = False
            if too_long or len(pending) > LONGEST:
                pending, too_long = pending[-1:], True
        if pending:
            yield None if too_long else pending

    def check(self) -> None:
        """Raises EngineError unless all of it has been taken."""
        if self.taken != self.passed:
            raise EngineError(
                f"of {self.passed} lines, bytes or rows in {self.name}, {self.taken} were taken: "
                "a fault in priorauth itself, so the result is not whole"
            )

    def _unpacked(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise OSError(f"{self.name} breaks off: it is not a whole gzip file") from None


class _Ends:
    """Counts lines by their ends."""

    def __init__(self) -> None:
        self._ends = 0
        self._last = b""

    def add(self, chunk: bytes) -> int:
        """How many lines there are with this chunk, the last without an end."""
        text = self._last + chunk
        ended = text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
        self._ends += ended - (self._last in (b"\n", b"\r"))
        self._last = text[-1:]
        return self._ends + (self._last not in (b"\n", b"\r"))


def _known(encoding: str) -> str:
    try:
        "".encode(encoding)
        # Some cannot decode in parts, or support no error handlers.
        codecs.getincrementaldecoder(encoding)("priorauth.marked").decode(b"a")
    except (LookupError, UnicodeError):
        raise ConfigurationError(
            f"there is no encoding {encoding!r}; some are utf-8, cp1252, utf-16"
        ) from None
    return codecs.lookup(encoding).name


def _marked(error: UnicodeError) -> tuple[str, int]:
    """Replace bytes that are invalid in an encoding by one that is invalid in UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("priorauth.marked", _marked)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _peek(file: BinaryIO | gzip.GzipFile) -> bytes:
    return bytes(file.peek(_CHUNK))  # type: ignore[union-attr]


def _some(file: BinaryIO | gzip.GzipFile) -> bytes:
    return bytes(file.read1(_CHUNK))  # type: ignore[union-attr]
