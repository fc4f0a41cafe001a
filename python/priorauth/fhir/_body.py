"""Reads request bodies, and interprets as little as possible: that is the rules' job."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..errors import NotJSON
from .members import Identifier

SLIM = 1 << 16
"""From this size on (bytes), what the rules need not see is left out before they are asked."""

_DEEPEST = 100

_IDENTIFIED = ("Coverage", "Patient")


def read(body: bytes) -> Any:
    """The JSON value of a body, not nested too deeply to walk; decimals keep their zeros. Raises
    NotJSON."""
    why = f"it is nested more than {_DEEPEST} deep"
    try:
        value = _DECODER.decode(body)
        if not _is_deep(value):
            return value
    except RecursionError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, ArithmeticError) as error:
        # msgspec's messages name places only.
        place = str(error).rpartition("(")[2].rstrip(")")
        why = f"see {place}" if place.startswith("byte ") else "a text or a number cannot be read"
    # Out here, so that nothing of the body is chained to it.
    raise NotJSON(why)


def write(value: object) -> bytes:
    """The JSON of a value that was read."""
    return _ENCODER.encode(value)


def _is_deep(value: Any) -> bool:
    level: list[Any] = [[value]]
    for _ in range(_DEEPEST + 1):
        level = [
            each
            for outer in level
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, (dict, list))
        ]
        if not level:
            return False
    return True


def _decimal(text: str) -> decimal.Decimal:
    value = decimal.Decimal(text)
    if not -400 < value.adjusted() < 400:
        raise ValueError
    return value


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def resources(value: object) -> Iterator[dict[str, Any]]:
    """The resources that are the values of an object or the items of an array, with those of
    Bundles and of Parameters."""
    for each in value.values() if isinstance(value, dict) else _listed(value):
        resource = each.get("resource", each) if isinstance(each, dict) else None
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            if resource["resourceType"] == "Bundle":
                yield from resources(resource.get("entry"))
            else:
                yield resource


def identifiers(found: Iterable[dict[str, Any]]) -> frozenset[Identifier]:
    """The identifiers of the persons that resources refer to."""
    return frozenset(
        (each["system"], each["value"])
        for resource in found
        if resource["resourceType"] in _IDENTIFIED
        for each in _listed(resource.get("identifier"))
        if isinstance(each, dict)
        and isinstance(each.get("system"), str)
        and isinstance(each.get("value"), str)
    )


def slim(value: Any) -> Any:
    """The same without the content of attachments and narratives: a document can be megabytes, and
    the rules only ask whether it is there."""
    if isinstance(value, dict):
        dropped = {"div"} | ({"data"} if "contentType" in value else set())
        return {name: slim(each) for name, each in value.items() if name not in dropped}
    if isinstance(value, list):
        return [slim(each) for each in value]
    return value


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
