"""Guidelines of other shapes: each on file beside the policy, and its worked cases decided by OPA.

A guideline of `examples/guidelines/` is a folder laid out as `policy/` is, so it is put on file by
`-d` of its folder. Its worked cases are in `examples/guidelines/cases/`, which OPA is not given.
"""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from priorauth import opa

ROOT = Path(__file__).parent.parent
GUIDELINES = ROOT / "examples" / "guidelines"
TABLES = sorted((GUIDELINES / "cases").glob("*/*.yaml"))
NAMES = sorted(path.name for path in GUIDELINES.iterdir() if path.name != "cases")


def evaluate(query: str, document: Any, *names: str) -> Any:
    """What OPA says to a query, with the examples of these names on file beside the policy."""
    folders = [ROOT / "policy", ROOT / "rego", *(GUIDELINES / name for name in names)]
    data = (f"--data={folder}" for folder in folders)
    return opa.evaluate(query, "--strict-builtin-errors", *data, given=document)


def decide(requests: list[Any], *names: str) -> list[dict[str, Any]]:
    """The decisions on requests, in their order."""
    answers: list[dict[str, Any]] = evaluate(
        "data.priorauth.decisions", {"requests": requests}, *names
    )
    return answers


@cache
def table(path: Path) -> dict[str, Any]:
    """A table of worked cases, as it is written."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def request_of(path: Path, case: dict[str, Any], *, null: bool = True) -> dict[str, Any]:
    """A case's request: its base with what differs. What is null is left out unless `null`."""
    request: dict[str, Any] = copy.deepcopy(table(path)["base"][case["base"]])
    for fact, value in (case.get("differs") or {}).items():
        *steps, last = fact.split(".")
        node = request
        for step in steps:
            node = node.setdefault(step, {})
        if value is None and not null:
            node.pop(last, None)
        else:
            node[last] = value
    return request


@cache
def decisions(path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The decision on each case's request, and on it without what is null."""
    cases = table(path)["cases"]
    requests = [request_of(path, case, null=null) for case in cases for null in (True, False)]
    answers = decide(requests, path.parent.name)
    return list(zip(answers[::2], answers[1::2], strict=True))


def flat(criteria: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All criteria of a decision, parts after their groups."""
    return [each for one in criteria for each in (one, *flat(one.get("parts", [])))]


def said(decision: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """As much of a decision as a case is about, in the form that cases are written in."""
    statuses = {each["id"]: each["status"] for each in flat(decision["criteria"])}
    whole = {
        **decision,
        "criteria": {each: statuses.get(each) for each in expected.get("criteria", {})},
        "reasons": [reason["code"] for reason in decision["reasons"]],
        "missing": [entry["path"] for entry in decision["missing"]],
        "notices": [notice["code"] for notice in decision["notices"]],
    }
    if decision["authorization"] and expected.get("authorization"):
        granted = decision["authorization"]
        whole["authorization"] = {name: granted[name] for name in expected["authorization"]}
    return {key: whole[key] for key in expected}


def cases() -> list[Any]:
    """Every case of every table."""
    return [
        pytest.param(path, index, id=f"{path.parent.name}: {case['name']}")
        for path in TABLES
        for index, case in enumerate(table(path)["cases"])
    ]


@pytest.mark.parametrize(("path", "index"), cases())
def test_case(path: Path, index: int) -> None:
    expected = table(path)["cases"][index]["expected"]
    decision, _ = decisions(path)[index]
    assert said(decision, expected) == expected


@pytest.mark.parametrize(("path", "index"), cases())
def test_null_is_absent(path: Path, index: int) -> None:
    decision, without = decisions(path)[index]
    assert decision == without


def test_every_guideline_has_cases() -> None:
    assert {path.parent.name for path in TABLES} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_sound(name: str) -> None:
    assert evaluate("data.priorauth.integrity", None, name) == []


def test_sound_together() -> None:
    assert evaluate("data.priorauth.integrity", None, *NAMES) == []


@pytest.mark.parametrize("name", NAMES)
def test_others_change_nothing(name: str) -> None:
    """A guideline decides alike whatever else is on file."""
    path = next(path for path in TABLES if path.parent.name == name)
    requests = [request_of(path, case) for case in table(path)["cases"]]
    assert decide(requests, *NAMES) == [decision for decision, _ in decisions(path)]


def test_next_version_changes_no_decision_before_it() -> None:
    path = next(path for path in TABLES if path.parent.name == "xpovio-2024")
    requests = [
        {**request_of(path, case), "service_date": day}
        for case in table(path)["cases"]
        for day in ("2020-07-31", "2020-08-01", "2022-10-03", "2023-12-31")
    ]
    for request in requests:
        # The policy alone has no guideline that declares it.
        request.pop("medication", None)
    assert decide(requests, "xpovio-2024") == decide(requests)
