package priorauth.fhir.dtr_test

import data.priorauth.fhir.dtr
import data.priorauth.fhir.fixtures_test as fixtures
import data.priorauth.fhir.questionnaire
import data.priorauth.fhir.sample_test as sample
import data.priorauth.fixtures_test as requests

_package(given) := _answer(fixtures.package_of(given))

_answer(envelope) := found if {
	found := dtr.questionnaire_package with input as envelope
}

_order := {"name": "order", "resource": fixtures.order}

_form := {"id": "xpovio", "version": "2022-10-03", "type": "initial", "marks": "11222"}

_asking(canonical) := {"name": "questionnaire", "valueCanonical": canonical}

_id := "5f0c9a1e-7d1b-4a52-9b0e-2f4c6a8e0b11"

_known := {"dose.mg_per_week": 100, "quantity.tablets": 20, "quantity.days_supply": 28}

# A package of a form, for an order or none.
_packed(form, stated, order, number) := {"name": "packagebundle", "resource": {
	"resourceType": "Bundle",
	"meta": {"profile": ["http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/DTR-QPackageBundle"]},
	"type": "collection",
	"entry": [
		{"fullUrl": url, "resource": questionnaire.resource(form)},
		{
			"fullUrl": $"https://payer.example/fhir/QuestionnaireResponse/{_id}.{number}",
			"resource": object.union({"id": $"{_id}.{number}"}, questionnaire.draft(form, stated, object.union(
				{
					"coverage": {"reference": "Coverage/coverage-1"},
					"subject": {"reference": "Patient/patient-1"},
					"instant": "2022-11-01T14:30:05Z",
				},
				order,
			))),
		},
	],
}} if {
	url := $"https://payer.example/fhir/Questionnaire/{form.id}.{form.type}.{form.marks}"
}

_of_the_order := {"order": {"reference": "MedicationRequest/order-1"}}

_decided := [{"outcome": "pended", "guideline": {
	"id": "xpovio",
	"title": "Xpovio (selinexor)",
	"version": "2022-10-03",
	"effective_date": "2022-10-03",
	"next_review": "2023-06",
}}]

test_an_order_is_answered_with_the_questions_that_are_open if {
	_package([_order]) == {
		"status": 200,
		"body": {"resourceType": "Parameters", "parameter": [_packed(_form, _known, _of_the_order, 1)]},
		"decided": _decided,
	}
}

test_the_questionnaire_asked_for_is_the_one_for_the_order if {
	canonical := questionnaire.canonical(_form)
	_package([_order, _asking(canonical)]) == _package([_order])
	shorter := object.union(_form, {"marks": "01000"})
	_package([_order, _asking(questionnaire.canonical(shorter))]).body.parameter == [_packed(shorter, _known, _of_the_order, 1)]
}

test_a_questionnaire_asked_for_without_an_order_is_empty if {
	canonical := questionnaire.canonical(_form)
	_package([_asking(canonical), {"name": "context", "valueString": "a context"}]) == {
		"status": 200,
		"body": {"resourceType": "Parameters", "parameter": [_packed(_form, {}, {}, 1)]},
		"decided": [],
	}
}

test_a_questionnaire_of_another_guideline_is_empty_beside_the_order if {
	renewal := {"id": "xpovio", "version": "2022-10-03", "type": "renewal", "marks": "111111"}
	_package([_order, _asking(questionnaire.canonical(renewal))]).body.parameter == [_packed(renewal, {}, {}, 1)]
}

test_a_draft_is_of_the_orders_subject_or_the_beneficiary_or_some_member if {
	some_member := {"display": "the member"}
	nobody := object.remove(fixtures.coverage, ["beneficiary"])
	nameless := object.remove(fixtures.order, ["subject"])
	[subject |
		some [order, coverage] in [[fixtures.order, nobody], [nameless, fixtures.coverage], [nameless, nobody]]
		given := [{"name": "order", "resource": order}, {"name": "coverage", "resource": coverage}]
		found := _answer(object.union(fixtures.package_of([]), {"parameters": {"resourceType": "Parameters", "parameter": given}}))
		subject := found.body.parameter[0].resource.entry[1].resource.subject
	] == [fixtures.order.subject, fixtures.coverage.beneficiary, some_member]
}

_remark(severity, code, text) := {"name": "outcome", "resource": {"resourceType": "OperationOutcome", "issue": [{
	"severity": severity,
	"code": code,
	"details": {"text": text},
}]}}

test_a_questionnaire_that_there_is_not_is_a_warning[name] if {
	some name, asked in {
		"another": _asking("https://payer.example/fhir/Questionnaire/other|1"),
		"no name": {"name": "questionnaire", "valueCanonical": 1},
		"nothing": {"name": "questionnaire"},
	}
	given := [_order, _asking(questionnaire.canonical(_form)), asked]
	[packed, told] := _package(given).body.parameter
	packed == _packed(_form, _known, _of_the_order, 1)
	told.resource.issue == [{
		"severity": "warning",
		"code": "not-found",
		"details": {"text": "This names no questionnaire of the plan's."},
		"expression": ["Parameters.parameter.where(name='questionnaire')[1].value"],
	}]
	not _informed(_package([_order, asked]))
}

_informed(answer) if answer.body.parameter[_].resource.issue[_].severity == "information"

test_where_nothing_is_open_there_is_no_questionnaire if {
	found := _package([_order, {"name": "referenced", "resource": fixtures.answered}])
	found.status == 200
	found.body.parameter == [_remark("information", "informational", "By what the plan knows now, nothing more is needed from the prescriber.")]
}

_other := object.union(fixtures.order_without(["medicationCodeableConcept"]), {"medicationCodeableConcept": {"text": "Other"}})

_unjudged(index, why) := {
	"severity": "warning",
	"code": "not-supported",
	"details": {"text": $"No guideline on file judges this order. {why}"},
	"expression": [$"Parameters.parameter.where(name='order')[{index}].resource"],
}

test_an_order_that_no_guideline_judges_is_told_of[name] if {
	some name, [order, why] in {
		"another drug": [_other, "No guideline on file names this drug."],
		"no drug": [
			fixtures.order_without(["medicationCodeableConcept"]),
			"The order names its drug by no code or name that the plan knows.",
		],
		"another kind": [
			{"resourceType": "ServiceRequest", "id": "s", "subject": {"reference": "Patient/patient-1"}},
			"The plan's drug guidelines do not judge orders of this kind.",
		],
		"a modifier": [
			fixtures.order_with({"modifierExtension": [{"url": "https://ehr.example/not"}]}),
			"The order has a modifier that is not understood here.",
		],
		"rules of its own": [
			fixtures.order_with({"implicitRules": "https://ehr.example/rules"}),
			"The order has a modifier that is not understood here.",
		],
		"half a tablet": [
			fixtures.order_with({"dispenseRequest": {"quantity": fixtures.tablets(0.5)}}),
			"/quantity/tablets must be a whole number of at least 1 and at most 1000000000",
		],
	}
	found := _package([{"name": "order", "resource": order}])
	found.status == 200
	[outcome] := found.body.parameter
	outcome.resource.issue == [_unjudged(0, why)]
	beside := _package([_order, {"name": "order", "resource": object.union(order, {"id": "order-2"})}])
	[packed, told] := beside.body.parameter
	packed == _packed(_form, _known, _of_the_order, 1)
	told.resource.issue == [_unjudged(1, why)]
}

test_an_order_against_a_rule_is_refused[name] if {
	some name, [order, issue] in {
		"not to be done": [fixtures.order_with({"doNotPerform": true}), ["invariant", ["MedicationRequest.doNotPerform"]]],
		"without a date": [fixtures.order_without(["authoredOn"]), ["required", ["MedicationRequest.authoredOn"]]],
	}
	envelope := fixtures.package_of([_order, {"name": "order", "resource": order}])
	_status(envelope) == 422
	_issues(envelope) == [issue]
}

test_of_every_order_there_is_a_decision_or_no_package if {
	given := [_order, {"name": "order", "resource": _other}]
	some_plan := object.remove(data.plan, ["clinician_review"])
	not _answer(fixtures.package_of(given)) with data.plan as some_plan
}

test_answers_that_there_are_are_filled_in if {
	some_answers := object.union(fixtures.answered, {"item": array.slice(fixtures.answered.item, 0, 1)})
	stated := object.union(_known, {"documentation": [{"reference": "chart-note-17", "date": "2022-10-28"}]})
	form := object.union(_form, {"marks": "21222"})
	_package([_order, {"name": "referenced", "resource": some_answers}]).body.parameter == [_packed(form, stated, _of_the_order, 1)]
}

test_each_order_has_a_package_of_its_own if {
	second := fixtures.order_with({"id": "order-2"})
	_package([_order, {"name": "order", "resource": second}]).body.parameter == [
		_packed(_form, _known, _of_the_order, 1),
		_packed(_form, _known, {"order": {"reference": "MedicationRequest/order-2"}}, 2),
	]
}

_issues(envelope) := [[issue.code, object.get(issue, "expression", [])] | some issue in _answer(envelope).body.issue]

_status(envelope) := _answer(envelope).status

test_any_json_is_answered[name] if {
	some name, envelope in {
		"null": null,
		"nothing": {},
		"a text": "Parameters",
		"no parameters": {"parameters": null},
		"another resource": {"parameters": fixtures.order},
		"no list": {"parameters": {"resourceType": "Parameters", "parameter": {}}},
	}
	_status(envelope) == 400
	_issues(envelope) == [["structure", ["Parameters"]]]
	_answer(envelope).decided == []
}

_with_parameters(given) := object.union(fixtures.package_of([]), {"parameters": {"resourceType": "Parameters", "parameter": given}})

_coverage(changed) := {"name": "coverage", "resource": object.union(fixtures.coverage, changed)}

test_there_is_one_coverage_of_ours[name] if {
	some name, [given, status, issues] in {
		"none": [[_order], 400, [["required", ["Parameters.parameter.where(name='coverage')"]]]],
		"two": [[_order, _coverage({}), _coverage({})], 400, [["required", ["Parameters.parameter.where(name='coverage')"]]]],
		"another resource": [[_order, {"name": "coverage", "resource": fixtures.patient}], 400, [["required", ["Parameters.parameter.where(name='coverage')"]]]],
		"another payer's": [[_order, _coverage({"payor": []})], 400, [["value", ["Coverage.payor"]]]],
		"without an id": [[_order, {"name": "coverage", "resource": object.remove(fixtures.coverage, ["id"])}], 422, [["required", ["Coverage.id"]]]],
		"another patient's": [[_order, _coverage({"beneficiary": {"reference": "Patient/patient-2"}})], 422, [["conflict", ["MedicationRequest.subject"]]]],
	}
	_status(_with_parameters(given)) == status
	_issues(_with_parameters(given)) == issues
}

test_there_is_an_order_or_a_questionnaire if {
	given := [_coverage({}), {"name": "context", "valueString": "a context"}]
	_status(_with_parameters(given)) == 400
	_issues(_with_parameters(given)) == [["required", ["Parameters.parameter.where(name='order')"]]]
	_status(_with_parameters([_coverage({}), {"name": "order"}, _asking(1)])) == 400
}

test_orders_are_orders[name] if {
	some name, parameter in {
		"nothing": {"name": "order"},
		"null": {"name": "order", "resource": null},
		"an empty object": {"name": "order", "resource": {}},
		"of no type": {"name": "order", "resource": object.remove(fixtures.order, ["resourceType"])},
		"of a strange type": {"name": "order", "resource": object.union(fixtures.order, {"resourceType": "<b>"})},
		"a resource that is no order": {"name": "order", "resource": fixtures.patient},
	}
	envelope := fixtures.package_of([_order, parameter])
	_status(envelope) == 400
	_issues(envelope) == [["value", ["Parameters.parameter.where(name='order').resource"]]]
}

test_the_member_is_found if {
	envelope := object.union(fixtures.package_of([_order]), {"member": null})
	_status(envelope) == 422
	_issues(envelope) == [["not-found", ["Coverage"]]]
}

test_orders_have_ids if {
	envelope := fixtures.package_of([{"name": "order", "resource": fixtures.order_without(["id"])}])
	_status(envelope) == 422
	_issues(envelope) == [["required", ["MedicationRequest.id"]]]
}

test_answers_that_are_wrong_are_refused if {
	wrong := object.union(fixtures.answered, {"item": [{"linkId": "other"}]})
	envelope := fixtures.package_of([_order, {"name": "referenced", "resource": wrong}])
	_status(envelope) == 422
	_issues(envelope) == [["conflict", ["QuestionnaireResponse.item"]]]
}

test_without_a_time_there_is_no_package if {
	not _answer(object.remove(fixtures.package_of([_order]), ["received"]))
}

_form_for(request) := found if {
	found := dtr.form with input as {"request": request, "received": fixtures.received}
}

test_a_request_document_has_a_form_too if {
	request := requests.initial_with({"nccn": null})
	form := {"id": "xpovio", "version": "2022-10-03", "type": "initial", "marks": "21222"}
	_form_for(request) == {
		"questionnaire": questionnaire.resource(form),
		"response": questionnaire.draft(
			form,
			{
				"documentation": [{"reference": "chart-note-17"}],
				"dose.mg_per_week": 100,
				"quantity.tablets": 20,
				"quantity.days_supply": 28,
			},
			{
				"coverage": {"display": "the coverage that the request is under"},
				"subject": {"display": "the member"},
				"instant": "2022-11-01T14:30:05Z",
			},
		),
	}
}

test_where_no_guideline_asks_there_is_no_form[name] if {
	some name, request in {
		"another drug": requests.initial_with({"drug": {"name": "Other"}}),
		"malformed": {"type": "initial"},
		"null": null,
		"a text": "initial",
	}
	_form_for(request) == {"questionnaire": null, "response": null}
}

_facts(response) := found if {
	found := dtr.facts with input as {"response": response}
}

test_a_response_states_facts if {
	_facts(fixtures.answered) == {
		"document": {
			"documentation": [{"reference": "chart-note-17", "date": "2022-10-28"}],
			"nccn": [{"source": "compendium", "category": "2A"}],
		},
		"faults": [],
	}
	_facts(object.union(fixtures.answered, {"item": [{"linkId": "other"}]})) == {
		"document": {},
		"faults": [{"linkId": null, "message": "is not a question for the prescriber"}],
	}
}

test_a_response_to_another_questionnaire_states_nothing_here[name] if {
	some name, response in {"another": object.union(fixtures.answered, {"questionnaire": "https://other.example"}), "null": null, "a text": "answers"}
	_facts(response) == null
}

test_the_facts_of_a_form_are_the_requests_own if {
	found := dtr.form with input as {"request": sample.request, "received": fixtures.received} with data.guidelines as sample.guidelines
		with data.drugs as sample.drugs
	read := dtr.facts with input as {"response": found.response} with data.guidelines as sample.guidelines with data.drugs as sample.drugs
	read == {
		"document": {"sample": object.remove(sample.request.sample, ["on_file"]), "quantity": {"tablets": 2}},
		"faults": [],
	}
}
