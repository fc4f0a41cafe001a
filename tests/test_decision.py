"""Reading a decision document: all of a sound one, and nothing of an unsound one."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

import priorauth
from priorauth import Decision, MalformedResult

FULL: dict[str, Any] = {
    "request_id": "MEMBER-4711",
    "outcome": "modified",
    "requires_clinician_review": True,
    "guideline": {
        "id": "xpovio",
        "title": "Xpovio (selinexor)",
        "version": "2022-10-03",
        "effective_date": "2022-10-03",
        "next_review": "2023-06",
    },
    "criteria": [
        {
            "id": "quantity",
            "clause": "IV",
            "text": "160mg/week: 32 tablets per 28 days",
            "status": "reduced",
            "facts": {"tablets": 4711, "limit": {"tablets": 32, "days": 28}},
        },
        {
            "id": "therapy",
            "clause": "III",
            "text": "One of these",
            "status": "met",
            "kind": "branch",
            "parts": [
                {
                    "id": "step",
                    "clause": "III.1",
                    "text": "The step before",
                    "status": "not_considered",
                    "facts": {},
                }
            ],
        },
    ],
    "reasons": [
        {"code": "quantity_reduced", "criterion": "quantity", "clause": "IV", "message": "4711"}
    ],
    "missing": [{"path": "/nccn", "criterion": "nccn", "clause": "III.3", "question": "4711?"}],
    "authorization": {
        "start_date": "2022-11-01",
        "end_date": "2023-04-30",
        "quantity": {"tablets": 32, "days_supply": 28},
        "package": "80 mg twice weekly",
    },
    "notices": [{"code": "coverage_gap", "message": "4711"}],
    "errors": [],
}


def test_all_of_it() -> None:
    decision = Decision.from_document(FULL)
    assert decision.raw is FULL
    assert decision.request_id == "MEMBER-4711"
    assert decision.outcome == "modified"
    assert decision.requires_clinician_review is True
    assert decision.guideline == priorauth.GuidelineReference(
        "xpovio", "Xpovio (selinexor)", "2022-10-03", date(2022, 10, 3), "2023-06"
    )
    assert decision.criteria == (
        priorauth.Criterion(
            "quantity",
            "IV",
            "160mg/week: 32 tablets per 28 days",
            "reduced",
            {"tablets": 4711, "limit": {"tablets": 32, "days": 28}},
        ),
        priorauth.Criterion(
            "therapy",
            "III",
            "One of these",
            "met",
            {},
            "branch",
            (priorauth.Criterion("step", "III.1", "The step before", "not_considered", {}),),
        ),
    )
    assert decision.reasons == (priorauth.Reason("quantity_reduced", "quantity", "IV", "4711"),)
    assert decision.missing == (priorauth.Missing("/nccn", "nccn", "III.3", "4711?"),)
    assert decision.authorization == priorauth.Authorization(
        date(2022, 11, 1),
        date(2023, 4, 30),
        {"tablets": 32, "days_supply": 28},
        "80 mg twice weekly",
    )
    assert decision.notices == (priorauth.Notice("coverage_gap", "4711"),)
    assert decision.errors == ()


def test_it_cannot_be_changed_and_can_be_hashed_compared_and_copied() -> None:
    decision = Decision.from_document(FULL)
    with pytest.raises(AttributeError):
        decision.outcome = "approved"  # type: ignore[misc]
    again = Decision.from_document(copy.deepcopy(FULL))
    assert decision == again
    assert hash(decision) == hash(again)
    assert pickle.loads(pickle.dumps(decision)) == decision


def test_its_repr_shows_nothing_of_the_member() -> None:
    shown = repr(Decision.from_document(FULL))
    assert "modified" in shown
    assert "quantity_reduced" in shown
    assert "4711" not in shown
    assert "2023-04-30" not in shown


def test_a_number_is_read_by_its_value() -> None:
    decision = Decision.from_document(
        changed(("authorization", "quantity"), {"tablets": 32.0, "ml": 2.5})
    )
    assert decision.authorization is not None
    assert decision.authorization.quantity == {"tablets": 32, "ml": 2.5}
    assert type(decision.authorization.quantity["tablets"]) is int


def test_what_a_later_policy_adds_is_let_through() -> None:
    assert Decision.from_document({**FULL, "appeal": "…"}) == Decision.from_document(FULL)


# --------------------------------------------------------------------------------------------
# Unsound documents
# --------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]


def changed(path: Path, *value: Any) -> Any:
    """`FULL` with another value at a path, or without what is there."""
    document = holder = copy.deepcopy(FULL)
    for key in path[:-1]:
        holder = holder[key]  # type: ignore[index]
    if value:
        holder[path[-1]] = value[0]  # type: ignore[index]
    else:
        del holder[path[-1]]  # type: ignore[arg-type]
    return document


def members(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every member of every object, but not what is in `facts` and `quantity`."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*at, key), item
            if key not in ("facts", "quantity"):
                yield from members(item, (*at, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from members(item, (*at, n))


ALL = list(members(FULL))
IDS = [json.dumps(path) for path, _ in ALL]
NULLABLE: set[Path] = {
    ("request_id",),
    ("guideline",),
    ("authorization",),
    ("authorization", "end_date"),
    ("authorization", "package"),
}
NULLABLE |= {("reasons", 0, "criterion"), ("reasons", 0, "clause")}


def refused(document: Any, path: Path) -> None:
    with pytest.raises(MalformedResult) as caught:
        Decision.from_document(document)
    assert caught.value.pointer == "".join(f"/{key}" for key in path)
    assert f"{caught.value.pointer}: " in str(caught.value)
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize(("path", "value"), ALL, ids=IDS)
def test_a_missing_member(path: Path, value: Any) -> None:
    refused(changed(path), path)


@pytest.mark.parametrize(("path", "value"), ALL, ids=IDS)
def test_a_member_of_another_type(path: Path, value: Any) -> None:
    for other in (None, True, 1, 1.5, "4711", ["4711"], {"4711": 4711}):
        alike = isinstance(value, type(other)) or (other is None and path in NULLABLE)
        if not alike:
            refused(changed(path, other), path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome",), "Approved"),
        (("outcome",), ""),
        (("criteria", 0, "status"), "maybe"),
        (("guideline", "effective_date"), "2022-02-30"),
        (("authorization", "start_date"), "20221101"),
        (("authorization", "start_date"), "2022-W44-2"),
        (("authorization", "end_date"), "2023-04-30T00:00:00"),
        (("authorization", "quantity", "tablets"), True),
        (("authorization", "quantity", "tablets"), None),
        (("authorization", "quantity", "tablets"), "32"),
        (("criteria", 1, "parts", 0), "4711"),
        (("criteria", 0), None),
        (("criteria", 0), []),
        (("notices", 0), "4711"),
        # What does not go with the outcome.
        (("authorization",), None),
        (("errors",), [{"path": "/type", "message": "4711"}]),
    ],
)
def test_a_member_with_another_value(path: Path, value: Any) -> None:
    refused(changed(path, value), path)


def test_groups_in_groups_without_end() -> None:
    group: dict[str, Any] = {
        "id": "g",
        "clause": "I",
        "text": "t",
        "kind": "all",
        "status": "met",
        "parts": [],
    }
    for _ in range(500):
        group = {**group, "parts": [group]}
    refused({**FULL, "criteria": [group]}, ("criteria",))


@pytest.mark.parametrize("outcome", ["denied", "pended", "not_applicable", "invalid"])
def test_an_authorization_with_an_outcome_that_has_none(outcome: str) -> None:
    refused(changed(("outcome",), outcome), ("authorization",))


def test_invalid_without_errors() -> None:
    refused({**FULL, "outcome": "invalid", "authorization": None}, ("errors",))


@pytest.mark.parametrize("document", [None, True, 0, "4711", [], [FULL]])
def test_no_object_at_all(document: Any) -> None:
    with pytest.raises(MalformedResult) as caught:
        Decision.from_document(document)
    assert caught.value.pointer == ""
