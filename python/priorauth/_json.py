"""JSON, read and written without altering what it says.

Values that cannot be sent unchanged are refused, and no error quotes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ._document import token
from .errors import NotJSON

_LONGEST = 400
_DEEPEST = 1000


def read_json(text: bytes) -> Any:
    """The JSON value in a UTF-8 text (a byte order mark is let through).

    Raises NotJSON, which quotes nothing of the text. Takes time in proportion to the text's length.
    """
    try:
        return json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except NotJSON:
        raise
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8"
    except json.JSONDecodeError as error:
        why = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        why = "it is nested too deeply"
    # Raised out here: the decoder's exceptions hold the text.
    raise NotJSON(why)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJSON("an object has a key more than once")
    return found


def _constant(name: str) -> Any:
    raise NotJSON(f"{name} is not a JSON number")


def _int(digits: str) -> int:
    if len(digits) > _LONGEST:
        raise NotJSON(f"a number has more than {_LONGEST} digits")
    return int(digits)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJSON("a number is too large to be sent")
    # Rounding could turn a dose that no guideline lists into one that it does.
    if len(text) > _LONGEST or _exact(text) != Decimal(repr(value)):
        raise NotJSON("a number cannot be sent without rounding it")
    return value


def _exact(text: str) -> Decimal | None:
    """The number that is written; None for an exponent that not even a Decimal can have."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def encode(body: Any) -> bytes:
    """The body of a call, `{"input": …}`, as JSON. Raises NotJSON with a pointer into the input."""
    encoded = to_json(body)
    if encoded is None:
        raise not_json(body["input"])
    return encoded


def to_json(value: object) -> bytes | None:
    """The value as JSON, None when it cannot be written so."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        # None, and no exception chained to it: the encoder's own quotes the value.
        return None


def sent_size(request: object) -> int | None:
    """Its bytes when it is sent, as one of a batch too; None when it cannot be."""
    text = to_json({"input": {"requests": [request]}})
    return None if text is None else len(text)


def one_line(document: Mapping[str, Any]) -> str:
    """A decision document as one line of JSON, the same by whichever engine it was made."""
    return json.dumps(_whole(document), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _whole(value: Any) -> Any:
    """Numbers that are whole as whole ones: one engine writes 20 where another writes 20.0."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return value


def not_json(document: object, *, index: int | None = None) -> NotJSON:
    """The error that says where a document cannot be written as JSON, and why."""
    # Each value with the steps to it, as pairs of the steps before and the last, and their number.
    rest: list[tuple[Any, Any, int]] = [(None, document, 0)]
    steps, fault = None, "nested too deeply, or a part of itself"
    while rest:
        at, value, depth = rest.pop()
        children: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, dict):
            if any(to_json({key: None}) is None for key in value):
                steps, fault = at, "an object with a key that is not text"
                break
            children = value.items()
        elif isinstance(value, (list, tuple)):
            children = enumerate(value)
        elif to_json(value) is None:
            steps, fault = at, _fault(value)
            break
        if depth == _DEEPEST:
            break
        rest.extend(((at, key), each, depth + 1) for key, each in reversed(list(children)))
    path = _pointer(steps)
    return NotJSON(f"{path or 'it'} is {fault}", pointer=path, index=index)


def _fault(value: object) -> str:
    if isinstance(value, str):
        return "a string with half of a surrogate pair"
    if isinstance(value, (int, float)):
        return "a number that JSON cannot hold: not finite, or of thousands of digits"
    return f"of type {type(value).__name__}"


def _pointer(steps: Any) -> str:
    names = []
    while steps is not None:
        steps, name = steps
        names.append(f"/{token(str(name))}")
    return "".join(reversed(names))
