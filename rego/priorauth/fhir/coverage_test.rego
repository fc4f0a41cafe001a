package priorauth.fhir.coverage_test

import data.priorauth
import data.priorauth.fhir.coverage
import data.priorauth.fhir.sample_test as sample
import data.priorauth.fixtures_test as requests

_asserted(request) := _asserted_when(request, true)

_asserted_when(request, asking) := coverage.asserted(request, decision, asking) if {
	decision := priorauth.decision with input as request
}

_code(name, code) := {"url": name, "valueCode": code}

_detail(parts) := {"url": "detail", "extension": parts}

_named(code) := {"url": "code", "valueCodeableConcept": {"coding": [{
	"system": "http://terminology.hl7.org/CodeSystem/crd-coverage-detail",
	"code": code,
}]}}

_policy := _detail([
	_code("category", "cat-other"),
	_named("policy-link"),
	{"url": "value", "valueString": "Xpovio (selinexor), effective 2022-10-03"},
])

_quantity(value) := _detail([
	_code("category", "cat-limitation"),
	_named("allowed-quantity"),
	{"url": "value", "valueQuantity": {
		"value": value,
		"unit": "tablets",
		"system": "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm",
		"code": "TAB",
	}},
	{"url": "qualification", "valueString": concat("", [
		"For 28 days. IV: Coverage is provided as follows depending on dose requested: 160mg/week: 32 tablets per 28 days; ",
		"100mg/week: 20 tablets per 28 days; 80mg/week: 16 tablets per 28 days; 60mg/week: 12 tablets per 28 days",
	])},
])

_period(start, end) := _detail([
	_code("category", "cat-limitation"),
	_named("allowed-period"),
	{"url": "value", "valuePeriod": {"start": start, "end": end}},
	{"url": "qualification", "valueString": "V: Coverage is available for up to 6 month and may be renewed"},
])

_covered := [_code("covered", "covered"), _code("pa-needed", "auth-needed")]

_told := array.concat(_covered, [_policy, _quantity(20), _period("2022-11-01", "2023-04-30")])

test_approved_requests_are_told_the_limits if {
	_asserted(requests.initial) == _told
}

test_reduced_and_denied_requests_are_told_the_same[outcome] if {
	some outcome, changed in {
		"modified": {"quantity": {"tablets": 40}},
		"modified in months": {"duration_months": 12},
		"denied": {"nccn": []},
		"denied a minor": {"member": {"birth_date": "2010-01-01"}},
		"denied, with facts absent": {"nccn": [], "documentation": null},
	}
	_asserted(requests.initial_with(changed)) == _told
}

test_a_renewal_is_told_the_period_that_follows if {
	_asserted(requests.renewal) == array.concat(_covered, [_policy, _quantity(32), _period("2023-05-01", "2023-10-31")])
	earlier := requests.renewal_with({"prior_authorization": {"end_date": "2023-05-09"}})
	_asserted(earlier) == array.concat(_covered, [_policy, _quantity(32), _period("2023-05-10", "2023-11-09")])
}

test_the_quantity_is_told_once_it_is_known if {
	_asserted_when(requests.initial_with({"dose": {"mg_per_week": null}}), false) == array.concat(_covered, [_policy, _period("2022-11-01", "2023-04-30")])
	_asserted_when(requests.initial_with({"quantity": {"tablets": null}}), false) == _told
}

_reason(text) := {"url": "reason", "valueCodeableConcept": {"text": text}}

_questionnaire(marks) := {
	"url": "questionnaire",
	"valueCanonical": $"https://payer.example/fhir/Questionnaire/xpovio.initial.{marks}|2022-10-03",
}

test_what_is_lacking_is_asked_of_the_prescriber if {
	_asserted(requests.initial_with({"nccn": null})) == array.concat(_covered, [
		_code("doc-needed", "clinical"),
		_code("doc-purpose", "withpa"),
		_reason("Needed to decide: NCCN recommendations."),
		_questionnaire("21222"),
		_policy,
		_quantity(20),
		_period("2022-11-01", "2023-04-30"),
	])
}

test_the_purpose_is_left_out_where_the_plan_has_none if {
	decision := priorauth.decision with input as requests.initial_with({"nccn": null})
	found := coverage.asserted(requests.initial_with({"nccn": null}), decision, true) with data.plan.fhir as object.remove(data.plan.fhir, ["doc_purpose"])
	[part.url | some part in found] == ["covered", "pa-needed", "doc-needed", "reason", "questionnaire", "detail", "detail", "detail"]
}

test_the_plans_own_facts_are_not_asked_of_the_prescriber if {
	_asserted(requests.initial_with({"nccn": null, "member": {"formulary": null, "birth_date": null}})) == array.concat(_covered, [
		_code("doc-needed", "clinical"),
		_code("doc-purpose", "withpa"),
		_reason("Needed to decide: NCCN recommendations. The plan is still to find out: Formulary; Date of birth."),
		_questionnaire("21222"),
		_policy,
		_quantity(20),
		_period("2022-11-01", "2023-04-30"),
	])
	_asserted(requests.initial_with({"member": {"formulary": null}})) == array.concat(_covered, [
		_reason("The plan is still to find out: Formulary."),
		_policy,
		_quantity(20),
		_period("2022-11-01", "2023-04-30"),
	])
}

test_what_a_person_decides_is_said_so if {
	_asserted(requests.initial_with({"dose": {"mg_per_week": 120}})) == array.concat(_covered, [
		_reason("IV lists no limit for the dose stated, 120, so a person decides."),
		_policy,
		_period("2022-11-01", "2023-04-30"),
	])
}

test_nothing_is_asked_while_orders_are_selected if {
	_asserted_when(requests.initial_with({"nccn": null}), false) == _told
	_asserted_when(requests.initial_with({"member": {"formulary": null}}), false) == array.concat(_covered, [
		_reason("The plan is still to find out: Formulary."),
		_policy,
		_quantity(20),
		_period("2022-11-01", "2023-04-30"),
	])
}

_conditional(why) := [
	_code("covered", "conditional"),
	_code("info-needed", "OTH"),
	_reason(why),
	_detail([_code("category", "cat-other"), _named("instructions"), {"url": "value", "valueString": why}]),
]

test_where_the_guideline_does_not_apply_it_is_conditional if {
	_asserted(requests.initial_with({"drug": {"name": "Other"}})) == _conditional("No guideline on file names this drug.")
	_asserted(requests.initial_with({"member": {"drug_on_formulary": false}})) == _conditional(concat("", [
		"Not met: The preceding policy applies only to members for whom the above named pharmacy benefit medications are ",
		"included on their covered formulary (drug on formulary: false)",
	]))
	coverage.conditional("why") == _conditional("why")
}

_cause(code) := {"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp", "code": code}

test_what_cannot_be_decided_is_indeterminate if {
	_asserted(requests.initial_with({"quantity": {"tablets": 0.5}, "dose": {"mg_per_week": 0}})) == [
		_code("covered", "indeterminate"),
		_code("pa-needed", "indeterminate"),
		{"url": "reason", "valueCodeableConcept": {
			"coding": [_cause("technical")],
			"text": concat("; ", [
				"/dose/mg_per_week must be a number above 0 and at most 1000000000",
				"/quantity/tablets must be a whole number of at least 1 and at most 1000000000",
			]),
		}},
	]
}

test_who_has_no_coverage_is_not_covered if {
	coverage.not_covered("no-member-found", "why") == [
		_code("covered", "not-covered"),
		{"url": "reason", "valueCodeableConcept": {"coding": [_cause("no-member-found")], "text": "why"}},
	]
}

test_the_extension_has_what_is_asserted_of_whom_and_when if {
	about := {"coverage": {"reference": "Coverage/c"}, "instant": "2024-03-01T23:59:59Z", "id": "a.1"}
	coverage.extension([_code("covered", "covered")], about) == {
		"url": "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information",
		"extension": [
			{"url": "coverage", "valueReference": {"reference": "Coverage/c"}},
			_code("covered", "covered"),
			{"url": "date", "valueDate": "2024-03-01"},
			{"url": "coverage-assertion-id", "valueString": "a.1"},
		],
	}
}

test_limits_in_groups_are_told_of_the_branch_taken_and_without_a_unit if {
	decision := priorauth.decision with input as sample.request with data.guidelines as sample.guidelines with data.drugs as sample.drugs
	found := coverage.asserted(sample.request, decision, true) with data.guidelines as sample.guidelines
	found[3].extension[2] == {"url": "value", "valueQuantity": {
		"value": 2,
		"unit": "tablets",
		"system": "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm",
		"code": "TAB",
	}}
	found[3].extension[3] == {"url": "qualification", "valueString": "5: 2 a dose"}
	count(found) == 5
	unitless := coverage.asserted(sample.request, decision, true) with data.guidelines as sample.guidelines
		with data.facts as object.remove(data.facts, ["quantity.tablets"])
	unitless[3].extension[2] == {"url": "value", "valueQuantity": {"value": 2, "unit": "tablets"}}
}
