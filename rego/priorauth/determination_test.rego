package priorauth.determination_test

import data.priorauth.determination
import data.priorauth.fixtures_test as fixtures
import data.priorauth.outcome

test_an_approved_request if {
	determination.document == {
		"request_id": "initial",
		"outcome": "approved",
		"requires_clinician_review": false,
		"guideline": _xpovio,
		"criteria": outcome.criteria,
		"reasons": [],
		"missing": [],
		"authorization": {
			"start_date": "2022-11-01",
			"end_date": "2023-04-30",
			"tablets": 20,
			"days_supply": 28,
			"package": "100 mg once weekly",
		},
		"notices": [],
		"errors": [],
	} with input as fixtures.initial
}

test_a_modified_request_is_authorized_for_less if {
	document := determination.document with input as fixtures.renewal_with({"quantity": {"tablets": 33}, "duration_months": 12})
	object.remove(document, ["criteria", "reasons"]) == {
		"request_id": "renewal",
		"outcome": "modified",
		"requires_clinician_review": true,
		"guideline": _xpovio,
		"missing": [],
		"authorization": {
			"start_date": "2023-05-01",
			"end_date": "2023-10-31",
			"tablets": 32,
			"days_supply": 28,
			"package": "80 mg twice weekly",
		},
		"notices": [],
		"errors": [],
	}
	[reason.code | some reason in document.reasons] == ["quantity_reduced", "duration_reduced"]
}

test_a_denied_request_is_not_authorized if {
	document := determination.document with input as fixtures.initial_with({"member": {"birth_date": "2010-01-01"}})
	object.remove(document, ["criteria"]) == {
		"request_id": "initial",
		"outcome": "denied",
		"requires_clinician_review": true,
		"guideline": _xpovio,
		"reasons": [{
			"code": "age_not_met",
			"criterion": "age",
			"clause": "III.1",
			"message": "Not met: Member is at least 18 years of age",
		}],
		"missing": [],
		"authorization": null,
		"notices": [],
		"errors": [],
	}
}

test_a_pended_request_is_not_authorized_and_needs_no_clinician if {
	document := determination.document with input as fixtures.empty_renewal
	object.remove(document, ["criteria", "reasons", "missing"]) == {
		"request_id": null,
		"outcome": "pended",
		"requires_clinician_review": false,
		"guideline": _xpovio,
		"authorization": null,
		"notices": [],
		"errors": [],
	}
	[count(document.criteria), count(document.reasons), count(document.missing)] == [9, 8, 10]
}

test_a_request_to_which_the_guideline_does_not_apply if {
	document := determination.document with input as fixtures.initial_with({"member": {"benefit": "medical"}})
	[document.outcome, document.authorization, document.guideline, count(document.criteria)] == ["not_applicable", null, _xpovio, 9]
	[reason.code | some reason in document.reasons] == ["benefit_not_met"]
}

test_a_request_of_no_guideline if {
	determination.document == {
		"request_id": "initial",
		"outcome": "not_applicable",
		"requires_clinician_review": false,
		"guideline": null,
		"criteria": [],
		"reasons": [{
			"code": "drug_not_governed",
			"criterion": null,
			"clause": null,
			"message": "No guideline on file names this drug.",
		}],
		"missing": [],
		"authorization": null,
		"notices": [],
		"errors": [],
	} with input as fixtures.initial_with({"drug": {"name": "aspirin"}})
}

test_an_invalid_request if {
	determination.document == {
		"request_id": "initial",
		"outcome": "invalid",
		"requires_clinician_review": false,
		"guideline": null,
		"criteria": [],
		"reasons": [],
		"missing": [],
		"authorization": null,
		"notices": [],
		"errors": [{"path": "/type", "message": "is required"}],
	} with input as fixtures.initial_with({"type": null})
}

test_a_request_id_that_is_none_is_not_echoed if {
	every id in ["", 1, null, {}] {
		document := determination.document with input as object.union(fixtures.initial, {"request_id": id})
		document.request_id == null
	}
}

# The version's notices before the sections' own.
test_notices_come_in_order_whatever_the_outcome if {
	noted := {
		"service_date": "2023-07-01",
		"member": {"drug_on_formulary": false, "closed_formulary": true},
		"dose": {"mg_per_week": 120},
		"prior_authorization": {"end_date": "2023-01-31"},
	}
	_notices(fixtures.renewal_with(noted)) == [
		"guideline_review_overdue",
		"no_matching_package",
		"coverage_gap",
		"formulary_exception",
	]
	_notices(fixtures.renewal_with(object.union(noted, {"service_date": "2022-10-02", "prior_authorization": {"end_date": "2022-01-31"}}))) == [
		"unchanged_guideline",
		"no_matching_package",
		"coverage_gap",
		"formulary_exception",
	]
}

test_the_plan_names_the_outcomes_that_a_clinician_reviews if {
	requests := [
		fixtures.initial,
		fixtures.initial_with({"duration_months": 7}),
		fixtures.initial_with({"member": {"birth_date": "2010-01-01"}}),
		fixtures.empty_initial,
		fixtures.initial_with({"member": {"benefit": "medical"}}),
		fixtures.initial_with({"drug": {"name": "aspirin"}}),
		{},
	]
	_reviewed(requests, data.plan) == ["modified", "denied"]
	_reviewed(requests, {"clinician_review": {"outcomes": ["not_applicable", "pended", "invalid"]}}) == [
		"pended",
		"not_applicable",
		"not_applicable",
		"invalid",
	]
	_reviewed(requests, {"clinician_review": {"outcomes": ["approved"]}}) == ["approved"]
}

test_there_is_no_decision_without_the_plans_settings if {
	every plan in [
		null,
		{},
		{"clinician_review": null},
		{"clinician_review": {}},
		{"clinician_review": {"outcomes": null}},
		{"clinician_review": {"outcomes": []}},
		{"clinician_review": {"outcomes": "denied"}},
		{"clinician_review": {"outcomes": {"denied": true}}},
		{"clinician_review": {"outcomes": ["denied", null]}},
	] {
		every request in [fixtures.initial, fixtures.initial_with({"drug": {"name": "aspirin"}}), {}] {
			not determination.document with input as request with data.plan as plan
		}
	}
}

_xpovio := {
	"id": "xpovio",
	"title": "Xpovio (selinexor)",
	"version": "2022-10-03",
	"effective_date": "2022-10-03",
	"next_review": "2023-06",
}

_notices(request) := [notice.code | some notice in document.notices] if {
	document := determination.document with input as request
}

_reviewed(requests, plan) := [document.outcome |
	some request in requests
	document := determination.document with input as request with data.plan as plan
	document.requires_clinician_review
]
