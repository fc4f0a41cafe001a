"""Worked cases: what the policy says to requests that people have thought about."""

from __future__ import annotations

from typing import Any

import pytest

import worked
from asking import ask
from worked import Case

CASES = list(worked.cases())
DOCUMENTS = dict(worked.documents())

EVERY_OUTCOME = {"approved", "modified", "denied", "pended", "not_applicable", "invalid"}

EVERY_REASON = {
    "drug_not_governed",
    "service_date_not_governed",
    "benefit_not_met",
    "benefit_unknown",
    "formulary_not_met",
    "formulary_unknown",
    "drug_on_formulary_not_met",
    "drug_on_formulary_unknown",
    "documentation_unknown",
    "age_not_met",
    "age_unknown",
    "prescriber_not_met",
    "prescriber_unknown",
    "nccn_not_met",
    "nccn_unknown",
    "prior_authorization_unknown",
    "disease_control_not_met",
    "disease_control_unknown",
    "toxicity_not_met",
    "toxicity_unknown",
    "quantity_unknown",
    "dose_not_listed",
    "strength_not_listed",
    "days_supply_too_short",
    "quantity_reduced",
    "duration_reduced",
}

EVERY_NOTICE = {
    "guideline_review_overdue",
    "unchanged_guideline",
    "no_matching_package",
    "coverage_gap",
    "formulary_exception",
    "early_renewal",
    "quantity_below_dose",
    "fill_outlasts_authorization",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sidecar_decides_as_the_table_says(case: Case, url: str) -> None:
    assert worked.differences(case.expected, ask(url).decide(case.request)) == {}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_sidecar_decides_as_the_document_says(name: str, url: str) -> None:
    document = DOCUMENTS[name]
    assert set(document) == {"title", "request", "decision"}
    assert ask(url).decide(document["request"]) == document["decision"]


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_the_cases_of_xpovio_show_every_outcome_reason_notice_and_reading() -> None:
    cases = list(worked.cases("xpovio"))

    def shown(key: str) -> set[Any]:
        return {each for case in cases for each in case.expected.get(key, [])}

    assert {case.expected["outcome"] for case in cases} == EVERY_OUTCOME
    assert shown("reasons") == EVERY_REASON
    assert shown("notices") == EVERY_NOTICE
    for reading in range(1, 11):
        assert any(case.name.startswith(f"reading-{reading}-") for case in cases)
