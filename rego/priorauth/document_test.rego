package priorauth.document_test

import data.priorauth.document
import data.priorauth.fixtures_test as fixtures

_keys := {
	"request_id", "outcome", "requires_clinician_review", "guideline", "criteria", "reasons", "missing",
	"authorization", "notices", "errors",
}

test_every_key_is_always_there[name] if {
	some name, request in {
		"approved": fixtures.initial,
		"pended": fixtures.empty_initial,
		"another drug": fixtures.initial_with({"drug": {"name": "aspirin"}}),
		"invalid": {},
		"no object": [1],
	}
	whole := document.whole with input as request
	object.keys(whole) == _keys
}

test_an_approved_request if {
	whole := document.whole with input as fixtures.initial
	object.remove(whole, ["criteria"]) == {
		"request_id": "initial",
		"outcome": "approved",
		"requires_clinician_review": false,
		"guideline": {
			"id": "xpovio",
			"title": "Xpovio (selinexor)",
			"version": "2022-10-03",
			"effective_date": "2022-10-03",
			"next_review": "2023-06",
		},
		"reasons": [],
		"missing": [],
		"authorization": {
			"start_date": "2022-11-01",
			"end_date": "2023-04-30",
			"quantity": {"tablets": 20, "days_supply": 28},
			"package": "100 mg once weekly",
		},
		"notices": [],
		"errors": [],
	}
}

test_another_drug_is_not_applicable if {
	whole := document.whole with input as fixtures.initial_with({"drug": {"name": "aspirin"}})
	whole == {
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
	}
}

test_a_fault_of_the_guideline_is_no_decision if {
	not document.whole with input as fixtures.initial with data.guidelines as fixtures.xpovio_without(["criteria"])
}

test_a_malformed_request_is_invalid_and_nothing_else_is_evaluated if {
	whole := document.whole with input as fixtures.initial_with({"duration_months": 0})
	whole == {
		"request_id": "initial",
		"outcome": "invalid",
		"requires_clinician_review": false,
		"guideline": null,
		"criteria": [],
		"reasons": [],
		"missing": [],
		"authorization": null,
		"notices": [],
		"errors": [{"path": "/duration_months", "message": "must be a whole number of at least 1 and at most 1000000000"}],
	}
}

# A clinician reviews what the plan says, and what is pended with nothing to ask.
test_clinician_review[name] if {
	some name, case in {
		"approved": [{}, false],
		"denied": [{"member": {"birth_date": "2010-01-01"}}, true],
		"modified": [{"duration_months": 7}, true],
		"pended with a question": [{"nccn": null}, false],
		"pended with nothing to ask": [{"dose": {"mg_per_week": 120}}, true],
		"pended with nothing to ask of the limit, but of coverage": [{"dose": {"mg_per_week": 120}, "nccn": null}, false],
		"not applicable": [{"member": {"benefit": "medical"}}, false],
	}
	whole := document.whole with input as fixtures.initial_with(case[0])
	whole.requires_clinician_review == case[1]
}

test_the_plan_says_what_is_reviewed if {
	whole := document.whole with input as fixtures.initial with data.plan.clinician_review as ["approved"]
	whole.requires_clinician_review
	other := document.whole with input as {} with data.plan.clinician_review as ["invalid"]
	other.requires_clinician_review
}
