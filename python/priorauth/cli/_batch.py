"""Deciding lines of JSON, a line out for every line in."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from ..client import Client
from ..errors import NotJSON
from ._reading import read_json

BATCH = 100


def decide_lines(
    client: Client, lines: Iterable[bytes], out: BinaryIO, done: Callable[[int, int], None]
) -> Counter[str]:
    """Decide each line and write its decision as a line; how often there was which outcome.

    `done` is called for every batch, with the number of its lines and their bytes.
    """
    outcomes = Counter[str]()
    numbered = enumerate(lines, 1)
    while batch := list(islice(numbered, BATCH)):
        for document in _decide(client, batch):
            outcomes[document["outcome"]] += 1
            out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
            out.write(b"\n")
        done(len(batch), sum(len(line) for _, line in batch))
    return outcomes


def _decide(client: Client, batch: list[tuple[int, bytes]]) -> Iterator[Any]:
    requests: dict[int, Any] = {}
    answers: dict[int, Any] = {}
    for number, line in batch:
        try:
            requests[number] = read_json(line)
        except NotJSON as fault:
            answers[number] = unreadable(f"line {number} is not JSON: {fault}")
    while requests:
        try:
            decisions = list(client.decide_many(requests.values(), batch_size=BATCH))
        except NotJSON as fault:
            # Such as half of a surrogate pair: text that can be read but not sent.
            number = list(requests)[fault.index or 0]
            del requests[number]
            answers[number] = unreadable(f"line {number} is not JSON: {fault}")
        else:
            answers |= zip(requests, (decision.raw for decision in decisions), strict=True)
            break
    return (answers[number] for number, _ in batch)


def unreadable(message: str) -> dict[str, Any]:
    """The decision document for what is not JSON: of the policy's form, though it was not asked."""
    return {
        "request_id": None,
        "outcome": "invalid",
        "requires_clinician_review": False,
        "guideline": None,
        "criteria": [],
        "reasons": [],
        "missing": [],
        "authorization": None,
        "notices": [],
        "errors": [{"path": "", "message": message}],
    }


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes `path`'s place once it is whole, and leaves nothing behind if it fails."""
    path = path.resolve()
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        with path.open("wb") as device:
            yield device
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with scratch.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
