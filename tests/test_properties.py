"""What holds for every request, by the policy alone, without an oracle."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from asking import ask
from contracts import problems
from generators import ABSENT, BARE, FULL, INITIAL, RENEWAL, repeatable, with_facts

POLICY = Path(__file__).parents[1] / "policy"

# --------------------------------------------------------------------------------------------
# Taking facts away
# --------------------------------------------------------------------------------------------

REQUIRED = {"/type", "/service_date", "/drug/name"}

NARROWING = {"/drug/strength_mg"}
"""What says that a request is not the usual one: without it the usual is meant (reading 10)."""


def check_less_is_never_more(before: dict[str, Any], after: dict[str, Any]) -> None:
    """What fewer facts may do to a decision on a well-formed request.

    A fact is a row of the request's table: an array goes as a whole (one recommendation of two
    is another answer, not a missing one). Then:

    - an approval (also one for less than was asked) was an approval before;
    - a denial was a denial before, and what does not apply did not apply before;
    - every criterion keeps its status or becomes unknown. Only a duration that is no longer
      asked for can no longer be reduced.
    """
    if after["outcome"] in ("approved", "modified"):
        assert before["outcome"] in ("approved", "modified")
        assert after["authorization"]["quantity"] == before["authorization"]["quantity"]
    elif after["outcome"] != "pended":
        assert after["outcome"] == before["outcome"]
    for was, now in zip(before["criteria"], after["criteria"], strict=True):
        assert was["id"] == now["id"]
        if was["id"] == "duration":
            assert now["status"] in (was["status"], "met")
        else:
            assert now["status"] in (was["status"], "unknown")


def one_fact_less() -> Iterator[tuple[Any, Any]]:
    """Requests in all sorts of states, each with each one of its facts taken away."""
    for kind in ("initial", "renewal"):
        states = list(generators.every_combination_of_states(kind))
        for request in [FULL, *random.Random(kind).sample(states, 100)]:
            for pointer in generators.facts_of(request):
                if pointer not in REQUIRED | NARROWING:
                    yield request, with_facts(request, {pointer: ABSENT})


def test_one_fact_less_never_makes_an_approval_or_a_denial(url: str) -> None:
    pairs = list(one_fact_less())
    before = [decision for _, decision in ask(url).decide_all(request for request, _ in pairs)]
    after = [decision for _, decision in ask(url).decide_all(request for _, request in pairs)]
    assert len(pairs) > 1_500
    for was, now in zip(before, after, strict=True):
        check_less_is_never_more(was, now)


@settings(repeatable, max_examples=300)
@given(request=generators.requests(), data=st.data())
def test_fewer_facts_never_make_an_approval_or_a_denial(
    request: Any, data: st.DataObject, url: str
) -> None:
    kept = REQUIRED | NARROWING
    optional = [each for each in generators.facts_of(request) if each not in kept]
    gone = data.draw(st.sets(st.sampled_from(optional))) if optional else set[str]()
    fewer = with_facts(request, dict.fromkeys(gone, ABSENT))
    check_less_is_never_more(ask(url).decide(request), ask(url).decide(fewer))


@pytest.mark.parametrize("base", [INITIAL, RENEWAL, FULL], ids=["initial", "renewal", "full"])
@pytest.mark.parametrize("pointer", sorted(REQUIRED))
def test_without_what_is_required_nothing_is_decided(base: Any, pointer: str, url: str) -> None:
    decision = ask(url).decide(with_facts(base, {pointer: ABSENT}))
    assert decision["outcome"] == "invalid"
    assert [error["path"] for error in decision["errors"]] == [pointer]


# --------------------------------------------------------------------------------------------
# One document, spelt differently
# --------------------------------------------------------------------------------------------

seeds = st.integers(0, 2**32).map(random.Random)


@settings(repeatable, max_examples=400)
@given(request=generators.any_document, choose=seeds)
def test_null_is_the_same_as_absent(request: Any, choose: random.Random, url: str) -> None:
    decision = ask(url).decide(generators.without_nulls(request))
    assert ask(url).decide(request) == decision
    if isinstance(request, dict):
        assert ask(url).decide(generators.with_nulls(request, choose)) == decision


def exactly(text: str) -> Any:
    return generators.without_nulls(json.loads(text, parse_float=Decimal))


@settings(repeatable, max_examples=400)
@given(request=st.one_of(generators.requests(), generators.broken()), choose=seeds)
def test_order_and_spelling_change_nothing(request: Any, choose: random.Random, url: str) -> None:
    spelt = generators.respelt(request, choose)
    assert exactly(spelt) == exactly(json.dumps(request))
    assert ask(url).decide_text(spelt) == ask(url).decide(request)


@pytest.mark.parametrize("spelling", ["160", "160.0", "1.6e2", "1.60E+2", "16000e-2", "0.16e3"])
def test_one_number_however_it_is_spelt(spelling: str, url: str) -> None:
    text = json.dumps(RENEWAL).replace(": 160", f": {spelling}")
    assert spelling in text
    assert ask(url).decide_text(text) == ask(url).decide(RENEWAL)


# --------------------------------------------------------------------------------------------
# Batches
# --------------------------------------------------------------------------------------------


@settings(repeatable, max_examples=100)
@given(requests=st.lists(generators.any_document, max_size=12))
def test_a_batch_answers_exactly_as_one_by_one(requests: list[Any], url: str) -> None:
    asked = ask(url)
    assert asked.decide_batch(requests) == [asked.decide(request) for request in requests]


def test_a_long_batch_keeps_its_order(url: str) -> None:
    ids: list[str | None] = [f"invented-{n}" for n in range(1_000)]
    ids[1::2] = [None] * 500
    requests: list[Any] = [{**INITIAL, "request_id": each} for each in ids]
    requests[1::2] = [None] * 500
    decisions = ask(url).decide_batch(requests)
    assert [decision["request_id"] for decision in decisions] == ids


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"input": null}',
        '{"input": []}',
        '{"input": "requests"}',
        '{"input": 1}',
        '{"input": {}}',
        '{"input": {"requests": null}}',
        '{"input": {"requests": {}}}',
        '{"input": {"requests": {"0": {}}}}',
        '{"input": {"requests": "[]"}}',
        '{"input": {"requests": 0}}',
        '{"input": {"requests": false}}',
        '{"input": {"Requests": []}}',
        '{"input": {"requests": [], "more": 1}}',
        '{"input": {"requests": [], "more": null}}',
        '{"input": [{"requests": []}]}',
    ],
)
def test_what_is_no_batch_gets_no_result(body: str, url: str) -> None:
    assert "result" not in ask(url).answer("priorauth/decisions", body)


def test_an_empty_batch_gets_an_empty_answer(url: str) -> None:
    assert ask(url).decide_batch([]) == []


# --------------------------------------------------------------------------------------------
# Questions
# --------------------------------------------------------------------------------------------

ANSWERS: dict[str, list[Any]] = {
    "/member/benefit": ["pharmacy", "medical"],
    "/member/formulary": ["1", "other"],
    "/member/drug_on_formulary": [True, False],
    "/documentation": [[{"reference": "note-1"}]],
    "/member/birth_date": ["1956-04-12", "2020-01-01"],
    "/prescriber/taxonomies": [["207RH0003X"], ["207Q00000X"]],
    "/nccn": [generators.nccn("1"), generators.nccn("3"), []],
    "/prior_authorization/end_date": ["2022-10-31", "2099-12-31"],
    "/clinical/disease_status": [s for s in generators.DISEASE_STATUSES if s != "not_evaluable"],
    "/clinical/unacceptable_toxicity": [False, True],
    "/dose/mg_per_week": [60, 80, 100, 160, 120],
    "/quantity/tablets": [1, 12, 1000],
    "/quantity/days_supply": [1, 28, 90],
}
"""What may be answered to each question."""


@settings(repeatable, max_examples=400)
@given(request=generators.requests(), choose=seeds)
def test_answering_every_question_leaves_none(
    request: Any, choose: random.Random, url: str
) -> None:
    asked = ask(url)
    decision = asked.decide(generators.without_nulls(request))
    answers = {each["path"]: choose.choice(ANSWERS[each["path"]]) for each in decision["missing"]}
    answered = asked.decide(with_facts(generators.without_nulls(request), answers))
    assert answered["outcome"] != "invalid"
    assert answered["missing"] == []
    if decision["outcome"] != "pended":
        assert decision["missing"] == []


@settings(repeatable, max_examples=300)
@given(request=generators.requests())
def test_every_question_is_about_a_fact_that_is_not_given(request: Any, url: str) -> None:
    request = generators.without_nulls(request)
    missing = [each["path"] for each in ask(url).decide(request)["missing"]]
    assert len(set(missing)) == len(missing)
    for pointer in missing:
        value: Any = request
        for step in generators.steps(pointer):
            value = value.get(step, {})
        assert value in ({}, [], "not_evaluable")


def test_an_otherwise_empty_request_gets_every_question(url: str) -> None:
    """The catalog's questions are those that a request without facts gets."""
    guidelines = ask(url).answer("priorauth/catalog", "{}")["result"]
    [xpovio] = [each for each in guidelines if each["id"] == "xpovio"]
    catalog = {
        (question["path"], criterion["id"], criterion["clause"], question["question"])
        for criterion in xpovio["versions"][-1]["criteria"]
        for question in criterion["asks"]
    }
    asked = {
        (each["path"], each["criterion"], each["clause"], each["question"])
        for request in BARE.values()
        for each in ask(url).decide(request)["missing"]
    }
    assert asked == catalog
    assert {path for path, *_ in asked} == set(ANSWERS)


# --------------------------------------------------------------------------------------------
# Any JSON
# --------------------------------------------------------------------------------------------


def check_answered(decision: Any) -> None:
    assert problems("decision", decision) == []


@settings(repeatable, max_examples=300)
@given(request=generators.any_document)
def test_any_document_gets_a_decision(request: Any, url: str) -> None:
    check_answered(ask(url).decide(request))


ODD_TEXTS = [
    *("1e400", "-1e400", "1e-400", "-1e-400", "1E+0400", "0e999", "-0", "-0.0", "123e-2"),
    *("9" * 400, "0." + "0" * 400 + "1", "1" + "0" * 400 + ".5", "28." + "0" * 60 + "1"),
    *(r'"\ud800"', r'"\udc00\ud800"', r'"\ud83e\uddec"', r'"\u0000"', '"\u2028"', '"\x7f"'),
    *('{"": ""}', '{"": {"": null}}', '{"/": 1, "~": 2, "a/b~c": 3}', r'{"\ud800": 1}'),
    *('{"type": 1, "type": "initial"}', "[" * 300 + "]" * 300, '{"a":' * 300 + "1" + "}" * 300),
    *('"' + "x" * 100_000 + '"', "[" + "0," * 5_000 + "0]", "[[],[],{}]", " \t\r\n null "),
]

odd_texts = st.recursive(
    st.one_of(st.sampled_from(ODD_TEXTS), generators.json_values.map(json.dumps)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.text(max_size=4).map(json.dumps), inner, max_size=3).map(
            lambda members: "{" + ", ".join(f"{key}: {v}" for key, v in members.items()) + "}"
        ),
    ),
    max_leaves=4,
)


def spliced(pointer: str, text: str) -> str:
    """The text of a full request with this text as the value of one of its facts."""
    return json.dumps(generators.put(FULL, pointer, "@here@")).replace('"@here@"', text)


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: text[:20].strip())
def test_any_text_of_json_gets_a_decision(text: str, url: str) -> None:
    check_answered(ask(url).decide_text(text))
    for pointer in [*generators.FIELDS, *generators.ITEM_FIELDS, "/foo", "/nccn/0/", "/a~1b"]:
        check_answered(ask(url).decide_text(spliced(pointer, text)))


@settings(repeatable, max_examples=300)
@given(text=odd_texts, pointer=st.sampled_from(["", *generators.FIELDS, "/foo", "/nccn/0/~0"]))
def test_any_text_in_any_place_gets_a_decision(text: str, pointer: str, url: str) -> None:
    check_answered(ask(url).decide_text(spliced(pointer, text) if pointer else text))


def test_no_input_is_an_invalid_request(url: str) -> None:
    decision = ask(url).answer("priorauth/decision", "{}")["result"]
    check_answered(decision)
    assert decision == ask(url).decide(None)
    assert [error["path"] for error in decision["errors"]] == [""]


# --------------------------------------------------------------------------------------------
# What reasons say
# --------------------------------------------------------------------------------------------


def known_by() -> dict[str, str]:
    """Who knows each fact, by its pointer."""
    found = {}
    for path in (POLICY / "facts/data.yaml", *POLICY.glob("guidelines/xpovio/*/data.yaml")):
        content = yaml.safe_load(path.read_text("utf-8"))
        for name, fact in (content.get("facts") or content).items():
            if isinstance(fact, dict) and "known_by" in fact:
                found["/" + name.replace(".", "/")] = fact["known_by"]
    return found


@pytest.mark.long
def test_reasons_are_told_apart_and_say_what_to_do(url: str) -> None:
    """No two criteria share a message; what is reduced says from what to what, and what waits says
    for whom: those who know what is asked for, or a person."""
    knows = known_by()
    requests = [
        request
        for kind in ("initial", "renewal")
        for request in random.Random(kind).sample(
            list(generators.every_combination_of_states(kind)), 1_500
        )
    ]
    requests += [*generators.quantities(), *generators.strengths(), *generators.durations()]
    criterion_of: dict[str, str] = {}
    seen = set()
    for _, decision in ask(url).decide_all(requests):
        for reason in decision["reasons"]:
            message, criterion = reason["message"], reason["criterion"]
            assert criterion_of.setdefault(message, criterion) == criterion
            status = {each["id"]: each["status"] for each in decision["criteria"]}.get(criterion)
            seen.add(status)
            if status == "reduced":
                told = re.match(r"Reduced from (\d+) to (\d+) (tablets|months): ", message)
                assert told
                assert int(told[1]) > int(told[2])
            elif status == "unknown":
                asked = {
                    knows[each["path"]]
                    for each in decision["missing"]
                    if each["criterion"] == criterion
                }
                told = re.match("Not known, waiting for the ([a-z ]+): ", message)
                whom = set(told[1].split(" and the ")) if told else set[str]()
                assert whom == asked
                assert told or message.endswith("a person decides.")
    assert seen >= {"not_met", "unknown", "reduced"}
