"""Where the decisions of a batch go: a file with a journal beside it, or a stream."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import stat
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..errors import ConfigurationError
from .files import create, open_own, sync, sync_folder
from .formats import Target
from .tally import Tally, repeated
from .workers import Done

_COMMIT_S = 1.0
_LONGEST_NAME = 255 - len(".") - len(".journal.new")


class Output:
    """A file that gets its name once it is complete; until then the run can be resumed.

    Decisions are added to `.NAME.partial`, and digests of the request ids to `.NAME.ids`.
    `.NAME.journal` says how much of both counts: numbers, and what the run depends on. All are
    beside the file, for their owner only.
    """

    def __init__(
        self, path: Path, target: Target, made_from: list[Any] | None, *, resume: bool
    ) -> None:
        """`made_from` says what the decisions depend on; None when the run cannot be resumed."""
        self._path = _resolved(path)
        if len(os.fsencode(self._path.name)) > _LONGEST_NAME:
            raise ConfigurationError(
                f"{self._path} has a name too long for the files beside it; take one of "
                f"{_LONGEST_NAME} bytes or fewer"
            )
        self._partial, self._ids_path, self._whole, self._journal = (
            self._path.with_name(f".{self._path.name}.{part}")
            for part in ("partial", "ids", "whole", "journal")
        )
        self._target = target
        self._made_from = made_from
        self._resume = resume
        self._committed = 0.0
        self._complete: Path | None = None
        self._repeated = 0
        # One object, so that an interrupt finds it complete, before or after a piece.
        self._state = _State(0, 0, Tally())

    @property
    def tally(self) -> Tally:
        """What has been decided."""
        return self._state.tally

    @property
    def repeated(self) -> int:
        """How many decisions have the request id of one before them."""
        return self._repeated

    @property
    def can_be_resumed(self) -> bool:
        """Whether there is a run to resume."""
        return self._journal.exists()

    def __enter__(self) -> Output:
        """Start, or resume an interrupted run.

        Raises ConfigurationError when another run is writing it, or started it from another input.
        """
        self._file = open_own(self._partial)
        try:
            self._lock()
            if self._resume and self._journal.exists():
                self._state = self._found()
            else:
                self._journal.unlink(missing_ok=True)
            self._ids = open_own(self._ids_path)
        except BaseException:
            self._file.close()
            raise
        for file, size in ((self._file, self._state.size), (self._ids, self._state.ids)):
            file.truncate(size)
            file.seek(size)
        if not self._state.size:
            self._write(self._target.head, b"", Tally())
        return self

    def add(self, done: Done) -> None:
        """Add a piece."""
        self._write(done.text, done.ids, done.tally)
        if self._made_from is not None and time.monotonic() - self._committed > _COMMIT_S:
            self._commit()

    def finish(self) -> None:
        """Finish the file: all of its pieces are there."""
        self._file.write(self._target.tail)
        sync(self._file)
        self._complete = self._made()
        self._repeated = repeated(self._ids)
        # The journal first: leftovers without one are started anew, and never taken for complete.
        self._journal.unlink(missing_ok=True)
        self._complete.replace(self._path)
        sync_folder(self._path.parent)

    def _made(self) -> Path:
        """The whole file. It is dropped unless it has a decision for each row decided."""
        try:
            made = self._target.finish(self._partial, self._whole)
            with made.open("rb") as file:
                count = self._target.count(file)
        except ConfigurationError:
            raise
        except (ValueError, EOFError, zlib.error, csv.Error):
            why = "cannot be read again"
        else:
            if count == self.tally.rows:
                return made
            why = f"holds {count} decisions for {self.tally.rows} rows"
        self._journal.unlink(missing_ok=True)
        self._made_from = None
        raise OSError(f"what was written to {self._partial} {why}, and is dropped; start anew")

    def __exit__(self, *_: object) -> None:
        # Looked up, not remembered: an interrupt can come right after it was moved to its name.
        finished = self._complete is not None and not self._complete.exists()
        try:
            # If it is not a file, it is not ours.
            with contextlib.suppress(OSError):
                self._whole.unlink(missing_ok=True)
            if self._made_from is not None and self.tally.rows and not finished:
                self._commit()
            else:
                self._partial.unlink(missing_ok=True)
                self._ids_path.unlink(missing_ok=True)
        finally:
            self._file.close()
            self._ids.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another run may have replaced it meanwhile.
            if os.path.samestat(os.fstat(self._file.fileno()), self._partial.stat()):
                return
        except (BlockingIOError, FileNotFoundError):
            pass
        except OSError as error:
            # As some network file systems have it. Unlocked, two runs could write to it at once.
            why = f"cannot be locked: {error.strerror}; write to another file system"
            raise OSError(error.errno, why, str(self._partial)) from None
        raise ConfigurationError(f"{self._path} is being written by another run")

    def _found(self) -> _State:
        try:
            with open_own(self._journal) as file:
                journal = json.loads(file.read())
            tally = Tally.read(journal["tally"])
            state = _State(int(journal["size"]), int(journal["ids"]), tally)
            made_from = journal["made_from"]
            sound = tally.rows > 0 and min(state[:2]) >= 0
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):
            sound = False
        if not sound:
            raise ConfigurationError(
                f"the journal {self._journal} cannot be read; start anew without --resume"
            )
        if self._made_from is None or made_from != self._made_from:
            raise ConfigurationError(
                f"{self._path} was started from another input or policy, by another engine or with "
                "other options; start anew without --resume"
            )
        for path, size in ((self._partial, state.size), (self._ids_path, state.ids)):
            if not path.exists() or path.stat().st_size < size:
                raise ConfigurationError(f"{path} has been cut short; start anew without --resume")
        return state

    def _write(self, text: bytes, ids: bytes, tally: Tally) -> None:
        self._file.write(text)
        self._ids.write(ids)
        before = self._state
        self._state = _State(before.size + len(text), before.ids + len(ids), before.tally + tally)

    def _commit(self) -> None:
        for file, size in ((self._file, self._state.size), (self._ids, self._state.ids)):
            file.truncate(size)
            sync(file)
        scratch = self._journal.with_name(f"{self._journal.name}.new")
        journal = {
            "size": self._state.size,
            "ids": self._state.ids,
            "tally": self.tally.saved(),
            "made_from": self._made_from,
        }
        with create(scratch) as file:
            file.write(json.dumps(journal).encode())
            sync(file)
        scratch.replace(self._journal)
        sync_folder(self._path.parent)
        self._committed = time.monotonic()


class _State(NamedTuple):
    size: int
    ids: int
    tally: Tally


class Stream:
    """An output that is not a file of ours: standard output, or a device."""

    can_be_resumed = False
    repeated = 0

    def __init__(self, file: BinaryIO, target: Target) -> None:
        self._file = file
        self._target = target
        self.tally = Tally()

    def __enter__(self) -> Stream:
        self._ids = tempfile.TemporaryFile()
        self._file.write(self._target.head)
        return self

    def __exit__(self, *_: object) -> None:
        self._ids.close()

    def add(self, done: Done) -> None:
        self._file.write(done.text)
        self._ids.write(done.ids)
        self.tally += done.tally

    def finish(self) -> None:
        self._file.write(self._target.tail)
        self._file.flush()
        self.repeated = repeated(self._ids)


def is_file(path: Path) -> bool:
    """Whether a file of ours can be there."""
    return not path.exists() or stat.S_ISREG(path.stat().st_mode)


def _resolved(path: Path) -> Path:
    with contextlib.suppress(OSError, RuntimeError):
        resolved = path.resolve()
        if not resolved.is_symlink():
            return resolved
    raise ConfigurationError(f"{path} cannot be written: its links form a loop")
