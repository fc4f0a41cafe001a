# METADATA
# title: Tests of the report on worked cases
# description: What is decided, what is taken away, and what is not, in a world of made-up decisions.
package integrity.cases_test

import data.integrity.cases

test_a_case_is_decided_and_each_fact_taken_away if {
	stated := object.union(_approved, {"duration_months": null})
	report := cases.report with input as {"scope": ["xpovio"], "cases": [_case(stated)]}
	report.findings == []
	[decision.outcome | some [decision] in report.answers] == ["approved"]
	[probe.fact | some probe in report.probes] == [
		"documentation", "documentation.0.reference", "dose.mg_per_week", "drug.name", "member.benefit", "member.birth_date",
		"member.drug_on_formulary", "member.formulary", "nccn", "nccn.0.category", "nccn.0.source", "prescriber.taxonomies",
		"quantity.days_supply", "quantity.tablets", "service_date", "type",
	]
	{probe.case | some probe in report.probes} == {0}
	{probe.alike | some probe in report.probes} == {true}
	{probe.absent.outcome | some probe in report.probes} == {"invalid", "pended"}
	{probe["null"] | some probe in report.probes} == {probe.absent | some probe in report.probes}
}

test_what_is_not_approved_is_not_probed if {
	minor := json.patch(_approved, [{"op": "replace", "path": "/member/birth_date", "value": "2015-01-01"}])
	report := cases.report with input as {"scope": ["xpovio"], "cases": [_case(minor)]}
	[decision.outcome | some [decision] in report.answers] == ["denied"]
	report.probes == []
}

# Of cases that state the same facts and meet the same criteria the first is probed.
test_cases_that_are_alike if {
	requests := [{"type": "initial"}, {"type": "renewal"}, {"type": "renewal", "duration_months": 6}]
	probes := cases.probes with input as {"scope": [], "cases": [_case(request) | some request in requests]}
		with data.priorauth.document.whole as _decided
	[[probe.case, probe.fact] | some probe in probes] == [[0, "type"], [2, "duration_months"], [2, "type"]]
}

test_cases_of_two_guidelines_are_not_alike if {
	other := {"type": "initial", "drug": {"name": "other"}}
	probes := cases.probes with input as {"scope": [], "cases": [_case(_approved), _case(object.union(_approved, other))]}
		with data.guidelines as {"xpovio": data.guidelines.xpovio, "other": data.guidelines.xpovio}
		with data.drugs as {"xpovio": {"guideline": "xpovio"}, "other": {"guideline": "other"}}
	{probe.case | some probe in probes} == {0, 1}
}

test_cases_that_meet_a_guideline_otherwise_are_not_alike if {
	either := {"id": "either", "clause": "II", "text": "x", "kind": "any", "parts": [
	{"id": name, "clause": "II", "text": "x", "kind": "attested", "fact": $"member.{name}", "expected": true} |
		some name in ["closed_formulary", "formulary_alternatives_tried"]
	]}
	text := json.patch(data.guidelines.xpovio["2022-10-03"], [{"op": "add", "path": "/criteria/coverage/every_request/-", "value": either}])
	met := [object.union(_approved, {"member": {"closed_formulary": closed, "formulary_alternatives_tried": tried}}) |
		some [closed, tried] in [[true, false], [false, true], [true, false]]
	]
	probes := cases.probes with input as {"scope": [], "cases": [_case(request) | some request in met]}
		with data.guidelines as {"xpovio": {"2022-10-03": text}}
	{probe.case | some probe in probes} == {0, 1}
}

test_a_guideline_with_findings_is_not_decided if {
	changed := json.patch(data.guidelines, [{"op": "replace", "path": "/xpovio/2022-10-03/next_review", "value": "soon"}])
	report := cases.report with input as {"scope": ["xpovio"], "cases": [_case(_approved)]} with data.guidelines as changed
	count(report.findings) == 1
	report.answers == [[]]
	report.probes == []
}

test_what_is_authorized_is_told if {
	request := {"type": "initial"}
	probes := cases.probes with input as {"scope": [], "cases": [_case(request)]} with data.priorauth.document.whole as _decided
	told := {"outcome": "approved", "quantity": {"tablets": 20}}
	probes == [{"case": 0, "fact": "type", "absent": told, "null": told, "alike": true}]
}

_decided := {
	"outcome": "approved",
	"guideline": {"id": "xpovio"},
	"criteria": [],
	"authorization": {"quantity": {"tablets": 20}},
}

_case(request) := {"guideline": "xpovio", "request": request}

_approved := {
	"type": "initial",
	"service_date": "2022-11-01",
	"drug": {"name": "Xpovio"},
	"member": {"birth_date": "1956-04-12", "benefit": "pharmacy", "formulary": "2", "drug_on_formulary": true},
	"prescriber": {"taxonomies": ["207RH0003X"]},
	"nccn": [{"source": "compendium", "category": "2A"}],
	"documentation": [{"reference": "chart-note-17"}],
	"dose": {"mg_per_week": 100},
	"quantity": {"tablets": 20, "days_supply": 28},
}
