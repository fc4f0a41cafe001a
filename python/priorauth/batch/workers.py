"""Work on the pieces of an input, such as deciding them, in their order and on every core."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import IO, Any, Generic, NamedTuple, Protocol, TypeVar

from .. import tables
from .._json import one_line
from ..decider import Decider
from ..errors import EngineError, PolicyChanged, PriorAuthError
from .formats import Piece, Source, Target
from .tally import Tally, digests

_FEW = 4

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Work(Protocol[T_co]):
    """What is done with each piece. Both it and its result are sent between processes."""

    def ready(self) -> AbstractContextManager[Callable[[Piece], T_co]]:
        """Make ready, in the process that is to do it."""


class Policy(NamedTuple):
    """The policy of a run: its bundle's revision or, without one, a digest of it.

    Neither is given when the policy cannot change during the run.
    """

    revision: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Job:
    """To decide pieces."""

    engine: Callable[[], Decider]
    policy: Policy
    facts: tables.Facts
    source: Source
    target: Target

    @contextlib.contextmanager
    def ready(self) -> Iterator[Callable[[Piece], Done]]:
        with self.engine() as engine:
            yield partial(decide_piece, engine, self)


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


def worked(work: Work[T], pieces: Iterable[Piece], workers: int) -> Generator[T, None, None]:
    """Work on pieces, in their order, in as many processes; in this one when they are few."""
    rest = iter(pieces)
    first = list(islice(rest, _FEW))
    if workers == 1 or len(first) < _FEW:
        with work.ready() as do:
            for piece in chain(first, rest):
                yield do(piece)
    else:
        with contextlib.ExitStack() as stack:
            crew = deque(stack.enter_context(_Worker(work)) for _ in range(workers))
            busy: deque[_Worker[T]] = deque()
            # A worker gets a piece only when it has none, so that neither side waits for the other
            # to read.
            for piece in chain(first, rest):
                worker = crew.popleft() if crew else busy.popleft()
                done = worker.take() if worker.busy else None
                worker.give(piece)
                busy.append(worker)
                if done is not None:
                    yield done
            for worker in busy:
                yield worker.take()


def decide_piece(engine: Decider, job: Job, piece: Piece) -> Done:
    """Decide a piece: a decision for every row, whatever is in it."""
    rows, kept = job.source.rows(piece)
    documents = tables.decided(engine, rows, job.policy.revision)
    if len(documents) != piece.length:
        raise EngineError(
            f"{piece.length} rows came to {len(documents)} decisions: a fault in priorauth itself, "
            "so no output is written"
        )
    # Its answers do not name their policy, so the policy that it has now is compared.
    if job.policy.digest is not None and policy_of(engine) != job.policy:
        raise PolicyChanged(
            f"{engine.url} now decides by another policy; start anew without --resume, or resume "
            "once it has the former policy again"
        )
    text = job.target.encode(documents, kept, first=not piece.before)
    tally = Tally.of(rows, documents, job.facts)
    return Done(piece.length, piece.place, text, digests(documents), tally)


class _Worker(Generic[T]):
    """A process that works on pieces, for as long as this one lives."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self.busy = False

    def __enter__(self) -> _Worker[T]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "priorauth.batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A terminal's Ctrl-C is for this process; the worker ends when its pipe does.
            start_new_session=True,
        )
        self._send(self._work)
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

    def take(self) -> T:
        """The result of the piece that was given."""
        assert self._process.stdout
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise EngineError(
                f"a worker process ended by itself, with exit code {self._process.wait()}; "
                "check whether the machine has memory left, or use fewer --workers"
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        done: T = answer
        return done

    def _send(self, what: object) -> None:
        assert self._process.stdin
        _send(what, self._process.stdin)


def work(taken: IO[bytes], given: IO[bytes]) -> None:
    """Be a worker: work on what comes in until the other end closes."""

    received = _received(taken)
    for task in received:
        try:
            with task.ready() as do:
                for piece in received:
                    _send(do(piece), given)
        except (PriorAuthError, OSError) as error:
            _send(error, given)
        return


def _received(taken: IO[bytes]) -> Iterator[Any]:
    """What is sent, until the other end is closed."""
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(taken)


def _send(what: object, given: IO[bytes]) -> None:
    # That nobody is at the other end any more shows when something is to come from there.
    with contextlib.suppress(BrokenPipeError):
        pickle.dump(what, given)
        given.flush()
