package priorauth.fhir.questionnaire_test

import data.priorauth
import data.priorauth.fhir.fixtures_test as fixtures
import data.priorauth.fhir.questionnaire
import data.priorauth.fhir.sample_test as sample

_url := "https://payer.example/fhir/Questionnaire/"

_form := {"id": "sample", "version": "2024-01-01", "type": "initial", "marks": "211111110"}

_core := "http://hl7.org/fhir/StructureDefinition"

_dtr := "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"

_pended := sample.request_with({"sample": {"indication": null}, "quantity": {"tablets": null}, "member": {"birth_date": null}})

_decision(request) := decision if {
	decision := priorauth.decision with input as request with data.guidelines as sample.guidelines with data.drugs as sample.drugs
}

test_the_form_for_a_request if {
	form := questionnaire.form(_pended, _decision(_pended)) with data.guidelines as sample.guidelines
	form == {"id": "sample", "version": "2024-01-01", "type": "initial", "marks": "212111121"}
	open := questionnaire.open(_pended, _decision(_pended)) with data.guidelines as sample.guidelines
	open == form
}

_open(request) := form if {
	form := questionnaire.open(request, _decision(request)) with data.guidelines as sample.guidelines
}

test_only_a_pended_request_that_lacks_something_of_the_prescriber_has_an_open_form if {
	not _open(sample.request)
	not _open(sample.request_with({"sample": {"therapies": []}}))
	not _open(sample.request_with({"sample": {"on_file": null}}))
	not _open({"type": "initial"})
}

_named(canonical) := form if {
	form := questionnaire.named(canonical) with data.guidelines as sample.guidelines
}

test_a_canonical_names_its_form_again if {
	questionnaire.canonical(_form) == $"{_url}sample.initial.211111110|2024-01-01"
	_named(questionnaire.canonical(_form)) == _form
	_named($"{_url}sample.initial.211111110") == _form
}

test_what_names_no_questionnaire[canonical] if {
	some canonical in [
		$"{_url}sample.initial.21211111|2024-01-01",
		$"{_url}sample.initial.2111111100|2024-01-01",
		$"{_url}sample.initial.000000000|2024-01-01",
		$"{_url}sample.initial.212111113|2024-01-01",
		$"{_url}sample.other.211111110|2024-01-01",
		$"{_url}other.initial.211111110|2024-01-01",
		$"{_url}sample.initial.211111110|2024-01-02",
		$"{_url}sample.initial.211111110|2024-01-01|1",
		$"{_url}sample.initial|2024-01-01",
		"https://other.example/Questionnaire/sample.initial.211111110|2024-01-01",
		"",
		1,
		null,
	]
	not _named(canonical)
}

test_a_canonical_is_governed_by_its_version_and_type if {
	canonical := questionnaire.canonical(_form)
	questionnaire.governs(canonical, sample.reference, "initial")
	questionnaire.governs(replace(canonical, "211111110", "000000001"), sample.reference, "initial")
	not questionnaire.governs(canonical, sample.reference, "renewal")
	not questionnaire.governs(canonical, {"id": "sample", "version": "2023-01-01"}, "initial")
	not questionnaire.governs(canonical, {"id": "other", "version": "2024-01-01"}, "initial")
	not questionnaire.governs($"{_url}sample.initial.211111110", sample.reference, "initial")
	not questionnaire.governs(null, sample.reference, "initial")
	not questionnaire.governs(canonical, null, "initial")
}

_resource := found if {
	found := questionnaire.resource(_form) with data.guidelines as sample.guidelines
}

_own(path, code) := {"valueCoding": object.union(fixtures.own_code(path, code), {"display": code})}

test_a_questionnaire_is_made_of_the_questions if {
	object.remove(_resource, ["item"]) == {
		"resourceType": "Questionnaire",
		"id": "sample.initial.211111110",
		"meta": {"profile": [$"{_dtr}/dtr-std-questionnaire"]},
		"extension": [
			{"url": $"{_dtr}/questionnaireAudience", "valueCode": "clinical"},
			{"url": $"{_dtr}/request-specific", "valueBoolean": true},
			{"url": $"{_dtr}/estimated-completion-time", "extension": [
				{"url": "clinicalTime", "valueCode": "under-3min"},
				{"url": "totalTime", "valueCode": "under-3min"},
			]},
			{
				"url": $"{_core}/artifact-versionAlgorithm",
				"valueCoding": {"system": "http://hl7.org/fhir/version-algorithm", "code": "date"},
			},
		],
		"url": $"{_url}sample.initial.211111110",
		"version": "2024-01-01",
		"name": "PriorAuthorization_sample_initial",
		"title": "Sample (sampline): prior authorization, initial request",
		"status": "active",
		"subjectType": ["Patient"],
		"date": "2024-01-01",
		"publisher": "Example Health Plan",
	}
}

test_the_items_are_by_type if {
	_resource.item == [
		{
			"linkId": "sample.code", "prefix": "1", "text": "Which code?", "type": "string", "readOnly": true,
			"maxLength": 8, "extension": [{"url": $"{_core}/regex", "valueString": "^[A-Z]+$"}],
		},
		{
			"linkId": "sample.indication", "prefix": "2", "text": "Which?", "type": "choice",
			"answerOption": [_own("sample.indication", code) | some code in ["skin", "joints", "other"]],
		},
		{
			"linkId": "sample.score", "prefix": "2.a", "text": "Which score?", "type": "decimal",
			"extension": [
				{"url": $"{_core}/minValue", "valueDecimal": 0},
				{"url": $"{_core}/maxValue", "valueDecimal": 10.5},
			],
			"enableBehavior": "any",
			"enableWhen": [
				{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "skin").valueCoding},
				{"question": "sample.severe", "operator": "=", "answerBoolean": false},
			],
		},
		{
			"linkId": "sample.areas", "prefix": "2.a", "text": "Is the face affected?", "type": "choice", "repeats": true,
			"answerOption": [_own("sample.areas", code) | some code in ["face", "hands"]],
			"enableBehavior": "any",
			"enableWhen": [{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "skin").valueCoding}],
		},
		{
			"linkId": "sample.areas.none", "text": "Areas: there are none.", "type": "boolean",
			"enableBehavior": "any",
			"enableWhen": [{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "skin").valueCoding}],
		},
		{
			"linkId": "sample.joints", "prefix": "2.b", "text": "How many joints?", "type": "integer",
			"extension": [{"url": $"{_core}/minValue", "valueInteger": 1}],
			"enableBehavior": "any",
			"enableWhen": [
				{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "joints").valueCoding},
				{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "other").valueCoding},
			],
		},
		{
			"linkId": "sample.severe", "prefix": "2.b", "text": "Is it severe?", "type": "boolean",
			"enableBehavior": "any",
			"enableWhen": [
				{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "joints").valueCoding},
				{"question": "sample.indication", "operator": "=", "answerCoding": _own("sample.indication", "other").valueCoding},
			],
		},
		{
			"linkId": "sample.day", "prefix": "2.b", "text": "On which day?", "type": "date",
			"enableBehavior": "any",
			"enableWhen": [{"question": "sample.severe", "operator": "=", "answerBoolean": true}],
		},
		{
			"linkId": "sample.therapies", "prefix": "3", "text": "Which therapies?", "type": "group", "repeats": true,
			"item": [
				{"linkId": "sample.therapies.therapy", "text": "Therapy", "type": "string", "required": true},
				{
					"linkId": "sample.therapies.result", "text": "With which result?", "type": "choice", "required": false,
					"answerOption": [_own("sample.therapies.result", code) | some code in ["success", "failure"]],
				},
				{
					"linkId": "sample.therapies.weeks", "text": "Weeks", "type": "decimal", "required": false,
					"extension": [{"url": $"{_core}/minValue", "valueDecimal": 0}],
				},
			],
		},
		{"linkId": "sample.therapies.none", "text": "Therapies: there are none.", "type": "boolean"},
	]
}

test_what_is_known_is_only_shown_also_in_groups if {
	form := object.union(_form, {"marks": "000200020"})
	found := questionnaire.resource(form) with data.guidelines as sample.guidelines
	[[item.linkId, item.readOnly] | some item in found.item] == [
		["sample.areas", true],
		["sample.areas.none", true],
		["sample.therapies", true],
		["sample.therapies.none", true],
	]
	{member.readOnly | some item in found.item; some member in item.item} == {true}
}

test_what_is_known_is_shown_whatever_else_is_answered if {
	form := object.union(_form, {"marks": "010200000"})
	found := questionnaire.resource(form) with data.guidelines as sample.guidelines
	every item in array.slice(found.item, 1, 3) {
		not item.enableWhen
	}
	draft := questionnaire.draft(form, {"sample.areas": []}, _about) with data.guidelines as sample.guidelines
	[item.linkId | some item in draft.item] == ["sample.areas.none"]
}

test_a_condition_on_a_question_that_is_not_there_is_none if {
	form := object.union(_form, {"marks": "000100000"})
	found := questionnaire.resource(form) with data.guidelines as sample.guidelines
	{object.keys(item) | some item in found.item} == {
		{"linkId", "prefix", "text", "type", "repeats", "answerOption"},
		{"linkId", "text", "type"},
	}
}

test_the_time_it_takes_is_by_its_questions[marks] if {
	some marks, estimate in {
		"000100000": "under-1min", "111000001": "under-3min", "000011100": "under-1min", "101010101": "under-3min",
		"222222222": "under-1min", "000000001": "under-1min",
	}
	found := questionnaire.resource(object.union(_form, {"marks": marks})) with data.guidelines as sample.guidelines
	found.extension[2].extension[1].valueCode == estimate
}

_long(many) := {"sample": {"2024-01-01": object.union(object.remove(sample.guidelines.sample["2024-01-01"], ["facts", "criteria"]), {
	"facts": {$"sample.f{index}": {"title": "F", "question": "F?", "known_by": "prescriber", "type": "string"} |
		some index in numbers.range(1, many)
	},
	"criteria": {"coverage": {"initial": [{"id": $"c{index}", "clause": "1", "text": "F", "kind": "stated", "fact": $"sample.f{index}"} |
		some index in numbers.range(1, many)
	]}},
})}}

test_long_forms_take_longer if {
	every many, estimate in {2: "under-1min", 3: "under-3min", 7: "under-3min", 8: "under-5min", 11: "under-5min", 12: "over-5min"} {
		form := object.union(_form, {"marks": concat("", ["1" | some _ in numbers.range(1, many)])})
		found := questionnaire.resource(form) with data.guidelines as _long(many)
		found.extension[2].extension[0].valueCode == estimate
	}
}

_about := {"coverage": {"reference": "Coverage/c"}, "subject": {"reference": "Patient/p"}, "instant": "2024-03-01T10:00:00Z"}

_intended := {"url": $"{_dtr}/intendedUse", "valueCodeableConcept": {"coding": [{
	"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/coverage-information-codes",
	"code": "withpa",
}]}}

_empty := {
	"resourceType": "QuestionnaireResponse",
	"meta": {"profile": [$"{_dtr}/dtr-questionnaireresponse"]},
	"extension": [{"url": $"{_dtr}/qr-coverage", "valueReference": {"reference": "Coverage/c"}}, _intended],
	"questionnaire": $"{_url}sample.initial.211111110|2024-01-01",
	"status": "in-progress",
	"subject": {"reference": "Patient/p"},
	"authored": "2024-03-01T10:00:00Z",
}

_draft(stated, about) := found if {
	found := questionnaire.draft(_form, stated, about) with data.guidelines as sample.guidelines
}

test_a_draft_of_what_nothing_is_known_of_has_no_items if {
	_draft({}, _about) == _empty
	_draft({"member.benefit": "pharmacy", "quantity.tablets": 2}, _about) == _empty
}

_from_us := [{"url": $"{_dtr}/information-origin", "extension": [{"url": "source", "valueCode": "auto-server"}]}]

test_a_draft_has_what_is_known_in_the_order_of_the_questions if {
	about := object.union(_about, {"order": {"reference": "MedicationRequest/o"}})
	_draft({"sample.score": 7, "sample.code": "A", "sample.indication": "skin", "sample.areas": []}, about) == object.union(_empty, {
		"extension": [
			{"url": $"{_dtr}/qr-coverage", "valueReference": {"reference": "Coverage/c"}},
			{"url": $"{_dtr}/qr-context", "valueReference": {"reference": "MedicationRequest/o"}},
			_intended,
		],
		"item": [
			{"linkId": "sample.code", "answer": [{"valueString": "A", "extension": _from_us}]},
			{"linkId": "sample.indication", "answer": [object.union(_own("sample.indication", "skin"), {"extension": _from_us})]},
			{"linkId": "sample.score", "answer": [{"valueDecimal": 7, "extension": _from_us}]},
			{"linkId": "sample.areas.none", "answer": [{"valueBoolean": true, "extension": _from_us}]},
		],
	})
}

test_a_draft_leaves_out_what_is_not_asked if {
	stated := {"sample.indication": "joints", "sample.score": 7, "sample.joints": 2, "sample.severe": false, "sample.day": "2024-02-01"}
	[item.linkId | some item in _draft(stated, _about).item] == ["sample.indication", "sample.joints", "sample.severe"]
	_draft(object.remove(stated, ["sample.indication"]), _about) == _empty
}
