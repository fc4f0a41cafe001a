"""Strict reading of what a sidecar answers: every fault is a MalformedResult that says where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NoReturn, TypeVar

from .errors import MalformedResult

T = TypeVar("T")

Object = dict[str, Any]

# A place in a document: empty at its root, else the parent's place, and the key or index in it.
# Only a fault makes it a JSON Pointer, so that reading a sound document stays cheap.
At = tuple[()] | tuple["At", "str | int"]


def token(key: object) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def pointer(at: At) -> str:
    return f"{pointer(at[0])}/{token(at[1])}" if at else ""


def malformed(at: At, what: str) -> NoReturn:
    where = pointer(at)
    raise MalformedResult(
        f"the sidecar's answer is malformed at {where or 'its root'}: {what}; "
        "check that it serves the policy this client was released with",
        pointer=where,
    )


def expected(what: str, document: Object, key: str, at: At) -> NoReturn:
    malformed((at, key), f"expected {what}" if key in document else "missing")


def mapping(value: object, at: At) -> Object:
    if type(value) is not dict:
        malformed(at, "expected an object")
    return value


def member(document: Object, key: str, at: At) -> Any:
    if key not in document:
        expected("something", document, key, at)
    return document[key]


def text(document: Object, key: str, at: At) -> str:
    value = document.get(key)
    if type(value) is not str:
        expected("a string", document, key, at)
    return value


def text_or_none(document: Object, key: str, at: At) -> str | None:
    return None if member(document, key, at) is None else text(document, key, at)


def flag(document: Object, key: str, at: At) -> bool:
    value = document.get(key)
    if type(value) is not bool:
        expected("true or false", document, key, at)
    return value


def numbers(document: Object, key: str, at: At) -> dict[str, int | float]:
    """A member that is an object of numbers; whole ones are ints, however they are written."""
    value = mapping(member(document, key, at), (at, key))
    for name, number in value.items():
        if type(number) not in (int, float):
            expected("a number", value, name, (at, key))
    return {
        name: int(number) if float(number).is_integer() else number
        for name, number in value.items()
    }


def day(document: Object, key: str, at: At) -> date:
    value = text(document, key, at)
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    # fromisoformat takes more spellings in newer Pythons; the contract has one.
    if found is None or found.isoformat() != value:
        expected("a date, YYYY-MM-DD", document, key, at)
    return found


def day_or_none(document: Object, key: str, at: At) -> date | None:
    return None if member(document, key, at) is None else day(document, key, at)


def one_of(choices: tuple[str, ...], document: Object, key: str, at: At) -> Any:
    value = text(document, key, at)
    if value not in choices:
        expected(f"one of {', '.join(choices)}", document, key, at)
    return value


def texts(document: Object, key: str, at: At) -> tuple[str, ...]:
    value = document.get(key)
    if type(value) is not list or not all(type(item) is str for item in value):
        expected("an array of strings", document, key, at)
    return tuple(value)


def items(value: object, at: At, read: Callable[[Object, At], T]) -> tuple[T, ...]:
    """An array of objects, each read by `read`."""
    if type(value) is not list:
        malformed(at, "expected an array")
    return tuple([read(mapping(item, (at, n)), (at, n)) for n, item in enumerate(value)])


def listed(document: Object, key: str, at: At, read: Callable[[Object, At], T]) -> tuple[T, ...]:
    """A member that is an array of objects, each read by `read`."""
    return items(member(document, key, at), (at, key), read)


def optional(document: Object, key: str, at: At, read: Callable[[Object, At], T]) -> T | None:
    """A member that is null, or an object read by `read`."""
    value = member(document, key, at)
    return None if value is None else read(mapping(value, (at, key)), (at, key))
