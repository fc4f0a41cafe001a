package priorauth.fhir.drugs_test

import data.priorauth.fhir.drugs
import data.priorauth.fhir.fixtures_test as fixtures

_codes := {
	"systems": data.codes.systems,
	"ndc": {
		"11111-222": {"drug": {"name": "Xpovio", "strength_mg": 20}},
		"1111-2222": {"drug": {"name": "Xpovio", "strength_mg": 40}},
		"11111-2222": {"drug": {"name": "Xpovio", "strength_mg": 60}},
		"01234-0567": {"drug": {"name": "Xpovio", "strength_mg": 80}},
		"99999-999": {"drug": {"name": "Other"}},
	},
	"rxnorm": {"1": {"drug": {"name": "Xpovio"}}},
}

_stated(concept) := found if {
	found := drugs.stated(concept) with data.codes as _codes
}

_by(code) := _stated(fixtures.coded(fixtures.ndc, code))

test_the_code_on_file_is_found_by_its_packages if {
	every code in ["72237-101", "72237-101-03", "72237-101-04", "72237010103", "72237-0101-03"] {
		drugs.stated(fixtures.coded(fixtures.ndc, code)) == {"drug": {"name": "Xpovio", "strength_mg": 20}}
	}
}

test_national_drug_codes_are_found_however_written[code] if {
	some code, strength in {
		"11111-222": 20, "11111-222-33": 20, "11111-222-3": 20, "11111022233": 20, "11111-0222-33": 20,
		"1111-2222": 40, "1111-2222-33": 40, "01111222233": 40, "01111-2222-33": 40,
		"11111-2222": 60, "11111-2222-3": 60, "11111222233": 60,
		"01234-0567": 80, "01234-0567-8": 80, "01234056708": 80,
	}
	_by(code).drug.strength_mg == strength
}

test_other_codes_are_of_no_drug_on_file[code] if {
	some code in [
		"11111-223-33", "1111122233", "111112223", "111110222333", "1111102223a", "11111", "11111--33", "", "-", "72237-102",
		"011111-222-33", "11111-00222-33",
	]
	not _by(code)
}

test_a_code_is_of_its_own_system if {
	_stated(fixtures.coded("http://www.nlm.nih.gov/research/umls/rxnorm", "1")) == {"drug": {"name": "Xpovio"}}
	not _stated(fixtures.coded(fixtures.ndc, "1"))
	not _stated(fixtures.coded("http://www.nlm.nih.gov/research/umls/rxnorm", "11111-222"))
	not _stated(fixtures.coded("http://snomed.info/sct", "1"))
	not _stated({"coding": [{"code": "11111-222"}]})
}

test_codes_of_one_drug_are_taken_together if {
	concept := {"coding": array.concat(
		fixtures.coded("http://www.nlm.nih.gov/research/umls/rxnorm", "1").coding,
		fixtures.coded(fixtures.ndc, "11111-222-33").coding,
	)}
	_stated(concept) == {"drug": {"name": "Xpovio", "strength_mg": 20}}
}

test_codes_of_different_drugs_state_none if {
	not _stated({"coding": [
		{"system": fixtures.ndc, "code": "11111-222"},
		{"system": fixtures.ndc, "code": "99999-999"},
	]})
	not _stated({"text": "Xpovio", "coding": [
		{"system": fixtures.ndc, "code": "11111-222"},
		{"system": fixtures.ndc, "code": "1111-2222"},
	]})
}

test_a_code_weighs_before_a_name if {
	_stated({"text": "Other", "coding": [{"system": fixtures.ndc, "code": "11111-222", "display": "Other"}]}).drug.name == "Xpovio"
}

test_a_name_is_a_whole_text_or_display if {
	_stated({"text": "selinexor"}) == {"drug": {"name": "selinexor"}}
	_stated({"text": "Xpovio (selinexor)"}) == {"drug": {"name": "Xpovio (selinexor)"}}
	_stated({"coding": [{"display": "XPOVIO®"}]}) == {"drug": {"name": "XPOVIO®"}}
	_stated({"text": "Unheard of", "coding": [{"display": "Xpovio"}]}) == {"drug": {"name": "Xpovio"}}
}

test_a_name_that_is_on_no_file_is_still_a_name if {
	_stated({"text": "Xpovio 100 mg once weekly"}) == {"drug": {"name": "Xpovio 100 mg once weekly"}}
	_stated({"text": "Unheard of", "coding": [{"display": "Nor of this"}]}) == {"drug": {"name": "Unheard of"}}
}

test_names_of_different_drugs_state_none if {
	guidelines := {"xpovio": data.guidelines.xpovio, "other": data.guidelines.xpovio}
	found := [each |
		each := drugs.stated({"text": "Xpovio", "coding": [{"display": "other"}]}) with data.guidelines as guidelines
			with data.drugs as {"xpovio": {"guideline": "xpovio"}, "other": {"guideline": "other"}}
	]
	found == []
}

test_what_names_nothing_states_nothing[name] if {
	some name, concept in {"empty": {}, "null": null, "texts": {"text": 1, "coding": [{"display": 2}]}, "list": []}
	not _stated(concept)
}
