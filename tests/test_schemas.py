"""The JSON Schemas against the policy: one contract, said twice."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

import generators
from asking import ask, batches
from contracts import SCHEMAS, check_held_together, problems, schema
from generators import repeatable


def test_there_are_the_schemas_that_the_tests_speak_of() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} >= {"request", "decision"}


@pytest.mark.parametrize("name", sorted(path.stem for path in SCHEMAS.glob("*.json")))
def test_the_schema_is_itself_valid(name: str) -> None:
    document = schema(name).schema
    assert isinstance(document, dict)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(document)


@pytest.mark.long
def test_any_value_in_any_place(url: str) -> None:
    accepted = 0
    for request, decision in ask(url).decide_all(generators.every_value_everywhere()):
        check_held_together(request, decision)
        accepted += not decision["errors"]
    assert accepted > 300


@pytest.mark.parametrize("kind", ["initial", "renewal"])
def test_every_state_is_accepted_and_its_decision_valid(kind: str, url: str) -> None:
    states = list(generators.every_combination_of_states(kind))
    for request, decision in ask(url).decide_all(random.Random(kind).sample(states, 400)):
        check_held_together(request, decision)
        assert problems("decision", decision) == []


@pytest.mark.parametrize("name", generators.BOUNDARIES)
def test_boundaries_are_accepted_and_their_decisions_valid(name: str, url: str) -> None:
    boundaries = list(generators.BOUNDARIES[name]())
    few = random.Random(name).sample(boundaries, min(100, len(boundaries)))
    for request, decision in ask(url).decide_all(few):
        check_held_together(request, decision)
        assert problems("decision", decision) == []


@settings(repeatable, max_examples=500)
@given(request=generators.requests())
def test_well_formed_requests(request: Any, url: str) -> None:
    decision = ask(url).decide(request)
    check_held_together(request, decision)
    assert problems("decision", decision) == []


@settings(repeatable, max_examples=1_000)
@given(request=generators.broken())
def test_broken_requests(request: Any, url: str) -> None:
    decision = ask(url).decide(request)
    check_held_together(request, decision)
    assert problems("decision", decision) == []


@settings(repeatable, max_examples=300)
@given(value=generators.json_values)
def test_any_json_value(value: Any, url: str) -> None:
    check_held_together(value, ask(url).decide(value))


def test_a_decision_lacking_or_misnaming_anything_is_refused(url: str) -> None:
    """The decision's schema says every key: without this, an empty schema would pass above."""
    for batch in batches([generators.INITIAL, generators.RENEWAL, generators.FULL]):
        for decision in ask(url).decide_batch(batch):
            for key in decision:
                assert problems("decision", {k: v for k, v in decision.items() if k != key})
            assert problems("decision", {**decision, "outcome": "maybe"})
            assert problems("decision", {**decision, "more": None})
            first, *others = decision["criteria"]
            unsure = {**first, "status": "perhaps"}
            assert problems("decision", {**decision, "criteria": [unsure, *others]})


LEAF: dict[str, Any] = {
    "id": "score",
    "clause": "III.1",
    "text": "Score at least 3",
    "status": "met",
    "facts": {},
}
GROUP: dict[str, Any] = {
    **{key: value for key, value in LEAF.items() if key != "facts"},
    "kind": "branch",
    "parts": [LEAF, {**LEAF, "status": "not_considered"}],
}


@pytest.mark.parametrize(
    ("criterion", "sound"),
    [
        (LEAF, True),
        (GROUP, True),
        ({**GROUP, "kind": "all", "parts": [GROUP, {**GROUP, "parts": []}]}, True),
        ({**GROUP, "facts": {}}, False),
        ({**GROUP, "kind": "some"}, False),
        ({**GROUP, "parts": [{**LEAF, "status": "perhaps"}]}, False),
        ({key: value for key, value in GROUP.items() if key != "kind"}, False),
        ({key: value for key, value in GROUP.items() if key != "parts"}, False),
        ({key: value for key, value in LEAF.items() if key != "facts"}, False),
        ({**LEAF, "status": "not_considered"}, False),
        ({**GROUP, "status": "not_considered"}, False),
    ],
)
def test_groups_and_their_parts(criterion: Any, sound: bool, url: str) -> None:
    decision = ask(url).decide(generators.INITIAL)
    assert bool(problems("decision", {**decision, "criteria": [criterion]})) is not sound
