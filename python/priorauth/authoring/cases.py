"""The worked cases: tables of what differs from a base request, and what is expected of the
decision.

A table is `tests/cases/<guideline>/<version>.yaml`. Its `expected` holds only what the case is
about, so that a change elsewhere in the decision leaves it alone; `differences` compares just that.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..tables import flattened

EXPECTED = {
    "outcome",
    "criteria",
    "reasons",
    "missing",
    "notices",
    "authorization",
    "requires_clinician_review",
    "errors",
}
"""What a case may expect of a decision."""


class Case(NamedTuple):
    """A worked case; `expected` is a part of the decision on `request`."""

    name: str
    request: Any
    expected: dict[str, Any]


class NoCase(ValueError):  # noqa: N818  (it says what happened)
    """An entry of a table that is not a case: where (a JSON Pointer), and what is wrong."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer}: {reason}")
        self.pointer = pointer
        self.reason = reason


def cases_of(table: Any) -> Iterator[Case | NoCase]:
    """Each case of a table, or why an entry is not one."""
    if not isinstance(table, dict) or not isinstance(table.get("cases"), list):
        yield NoCase("", "is not a table of cases: it needs `base` and `cases`")
        return
    names = set()
    for index, case in enumerate(table["cases"]):
        pointer = f"/cases/{index}"
        reason = _why_none(case, table.get("base"))
        if reason is None and case["name"] in names:
            reason = f"another case is named {case['name']!r}; give each its own name"
        if reason is None:
            names.add(case["name"])
            yield Case(str(case["name"]), _request(case, table.get("base")), case["expected"])
        else:
            yield NoCase(pointer, reason)


def _why_none(case: Any, bases: Any) -> str | None:
    if not isinstance(case, dict) or not case.get("name"):
        return "a case needs a `name`"
    called = f"case {case['name']!r}:"
    known = sorted(bases) if isinstance(bases, dict) else []
    if unknown := sorted(set(map(str, case)) - {"name", "base", "differs", "request", "expected"}):
        return f"{called} has `{unknown[0]}`, which has no meaning here"
    if "request" not in case and case.get("base") not in known:
        return f"{called} needs `base`, one of {', '.join(known) or 'those under `base`'}"
    if not isinstance(case.get("expected"), dict) or not case["expected"]:
        return f"{called} needs `expected`, such as {{outcome: approved}}"
    if unknown := sorted(set(map(str, case["expected"])) - EXPECTED):
        return f"{called} expects `{unknown[0]}`; it can expect {', '.join(sorted(EXPECTED))}"
    differs = case.get("differs") or {}
    if not isinstance(differs, dict):
        return f"{called} `differs` gives facts by their paths, such as {{member.benefit: medical}}"
    return None


def _request(case: dict[str, Any], bases: Any) -> Any:
    if "request" in case:
        return case["request"]
    request = copy.deepcopy(bases[case["base"]])
    for path, value in (case.get("differs") or {}).items():
        put(request, path.split("."), value)
    return request


def put(request: Any, path: list[Any], value: Any) -> None:
    """State a fact in a request, or remove it with None."""
    *sections, last = path
    for section in sections:
        request = request[section] if isinstance(section, int) else request.setdefault(section, {})
    if value is not None:
        request[last] = value
    else:
        request.pop(last, None)


def differences(expected: Mapping[str, Any], decision: Mapping[str, Any]) -> dict[str, Any]:
    """Where the decision differs from what is expected: the value found, and the one expected."""
    assert set(expected) <= EXPECTED, f"unknown: {set(expected) - EXPECTED}"
    found = _found(decision)
    return {
        key: {"expected": wanted, "found": found[key]}
        for key, wanted in expected.items()
        if not _holds(wanted, found[key], partial=key in ("criteria", "authorization"))
    }


def _found(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **decision,
        "criteria": {each["id"]: each["status"] for each in flattened(decision["criteria"])},
        "reasons": [each["code"] for each in decision["reasons"]],
        "missing": [each["path"] for each in decision["missing"]],
        "notices": [each["code"] for each in decision["notices"]],
        "errors": {each["path"]: each["message"] for each in decision["errors"]},
    }


def _holds(wanted: Any, found: Any, *, partial: bool) -> bool:
    if not partial or not isinstance(wanted, dict):
        return bool(wanted == found)
    if not isinstance(found, dict) or (not wanted and found):
        return False
    return all(
        key in found and _holds(each, found[key], partial=True) for key, each in wanted.items()
    )
