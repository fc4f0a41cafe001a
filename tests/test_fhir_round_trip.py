"""From an order to its questions, to the answers, to the decision; and from facts to answers and
back."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import fhir_calls as calls
import worked
from asking import Asked
from fhir_calls import Resource
from priorauth import WasmEngine, bundle, policy
from servers import private_opa

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "guidelines"
RECEIVED = {"instant": "2022-11-01T14:30:05Z", "id": "5f0c9a1e-7d1b-4a52-9b0e-2f4c6a8e0b11"}
KNOWN = {name: each for name, each in calls.MEMBERS["members"][0].items() if name != "identifiers"}


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    """A sidecar with the example guidelines on file beside Xpovio's."""
    names = ("brumexa", "ostrivane", "zelvorapt")
    folders = [*policy.paths(ROOT), *(EXAMPLES / name for name in names)]
    with (
        private_opa(*folders, "--ignore", policy.TESTS) as (url, _),
        contextlib.closing(Asked(url)) as asked,
    ):
        yield asked


def result(asked: Asked, rule: str, document: Any) -> Any:
    return asked.answer(f"priorauth/fhir/{rule}", json.dumps({"input": document}))["result"]


def response(asked: Asked, body: Any, member: Any = KNOWN) -> Any:
    envelope = {"service": "order-sign-crd", "hook": body, "member": member, "received": RECEIVED}
    return result(asked, "crd/response", envelope)


def requests(asked: Asked, body: Resource, member: Any = KNOWN) -> Any:
    envelope = {"service": "order-sign-crd", "hook": body, "member": member, "received": RECEIVED}
    return result(asked, "crd/requests", envelope)


def package(asked: Asked, given: Resource, member: Any = KNOWN) -> Any:
    envelope = {"parameters": given, "member": member, "received": RECEIVED}
    return result(asked, "dtr/questionnaire_package", envelope)


# --------------------------------------------------------------------------------------------
# An order, its questions, their answers
# --------------------------------------------------------------------------------------------

GOOD = {
    "documentation": [{"reference": "chart-note-17", "date": "2022-10-28"}],
    "nccn": [{"source": "compendium", "category": "2A"}],
    "dose.mg_per_week": 100,
    "quantity.tablets": 20,
    "quantity.days_supply": 28,
    "clinical.disease_status": "partial_response",
    "clinical.unacceptable_toxicity": False,
}
ENDING = {"drugs": {"xpovio": {"prior_authorization": {"end_date": "2022-10-31"}}}}


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, each in other.items():
        both = isinstance(each, dict) and isinstance(found.get(name), dict)
        found[name] = merged(found[name], each) if both else each
    return found


SILENT = {"dosageInstruction": None, "dispenseRequest": None}
ORDERS: dict[str, dict[str, Any]] = {
    "all that an order says": {},
    "no dose": {"dosageInstruction": [{"text": "100 mg once weekly"}]},
    "no supply": {"dispenseRequest": None},
    "only the drug": SILENT,
}


@pytest.mark.parametrize("renewal", [False, True], ids=["initial", "renewal"])
@pytest.mark.parametrize("changed", ORDERS.values(), ids=list(ORDERS))
@pytest.mark.parametrize("answered", [GOOD, {**GOOD, "nccn": []}], ids=["good", "adverse"])
def test_an_order_its_questions_their_answers_and_the_decision(
    asked: Asked, changed: dict[str, Any], answered: dict[str, Any], renewal: bool
) -> None:
    member = merged(KNOWN, ENDING) if renewal else KNOWN
    order = calls.order(**changed)

    told = calls.asserted(response(asked, calls.hook(order), member)["body"])
    assert (told["covered"], told["pa-needed"]) == (["covered"], ["auth-needed"])
    (canonical,) = told["questionnaire"]

    signed = response(asked, calls.hook(order), member)["body"]["systemActions"][0]["resource"]
    wanted = {"name": "questionnaire", "valueCanonical": canonical}
    context = {"name": "context", "valueString": told["coverage-assertion-id"][0]}
    given = calls.parameters(calls.ordered(signed), wanted, context)
    questionnaire, draft = calls.packaged(package(asked, given, member)["body"])
    assert f"{questionnaire['url']}|{questionnaire['version']}" == canonical

    # What is asked is what the decision lacks, and nothing that the plan knows.
    (before,) = requests(asked, calls.hook(order), member)
    missing = {each["path"][1:].replace("/", ".") for each in asked.decide(before)["missing"]}
    assert missing == {
        item["linkId"]
        for item in questionnaire["item"]
        if not item.get("readOnly") and not item["linkId"].endswith(".none")
    }

    finished = calls.filled(questionnaire, draft, answered)
    again = calls.hook(signed, prefetched={"questionnaireResponses": calls.bundle(finished)})
    answer = response(asked, again, member)
    assert answer["status"] == 200
    told = calls.asserted(answer["body"])
    assert (told["covered"], told["pa-needed"]) == (["covered"], ["auth-needed"])
    assert not {"doc-needed", "questionnaire", "reason", "info-needed"} & set(told)

    # The decision is that on the request document made from all of it.
    (document,) = requests(asked, again, member)
    by_hand = {
        "request_id": "9c1f6a52-8e0d-4a3e-8a3c-61f2c9b3d7aa/order-1",
        "type": "renewal" if renewal else "initial",
        "service_date": "2022-11-01",
        "drug": {"name": "Xpovio", "strength_mg": 20},
        "member": {
            "birth_date": "1956-04-12",
            "benefit": "pharmacy",
            "formulary": "2",
            "drug_on_formulary": True,
        },
        "prescriber": {"npi": "1234567893", "taxonomies": ["207RH0003X"]},
        "documentation": answered["documentation"],
        "dose": {"mg_per_week": 100},
        "quantity": {"tablets": 20, "days_supply": 28},
    }
    if "dosageInstruction" not in changed:
        by_hand = merged(by_hand, {"dose": {"times_per_week": 1}})
    if renewal:
        by_hand["prior_authorization"] = {"end_date": "2022-10-31"}
        by_hand["clinical"] = {"disease_status": "partial_response", "unacceptable_toxicity": False}
    else:
        by_hand["nccn"] = answered["nccn"]
    assert document == by_hand
    decision = asked.decide(by_hand)
    assert decision["missing"] == []
    adverse = answered["nccn"] == [] and not renewal
    assert decision["outcome"] == ("denied" if adverse else "approved")
    assert [each["outcome"] for each in answer["decided"]] == [decision["outcome"]]
    # Nothing is left to ask.
    given = calls.parameters(calls.ordered(signed), {"name": "referenced", "resource": finished})
    (outcome,) = package(asked, given, member)["body"]["parameter"]
    assert outcome["resource"]["issue"][0]["code"] == "informational"


def test_what_is_denied_or_reduced_is_told_as_what_is_approved(asked: Asked) -> None:
    told = {}
    adverse: dict[str, dict[str, Any]] = {
        "approved": {},
        "denied": {"nccn": []},
        "modified": {"quantity.tablets": 40},
    }
    for name, facts in adverse.items():
        order = calls.order(**SILENT)
        form = package(asked, calls.parameters(calls.ordered(order)))["body"]
        finished = calls.filled(*calls.packaged(form), {**GOOD, **facts})
        answer = response(asked, calls.hook(order, prefetched={"any": finished}))
        assert [each["outcome"] for each in answer["decided"]] == [name]
        told[name] = answer["body"]["systemActions"]
    assert told["approved"] == told["denied"] == told["modified"]


# --------------------------------------------------------------------------------------------
# Facts, as answers, and back
# --------------------------------------------------------------------------------------------

TEXT = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\u00a0"),
    min_size=1,
    max_size=20,
).map(lambda text: f"a{text}b")


def values(declared: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """The values of a fact, by its declaration."""
    if "enum" in declared:
        return st.sampled_from(declared["enum"])
    if declared.get("format") == "date":
        return st.dates(min_value=DAY, max_value=LAST).map(str)
    if "pattern" in declared:
        return st.from_regex(f"{declared['pattern']}(?!\n)", fullmatch=True)
    least = declared.get("minimum", declared.get("exclusiveMinimum", -(10**6)))
    most = declared.get("maximum", 10**6)
    if declared["type"] == "integer":
        return st.integers(least, most)
    if declared["type"] == "number":
        # With few digits, as people write: the others are tried in the tests of the client.
        return st.integers(int(least * 100) + 1, int(most * 100)).map(lambda n: n / 100)
    if declared["type"] == "boolean":
        return st.booleans()
    if declared["type"] == "array":
        fewest = 0 if declared.get("empty") == "none" else 1
        return st.lists(values(declared["items"]), min_size=fewest, max_size=3)
    if declared["type"] == "object":
        required = declared.get("required", [])
        properties = {name: values(each) for name, each in declared["properties"].items()}
        return st.fixed_dictionaries(
            {name: each for name, each in properties.items() if name in required},
            optional={name: each for name, each in properties.items() if name not in required},
        )
    return TEXT


DAY, LAST = datetime.date(1990, 1, 1), datetime.date(2022, 10, 31)

GUIDELINES = {
    "xpovio": ("Xpovio", "2022-10-03", "2022-11-01"),
    "brumexa": ("Brumexa", "2024-05-01", "2024-06-01"),
    "ostrivane": ("Ostrivane", "2023-07-15", "2023-08-01"),
    "zelvorapt": ("Zelvorapt", "2024-02-01", "2024-03-01"),
}


def declared_by(name: str, version: str) -> dict[str, Mapping[str, Any]]:
    """The facts that a guideline can use: the shared ones and its own."""
    folder = ROOT if name == "xpovio" else EXAMPLES / name
    own = "policy/" if name == "xpovio" else ""
    shared = yaml.safe_load((ROOT / "policy/facts/data.yaml").read_text())
    path = folder / f"{own}guidelines/{name}/{version}/data.yaml"
    return {**shared, **yaml.safe_load(path.read_text()).get("facts", {})}


def nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in facts.items():
        section, _, name = path.partition(".")
        if name:
            found.setdefault(section, {})[name] = value
        else:
            found[path] = value
    return found


@pytest.mark.parametrize("type_", ["initial", "renewal"])
@pytest.mark.parametrize("guideline", GUIDELINES)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_facts_written_as_answers_are_read_back(
    asked: Asked, guideline: str, type_: str, data: st.DataObject
) -> None:
    drug, version, day = GUIDELINES[guideline]
    declared = {
        path: each
        for path, each in declared_by(guideline, version).items()
        if each.get("known_by") == "prescriber"
    }
    stated = data.draw(
        st.fixed_dictionaries({}, optional={p: values(d) for p, d in declared.items()})
    )
    request = merged({"type": type_, "service_date": day, "drug": {"name": drug}}, nested(stated))
    assume(asked.decide(request)["outcome"] != "invalid")
    form = result(asked, "dtr/form", {"request": request, "received": RECEIVED})
    if form["questionnaire"] is None:
        return
    # Facts that the guideline does not ask for are on no form.
    on_the_form = {item["linkId"] for item in form["questionnaire"]["item"]}
    expected = nested({path: value for path, value in stated.items() if path in on_the_form})
    read = result(asked, "dtr/facts", {"response": form["response"]})
    assert read == {"document": expected, "faults": []}


@pytest.mark.parametrize("type_", ["initial", "renewal"])
@pytest.mark.parametrize("guideline", GUIDELINES)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_answering_every_question_leaves_nothing_missing(
    asked: Asked, guideline: str, type_: str, data: st.DataObject
) -> None:
    """Where the guideline applies, and whatever is answered, so long as it is an answer."""
    drug, version, day = GUIDELINES[guideline]
    declared = declared_by(guideline, version)
    plan = {**APPLYING, "member.benefit": ["medical" if guideline == "brumexa" else "pharmacy"]}
    known = {
        path: data.draw(st.sampled_from(plan[path]) if path in plan else values(each))
        for path, each in declared.items()
        if each.get("known_by") == "plan"
    }
    request = merged({"type": type_, "service_date": day, "drug": {"name": drug}}, nested(known))
    decision = asked.decide(request)
    assume(decision["outcome"] == "pended")
    form = result(asked, "dtr/form", {"request": request, "received": RECEIVED})
    answers = {
        path: data.draw(answering(path, each))
        for path, each in declared.items()
        if each.get("known_by") == "prescriber"
    }
    finished = calls.filled(form["questionnaire"], form["response"], answers)
    read = result(asked, "dtr/facts", {"response": finished})
    assert read["faults"] == []
    answered = merged(request, read["document"])
    assert asked.decide(answered)["errors"] == []
    assert asked.decide(answered)["missing"] == []


APPLYING: dict[str, list[Any]] = {
    "member.birth_date": ["1980-02-29", "2012-05-05"],
    "member.formulary": ["2"],
    "member.drug_on_formulary": [True],
    "prescriber.taxonomies": [["207RH0003X", "207N00000X"]],
}
"""What the plan knows that leaves the questions to the prescriber."""

UNDETERMINED = ("not_evaluable", "indeterminate")


def answering(path: str, declared: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Answers that are answers: nothing undetermined, and of lists all that is asked of an item."""
    if "enum" in declared:
        return st.sampled_from([each for each in declared["enum"] if each not in UNDETERMINED])
    items = declared.get("items", {})
    if items.get("type") == "object":
        whole = {name: values(each) for name, each in items["properties"].items()}
        return st.lists(st.fixed_dictionaries(whole), max_size=2, min_size=path == "documentation")
    return values(declared)


def test_the_worked_cases_are_written_and_read_back_too(asked: Asked) -> None:
    tried = 0
    for case in worked.cases():
        request = case.request
        form = result(asked, "dtr/form", {"request": request, "received": RECEIVED})
        if form["questionnaire"] is None:
            continue
        tried += 1
        read = result(asked, "dtr/facts", {"response": form["response"]})
        assert read["faults"] == []
        for section, stated in read["document"].items():
            for name, value in stated.items() if isinstance(stated, dict) else [(None, stated)]:
                assert (request[section][name] if name else request[section]) == value
    assert tried > 20


# --------------------------------------------------------------------------------------------
# In process
# --------------------------------------------------------------------------------------------


def test_wasm_answers_as_the_sidecar_does(bundle_file: Path, url: str) -> None:
    form = {
        "request": {"type": "initial", "service_date": "2022-11-01", "drug": {"name": "Xpovio"}}
    }
    draft = {
        "questionnaire": "https://payer.example/fhir/Questionnaire/xpovio.initial.11111|2022-10-03",
        "item": [{"linkId": "nccn.none", "answer": [{"valueBoolean": True}]}, {"linkId": "other"}],
    }
    bodies: list[Any] = [calls.hook(calls.order(**changed)) for changed in ORDERS.values()]
    documents: dict[str, list[Any]] = {
        "metadata": [None],
        "crd/services": [None],
        "crd/technical": [None],
        "crd/response": [
            {"service": "order-sign-crd", "hook": body, "member": member, "received": RECEIVED}
            for body, member in itertools.product([*bodies, {}, None], [KNOWN, None])
        ],
        "dtr/questionnaire_package": [
            {"parameters": body, "member": KNOWN, "received": RECEIVED}
            for body in (calls.parameters(calls.ordered(calls.order(**SILENT))), {}, None)
        ],
        "dtr/form": [{**form, "received": RECEIVED}, None],
        "dtr/facts": [{"response": draft}, None],
    }
    documents["crd/requests"] = documents["crd/response"]
    assert {f"fhir/{rule}" for rule in documents} == set(bundle.FHIR_ENTRYPOINTS)
    with WasmEngine(bundle_file) as engine, contextlib.closing(Asked(url)) as asked:
        for rule, inputs in documents.items():
            for document in inputs:
                assert engine._ask(f"fhir/{rule}", document)["result"] == result(
                    asked, rule, document
                ), rule
