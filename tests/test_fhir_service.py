"""The service for prescribers' systems, against a real sidecar."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fhir_calls as calls
from fhir_calls import Called, Resource
from priorauth import ConfigurationError, PriorAuthError
from priorauth.fhir import Callers, MemberFile, NothingKnown, Rules, Service
from priorauth.sidecar import LocalSidecar
from servers import answering, hanging_up, http, port, private_opa

SIGN = "/cds-services/order-sign-crd"
PACKAGE = "/fhir/Questionnaire/$questionnaire-package"


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> MemberFile:
    path = tmp_path_factory.mktemp("members") / "members.json"
    path.write_text(json.dumps(calls.MEMBERS))
    return MemberFile(path)


@pytest.fixture(scope="module")
def sidecar() -> Iterator[LocalSidecar]:
    """A sidecar as it is in production: on a unix socket, with the rules on access."""
    sidecar = LocalSidecar(startup_timeout=60)
    with sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def service(sidecar: LocalSidecar, members: MemberFile) -> Iterator[str]:
    # However busy the machine is.
    with calls.running(Service(Rules(sidecar.url, timeout=60), members)) as url:
        yield url


@pytest.fixture
def called(service: str) -> Iterator[Called]:
    with contextlib.closing(Called(service)) as called:
        yield called


def issues(answer: Resource) -> list[tuple[str, str]]:
    assert answer["resourceType"] == "OperationOutcome"
    return [(each["code"], ", ".join(each.get("expression", ("",)))) for each in answer["issue"]]


# --------------------------------------------------------------------------------------------
# What is served
# --------------------------------------------------------------------------------------------


def test_discovery(called: Called) -> None:
    status, answer = called.get("/cds-services")
    assert status == 200
    assert [each["hook"] for each in answer["services"]] == [
        "order-dispatch",
        "order-select",
        "order-sign",
    ]
    # What a template refers to is prefetched before it.
    for each in answer["services"]:
        seen: set[str] = set()
        for key, template in each["prefetch"].items():
            assert set(re.findall(r"%(\w+)\.", template)) <= seen, key
            seen.add(key)


def test_metadata_and_health(called: Called) -> None:
    status, statement, headers = called.ask("GET", "/fhir/metadata")
    assert (status, statement["resourceType"]) == (200, "CapabilityStatement")
    assert headers["Content-Type"] == "application/fhir+json"
    assert called.get("/health/live") == (200, "live\n")
    assert called.get("/health/ready") == (200, "ready\n")


def test_an_order_is_answered(called: Called) -> None:
    status, answer = called.signed(calls.hook())
    assert status == 200
    assert answer["cards"] == []
    (action,) = answer["systemActions"]
    told = calls.asserted(answer)
    assert told["covered"] == ["covered"]
    assert told["pa-needed"] == ["auth-needed"]
    assert told["doc-needed"] == ["clinical"]
    (form,) = told["questionnaire"]
    assert form == "https://payer.example/fhir/Questionnaire/xpovio.initial.11222|2022-10-03"
    resource = action["resource"]
    assert {**resource, "extension": None} == {**calls.order(), "extension": None}


def test_two_calls_have_ids_of_their_own(called: Called) -> None:
    (one,) = calls.asserted(called.signed(calls.hook())[1])["coverage-assertion-id"]
    (two,) = calls.asserted(called.signed(calls.hook())[1])["coverage-assertion-id"]
    assert one != two
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.1", one)


def test_an_order_comes_back_as_it_was_sent(called: Called) -> None:
    """Decimals keep their zeros, and what no rule knows is still there."""
    body = json.dumps(calls.hook(calls.order(note=[{"text": "ünseen \U0001f48a"}], extra=[1])))
    body = body.replace('"value": 20,', '"value": 20.00,').replace('"extra": [1]', '"extra": [1e2]')
    connection = called._connection
    connection.request("POST", SIGN, body.encode(), {"Content-Type": "application/json"})
    text = connection.getresponse().read().decode()
    assert '"value":20.00' in text
    assert '"extra":[1e2]' in text
    assert json.loads(text)["systemActions"][0]["resource"]["note"] == [
        {"text": "ünseen \U0001f48a"}
    ]


def test_a_package_is_answered(called: Called) -> None:
    status, answer, headers = called.ask(
        "POST", PACKAGE, calls.parameters(calls.ordered(calls.order()))
    )
    assert status == 200
    assert headers["Content-Type"] == "application/fhir+json"
    questionnaire, response = calls.packaged(answer)
    assert questionnaire["url"].endswith("/Questionnaire/xpovio.initial.11222")
    assert response["questionnaire"] == f"{questionnaire['url']}|{questionnaire['version']}"
    assert [item["linkId"] for item in response["item"]] == [
        "dose.mg_per_week",
        "quantity.tablets",
        "quantity.days_supply",
    ]


def test_feedback_is_counted(called: Called) -> None:
    before = metric(called, 'priorauth_fhir_feedback_total{outcome="overridden"}')
    given = {"feedback": [{"card": "c", "outcome": "overridden"}, {"card": "c", "outcome": "x"}]}
    assert called.post(f"{SIGN}/feedback", given) == (200, {})
    assert metric(called, 'priorauth_fhir_feedback_total{outcome="overridden"}') == before + 1
    bad: Any
    for bad in ({}, [], {"feedback": {}}, {"feedback": ["accepted"]}):
        status, answer = called.post(f"{SIGN}/feedback", bad)
        assert (status, issues(answer)) == (400, [("structure", "")])


def metric(called: Called, name: str) -> float:
    status, text = called.get("/metrics")
    assert status == 200
    found = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    # Faults are counted from the beginning, so that the first is an increase.
    assert found or "_faults_" not in name
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def test_what_is_decided_is_counted(called: Called) -> None:
    name = 'priorauth_fhir_orders_total{outcome="pended"}'
    before = metric(called, name)
    called.signed(calls.hook())
    assert metric(called, name) == before + 1


# --------------------------------------------------------------------------------------------
# What the plan knows
# --------------------------------------------------------------------------------------------


def hook_of(*identifiers: tuple[str, str]) -> Resource:
    coverage = {
        **calls.COVERAGE,
        "identifier": [{"system": system, "value": value} for system, value in identifiers],
    }
    return calls.hook(prefetched={"coverage": calls.bundle(coverage)})


def test_a_member_whom_the_plan_does_not_find(called: Called) -> None:
    for body in (hook_of(), hook_of(("https://payer.example/members", "M-9999"))):
        status, answer = called.signed(body)
        assert status == 200
        told = calls.asserted(answer)
        assert told["covered"] == ["not-covered"]
        assert told["reason"][0]["coding"][0]["code"] == "no-member-found"
        assert "pa-needed" not in told


def test_a_plan_that_is_not_asked_knows_nothing(sidecar: LocalSidecar) -> None:
    with calls.running(Service(Rules(sidecar.url))) as url, contextlib.closing(Called(url)) as own:
        _, answer = own.signed(hook_of())
        (reason,) = calls.asserted(answer)["reason"]
        assert reason["text"].endswith(
            "The plan is still to find out: Benefit; Formulary; Drug on the member's formulary."
        )


class Failing:
    """A plan whose own systems fail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def find(self, identifiers: object) -> Mapping[str, Any] | None:
        raise self._error


def test_a_plan_that_cannot_be_asked(sidecar: LocalSidecar) -> None:
    service = Service(Rules(sidecar.url), Failing(PriorAuthError("the member system is down")))
    with calls.running(service) as url, contextlib.closing(Called(url)) as own:
        status, answer = own.signed(calls.hook())
        assert status == 200
        assert calls.asserted(answer)["covered"] == ["indeterminate"]
        status, answer = own.package(calls.parameters(calls.ordered(calls.order())))
        assert (status, issues(answer)) == (503, [("transient", "")])


def test_a_fault_of_the_plans_own_code_says_nothing_of_whom(
    sidecar: LocalSidecar, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(Rules(sidecar.url), Failing(ValueError(f"no such member {calls.MEMBER}")))
    with calls.running(service) as url, contextlib.closing(Called(url)) as own:
        status, answer = own.signed(calls.hook())
        assert (status, issues(answer)) == (500, [("exception", "")])
        assert metric(own, 'priorauth_fhir_faults_total{kind="other"}') == 1
    assert re.search(r"^ValueError at .*test_fhir_service\.py:\d+$", caplog.messages[-1])
    assert calls.MEMBER not in caplog.text + json.dumps(answer)


MEMBER = {"identifiers": [{"system": "s", "value": "1"}]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a members file"),
        ('{"members": [{}]}', "$.members[0]"),
        ('{"members": [{"identifiers": [{"system": "s", "value": 1}]}]}', ".value"),
        ('{"members": [{"identifiers": [], "name": "N"}]}', "$.members[0]"),
        (json.dumps({"members": [MEMBER, MEMBER]}), "$.members[1] has an identifier"),
    ],
)
def test_a_file_of_members_that_will_not_do(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "members.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=re.escape(told)) as found:
        MemberFile(path)
    assert str(path) in str(found.value)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        MemberFile(tmp_path / "none.json")


async def found(members: MemberFile | NothingKnown, *values: str) -> Mapping[str, Any] | None:
    return await members.find([("https://payer.example/members", each) for each in values])


def test_members_are_found_by_any_of_their_identifiers(tmp_path: Path) -> None:
    path = tmp_path / "members.json"
    system = "https://payer.example/members"
    known = {
        "members": [
            {
                "identifiers": [{"system": system, "value": each} for each in values],
                "facts": {"member": {"formulary": values[0]}},
                "period": {"start": "2022-01-01"},
            }
            for values in (["1", "2"], ["3"])
        ]
    }
    path.write_text(json.dumps(known))
    members = MemberFile(path)
    first = {"facts": {"member": {"formulary": "1"}}, "period": {"start": "2022-01-01"}}
    for values, expected in (
        (("1",), first),
        (("2", "4"), first),
        (("1", "2"), first),
        (("4",), None),
        ((), None),
        (("1", "3"), None),
    ):
        assert asyncio.run(found(members, *values)) == expected
    assert asyncio.run(found(NothingKnown(), "4")) == {}


# --------------------------------------------------------------------------------------------
# Bad input
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [SIGN, PACKAGE, f"{SIGN}/feedback"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'"\xed\xa0\x80"',
        b'{"a": NaN}',
        b'{"a": 1e999999999999}',
        b'{"a": 1e9999999999999999999999}',
        b'{"a": -1e-9999999999999999999999}',
        b'{"a": 01}',
        b"[" * 100_000,
        b'{"a": 1} {"b": 2}',
        "\ufeff{}".encode(),
    ],
    ids=repr,
)
def test_what_is_not_json(called: Called, target: str, body: bytes) -> None:
    status, answer = called.post(target, body)
    assert (status, issues(answer)) == (400, [("structure", "")])


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("target", [SIGN, PACKAGE, f"{SIGN}/feedback"])
def test_what_is_not_packed_as_it_says(service: str, target: str, encoding: str) -> None:
    with contextlib.closing(Called(service)) as called:
        body = json.dumps(calls.hook()).encode()
        status, answer, _ = called.ask("POST", target, body, Content_Encoding=encoding)
        assert (status, issues(answer)) == (400, [("structure", "")])
    with contextlib.closing(Called(service)) as called:
        assert metric(called, 'priorauth_fhir_faults_total{kind="other"}') == 0


@pytest.mark.parametrize("size", [1, 70_000])
@pytest.mark.parametrize("opened", ["[", '{"a":', '{"resourceType":"Bundle","entry":['])
def test_what_is_nested_too_deeply(called: Called, opened: str, size: int) -> None:
    """Of a large body as of a small one, for which less is walked."""
    closed = "".join({"[": "]", "{": "}"}[each] for each in reversed(opened) if each in "[{")
    hook, parameters = calls.hook(), calls.parameters()
    hook["prefetch"] |= {"more": "@", "text": "x" * size}
    parameters["parameter"] += ["@", "x" * size]
    for body, ask in ((hook, called.signed), (parameters, called.package)):
        head, _, tail = json.dumps(body).partition('"@"')
        for depth in (40, 120, 600):
            status, answer = ask(f"{head}{opened * depth}1{closed * depth}{tail}".encode())
            told = json.dumps(answer)
            assert ("is not JSON: it is nested more than 100 deep" in told) is (depth > 40)
            assert status in ((200, 400) if depth == 40 else (400,))


@pytest.mark.parametrize("body", [None, True, 1, "order-sign", [], {}, [[]], {"hook": {}}])
def test_any_json_is_answered(called: Called, body: Any) -> None:
    sent = json.dumps(body).encode()
    for target in (SIGN, PACKAGE):
        status, answer = called.post(target, sent)
        assert status == 400
        assert issues(answer)


def test_an_element_that_is_wrong_is_named(called: Called) -> None:
    status, answer = called.signed({**calls.hook(), "hookInstance": 1})
    assert (status, issues(answer)) == (400, [("required", "hookInstance")])
    nothing = {**calls.hook(), "prefetch": {}}
    status, answer = called.signed(nothing)
    assert (status, issues(answer)) == (412, [("incomplete", "prefetch.coverage")])
    status, answer = called.signed(calls.hook(calls.order(authoredOn=None)))
    assert (status, issues(answer)) == (422, [("required", "MedicationRequest.authoredOn")])


def test_two_coverages_under_keys_of_their_own(called: Called) -> None:
    other = {**calls.COVERAGE, "id": "coverage-2"}
    body = calls.hook()
    body["prefetch"] = {"one": calls.COVERAGE, "other": other}
    status, answer = called.signed(body)
    assert (status, issues(answer)) == (400, [("required", "prefetch.coverage")])


def test_what_is_not_there(called: Called) -> None:
    body: Any
    for method, target, status in (
        ("GET", "/", 404),
        ("GET", "/fhir/Patient/1", 404),
        ("POST", "/cds-services/patient-view", 404),
        ("GET", SIGN, 405),
        ("DELETE", "/cds-services", 405),
        ("POST", "/fhir/Claim/$submit", 404),
    ):
        body = {} if method == "POST" else None
        found, answer, headers = called.ask(method, target, body)
        assert found == status, target
        assert answer["resourceType"] == "OperationOutcome"
        assert ("Allow" in headers) is (status == 405)


EVERYTHING = (
    *(("GET", "/cds-services"), ("POST", SIGN), ("POST", f"{SIGN}/feedback"), ("POST", PACKAGE)),
    *(("GET", "/fhir/metadata"), ("GET", "/health/ready"), ("GET", "/metrics"), ("GET", "/")),
)


@pytest.mark.parametrize("host", ["page.example", "localhost.page.example:80", "10.0.0.1", ""])
def test_a_name_that_is_not_this_machines(called: Called, host: str) -> None:
    """A web page can rebind a name of its own to this machine."""
    for method, target in EVERYTHING:
        body = calls.hook() if method == "POST" else None
        status, answer, _ = called.ask(method, target, body, Host=host)
        assert (status, issues(answer)) == (421, [("forbidden", "")])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:80"])
def test_a_name_that_is_this_machines(called: Called, host: str) -> None:
    assert called.ask("GET", "/cds-services", Host=host)[0] == 200


def test_web_pages_may_not_ask(called: Called) -> None:
    for method, target in EVERYTHING:
        body = calls.hook() if method == "POST" else None
        for origin in ("https://page.example", "http://127.0.0.1", "null", ""):
            status, answer, _ = called.ask(method, target, body, Origin=origin)
            assert (status, issues(answer)) == (403, [("forbidden", "")])


def test_a_service_for_others_is_called_by_its_names(sidecar: LocalSidecar) -> None:
    for hosts, statuses in ((["fhir.payer.example"], (200, 421)), (None, (200, 200))):
        service = Service(Rules(sidecar.url), hosts=hosts)
        with calls.running(service) as url, contextlib.closing(Called(url)) as own:
            for host, status in zip(("fhir.payer.example:443", "127.0.0.1"), statuses, strict=True):
                assert own.ask("GET", "/cds-services", Host=host)[0] == status
            # Whatever its hosts.
            assert own.ask("GET", "/cds-services", Origin="https://x.example")[0] == 403


def test_a_body_of_another_type(called: Called) -> None:
    for kind in ("text/plain", "application/xml", "application/fhir+xml", "application/yaml"):
        status, answer, _ = called.ask("POST", SIGN, b"{}", Content_Type=kind)
        assert (status, issues(answer)) == (415, [("not-supported", "")])
    body = json.dumps(calls.hook()).encode()
    status, *_ = called.ask("POST", SIGN, body, Content_Type="application/fhir+json; charset=utf-8")
    assert status == 200


def test_a_body_that_is_too_large(called: Called) -> None:
    huge = b'"' + b"x" * (9 << 20) + b'"'
    with contextlib.suppress(ConnectionError):
        status, answer = called.post(SIGN, huge)
        assert (status, issues(answer)) == (413, [("too-long", "")])


def document(size: int) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "id": "document-1",
        "status": "current",
        "content": [{"attachment": {"contentType": "application/pdf", "data": "A" * size}}],
        "text": {"status": "generated", "div": "<div>" + "x" * 1000 + "</div>"},
    }


def test_documents_may_be_large_and_the_rest_may_not(called: Called) -> None:
    citing = calls.order(supportingInformation=[{"reference": "DocumentReference/document-1"}])
    body = calls.hook(citing, prefetched={"documents": calls.bundle(document(3 << 20))})
    status, answer = called.signed(body)
    assert status == 200
    (reason,) = calls.asserted(answer)["reason"]
    assert reason["text"] == "Needed to decide: NCCN recommendations."
    assert answer["systemActions"][0]["resource"]["supportingInformation"]
    status, answer = called.signed(calls.hook(calls.order(note=[{"text": "x" * 600_000}])))
    assert (status, issues(answer)) == (413, [("too-long", "")])


def test_too_many_values_are_refused_and_the_next_is_served(called: Called) -> None:
    status, answer = called.signed(calls.hook(calls.order(note=[1] * 60_000)))
    assert (status, issues(answer)) == (413, [("too-costly", "")])
    assert called.signed(calls.hook())[0] == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"dosageInstruction": {"doseAndRate": {"doseQuantity": {}}}},
        {"dosageInstruction": [{"doseAndRate": {"doseQuantity": calls.tablets(5)}}]},
        {"dispenseRequest": []},
        {"requester": "Dr. Example"},
        {"medicationCodeableConcept": {"coding": {"code": 1}}, "medicationReference": 7},
        {"reasonCode": {"coding": 1}},
        {"supportingInformation": [[[]]]},
        {"extension": "none"},
        {"contained": {"a": 1}},
    ],
    ids=repr,
)
def test_elements_of_other_types_are_the_same_as_absent(called: Called, changed: Any) -> None:
    status, answer = called.signed(calls.hook(calls.order(**changed)))
    assert status == 200
    assert calls.asserted(answer)["covered"][0] in ("covered", "conditional")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "Patient/1"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["resourceType", "id", "reference", "coding"]), inner)
    ),
    max_leaves=4,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places in a document that hold something."""
    children: Any = enumerate(value) if isinstance(value, list) else ()
    for name, each in value.items() if isinstance(value, dict) else children:
        yield (*at, name)
        yield from places(each, (*at, name))


def broken(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy with the value in that place, or with nothing there."""
    copied = json.loads(json.dumps(document))
    node = copied
    for step in place[:-1]:
        node = node[step]
    if value is NOTHING:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return copied


NOTHING: Any = object()


ANSWERS = {
    "resourceType": "QuestionnaireResponse",
    "id": "response-1",
    "status": "completed",
    "questionnaire": "https://payer.example/fhir/Questionnaire/xpovio.initial.11222|2022-10-03",
    "extension": [
        {
            "url": f"{calls.DTR}/qr-context",
            "valueReference": {"reference": "MedicationRequest/order-1"},
        }
    ],
    "item": [
        {
            "linkId": "documentation",
            "item": [{"linkId": "documentation.reference", "answer": [{"valueString": "note"}]}],
        },
        {"linkId": "nccn.none", "answer": [{"valueBoolean": True}]},
    ],
}
HOOK = calls.hook(prefetched={"answers": calls.bundle(ANSWERS)})
PARAMETERS = calls.parameters(
    calls.ordered(calls.order()), {"name": "referenced", "resource": ANSWERS}
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_is_broken_in_a_call_is_answered(called: Called, data: st.DataObject) -> None:
    """Never by a fault of ours: no 500, no 503, and no `technical`."""
    for document, ask in ((HOOK, called.signed), (PARAMETERS, called.package)):
        place = data.draw(st.sampled_from(sorted(places(document), key=repr)))
        status, answer = ask(broken(document, place, data.draw(ANY_JSON | st.just(NOTHING))))
        # What a Rego template gives for an undefined value.
        assert "<undefined>" not in json.dumps(answer), place
        assert status in (200, 400, 412, 422), (place, answer)
        if status != 200:
            assert issues(answer)
            continue
        for action in answer.get("systemActions", ()):
            assert "could not decide" not in json.dumps(action), place


# --------------------------------------------------------------------------------------------
# The sidecar fails
# --------------------------------------------------------------------------------------------


def test_opa_gone_and_back(members: MemberFile) -> None:
    root = Path(__file__).parents[1]
    policy = (root / "policy", root / "rego")
    with contextlib.ExitStack() as stack:
        url, process = stack.enter_context(private_opa(*policy))
        own = stack.enter_context(calls.running(Service(Rules(url, timeout=60), members)))
        called = stack.enter_context(contextlib.closing(Called(own)))
        assert eventually(lambda: called.get("/health/ready")[0] == 200)
        assert calls.asserted(called.signed(calls.hook())[1])["covered"] == ["covered"]
        process.kill()
        process.wait()
        other = calls.order(id="order-2", extension=[{"url": "https://ehr.example/x"}])
        service_request = {"resourceType": "ServiceRequest", "id": "service-1"}
        medication = {"resourceType": "Medication", "id": "medication-1"}
        status, answer = called.signed(
            calls.hook(calls.order(), other, service_request, medication)
        )
        assert status == 200
        assert len(answer["systemActions"]) == 3
        for number, action in enumerate(answer["systemActions"], 1):
            told = calls.asserted(answer, number - 1)
            assert told["coverage"] == [{"reference": "Coverage/coverage-1"}]
            assert told["covered"] == told["pa-needed"] == ["indeterminate"]
            assert told["reason"][0]["coding"][0]["code"] == "technical"
            assert told["coverage-assertion-id"][0].endswith(f".{number}")
            assert action["type"] == "update"
        assert answer["systemActions"][1]["resource"]["extension"][0] == other["extension"][0]
        # The same assertion is not added to another of the same coverage.
        again = calls.hook(answer["systemActions"][0]["resource"])
        (resource,) = (each["resource"] for each in called.signed(again)[1]["systemActions"])
        assert len(resource["extension"]) == 1
        # Without one coverage nothing can be asserted, and a form cannot be made.
        assert called.signed({**calls.hook(), "prefetch": {}})[0] == 503
        assert called.package(calls.parameters(calls.ordered(calls.order())))[0] == 503
        assert called.get("/health/ready")[0] == 503
        assert called.get("/health/live")[0] == 200
        assert called.get("/cds-services")[0] == 200
        assert metric(called, 'priorauth_fhir_faults_total{kind="SidecarUnreachable"}') >= 4
        stack.enter_context(private_opa(*policy, port=port(url)))
        assert eventually(lambda: called.get("/health/ready")[0] == 200)
        assert calls.asserted(called.signed(calls.hook())[1])["covered"] == ["covered"]
        assert called.package(calls.parameters(calls.ordered(calls.order())))[0] == 200


def selected(*names: str) -> Resource:
    body = calls.hook(calls.order(), calls.order(id="order-2"))
    body["context"]["selections"] = list(names)
    return {**body, "hook": "order-select"}


def dispatched(*names: str) -> Resource:
    orders = calls.bundle(calls.order(), calls.order(id="order-2"))
    body = calls.hook(prefetched={"medicationRequests": orders})
    body["context"] = {"patientId": "patient-1", "dispatchedOrders": list(names)}
    return {**body, "hook": "order-dispatch"}


def test_each_hook_is_of_its_own_orders_decided_or_not(called: Called, members: MemberFile) -> None:
    """The answer while nothing can be decided is about the same orders."""
    with contextlib.ExitStack() as stack:
        technical = {
            "extension": {"url": calls.COVERAGE_INFORMATION, "extension": []},
            "types": ["MedicationRequest"],
        }
        discovered = called.get("/cds-services")[1]
        failing = [
            http(json.dumps({"result": each}).encode()) for each in (discovered, {}, technical)
        ]
        url, _ = stack.enter_context(answering(*failing, http(b"{}", "500 Gone")))
        # One after the other, as the answers are.
        rules = Rules(url)
        lost = Service(rules, members)
        own = stack.enter_context(calls.running(lost))
        undecided = stack.enter_context(contextlib.closing(Called(own)))
        for body in (
            calls.hook(calls.order(), calls.order(id="order-2")),
            selected("MedicationRequest/order-2"),
            selected(),
            dispatched("MedicationRequest/order-2", "MedicationRequest/order-1"),
            dispatched("MedicationRequest/order-2"),
        ):
            target = f"/cds-services/{body['hook']}-crd"
            expected = {
                each["resource"]["id"] for each in called.post(target, body)[1]["systemActions"]
            }
            status, answer = undecided.post(target, body)
            assert status == 200
            assert {each["resource"]["id"] for each in answer["systemActions"]} == expected


def eventually(holds: Any) -> bool:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(b"{}"), "UndefinedResult"),
        (http(b"[]"), "MalformedResult"),
        (http(b"<html>"), "MalformedResult"),
        (http(b'{"result": {"status": "200"}}'), "MalformedResult"),
        (http(b'{"result": 1, "x": "' + b"y" * (17 << 20) + b'"}'), "MalformedResult"),
        (http(b"", "302 Found", "Location: http://127.0.0.1:9/"), "SidecarHTTPError"),
        (http(b"{}", "500 Internal Server Error"), "SidecarHTTPError"),
        (http(b"{}", "401 Unauthorized"), "TokenRefused"),
        (http(b"{}", length=50), "SidecarUnreachable"),
        (hanging_up, "SidecarUnreachable"),
        (lambda connection: time.sleep(2), "SidecarTimeout"),
        # Hanging up on each attempt, in less than the time that there is for both.
        (lambda connection: time.sleep(0.4), "SidecarTimeout"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_sidecar_that_answers_nonsense_decides_nothing(
    answer: Any, kind: str, members: MemberFile, caplog: pytest.LogCaptureFixture
) -> None:
    # Time enough for a large answer on a busy machine.
    timeout = 0.5 if kind == "SidecarTimeout" else 60
    with (
        answering(answer) as (url, _),
        calls.running(Service(Rules(url, timeout=timeout), members)) as own,
        contextlib.closing(Called(own)) as called,
    ):
        status, found = called.package(calls.parameters(calls.ordered(calls.order())))
        assert (status, issues(found)) == (503, [("transient", "")])
        assert metric(called, f'priorauth_fhir_faults_total{{kind="{kind}"}}') >= 1
        assert called.signed(calls.hook())[0] == 503
        assert called.get("/cds-services")[0] == 503
    assert calls.MEMBER not in caplog.text


def test_the_token_is_sent_and_nothing_else_of_the_surroundings(
    members: MemberFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with (
        answering(http(b"{}")) as (url, heads),
        calls.running(Service(Rules(url, token="a-token"), members)) as own,
        contextlib.closing(Called(own)) as called,
    ):
        called.get("/fhir/metadata")
        head = heads[0].decode()
    assert "Authorization: Bearer a-token" in head
    assert "Accept-Encoding: identity" in head


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("ftp://x", {}),
        ("http://x/y", {}),
        ("http://x", {"token": ""}),
        ("http://x", {"timeout": 0}),
    ],
)
def test_a_sidecar_that_cannot_work(url: str, more: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Rules(url, **more)


# --------------------------------------------------------------------------------------------
# Many, and who they are
# --------------------------------------------------------------------------------------------


@pytest.mark.long
def test_64_callers_at_once(sidecar: LocalSidecar, members: MemberFile) -> None:
    """Each gets the answer to its own call."""
    with calls.running(Service(Rules(sidecar.url), members)) as url:
        sixty_four_call(url)


def sixty_four_call(url: str) -> None:
    start = threading.Barrier(64)

    def call(number: int) -> tuple[int, str, float]:
        with contextlib.closing(Called(url)) as own:
            start.wait()
            started = time.monotonic()
            ids = set()
            for turn in range(5):
                body = calls.hook(calls.order(id=f"order-{number}-{turn}"))
                status, answer = own.signed(body)
                assert status == 200, answer
                assert calls.asserted(answer)["covered"] == ["covered"]
                ids.add(answer["systemActions"][0]["resource"]["id"])
            assert ids == {f"order-{number}-{turn}" for turn in range(5)}
            return number, "answered", time.monotonic() - started

    with ThreadPoolExecutor(64) as pool:
        found = list(pool.map(call, range(64)))
    assert [each[0] for each in found] == list(range(64))


def test_nobody_is_called_at_an_address_that_came_in(called: Called) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.3)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}"
        body = calls.hook(
            calls.order(
                requester={"reference": f"{address}/Practitioner/1"},
                implicitRules=f"{address}/rules",
                instantiatesUri=[address],
            )
        )
        body["fhirServer"] = address
        body["fhirAuthorization"] = {"access_token": "t", "token_type": "Bearer"}
        assert called.signed(body)[0] == 200
        with pytest.raises(TimeoutError):
            trap.accept()


def test_nothing_of_a_resource_is_logged(
    called: Called, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    marker = "MARKER-7c1e"
    caplog.set_level(logging.DEBUG)
    body: Any
    for body in (
        calls.hook(calls.order(id=marker, note=[{"text": marker}])),
        {**calls.hook(), "hookInstance": [marker]},
        {marker: marker},
        [marker],
    ):
        called.signed(body)
        called.package(body)
    called.post(SIGN, f'{{"{marker}'.encode())
    called.get(f"/{marker}")
    said = capfd.readouterr()
    assert marker not in caplog.text + said.out + said.err
    assert marker not in called.get("/metrics")[1]


MARKER = b"MARKER-7c1e"


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 2\r\n\r\n{}" + MARKER,
        b'Content-Length: 2\r\n\r\n{}POST {"name": "' + MARKER,
        b"\r\nPOST " + MARKER + b" HTTP/1.1\r\n\r\n",
        MARKER + b" y: 1\r\n\r\n",
        b"X: " + MARKER + b"\0\r\n\r\n",
        b"Content-Length: " + MARKER + b"\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + MARKER + b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}" + MARKER + b"\r\n",
    ],
    ids=repr,
)
def test_nothing_of_what_is_no_http_is_logged(
    service: str, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that is longer than its length goes on as another request."""
    caplog.set_level(logging.DEBUG)
    address = urlsplit(service)
    with socket.create_connection((address.hostname, address.port or 0), timeout=60) as connection:
        head = f"POST {PACKAGE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head.encode() + sent + b"\r\n\r\n")
        answer = b""
        while more := connection.recv(65536):
            answer += more
    assert b" 400 Bad Request" in answer
    assert MARKER.decode() not in caplog.text
    assert "Traceback" not in caplog.text
    assert re.search(
        r"Error handling request from 127\.0\.0\.1: \w+ at \S+:\d+$", caplog.text, re.M
    )


def test_an_error_of_the_event_loops_is_told_by_its_kind_and_place(
    service: str, caplog: pytest.LogCaptureFixture
) -> None:
    del service
    loop = asyncio.new_event_loop()
    try:
        raise ValueError(MARKER)
    except ValueError as error:
        loop.call_exception_handler({"message": "Lost", "exception": error, "body": MARKER})
    loop.close()
    assert re.fullmatch(r"Lost: ValueError at .*test_fhir_service\.py:\d+", caplog.messages[-1])
    assert MARKER.decode() not in caplog.text


@pytest.fixture(scope="module")
def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@pytest.fixture(scope="module")
def strong() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def published(key: Any, algorithm: str, **more: str) -> dict[str, Any]:
    found = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**found, **more}


def callers_of(path: Path, *keys: dict[str, Any]) -> Callers:
    issuers = {"https://ehr.example": {"keys": keys}}
    path.write_text(json.dumps({"url": "https://fhir.payer.example/", "issuers": issuers}))
    return Callers(path)


@pytest.fixture
def callers(tmp_path: Path, elliptic: Any, strong: Any) -> Callers:
    return callers_of(
        tmp_path / "callers.json",
        published(elliptic, "ES384", kid="k-1"),
        published(strong, "RS384", kid="k-rsa"),
        published(strong, "RS384", kid="k-named", alg="RS384"),
    )


def token(key: Any, audience: str, /, *, algorithm: str = "ES384", **changed: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": "https://ehr.example",
        "aud": audience,
        "iat": now,
        "exp": now + 300,
        "jti": "a-nonce",
        **{name: each for name, each in changed.items() if name not in ("kid", "typ")},
    }
    headers: dict[str, Any] = {"kid": "k-1"}
    headers |= {name: changed[name] for name in ("kid", "typ") if name in changed}
    return jwt.encode(
        {name: each for name, each in claims.items() if each is not None},
        key,
        algorithm=algorithm,
        headers=headers,
    )


AUDIENCE = f"https://fhir.payer.example{SIGN}"


def test_callers_show_a_token(
    sidecar: LocalSidecar, members: MemberFile, callers: Callers, elliptic: Any
) -> None:
    service = Service(Rules(sidecar.url), members, callers)
    with calls.running(service) as url, contextlib.closing(Called(url)) as called:
        good = f"Bearer {token(elliptic, AUDIENCE)}"
        assert called.ask("POST", SIGN, calls.hook(), Authorization=good)[0] == 200
        for target in ("/cds-services", "/fhir/metadata"):
            own = token(elliptic, f"https://fhir.payer.example{target}")
            assert called.ask("GET", target, Authorization=f"Bearer {own}")[0] == 200
            status, answer, headers = called.ask("GET", target, Authorization=good)
            assert (status, issues(answer)) == (401, [("login", "")])
            assert headers["WWW-Authenticate"] == "Bearer"
        assert called.post(SIGN, calls.hook())[0] == 401
        # Probes and metrics are the operator's, who keeps them to itself by the network.
        for target in ("/health/live", "/health/ready", "/metrics"):
            assert called.get(target)[0] == 200


def test_a_token_that_is_not_good(callers: Callers, elliptic: Any, strong: Any) -> None:
    now = int(time.time())
    other = ec.generate_private_key(ec.SECP384R1())
    short = ec.generate_private_key(ec.SECP256R1())
    bad = {
        "of another key": token(other, AUDIENCE),
        "of another issuer": token(elliptic, AUDIENCE, iss="https://other.example"),
        "of another key's name": token(elliptic, AUDIENCE, kid="k-2"),
        "of no type": token(elliptic, AUDIENCE, typ="at+jwt"),
        "for another endpoint": token(elliptic, "https://fhir.payer.example/cds-services"),
        "expired": token(elliptic, AUDIENCE, iat=now - 600, exp=now - 300),
        "not yet good": token(elliptic, AUDIENCE, iat=now + 300, exp=now + 600),
        "good for too long": token(elliptic, AUDIENCE, exp=now + 3600),
        "without an issuer": token(elliptic, AUDIENCE, iss=None),
        "without an end": token(elliptic, AUDIENCE, exp=None),
        "without a start": token(elliptic, AUDIENCE, iat=None),
        "without a nonce": token(elliptic, AUDIENCE, jti=None),
        "of another kind of key": token(strong, AUDIENCE, algorithm="RS384"),
        "of a shorter hash": token(strong, AUDIENCE, algorithm="RS256", kid="k-rsa"),
        "of a longer hash": token(strong, AUDIENCE, algorithm="RS512", kid="k-named"),
        "of another padding": token(strong, AUDIENCE, algorithm="PS384", kid="k-rsa"),
        "of a shorter curve": token(short, AUDIENCE, algorithm="ES256"),
        "of a shared secret": token("x" * 64, AUDIENCE, algorithm="HS384"),
        "unsigned": token(None, AUDIENCE, algorithm="none"),
        "no token": "token",
    }
    for name, each in bad.items():
        with pytest.raises(PriorAuthError) as found:
            callers.check(f"Bearer {each}", SIGN)
        assert found.value.__context__ is None, name
    for header in (None, "", "Bearer", "Basic dTpw", token(elliptic, AUDIENCE)):
        with pytest.raises(PriorAuthError, match="bearer token"):
            callers.check(header, SIGN)
    callers.check(f"bearer {token(elliptic, [AUDIENCE, 'https://other.example'])}", SIGN)  # type: ignore[arg-type]
    for kid in ("k-rsa", "k-named"):
        callers.check(f"Bearer {token(strong, AUDIENCE, algorithm='RS384', kid=kid)}", SIGN)


def test_a_key_that_no_token_can_match(tmp_path: Path, elliptic: Any, strong: Any) -> None:
    short = ec.generate_private_key(ec.SECP256R1())
    for key in (
        published(short, "ES256"),
        published(elliptic, "ES384", alg="ES256"),
        published(strong, "RS384", alg="RS256"),
        published(strong, "RS384", alg="PS384"),
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "EC", "crv": ["P-384"]},
        {"alg": "ES384"},
    ):
        with pytest.raises(ConfigurationError, match=r"key 0 of .* must be for ES384 .* or RS384"):
            callers_of(tmp_path / "callers.json", {**key, "kid": "k-1"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not a callers file"),
        ('{"url": "https://x"}', "is not a callers file"),
        ('{"url": "x", "issuers": {"i": {"keys": [{"kty": "EC"}]}}}', "has no `kid`"),
        (
            '{"url": "x", "issuers": {"i": {"keys": [{"kid": "k", "kty": "RSA"}]}}}',
            "is not a usable key",
        ),
        (
            '{"url": "x", "issuers": {"i": {"keys": [{"kid": "k", "kty": "oct", "k": "AA"}]}}}',
            "is not a public key",
        ),
        (
            '{"url": "x", "issuers": {"i": {"keys": [{"kid": "k", "kty": "EC", "d": "AA"}]}}}',
            "is not a public key",
        ),
    ],
)
def test_a_file_of_callers_that_will_not_do(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "callers.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=told):
        Callers(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Callers(tmp_path / "none.json")


# --------------------------------------------------------------------------------------------
# The command
# --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def served(*options: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "priorauth", "serve", "--fhir", "--port", "0", *options]
    process = subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), process.communicate()
        yield url, process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_it_is_served_until_it_is_told_to_stop(
    by: signal.Signals, code: int, tmp_path: Path
) -> None:
    path = tmp_path / "members.json"
    path.write_text(json.dumps(calls.MEMBERS))
    with served("--members", path) as (url, process), contextlib.closing(Called(url)) as called:
        status, answer = called.signed(calls.hook())
        assert (status, calls.asserted(answer)["covered"]) == (200, ["covered"])
        process.send_signal(by)
        assert process.wait(30) == code
        assert process.stderr
        said = process.stderr.read()
    assert "give --callers, or put a gateway in front" in said
    socket_path = re.search(r"unix://(\S+)", said)
    assert socket_path
    assert not Path(socket_path[1]).exists()
    assert calls.MEMBER not in said


def test_it_ends_with_its_sidecar() -> None:
    with served() as (url, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        (opa,) = (each for each in children if "opa" in Path(f"/proc/{each}/cmdline").read_text())
        os.kill(int(opa), signal.SIGKILL)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 4
        assert said.endswith(
            "priorauth: the sidecar stopped unexpectedly; start the service again\n"
        )
        del url


def test_an_address_that_others_reach_has_any_name_or_those_that_are_given() -> None:
    for options, status in (
        (["--host", "127.0.0.1"], 421),
        (["--host", "localhost"], 421),
        (["--host", "0.0.0.0"], 200),
        (["--host", "0.0.0.0", "--allowed-host", "Fhir.payer.example"], 200),
        (["--host", "0.0.0.0", "--allowed-host", "other.example"], 421),
        (["--allowed-host", "fhir.payer.example"], 200),
    ):
        with served("--url", "http://127.0.0.1:9", *options) as (url, _):
            here = f"http://127.0.0.1:{url.rpartition(':')[2]}"
            with contextlib.closing(Called(here)) as called:
                found, *_ = called.ask("GET", "/health/live", Host="fhir.payer.example")
                assert found == status, options


def test_it_asks_the_sidecar_that_is_named(sidecar: LocalSidecar) -> None:
    with served("--url", sidecar.url) as (url, process):
        with contextlib.closing(Called(url)) as called:
            assert called.get("/health/ready") == (200, "ready\n")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["serve", "--members", "m.json"], "go with --fhir"),
        (["serve", "--allowed-host", "x.example"], "go with --fhir"),
        (["serve", "--fhir", "--page-port", "0"], "which serves no page"),
        (["serve", "--fhir", "--docker", "--url", "unix:///nowhere"], "leave one off"),
        (["serve", "--fhir", "--members", "none.json"], "none.json cannot be read"),
        (["serve", "--fhir", "--callers", "none.json"], "none.json cannot be read"),
        (["serve", "--fhir", "--url", "ftp://x"], "URL is not like"),
        (
            ["serve", "--fhir", "--url", "http://127.0.0.1:9", "--host", "192.0.2.1"],
            "is not available",
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_options_that_cannot_work(options: list[str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "priorauth", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
