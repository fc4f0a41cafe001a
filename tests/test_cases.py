"""Worked cases: a request beside the decision it gets, in full, for people to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asking import ask
from contracts import check_held_together, problems
from oracle import comparable, decide

FILES = sorted((Path(__file__).parent / "cases").glob("*.json"))

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
}


def case(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def worked(request: pytest.FixtureRequest) -> dict[str, Any]:
    return case(request.param)


def test_the_sidecar_decides_as_the_case_says(worked: dict[str, Any], url: str) -> None:
    assert ask(url).decide(worked["request"]) == worked["decision"]


def test_the_oracle_decides_as_the_case_says(worked: dict[str, Any]) -> None:
    assert decide(worked["request"]) == comparable(worked["decision"])


def test_the_case_is_well_formed(worked: dict[str, Any]) -> None:
    assert set(worked) == {"title", "request", "decision"}
    assert problems("decision", worked["decision"]) == []
    check_held_together(worked["request"], worked["decision"])


def test_the_cases_show_every_outcome_reason_notice_and_reading() -> None:
    decisions = [case(path)["decision"] for path in FILES]
    assert {decision["outcome"] for decision in decisions} == EVERY_OUTCOME
    reasons = {reason["code"] for decision in decisions for reason in decision["reasons"]}
    assert reasons == EVERY_REASON
    notices = {notice["code"] for decision in decisions for notice in decision["notices"]}
    assert notices == EVERY_NOTICE
    for reading in range(1, 10):
        assert any(path.stem.startswith(f"reading-{reading}-") for path in FILES)
