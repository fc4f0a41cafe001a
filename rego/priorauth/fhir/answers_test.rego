package priorauth.fhir.answers_test

import data.priorauth.fhir.answers
import data.priorauth.fhir.sample_test as sample

_origin := {"url": "origin"}

_own(path, code) := {"system": $"https://payer.example/fhir/CodeSystem/{path}", "code": code, "display": code}

_written := {
	"sample.code": [{"linkId": "sample.code", "answer": [{"valueString": "A", "extension": [_origin]}]}],
	"sample.severe": [{"linkId": "sample.severe", "answer": [{"valueBoolean": false, "extension": [_origin]}]}],
	"sample.score": [{"linkId": "sample.score", "answer": [{"valueDecimal": 7.5, "extension": [_origin]}]}],
	"sample.joints": [{"linkId": "sample.joints", "answer": [{"valueInteger": 3, "extension": [_origin]}]}],
	"sample.day": [{"linkId": "sample.day", "answer": [{"valueDate": "2024-02-29", "extension": [_origin]}]}],
	"sample.indication": [{"linkId": "sample.indication", "answer": [{"valueCoding": _own("sample.indication", "skin"), "extension": [_origin]}]}],
	"sample.areas": [{"linkId": "sample.areas", "answer": [
		{"valueCoding": _own("sample.areas", "face"), "extension": [_origin]},
		{"valueCoding": _own("sample.areas", "hands"), "extension": [_origin]},
	]}],
	"sample.drugs": [{"linkId": "sample.drugs", "answer": [
		{"valueString": "one", "extension": [_origin]},
		{"valueString": "other", "extension": [_origin]},
	]}],
	"sample.therapies": [
		{"linkId": "sample.therapies", "item": [
			{"linkId": "sample.therapies.therapy", "answer": [{"valueString": "first", "extension": [_origin]}]},
			{"linkId": "sample.therapies.result", "answer": [{"valueCoding": _own("sample.therapies.result", "failure"), "extension": [_origin]}]},
			{"linkId": "sample.therapies.weeks", "answer": [{"valueDecimal": 5, "extension": [_origin]}]},
		]},
		{"linkId": "sample.therapies", "item": [{"linkId": "sample.therapies.therapy", "answer": [{"valueString": "second", "extension": [_origin]}]}]},
	],
}

_facts := {
	"sample.code": "A",
	"sample.severe": false,
	"sample.score": 7.5,
	"sample.joints": 3,
	"sample.day": "2024-02-29",
	"sample.indication": "skin",
	"sample.areas": ["face", "hands"],
	"sample.drugs": ["one", "other"],
	"sample.therapies": [{"therapy": "first", "result": "failure", "weeks": 5}, {"therapy": "second", "result": null}],
}

test_facts_of_every_type_are_written[path] if {
	some path, value in _facts
	answers.written(path, sample.declared[path], value, _origin) == _written[path]
}

test_none_is_written_where_the_fact_can_be_stated_to_be_none if {
	answers.written("sample.areas", sample.declared["sample.areas"], [], _origin) == [{
		"linkId": "sample.areas.none",
		"answer": [{"valueBoolean": true, "extension": [_origin]}],
	}]
	answers.written("sample.drugs", sample.declared["sample.drugs"], [], _origin) == []
	answers.written("documentation", data.facts.documentation, [], _origin) == []
}

test_codes_are_shown_as_words if {
	answers.coding("clinical.disease_status", "stable_disease") == {
		"system": "https://payer.example/fhir/CodeSystem/clinical.disease_status",
		"code": "stable_disease",
		"display": "stable disease",
	}
}

_read(items) := answers.read({"item": items}, sample.declared)

test_facts_of_every_type_are_read_back if {
	read := _read([item | some items in _written; some item in items])
	read == {
		"facts": object.union(_facts, {"sample.therapies": [
			{"therapy": "first", "result": "failure", "weeks": 5},
			{"therapy": "second"},
		]}),
		"faults": [],
	}
}

test_none_is_read if {
	_read([{"linkId": "sample.areas.none", "answer": [{"valueBoolean": true}]}]) == {"facts": {"sample.areas": []}, "faults": []}
	_read([{"linkId": "sample.areas.none", "answer": [{"valueBoolean": false}]}]) == {"facts": {}, "faults": []}
	_read([{"linkId": "sample.areas.none"}]) == {"facts": {}, "faults": []}
}

test_what_is_not_answered_is_not_stated[name] if {
	some name, items in {
		"nothing": [],
		"no answer": [{"linkId": "sample.code"}],
		"an empty answer": [{"linkId": "sample.code", "answer": []}],
		"an empty list": [{"linkId": "sample.drugs", "answer": []}],
		"an empty group": [{"linkId": "sample.therapies", "item": []}, {"linkId": "sample.therapies"}],
		"a group of nothing": [{"linkId": "sample.therapies", "item": null}],
		"a group of no answers": [{"linkId": "sample.therapies", "item": [{"linkId": "sample.therapies.therapy"}]}],
		"no link": [{"answer": [{"valueString": "A"}]}],
		"no object": [null, "sample.code"],
	}
	_read(items) == {"facts": {}, "faults": []}
}

test_a_response_without_items_states_nothing if {
	every response in [{}, {"item": null}, {"item": {"linkId": "sample.code"}}] {
		answers.read(response, sample.declared) == {"facts": {}, "faults": []}
	}
}

test_faults_are_told_and_state_nothing[name] if {
	some name, [items, link, message] in {
		"no question": [
			[{"linkId": "sample.unheard_of", "answer": [{"valueString": "A"}]}],
			null, "is not a question for the prescriber",
		],
		"two that are none": [
			[{"linkId": "1 Elm Street"}, {"linkId": "') or ('"}, {"linkId": {"given": ["Invented"]}}, {"linkId": 7}],
			null, "is not a question for the prescriber",
		],
		"what the plan knows": [
			[{"linkId": "sample.on_file", "answer": [{"valueBoolean": true}]}],
			"sample.on_file", "is not a question for the prescriber",
		],
		"none of what cannot be none": [
			[{"linkId": "sample.code.none", "answer": [{"valueBoolean": true}]}],
			"sample.code.none", "is not a question for the prescriber",
		],
		"another type": [
			[{"linkId": "sample.code", "answer": [{"valueInteger": 1}]}],
			"sample.code", "must be answered by valueString, as the questionnaire offers",
		],
		"a decimal for an integer": [
			[{"linkId": "sample.joints", "answer": [{"valueDecimal": 3}]}],
			"sample.joints", "must be answered by valueInteger, as the questionnaire offers",
		],
		"a code that is not offered": [
			[{"linkId": "sample.indication", "answer": [{"valueCoding": _own("sample.indication", "hair")}]}],
			"sample.indication", "must be answered by valueCoding, as the questionnaire offers",
		],
		"a code of another system": [
			[{"linkId": "sample.indication", "answer": [{"valueCoding": _own("sample.areas", "skin")}]}],
			"sample.indication", "must be answered by valueCoding, as the questionnaire offers",
		],
		"no list of answers": [
			[{"linkId": "sample.code", "answer": {"valueString": "A"}}],
			"sample.code", "must be answered by valueString, as the questionnaire offers",
		],
		"one bad in a list": [
			[{"linkId": "sample.drugs", "answer": [{"valueString": "one"}, {"valueBoolean": true}]}],
			"sample.drugs", "must be answered by valueString, as the questionnaire offers",
		],
		"two answers": [
			[{"linkId": "sample.code", "answer": [{"valueString": "A"}, {"valueString": "B"}]}],
			"sample.code", "has more than one answer",
		],
		"two items": [
			[{"linkId": "sample.code", "answer": [{"valueString": "A"}]}, {"linkId": "sample.code", "answer": [{"valueString": "A"}]}],
			"sample.code", "is given more than once",
		],
		"a list in two items": [
			[{"linkId": "sample.drugs", "answer": [{"valueString": "A"}]}, {"linkId": "sample.drugs", "answer": [{"valueString": "B"}]}],
			"sample.drugs", "is given more than once",
		],
		"none and some": [
			[{"linkId": "sample.areas.none", "answer": [{"valueBoolean": true}]}, _written["sample.areas"][0]],
			"sample.areas", "states both that there are none and some items",
		],
		"an answered group": [
			[{"linkId": "sample.therapies", "answer": [{"valueString": "first"}]}],
			"sample.therapies", "is a group: answer its items instead",
		],
		"a foreign member": [
			[{"linkId": "sample.therapies", "item": [{"linkId": "sample.code", "answer": [{"valueString": "A"}]}]}],
			"sample.therapies", "has an item that does not fit the questionnaire",
		],
		"a member of another type": [
			[{"linkId": "sample.therapies", "item": [{"linkId": "sample.therapies.weeks", "answer": [{"valueString": "5"}]}]}],
			"sample.therapies", "has a sample.therapies.weeks that does not fit the questionnaire",
		],
		"a member with two answers": [
			[{"linkId": "sample.therapies", "item": [{"linkId": "sample.therapies.therapy", "answer": [{"valueString": "a"}, {"valueString": "b"}]}]}],
			"sample.therapies", "has a sample.therapies.therapy that does not fit the questionnaire",
		],
		"a member twice": [
			[{"linkId": "sample.therapies", "item": [
				{"linkId": "sample.therapies.therapy", "answer": [{"valueString": "a"}]},
				{"linkId": "sample.therapies.therapy", "answer": [{"valueString": "b"}]},
			]}],
			"sample.therapies", "has an item more than once",
		],
		"a member that is no item": [
			[{"linkId": "sample.therapies", "item": ["sample.therapies.therapy", null]}],
			"sample.therapies", "has an item that does not fit the questionnaire",
		],
		"a member without a name": [
			[{"linkId": "sample.therapies", "item": [{"answer": [{"valueString": "a"}]}]}],
			"sample.therapies", "has an item that does not fit the questionnaire",
		],
	}
	_read(items) == {"facts": {}, "faults": [{"linkId": link, "message": message}]}
}

test_properties_are_the_required_first if {
	answers.properties(data.facts.documentation.items) == ["reference", "date", "type"]
	answers.properties({"properties": {"b": {}, "a": {}}}) == ["a", "b"]
}
