"""A second opinion on any guideline: the decision in plain Python, from a version's data.

Written from the design and from what each kind means, not from the Rego. It takes a well-formed
request; it does not say what is malformed, nor find the version.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from oracle import SPACE, folded

Request = dict[str, Any]
Criterion = dict[str, Any]

STAGES = ("applicability", "coverage", "limits")
QUANTITIES = {"quantity", "quantity_by_dose", "quantity_per_dose", "quantity_by_weight"}
LIMITS = QUANTITIES | {"duration"}


@dataclass
class Judged:
    """A criterion with its status, and the paths that can still change it while it is unknown."""

    criterion: Criterion
    status: str
    open: list[str] = field(default_factory=list)
    parts: list[Judged] = field(default_factory=list)
    grants: dict[str, int] = field(default_factory=dict)

    def all(self) -> Iterator[Judged]:
        yield self
        for part in self.parts:
            yield from part.all()


@dataclass
class Oracle:
    """What a guideline version says to requests."""

    content: dict[str, Any]
    shared: dict[str, Any]
    formularies: dict[str, str]

    def decide(self, request: Request) -> dict[str, Any]:
        """The outcome, every status, what is missing, and what is authorized."""
        stages = {
            stage: [
                self.judge(criterion, request)
                for kind in ("every_request", request["type"])
                for criterion in self.content["criteria"].get(stage, {}).get(kind, [])
            ]
            for stage in STAGES
        }
        statuses = {stage: {each.status for each in judged} for stage, judged in stages.items()}
        outcome = settled(statuses)
        asked = STAGES if "not_met" not in statuses["coverage"] else STAGES[:1]
        missing = {path for stage in asked for each in stages[stage] for path in each.open}
        return {
            "outcome": outcome,
            "criteria": {
                each.criterion["id"]: each.status
                for judged in stages.values()
                for top in judged
                for each in top.all()
            },
            "missing": sorted(missing) if outcome == "pended" else [],
            "authorization": (
                authorized(stages["limits"], request)
                if outcome in {"approved", "modified"}
                else None
            ),
        }

    def judge(self, criterion: Criterion, request: Request) -> Judged:
        kind = criterion["kind"]
        if kind in {"all", "any"}:
            parts = [self.judge(part, request) for part in criterion["parts"]]
            status = (every if kind == "all" else some)([part.status for part in parts])
            return Judged(criterion, status, asked_of(status, parts), parts)
        if kind == "branch":
            return self.branch(criterion, request)
        judged: Judged = getattr(self, kind)(criterion, request)
        if judged.status != "unknown":
            judged.open = []
        return judged

    def branch(self, criterion: Criterion, request: Request) -> Judged:
        fact = criterion["fact"]
        value = said(request, fact)
        if fact == "member.birth_date" and value is not None:
            value = age(value, request["service_date"])
        parts = [
            self.judge(part, request)
            if value is not None and is_for(part["when"], value)
            else Judged(part, "not_considered")
            for part in criterion["parts"]
        ]
        taken = [part for part in parts if part.status != "not_considered"]
        if value is None:
            return Judged(criterion, "unknown", [pointer(fact)], parts)
        if taken:
            status = every([part.status for part in taken])
            return Judged(criterion, status, asked_of(status, taken), parts)
        # No limit is on file for this value, which no answer can change.
        limits = any(each["kind"] in LIMITS for each in inside(criterion))
        return Judged(criterion, "unknown" if limits else "not_met", [], parts)

    # The kinds: each says what it makes of what is stated.

    def one_of(self, criterion: Criterion, request: Request) -> Judged:
        value = said(request, criterion["fact"])
        if value in criterion.get("undetermined", []):
            value = None
        status = known(value, lambda: value in criterion["accepted"])
        return Judged(criterion, status, [pointer(criterion["fact"])])

    def formulary(self, criterion: Criterion, request: Request) -> Judged:
        name = said(request, "member.formulary")
        plain = None if name is None else self.formularies[folded(name.strip(SPACE))]
        status = known(plain, lambda: plain in criterion["accepted"])
        return Judged(criterion, status, ["/member/formulary"])

    def attested(self, criterion: Criterion, request: Request) -> Judged:
        value = said(request, criterion["fact"])
        status = known(value, lambda: value is criterion["expected"])
        return Judged(criterion, status, [pointer(criterion["fact"])])

    def stated(self, criterion: Criterion, request: Request) -> Judged:
        value = said(request, criterion["fact"])
        return Judged(criterion, known(value, lambda: True), [pointer(criterion["fact"])])

    def documented(self, criterion: Criterion, request: Request) -> Judged:
        documents = said(request, "documentation") or None
        return Judged(criterion, known(documents, lambda: True), ["/documentation"])

    def age(self, criterion: Criterion, request: Request) -> Judged:
        born = said(request, "member.birth_date")
        status = known(born, lambda: within(criterion, age(born, request["service_date"])))
        return Judged(criterion, status, ["/member/birth_date"])

    def threshold(self, criterion: Criterion, request: Request) -> Judged:
        value = said(request, criterion["fact"])
        status = known(value, lambda: within(criterion, exact(value)))
        return Judged(criterion, status, [pointer(criterion["fact"])])

    def any_of(self, criterion: Criterion, request: Request) -> Judged:
        return self.listed(criterion, request, criterion["accepted"], found="met", none="not_met")

    def none_of(self, criterion: Criterion, request: Request) -> Judged:
        return self.listed(criterion, request, criterion["excluded"], found="not_met", none="met")

    def listed(
        self, criterion: Criterion, request: Request, names: Any, *, found: str, none: str
    ) -> Judged:
        path = criterion["fact"]
        items = self.list_of(path, request)
        if items is None:
            return Judged(criterion, "unknown", [pointer(path)])
        of = criterion.get("of")
        values = [item.get(of) if of else item for item in items]
        if any(value in names for value in values):
            return Judged(criterion, found)
        unsaid = [f"{pointer(path)}/{at}/{of}" for at, value in enumerate(values) if value is None]
        return Judged(criterion, "unknown" if unsaid else none, unsaid)

    def list_of(self, path: str, request: Request) -> list[Any] | None:
        """A list as stated; an empty one states that there is none only where its fact says so."""
        items: list[Any] | None = said(request, path)
        declared = self.shared.get(path) or self.content["facts"][path]
        return items if items or declared.get("empty") == "none" else None

    def diagnosis(self, criterion: Criterion, request: Request) -> Judged:
        path = criterion["fact"]
        code = said(request, path)
        codes = self.list_of(path, request) if isinstance(code, list) else [code] if code else None
        status = known(
            codes,
            lambda: any(
                plain(each).startswith(plain(own))
                for each in codes or ()
                for own in criterion["accepted"]
            ),
        )
        return Judged(criterion, status, [pointer(criterion["fact"])])

    def dated_within(self, criterion: Criterion, request: Request) -> Judged:
        day = said(request, criterion["fact"])
        status = known(day, lambda: recent(criterion, day, request["service_date"]))
        return Judged(criterion, status, [pointer(criterion["fact"])])

    def tried(self, criterion: Criterion, request: Request) -> Judged:
        path = criterion["fact"]
        therapies = self.list_of(path, request)
        if therapies is None:
            return Judged(criterion, "unknown", [pointer(path)])
        weeks = criterion.get("weeks")
        sure: set[str] = set()
        perhaps: dict[str, list[str]] = {}
        for at, therapy in enumerate(therapies):
            name, result = therapy["therapy"], therapy.get("result")
            if name not in criterion["of"] or result == "success":
                continue
            taken = therapy.get("weeks")
            if result in {"intolerance", "contraindication"} or (
                result == "failure" and (weeks is None or (taken is not None and taken >= weeks))
            ):
                sure.add(name)
            elif result is None or taken is None:
                unsaid = ["result"] if result is None else []
                unsaid += ["weeks"] if taken is None and weeks is not None else []
                perhaps.setdefault(name, []).extend(f"{pointer(path)}/{at}/{u}" for u in unsaid)
        enough = criterion["minimum"]
        if len(sure) >= enough:
            return Judged(criterion, "met")
        for name in sure:
            perhaps.pop(name, None)
        if len(sure) + len(perhaps) < enough:
            return Judged(criterion, "not_met")
        return Judged(criterion, "unknown", [each for paths in perhaps.values() for each in paths])

    def response(self, criterion: Criterion, request: Request) -> Judged:
        paths = [criterion["baseline"], criterion["current"]]
        stated = [said(request, path) for path in paths]
        unsaid = [pointer(p) for p, value in zip(paths, stated, strict=True) if value is None]
        if unsaid:
            return Judged(criterion, "unknown", unsaid)
        before, now = map(exact, stated)
        gain = now - before if criterion.get("higher_is_better") else before - now
        if "amount" in criterion:
            return Judged(criterion, known(gain, lambda: gain >= exact(criterion["amount"])))
        if before <= 0:
            return Judged(criterion, "unknown")
        percent = exact(criterion["percent"])
        return Judged(criterion, known(gain, lambda: gain / before * 100 >= percent))

    def quantity(self, criterion: Criterion, request: Request) -> Judged:
        return limited(criterion, request, {}, lambda days: scaled(criterion["limit"], days))

    def quantity_by_dose(self, criterion: Criterion, request: Request) -> Judged:
        dose = said(request, criterion["dose"])
        limits = [each for each in criterion["limits"] if each["dose"] == dose]
        if dose is not None and not limits:
            return Judged(criterion, "unknown")
        return limited(
            criterion, request, {criterion["dose"]: dose}, lambda days: scaled(limits[0], days)
        )

    def quantity_per_dose(self, criterion: Criterion, request: Request) -> Judged:
        return limited(criterion, request, {}, None, criterion["maximum"])

    def quantity_by_weight(self, criterion: Criterion, request: Request) -> Judged:
        weight = said(request, criterion["weight"])
        needed = (
            None
            if weight is None
            else math.ceil(
                exact(weight) * exact(criterion["mg_per_kg"]) / exact(criterion["unit_mg"])
            )
        )
        return limited(criterion, request, {criterion["weight"]: weight}, None, needed)

    def duration(self, criterion: Criterion, request: Request) -> Judged:
        months = said(request, "duration_months")
        most = criterion["maximum"]
        months = most if months is None else months
        return Judged(
            criterion,
            "met" if months <= most else "reduced",
            grants={"months": min(months, most)},
        )


def settled(statuses: dict[str, set[str]]) -> str:
    """The outcome, stage by stage."""
    applicability, coverage, limits = (statuses[stage] for stage in STAGES)
    if "not_met" in applicability:
        return "not_applicable"
    if "unknown" in applicability:
        return "pended"
    if "not_met" in coverage:
        return "denied"
    if "unknown" in coverage | limits:
        return "pended"
    return "modified" if "reduced" in limits else "approved"


def authorized(limits: list[Judged], request: Request) -> dict[str, Any]:
    """For how long, and how much a fill or dose: of several limits the least."""
    granted: dict[str, int] = {}
    for top in limits:
        for each in top.all():
            for name, most in each.grants.items():
                granted[name] = min(most, granted.get(name, most))
    start = date.fromisoformat(request["service_date"])
    ended = said(request, "prior_authorization.end_date")
    if request["type"] == "renewal" and ended is not None:
        start = max(start, date.fromisoformat(ended) + timedelta(days=1))
    months = granted.pop("months", said(request, "duration_months"))
    end = None if months is None else later(start, months)
    if end is not None and end.day == start.day:
        end -= timedelta(days=1)
    days = said(request, "quantity.days_supply")
    quantity = granted if days is None else {**granted, "days_supply": days}
    return {
        "start_date": str(start),
        "end_date": None if end is None else str(end),
        "quantity": quantity,
    }


def limited(
    criterion: Criterion,
    request: Request,
    more: dict[str, Any],
    by_days: Any,
    allowed: int | None = None,
) -> Judged:
    """A quantity against what is allowed, which may be reckoned on the days supply."""
    path = criterion["quantity"]
    facts = {**more, path: said(request, path)}
    strength = said(request, "drug.strength_mg")
    if criterion.get("strength_mg") not in {None, strength} and strength is not None:
        return Judged(criterion, "unknown")
    if by_days:
        days = facts["quantity.days_supply"] = said(request, "quantity.days_supply")
        if None not in [*more.values(), days]:
            allowed = by_days(days)
            if allowed < 1:
                return Judged(criterion, "unknown")
    unsaid = [pointer(fact) for fact, value in facts.items() if value is None]
    if unsaid or allowed is None:
        return Judged(criterion, "unknown", unsaid)
    granted = min(facts[path], allowed)
    return Judged(
        criterion,
        "met" if facts[path] <= allowed else "reduced",
        grants={path.split(".")[-1]: granted},
    )


def scaled(limit: dict[str, int], days: int) -> int:
    return limit["quantity"] * days // limit["days"]


def every(statuses: list[str]) -> str:
    for status in ("not_met", "unknown", "reduced"):
        if status in statuses:
            return status
    return "met"


def some(statuses: list[str]) -> str:
    for status in ("met", "unknown"):
        if status in statuses:
            return status
    return "not_met"


def asked_of(status: str, parts: list[Judged]) -> list[str]:
    """What a group asks: nothing once it is settled."""
    return [path for part in parts for path in part.open] if status == "unknown" else []


def inside(criterion: Criterion) -> Iterator[Criterion]:
    for part in criterion.get("parts", []):
        yield part
        yield from inside(part)


def is_for(when: dict[str, Any], value: Any) -> bool:
    if "values" in when:
        return value in when["values"]
    return within(when, value)


def within(bounds: dict[str, Any], value: Any) -> bool:
    """Whether a number is within bounds, which are inclusive."""
    least, most = bounds.get("minimum"), bounds.get("maximum")
    return (least is None or value >= exact(least)) and (most is None or value <= exact(most))


def known(value: Any, holds: Any) -> str:
    if value is None:
        return "unknown"
    return "met" if holds() else "not_met"


def said(request: Request, path: str) -> Any:
    """What a request states at a path; null is the same as absent."""
    node: Any = request
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def exact(number: Any) -> Fraction:
    """A decimal as it is written."""
    return Fraction(str(number))


def pointer(path: str) -> str:
    return "/" + path.replace(".", "/")


def plain(code: str) -> str:
    return code.strip(SPACE).upper().replace(".", "")


def age(born: str, on: str) -> int:
    """Completed years; 29 February comes on 1 March in a common year."""
    first, last = date.fromisoformat(born), date.fromisoformat(on)
    return last.year - first.year - ((last.month, last.day) < (first.month, first.day))


def later(day: date, months: int) -> date:
    """The same day of the month, months later; in a month too short for it, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, length))


def recent(criterion: Criterion, day: str, on: str) -> bool:
    """Whether a day is not after another and within so many months or days before it."""
    then, now = date.fromisoformat(day), date.fromisoformat(on)
    if "days" in criterion:
        return timedelta(0) <= now - then <= timedelta(days=criterion["days"])
    return then <= now <= later(then, criterion["months"])
