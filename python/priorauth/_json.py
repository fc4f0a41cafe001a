"""JSON, read and written so that what it says is not altered on the way.

What cannot be sent on unchanged is refused, and no error quotes a value of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ._document import token
from .errors import NotJSON

_LONGEST = 400
_DEEPEST = 1000


def read_json(text: bytes) -> Any:
    """The JSON value in a UTF-8 text (a byte order mark is let through).

    Raises NotJSON, which quotes nothing of the text but the name of a key that is there twice.
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
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise NotJSON(f"an object has the key {json.dumps(twice[:40])} more than once")
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
    if len(text) > _LONGEST or Decimal(text) != Decimal(repr(value)):
        raise NotJSON("a number cannot be sent without rounding it")
    return value


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


def is_json(request: object) -> bool:
    """Whether it can be sent, as one of a batch too."""
    return to_json({"input": {"requests": [request]}}) is not None


def one_line(document: Mapping[str, Any]) -> str:
    """A decision document as one line of JSON, the same by whichever engine it was made."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def not_json(document: object, *, index: int | None = None) -> NotJSON:
    """The error that says where a document cannot be written as JSON, and why."""
    at, value = "", document
    for _ in range(_DEEPEST):
        children: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, dict):
            children = value.items()
        elif isinstance(value, (list, tuple)):
            children = enumerate(value)
        child = next(((key, item) for key, item in children if to_json(item) is None), None)
        if child is None:
            break
        at, value = f"{at}/{token(str(child[0]))}", child[1]
    if isinstance(value, dict) and any(to_json({key: None}) is None for key in value):
        fault = "an object with a key that is not text"
    elif isinstance(value, (dict, list, tuple)):
        at, fault = "", "nested too deeply, or a part of itself"
    elif isinstance(value, str):
        fault = "a string with half of a surrogate pair"
    elif isinstance(value, (int, float)):
        fault = "a number that JSON cannot hold: not finite, or of thousands of digits"
    else:
        fault = f"of type {type(value).__name__}"
    return NotJSON(f"{at or 'it'} is {fault}", pointer=at, index=index)
