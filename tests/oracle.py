"""The decision, worked out a second time in plain Python.

Written from the guideline's text (clauses are named as the text numbers them) and the design's
"Readings", never from the Rego: where the two agree, they agree for a reason. It computes the
whole decision document except prose; `comparable` takes the prose out of a real one. Of the
policy's data it reads only the list of placeholders, which stands nowhere else.

Requests are JSON values as `json.loads` gives them. Numbers may also be `Decimal`, for documents
read with ``parse_float=Decimal``.
"""

from __future__ import annotations

import calendar
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

# --------------------------------------------------------------------------------------------
# What the guideline says
# --------------------------------------------------------------------------------------------

# The header.
DRUG_NAMES = {"xpovio", "selinexor", "xpovio (selinexor)"}
EFFECTIVE = date(2022, 10, 3)
NEXT_REVIEW = "2023-06"
LAST_DAY_OF_REVIEW_MONTH = date(2023, 6, 30)  # reading 2
BENEFITS = ["pharmacy"]  # the Medical Benefit box is not ticked
FORMULARIES = ["1", "2", "3", "4"]
FORMULARY_NAMES = {  # the plan's, and how the "Applicable" table names them
    "1": {"1", "formulary 1"},
    "2": {"2", "formulary 2"},
    "3": {"3", "formulary 3", "3/exclusive", "formulary 3/exclusive"},
    "4": {"4", "formulary 4", "4/aon", "formulary 4/aon"},
    "other": {"other"},
}

# VIII, change log: "8/1/20: new policy", and no changes since (reading 1).
IN_FORCE_FROM = date(2020, 8, 1)

# II: "with supporting clinical documentation for every request".
MINIMUM_DOCUMENTS = 1

# III.
MINIMUM_AGE = 18
SPECIALISTS = [  # reading 4
    "207RH0000X",
    "207RH0003X",
    "207RX0202X",
    "207VX0201X",
    "2080P0207X",
    "2085R0001X",
    "2086X0206X",
]
NCCN_CATEGORIES = ["1", "2A"]

# IV: mg/week -> tablets per 28 days.
TABLET_LIMITS = {160: 32, 100: 20, 80: 16, 60: 12}
LIMIT_DAYS = 28

# V: "up to 6 month".
MAXIMUM_MONTHS = 6

# VI: "stabilization of disease or in absence of disease progression".
CONTROLLED = sorted(
    [
        "stringent_complete_response",
        "complete_response",
        "very_good_partial_response",
        "partial_response",
        "minimal_response",
        "stable_disease",
    ]
)
PROGRESSION = ["progressive_disease"]

# VII: "available as 20 mg oral tablets" (reading 10).
TABLET_MG = 20

# VII: (mg/week, times per week) -> pack and its tablets. 80 mg twice weekly is 160 mg/week
# (reading 6).
PACKS = {
    (60, 1): ("60 mg once weekly", 12),
    (80, 1): ("80 mg once weekly", 16),
    (160, 2): ("80 mg twice weekly", 32),
    (100, 1): ("100 mg once weekly", 20),
}

# The plan's own settings: a clinician makes every adverse determination, and a renewal is early
# when the prior authorization has more than these days to go.
CLINICIAN_REVIEWS = {"denied", "modified"}
EARLY_RENEWAL_DAYS = 60

GUIDELINE = {
    "id": "xpovio",
    "title": "Xpovio (selinexor)",
    "version": "2022-10-03",
    "effective_date": EFFECTIVE.isoformat(),
    "next_review": NEXT_REVIEW,
}

# --------------------------------------------------------------------------------------------
# The calendar
# --------------------------------------------------------------------------------------------


def real_day(value: object) -> date | None:
    """The day a `YYYY-MM-DD` text names; None when it names none in the years 1870 to 2099.

    A member is less than 120 years old, and a service date is not before 1990.
    """
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    year, month, day = (int(part) for part in value.split("-"))
    if not (1870 <= year <= 2099 and 1 <= month <= 12):
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return date(year, month, day)


def completed_years(born: date, on: date) -> int:
    """Reading 3: a 29 February birthday falls on 1 March in a common year."""
    birthday_to_come = (on.month, on.day) < (born.month, born.day)
    return on.year - born.year - birthday_to_come


def last_day(start: date, months: int) -> date:
    """Reading 7: the last day of an authorization of so many months from `start`."""
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    month = month0 + 1
    days_in_month = calendar.monthrange(year, month)[1]
    if start.day > days_in_month:
        return date(year, month, days_in_month)
    return date(year, month, start.day) - timedelta(days=1)


# --------------------------------------------------------------------------------------------
# The request check
# --------------------------------------------------------------------------------------------

SPACE = (
    "".join(
        map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029])
    )
    + "\u202f\u205f\u3000"
)
"""What Unicode calls white space."""

BILLION = 10**9
MAXIMUM_AGE = 120

Check = Callable[[Any], bool]


def is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    """A whole number from 1 to a billion, however it is spelt (28, 28.0, 2.8e1)."""
    return is_number(value) and 1 <= value <= BILLION and value == int(value)


def is_dose(value: Any) -> bool:
    return is_number(value) and 0 < value <= BILLION


def is_day(value: Any) -> bool:
    return real_day(value) is not None


def is_service_date(value: Any) -> bool:
    day = real_day(value)
    return day is not None and day.year >= 1990


@functools.cache
def placeholders() -> set[str]:
    path = Path(__file__).parent.parent / "policy/placeholders/data.yaml"
    return set(yaml.safe_load(path.read_text(encoding="utf-8")))


def folded(value: str) -> str:
    """Without case, letter by letter: Python folds a whole text with regard to ends of words."""
    return "".join("i" if letter == "\u0130" else letter.lower() for letter in value)


def is_text(value: Any) -> bool:
    """A text that says something: what only says that there is nothing is no evidence."""
    return isinstance(value, str) and folded(value.strip(SPACE)) not in {"", *placeholders()}


def formulary_named(value: Any) -> str | None:
    """The plan's formulary, however it is spelt; None when the plan does not know it."""
    if not isinstance(value, str):
        return None
    name = folded(value.strip(SPACE)).removesuffix(".0")
    return next((each for each, names in FORMULARY_NAMES.items() if name in names), None)


def is_formulary(value: Any) -> bool:
    return formulary_named(value) is not None


def drug_named(value: str) -> str:
    return folded(re.sub("[®™]", "", value)).strip(SPACE)


def is_request_id(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 128


def matching(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*choices: str) -> Check:
    return lambda value: isinstance(value, str) and value in choices


@dataclass(frozen=True)
class Section:
    """A JSON object: its known properties, and which of them a request cannot do without."""

    properties: dict[str, Check | Section | ListOf]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListOf:
    """A JSON array; `null` is no item."""

    item: Check | Section


REQUEST = Section(
    {
        "request_id": is_request_id,
        "type": one_of("initial", "renewal"),
        "service_date": is_service_date,
        "drug": Section({"name": is_text, "strength_mg": is_dose}, required=("name",)),
        "member": Section(
            {
                "birth_date": is_day,
                "benefit": one_of("pharmacy", "medical"),
                "formulary": is_formulary,
                "drug_on_formulary": is_boolean,
                "closed_formulary": is_boolean,
                "formulary_alternatives_tried": is_boolean,
            }
        ),
        "prescriber": Section(
            {
                "npi": matching("[0-9]{10}"),
                "taxonomies": ListOf(matching("[0-9A-Z]{9}X")),
            }
        ),
        "diagnosis": Section({"icd10": is_text}),
        "nccn": ListOf(
            Section(
                {
                    "source": one_of("guidelines", "compendium"),
                    "category": one_of("1", "2A", "2B", "3"),
                },
                required=("source", "category"),
            )
        ),
        "documentation": ListOf(
            Section(
                {"reference": is_text, "type": is_text, "date": is_day}, required=("reference",)
            )
        ),
        "dose": Section({"mg_per_week": is_dose, "times_per_week": is_count}),
        "quantity": Section({"tablets": is_count, "days_supply": is_count}),
        "duration_months": is_count,
        "prior_authorization": Section({"end_date": is_day}),
        "clinical": Section(
            {
                "disease_status": one_of(*CONTROLLED, *PROGRESSION, "not_evaluable"),
                "unacceptable_toxicity": is_boolean,
            }
        ),
    },
    required=("type", "service_date"),
)


def pointer(parent: str, key: str | int) -> str:
    """RFC 6901."""
    return f"{parent}/{str(key).replace('~', '~0').replace('/', '~1')}"


def faults(value: Any, shape: Check | Section | ListOf, at: str) -> Iterator[str]:
    """The pointer of every fault in `value`."""
    if isinstance(shape, Section):
        if not isinstance(value, dict):
            yield at
            return
        for key, inner in value.items():
            if inner is None:
                continue  # null is the same as absent, for an unknown property too
            if key in shape.properties:
                yield from faults(inner, shape.properties[key], pointer(at, key))
            else:
                yield pointer(at, key)
        for key in shape.required:
            if value.get(key) is None:
                yield pointer(at, key)
    elif isinstance(shape, ListOf):
        if not isinstance(value, list):
            yield at
            return
        for index, inner in enumerate(value):
            yield from faults(inner, shape.item, pointer(at, index))
    elif not shape(value):
        yield at


def request_errors(request: Any) -> list[str]:
    """The pointer of every fault of the request, sorted; empty when it is well formed."""
    found = list(faults(request, REQUEST, ""))
    if isinstance(request, dict):
        if request.get("drug") is None:
            found.append("/drug/name")  # an absent section lacks what is required in it
        service_date = real_day(request.get("service_date"))
        birth_date = real_day(fact(request, "member", "birth_date"))
        if (
            service_date
            and birth_date
            and not 0 <= completed_years(birth_date, service_date) < MAXIMUM_AGE
        ):
            found.append("/member/birth_date")
    return sorted(found)


def fact(request: Any, *path: str) -> Any:
    """The fact at `path`; None when it, or a section on the way, is absent or null."""
    for key in path:
        if not isinstance(request, dict):
            return None
        request = request.get(key)
    return request


# --------------------------------------------------------------------------------------------
# The criteria
# --------------------------------------------------------------------------------------------

MET, NOT_MET, UNKNOWN, REDUCED = "met", "not_met", "unknown", "reduced"


@dataclass(frozen=True)
class Criterion:
    """One criterion, judged.

    `absent`: the pointers of the facts that the request does not give and that could still
    change the status.
    """

    id: str
    clause: str
    status: str
    facts: dict[str, Any]
    absent: list[str]
    code: str | None = None

    @property
    def reason(self) -> str:
        return self.code or f"{self.id}_{self.status}"


def judge(
    criterion: str, clause: str, value: Any, path: str, is_met: Callable[[Any], bool], **facts: Any
) -> Criterion:
    """A criterion that rests on one fact: unknown without it, never false."""
    if value is None:
        return Criterion(criterion, clause, UNKNOWN, facts, [path])
    return Criterion(criterion, clause, MET if is_met(value) else NOT_MET, facts, [])


def applicability(request: Any) -> list[Criterion]:
    """The header's "Applicable" table and the footer."""
    benefit = fact(request, "member", "benefit")
    formulary = formulary_named(fact(request, "member", "formulary"))
    covered = fact(request, "member", "drug_on_formulary")
    return [
        judge(
            "benefit",
            "Applicable",
            benefit,
            "/member/benefit",
            lambda value: value in BENEFITS,
            benefit=benefit,
            accepted=BENEFITS,
        ),
        judge(
            "formulary",
            "Applicable",
            formulary,
            "/member/formulary",
            lambda value: value in FORMULARIES,
            formulary=formulary,
            accepted=FORMULARIES,
        ),
        judge(
            "drug_on_formulary",
            "Footer",
            covered,
            "/member/drug_on_formulary",
            lambda value: bool(value),
            drug_on_formulary=covered,
        ),
    ]


def documentation(request: Any) -> Criterion:
    """II. No document is evidence that is missing, not evidence against."""
    count = len(fact(request, "documentation") or [])
    return judge(
        "documentation",
        "II",
        count or None,
        "/documentation",
        lambda value: value >= MINIMUM_DOCUMENTS,
        documents=count,
    )


def initial_criteria(request: Any) -> list[Criterion]:
    """III: all three, joined by AND."""
    born = real_day(fact(request, "member", "birth_date"))
    on = real_day(fact(request, "service_date"))
    age = completed_years(born, on) if born and on else None
    # Every prescriber has a specialty, so that an empty list says nothing; a use that no
    # recommendation supports is stated by an empty list.
    taxonomies = fact(request, "prescriber", "taxonomies") or None
    nccn = fact(request, "nccn")
    categories = None if nccn is None else [each["category"] for each in nccn]
    return [
        judge(
            "age",
            "III.1",
            age,
            "/member/birth_date",
            lambda years: years >= MINIMUM_AGE,
            age=age,
            minimum=MINIMUM_AGE,
        ),
        judge(
            "prescriber",
            "III.2",
            taxonomies,
            "/prescriber/taxonomies",
            lambda codes: any(code in SPECIALISTS for code in codes),
            taxonomies=taxonomies,
            accepted=SPECIALISTS,
        ),
        judge(
            "nccn",
            "III.3",
            categories,
            "/nccn",
            lambda each: any(category in NCCN_CATEGORIES for category in each),
            nccn=categories,
            accepted=NCCN_CATEGORIES,
        ),
    ]


def renewal_criteria(request: Any) -> list[Criterion]:
    """VI, and not III again (reading 8)."""
    ended = fact(request, "prior_authorization", "end_date")
    disease = fact(request, "clinical", "disease_status")
    toxicity = fact(request, "clinical", "unacceptable_toxicity")
    return [
        judge(
            "prior_authorization",
            "VI",
            ended,
            "/prior_authorization/end_date",
            lambda _: True,
            end_date=ended,
        ),
        judge(
            "disease_control",
            "VI.1",
            None if disease == "not_evaluable" else disease,
            "/clinical/disease_status",
            lambda status: status in CONTROLLED,
            disease_status=disease,
            accepted=CONTROLLED,
        ),
        judge(
            "toxicity",
            "VI.2",
            toxicity,
            "/clinical/unacceptable_toxicity",
            lambda unacceptable: not unacceptable,
            unacceptable_toxicity=toxicity,
        ),
    ]


def quantity(request: Any) -> Criterion:
    """IV. A dose it does not list has no limit on file, so a person decides (reading 5).

    So they do when the tablets are not those that VII lists and IV counts (reading 10). Then, as
    when the days are too few for a tablet, no fact that is absent could settle it.
    """
    strength = fact(request, "drug", "strength_mg")
    dose = fact(request, "dose", "mg_per_week")
    tablets = fact(request, "quantity", "tablets")
    days = fact(request, "quantity", "days_supply")
    limit = None if dose is None else TABLET_LIMITS.get(dose)
    allowed = None if limit is None or days is None else int(limit * days) // LIMIT_DAYS
    facts = {
        "mg_per_week": dose,
        "tablets": tablets,
        "days_supply": days,
        "limit": None if limit is None else {"quantity": limit, "days": LIMIT_DAYS},
        "allowed": allowed,
    }
    absent = [
        path
        for path, value in (
            ("/dose/mg_per_week", dose),
            ("/quantity/tablets", tablets),
            ("/quantity/days_supply", days),
        )
        if value is None
    ]
    code = None
    if strength is not None and strength != TABLET_MG:
        status, code = UNKNOWN, "strength_not_listed"
    elif dose is not None and limit is None:
        status, code = UNKNOWN, "dose_not_listed"
    elif allowed is not None and allowed < 1:
        status, code = UNKNOWN, "days_supply_too_short"
    elif tablets is None or allowed is None:
        status = UNKNOWN
    else:
        status = MET if tablets <= allowed else REDUCED
    return Criterion("quantity", "IV", status, facts, [] if code else absent, code)


def duration(request: Any) -> Criterion:
    """V. Without a request for less, it is as long as the guideline allows."""
    months = fact(request, "duration_months")
    status = MET if months is None or months <= MAXIMUM_MONTHS else REDUCED
    return Criterion("duration", "V", status, {"months": months, "maximum": MAXIMUM_MONTHS}, [])


# --------------------------------------------------------------------------------------------
# The decision
# --------------------------------------------------------------------------------------------


def pack(request: Any) -> tuple[str, int] | None:
    """VII: by weekly dose and, when given, times per week."""
    dose = fact(request, "dose", "mg_per_week")
    times = fact(request, "dose", "times_per_week")
    for (mg_per_week, times_per_week), listed in PACKS.items():
        if dose == mg_per_week and times in (None, times_per_week):
            return listed
    return None


def package(request: Any, tablets: int) -> str | None:
    """Reading 6: only when the tablets are a whole number of the pack."""
    matching = pack(request)
    return matching[0] if matching and tablets % matching[1] == 0 else None


def authorization_start(request: Any) -> date:
    """A renewal starts when the prior authorization is over (reading 8)."""
    start = real_day(fact(request, "service_date"))
    assert start is not None
    ended = real_day(fact(request, "prior_authorization", "end_date"))
    if fact(request, "type") == "renewal" and ended:
        return max(start, ended + timedelta(days=1))
    return start


def authorization(request: Any, allowed: int) -> dict[str, Any]:
    start = authorization_start(request)
    months = int(min(fact(request, "duration_months") or MAXIMUM_MONTHS, MAXIMUM_MONTHS))
    tablets = min(fact(request, "quantity", "tablets"), allowed)
    return {
        "start_date": start.isoformat(),
        "end_date": last_day(start, months).isoformat(),
        "quantity": {
            "tablets": tablets,
            "days_supply": fact(request, "quantity", "days_supply"),
        },
        "package": package(request, tablets),
    }


def below_dose(request: Any) -> bool:
    """The tablets fall short of what the weekly dose needs by more than a week's."""
    dose = fact(request, "dose", "mg_per_week")
    tablets = fact(request, "quantity", "tablets")
    days = fact(request, "quantity", "days_supply")
    if dose is None or tablets is None or days is None:
        return False
    if fact(request, "drug", "strength_mg") not in (None, TABLET_MG):
        return False  # a person decides what such tablets come to (reading 10)
    a_week = exact(dose)
    return exact(tablets) * TABLET_MG < a_week * exact(days) / 7 - a_week


def exact(number: Any) -> Fraction:
    return Fraction(str(number))


def notices(request: Any, authorized: dict[str, Any] | None) -> list[str]:
    on = real_day(fact(request, "service_date"))
    assert on is not None
    ended = real_day(fact(request, "prior_authorization", "end_date"))
    renewal = fact(request, "type") == "renewal"
    outlasts = unpacked = False
    if authorized:
        start, end = (date.fromisoformat(authorized[key]) for key in ("start_date", "end_date"))
        outlasts = authorized["quantity"]["days_supply"] > (end - start).days + 1
        unpacked = authorized["package"] is None
    found = {
        "guideline_review_overdue": on > LAST_DAY_OF_REVIEW_MONTH,
        "unchanged_guideline": on < EFFECTIVE,
        "no_matching_package": (
            fact(request, "dose", "mg_per_week") is not None and (pack(request) is None or unpacked)
        ),
        "coverage_gap": renewal and ended is not None and on > ended + timedelta(days=1),
        "formulary_exception": (
            fact(request, "member", "drug_on_formulary") is False
            and fact(request, "member", "closed_formulary") is True
        ),
        "early_renewal": (renewal and ended is not None and (ended - on).days > EARLY_RENEWAL_DAYS),
        "quantity_below_dose": below_dose(request),
        "fill_outlasts_authorization": outlasts,
    }
    return sorted(code for code, reported in found.items() if reported)


def decide(request: Any) -> dict[str, Any]:
    """The decision document on `request` (any JSON value), without its prose.

    `reasons`, `missing` and `criteria` lack their texts, `notices` are codes and `errors`
    pointers; everything else is as the policy gives it.
    """
    errors = request_errors(request)
    if errors:
        return document(request, "invalid", errors=errors)

    if drug_named(fact(request, "drug", "name")) not in DRUG_NAMES:
        return document(request, "not_applicable", reasons=[not_governed("drug")])
    service_date = real_day(fact(request, "service_date"))
    assert service_date is not None
    if service_date < IN_FORCE_FROM:
        return document(request, "not_applicable", reasons=[not_governed("service_date")])

    by_type = initial_criteria if fact(request, "type") == "initial" else renewal_criteria
    applicable = applicability(request)
    coverage = [documentation(request), *by_type(request)]
    limits = [quantity(request), duration(request)]
    criteria = [*applicable, *coverage, *limits]

    # The order of the stages is the design's: what does not apply is not judged, what is not
    # covered is not counted, and evidence still to come never makes a denial of an applicable
    # drug or an approval of anything. What is denied already, should the guideline apply, is asked
    # only whether it does.
    outcome, decisive = "approved", list[Criterion]()
    for stage, adverse in ((applicable, "not_applicable"), (coverage, "denied"), (limits, None)):
        statuses = {criterion.status for criterion in stage}
        if NOT_MET in statuses:
            assert adverse
            outcome, decisive = adverse, with_status(stage, NOT_MET)
        elif UNKNOWN in statuses:
            settled = stage is applicable and with_status(coverage, NOT_MET)
            outcome, decisive = "pended", with_status(stage if settled else criteria, UNKNOWN)
        elif REDUCED in statuses:
            outcome, decisive = "modified", with_status(stage, REDUCED)
        if outcome != "approved":
            break

    granted = outcome in ("approved", "modified")
    authorized = authorization(request, limits[0].facts["allowed"]) if granted else None
    missing = [
        {"path": path, "criterion": each.id, "clause": each.clause}
        for each in decisive
        if outcome == "pended"
        for path in each.absent
    ]
    return document(
        request,
        outcome,
        requires_clinician_review=(
            outcome in CLINICIAN_REVIEWS or (outcome == "pended" and not missing)
        ),
        guideline=GUIDELINE,
        criteria=[
            {"id": each.id, "clause": each.clause, "status": each.status, "facts": each.facts}
            for each in criteria
        ],
        reasons=[
            {"code": each.reason, "criterion": each.id, "clause": each.clause} for each in decisive
        ],
        missing=missing,
        authorization=authorized,
        notices=notices(request, authorized),
    )


def with_status(criteria: list[Criterion], status: str) -> list[Criterion]:
    return [each for each in criteria if each.status == status]


def not_governed(by: str) -> dict[str, Any]:
    return {"code": f"{by}_not_governed", "criterion": None, "clause": None}


def document(request: Any, outcome: str, **parts: Any) -> dict[str, Any]:
    """Every key is always there; what does not apply is null or empty."""
    request_id = fact(request, "request_id")
    return {
        "request_id": request_id if is_request_id(request_id) else None,
        "outcome": outcome,
        "requires_clinician_review": outcome in CLINICIAN_REVIEWS,
        "guideline": None,
        "criteria": [],
        "reasons": [],
        "missing": [],
        "authorization": None,
        "notices": [],
        "errors": [],
        **parts,
    }


def comparable(decision: dict[str, Any]) -> dict[str, Any]:
    """A real decision without its prose, in the form of `decide`'s."""

    def without(prose: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{k: v for k, v in entry.items() if k != prose} for entry in entries]

    def listed(facts: dict[str, Any]) -> dict[str, Any]:
        """What is accepted, without the names of it."""
        return {k: sorted(v) if k == "accepted" else v for k, v in facts.items()}

    return {
        **decision,
        "criteria": [
            {**each, "facts": listed(each["facts"])}
            for each in without("text", decision["criteria"])
        ],
        "reasons": without("message", decision["reasons"]),
        "missing": without("question", decision["missing"]),
        "notices": sorted(notice["code"] for notice in decision["notices"]),
        "errors": [error["path"] for error in decision["errors"]],
    }
