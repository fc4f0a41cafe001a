"""Requests decided by two policies, and earlier decisions compared with those made now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from .. import tables
from ..batch.formats import Piece, Source
from ..batch.input import Input
from ..batch.run import Show, cores
from ..batch.workers import Work, worked
from ..decider import Decider
from .changes import Change, Document, Impact, is_allowed
from .log import Log, Unreadable


class Otherwise(NamedTuple):
    """A request whose decision differs: its name, what differs, and both decisions."""

    name: str
    changes: list[Change]
    old: Document
    new: Document


class Done(NamedTuple):
    """A piece compared.

    For a replay, `otherwise` has the requests with a change that is not allowed, and `unreadable`
    the rows whose decision cannot be compared, each with the reason.
    """

    rows: int
    place: int
    impact: Impact
    otherwise: list[Otherwise]
    unreadable: list[tuple[str, str]]


@dataclass(frozen=True)
class Comparing:
    """To decide each request by two policies."""

    old: Callable[[], Decider]
    new: Callable[[], Decider]
    source: Source
    nothing: Impact

    @contextlib.contextmanager
    def ready(self) -> Iterator[Callable[[Piece], Done]]:
        with self.old() as old, self.new() as new:
            yield partial(self._compare, old, new)

    def _compare(self, old: Decider, new: Decider, piece: Piece) -> Done:
        rows, _ = self.source.rows(piece)
        impact = self.nothing.copy()
        decided = zip(tables.decided(old, rows), tables.decided(new, rows), strict=True)
        for number, (before, after) in enumerate(decided, piece.before + 1):
            impact.add(_name(number, after), before, after)
        return Done(piece.length, piece.place, impact, [], [])


@dataclass(frozen=True)
class Replaying:
    """To decide the requests of a log again."""

    engine: Callable[[], Decider]
    log: Log
    nothing: Impact

    @contextlib.contextmanager
    def ready(self) -> Iterator[Callable[[Piece], Done]]:
        with self.engine() as engine:
            yield partial(self._replay, engine)

    def _replay(self, engine: Decider, piece: Piece) -> Done:
        done = Done(piece.length, piece.place, self.nothing.copy(), [], [])
        kept: list[tuple[int, Document]] = []
        rows: list[tables.Row] = []
        for number, (row, decision) in enumerate(self.log.entries(piece), piece.before + 1):
            if isinstance(decision, Unreadable):
                done.unreadable.append((f"row {number}", str(decision)))
            else:
                kept.append((number, decision))
                rows.append(row)
        for (number, before), after in zip(kept, tables.decided(engine, rows), strict=True):
            name = _name(number, after)
            changes = done.impact.add(name, before, after)
            if not all(is_allowed(each, self.nothing.allowed) for each in changes):
                done.otherwise.append(Otherwise(name, changes, before, after))
        return done


def _name(number: int, decision: Document) -> str:
    return decision["request_id"] or f"row {number}"


def run(
    work: Work[Done],
    pieces: Iterable[Piece],
    inputs: Iterable[Input],
    *,
    size: int | None,
    workers: int,
    progress: Callable[[int | None], AbstractContextManager[Show]],
) -> Iterator[Done]:
    """Do this work on all pieces, in their order; `workers` is how many processes do, 0 for every
    core. `inputs` are what they are of; `size` is the place that the last one ends at, if it is
    known. Raises EngineError unless every row that was read was compared.
    """
    with (
        progress(size) as show,
        contextlib.closing(worked(work, pieces, workers or cores())) as done,
    ):
        for each in done:
            yield each
            show(each.rows, each.place)
    for data in inputs:
        data.check()
