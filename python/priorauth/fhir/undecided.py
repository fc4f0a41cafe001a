"""The answer while nothing can be decided: never empty, and nothing invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from . import _body


class Technical(msgspec.Struct):
    """What the rules say to assert then: an extension, of orders of these types."""

    extension: dict[str, Any]
    types: list[str]


def undecided(
    technical: Technical,
    called: Mapping[str, Any],
    prefetched: list[dict[str, Any]],
    instant: str,
    identity: str,
) -> list[dict[str, Any]] | None:
    """The system actions that assert it of each order of a call; None unless there is exactly one
    Coverage.

    `called` is the call and `prefetched` its prefetched resources; `instant` and `identity` are
    when it came in, and an id for it.
    """
    coverages = {
        each["id"]
        for each in prefetched
        if each["resourceType"] == "Coverage" and isinstance(each.get("id"), str)
    }
    if len(coverages) != 1:
        return None
    coverage = {"url": "coverage", "valueReference": {"reference": f"Coverage/{coverages.pop()}"}}
    url = technical.extension["url"]
    actions: list[dict[str, Any]] = []
    for order in _orders(called, prefetched):
        if order["resourceType"] not in technical.types:
            continue
        parts = [
            coverage,
            *technical.extension["extension"],
            {"url": "date", "valueDate": instant[:10]},
            {"url": "coverage-assertion-id", "valueString": f"{identity}.{len(actions) + 1}"},
        ]
        kept = [each for each in _list(order.get("extension")) if not _is_of(each, url, coverage)]
        asserted = {"url": url, "extension": parts}
        actions.append(
            {
                "type": "update",
                "description": "Add that the plan could not decide to the order",
                "resource": {**order, "extension": [*kept, asserted]},
            }
        )
    return actions


def _is_of(extension: Any, url: str, coverage: dict[str, Any]) -> bool:
    """Whether an extension says what the plan covers, by this coverage."""
    return (
        isinstance(extension, dict)
        and extension.get("url") == url
        and coverage in _list(extension.get("extension"))
    )


def _orders(
    called: Mapping[str, Any], prefetched: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The orders that a call is about."""
    context = called.get("context")
    if not isinstance(context, dict):
        return
    drafted = context.get("draftOrders")
    drafts = _body.resources([drafted])
    if called.get("hook") == "order-sign":
        yield from drafts
        return
    listed = context.get("selections" if drafted else "dispatchedOrders")
    for each in drafts if drafted else prefetched:
        name = f"{each['resourceType']}/{each.get('id')}"
        if name in _list(listed):
            yield each


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
