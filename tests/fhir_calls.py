"""Calls of an invented prescriber's system about an invented member, and what answers them."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from priorauth.fhir import Service

Resource = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
FORM = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"
NDC = "http://hl7.org/fhir/sid/ndc"
NUCC = "http://nucc.org/provider-taxonomy"
CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"
CRD = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition"
COVERAGE_INFORMATION = f"{CRD}/ext-coverage-information"

MEMBER = "M-0001"
MEMBERS: dict[str, Any] = {
    "members": [
        {
            "identifiers": [{"system": "https://payer.example/members", "value": MEMBER}],
            "facts": {
                "member": {"birth_date": "1956-04-12", "benefit": "pharmacy", "formulary": "2"}
            },
            "drugs": {"xpovio": {"member": {"drug_on_formulary": True}}},
        }
    ]
}


def tablets(value: float) -> Resource:
    return {"value": value, "unit": "tablets", "system": FORM, "code": "TAB"}


def days(value: float) -> Resource:
    return {"value": value, "unit": "days", "system": UCUM, "code": "d"}


def order(**changed: Any) -> Resource:
    """An order of Xpovio, 100 mg once weekly, 20 tablets for 28 days; None takes one away."""
    found: Resource = {
        "resourceType": "MedicationRequest",
        "id": "order-1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [{"system": NDC, "code": "72237-101-03"}],
            "text": "Xpovio 100 mg once weekly",
        },
        "subject": {"reference": "Patient/patient-1"},
        "authoredOn": "2022-11-01T09:30:00-05:00",
        "requester": {"reference": "Practitioner/practitioner-1"},
        "dosageInstruction": [
            {
                "text": "5 tablets once a week",
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}},
                "doseAndRate": [{"doseQuantity": tablets(5)}],
            }
        ],
        "dispenseRequest": {"quantity": tablets(20), "expectedSupplyDuration": days(28)},
    }
    found |= changed
    return {name: each for name, each in found.items() if each is not None}


PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "patient-1",
    "identifier": [{"system": "https://ehr.example/patients", "value": "E-77"}],
    "name": [{"family": "Sample", "given": ["Invented"]}],
    "gender": "female",
    "birthDate": "1956-04-12",
}

COVERAGE: Resource = {
    "resourceType": "Coverage",
    "id": "coverage-1",
    "identifier": [
        {
            "type": {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}
                ]
            },
            "system": "https://payer.example/members",
            "value": MEMBER,
        }
    ],
    "status": "active",
    "subscriberId": MEMBER,
    "relationship": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship",
                "code": "self",
            }
        ]
    },
    "beneficiary": {"reference": "Patient/patient-1"},
    "payor": [
        {
            "identifier": {
                "system": "https://payer.example/payers",
                "value": "example-health-plan",
            },
            "display": "Example Health Plan",
        }
    ],
}

PRACTITIONER: Resource = {
    "resourceType": "Practitioner",
    "id": "practitioner-1",
    "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
    "name": [{"family": "Example"}],
}

ROLE: Resource = {
    "resourceType": "PractitionerRole",
    "id": "role-1",
    "practitioner": {"reference": "Practitioner/practitioner-1"},
    "specialty": [{"coding": [{"system": NUCC, "code": "207RH0003X"}]}],
}


def bundle(*resources: Resource) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in resources],
    }


def hook(*orders: Resource, prefetched: Mapping[str, Any] | None = None) -> Resource:
    """An order-sign call about these orders, by default the one of `order()`."""
    return {
        "hook": "order-sign",
        "hookInstance": "9c1f6a52-8e0d-4a3e-8a3c-61f2c9b3d7aa",
        "fhirServer": "https://ehr.example/fhir",
        "context": {
            "userId": "Practitioner/practitioner-1",
            "patientId": "patient-1",
            "draftOrders": bundle(*(orders or (order(),))),
        },
        "prefetch": {
            "patient": copy.deepcopy(PATIENT),
            "coverage": bundle(copy.deepcopy(COVERAGE)),
            "practitioners": bundle(PRACTITIONER),
            "practitionerRoles": bundle(ROLE),
            **(prefetched or {}),
        },
    }


def parameters(*given: Resource, coverage: Resource = COVERAGE) -> Resource:
    """The input of `$questionnaire-package`, with what an order points to."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "coverage", "resource": coverage},
            *given,
            *({"name": "referenced", "resource": each} for each in (PATIENT, PRACTITIONER, ROLE)),
        ],
    }


def ordered(resource: Resource) -> Resource:
    return {"name": "order", "resource": resource}


def asserted(answer: Resource, number: int = 0) -> dict[str, list[Any]]:
    """What a hook's answer says of one of its orders: by the name of the part, its values."""
    extension = answer["systemActions"][number]["resource"]["extension"][-1]
    assert extension["url"] == COVERAGE_INFORMATION
    found: dict[str, list[Any]] = {}
    for part in extension["extension"]:
        value = next((part[name] for name in part if name.startswith("value")), part)
        found.setdefault(part["url"], []).append(value)
    return found


def packaged(answer: Resource, number: int = 0) -> tuple[Resource, Resource]:
    """The Questionnaire and the draft QuestionnaireResponse of a package."""
    entries = answer["parameter"][number]["resource"]["entry"]
    return entries[0]["resource"], entries[1]["resource"]


_BY_A_PERSON = {
    "url": f"{DTR}/information-origin",
    "extension": [
        {"url": "source", "valueCode": "manual"},
        {
            "url": "author",
            "extension": [
                {
                    "url": "practitioner",
                    "valueReference": {"reference": "Practitioner/practitioner-1"},
                }
            ],
        },
    ],
}


def filled(questionnaire: Resource, draft: Resource, facts: Mapping[str, Any]) -> Resource:
    """A draft completed as a person would: every item that may be written, by the facts given.

    Facts are by `linkId`; an empty list is stated by the question beside the list. An item for
    which no fact is given stays unanswered.
    """
    response = copy.deepcopy(draft)
    written = {item["linkId"] for item in response.get("item", ())}
    items = response.get("item", [])
    for question in questionnaire["item"]:
        link = question["linkId"]
        if link not in facts or link in written or question.get("readOnly"):
            continue
        value = facts[link]
        if value == [] and question.get("repeats"):
            items.append({"linkId": f"{link}.none", "answer": [_answer({"type": "boolean"}, True)]})
        elif question["type"] == "group":
            for each in value:
                members = [
                    {"linkId": part["linkId"], "answer": [_answer(part, each[name])]}
                    for part in question["item"]
                    if each.get(name := part["linkId"].rpartition(".")[2]) is not None
                ]
                items.append({"linkId": link, "item": members})
        else:
            values = value if question.get("repeats") else [value]
            items.append({"linkId": link, "answer": [_answer(question, each) for each in values]})
    places = [question["linkId"] for question in questionnaire["item"]]
    response["item"] = sorted(items, key=lambda item: places.index(item["linkId"]))
    response["status"] = "completed"
    response["author"] = {"reference": "Practitioner/practitioner-1"}
    return response


def _answer(question: Resource, value: Any) -> Resource:
    if question["type"] == "choice":
        options = [each["valueCoding"] for each in question["answerOption"]]
        chosen = next(each for each in options if each["code"] == value)
        return {"valueCoding": chosen, "extension": [_BY_A_PERSON]}
    return {f"value{question['type'].capitalize()}": value, "extension": [_BY_A_PERSON]}


class Called:
    """A connection to a service, kept open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, method: str, target: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """The status, the JSON (or the text), and the headers of an answer."""
        sent = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if sent is not None:
            named = {"Content-Type": "application/json", **named}
        self._connection.request(method, target, sent, named)
        response = self._connection.getresponse()
        text = response.read().decode()
        kind = response.headers.get("Content-Type", "")
        return response.status, json.loads(text) if "json" in kind else text, response.headers

    def get(self, target: str) -> tuple[int, Any]:
        return self.ask("GET", target)[:2]

    def post(self, target: str, body: Any) -> tuple[int, Any]:
        return self.ask("POST", target, body)[:2]

    def signed(self, body: Any) -> tuple[int, Any]:
        """The answer to an order-sign call."""
        return self.post("/cds-services/order-sign-crd", body)

    def package(self, body: Any) -> tuple[int, Any]:
        """The answer to `$questionnaire-package`."""
        return self.post("/fhir/Questionnaire/$questionnaire-package", body)


@contextlib.contextmanager
def running(service: Service) -> Iterator[str]:
    """The service, in a thread of its own on a free port: its URL."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(service.application, access_log=None)

    async def start() -> str:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
