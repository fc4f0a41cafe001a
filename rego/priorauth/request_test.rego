package priorauth.request_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.request

test_a_well_formed_request_has_no_errors if {
	every document in [fixtures.initial, fixtures.renewal, fixtures.empty_initial, _full] {
		_errors(document) == []
	}
}

test_null_is_the_same_as_absent_also_for_an_unknown_property if {
	_errors(json.patch(_full, [{"op": "add", "path": path, "value": null} |
		some path in [
			"/request_id", "/member", "/prescriber/npi", "/prescriber/taxonomies", "/diagnosis/icd10", "/nccn/0/foo",
			"/documentation/0/type", "/documentation/0/date", "/documentation/0/foo", "/dose", "/quantity/tablets",
			"/duration_months", "/prior_authorization/end_date", "/clinical", "/foo", "/drug/foo",
		]
	])) == []
	_told("/nccn", null) == []
	_told("/documentation", null) == []
}

test_any_other_value_is_no_request if {
	every value in [null, true, false, 0, "", "xpovio", [], [{}], [fixtures.initial]] {
		_errors(value) == [{"path": "", "message": "must be a JSON object, sent as the value of \"input\""}]
		request.id == null with input as value
	}
}

test_no_value_is_no_request if {
	request.errors == [{"path": "", "message": "must be a JSON object, sent as the value of \"input\""}]
	request.id == null
}

test_type_service_date_and_drug_name_are_required if {
	required := [
		{"path": "/drug/name", "message": "is required"},
		{"path": "/service_date", "message": "is required"},
		{"path": "/type", "message": "is required"},
	]
	every document in [
		{},
		{"type": null, "service_date": null, "drug": null},
		{"drug": {}},
		{"drug": {"name": null}},
	] {
		_errors(document) == required
	}
}

test_source_category_and_reference_are_required_in_their_items if {
	_errors(fixtures.initial_with({"nccn": [{}], "documentation": [{"type": "lab"}, {"reference": null}]})) == [
		{"path": "/documentation/0/reference", "message": "is required"},
		{"path": "/documentation/1/reference", "message": "is required"},
		{"path": "/nccn/0/category", "message": "is required"},
		{"path": "/nccn/0/source", "message": "is required"},
	]
}

test_every_fault_is_told_at_once_by_path if {
	_errors({
		"type": "Initial",
		"service_date": "2022-02-29",
		"drug": {"name": " "},
		"membr": {},
		"member": {"benefit": "dental", "birth_date": "2022-1-1"},
		"nccn": [{"source": "compendium", "category": 1}, null],
		"quantity": {"tablets": 0},
	}) == [
		{"path": "/drug/name", "message": "must be a string that is not blank"},
		{"path": "/member/benefit", "message": "must be pharmacy or medical"},
		{"path": "/member/birth_date", "message": _date},
		{"path": "/membr", "message": "is not a property that a request has here; see the request schema"},
		{"path": "/nccn/0/category", "message": `must be one of the strings "1", "2A", "2B" and "3"`},
		{"path": "/nccn/1", "message": "must be an object"},
		{"path": "/quantity/tablets", "message": "must be a whole number from 1 to 1000000000"},
		{"path": "/service_date", "message": _date},
		{"path": "/type", "message": "must be initial or renewal"},
	]
}

test_an_unknown_property_is_an_error_wherever_it_is if {
	unknown := "is not a property that a request has here; see the request schema"
	every path in [
		"/foo", "/drug/foo", "/member/foo", "/prescriber/foo", "/diagnosis/foo", "/nccn/0/foo", "/documentation/0/foo",
		"/dose/foo", "/quantity/foo", "/prior_authorization/foo", "/clinical/foo",
	] {
		_told(path, "x") == [{"path": path, "message": unknown}]
	}
}

test_a_path_is_a_json_pointer if {
	unknown := "is not a property that a request has here; see the request schema"
	_errors(fixtures.initial_with({"a/b~c": 1, "": 1, "member": {"~1": 1}})) == [
		{"path": "/", "message": unknown},
		{"path": "/a~1b~0c", "message": unknown},
		{"path": "/member/~01", "message": unknown},
	]
}

test_sections_are_objects if {
	every section in ["drug", "member", "prescriber", "diagnosis", "dose", "quantity", "prior_authorization", "clinical"] {
		path := concat("", ["/", section])
		every value in [false, 0, "", []] {
			_told(path, value) == [{"path": path, "message": "must be an object"}]
		}
	}
}

test_an_empty_section_is_the_same_as_none if {
	every section in ["member", "prescriber", "diagnosis", "dose", "quantity", "prior_authorization", "clinical"] {
		_told(concat("", ["/", section]), {}) == []
	}
}

test_lists_are_arrays if {
	every path in ["/nccn", "/documentation", "/prescriber/taxonomies"] {
		every value in [false, 0, "", {}, {"0": {}}] {
			_told(path, value) == [{"path": path, "message": "must be an array"}]
		}
		_told(path, []) == []
	}
}

test_items_of_lists_are_objects_and_not_null if {
	every list in ["/nccn", "/documentation"] {
		every value in [null, false, 0, "", []] {
			_told(list, [value]) == [{"path": concat("", [list, "/0"]), "message": "must be an object"}]
		}
	}
}

test_dates_exist if {
	every path in ["/service_date", "/member/birth_date", "/documentation/0/date", "/prior_authorization/end_date"] {
		every value in ["2022-02-29", "2022-13-01", "9999-01-01", "0000-01-01", "20220101", "", 20220101, true, ["2022-01-01"], {}] {
			_told(path, value) == [{"path": path, "message": _date}]
		}
	}
	_told("/member/birth_date", "0001-01-01") == []
	_told("/prior_authorization/end_date", "9998-12-31") == []
	_told("/documentation/0/date", "2024-02-29") == []
	_told("/service_date", "9998-12-31") == []
}

test_a_member_is_born_by_the_service_date if {
	_told("/member/birth_date", "2022-11-01") == []
	_told("/member/birth_date", "2022-11-02") == [{"path": "/member/birth_date", "message": "must not be after the service date"}]
}

test_a_birth_date_is_compared_with_dates_only if {
	_errors(object.union(_full, {"service_date": "2022-02-29", "member": {"birth_date": "2023-01-01"}})) == [{"path": "/service_date", "message": _date}]
	_errors(object.union(_full, {"service_date": "2022-02-28", "member": {"birth_date": "2023-02-29"}})) == [{"path": "/member/birth_date", "message": _date}]
}

test_a_request_id_has_1_to_128_characters if {
	_judge("/request_id", "must be a string of 1 to 128 characters", ["x", "😀", " ", _characters(128)], ["", _characters(129), 1, true, [], {}])
}

test_text_is_not_blank if {
	every path in ["/drug/name", "/member/formulary", "/diagnosis/icd10", "/documentation/0/reference", "/documentation/0/type"] {
		_judge(path, "must be a string that is not blank", ["x", " x ", "1", "\u00a0"], ["", " ", "\t\n\u000b\f\r ", 1, true, [], {}])
	}
}

test_an_npi_has_10_digits if {
	_judge("/prescriber/npi", "must be a string of 10 digits", ["0123456789"], ["012345678", "01234567890", "012345678x", "0123456789\n", "", 1234567890, true, [], {}])
}

test_taxonomies_are_codes if {
	every value in ["207RH0003X", "000000000X", "AAAAAAAAAX"] {
		_told("/prescriber/taxonomies", [value]) == []
	}
	every value in ["207RH0003", "207RH00034", "207rh0003X", "207RH00033X", "207RH0003X\n", "", 1, null, true, [], {}] {
		_told("/prescriber/taxonomies", ["207RH0003X", value]) == [{
			"path": "/prescriber/taxonomies/1",
			"message": "must be a NUCC taxonomy code: a string of 10 digits and capital letters that ends in X",
		}]
	}
}

test_types_are_initial_and_renewal if {
	_judge("/type", "must be initial or renewal", ["initial", "renewal"], ["", "Initial", "appeal", 1, true, [], {}])
}

test_benefits_are_pharmacy_and_medical if {
	_judge("/member/benefit", "must be pharmacy or medical", ["pharmacy", "medical"], ["", "Pharmacy", 1, true, [], {}])
}

test_sources_are_guidelines_and_compendium if {
	_judge("/nccn/0/source", "must be guidelines or compendium", ["guidelines", "compendium"], ["", "NCCN", 1, true, [], {}])
}

test_categories_are_strings if {
	_judge("/nccn/0/category", `must be one of the strings "1", "2A", "2B" and "3"`, ["1", "2A", "2B", "3"], ["", "2", "2a", 1, 3, true, [], {}])
}

test_disease_statuses_are_imwg_response_categories if {
	count(request.disease_statuses) == 8
	_judge(
		"/clinical/disease_status",
		"must be stringent_complete_response, complete_response, very_good_partial_response, partial_response, minimal_response, stable_disease, progressive_disease or not_evaluable",
		request.disease_statuses,
		["", "unknown", "Stable_disease", 1, true, [], {}],
	)
}

test_booleans_are_no_other_values if {
	every path in [
		"/member/drug_on_formulary",
		"/member/closed_formulary",
		"/member/formulary_alternatives_tried",
		"/clinical/unacceptable_toxicity",
	] {
		_judge(path, "must be true or false", [true, false], ["true", "", 0, 1, [], {}])
	}
}

test_a_weekly_dose_is_above_0 if {
	_judge("/dose/mg_per_week", "must be a number above 0, at most 1000000000", [0.001, 99.5, 160, 1000000000], [0, -1, 1000000000.1, "160", true, [], {}])
}

test_counts_are_whole_numbers if {
	every path in ["/dose/times_per_week", "/quantity/tablets", "/quantity/days_supply", "/duration_months"] {
		_judge(path, "must be a whole number from 1 to 1000000000", [1, 28, 28.0, 2.8e1, 1000000000], [0, -1, 0.5, 1.5, 1000000001, "28", true, [], {}])
	}
}

test_a_request_id_is_echoed_when_it_can_be if {
	ids := [id | some value in ["x", _characters(128), "", _characters(129), 1, null, true, {}]; id := _id(value)]
	ids == ["x", _characters(128), null, null, null, null, null, null]
	request.id == null with input as fixtures.empty_initial
}

test_facts_are_all_that_a_guideline_may_ask_for if {
	request.facts == {
		"/request_id", "/type", "/service_date", "/drug/name",
		"/member/birth_date", "/member/benefit", "/member/formulary", "/member/drug_on_formulary",
		"/member/closed_formulary", "/member/formulary_alternatives_tried",
		"/prescriber/npi", "/prescriber/taxonomies", "/diagnosis/icd10", "/nccn", "/documentation",
		"/dose/mg_per_week", "/dose/times_per_week", "/quantity/tablets", "/quantity/days_supply",
		"/duration_months", "/prior_authorization/end_date", "/clinical/disease_status", "/clinical/unacceptable_toxicity",
	}
}

_date := "must be a date that exists, written YYYY-MM-DD, from 0001-01-01 to 9998-12-31"

# A request that states every fact.
_full := {
	"request_id": "full",
	"type": "initial",
	"service_date": "2022-11-01",
	"drug": {"name": "Xpovio"},
	"member": {
		"birth_date": "1956-04-12",
		"benefit": "pharmacy",
		"formulary": "2",
		"drug_on_formulary": true,
		"closed_formulary": false,
		"formulary_alternatives_tried": false,
	},
	"prescriber": {"npi": "1234567890", "taxonomies": ["207RH0003X"]},
	"diagnosis": {"icd10": "C90.00"},
	"nccn": [{"source": "compendium", "category": "2A"}],
	"documentation": [{"reference": "chart-note-17", "type": "chart note", "date": "2022-10-20"}],
	"dose": {"mg_per_week": 100, "times_per_week": 1},
	"quantity": {"tablets": 20, "days_supply": 28},
	"duration_months": 6,
	"prior_authorization": {"end_date": "2022-10-31"},
	"clinical": {"disease_status": "stable_disease", "unacceptable_toxicity": false},
}

_errors(document) := errors if {
	errors := request.errors with input as document
}

_id(value) := id if {
	id := request.id with input as {"request_id": value}
}

# What is told of the full request with one value changed.
_told(path, value) := _errors(json.patch(_full, [{"op": "add", "path": path, "value": value}]))

_judge(path, message, sound, broken) if {
	every value in sound {
		_told(path, value) == []
	}
	every value in broken {
		_told(path, value) == [{"path": path, "message": message}]
	}
}

_characters(number) := concat("", ["é" | some _ in numbers.range(1, number)])

test_too_many_faults_are_one if {
	_many(1000) == [{"path": $"/nccn/{position}", "message": "must be an object"} |
		some position in sort([$"{number}" | some number in numbers.range(0, 999)])
	]
	_many(1001) == [{"path": "", "message": "has more than 1000 faults, too many to list"}]
}

_many(number) := errors if {
	errors := request.errors with input as fixtures.initial_with({"nccn": [1 | some _ in numbers.range(1, number)]})
}
