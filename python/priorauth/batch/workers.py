"""Deciding pieces of a batch, in their order, on every core."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, NamedTuple

from .. import tables
from .._json import one_line
from ..decider import Decider
from ..errors import EngineFault, PolicyChanged, PriorAuthError
from .formats import Piece, Source, Target
from .tally import Tally, digests

_FEW = 4


class Policy(NamedTuple):
    """The policy that all is decided by: by its bundle's revision; or by a digest, for want of one.

    Neither is given where the policy cannot change meanwhile.
    """

    revision: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Job:
    """What a worker needs to decide pieces. It is sent to other processes."""

    engine: Callable[[], Decider]
    policy: Policy
    source: Source
    target: Target


class Done(NamedTuple):
    """A piece decided: its decisions as they are written, digests of their ids, and a tally."""

    rows: int
    place: int
    text: bytes
    ids: bytes
    tally: Tally


def policy_of(engine: Decider) -> Policy:
    """The policy that something decides by."""
    if revision := engine.decide({}).revision:
        return Policy(revision)
    told = [*(each.raw for each in engine.catalog()), engine.facts()]
    digest = hashlib.sha256("\n".join(map(one_line, told)).encode())
    return Policy(None, digest.hexdigest())


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
    rows, kept = job.source.rows(piece)
    documents = tables.decided(engine, rows, job.policy.revision)
    if len(documents) != piece.length:
        raise EngineFault(
            f"{piece.length} rows came to {len(documents)} decisions: a fault of priorauth itself, "
            "so nothing is put in place"
        )
    # Its answers do not say by what they were decided, so what it has now is taken for that.
    if job.policy.digest is not None and policy_of(engine) != job.policy:
        raise PolicyChanged(
            f"{engine.url} decides by another policy than before; begin anew without --resume, or "
            "go on once it has the former policy again"
        )
    text = job.target.encode(documents, kept, first=not piece.before)
    return Done(piece.length, piece.place, text, digests(documents), Tally.of(documents))


class _Worker:
    """A process that decides pieces, for as long as this one is there."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.busy = False

    def __enter__(self) -> _Worker:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "priorauth.batch"],
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


def work(taken: IO[bytes], given: IO[bytes]) -> None:
    """Be a worker: decide what is taken, for as long as there is someone at the other end."""

    def give(what: object) -> None:
        pickle.dump(what, given)
        given.flush()

    with contextlib.suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):
        job: Job = pickle.load(taken)
        try:
            with job.engine() as engine:
                while True:
                    give(decide_piece(engine, job, pickle.load(taken)))
        except (PriorAuthError, OSError) as error:
            give(error)
