"""Where the decisions of a batch go: a file with a journal beside it, or a stream."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from ..errors import ConfigurationError
from .formats import Target
from .workers import Done

_COMMIT_S = 1.0


def _resolved(path: Path) -> Path:
    with contextlib.suppress(OSError, RuntimeError):
        resolved = path.resolve()
        if not resolved.is_symlink():
            return resolved
    raise ConfigurationError(f"{path} cannot be written: its links lead nowhere but round")


class Output:
    """A file that takes its place once it is whole; until then, what can be gone on with.

    What is decided is added to `.NAME.partial`, and `.NAME.journal` says how much of that counts:
    numbers, and what it was made from and by. Both are beside the file, for their owner only.
    """

    def __init__(
        self, path: Path, target: Target, made_from: list[Any] | None, *, resume: bool
    ) -> None:
        """`made_from` says what the decisions depend on; None when it cannot be had again."""
        self._path = _resolved(path)
        self._partial, self._whole, self._journal = (
            self._path.with_name(f".{self._path.name}.{part}")
            for part in ("partial", "whole", "journal")
        )
        self._target = target
        self._made_from = made_from
        self._resume = resume
        self._committed = 0.0
        self._finished = False
        # In one place, so that an interrupt finds all of it from before or from after a piece.
        self._state = _State(0, 0, Counter())

    @property
    def rows(self) -> int:
        """The rows that have been decided."""
        return self._state.rows

    @property
    def outcomes(self) -> Counter[str]:
        """How often there is which outcome."""
        return self._state.outcomes

    @property
    def can_be_resumed(self) -> bool:
        """Whether there is something to go on with."""
        return self._journal.exists()

    def __enter__(self) -> Output:
        """Begin, or go on where another run was broken off.

        Raises ConfigurationError when another run is at it, or began it from something else.
        """
        self._file = _owners(self._partial, os.O_RDWR)
        try:
            self._lock()
            if self._resume and self._journal.exists():
                self._state = self._found()
            else:
                self._journal.unlink(missing_ok=True)
        except BaseException:
            self._file.close()
            raise
        self._file.truncate(self._state.size)
        self._file.seek(self._state.size)
        if not self._state.size:
            self._write(self._target.head, 0, Counter())
        return self

    def add(self, done: Done) -> None:
        """Add a piece."""
        self._write(done.text, done.rows, done.outcomes)
        if self._made_from is not None and time.monotonic() - self._committed > _COMMIT_S:
            self._commit()

    def finish(self) -> None:
        """All of it is there."""
        _sync(self._file)
        made = self._target.finish(self._partial, self._whole)
        # The journal first: what is left without one is begun anew, and never taken for whole.
        self._journal.unlink(missing_ok=True)
        made.replace(self._path)
        self._partial.unlink(missing_ok=True)
        _sync_folder(self._path.parent)
        self._finished = True

    def __exit__(self, *_: object) -> None:
        try:
            self._whole.unlink(missing_ok=True)
            if self._finished:
                return
            if self._made_from is not None and self.rows:
                self._commit()
            else:
                self._partial.unlink(missing_ok=True)
        finally:
            self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Not what another run has put in its place meanwhile.
            if os.path.samestat(os.fstat(self._file.fileno()), self._partial.stat()):
                return
        except OSError:
            pass
        raise ConfigurationError(f"{self._path} is being written by another run")

    def _found(self) -> _State:
        journal = json.loads(self._journal.read_bytes())
        if self._made_from is None or journal["made_from"] != self._made_from:
            raise ConfigurationError(
                f"{self._path} was begun from another input or policy, or by another engine; "
                "begin it anew without --resume"
            )
        if os.fstat(self._file.fileno()).st_size < journal["size"]:
            raise ConfigurationError(
                f"{self._partial} has been cut short; begin anew without --resume"
            )
        return _State(journal["size"], journal["rows"], Counter(journal["outcomes"]))

    def _write(self, text: bytes, rows: int, outcomes: Counter[str]) -> None:
        self._file.write(text)
        before = self._state
        self._state = _State(
            before.size + len(text), before.rows + rows, before.outcomes + outcomes
        )

    def _commit(self) -> None:
        self._file.truncate(self._state.size)
        _sync(self._file)
        scratch = self._journal.with_name(f"{self._journal.name}.new")
        journal = {**self._state._asdict(), "made_from": self._made_from}
        with _owners(scratch, os.O_RDWR | os.O_TRUNC) as file:
            file.write(json.dumps(journal).encode())
            _sync(file)
        scratch.replace(self._journal)
        _sync_folder(self._path.parent)
        self._committed = time.monotonic()


class _State(NamedTuple):
    size: int
    rows: int
    outcomes: Counter[str]


def _owners(path: Path, flags: int) -> BinaryIO:
    """A file for its owner only, as what is decided of members is."""
    return open(os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")


def _sync(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Stream:
    """An output that is no file of ours: standard output, or a device."""

    rows = 0
    can_be_resumed = False

    def __init__(self, file: BinaryIO, target: Target) -> None:
        self._file = file
        self._target = target
        self.outcomes = Counter[str]()

    def __enter__(self) -> Stream:
        self._file.write(self._target.head)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, done: Done) -> None:
        self._file.write(done.text)
        self.outcomes += done.outcomes

    def finish(self) -> None:
        self._file.flush()


def is_file(path: Path) -> bool:
    """Whether a file of ours can be there."""
    return not path.exists() or stat.S_ISREG(path.stat().st_mode)
