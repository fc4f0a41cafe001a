"""The worked story of docs/interop.md, as the policy has it: its documents, and what is told of
them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import fhir_calls as calls
from asking import Asked
from fhir_calls import Resource

FACTS = {
    "documentation": [{"reference": "chart-note-17", "date": "2022-10-28"}],
    "nccn": [{"source": "compendium", "category": "2A"}],
}
"""What the prescriber answers."""


class Story(NamedTuple):
    """`documents` by the names of their files; `parts` of the page, by the names of their marks."""

    documents: dict[str, Any]
    parts: dict[str, str]


def story(url: str) -> Story:
    """An order that is signed, what is asked and answered, and the order signed again."""
    with contextlib.closing(Asked(url)) as asked:
        first = calls.hook()
        told = answer(asked, "crd/response", 1, service="order-sign-crd", hook=first)
        signed = told["systemActions"][0]["resource"]
        said = calls.asserted(told)
        given = calls.parameters(
            calls.ordered(signed),
            {"name": "questionnaire", "valueCanonical": said["questionnaire"][0]},
            {"name": "context", "valueString": said["coverage-assertion-id"][0]},
        )
        package = answer(asked, "dtr/questionnaire_package", 2, parameters=given)
        questionnaire, draft = calls.packaged(package)
        finished = calls.filled(questionnaire, draft, FACTS)
        again = calls.hook(signed, prefetched={"questionnaireResponses": calls.bundle(finished)})
        last = answer(asked, "crd/response", 3, service="order-sign-crd", hook=again)
        (request,) = result(asked, "crd/requests", 3, service="order-sign-crd", hook=again)
        decision = asked.decide(request)
    return Story(
        {
            "members.json": calls.MEMBERS,
            "1-order-sign.json": first,
            "2-coverage-information.json": told,
            "3-questionnaire-package.json": given,
            "4-package.json": package,
            "5-answers.json": finished,
            "6-order-sign.json": again,
            "7-coverage-information.json": last,
        },
        {
            "order": fenced(first["context"]["draftOrders"]["entry"][0]["resource"]),
            "told": "\n".join(coverage(said)),
            "questions": "\n".join(questions(questionnaire, draft)),
            "answers": "\n".join(answers(finished, draft)),
            "request": fenced(request),
            "decision": f"The decision on it: `{decision['outcome']}`.",
            "told-again": "\n".join(coverage(calls.asserted(last))),
        },
    )


def result(asked: Asked, rule: str, number: int, **envelope: Any) -> Any:
    received = {
        "instant": f"2022-11-01T14:30:0{number}Z",
        "id": f"00000000-0000-4000-8000-00000000000{number}",
    }
    (member,) = calls.MEMBERS["members"]
    known = {name: each for name, each in member.items() if name != "identifiers"}
    body = json.dumps({"input": {**envelope, "member": known, "received": received}})
    return asked.answer(f"priorauth/fhir/{rule}", body)["result"]


def answer(asked: Asked, rule: str, number: int, **envelope: Any) -> Any:
    found = result(asked, rule, number, **envelope)
    assert found["status"] == 200, found
    return found["body"]


def coverage(said: Mapping[str, list[Any]]) -> Iterator[str]:
    """The parts of a coverage information, row by row."""
    yield "| part | says |\n| --- | --- |"
    for name, values in said.items():
        for value in values:
            yield row(f"`{name}`", shown(value))


def shown(value: Any) -> str:
    """A value of an element, in words."""
    if not isinstance(value, dict):
        return str(value)
    if "extension" in value:
        return ", ".join(
            shown(next(each[name] for name in each if name.startswith("value")))
            for each in value["extension"]
        )
    if "value" in value:
        return f"{value['value']} {value['unit']}"
    if "start" in value:
        return f"{value['start']} to {value['end']}"
    return value.get("text") or value.get("reference") or str(value["coding"][0]["code"])


def questions(questionnaire: Resource, draft: Resource) -> Iterator[str]:
    """The items of a form, row by row."""
    known = {item["linkId"]: item for item in draft.get("item", ())}
    yield "| item | asks | type |\n| --- | --- | --- |"
    for item in questionnaire["item"]:
        for each in (item, *item.get("item", ())):
            kind = each["type"] + ", repeats" * bool(each.get("repeats"))
            options = [option["valueCoding"]["code"] for option in each.get("answerOption", ())]
            if options:
                kind += f": {', '.join(options)}"
            if each["linkId"] in known:
                kind += f"; filled in: {given(known[each['linkId']])}"
            yield row(f"`{each['linkId']}`", each.get("text", ""), kind)


def answers(finished: Resource, draft: Resource) -> Iterator[str]:
    """The answers that are not from the draft, row by row."""
    yield "| item | answer |\n| --- | --- |"
    for item in finished["item"]:
        if item not in draft.get("item", ()):
            for each in item.get("item", (item,)):
                yield row(f"`{each['linkId']}`", given(each))


def given(item: Resource) -> str:
    """What an item is answered by."""
    (answer,) = item["answer"]
    value = next(answer[name] for name in answer if name.startswith("value"))
    return str(value["code"] if isinstance(value, dict) else value)


def row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', ESCAPED) for cell in cells)} |"


ESCAPED = r"\|"


def fenced(document: Mapping[str, Any]) -> str:
    members = ",\n".join(f"  {json.dumps(name)}: {json.dumps(document[name])}" for name in document)
    return f"```json\n{{\n{members}\n}}\n```"
