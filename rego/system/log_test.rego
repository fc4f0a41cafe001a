package system.log_test

import data.priorauth
import data.system.log

_request := {
	"request_id": "PLANTED-1",
	"type": "initial",
	"service_date": "2022-11-01",
	"drug": {"name": "Xpovio"},
	"member": {"formulary": "Other", "benefit": "pharmacy"},
	"documentation": [{"reference": "PLANTED-3"}],
	"prescriber": {"taxonomies": ["207RH0003X"]},
}

_decision := document if {
	document := priorauth.decision with input as _request
}

_kept := {
	"outcome": "not_applicable",
	"requires_clinician_review": false,
	"guideline": {"id": "xpovio", "version": "2022-10-03"},
	"criteria": [
		{"id": "benefit", "clause": "Applicable", "status": "met"},
		{"id": "formulary", "clause": "Applicable", "status": "not_met"},
		{"id": "drug_on_formulary", "clause": "Footer", "status": "unknown"},
		{"id": "documentation", "clause": "II", "status": "met"},
		{"id": "age", "clause": "III.1", "status": "unknown"},
		{"id": "prescriber", "clause": "III.2", "status": "met"},
		{"id": "nccn", "clause": "III.3", "status": "unknown"},
		{"id": "quantity", "clause": "IV", "status": "unknown"},
		{"id": "duration", "clause": "V", "status": "met"},
	],
	"reasons": [{"code": "formulary_not_met", "criterion": "formulary", "clause": "Applicable"}],
	"notices": [],
}

_mask(kept) := [
	{"op": "remove", "path": "/input"},
	{"op": "remove", "path": "/nd_builtin_cache"},
	{"op": "upsert", "path": "/result", "value": kept},
]

test_a_decision_keeps_ids_and_codes if {
	event := {"path": "priorauth/decision", "input": _request, "result": _decision}
	log.mask == _mask(_kept) with input as event
}

_part(id, more) := object.union({"id": id, "clause": "II.a", "status": "met", "facts": {"id": "PLANTED", "parts": ["PLANTED"]}}, more)

_kept_part(id, more) := object.union({"id": id, "clause": "II.a", "status": "met"}, more)

# As deep as groups nest, and more of them than have one digit.
test_parts_of_groups_are_kept_as_criteria_are if {
	names := ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
	nested := _part("1", {"kind": "all", "parts": [_part("2", {"parts": [_part("3", {"parts": [
		_part("4", {"parts": [_part("5", {"parts": [_part(name, {}) | some name in names]})]}),
		_part("4b", {"status": "not_considered"}),
	]})]})]})
	kept := _kept_part("1", {"parts": [_kept_part("2", {"parts": [_kept_part("3", {"parts": [
		_kept_part("4", {"parts": [_kept_part("5", {"parts": [_kept_part(name, {}) | some name in names]})]}),
		_kept_part("4b", {"status": "not_considered"}),
	]})]})]})
	event := {"path": "priorauth/decision", "result": object.union(_decision, {"criteria": [nested, _part("z", {})]})}
	log.mask == _mask(object.union(_kept, {"criteria": [kept, _kept_part("z", {})]})) with input as event
}

test_nothing_else_passes_for_a_criterion if {
	every criteria in [
		{"PLANTED": {"id": "PLANTED"}},
		{"parts": [{"PLANTED": {"id": "PLANTED"}}]},
		{"PLANTED": [{"id": "a"}]},
		[{"PLANTED": [{"id": "PLANTED"}]}],
		[{"parts": [{"facts": [{"id": "PLANTED"}]}]}],
		[{"facts": {"id": "PLANTED"}}, {"parts": {"id": "PLANTED"}}],
		[{"id": {"id": "PLANTED"}, "clause": ["PLANTED"], "status": 1}],
		"PLANTED",
	] {
		event := {"path": "priorauth/decision", "result": object.union(_decision, {"criteria": criteria})}
		not contains(json.marshal(log.mask), "PLANTED") with input as event
	}
}

test_notices_keep_their_codes if {
	later := object.union(_request, {"service_date": "2024-01-01"})
	decision := priorauth.decision with input as later
	event := {"path": "priorauth/decision", "input": later, "result": decision}
	log.mask[2].value.notices == [{"code": "guideline_review_overdue"}] with input as event
}

test_a_batch_keeps_the_same_of_each if {
	event := {
		"path": "priorauth/decisions",
		"input": {"requests": [_request, "PLANTED-4"]},
		"result": [_decision, priorauth.decision],
	}
	invalid := {
		"outcome": "invalid",
		"requires_clinician_review": false,
		"guideline": null,
		"criteria": [],
		"reasons": [],
		"notices": [],
	}
	log.mask == _mask([_kept, invalid]) with input as event
}

test_anything_else_is_removed_whole if {
	every path in ["priorauth", "priorauth/catalog", "priorauth/decision/outcome", "priorauth/%64ecision", "", "system"] {
		log.mask == _mask(null) with input as {"path": path, "input": _request, "result": _decision}
	}
}

test_a_result_of_another_form_is_removed_whole if {
	every result in [null, 1, "PLANTED", [], {}, {"outcome": "PLANTED"}, [["PLANTED"]]] {
		log.mask == _mask(null) with input as {"path": "priorauth/decision", "result": result}
	}
	log.mask == _mask([]) with input as {"path": "priorauth/decisions", "result": [1, {"outcome": "PLANTED"}]}
	log.mask == _mask(null) with input as {}
}

test_only_what_is_named_is_kept if {
	event := {"path": "priorauth/decision", "result": object.union(_decision, {
		"note": "PLANTED",
		"guideline": object.union(_decision.guideline, {"note": "PLANTED"}),
		"criteria": [object.union(criterion, {"note": "PLANTED"}) | some criterion in _decision.criteria],
	})}
	log.mask == _mask(_kept) with input as event
}

test_errors_that_can_quote_the_request_are_dropped if {
	log.drop with input as {"error": {"code": "eval_builtin_error", "message": "to_number: PLANTED"}}
	log.drop with input as {"error": {"code": "eval_internal_error"}}
	log.drop with input as {"error": {}}
	log.drop with input as {"error": "PLANTED"}
}

test_other_entries_are_not_dropped if {
	not log.drop with input as {"path": "priorauth/decision", "result": _decision}
	not log.drop with input as {"error": {"code": "eval_cancel_error"}}
	not log.drop with input as {"error": {"code": "eval_conflict_error"}}
}
