"""A run: what an input holds that its output does not yet, decided."""

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
"""Is told of every piece: how many rows it has, and how far in the input it ends."""


class Engine(NamedTuple):
    """How to make what decides, by which policy, what tells it from others, and what it knows."""

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
    """Decide the rest of an open input; `workers` is how many processes do, 0 for every core.

    `progress` is given the place that the input ends at, if it is known. Raises EngineError, and
    puts nothing in place, unless all that went in came out.
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
