"""Rows to decide, and the decisions on them: one for each row, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._json import not_json, sent_size
from ..decider import Decider, packed
from ..errors import (
    EngineError,
    NotJSON,
    PolicyChanged,
    SidecarError,
    SidecarHTTPError,
    SidecarTimeout,
    UndefinedResult,
)

if TYPE_CHECKING:
    from .columns import Facts

_PART = 100
_NO_DECISION = "it cannot be decided"
_NUMBER = re.compile(r"(?<![\w-])\d+\b")
# The errors that one request of many can cause.
_OF_ONE = (EngineError, NotJSON, SidecarHTTPError, SidecarTimeout, UndefinedResult)


class Row(NamedTuple):
    """A row: its name in messages, and its request; or why it has none, and its id if known."""

    where: str
    request: Any = None
    fault: NotJSON | None = None
    request_id: object = None


def decided(
    engine: Decider, rows: Iterable[Row], revision: str | None = None
) -> list[Mapping[str, Any]]:
    """The decision documents on rows, one for each: `invalid` for those that cannot be decided.

    When one request of a call is refused, takes too long or is too much, the call is repeated in
    parts, so that it spoils no other. A fault of the engine itself is raised as SidecarError.
    Raises PolicyChanged for a decision by another revision than `revision`, if that is given.
    """
    rows = list(rows)
    answers: dict[int, Mapping[str, Any]] = {}
    asked: list[tuple[int, int]] = []
    for number, row in enumerate(rows):
        size = None if row.fault else sent_size(row.request)
        if size is None:
            answers[number] = _invalid(row, row.fault or _unsendable(row.request))
        else:
            asked.append((number, size))
    for part in packed(asked, _PART):
        told = _told(engine, [rows[number].request for number in part], revision)
        for number, answer in zip(part, told, strict=True):
            if isinstance(answer, NotJSON):
                answer = _invalid(rows[number], answer)
            elif isinstance(answer, SidecarError):
                answer = _invalid(rows[number], NotJSON(f"{_NO_DECISION}: {answer}"))
            answers[number] = answer
    return [answers[number] for number in range(len(rows))]


def _told(
    engine: Decider, requests: list[Any], revision: str | None
) -> Iterator[Mapping[str, Any] | NotJSON | SidecarError]:
    try:
        decisions = list(engine.decide_many(requests, batch_size=len(requests)))
    except _OF_ONE as error:
        if not isinstance(error, NotJSON):
            _check(engine, error)
        fault = error
    else:
        for decision in decisions:
            if revision is not None and decision.revision != revision:
                raise PolicyChanged(
                    f"{engine.url} now decides by another policy: by the revision "
                    f"{decision.revision}, not {revision}; start anew without --resume, or resume "
                    "once it has the former policy again"
                )
            yield decision.raw
        return
    if len(requests) == 1:
        yield fault
        return
    middle = len(requests) // 2
    yield from _told(engine, requests[:middle], revision)
    yield from _told(engine, requests[middle:], revision)


def _unsendable(request: Any) -> NotJSON:
    fault = not_json(request)
    return NotJSON(f"not JSON: {fault.reason}", pointer=fault.pointer)


def _check(engine: Decider, fault: SidecarError) -> None:
    """Raises the fault when the engine cannot decide even an empty request."""
    try:
        engine.decide({})
    except SidecarError:
        pass
    else:
        return
    raise fault


def _invalid(row: Row, fault: NotJSON) -> dict[str, Any]:
    """The decision on a row that cannot be asked about, in the policy's form."""
    asked = row.request.get("request_id") if isinstance(row.request, dict) else row.request_id
    told = isinstance(asked, str) and 1 <= len(asked) <= 128 and sent_size(asked)
    return {
        "request_id": asked if told else None,
        "outcome": "invalid",
        "requires_clinician_review": False,
        "guideline": None,
        "criteria": [],
        "reasons": [],
        "missing": [],
        "authorization": None,
        "notices": [],
        "errors": [{"path": fault.pointer, "message": f"{row.where}: {fault.reason}"}],
    }


def fault_of(row: Row, error: Mapping[str, Any], facts: Facts) -> tuple[str, str]:
    """What an error of an invalid decision on a row is about, and what is wrong there.

    That is a declared fact or a section of them, "" where it is neither, and the message. It is the
    same for all rows with the same fault: without the row's place, without names and figures of its
    own.
    """
    pointer, message = error["path"], error["message"]
    fact, where = fact_at(pointer, facts), f"{row.where}: "
    if not message.startswith(where):
        return fact, message
    reason = message[len(where) :]
    if reason.startswith(_NO_DECISION):
        return fact, _NO_DECISION
    if pointer:
        reason = reason.replace(pointer, "it")
    return fact, _NUMBER.sub("…", reason)


def fact_at(pointer: str, facts: Facts) -> str:
    """The fact that a JSON Pointer leads to, or a section of facts, or a property of its items."""
    steps = pointer.split("/")[1:]
    for length in (1, 2):
        name = ".".join(steps[:length])
        if len(steps) >= length and name in facts:
            properties = facts[name].get("items", {}).get("properties", {})
            return ".".join([name, *(step for step in steps[length:] if step in properties)])
    section = steps[0] if steps else ""
    return section if any(name.startswith(f"{section}.") for name in facts) else ""
