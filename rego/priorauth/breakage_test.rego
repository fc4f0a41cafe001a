# Every datum of the guideline and of the plan broken in turn: taken away, null, or of another type. A decision then is
# the same but for its texts, or there is none; it is never another. What was broken is found by `integrity`.
package priorauth.breakage_test

import data.priorauth
import data.priorauth.fixtures_test as fixtures

test_there_is_much_to_break if {
	count(_breakages([])) > 750
}

test_broken_dates_and_names_change_no_decision if {
	_changed(_head, {"approved", "pended renewal", "not evaluable", "modified", "another drug", "too early", "invalid"}) == set()
}

test_broken_header_changes_no_decision if {
	_changed(_section("header"), {"approved", "pended", "not applicable"}) == set()
}

test_broken_medication_description_changes_no_decision if {
	_changed(_section("medication_description"), {"approved"}) == set()
}

test_broken_position_statement_changes_no_decision if {
	_changed(_section("position_statement"), {"approved", "pended"}) == set()
}

test_broken_policy_changes_no_decision if {
	_changed(_section("policy"), {"approved", "pended", "denied"}) == set()
}

test_broken_quantity_limitations_change_no_decision if {
	_changed(_section("quantity_limitations"), {"approved", "pended", "modified", "unlisted dose", "not evaluable"}) == set()
}

test_broken_coverage_duration_changes_no_decision if {
	_changed(_section("coverage_duration"), {"approved", "modified"}) == set()
}

test_broken_renewal_criteria_changes_no_decision if {
	_changed(_section("renewal_criteria"), {"approved renewal", "pended renewal", "denied renewal", "not evaluable"}) == set()
}

test_broken_billing_coding_changes_no_decision if {
	_changed(_section("billing_coding"), {"approved", "approved renewal", "modified", "unlisted dose"}) == set()
}

test_broken_policy_changes_change_no_decision if {
	_changed(_section("policy_changes"), {"approved"}) == set()
}

test_broken_footer_changes_no_decision if {
	_changed(_section("footer"), {"approved", "pended", "not applicable"}) == set()
}

test_broken_plan_settings_change_no_decision if {
	changed := {[patch.op, patch.path, name] |
		some patch in _plan_breakages
		some name, request in _requests
		decision := priorauth.decision with input as request with data.plan as json.patch(data.plan, [patch])
		decision != _sound[name]
	}
	changed == set()
}

test_broken_dates_and_names_are_found if {
	_unfound(_head) == set()
}

test_broken_header_is_found if {
	_unfound(_section("header")) == {["remove", "/sections/header/readings"]}
}

test_broken_medication_description_is_found if {
	_unfound(_section("medication_description")) == set()
}

test_broken_position_statement_is_found if {
	_unfound(_section("position_statement")) == set()
}

test_broken_policy_is_found if {
	_unfound(_section("policy")) == {["remove", "/sections/policy/readings"]}
}

test_broken_quantity_limitations_are_found if {
	_unfound(_section("quantity_limitations")) == {["remove", "/sections/quantity_limitations/readings"]}
}

test_broken_coverage_duration_is_found if {
	_unfound(_section("coverage_duration")) == {["remove", "/sections/coverage_duration/readings"]}
}

test_broken_renewal_criteria_is_found if {
	_unfound(_section("renewal_criteria")) == {["remove", "/sections/renewal_criteria/readings"]}
}

test_broken_billing_coding_is_found if {
	_unfound(_section("billing_coding")) == {["remove", "/sections/billing_coding/readings"]}
}

test_broken_policy_changes_are_found if {
	_unfound(_section("policy_changes")) == {["remove", "/sections/policy_changes/readings"]}
}

test_broken_footer_is_found if {
	_unfound(_section("footer")) == {["remove", "/sections/footer/readings"]}
}

test_broken_plan_settings_are_found if {
	every patch in _plan_breakages {
		priorauth.integrity == [
			{
				"guideline": "",
				"version": "",
				"path": "/plan/clinician_review/outcomes",
				"message": "must be an array of outcomes, at least one",
			},
			{
				"guideline": "xpovio",
				"version": "2022-10-03",
				"path": "",
				"message": "its rules cannot decide a request of type initial",
			},
			{
				"guideline": "xpovio",
				"version": "2022-10-03",
				"path": "",
				"message": "its rules cannot decide a request of type renewal",
			},
		] with data.plan as json.patch(data.plan, [patch]) with data.guidelines as fixtures.xpovio
	}
}

# Requests of each outcome, of each status of each criterion, and with each notice.
_requests := {
	"approved": fixtures.initial,
	"approved renewal": fixtures.renewal,
	"pended": fixtures.empty_initial,
	"pended renewal": fixtures.empty_renewal,
	"denied": fixtures.initial_with({
		"member": {"birth_date": "2010-01-01"},
		"prescriber": {"taxonomies": ["208D00000X"]},
		"nccn": [{"source": "guidelines", "category": "2B"}],
	}),
	"denied renewal": fixtures.renewal_with({"clinical": {
		"disease_status": "progressive_disease",
		"unacceptable_toxicity": true,
	}}),
	"not evaluable": fixtures.renewal_with({
		"service_date": "2023-07-01",
		"dose": {"mg_per_week": 60, "times_per_week": null},
		"quantity": {"tablets": 1, "days_supply": 1},
		"clinical": {"disease_status": "not_evaluable"},
	}),
	"modified": fixtures.initial_with({
		"service_date": "2022-10-02",
		"dose": {"mg_per_week": 80, "times_per_week": 3},
		"quantity": {"tablets": 17},
		"duration_months": 7,
	}),
	"unlisted dose": fixtures.initial_with({"dose": {"mg_per_week": 120}}),
	"not applicable": fixtures.initial_with({"member": {
		"benefit": "medical",
		"formulary": "5",
		"drug_on_formulary": false,
		"closed_formulary": true,
	}}),
	"another drug": fixtures.initial_with({"drug": {"name": "aspirin"}}),
	"too early": fixtures.initial_with({"service_date": "2020-07-31"}),
	"invalid": {},
}

_sound[name] := decision if {
	some name, request in _requests
	decision := priorauth.decision with input as request
}

_section(name) := _breakages(["sections", name])

_head := [patch |
	some patch in _breakages([])
	not startswith(patch.path, "/sections/")
]

# What breaks the text at a place and all below it. To take an item from a list is an edit, not a breakage.
_breakages(place) := [patch |
	[path, value] := walk(data.guidelines.xpovio["2022-10-03"])
	count(path) > 0
	array.slice(path, 0, count(place)) == place
	some patch in _broken(path, value)
	not _edit(patch, path)
]

_broken(path, value) := [
	{"op": "remove", "path": _pointer(path)},
	{"op": "replace", "path": _pointer(path), "value": null},
	{"op": "replace", "path": _pointer(path), "value": _mistyped(value)},
]

_edit(patch, path) if {
	patch.op == "remove"
	is_number(path[count(path) - 1])
}

_edit(patch, path) if {
	patch.op == "remove"
	path[count(path) - 2] in {"names", "applicable", "taxonomies"}
}

_plan_breakages := [patch |
	[path, value] := walk(data.plan)
	count(path) > 0
	some patch in _broken(path, value)
	not _edit(patch, path)
]

_pointer(path) := concat("", [$"/{step}" | some step in path])

_mistyped(value) := 7 if is_string(value)

_mistyped(value) := format_int(value, 10) if is_number(value)

_mistyped(value) := {format_int(index, 10): item | some index, item in value} if is_array(value)

_mistyped(value) := [value] if is_object(value)

# The requests that are decided otherwise.
_changed(breakages, names) := {[patch.op, patch.path, name] |
	some patch in breakages
	guidelines := fixtures.patched([patch])
	some name in names
	decision := priorauth.decision with input as _requests[name] with data.guidelines as guidelines
	_without_texts(decision) != _without_texts(_sound[name])
}

_without_texts(decision) := [
	object.remove(decision, ["guideline", "criteria", "reasons", "missing", "notices"]),
	_untitled(decision.guideline),
	[object.remove(criterion, ["text"]) | some criterion in decision.criteria],
	[object.remove(reason, ["message"]) | some reason in decision.reasons],
	[object.remove(missing, ["question"]) | some missing in decision.missing],
	[object.remove(notice, ["message"]) | some notice in decision.notices],
]

_untitled(null) := null

_untitled(guideline) := object.remove(guideline, ["title"]) if is_object(guideline)

# What `integrity` says nothing of. A section may be without readings, and without nothing else.
_unfound(breakages) := {[patch.op, patch.path] |
	some patch in breakages
	not _found(patch)
}

_found(patch) if {
	findings := priorauth.integrity with data.guidelines as fixtures.patched([patch])
	count(findings) > 0
}
