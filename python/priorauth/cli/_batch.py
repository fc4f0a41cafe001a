"""Deciding lines of JSON, a line out for every line in."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from .._reading import read_json
from ..client import Client
from ..errors import NotJSON

BATCH = 100
LONGEST = 1 << 20


class Line(NamedTuple):
    """A line of the input, numbered from 1; no text when it is longer than `LONGEST` bytes."""

    number: int
    text: bytes | None
    size: int


def decide_lines(
    client: Client, file: BinaryIO, out: BinaryIO, done: Callable[[int, int], None]
) -> Counter[str]:
    """Decide each line and write its decision as a line; how often there was which outcome.

    `done` is called for every batch, with the number of its lines and their bytes.
    """
    outcomes = Counter[str]()
    for batch in _batches(_lines(file)):
        for document in _decide(client, batch):
            outcomes[document["outcome"]] += 1
            out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
            out.write(b"\n")
        done(len(batch), sum(line.size for line in batch))
    return outcomes


def _lines(file: BinaryIO) -> Iterator[Line]:
    for number in count(1):
        text: bytes | None = file.readline(LONGEST)
        if not text:
            return
        part, size = text, len(text)
        while not part.endswith(b"\n") and (part := file.readline(LONGEST)):
            text, size = None, size + len(part)
        yield Line(number, text, size)


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Of as many lines as a call takes, and fewer when they are long: memory stays bounded."""
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH or sum(len(each.text or b"") for each in batch) > LONGEST:
            yield batch
            batch = []
    if batch:
        yield batch


def _decide(client: Client, batch: list[Line]) -> Iterator[Any]:
    requests: dict[int, Any] = {}
    answers: dict[int, Any] = {}
    for line in batch:
        try:
            requests[line.number] = _read(line)
        except NotJSON as fault:
            answers[line.number] = unreadable(f"line {line.number} is not JSON: {fault.reason}")
    while requests:
        try:
            decisions = list(client.decide_many(requests.values(), batch_size=BATCH))
        except NotJSON as fault:
            # Such as half of a surrogate pair: text that can be read but not sent.
            number = list(requests)[fault.index or 0]
            del requests[number]
            answers[number] = unreadable(f"line {number} is not JSON: {fault.reason}")
        else:
            answers |= zip(requests, (decision.raw for decision in decisions), strict=True)
            break
    return (answers[line.number] for line in batch)


def _read(line: Line) -> Any:
    if line.text is None:
        raise NotJSON(f"it is longer than {LONGEST} bytes")
    return read_json(line.text)


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
