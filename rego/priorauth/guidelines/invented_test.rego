# A second guideline, as someone would add it: its rules are this package, its data is `_text`, and no file of another
# guideline knows of it.
package priorauth.guidelines.invented

import data.priorauth.figure
import data.priorauth.fixtures_test as fixtures
import data.priorauth.version

applicability := []

coverage := [{
	"id": "diagnosis",
	"clause": "A",
	"text": _section.clauses.A,
	"status": _diagnosis_status,
	"facts": {"icd10": object.get(input, ["diagnosis", "icd10"], null), "accepted": _accepted},
}]

limits := [{
	"id": "tablets",
	"clause": "B",
	"text": _section.clauses.B,
	"status": _tablets_status,
	"facts": {"tablets": object.get(input, ["quantity", "tablets"], null), "maximum": _maximum},
}]

explanations := {}

authorization := {
	"start_date": input.service_date,
	"end_date": input.service_date,
	"tablets": min([input.quantity.tablets, _maximum]),
	"days_supply": 1,
	"package": null,
}

notices := []

faults contains {"path": "/sections/all/criteria/tablets/maximum", "message": "must be a whole number of at least 1"} if not _maximum

default _diagnosis_status := "unknown"

_diagnosis_status := "met" if input.diagnosis.icd10 in _accepted

_diagnosis_status := "not_met" if {
	is_string(input.diagnosis.icd10)
	not input.diagnosis.icd10 in _accepted
}

default _tablets_status := "unknown"

_tablets_status := "met" if {
	is_number(input.quantity.tablets)
	input.quantity.tablets <= _maximum
}

_tablets_status := "reduced" if {
	is_number(input.quantity.tablets)
	input.quantity.tablets > _maximum
}

_accepted := figure.strings(_section.criteria.diagnosis.accepted)

_maximum := figure.whole_number(_section.criteria.tablets.maximum)

_section := version.text.sections.all

_text := {
	"title": "Inventra (inventinib)",
	"drug": {"names": {"inventra": "brand name", "inventinib": "generic name"}},
	"effective_date": "2024-01-01",
	"next_review": "2025-01",
	"date_of_origin": "2024-01",
	"review_dates": ["2023-12"],
	"in_force": {"from": "2024-01-01"},
	"sections": {"all": {
		"position": 0,
		"section": "All",
		"title": "All of it",
		"text": "A. For heartburn. B. Up to 3 tablets.",
		"clauses": {"A": "For heartburn", "B": "Up to 3 tablets"},
		"criteria": {
			"diagnosis": {
				"clause": "A",
				"accepted": ["R12"],
				"questions": [{"path": "/diagnosis/icd10", "question": "What is it for?"}],
			},
			"tablets": {
				"clause": "B",
				"maximum": 3,
				"questions": [{"path": "/quantity/tablets", "question": "How many?"}],
			},
		},
	}},
}

_both := object.union(fixtures.xpovio, {"invented": {"2024-01-01": _text}})

_request := {
	"request_id": "invented",
	"type": "initial",
	"service_date": "2024-02-01",
	"drug": {"name": "Inventra"},
	"diagnosis": {"icd10": "R12"},
	"quantity": {"tablets": 3},
}

test_it_is_decided_by_its_own_rules if {
	decision := data.priorauth.decision with input as _request with data.guidelines as _both
	decision == {
		"request_id": "invented",
		"outcome": "approved",
		"requires_clinician_review": false,
		"guideline": {
			"id": "invented",
			"title": "Inventra (inventinib)",
			"version": "2024-01-01",
			"effective_date": "2024-01-01",
			"next_review": "2025-01",
		},
		"criteria": [
			{"id": "diagnosis", "clause": "A", "text": "For heartburn", "status": "met", "facts": {"icd10": "R12", "accepted": ["R12"]}},
			{"id": "tablets", "clause": "B", "text": "Up to 3 tablets", "status": "met", "facts": {"tablets": 3, "maximum": 3}},
		],
		"reasons": [],
		"missing": [],
		"authorization": {"start_date": "2024-02-01", "end_date": "2024-02-01", "tablets": 3, "days_supply": 1, "package": null},
		"notices": [],
		"errors": [],
	}
}

test_it_has_every_outcome if {
	outcomes := {[decision.outcome, codes] |
		some change in [
			{},
			{"quantity": {"tablets": 4}},
			{"diagnosis": {"icd10": "R13"}},
			{"quantity": null},
			{"service_date": "2023-12-31"},
			{"drug": {"name": "xpovio 2"}},
		]
		decision := data.priorauth.decision with input as object.union(_request, change) with data.guidelines as _both
		codes := [reason.code | some reason in decision.reasons]
	}
	outcomes == {
		["approved", []],
		["modified", ["tablets_reduced"]],
		["denied", ["diagnosis_not_met"]],
		["pended", ["tablets_unknown"]],
		["not_applicable", ["service_date_not_governed"]],
		["not_applicable", ["drug_not_governed"]],
	}
}

test_a_batch_may_ask_for_both if {
	decisions := data.priorauth.decisions with input as {"requests": [fixtures.initial, _request, fixtures.renewal, _request]}
		with data.guidelines as _both
	[[decision.guideline.id, decision.outcome] | some decision in decisions] == [
		["xpovio", "approved"],
		["invented", "approved"],
		["xpovio", "approved"],
		["invented", "approved"],
	]
}

test_it_changes_no_decision_of_another_guideline if {
	every request in [fixtures.initial, fixtures.renewal, fixtures.empty_initial, fixtures.empty_renewal] {
		alone := data.priorauth.decision with input as request
		together := data.priorauth.decision with input as request with data.guidelines as _both
		broken := data.priorauth.decision with input as request with data.guidelines as json.patch(_both, [{"op": "replace", "path": "/invented", "value": null}])
		[together, broken] == [alone, alone]
	}
}

test_the_catalog_lists_both if {
	catalog := data.priorauth.catalog with data.guidelines as _both
	[guideline.id | some guideline in catalog] == ["invented", "xpovio"]
	catalog[0] == {
		"id": "invented",
		"title": "Inventra (inventinib)",
		"drug_names": ["inventinib", "inventra"],
		"versions": [{
			"version": "2024-01-01",
			"effective_date": "2024-01-01",
			"next_review": "2025-01",
			"in_force": {"from": "2024-01-01", "to": null},
			"sections": [{
				"id": "all",
				"section": "All",
				"title": "All of it",
				"text": "A. For heartburn. B. Up to 3 tablets.",
				"readings": [],
			}],
			"criteria": [
				{
					"id": "diagnosis",
					"section": "all",
					"clause": "A",
					"text": "For heartburn",
					"questions": [{"path": "/diagnosis/icd10", "question": "What is it for?"}],
				},
				{
					"id": "tablets",
					"section": "all",
					"clause": "B",
					"text": "Up to 3 tablets",
					"questions": [{"path": "/quantity/tablets", "question": "How many?"}],
				},
			],
		}],
	}
}

test_both_are_sound if {
	data.priorauth.integrity == [] with data.guidelines as _both
}

test_its_own_faults_are_found if {
	findings := data.priorauth.integrity with data.guidelines as json.patch(_both, [{"op": "replace", "path": "/invented/2024-01-01/sections/all/criteria/tablets/maximum", "value": "3"}])
	findings == [
		{"guideline": "invented", "version": "2024-01-01", "path": "", "message": "its rules cannot decide a request of type initial"},
		{"guideline": "invented", "version": "2024-01-01", "path": "", "message": "its rules cannot decide a request of type renewal"},
		{"guideline": "invented", "version": "2024-01-01", "path": "/sections/all/criteria/tablets/maximum", "message": "must be a whole number of at least 1"},
	]
}
