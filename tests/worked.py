"""The worked cases: tables of what differs from a base request, and whole documents to read.

A table is `cases/<guideline>/<version>.yaml`. Its `expected` holds only what the case is about, so
that a change elsewhere in the decision leaves it alone; `differences` compares just that.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CASES = Path(__file__).with_name("cases")
TABLES = sorted(CASES.glob("*/*.yaml"))
DOCUMENTS = sorted(CASES.glob("*.json"))

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
    name: str
    request: Any
    expected: dict[str, Any]


def cases() -> Iterator[Case]:
    """Every case of every table."""
    for path in TABLES:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in table["cases"]:
            yield Case(case["name"], _request(case, table["base"]), case["expected"])


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case that stands in full: its name, and its title, request and decision."""
    for path in DOCUMENTS:
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))


def differences(expected: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
    """Where the decision is not as expected: what it says there, beside what was expected."""
    assert set(expected) <= EXPECTED, f"unknown: {set(expected) - EXPECTED}"
    found = _found(decision)
    return {
        key: {"expected": wanted, "found": found[key]}
        for key, wanted in expected.items()
        if not _holds(wanted, found[key], partial=key in ("criteria", "authorization"))
    }


def _request(case: dict[str, Any], bases: dict[str, Any]) -> Any:
    if "request" in case:
        return case["request"]
    request = copy.deepcopy(bases[case["base"]])
    for path, value in case.get("differs", {}).items():
        *sections, last = path.split(".")
        place = request
        for section in sections:
            place = place.setdefault(section, {})
        if value is None:
            del place[last]
        else:
            place[last] = value
    return request


def _found(decision: dict[str, Any]) -> dict[str, Any]:
    return {
        **decision,
        "criteria": {each["id"]: each["status"] for each in decision["criteria"]},
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
