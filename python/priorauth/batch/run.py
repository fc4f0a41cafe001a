"""A run: decides the rows of an input that its output does not have yet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from ..catalog import Guideline
from ..decider import Decider
from ..tables import Facts
from .input import Input
from .output import Output, Stream
from .workers import Job, Policy, worked

Show = Callable[[int, int], None]
"""Called for every piece with the number of its rows, and how far in the input it ends."""


class Engine(NamedTuple):
    """How to make a decider, its policy and its identity, and its catalog and facts."""

    make: Callable[[], Decider]
    policy: Policy
    identity: list[str]
    catalog: tuple[Guideline, ...]
    facts: Facts


def run(
    job: Job,
    data: Input,
    out: Output | Stream,
    *,
    workers: int,
    progress: Callable[[int | None], AbstractContextManager[Show]],
) -> None:
    """Decide the rest of an open input; `workers` is the number of processes, 0 for one per core.

    `progress` is given the place where the input ends, if it is known. Raises EngineError, and
    writes no output, unless every row that was read was decided.
    """
    with out, progress(job.source.size(data)) as show:
        pieces = job.source.pieces(data, out.tally.rows)
        with contextlib.closing(worked(job, pieces, workers or cores())) as decided:
            for done in decided:
                out.add(done)
                show(done.rows, done.place)
        data.check()
        out.finish()


def made_from(file: Path, options: Iterable[Any], engine: Engine) -> list[Any]:
    """What the decisions depend on, as far as can be told without reading the file."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, *options, *engine.identity]


def cores() -> int:
    """How many processes can work at once."""
    # As many as this process may use, which can be fewer than there are.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
