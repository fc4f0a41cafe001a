package priorauth.fhir.request_test

import data.priorauth.fhir.fixtures_test as fixtures
import data.priorauth.fhir.request
import data.priorauth.fhir.resources

_id := "call/order-1"

_held(more) := resources.held(
	[{"resource": resource} | some resource in array.concat([fixtures.patient, fixtures.practitioner, fixtures.role], more)],
	"https://ehr.example/fhir",
)

_of(prescribed, more, member) := request.of(prescribed, _held(more), _id, member)

_document := {
	"request_id": _id,
	"type": "initial",
	"service_date": "2022-11-01",
	"drug": {"name": "Xpovio", "strength_mg": 20},
	"member": {"birth_date": "1956-04-12", "benefit": "pharmacy", "formulary": "2", "drug_on_formulary": true},
	"prescriber": {"npi": "1234567893", "taxonomies": ["207RH0003X"]},
	"dose": {"mg_per_week": 100, "times_per_week": 1},
	"quantity": {"tablets": 20, "days_supply": 28},
}

_answers := {
	"documentation": [{"reference": "chart-note-17", "date": "2022-10-28"}],
	"nccn": [{"source": "compendium", "category": "2A"}],
}

test_a_request_is_of_the_order_and_the_plan if {
	_of(fixtures.order, [], fixtures.member) == {"document": _document, "answered": set(), "faults": []}
}

test_an_order_makes_a_request_or_says_why_it_makes_none[name] if {
	some name, [ordered, made] in {
		"for a drug": [fixtures.order, {"document": _document, "answered": set(), "faults": []}],
		"for none": [
			fixtures.order_without(["medicationCodeableConcept"]),
			{"unjudged": "The order names its drug by no code or name that the plan knows."},
		],
		"by rules": [
			fixtures.order_with({"implicitRules": "https://ehr.example/rules"}),
			{"unjudged": "The order has a modifier that is not understood here."},
		],
	}
	request.made(ordered, _held([]), _id, fixtures.member) == made
}

test_the_answers_add_to_it if {
	_of(fixtures.order, [fixtures.answered], fixtures.member) == {
		"document": object.union(_document, _answers),
		"answered": {"documentation", "nccn"},
		"faults": [],
	}
}

test_what_the_plan_knows_weighs_before_what_the_order_says if {
	member := object.union(fixtures.member, {"facts": {"member": {"birth_date": "1956-04-13"}, "prescriber": {"taxonomies": ["2085R0001X"]}}})
	found := _of(fixtures.order, [], member).document
	found.member.birth_date == "1956-04-13"
	found.prescriber.taxonomies == ["2085R0001X"]
}

test_a_member_of_whom_nothing_is_known[name] if {
	some name, member in {"nothing": {}, "of another drug": {"drugs": {"other": {"member": {"drug_on_formulary": true}}}}, "nulls": {"facts": null}}
	found := _of(fixtures.order, [], member)
	found.document == object.union(object.remove(_document, ["member"]), {"member": {"birth_date": "1956-04-12"}})
}

test_facts_of_the_drug_alone_are_the_plans_too if {
	member := {"drugs": {"xpovio": {"member": {"drug_on_formulary": true}}}}
	_of(fixtures.order, [], member).document.member == {"birth_date": "1956-04-12", "drug_on_formulary": true}
}

test_a_renewal_is_of_an_authorization_on_file if {
	member := object.union(fixtures.member, {"drugs": {"xpovio": {"prior_authorization": {"end_date": "2022-10-31"}}}})
	found := _of(fixtures.order, [], member).document
	found.type == "renewal"
	found.prior_authorization == {"end_date": "2022-10-31"}
	initial := object.union(member, {"drugs": {"xpovio": {"type": "initial"}}})
	_of(fixtures.order, [], initial).document.type == "initial"
}

test_an_order_without_a_drug_or_a_day_makes_no_request if {
	not _of(fixtures.order_without(["medicationCodeableConcept"]), [], fixtures.member)
	not _of(fixtures.order_without(["authoredOn"]), [], fixtures.member)
}

test_a_drug_of_no_guideline_makes_a_request_too if {
	other := object.union(fixtures.order_without(["medicationCodeableConcept"]), {"medicationCodeableConcept": {"text": "Other"}})
	found := _of(other, [], fixtures.member).document
	found.drug == {"name": "Other"}
	found.member == {"birth_date": "1956-04-12", "benefit": "pharmacy", "formulary": "2"}
	found.quantity == {"tablets": 20, "days_supply": 28}
}

test_an_id_that_is_too_long_is_left_out if {
	long := concat("", ["x" | some _ in numbers.range(1, 129)])
	not request.of(fixtures.order, _held([]), long, fixtures.member).document.request_id
	request.of(fixtures.order, _held([]), substring(long, 0, 128), fixtures.member).document.request_id == substring(long, 0, 128)
}

test_only_finished_answers_about_this_order_and_text_are_read[name] if {
	some name, changed in {
		"in progress": {"status": "in-progress"},
		"without a status": {"status": null},
		"about another order": {"extension": [object.union(fixtures.answered.extension[0], {"valueReference": {"reference": "MedicationRequest/order-2"}})]},
		"about none": {"extension": []},
		"about it in another sense": {"extension": [object.union(fixtures.answered.extension[0], {"url": "https://ehr.example/fhir/about"})]},
		"of another type": {"resourceType": "Basic"},
		"to another questionnaire": {"questionnaire": "https://payer.example/fhir/Questionnaire/xpovio.renewal.111111|2022-10-03"},
		"to another version": {"questionnaire": "https://payer.example/fhir/Questionnaire/xpovio.initial.11222|2021-08-30"},
		"to another plan's": {"questionnaire": "https://other.example/fhir/Questionnaire/xpovio.initial.11222|2022-10-03"},
		"to none": {"questionnaire": null},
	}
	_of(fixtures.order, [object.union(fixtures.answered, changed)], fixtures.member).document == _document
}

test_amended_answers_are_read if {
	amended := object.union(fixtures.answered, {"status": "amended"})
	_of(fixtures.order, [amended], fixtures.member).answered == {"documentation", "nccn"}
}

_dose(value) := {"linkId": "dose.mg_per_week", "answer": [{"valueDecimal": value}]}

_answering(items) := object.union(fixtures.answered, {"item": items})

test_an_answer_may_say_what_the_order_says_and_not_otherwise if {
	_of(fixtures.order, [_answering([_dose(100)])], fixtures.member).faults == []
	_of(fixtures.order, [_answering([_dose(80)])], fixtures.member).faults == [{
		"linkId": "dose.mg_per_week",
		"message": "contradicts the order or another answer: change the one that is wrong",
	}]
}

test_two_responses_must_agree if {
	silent := fixtures.order_without(["dosageInstruction"])
	other := object.union(_answering([_dose(80)]), {"id": "response-2"})
	_of(silent, [_answering([_dose(80)]), other], fixtures.member).document.dose == {"mg_per_week": 80}
	contrary := object.union(_answering([_dose(100)]), {"id": "response-2"})
	[fault.linkId | some fault in _of(silent, [_answering([_dose(80)]), contrary], fixtures.member).faults] == ["dose.mg_per_week"]
}

test_documents_of_the_order_and_of_answers_add_up if {
	citing := fixtures.order_with({"supportingInformation": [{"reference": "DocumentReference/d"}]})
	found := _of(citing, [fixtures.answered], fixtures.member)
	found.faults == []
	found.document.documentation == [{"reference": "DocumentReference/d"}, {"reference": "chart-note-17", "date": "2022-10-28"}]
}

test_the_plans_own_facts_are_not_for_answers_to_state if {
	sneaking := _answering([{"linkId": "member.formulary", "answer": [{"valueString": "3"}]}])
	found := _of(fixtures.order, [sneaking], fixtures.member)
	found.document == _document
	found.faults == [{"linkId": "member.formulary", "message": "is not a question for the prescriber"}]
}

test_issues_name_the_answers if {
	request.issues({"faults": [{"linkId": "nccn", "message": "is wrong"}], "answered": set()}, {"errors": []}) == [{
		"status": 422,
		"code": "conflict",
		"expression": "QuestionnaireResponse.item.where(linkId='nccn')",
		"text": "is wrong",
	}]
}

test_an_issue_of_no_answer_names_none if {
	request.issues({"faults": [{"linkId": null, "message": "is wrong"}], "answered": set()}, {"errors": []}) == [{
		"status": 422,
		"code": "conflict",
		"expression": "QuestionnaireResponse.item",
		"text": "is wrong",
	}]
}

test_issues_are_also_what_a_decision_finds_wrong_with_what_answers_state if {
	decision := {"errors": [
		{"path": "/documentation/0/reference", "message": "must say something"},
		{"path": "/dose/mg_per_week", "message": "must be more than 0"},
		{"path": "/dose", "message": "must be an object"},
		{"path": "/quantity/tablets", "message": "must be a whole number"},
		{"path": "/quantity/days_supply", "message": "must be a whole number"},
	]}
	found := request.issues({"faults": [], "answered": {"documentation", "quantity.tablets"}}, decision)
	found == [
		{
			"status": 422,
			"code": "value",
			"expression": "QuestionnaireResponse.item.where(linkId='documentation.reference')",
			"text": "must say something",
		},
		{
			"status": 422,
			"code": "value",
			"expression": "QuestionnaireResponse.item.where(linkId='quantity.tablets')",
			"text": "must be a whole number",
		},
	]
}
