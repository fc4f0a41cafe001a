"""The decision document as frozen dataclasses.

Nothing here judges a request: the rules are in the policy. This reads their answer, strictly.
No `repr` shows what a decision says about a member; `Decision.raw` has all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from ._document import (
    At,
    Object,
    day,
    day_or_none,
    flag,
    listed,
    malformed,
    mapping,
    member,
    numbers,
    one_of,
    optional,
    text,
    text_or_none,
)

Outcome = Literal["approved", "modified", "denied", "pended", "not_applicable", "invalid"]
"""The outcome of a decision. `modified` grants less than was asked for; `pended` awaits facts."""

Status = Literal["met", "not_met", "unknown", "reduced", "not_considered"]
"""The status of a criterion: `unknown` when a fact that it rests on is absent, `not_considered` for
a part of a branch that is not taken."""

OUTCOMES: tuple[str, ...] = get_args(Outcome)
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True)
class GuidelineReference:
    """The guideline version that governs a request. `next_review` is a month, `YYYY-MM`."""

    id: str
    title: str
    version: str
    effective_date: date
    next_review: str


@dataclass(frozen=True)
class Criterion:
    """A criterion of the guideline, its status, and the facts it rests on (None: unknown).

    A group has a `kind` (`all`, `any`, `branch`) and `parts` instead of facts.
    """

    id: str
    clause: str
    text: str = field(repr=False)
    status: Status
    facts: Mapping[str, Any] = field(repr=False, hash=False)
    kind: str | None = None
    parts: tuple[Criterion, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a request is not approved as asked. `code` is stable; `message` is for people."""

    code: str
    criterion: str | None
    clause: str | None
    message: str = field(repr=False)


@dataclass(frozen=True)
class Missing:
    """An absent fact: the JSON Pointer of where it goes in the request, and what to ask."""

    path: str
    criterion: str
    clause: str
    question: str = field(repr=False)


@dataclass(frozen=True)
class Authorization:
    """What is authorized: first and last day, and what each fill may hold.

    `end_date` is None where the guideline sets no limit and the request asks for none. `quantity`
    has the names that the request's own quantity has, such as `tablets` and `days_supply`.
    `package` is the guideline's pack for the dose and its schedule, or None.
    """

    start_date: date
    end_date: date | None
    quantity: Mapping[str, int | float] = field(hash=False)
    package: str | None


@dataclass(frozen=True)
class Notice:
    """A remark that changes no outcome."""

    code: str
    message: str = field(repr=False)


@dataclass(frozen=True)
class RequestFault:
    """An error in a request: its JSON Pointer, and a plain message."""

    path: str
    message: str = field(repr=False)


@dataclass(frozen=True)
class Decision:
    """The answer to one request document.

    `authorization` is set when `approved` or `modified`, `missing` when `pended`, and `errors` when
    `invalid`. `guideline` is None when `invalid` or when no guideline governs the request. `raw` is
    the decision document as received. `decision_id` is the one that the sidecar logged, one for a
    whole batch; `revision` is that of the bundle that decided. Either may be None.
    """

    request_id: str | None = field(repr=False)
    outcome: Outcome
    requires_clinician_review: bool
    guideline: GuidelineReference | None
    criteria: tuple[Criterion, ...]
    reasons: tuple[Reason, ...]
    missing: tuple[Missing, ...]
    authorization: Authorization | None = field(repr=False)
    notices: tuple[Notice, ...]
    errors: tuple[RequestFault, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    decision_id: str | None = field(default=None, compare=False)
    revision: str | None = field(default=None, compare=False)

    @classmethod
    def from_document(cls, document: object) -> Decision:
        """Read a decision document.

        Unknown keys are ignored, so that a policy can say more than an older client reads. Raises
        MalformedResult, with a JSON Pointer, for any other fault.
        """
        return read_decision(mapping(document, ()), ())


def read_decision(
    doc: Object, at: At, *, decision_id: str | None = None, revision: str | None = None
) -> Decision:
    """As `Decision.from_document`, for a document that is a part of a larger one."""
    decision = Decision(
        request_id=text_or_none(doc, "request_id", at),
        outcome=one_of(OUTCOMES, doc, "outcome", at),
        requires_clinician_review=flag(doc, "requires_clinician_review", at),
        guideline=optional(doc, "guideline", at, _reference),
        criteria=_criteria(doc, at),
        reasons=listed(doc, "reasons", at, _reason),
        missing=listed(doc, "missing", at, _missing),
        authorization=optional(doc, "authorization", at, _authorization),
        notices=listed(doc, "notices", at, _notice),
        errors=listed(doc, "errors", at, _fault),
        raw=doc,
        decision_id=decision_id,
        revision=revision,
    )
    # An approval without its terms, or terms without an approval, must not reach a claim system.
    if (decision.authorization is None) is (decision.outcome in ("approved", "modified")):
        malformed((at, "authorization"), f"it does not fit the outcome {decision.outcome}")
    if bool(decision.errors) is not (decision.outcome == "invalid"):
        malformed((at, "errors"), f"they do not fit the outcome {decision.outcome}")
    return decision


def _reference(doc: Object, at: At) -> GuidelineReference:
    return GuidelineReference(
        id=text(doc, "id", at),
        title=text(doc, "title", at),
        version=text(doc, "version", at),
        effective_date=day(doc, "effective_date", at),
        next_review=text(doc, "next_review", at),
    )


def _criteria(doc: Object, at: At) -> tuple[Criterion, ...]:
    try:
        found = listed(doc, "criteria", at, _criterion)
    except RecursionError:
        found = None
    if found is None:
        malformed((at, "criteria"), "nested too deeply")
    return found


def _criterion(doc: Object, at: At) -> Criterion:
    group = "parts" in doc or ("kind" in doc and "facts" not in doc)
    return Criterion(
        id=text(doc, "id", at),
        clause=text(doc, "clause", at),
        text=text(doc, "text", at),
        status=one_of(STATUSES, doc, "status", at),
        facts={} if group else mapping(member(doc, "facts", at), (at, "facts")),
        kind=text(doc, "kind", at) if group else None,
        parts=listed(doc, "parts", at, _criterion) if group else (),
    )


def _reason(doc: Object, at: At) -> Reason:
    return Reason(
        code=text(doc, "code", at),
        criterion=text_or_none(doc, "criterion", at),
        clause=text_or_none(doc, "clause", at),
        message=text(doc, "message", at),
    )


def _missing(doc: Object, at: At) -> Missing:
    return Missing(
        path=text(doc, "path", at),
        criterion=text(doc, "criterion", at),
        clause=text(doc, "clause", at),
        question=text(doc, "question", at),
    )


def _authorization(doc: Object, at: At) -> Authorization:
    return Authorization(
        start_date=day(doc, "start_date", at),
        end_date=day_or_none(doc, "end_date", at),
        quantity=numbers(doc, "quantity", at),
        package=text_or_none(doc, "package", at),
    )


def _notice(doc: Object, at: At) -> Notice:
    return Notice(code=text(doc, "code", at), message=text(doc, "message", at))


def _fault(doc: Object, at: At) -> RequestFault:
    return RequestFault(path=text(doc, "path", at), message=text(doc, "message", at))
