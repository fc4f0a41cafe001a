"""Deciding many requests, file to file, on every core, and going on where it was broken off."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pickle
import stat
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from .. import tables
from ..decider import Decider
from ..errors import ConfigurationError, EngineFault, PriorAuthError
from ._formats import Piece, Source, Target

_FEW = 4
_COMMIT_S = 1.0


@dataclass(frozen=True)
class Job:
    """What a worker needs to decide pieces. It is sent to other processes."""

    engine: Callable[[], Decider]
    source: Source
    target: Target


class Done(NamedTuple):
    """A piece decided: its decisions as they are written, and how often there is which outcome."""

    rows: int
    place: int
    text: bytes
    outcomes: Counter[str]


def decided(job: Job, pieces: Iterable[Piece], workers: int) -> Generator[Done, None, None]:
    """Decide pieces, in their order, in as many processes; in this one when they are few."""
    rest = iter(pieces)
    first = list(islice(rest, _FEW))
    if workers == 1 or len(first) < _FEW:
        with job.engine() as engine:
            for piece in chain(first, rest):
                yield decide_piece(engine, job, piece)
    else:
        with contextlib.ExitStack() as stack:
            crew = deque(stack.enter_context(_Worker(job)) for _ in range(workers))
            busy: deque[_Worker] = deque()
            # A worker is given a piece only when it has none, so that neither waits for the other
            # to read.
            for piece in chain(first, rest):
                worker = crew.popleft() if crew else busy.popleft()
                done = worker.take() if worker.busy else None
                worker.give(piece)
                busy.append(worker)
                if done:
                    yield done
            for worker in busy:
                yield worker.take()


def decide_piece(engine: Decider, job: Job, piece: Piece) -> Done:
    """Decide a piece: a decision for every row, whatever is in it."""
    documents = tables.decided(engine, job.source.rows(piece))
    outcomes = Counter(document["outcome"] for document in documents)
    return Done(piece.length, piece.place, job.target.encode(documents), outcomes)


# --------------------------------------------------------------------------------------------
# Workers
# --------------------------------------------------------------------------------------------


class _Worker:
    """A process that decides pieces, for as long as this one is there."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.busy = False

    def __enter__(self) -> _Worker:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "priorauth.cli._batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A terminal's Ctrl-C is for us; it ends when its pipe does.
            start_new_session=True,
        )
        self._send(self._job)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with contextlib.suppress(OSError):
                pipe.close()
        self._process.wait()

    def give(self, piece: Piece) -> None:
        self._send(piece)
        self.busy = True

    def take(self) -> Done:
        """What has become of the piece that was given."""
        assert self._process.stdout
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise EngineFault(
                f"a worker process ended of itself, with exit code {self._process.wait()}; "
                "see whether the machine has memory left, or take fewer --workers"
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Done)
        return answer

    def _send(self, what: object) -> None:
        assert self._process.stdin
        # A worker that has ended says so when it is asked for what it did.
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(what, self._process.stdin)
            self._process.stdin.flush()


def _work(taken: IO[bytes], given: IO[bytes]) -> None:
    def give(what: object) -> None:
        pickle.dump(what, given)
        given.flush()

    # It ends when there is no one any more to take from, or to give to.
    with contextlib.suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):
        job: Job = pickle.load(taken)
        try:
            with job.engine() as engine:
                while True:
                    give(decide_piece(engine, job, pickle.load(taken)))
        except (PriorAuthError, OSError) as error:
            give(error)


# --------------------------------------------------------------------------------------------
# The output
# --------------------------------------------------------------------------------------------


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


if __name__ == "__main__":
    # What else is printed must not get among the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    from priorauth.cli import _batch

    with contextlib.suppress(BrokenPipeError), open(answers, "wb") as given:
        _batch._work(sys.stdin.buffer, given)
