"""The requests that the tests put to the policy: tables of them, and hypothesis strategies.

Tables are plain lists and generators, the same in every run. A document is described by its
facts, keyed by JSON Pointer; `ABSENT` takes one away.
"""

from __future__ import annotations

import calendar
import copy
import itertools
import json
import math
import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import oracle

repeatable = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

ABSENT = object()
"""Takes the fact away."""

Facts = dict[str, Any]

# --------------------------------------------------------------------------------------------
# Documents by their facts
# --------------------------------------------------------------------------------------------


def steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def with_facts(document: Any, facts: Facts) -> Any:
    """A copy of `document` with these facts put in, or taken away."""
    changed = copy.deepcopy(document)
    for pointer, value in facts.items():
        *sections, last = steps(pointer)
        place = changed
        for section in sections:
            place = place.setdefault(section, {})
        if value is ABSENT:
            place.pop(last, None)
        else:
            place[last] = copy.deepcopy(value)
    return changed


def without_empty_sections(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value != {}}


def facts_of(document: Any) -> list[str]:
    """The pointers of the facts that a well-formed document gives, an array being one fact."""
    found = []
    for key, value in document.items():
        if isinstance(value, dict):
            found += [f"/{key}/{name}" for name, inner in value.items() if inner is not None]
        elif value is not None:
            found.append(f"/{key}")
    return found


INITIAL: dict[str, Any] = {
    "type": "initial",
    "service_date": "2022-11-01",
    "drug": {"name": "Xpovio"},
    "member": {
        "birth_date": "1956-04-12",
        "benefit": "pharmacy",
        "formulary": "2",
        "drug_on_formulary": True,
    },
    "prescriber": {"taxonomies": ["207RH0003X"]},
    "nccn": [{"source": "compendium", "category": "2A"}],
    "documentation": [{"reference": "chart-note-17"}],
    "dose": {"mg_per_week": 100},
    "quantity": {"tablets": 20, "days_supply": 28},
}
"""Approved as asked."""

RENEWAL: dict[str, Any] = {
    "type": "renewal",
    "service_date": "2023-05-01",
    "drug": {"name": "selinexor"},
    "member": {"benefit": "pharmacy", "formulary": "4", "drug_on_formulary": True},
    "documentation": [{"reference": "progress-note-3"}],
    "prior_authorization": {"end_date": "2023-04-30"},
    "clinical": {"disease_status": "partial_response", "unacceptable_toxicity": False},
    "dose": {"mg_per_week": 160, "times_per_week": 2},
    "quantity": {"tablets": 32, "days_supply": 28},
}
"""Approved as asked."""

BARE = {
    kind: {"type": kind, "service_date": "2022-11-01", "drug": {"name": "xpovio"}}
    for kind in ("initial", "renewal")
}
"""A request that gives only the required facts."""

# --------------------------------------------------------------------------------------------
# The values that facts take
# --------------------------------------------------------------------------------------------

HEMATOLOGISTS_AND_ONCOLOGISTS = [
    "207RH0000X",
    "207RH0003X",
    "207RX0202X",
    "2080P0207X",
    "207VX0201X",
    "2086X0206X",
    "2085R0001X",
]
OTHER_SPECIALISTS = [
    "207R00000X",  # internal medicine
    "207Q00000X",  # family medicine
    "208D00000X",  # general practice
    "2080P0216X",  # pediatric rheumatology
    "207RH0002X",  # hospice and palliative medicine: one digit from a hematologist
    "2085R0202X",  # diagnostic radiology: the same group as radiation oncology
    "363LF0000X",  # nurse practitioner
]
SOURCES = ["guidelines", "compendium"]
CATEGORIES = ["1", "2A", "2B", "3"]
CONTROLLED = [
    "stringent_complete_response",
    "complete_response",
    "very_good_partial_response",
    "partial_response",
    "minimal_response",
    "stable_disease",
]
DISEASE_STATUSES = [*CONTROLLED, "progressive_disease", "not_evaluable"]
FORMULARIES = [
    *("1", "2", "3", "4", "1.0", " 1", "2 ", "\u20034.0\u00a0", "3/Exclusive", "4/AON", "4/aon"),
    *("Formulary 1", "FORMULARY 2", "Formulary 3/Exclusive", "formulary 4/AON", "Formulary 3"),
]
OTHER_FORMULARIES = ["other", "Other", " OTHER\n"]
UNKNOWN_FORMULARIES = [
    *("5", "0", "01", "1.00", "Exclusive", "AON", "3/AON", "x", "formulary", "formulary5", "1 2"),
    *("formulary  1", "1/Exclusive", "3 / Exclusive", "others", "-1", "1.0.0x", "\u0661"),
]
DRUG_NAMES = [
    *("Xpovio", "selinexor", "XPOVIO", "SeLiNeXoR", "  xpovio ", "\tSelinexor\r\n"),
    *("Xpovio\u00ae", "XPOVIO\u2122 ", "\u2003xpovio\u00a0", "Xpovio (selinexor)"),
    *("\u3000Xpovio\u2122 (Selinexor\u00ae)\u0085",),
]
OTHER_DRUGS = [
    *("Xpovio 20 mg", "xpovi", "xpovioo", "sel inexor", "examplinib", "0", "xpovio,"),
    *("xpovio (", "Xpovio (examplinib)", "selinexor (xpovio)", "xpovio\u200b", "\u2122"),
]
PLACEHOLDERS = [
    *("N/A", "null", "none", "-", "unknown", "tbd", "pending", "not attached"),
    *("\u00a0Not Attached\u2003", "UNKNOWN", "n/a\n", "\u2014", "(None)", "\u200b"),
]


def nccn(*categories: str) -> list[dict[str, str]]:
    return [
        {"source": SOURCES[position % 2], "category": category}
        for position, category in enumerate(categories)
    ]


# --------------------------------------------------------------------------------------------
# The full product of the criteria's states
# --------------------------------------------------------------------------------------------

# Criterion by criterion, each state with the facts that put a request in it. Where a state has
# several, the product takes them in turn at random (seeded).
State = list[Facts]

APPLICABILITY_STATES: list[list[State]] = [
    [
        [{"/member/benefit": "pharmacy"}],
        [{"/member/benefit": "medical"}],
        [{"/member/benefit": ABSENT}, {"/member/benefit": None}],
    ],
    [
        [{"/member/formulary": each} for each in FORMULARIES],
        [{"/member/formulary": each} for each in OTHER_FORMULARIES],
        [{"/member/formulary": ABSENT}, {"/member/formulary": None}],
    ],
    [
        [{"/member/drug_on_formulary": True}],
        [{"/member/drug_on_formulary": False}],
        [{"/member/drug_on_formulary": ABSENT}, {"/member/drug_on_formulary": None}],
    ],
]

DOCUMENTATION_STATES: list[State] = [
    [
        {"/documentation": [{"reference": "chart-note-1"}]},
        {"/documentation": [{"reference": f"chart-note-{n}"} for n in range(3)]},
        {"/documentation": [{"reference": "lab-2", "type": "lab", "date": "2022-10-20"}]},
    ],
    [{"/documentation": ABSENT}, {"/documentation": None}, {"/documentation": []}],
]

INITIAL_STATES: list[list[State]] = [
    [
        [{"/member/birth_date": each} for each in ("1956-04-12", "2004-11-01", "1904-02-28")],
        [{"/member/birth_date": each} for each in ("2006-05-20", "2004-11-02", "2022-11-01")],
        [{"/member/birth_date": ABSENT}, {"/member/birth_date": None}],
    ],
    [
        [{"/prescriber/taxonomies": [each]} for each in HEMATOLOGISTS_AND_ONCOLOGISTS]
        + [{"/prescriber/taxonomies": ["207R00000X", "2086X0206X"]}],
        [{"/prescriber/taxonomies": [each]} for each in OTHER_SPECIALISTS]
        + [{"/prescriber/taxonomies": OTHER_SPECIALISTS}],
        [
            {"/prescriber/taxonomies": ABSENT},
            {"/prescriber/taxonomies": []},
            {"/prescriber/taxonomies": ABSENT, "/prescriber/npi": "0000000000"},
            {"/prescriber": None},
        ],
    ],
    [
        [{"/nccn": each} for each in (nccn("1"), nccn("2A"), nccn("3", "1"), nccn("2A", "2B"))],
        [{"/nccn": each} for each in (nccn("2B"), nccn("3"), nccn("2B", "3", "2B"), [])],
        [{"/nccn": ABSENT}, {"/nccn": None}],
    ],
]

RENEWAL_STATES: list[list[State]] = [
    [
        [
            {"/prior_authorization/end_date": each}
            for each in ("2023-04-30", "2023-05-01", "2023-04-29", "2023-06-15", "2022-01-31")
        ],
        [{"/prior_authorization/end_date": ABSENT}, {"/prior_authorization": None}],
    ],
    [
        [{"/clinical/disease_status": each} for each in CONTROLLED],
        [{"/clinical/disease_status": "progressive_disease"}],
        [{"/clinical/disease_status": "not_evaluable"}],
        [{"/clinical/disease_status": ABSENT}, {"/clinical/disease_status": None}],
    ],
    [
        [{"/clinical/unacceptable_toxicity": False}],
        [{"/clinical/unacceptable_toxicity": True}],
        [{"/clinical/unacceptable_toxicity": ABSENT}, {"/clinical/unacceptable_toxicity": None}],
    ],
]


def dose(mg_per_week: Any, times: Any, tablets: Any, days: Any) -> Facts:
    return {
        "/dose/mg_per_week": mg_per_week,
        "/dose/times_per_week": times,
        "/quantity/tablets": tablets,
        "/quantity/days_supply": days,
    }


LIMIT_STATES: list[list[State]] = [
    [
        [dose(160, 2, 32, 28), dose(100, ABSENT, 20, 28), dose(80, 1, 7, 14), dose(60, 3, 1, 28)],
        [dose(160, 2, 33, 28), dose(100, 1, 20, 27), dose(80, ABSENT, 100, 56)],
        [dose(120, 1, 20, 28), dose(0.5, ABSENT, ABSENT, 28), dose(20, ABSENT, 1, ABSENT)],
        [dose(60, 1, 1, 2), dose(60, 1, ABSENT, 1), dose(80, ABSENT, 4, 1)],
        [
            {**dose(160, 2, 8, 28), "/drug/strength_mg": 80},
            {**dose(ABSENT, ABSENT, ABSENT, ABSENT), "/drug/strength_mg": 19.5},
        ],
        [
            dose(ABSENT, ABSENT, ABSENT, ABSENT),
            dose(ABSENT, 2, 32, 28),
            dose(160, 2, ABSENT, 28),
            dose(160, 1, 32, ABSENT),
        ],
    ],
    [
        [{"/duration_months": ABSENT}],
        [{"/duration_months": each} for each in (1, 3, 5, 6)],
        [{"/duration_months": each} for each in (7, 12, 1000)],
    ],
]


def every_combination_of_states(kind: str) -> Iterator[Any]:
    """A request for every combination of the states of all criteria of the type."""
    choose = random.Random(kind).choice
    base, by_type = (INITIAL, INITIAL_STATES) if kind == "initial" else (RENEWAL, RENEWAL_STATES)
    states = [*APPLICABILITY_STATES, DOCUMENTATION_STATES, *by_type, *LIMIT_STATES]
    for combination in itertools.product(*states):
        facts: Facts = {}
        for state in combination:
            facts.update(choose(state))
        yield with_facts(base, facts)


def every_set_of_facts() -> Iterator[Any]:
    """Every subset of the facts of an approvable request, of either type."""
    for base in (INITIAL, RENEWAL):
        required = {"/type", "/service_date", "/drug/name"}
        optional = [pointer for pointer in facts_of(base) if pointer not in required]
        for chosen in itertools.product((True, False), repeat=len(optional)):
            yield with_facts(
                base,
                {
                    pointer: ABSENT
                    for pointer, keep in zip(optional, chosen, strict=True)
                    if not keep
                },
            )


# --------------------------------------------------------------------------------------------
# Boundaries
# --------------------------------------------------------------------------------------------


def month_ends(years: Iterable[int]) -> Iterator[date]:
    """The first, 28th, 29th, 30th and 31st of every month that has them."""
    for year, month, day in itertools.product(years, range(1, 13), (1, 28, 29, 30, 31)):
        if day <= calendar.monthrange(year, month)[1]:
            yield date(year, month, day)


def same_day(of: date, year: int) -> date:
    """That day of the year; 29 February is 1 March in a common year."""
    try:
        return of.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def ages() -> Iterator[Any]:
    """Both sides of a birthday, for service dates around the ends of months and leap days."""
    for service in month_ends([2020, 2021, 2022, 2024]):
        if service < date(2020, 8, 1):
            continue
        births = {
            same_day(service, service.year - years) + timedelta(days=days)
            for years, days in itertools.product((18, 19), (-2, -1, 0, 1, 2))
        }
        births |= {date(2000, 2, 29), date(2004, 2, 29), date(2008, 2, 29)}
        births |= {service, service - timedelta(days=1), date(1905, 3, 1)}
        births |= {same_day(service, service.year - 120) + timedelta(days=1)}
        for birth in sorted(births):
            yield with_facts(
                INITIAL,
                {
                    "/service_date": service.isoformat(),
                    "/member/birth_date": birth.isoformat(),
                },
            )


LIMITS = {160: 32, 100: 20, 80: 16, 60: 12}


def quantities() -> Iterator[Any]:
    """Every dose and schedule, with the tablets allowed, one fewer and one more.

    And with a week's tablets too few for the dose, and one fewer still.
    """
    doses = [60, 80, 100, 160, 20, 59, 61, 120, 159, 161, 320, 60.0, 79.5, 160.25, 0.001, 10**9]
    days_supplies = [1, 2, 3, 7, 13, 14, 15, 27, 28, 29, 30, 56, 90, 10**9]
    for mg, times, days in itertools.product(doses, (ABSENT, 1, 2), days_supplies):
        allowed = LIMITS.get(int(mg), 12) * days // 28
        short = math.ceil(mg * (days - 7) / 140)
        for tablets in sorted({1, allowed - 1, allowed, allowed + 1, 32, short - 1, short}):
            if 1 <= tablets <= 10**9:
                yield with_facts(INITIAL, dose(mg, times, tablets, days))


def strengths() -> Iterator[Any]:
    """Tablets of every strength, for every dose and quantity that 20 mg tablets are allowed."""
    for base, mg, (weekly, tablets), days in itertools.product(
        (INITIAL, RENEWAL),
        (ABSENT, None, 20, 20.0, 19, 20.5, 40, 60, 80, 0.001, 10**9),
        [*LIMITS.items(), (120, 24), (ABSENT, 20), (100, ABSENT), (ABSENT, ABSENT)],
        (28, 1, 84, ABSENT),
    ):
        yield with_facts(base, {**dose(weekly, ABSENT, tablets, days), "/drug/strength_mg": mg})


def packs() -> Iterator[Any]:
    """Every pack, in whole numbers and one tablet more and less, asked for and reduced to."""
    for (weekly, size), times, number, more, fills in itertools.product(
        LIMITS.items(), (ABSENT, 1, 2, 3), (1, 2, 3), (-1, 0, 1), (1, 2, 3)
    ):
        yield with_facts(INITIAL, dose(weekly, times, number * size + more, fills * 28))


def fills() -> Iterator[Any]:
    """Fills about as long as the authorization, from the first and last days of months."""
    for start, months, more in itertools.product(
        month_ends([2023, 2024]), (1, 2, 6, ABSENT), (-1, 0, 1, 2)
    ):
        first = start.replace(day=1)
        count = 6 if months is ABSENT else int(str(months))
        later = first + timedelta(days=31 * count + 15)
        days = (later.replace(day=1) - first).days
        yield with_facts(
            INITIAL,
            {
                "/service_date": start.isoformat(),
                "/duration_months": months,
                **dose(100, ABSENT, days * 20 // 28 or 1, days + more),
            },
        )


def durations() -> Iterator[Any]:
    """Every length of an authorization, from the first and last days of months."""
    years = [*range(2020, 2025), 2072, 2098, 2099]
    for start, months in itertools.product(month_ends(years), (ABSENT, 1, 2, 5, 6, 7)):
        yield with_facts(
            INITIAL,
            {
                "/service_date": start.isoformat(),
                "/member/birth_date": "1990-02-28",
                "/duration_months": months,
            },
        )


def renewal_starts() -> Iterator[Any]:
    """Prior authorizations that end around the service date."""
    for service, days in itertools.product(
        month_ends([2020, 2023, 2024]), (-400, -3, -2, -1, 0, 1, 2, 59, 60, 61, 400)
    ):
        ended = service + timedelta(days=days)
        yield with_facts(
            RENEWAL,
            {
                "/service_date": service.isoformat(),
                "/prior_authorization/end_date": ended.isoformat(),
            },
        )
    for end in ("1870-01-01", "1872-02-29", "2099-08-31", "2099-12-30", "2099-12-31"):
        yield with_facts(RENEWAL, {"/prior_authorization/end_date": end})


VERSION_DAYS = [
    *("1990-01-01", "1999-12-31", "2019-10-15", "2020-07-31", "2020-08-01", "2020-08-02"),
    *("2021-08-30", "2022-10-02", "2022-10-03", "2022-10-04", "2023-05-31", "2023-06-01"),
    *("2023-06-29", "2023-06-30", "2023-07-01", "2023-07-02", "2024-02-29", "2099-12-31"),
]


def versions() -> Iterator[Any]:
    """Both sides of every date of the text, for either type and every spelling of the drug."""
    for base, day, drug in itertools.product(
        (INITIAL, RENEWAL, *BARE.values()), VERSION_DAYS, [*DRUG_NAMES, *OTHER_DRUGS]
    ):
        request = with_facts(base, {"/service_date": day, "/drug/name": drug})
        if day > "2076":
            request = with_facts(request, {"/member/birth_date": ABSENT})
        yield request


def specialties() -> Iterator[Any]:
    everyone = [*HEMATOLOGISTS_AND_ONCOLOGISTS, *OTHER_SPECIALISTS]
    for taxonomies in itertools.chain(
        itertools.product(everyone, repeat=1),
        itertools.product(everyone, repeat=2),
        [everyone, OTHER_SPECIALISTS],
    ):
        yield with_facts(INITIAL, {"/prescriber/taxonomies": list(taxonomies)})


def recommendations() -> Iterator[Any]:
    """Every list of up to three NCCN recommendations."""
    each = [{"source": s, "category": c} for s, c in itertools.product(SOURCES, CATEGORIES)]
    for length in (1, 2, 3):
        for chosen in itertools.product(each, repeat=length):
            yield with_facts(INITIAL, {"/nccn": list(chosen)})


def formularies() -> Iterator[Any]:
    """Every formulary, on and off it, closed and open, alternatives tried and not."""
    answers = (True, False, ABSENT)
    for base, name, covered, closed, tried in itertools.product(
        (INITIAL, RENEWAL), [*FORMULARIES, *OTHER_FORMULARIES, ABSENT], answers, answers, answers
    ):
        yield with_facts(
            base,
            {
                "/member/formulary": name,
                "/member/drug_on_formulary": covered,
                "/member/closed_formulary": closed,
                "/member/formulary_alternatives_tried": tried,
            },
        )


def ignored_facts() -> Iterator[Any]:
    """Facts that the request's type does not use, in every state: allowed and ignored."""
    for base, states in ((INITIAL, RENEWAL_STATES), (RENEWAL, INITIAL_STATES)):
        for combination in itertools.product(*states):
            for chosen in itertools.zip_longest(*combination):
                facts: Facts = {}
                for each in chosen:
                    facts.update(each or {})
                yield with_facts(base, facts)


def questions() -> Iterator[Any]:
    """Up to three facts not stated, while others decide already, or cannot be answered."""
    decided: list[Facts] = [
        {},
        {"/nccn": []},
        {"/member/birth_date": "2020-01-01"},
        {"/clinical/disease_status": "progressive_disease"},
        {"/clinical/disease_status": "not_evaluable"},
        {"/member/benefit": "medical"},
        {"/dose/mg_per_week": 120},
        {"/drug/strength_mg": 60},
        {"/quantity/days_supply": 1},
        {"/quantity/tablets": 1000},
    ]
    required = {"/type", "/service_date", "/drug/name"}
    for base in (INITIAL, RENEWAL):
        optional = [pointer for pointer in facts_of(base) if pointer not in required]
        for facts, count in itertools.product(decided, (1, 2, 3)):
            for absent in itertools.combinations(optional, count):
                yield with_facts(base, {**facts, **dict.fromkeys(absent, ABSENT)})


BOUNDARIES = {
    "ages": ages,
    "quantities": quantities,
    "strengths": strengths,
    "packs": packs,
    "fills": fills,
    "questions": questions,
    "durations": durations,
    "renewal starts": renewal_starts,
    "versions": versions,
    "specialties": specialties,
    "recommendations": recommendations,
    "formularies": formularies,
    "ignored facts": ignored_facts,
    "sets of facts": every_set_of_facts,
}


def out_of_range() -> Iterator[Any]:
    """Both sides of what a request may say: days, ages, formularies, texts that say nothing."""
    for service in month_ends([1990, 2020, 2021, 2022, 2024, 2099]):
        for years, days in itertools.product((119, 120, 121), (-1, 0, 1)):
            birth = same_day(service, service.year - years) + timedelta(days=days)
            yield with_facts(
                INITIAL,
                {"/service_date": service.isoformat(), "/member/birth_date": birth.isoformat()},
            )
    for year, rest in itertools.product(
        (1869, 1870, 1989, 1990, 2099, 2100), ("-01-01", "-02-28", "-02-29", "-12-31")
    ):
        for pointer in ("/service_date", "/member/birth_date", "/prior_authorization/end_date"):
            yield with_facts(RENEWAL, {pointer: f"{year}{rest}"})
        document = {"reference": "note-1", "date": f"{year}{rest}"}
        yield with_facts(RENEWAL, {"/documentation": [document]})
    for name in [*FORMULARIES, *OTHER_FORMULARIES, *UNKNOWN_FORMULARIES]:
        yield with_facts(INITIAL, {"/member/formulary": name})
    for pointer, text in itertools.product(
        ("/request_id", "/drug/name", "/member/formulary", "/diagnosis/icd10"), PLACEHOLDERS
    ):
        yield with_facts(INITIAL, {pointer: text})
    for text in PLACEHOLDERS:
        yield with_facts(INITIAL, {"/documentation": [{"reference": text}]})
        yield with_facts(INITIAL, {"/documentation": [{"reference": "note-1", "type": text}]})


# --------------------------------------------------------------------------------------------
# Broken documents
# --------------------------------------------------------------------------------------------

FIELDS = [
    "/request_id",
    "/type",
    "/service_date",
    "/drug",
    "/drug/name",
    "/drug/strength_mg",
    "/member",
    "/member/birth_date",
    "/member/benefit",
    "/member/formulary",
    "/member/drug_on_formulary",
    "/member/closed_formulary",
    "/member/formulary_alternatives_tried",
    "/prescriber",
    "/prescriber/npi",
    "/prescriber/taxonomies",
    "/diagnosis",
    "/diagnosis/icd10",
    "/nccn",
    "/documentation",
    "/dose",
    "/dose/mg_per_week",
    "/dose/times_per_week",
    "/quantity",
    "/quantity/tablets",
    "/quantity/days_supply",
    "/duration_months",
    "/prior_authorization",
    "/prior_authorization/end_date",
    "/clinical",
    "/clinical/disease_status",
    "/clinical/unacceptable_toxicity",
]

ITEM_FIELDS = [
    "/nccn/0",
    "/nccn/0/source",
    "/nccn/0/category",
    "/documentation/0",
    "/documentation/0/reference",
    "/documentation/0/type",
    "/documentation/0/date",
    "/prescriber/taxonomies/0",
]

UNKNOWN_FIELDS = [
    *("/foo", "/Type", "/", "/member/", "/member/birthdate", "/a~1b~0c", "/clinical/~01"),
    *("/drug/name ", "/dose/mg", "/quantity/0", "/\u00e9\u20ac", "/nccn_category", "/decision"),
    *("/nccn/0/note", "/documentation/0/reference ", "/prescriber/taxonomy", "/errors"),
]

DATES = [
    *("2022-02-28", "2022-02-29", "2020-02-29", "1900-02-29", "2000-02-29", "2022-04-31"),
    *("2022-00-10", "2022-13-01", "2022-01-00", "2022-01-32", "2022-12-31", "2022-1-01"),
    *("0000-01-01", "0001-01-01", "9998-12-31", "9999-01-01", "10000-01-01", "-001-01-01"),
    *("2022-11-01T00:00:00Z", "2022/11/01", "20221101", "2022-11-01\n", " 2022-11-01"),
    *("2022-W44-2", "2022-305", "01-11-2022", "\uff12\uff10\uff12\uff12-11-01", "2022-11-0x"),
    *("1869-12-31", "1870-01-01", "1989-12-31", "1990-01-01", "2099-12-31", "2100-01-01"),
    *("+022-11-01", "2022-11--1", "2022--1-01", "2022-1e-01", "2100-02-29", "2400-02-29"),
]

WORDS = [
    *("", " ", "\t\n\v\f\r ", "\u00a0", "\u2003", "\u0000", "x", "initial", "Initial", "renewal"),
    *("pharmacy", "medical", "Pharmacy", "guidelines", "compendium", "1", "2A", "2a", "2B", "4"),
    *("207RH0003X", "207rh0003X", "207RH0003", "207RH0003Y", "207RH0003XX", "207RH0003X\n"),
    *("0123456789", "012345678", "01234567890", "012345678x", "0123456789\n", "\u0661" * 10),
    *("progressive_disease", "not_evaluable", "stable disease", "true", "null", "100"),
    *("N/A", " Unknown ", "\u2003pending\u00a0", "-", "not attached", "notattached", "3/Exclusive"),
    *("other", "2.0", "\u200b", "\u3000\u1680"),
    *("x" * 128, "x" * 129, "\U0001f9ec" * 128, "\U0001f9ec" * 129, "\u00e9" * 128),
]

NUMBERS = [
    *(0, 1, -1, 2, 0.5, 1.0, 28.0, 28.5, 1e-9, 0.0, -0.0, -0.5, 10**9, 10**9 + 1, 1e9, 1e10),
    *(2**31, 2**53 + 1, 2**63, 2**64, 10**30, 1e300, 5e-324, 999999999.5, 1000000000.5),
]

OTHERS: list[Any] = [True, False, None, [], {}, [[]], [{}], [None], [""], [1], ["207RH0003X", None]]
OTHERS += [{"name": "xpovio"}, {"": None}, {"": 0}, {"foo": None}, nccn("1"), nccn("9")]
OTHERS += [[{"reference": "note-1"}], [{"reference": "note-1", "date": "2022-02-30"}]]
OTHERS += [[*nccn("1"), None], [{"source": "guidelines"}], [{"category": "1"}, "x", {}]]

VALUES = [*DATES, *WORDS, *NUMBERS, *OTHERS]
"""What a careless, or hostile, sender could put anywhere."""


def put(document: Any, pointer: str, value: Any) -> Any:
    """A copy of `document` with `value` at `pointer`, whatever stands in the way."""
    changed = {"": copy.deepcopy(document)}
    place: Any = changed
    *sections, last = ["", *steps(pointer)]
    for section in sections:
        if isinstance(place, list):
            position = int(section) if section.isdigit() else 0
            if position >= len(place):
                place.append({})
                position = len(place) - 1
            if not isinstance(place[position], (dict, list)):
                place[position] = {}
            place = place[position]
        else:
            if not isinstance(place.get(section), (dict, list)):
                place[section] = {}
            place = place[section]
    if isinstance(place, list):
        position = int(last) if last.isdigit() else 0
        place[position : position + 1] = [copy.deepcopy(value)]
    else:
        place[last] = copy.deepcopy(value)
    return changed[""]


FULL = with_facts(
    INITIAL,
    {
        "/request_id": "full-1",
        "/member/closed_formulary": False,
        "/member/formulary_alternatives_tried": True,
        "/prescriber/npi": "0000000000",
        "/diagnosis/icd10": "C90.00",
        "/documentation": [{"reference": "note-1", "type": "chart", "date": "2022-10-20"}],
        "/dose/times_per_week": 1,
        "/duration_months": 6,
        "/prior_authorization/end_date": "2022-10-31",
        "/clinical/disease_status": "stable_disease",
        "/clinical/unacceptable_toxicity": False,
    },
)
"""Every fact there is."""


def every_value_everywhere() -> Iterator[Any]:
    """Each of `VALUES` at each place of a request, one at a time, and as the request itself."""
    yield from VALUES
    for pointer in [*FIELDS, *ITEM_FIELDS, *UNKNOWN_FIELDS]:
        for value in VALUES:
            yield put(FULL, pointer, value)


# --------------------------------------------------------------------------------------------
# Strategies
# --------------------------------------------------------------------------------------------

any_date = st.one_of(
    st.dates(date(2004, 1, 1), date(2025, 12, 31)),
    st.dates(date(1870, 1, 1), date(2099, 12, 31)),
    st.sampled_from([date.fromisoformat(day) for day in VERSION_DAYS]),
).map(lambda day: day.isoformat())

counts = st.one_of(
    st.integers(1, 40),
    st.integers(1, 10**9),
    st.integers(1, 60).map(float),
)

weekly_doses = st.one_of(
    st.sampled_from([60, 80, 100, 160, 160.0, 120]),
    st.integers(1, 400),
    st.floats(0, 10**9, exclude_min=True, allow_subnormal=False),
)

texts = st.text(min_size=1, max_size=12).filter(oracle.is_text)


def mostly(*usual: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(usual)


def rarely(rare: st.SearchStrategy[Any], usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One in ten; `one_of` takes all its branches equally often, repeated ones once."""
    return st.sampled_from(range(10)).flatmap(lambda turn: usual if turn else rare)


FACTS: dict[str, st.SearchStrategy[Any]] = {
    "/request_id": st.text(min_size=1, max_size=128),
    "/drug/strength_mg": rarely(mostly(40, 50, 60, 80, 19.5), mostly(20, 20.0)),
    "/member/birth_date": st.one_of(
        mostly("1956-04-12", "2004-11-01", "2004-02-29", "2008-02-29"),
        st.dates(date(1930, 1, 1), date(2020, 7, 31)).map(lambda day: day.isoformat()),
    ),
    "/member/benefit": mostly("pharmacy", "pharmacy", "pharmacy", "medical"),
    "/member/formulary": rarely(mostly(*OTHER_FORMULARIES), mostly(*FORMULARIES)),
    "/member/drug_on_formulary": mostly(True, True, True, False),
    "/member/closed_formulary": st.booleans(),
    "/member/formulary_alternatives_tried": st.booleans(),
    "/prescriber/npi": st.integers(0, 10**10 - 1).map("{:010}".format),
    "/prescriber/taxonomies": st.lists(
        st.one_of(
            mostly(*HEMATOLOGISTS_AND_ONCOLOGISTS),
            mostly(*OTHER_SPECIALISTS),
            st.integers(0, 10**9 - 1).map("{:09}X".format),
        ),
        max_size=3,
    ),
    "/diagnosis/icd10": texts,
    "/nccn": st.lists(
        st.fixed_dictionaries(
            {"source": mostly(*SOURCES), "category": mostly("1", *CATEGORIES)},
            optional={"": st.none()},
        ),
        max_size=3,
    ),
    "/documentation": st.lists(
        st.fixed_dictionaries(
            {"reference": texts},
            optional={"type": texts | st.none(), "date": any_date | st.none()},
        ),
        max_size=3,
    ),
    "/dose/mg_per_week": weekly_doses,
    "/dose/times_per_week": mostly(1, 2, 2.0, 3),
    "/quantity/tablets": counts,
    "/quantity/days_supply": st.one_of(mostly(28, 14, 1, 2), counts),
    "/duration_months": counts,
    "/prior_authorization/end_date": any_date,
    "/clinical/disease_status": mostly(*DISEASE_STATUSES, "stable_disease"),
    "/clinical/unacceptable_toxicity": mostly(True, False, False),
}


bases = st.sampled_from([INITIAL, INITIAL, RENEWAL, RENEWAL, *BARE.values()])
given_or_not = {
    pointer: rarely(st.sampled_from([None, ABSENT]), value) for pointer, value in FACTS.items()
}
# Leaning to the sure side: an even mixture of everything hardly ever approves anything.
service_dates = st.one_of(
    mostly(*(day for day in VERSION_DAYS if "2020-07-31" <= day < "2050")),
    mostly("2022-11-01", "2023-05-01", "2024-02-29", "2020-08-31", "2021-08-30"),
    st.dates(date(2020, 7, 31), date(2026, 12, 31)).map(lambda day: day.isoformat()),
    st.dates(date(2020, 7, 31), date(2049, 12, 31)).map(lambda day: day.isoformat()),
)
"""So that no member that these requests describe is 120 years old."""

drug_names = rarely(mostly(*OTHER_DRUGS) | texts, mostly(*DRUG_NAMES))
pointer_lists = st.lists(st.sampled_from(sorted(FACTS)), max_size=10, unique=True)
null_sections = st.sampled_from([None] * 8 + ["diagnosis", "foo", "quantity", "member"])


@st.composite
def requests(draw: st.DrawFn) -> Any:
    """Well-formed requests: facts given, absent or null, in sections given, absent or null."""
    facts: Facts = {"/service_date": draw(service_dates), "/drug/name": draw(drug_names)}
    facts |= {pointer: draw(given_or_not[pointer]) for pointer in draw(pointer_lists)}
    request = with_facts(draw(bases), facts)
    if section := draw(null_sections):
        request[section] = None
    return request


json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**12), 10**12),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
        st.sampled_from(VALUES),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.text(max_size=6),
                st.sampled_from(["", "/", "~", "~1", "a/b", "type", "drug", "name", "requests"]),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


places = st.one_of(
    st.sampled_from([*FIELDS, *ITEM_FIELDS, *UNKNOWN_FIELDS]),
    st.builds(
        lambda section, key: section + key.replace("~", "~0").replace("/", "~1"),
        st.sampled_from(["/", "/member/", "/drug/", "/nccn/1/", "/dose/"]),
        st.text(max_size=5),
    ),
)
wrongs = st.lists(
    st.tuples(places, st.one_of(st.sampled_from(VALUES), json_values)),
    min_size=1,
    max_size=4,
)
soundness = st.one_of(st.just(FULL), requests())


@st.composite
def broken(draw: st.DrawFn) -> Any:
    """Requests with up to four things wrong (some turn out well formed)."""
    request = draw(soundness)
    for pointer, value in draw(wrongs):
        request = put(request, pointer, value)
    return request


any_document = st.one_of(requests(), broken(), json_values)

# --------------------------------------------------------------------------------------------
# One document, spelt differently
# --------------------------------------------------------------------------------------------


def number_spellings(value: int | float) -> list[str]:
    """JSON spellings of one number, all exactly that number."""
    plain = json.dumps(value)
    with localcontext() as context:
        context.prec = 1_000
        exact = Decimal(plain)
        less, more = f"{exact.scaleb(-2):f}e2", f"{exact.scaleb(3):f}e-3"
        spellings = [plain, less, more, f"{exact:E}"]
    if isinstance(value, int):
        spellings += [f"{value}.0", f"{value}.000", f"{value}e0", f"{value}E+00"]
    return spellings


def respelt(value: Any, choose: random.Random) -> str:
    """JSON text of `value`, with keys shuffled, numbers spelt otherwise and nulls thrown in."""
    if isinstance(value, dict):
        members = list(value.items())
        choose.shuffle(members)
        texts = [f"{json.dumps(key)} : {respelt(inner, choose)}" for key, inner in members]
        if "nothing" not in value and choose.random() < 0.5:
            texts.append('"nothing": null')
        return "{" + ",\n ".join(texts) + "}"
    if isinstance(value, list):
        return "[" + " , ".join(respelt(inner, choose) for inner in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return choose.choice(number_spellings(value))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=choose.random() < 0.5)
    return json.dumps(value)


def with_nulls(value: Any, choose: random.Random) -> Any:
    """`value` with null in place of some absent facts and sections, and of unknown ones."""
    if isinstance(value, list):
        return [with_nulls(inner, choose) for inner in value]
    if not isinstance(value, dict):
        return value
    extra = ["nothing", "", "type", "birth_date", "member", "clinical", "nccn", "duration_months"]
    nulls = {key: None for key in extra if key not in value and choose.random() < 0.5}
    return {**nulls, **{key: with_nulls(inner, choose) for key, inner in value.items()}}


def without_nulls(value: Any) -> Any:
    """`value` with every null object member left out, at every depth."""
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    if isinstance(value, dict):
        return {k: without_nulls(inner) for k, inner in value.items() if inner is not None}
    return value
