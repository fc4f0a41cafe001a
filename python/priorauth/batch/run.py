"""A run: what an input holds that its output does not yet, decided."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..catalog import Guideline
from ..decider import Decider
from ..tables import Facts
from .output import Output, Stream
from .workers import Job, worked

Show = Callable[[int, int], None]
"""Is told of every piece: how many rows it has, and how far in the input it ends."""


class Engine(NamedTuple):
    """How to make what decides, what tells it from others, its guidelines and vocabulary."""

    make: Callable[[], Decider]
    identity: list[str]
    catalog: tuple[Guideline, ...]
    facts: Facts


def run(
    job: Job,
    data: BinaryIO,
    out: Output | Stream,
    *,
    workers: int,
    progress: Callable[[int | None], AbstractContextManager[Show]],
) -> None:
    """Decide the rest of an open input; `workers` is how many processes do, 0 for every core.

    `progress` is given the place that the input ends at, if it is known.
    """
    with out, progress(job.source.size(data)) as show:
        pieces = job.source.pieces(data, out.rows)
        with contextlib.closing(worked(job, pieces, workers or cores())) as decided:
            for done in decided:
                out.add(done)
                show(done.rows, done.place)
        out.finish()


def made_from(file: Path, kinds: Iterable[str], engine: Engine) -> list[Any]:
    """What the decisions depend on, as far as can be told without reading the file."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, *kinds, *engine.identity]


def cores() -> int:
    """How many processes can work at once."""
    # As many as this process may use, which can be fewer than there are.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
