package priorauth_test

import data.priorauth
import data.priorauth.fixtures_test as fixtures

test_a_decision_is_the_decision_document if {
	decision := priorauth.decision with input as fixtures.initial
	[decision.request_id, decision.outcome] == ["initial", "approved"]
	object.keys(decision) == {
		"request_id", "outcome", "requires_clinician_review", "guideline", "criteria", "reasons", "missing",
		"authorization", "notices", "errors",
	}
}

test_any_json_value_has_a_decision if {
	every value in _values {
		decision := priorauth.decision with input as value
		decision == _invalid
	}
	priorauth.decision == _invalid
}

test_decisions_are_one_for_each_request_in_its_order if {
	requests := [
		fixtures.renewal,
		fixtures.initial_with({"duration_months": 7}),
		fixtures.initial,
		fixtures.empty_initial,
		fixtures.initial_with({"drug": {"name": "aspirin"}}),
		fixtures.initial,
	]
	decisions := priorauth.decisions with input as {"requests": requests}
	decisions == [decision | some request in requests; decision := priorauth.decision with input as request]
	[decision.outcome | some decision in decisions] == ["approved", "modified", "approved", "pended", "not_applicable", "approved"]
}

test_one_bad_request_spoils_no_other if {
	decisions := priorauth.decisions with input as {"requests": array.concat(array.concat([fixtures.initial], _values), [fixtures.renewal])}
	decisions == array.concat(array.concat([_initial], [_invalid | some _ in _values]), [_renewal])
}

test_no_requests_have_no_decisions if {
	priorauth.decisions == [] with input as {"requests": []}
}

test_input_of_another_form_is_no_batch if {
	every value in array.concat(_values, [
		fixtures.initial,
		[fixtures.initial],
		{"requests": null},
		{"requests": {}},
		{"requests": {"0": fixtures.initial}},
		{"requests": "initial"},
		{"requests": 1},
		{"request": [fixtures.initial]},
		{"requests": [fixtures.initial], "more": null},
	]) {
		not priorauth.decisions with input as value
	}
	not priorauth.decisions
}

# The pack of 160 mg has no name, which the request for 100 mg does not need.
test_one_request_without_a_decision_leaves_the_batch_without_any if {
	guidelines := fixtures.replaced("/sections/billing_coding/packages/2/name", null)
	priorauth.decision.outcome == "approved" with input as fixtures.initial with data.guidelines as guidelines
	not priorauth.decision with input as fixtures.renewal with data.guidelines as guidelines
	not priorauth.decisions with input as {"requests": [fixtures.initial, fixtures.renewal]} with data.guidelines as guidelines
	not priorauth.decisions with input as {"requests": [fixtures.renewal]} with data.guidelines as guidelines
	decisions := priorauth.decisions with input as {"requests": [fixtures.initial]} with data.guidelines as guidelines
	decisions == [_initial]
}

# Design, reading 1: two versions, each side of the day of change, one by one and in one batch.
test_the_service_date_chooses_the_version_that_decides if {
	born := fixtures.initial_with({"member": {"birth_date": "2003-07-01"}})
	requests := [
		object.union(born, {"service_date": "2023-06-30"}),
		object.union(born, {"service_date": "2023-07-01"}),
		object.union(born, {"service_date": "2024-06-30"}),
		object.union(born, {"service_date": "2024-07-01"}),
	]
	decisions := priorauth.decisions with input as {"requests": requests} with data.guidelines as fixtures.two_versions
	[[decision.guideline.version, decision.outcome, decision.criteria[4].facts] | some decision in decisions] == [
		["2022-10-03", "approved", {"age": 19, "minimum": 18}],
		["2023-07-01", "denied", {"age": 20, "minimum": 21}],
		["2023-07-01", "denied", {"age": 20, "minimum": 21}],
		["2023-07-01", "approved", {"age": 21, "minimum": 21}],
	]
	priorauth.integrity == [] with data.guidelines as fixtures.two_versions
}

# A fact with `null` is the same as an absent one.
test_null_changes_no_decision if {
	every request in [fixtures.initial, fixtures.renewal, fixtures.empty_initial, fixtures.empty_renewal] {
		every section in ["member", "prescriber", "nccn", "documentation", "dose", "quantity", "prior_authorization", "clinical", "duration_months"] {
			absent := priorauth.decision with input as object.remove(request, [section])
			nothing := priorauth.decision with input as object.union(request, {section: null})
			absent == nothing
		}
	}
}

test_answering_every_question_leaves_none if {
	every request, answered in {"initial": fixtures.initial, "renewal": fixtures.renewal} {
		asked := priorauth.decision.missing with input as object.union(fixtures.empty_initial, {"type": request})
		count(asked) == 10
		paths := [path.path | some path in asked]
		answers := json.filter(answered, paths)
		decision := priorauth.decision with input as object.union(object.union(fixtures.empty_initial, {"type": request}), answers)
		[decision.outcome, decision.missing] == ["approved", []]
	}
}

test_the_catalog_lists_the_guideline if {
	[[guideline.id, count(guideline.versions)] | some guideline in priorauth.catalog] == [["xpovio", 1]] with data.guidelines as fixtures.xpovio
}

test_the_guideline_on_file_is_sound if {
	priorauth.integrity == []
}

_values := [null, false, true, 0, 1.5, "", "xpovio", [], [fixtures.initial]]

_invalid := {
	"request_id": null,
	"outcome": "invalid",
	"requires_clinician_review": false,
	"guideline": null,
	"criteria": [],
	"reasons": [],
	"missing": [],
	"authorization": null,
	"notices": [],
	"errors": [{"path": "", "message": "must be a JSON object, sent as the value of \"input\""}],
}

_initial := decision if {
	decision := priorauth.decision with input as fixtures.initial
}

_renewal := decision if {
	decision := priorauth.decision with input as fixtures.renewal
}
