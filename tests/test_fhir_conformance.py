"""Every FHIR document that can be made is valid, by HAPI's validator and the guides' own profiles.

The profiles are found by PRIORAUTH_FHIR_PROFILES, the path of an archive of them; the validator is
built by Maven. Faults in them are patched here, with the reason.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import fhir_calls as calls
import test_fhir_round_trip as round_trip
import worked
from asking import Asked
from fhir_calls import CRD, DTR, Resource, asserted, packaged
from priorauth import policy
from priorauth.fhir.undecided import Technical, undecided
from servers import private_opa
from test_examples import TABLES, request_of, table

pytestmark = pytest.mark.long

HERE = Path(__file__).with_name("fhir")
CORE = "http://hl7.org/fhir/StructureDefinition"
PRESCRIPTION = f"{CRD}/profile-medicationrequest"
OUTPUT = f"{DTR}/dtr-qpackage-output-parameters"
QUESTIONNAIRE = f"{DTR}/dtr-std-questionnaire"
RESPONSE = f"{DTR}/dtr-questionnaireresponse"

# CRD 2.2.1 compares an element that may be absent, for which FHIRPath gives an empty result. So
# `auth-needed` with `withpa`, which the rule is meant to allow, fails it, as do HL7's own examples.
Q4 = "value = 'not-covered')) and extension"
Q4_MENDED = "value = 'not-covered')).exists() and extension"


def left_out(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(f"conformance is not tried: {why}")


class Validator:
    """HAPI's validator, in one process for all documents."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def define(self, resource: Resource) -> None:
        """Validate answers against their Questionnaire."""
        self._ask({"resource": resource})

    def errors(self, resource: Resource, profile: str) -> list[str]:
        return self._ask({"resource": resource, "profile": profile})

    def _ask(self, document: Any) -> list[str]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(document), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "the validator ended"
        errors: list[str] = json.loads(answer)["errors"]
        return errors


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = os.environ.get("PRIORAUTH_FHIR_PROFILES")
    if not archive:
        left_out("PRIORAUTH_FHIR_PROFILES names no archive of profiles")
    assert Path(archive).is_file(), f"PRIORAUTH_FHIR_PROFILES names {archive}, which is no file"
    folder = tmp_path_factory.mktemp("profiles")
    with tarfile.open(archive, "r:xz") as tar:
        tar.extractall(folder, filter="data")
    (path,) = folder.rglob("StructureDefinition-ext-coverage-information.json")
    text = path.read_text()
    assert Q4 in text, "what is mended here is mended there"
    path.write_text(text.replace(Q4, Q4_MENDED))
    return folder


@pytest.fixture(scope="module")
def validator(profiles: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Validator]:
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            left_out(f"there is no {tool}")
    target = tmp_path_factory.mktemp("validator")
    built = subprocess.run(
        [
            *("mvn", "--quiet", "--batch-mode", f"-Dtarget={target}", "compile"),
            *("dependency:build-classpath", f"-Dmdep.outputFile={target / 'classpath'}"),
        ],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    classes = f"{target / 'classes'}:{(target / 'classpath').read_text()}"
    # On either side in UTF-8, whatever the machine's own encoding.
    command = ["java", "-Dstdout.encoding=UTF-8", "-cp", classes, "Conformance"]
    process = subprocess.Popen(
        [*command, str(profiles), str(HERE / "definitions")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    try:
        yield Validator(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with (
        private_opa(
            *policy.paths(round_trip.ROOT),
            *(round_trip.EXAMPLES / name for name in ("brumexa", "ostrivane", "zelvorapt")),
            *("--ignore", policy.TESTS),
        ) as (url, _),
        contextlib.closing(Asked(url)) as asked,
    ):
        yield asked


def cases() -> Iterator[tuple[str, Resource]]:
    """The requests of all worked cases, of Xpovio and of the example guidelines."""
    for case in worked.cases():
        yield case.name, case.request
    for name, document in worked.documents():
        yield name, document["request"]
    for path in TABLES:
        if path.parent.name in ("brumexa", "ostrivane", "zelvorapt"):
            for case in table(path)["cases"]:
                yield case["name"], request_of(path, case, null=False)


def as_order(request: Any) -> tuple[Resource, Resource]:
    """An order of the drug and the day of a request, and a plan that knows all the rest."""
    stated = request if isinstance(request, dict) else {}
    drug = stated.get("drug")
    name = drug.get("name") if isinstance(drug, dict) else None
    day = stated.get("service_date")
    found = calls.order(
        medicationCodeableConcept={"text": name if isinstance(name, str) and name else "none"},
        authoredOn=day if isinstance(day, str) and day else "2022-11-01",
        dosageInstruction=None,
        dispenseRequest=None,
    )
    facts = {each: stated[each] for each in stated if each not in ("request_id", "drug")}
    return found, {"facts": facts}


def test_every_worked_case_is_answered_validly(validator: Validator, asked: Asked) -> None:
    told: dict[str, int] = {}
    for title, request in cases():
        order, member = as_order(request)
        answer = round_trip.response(asked, calls.hook(order), member)
        if answer["status"] == 200:
            (action,) = answer["body"]["systemActions"]
            assert validator.errors(action["resource"], PRESCRIPTION) == [], title
            (covered,) = asserted(answer["body"])["covered"]
            told[covered] = told.get(covered, 0) + 1
        else:
            assert validator.errors(answer["body"], f"{CORE}/OperationOutcome") == [], title
    assert min(told[each] for each in ("covered", "conditional", "indeterminate")) > 3


def test_every_worked_case_has_a_valid_package(validator: Validator, asked: Asked) -> None:
    tried = set()
    for title, request in cases():
        order, member = as_order(request)
        answer = round_trip.package(asked, calls.parameters(calls.ordered(order)), member)
        if answer["status"] != 200:
            assert validator.errors(answer["body"], f"{CORE}/OperationOutcome") == [], title
            continue
        assert validator.errors(answer["body"], OUTPUT) == [], title
        for parameter in answer["body"]["parameter"]:
            if parameter["name"] == "packagebundle":
                questionnaire, draft = (each["resource"] for each in parameter["resource"]["entry"])
                validator.define(questionnaire)
                assert validator.errors(questionnaire, QUESTIONNAIRE) == [], title
                assert validator.errors(draft, RESPONSE) == [], title
                tried.add(questionnaire["url"])
    assert len(tried) > 8


def a_member(**changed: Any) -> Resource:
    return {**copy.deepcopy(round_trip.KNOWN), **changed}


FULL = round_trip.GOOD


def answered(asked: Asked, **facts: Any) -> Resource:
    """Answers to the questions on the order that says nothing but its drug."""
    order = calls.order(**round_trip.SILENT)
    form = round_trip.package(asked, calls.parameters(calls.ordered(order)))["body"]
    return calls.filled(*packaged(form), {**FULL, **facts})


def hook_answered(asked: Asked, **facts: Any) -> Resource:
    finished = answered(asked, **facts)
    order = calls.order(**round_trip.SILENT)
    return calls.hook(order, prefetched={"answers": calls.bundle(finished)})


OTHER = {"medicationCodeableConcept": {"text": "Other"}}
ANSWERS: dict[str, Callable[[Asked], Any]] = {
    "pended, with questions": lambda a: round_trip.response(a, calls.hook()),
    "pended, the plan's own": lambda a: round_trip.response(
        a, hook_answered(a), a_member(facts={"member": {"benefit": "pharmacy"}})
    ),
    "pended, for a person": lambda a: round_trip.response(
        a, hook_answered(a, **{"dose.mg_per_week": 120})
    ),
    "approved": lambda a: round_trip.response(a, hook_answered(a)),
    "denied": lambda a: round_trip.response(a, hook_answered(a, nccn=[])),
    "modified": lambda a: round_trip.response(a, hook_answered(a, **{"quantity.tablets": 40})),
    "not applicable": lambda a: round_trip.response(
        a, calls.hook(), a_member(facts={"member": {"benefit": "medical"}})
    ),
    "another drug": lambda a: round_trip.response(a, calls.hook(calls.order(**OTHER))),
    "no drug": lambda a: round_trip.response(
        a, calls.hook(calls.order(medicationCodeableConcept={"coding": [{"code": "x"}]}))
    ),
    "invalid": lambda a: round_trip.response(
        a, calls.hook(), a_member(facts={"member": {"formulary": "unheard of"}})
    ),
    "no member": lambda a: round_trip.response(a, calls.hook(), None),
    "no active coverage": lambda a: round_trip.response(
        a, calls.hook(), a_member(period={"end": "2021-12-31"})
    ),
    "while orders are selected": lambda a: round_trip.result(
        a,
        "crd/response",
        {
            "service": "order-select-crd",
            "hook": {
                **calls.hook(),
                "hook": "order-select",
                "context": {
                    **calls.hook()["context"],
                    "selections": ["MedicationRequest/order-1"],
                },
            },
            "member": round_trip.KNOWN,
            "received": round_trip.RECEIVED,
        },
    ),
    "while nothing can be decided": lambda a: {
        "body": {
            "systemActions": undecided(
                Technical(**round_trip.result(a, "crd/technical", None)),
                calls.hook(),
                [calls.COVERAGE],
                *round_trip.RECEIVED.values(),
            )
        }
    },
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_kind_of_answer_is_valid(validator: Validator, asked: Asked, name: str) -> None:
    body = ANSWERS[name](asked)["body"]
    (action,) = body["systemActions"]
    assert validator.errors(action["resource"], PRESCRIPTION) == []


def test_an_order_of_another_kind_is_valid_too(validator: Validator, asked: Asked) -> None:
    order = {
        "resourceType": "ServiceRequest",
        "id": "service-1",
        "status": "draft",
        "intent": "order",
        "code": {"text": "Invented service"},
        "subject": {"reference": "Patient/patient-1"},
        "authoredOn": "2022-11-01",
        "requester": {"reference": "Practitioner/practitioner-1"},
    }
    before = validator.errors(order, f"{CRD}/profile-servicerequest")
    (action,) = round_trip.response(asked, calls.hook(order))["body"]["systemActions"]
    assert validator.errors(action["resource"], f"{CRD}/profile-servicerequest") == before == []


def test_finished_answers_are_valid(validator: Validator, asked: Asked) -> None:
    form = round_trip.package(asked, calls.parameters(calls.ordered(calls.order())))["body"]
    questionnaire, _ = packaged(form)
    validator.define(questionnaire)
    finished = calls.filled(*packaged(form), FULL)
    assert validator.errors(finished, RESPONSE) == []
    none = calls.filled(*packaged(form), {**FULL, "nccn": []})
    assert validator.errors(none, RESPONSE) == []


def test_refusals_and_the_statement_are_valid(validator: Validator, asked: Asked) -> None:
    for body in ({}, None, {**calls.hook(), "prefetch": {}}, calls.hook(calls.order(id=None))):
        answer = round_trip.response(asked, body)
        assert answer["status"] != 200
        assert validator.errors(answer["body"], f"{CORE}/OperationOutcome") == []
    statement = round_trip.result(asked, "metadata", None)
    assert validator.errors(statement, f"{CORE}/CapabilityStatement") == []


def test_what_the_tests_send_is_valid(validator: Validator) -> None:
    """The calls that are answered here are those of a conforming client."""
    for resource, profile in (
        (calls.order(), PRESCRIPTION),
        (calls.COVERAGE, f"{CRD}/profile-coverage"),
        (calls.PATIENT, f"{CRD}/profile-patient"),
        (calls.PRACTITIONER, f"{CRD}/profile-practitioner"),
        (calls.parameters(calls.ordered(calls.order())), f"{DTR}/dtr-qpackage-input-parameters"),
    ):
        assert validator.errors(resource, profile) == []


def test_the_story_is_valid(validator: Validator) -> None:
    """The documents of docs/interop.md."""
    told = {
        path.name: json.loads(path.read_text())
        for path in (round_trip.ROOT / "examples" / "fhir").glob("*.json")
    }
    validator.define(packaged(told["4-package.json"])[0])
    held = [
        (told["3-questionnaire-package.json"], f"{DTR}/dtr-qpackage-input-parameters"),
        (told["4-package.json"], OUTPUT),
        (told["5-answers.json"], RESPONSE),
    ]
    for name in ("1-order-sign.json", "6-order-sign.json"):
        (entry,) = told[name]["context"]["draftOrders"]["entry"]
        held.append((entry["resource"], PRESCRIPTION))
    for name in ("2-coverage-information.json", "7-coverage-information.json"):
        (action,) = told[name]["systemActions"]
        held.append((action["resource"], PRESCRIPTION))
    for resource, profile in held:
        assert validator.errors(resource, profile) == [], profile
    assert set(told) == {
        "members.json",
        *(f"{n}-order-sign.json" for n in (1, 6)),
        *(f"{n}-coverage-information.json" for n in (2, 7)),
        *("3-questionnaire-package.json", "4-package.json", "5-answers.json"),
    }


# --------------------------------------------------------------------------------------------
# What is broken must fail
# --------------------------------------------------------------------------------------------

Break = Callable[[Resource], None]


def part(order: Resource, url: str) -> Resource:
    parts = order["extension"][-1]["extension"]
    found: Resource = next(each for each in parts if each["url"] == url)
    return found


def without(url: str) -> Break:
    def take(order: Resource) -> None:
        order["extension"][-1]["extension"].remove(part(order, url))

    return take


def replaced(url: str, name: str, value: Any) -> Break:
    return lambda order: part(order, url).__setitem__(name, value)


BROKEN_ORDERS: dict[str, tuple[Break, str]] = {
    "no coverage": (without("coverage"), "coverage"),
    "no date": (without("date"), "date"),
    "no id": (without("coverage-assertion-id"), "coverage-assertion-id"),
    "an unknown code": (replaced("covered", "valueCode", "perhaps"), "coverageInfo"),
    "a questionnaire and no need of it": (without("doc-needed"), "crd-ci-q1"),
    "not covered, and to be authorized": (
        replaced("covered", "valueCode", "not-covered"),
        "crd-ci-q2",
    ),
    "conditional on nothing": (replaced("covered", "valueCode", "conditional"), "crd-ci-q3"),
    "satisfied without a number": (replaced("pa-needed", "valueCode", "satisfied"), "crd-ci-q"),
    "a purpose without a reason": (without("reason"), "crd-ci-q8"),
    "a detail without its value": (lambda o: part(o, "detail")["extension"].pop(2), "value"),
    "no requester": (lambda o: o.pop("requester"), "requester"),
    "not to be done": (lambda o: o.__setitem__("doNotPerform", True), "doNotPerform"),
}


@pytest.mark.parametrize("name", BROKEN_ORDERS)
def test_a_broken_answer_is_not_valid(validator: Validator, asked: Asked, name: str) -> None:
    breaking, told = BROKEN_ORDERS[name]
    (action,) = round_trip.response(asked, calls.hook())["body"]["systemActions"]
    order = action["resource"]
    breaking(order)
    errors = validator.errors(order, PRESCRIPTION)
    assert any(told in each for each in errors), errors


BROKEN_PACKAGES: dict[str, tuple[Break, str]] = {
    "no answers to start from": (lambda b: b["entry"].pop(1), "questionnaireResponse"),
    "another type of bundle": (lambda b: b.__setitem__("type", "batch"), "collection"),
    "the answers first": (lambda b: b["entry"].reverse(), "dtrb-1"),
    "no audience's time": (
        lambda b: b["entry"][0]["resource"]["extension"][2]["extension"].pop(0),
        "dtrq-6",
    ),
    "an item without a text": (lambda b: b["entry"][0]["resource"]["item"][0].pop("text"), "text"),
    "no subject type": (lambda b: b["entry"][0]["resource"].pop("subjectType"), "subjectType"),
    "a version without its algorithm": (
        lambda b: b["entry"][0]["resource"]["extension"].pop(3),
        "sdc-",
    ),
    "no coverage": (lambda b: b["entry"][1]["resource"]["extension"].pop(0), "qr-coverage"),
    "no intended use": (lambda b: b["entry"][1]["resource"]["extension"].pop(2), "intendedUse"),
    "an answer from nowhere": (
        lambda b: b["entry"][1]["resource"]["item"][0]["answer"][0].pop("extension"),
        "origin",
    ),
}


@pytest.mark.parametrize("name", BROKEN_PACKAGES)
def test_a_broken_package_is_not_valid(validator: Validator, asked: Asked, name: str) -> None:
    breaking, told = BROKEN_PACKAGES[name]
    body = round_trip.package(asked, calls.parameters(calls.ordered(calls.order())))["body"]
    breaking(body["parameter"][0]["resource"])
    errors = validator.errors(body, OUTPUT)
    assert any(told in each for each in errors), errors


BROKEN_ANSWERS: dict[str, tuple[Break, str]] = {
    "to no question": (lambda r: r["item"][0].__setitem__("linkId", "other"), "LinkId"),
    "of another type": (
        lambda r: (
            r["item"][-1]["answer"][0].__setitem__("valueString", "28")
            or r["item"][-1]["answer"][0].pop("valueInteger")
        ),
        "value must be of the type",
    ),
    "with a code that is not offered": (
        lambda r: r["item"][1]["item"][0]["answer"][0]["valueCoding"].__setitem__("code", "x"),
        "not in the set of permitted values",
    ),
    "without what is required": (lambda r: r["item"][1]["item"].pop(0), "nccn.source"),
    "out of order": (lambda r: r["item"].reverse(), "order"),
}


@pytest.mark.parametrize("name", BROKEN_ANSWERS)
def test_broken_answers_are_not_valid(validator: Validator, asked: Asked, name: str) -> None:
    breaking, told = BROKEN_ANSWERS[name]
    form = round_trip.package(asked, calls.parameters(calls.ordered(calls.order())))["body"]
    questionnaire, _ = packaged(form)
    validator.define(questionnaire)
    finished = calls.filled(*packaged(form), FULL)
    breaking(finished)
    errors = validator.errors(finished, RESPONSE)
    assert any(told in each for each in errors), errors
