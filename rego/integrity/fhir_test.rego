package integrity.fhir_test

import data.integrity.fhir as checks

_codes := data.codes

_plan := data.plan

test_the_policy_on_file_is_sound if {
	checks.findings == []
}

_found(codes) := [[finding.path, finding.message] | some finding in found] if {
	found := checks.findings with data.codes as codes
}

test_no_codes_are_sound if {
	_found({}) == []
	_found({"systems": {}}) == []
}

_sound := {"drug": {"name": "Xpovio", "strength_mg": 20}}

test_a_system_has_a_url if {
	whole := checks.findings with data.codes as {"systems": {}, "other": {"1": _sound}}
	whole == [{
		"guideline": "",
		"version": "",
		"path": "/codes/other",
		"message": "policy/codes: no URL is on file for the code system other; add it to `systems` in policy/codes/data.yaml",
	}]
	_found({"systems": {"http://hl7.org/fhir/sid/ndc": "ndc"}, "other": {"1": _sound}}) == [[
		"/codes/other",
		"policy/codes: no URL is on file for the code system other; add it to `systems` in policy/codes/data.yaml",
	]]
}

test_a_code_is_of_a_drug_on_file[name] if {
	some name, statement in {"other": {"drug": {"name": "Other"}}, "none": {"drug": {}}, "text": "Xpovio", "null": null, "number": {"drug": {"name": 1}}}
	_found(object.union(_codes, {"ndc": {"1-1": statement}})) == [[
		"/codes/ndc/1-1",
		"the code 1-1: states no drug on file; give it, as drug.name, a name in policy/drugs",
	]]
}

test_a_code_states_what_a_request_may[name] if {
	some name, [changed, message] in {
		"a strength of none": [{"strength_mg": 0}, "/drug/strength_mg must be a number above 0 and at most 1000000000"],
		"no fact": [{"color": "blue"}, "/drug/color is not a fact that any guideline on file declares; see the request schema"],
	}
	statement := {"drug": object.union({"name": "selinexor"}, changed)}
	_found(object.union(_codes, {"ndc": {"1-1": statement}})) == [["/codes/ndc/1-1", $"the code 1-1: {message}"]]
}

_of_plan(changed) := [[finding.path, finding.message] | some finding in found] if {
	found := checks.findings with data.plan as object.union(object.remove(_plan, ["fhir"]), changed)
}

_with(changed) := {"fhir": object.union(_plan.fhir, changed)}

test_a_plan_without_a_fhir_service_is_sound if {
	_of_plan({}) == []
	_of_plan(_with({})) == []
	_of_plan({"fhir": object.remove(_plan.fhir, ["doc_purpose"])}) == []
}

test_a_plan_says_what_its_service_is if {
	_of_plan(_with({"url": 1})) == [["/plan/fhir/url", "policy/plan/fhir: url must be a text"]]
	_of_plan(_with({"publisher": null})) == [["/plan/fhir/publisher", "policy/plan/fhir: publisher must be a text"]]
	_of_plan(_with({"doc_purpose": "other"})) == [[
		"/plan/fhir/doc_purpose",
		"policy/plan/fhir: doc_purpose must be one of OTH, retain-doc, withclaim, withorder, withpa, or left out",
	]]
}

test_payers_are_identified[name] if {
	some name, payers in {
		"none": [],
		"null": null,
		"no list": {"system": "a", "value": "b"},
		"no value": [{"system": "a"}],
		"a number": [{"system": "a", "value": 1}],
		"a number for a system": [{"system": 1, "value": "b"}],
		"a text": "a",
		"more": [{"system": "a", "value": "b", "use": "official"}],
	}
	_of_plan({"fhir": object.union(object.remove(_plan.fhir, ["payers"]), {"payers": payers})}) == [[
		"/plan/fhir/payers",
		"policy/plan/fhir: payers must list each payer by an identifier, its `system` and `value`",
	]]
}
