"""Reading JSON as it was written: what cannot be sent on unchanged is refused, not altered."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from .errors import NotJSON

_LONGEST = 400


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
