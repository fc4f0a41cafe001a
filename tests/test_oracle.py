"""The policy against the oracle: whole decisions, over all states and boundaries."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

import generators
from asking import ask
from generators import repeatable
from oracle import comparable, decide

SHOWN = 3


class Agreed(NamedTuple):
    """What is kept of a decision that policy and oracle agree on."""

    outcome: str
    statuses: tuple[tuple[str, str], ...]


def agreed(url: str, requests: Iterable[Any]) -> list[Agreed]:
    """The decisions on `requests`, each of which is the oracle's too."""
    decisions: list[Agreed] = []
    differing: list[Any] = []
    for request, decision in ask(url).decide_all(requests):
        found, expected = comparable(decision), decide(request)
        statuses = tuple((each["id"], each["status"]) for each in expected["criteria"])
        decisions.append(Agreed(expected["outcome"], statuses))
        if found != expected:
            differing.append((request, found, expected))
    shown = "\n\n".join(difference(*each) for each in differing[:SHOWN])
    assert not differing, f"{len(differing)} of {len(decisions)} differ, for example\n\n{shown}"
    return decisions


def difference(request: Any, found: dict[str, Any], expected: dict[str, Any]) -> str:
    """The request, and where the two decisions differ: of lists, the entries that do."""
    lines = [json.dumps(request)]
    for key, wanted in expected.items():
        got = found.get(key)
        if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
            pairs = zip(got, wanted, strict=True)
        else:
            pairs = zip([got], [wanted], strict=True)
        lines += [f"  {key}:\n    policy {g!r}\n    oracle {w!r}" for g, w in pairs if g != w]
    return "\n".join(lines)


STATUSES = {
    "benefit": {"met", "not_met", "unknown"},
    "formulary": {"met", "not_met", "unknown"},
    "drug_on_formulary": {"met", "not_met", "unknown"},
    "documentation": {"met", "unknown"},
    "age": {"met", "not_met", "unknown"},
    "prescriber": {"met", "not_met", "unknown"},
    "nccn": {"met", "not_met", "unknown"},
    "prior_authorization": {"met", "unknown"},
    "disease_control": {"met", "not_met", "unknown"},
    "toxicity": {"met", "not_met", "unknown"},
    "quantity": {"met", "reduced", "unknown"},
    "duration": {"met", "reduced"},
}


@pytest.mark.long
@pytest.mark.parametrize(("kind", "states"), [("initial", 26_244), ("renewal", 23_328)])
def test_every_combination_of_the_criteria_s_states(kind: str, states: int, url: str) -> None:
    decisions = agreed(url, generators.every_combination_of_states(kind))
    assert len(decisions) == states
    outcomes = {"approved", "modified", "denied", "pended", "not_applicable"}
    assert {decision.outcome for decision in decisions} == outcomes

    combinations = {decision.statuses for decision in decisions}
    possible = math.prod(len(STATUSES[criterion]) for criterion, _ in decisions[0].statuses)
    assert len(combinations) == possible, "the product leaves a combination out"


@pytest.mark.parametrize("name", generators.BOUNDARIES)
def test_both_sides_of_every_boundary(name: str, url: str) -> None:
    decisions = agreed(url, generators.BOUNDARIES[name]())
    assert len(decisions) > 200
    assert all(decision.outcome != "invalid" for decision in decisions)


def test_both_sides_of_what_a_request_may_say(url: str) -> None:
    outcomes = Counter(decision.outcome for decision in agreed(url, generators.out_of_range()))
    assert outcomes["invalid"] > 100
    assert outcomes.total() - outcomes["invalid"] > 100


@pytest.mark.long
def test_any_value_in_any_place(url: str) -> None:
    decisions = agreed(url, generators.every_value_everywhere())
    outcomes = Counter(decision.outcome for decision in decisions)
    assert outcomes["invalid"] > 5_000
    assert outcomes.total() - outcomes["invalid"] > 300


def agrees(url: str, request: Any) -> None:
    found, expected = comparable(ask(url).decide(request)), decide(request)
    assert found == expected, difference(request, found, expected)


@settings(repeatable, max_examples=500)
@given(request=generators.requests() | generators.broken())
def test_some_requests(request: Any, url: str) -> None:
    agrees(url, request)


@pytest.mark.long
@settings(repeatable, max_examples=2_000)
@given(request=generators.requests())
def test_well_formed_requests(request: Any, url: str) -> None:
    agrees(url, request)


@pytest.mark.long
@settings(repeatable, max_examples=2_000)
@given(request=generators.broken())
def test_broken_requests(request: Any, url: str) -> None:
    agrees(url, request)


@settings(repeatable, max_examples=500)
@given(value=generators.json_values)
def test_any_json_value(value: Any, url: str) -> None:
    agrees(url, value)
