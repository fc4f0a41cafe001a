package priorauth.request_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.request

test_a_well_formed_request_has_no_errors[name] if {
	some name, document in {
		"initial": fixtures.initial,
		"renewal": fixtures.renewal,
		"nothing stated, initial": fixtures.empty_initial,
		"nothing stated, renewal": fixtures.empty_renewal,
		"everything stated": _full,
		"a drug that no guideline names": object.union(_full, {"drug": {"name": "aspirin"}}),
		"a day that no text governs": fixtures.initial_with({"service_date": "1990-01-01"}),
	}
	_errors(document) == []
}

# All at once, and one of each kind alone.
test_null_is_the_same_as_absent[name] if {
	some name, facts in {
		"facts": object.union({"request_id": null, "nccn": null, "documentation": null, "duration_months": null}, {section: {fact: null | some path, _ in data.facts; [section, fact] = split(path, ".")} | some section in _sections}),
		"sections": {section: null | some section in _sections},
		"what nobody declares": {"foo": null, "member": {"foo": null}, "drug": {"foo": null}},
		"properties of items": {"nccn": [{"source": "compendium", "category": "1", "foo": null}], "documentation": [{"reference": "a", "type": null, "date": null, "foo": null}]},
		"the guideline's own": {"clinical": {"disease_status": null}},
		"one list": {"nccn": null},
		"one fact": {"member": {"birth_date": null}},
	}
	_told(facts) == []
}

test_any_other_value_is_no_request[name] if {
	some name, value in {
		"null": null, "true": true, "false": false, "zero": 0, "empty text": "", "text": "xpovio",
		"empty list": [], "list": [{}], "list of requests": [fixtures.initial],
	}
	_errors(value)[0] == {"path": "", "message": "must be a JSON object, sent as the value of \"input\""}
	_id(value) == null
}

test_no_value_is_no_request if {
	request.errors == [{"path": "", "message": "must be a JSON object, sent as the value of \"input\""}]
	request.id == null
}

test_type_service_date_and_drug_name_are_required[name] if {
	some name, document in {
		"nothing": {},
		"null": {"type": null, "service_date": null, "drug": null},
		"drug empty": {"drug": {}},
		"drug name null": {"drug": {"name": null}},
	}
	_errors(document) == [
		{"path": "/drug/name", "message": "is required"},
		{"path": "/service_date", "message": "is required"},
		{"path": "/type", "message": "is required"},
	]
}

test_each_of_them_is_required[name] if {
	some name, facts in {"/type": {"type": null}, "/service_date": {"service_date": null}, "/drug/name": {"drug": {"name": null}}}
	_told(facts) == [{"path": name, "message": "is required"}]
}

test_source_category_and_reference_are_required_in_their_items if {
	_errors(fixtures.initial_with({"nccn": [{}], "documentation": [{"type": "lab"}, {"reference": null}]})) == [
		{"path": "/documentation/0/reference", "message": "is required"},
		{"path": "/documentation/1/reference", "message": "is required"},
		{"path": "/nccn/0/category", "message": "is required"},
		{"path": "/nccn/0/source", "message": "is required"},
	]
}

test_every_error_is_told_at_once_by_path if {
	_errors({
		"type": "Initial",
		"service_date": "2022-02-29",
		"drug": {"name": " "},
		"membr": {},
		"member": {"benefit": "dental", "birth_date": "2022-1-1"},
		"nccn": [{"source": "compendium", "category": 1}, null],
		"quantity": {"tablets": 0},
	}) == [
		{"path": "/drug/name", "message": _text},
		{"path": "/member/benefit", "message": "must be one of pharmacy or medical"},
		{"path": "/member/birth_date", "message": _date},
		{"path": "/membr", "message": _unknown},
		{"path": "/nccn/0/category", "message": "must be one of 1, 2A, 2B or 3"},
		{"path": "/nccn/1", "message": "must be an object"},
		{"path": "/quantity/tablets", "message": _whole},
		{"path": "/service_date", "message": _service_date},
		{"path": "/type", "message": "must be one of initial or renewal"},
	]
}

test_what_nobody_declares_is_an_error[name] if {
	some value in ["x", false, [], {}]
	name := json.marshal(value)
	_told({"foo": value, "nccn": [{"source": "compendium", "category": "1", "foo": value}], "member": {"foo": value}}) == [
	{"path": path, "message": _unknown} | some path in ["/foo", "/member/foo", "/nccn/0/foo"]]
}

test_what_nobody_declares_is_an_error_in_any_section if {
	_told({section: {"foo": 1} | some section in (_sections | {"drug"})}) == [{"path": concat("", ["/", section, "/foo"]), "message": _unknown} |
		some section in sort(_sections | {"drug"})
	]
}

test_what_nobody_declares_is_an_error_with_all_that_it_has[name] if {
	some name, facts in {"/foo": {"foo": {"a": 1}}, "/member/foo": {"member": {"foo": {"a": 1}}}, "/documentation/0/foo": {"documentation": [{"reference": "a", "foo": {"a": 1}}]}}
	name in {error.path | some error in _told(facts)}
}

# A name with a dot is no path.
test_a_name_with_a_dot_is_no_fact[name] if {
	some name, case in {
		"of a fact": [{"member.benefit": "pharmacy"}, "/member.benefit"],
		"of a list": [{"prescriber.taxonomies": ["207RH0003X"]}, "/prescriber.taxonomies"],
		"of a section": [{"a.b": {}}, "/a.b"],
		"in a section": [{"member": {"a.b": 1}}, "/member/a.b"],
		"of a fact of no section": [{"": {"type": "initial"}}, "/"],
	}
	case[1] in {error.path | some error in _told(case[0])}
}

test_a_path_is_a_json_pointer if {
	_errors(fixtures.initial_with({"a/b~c": 1, "": 1, "member": {"~1": 1}})) == [
		{"path": "/", "message": _unknown},
		{"path": "/a~1b~0c", "message": _unknown},
		{"path": "/member/~01", "message": _unknown},
	]
}

test_sections_are_objects[name] if {
	some value in [false, true, 0, "", "x", [], [{}]]
	name := json.marshal(value)
	_told({section: value | some section in (_sections | {"drug"})}) == [{"path": concat("", ["/", section]), "message": "must be an object"} |
		some section in sort(_sections | {"drug"})
	]
}

test_an_empty_section_is_the_same_as_none if {
	_told({section: {} | some section in _sections}) == []
}

test_lists_are_arrays[name] if {
	some value in [false, true, 0, "", "x"]
	name := json.marshal(value)
	_told({"nccn": value, "documentation": value, "prescriber": {"taxonomies": value}}) == [{"path": path, "message": "must be an array"} |
		some path in ["/documentation", "/nccn", "/prescriber/taxonomies"]
	]
}

test_a_list_may_be_empty if _told({"nccn": [], "documentation": [], "prescriber": {"taxonomies": []}}) == []

# Alone, because a request with no other error must not pass for well formed.
test_an_empty_object_is_no_fact[name] if {
	some name, message in {
		"request_id": "must be a string of 1 to 128 characters",
		"type": "must be one of initial or renewal",
		"service_date": _service_date,
		"nccn": "must be an array",
		"documentation": "must be an array",
		"duration_months": _whole,
		"foo": _unknown,
	}
	_errors(object.union(object.remove(fixtures.empty_initial, [name]), {name: {}})) == [{"path": concat("", ["/", name]), "message": message}]
}

test_items_of_lists_are_objects_and_not_null[name] if {
	some value in [null, false, 0, "", [], ["x"]]
	name := json.marshal(value)
	_told({"nccn": [value], "documentation": [value]}) == [{"path": path, "message": "must be an object"} | some path in ["/documentation/0", "/nccn/0"]]
}

test_taxonomies_are_codes if {
	wrong := ["207RH0003", "207RH00034", "207rh0003X", "207RH00033X", "207RH0003X\n", "", 1, null, true, [], {}]
	_told({"prescriber": {"taxonomies": array.concat(["207RH0003X"], wrong)}}) == [{
		"path": concat("/", ["/prescriber/taxonomies", place]),
		"message": "must match the pattern ^[0-9A-Z]{9}X$",
	} |
		some place in sort([$"{index + 1}" | some index, _ in wrong])
	]
}

# What facts can be, all of them stated at once.
test_facts_that_are_sound[name] if {
	some name, values in {
		"least": {
			"id": "x", "type": "initial", "on": "1990-01-01", "born": "1870-01-02", "day": "1870-01-01", "text": "0", "is": true, "count": 1,
			"number": 0.001, "benefit": "pharmacy", "formulary": "1", "npi": "0123456789", "taxonomies": ["207RH0003X"], "source": "guidelines",
			"category": "1", "status": "stringent_complete_response",
		},
		"most": {
			"id": _characters(128), "type": "renewal", "on": "2099-12-31", "born": "2099-12-31", "day": "2099-12-31", "text": _characters(500), "is": false,
			"count": 1000000000, "number": 1000000000, "benefit": "medical", "formulary": " OTHER ", "npi": "9999999999",
			"taxonomies": ["000000000X", "AAAAAAAAAX"], "source": "compendium", "category": "3", "status": "not_evaluable",
		},
		"otherwise written": {
			"id": "N/A", "type": "initial", "on": "2024-02-29", "born": "2024-02-29", "day": "2020-02-29", "text": " ü ", "is": true,
			"count": 28.0, "number": 1e2, "benefit": "pharmacy", "formulary": "3/Exclusive", "npi": "1234567890",
			"taxonomies": [], "source": "compendium", "category": "2A", "status": "stable_disease",
		},
	}
	_errors({
		"request_id": values.id,
		"type": values.type,
		"service_date": values.on,
		"drug": {"name": values.text, "strength_mg": values.number},
		"member": {
			"birth_date": values.born, "benefit": values.benefit, "formulary": values.formulary,
			"drug_on_formulary": values.is, "closed_formulary": values.is, "formulary_alternatives_tried": values.is,
		},
		"prescriber": {"npi": values.npi, "taxonomies": values.taxonomies},
		"diagnosis": {"icd10": values.text},
		"nccn": [{"source": values.source, "category": values.category}],
		"documentation": [{"reference": values.text, "type": values.text, "date": values.day}],
		"dose": {"mg_per_week": values.number, "times_per_week": values.count},
		"quantity": {"tablets": values.count, "days_supply": values.count},
		"duration_months": values.count,
		"prior_authorization": {"end_date": values.day},
		"clinical": {"unacceptable_toxicity": values.is, "disease_status": values.status},
	}) == []
}

test_days_that_do_not_exist[name] if {
	some name in ["2022-02-29", "9999-01-01", "1869-12-31", "20220101", "2022-1-1", ""]
	_told(_days(name)) == [{"path": path, "message": _date} | some path in _day_paths]
}

test_days_that_are_none[name] if {
	some value in [20220101, true, false, ["2022-01-01"], {}]
	name := json.marshal(value)
	_told(_days(value)) == [{"path": path, "message": _date} | some path in _day_paths]
}

_day_paths := ["/documentation/0/date", "/member/birth_date", "/prior_authorization/end_date"]

test_service_dates_that_are_not_sound[name] if {
	some value in ["2022-02-29", "1989-12-31", "2100-01-01", "20220101", "2022-01-01 ", "", 20220101, true, ["2022-01-01"], {}]
	name := json.marshal(value)
	_errors({"type": "initial", "drug": {"name": "Xpovio"}, "service_date": value}) == [{"path": "/service_date", "message": _service_date}]
}

test_texts_that_say_nothing[name] if {
	some value in ["", "\t\n\u000b\f\r ", "\u00a0", "N/A", " Tbd "]
	name := json.marshal(value)
	_told(_texts(value)) == [{"path": path, "message": _text} | some path in _text_paths]
}

test_texts_that_are_none[name] if {
	some value in [1, true, false, [], {}]
	name := json.marshal(value)
	_told(_texts(value)) == [{"path": path, "message": _text} | some path in _text_paths]
}

_text_paths := ["/diagnosis/icd10", "/documentation/0/reference", "/documentation/0/type", "/drug/name"]

test_booleans_that_are_not_sound[name] if {
	some value in ["true", "", 0, 1, [], {}]
	name := json.marshal(value)
	_told(_booleans(value)) == [{"path": path, "message": "must be true or false"} |
		some path in ["/clinical/unacceptable_toxicity", "/member/closed_formulary", "/member/drug_on_formulary", "/member/formulary_alternatives_tried"]
	]
}

test_counts_that_are_not_sound[name] if {
	some value in [0, -1, 1.5, 1000000001, "28", true, []]
	name := json.marshal(value)
	_told(_counts(value)) == [{"path": path, "message": _whole} |
		some path in ["/dose/times_per_week", "/duration_months", "/quantity/days_supply", "/quantity/tablets"]
	]
}

test_numbers_that_are_not_sound[name] if {
	some value in [0, -1, 1000000000.1, "160", true, {}]
	name := json.marshal(value)
	_told(_numbers(value)) == [{"path": path, "message": _number} | some path in ["/dose/mg_per_week", "/drug/strength_mg"]]
}

test_values_that_are_not_listed[name] if {
	some value in ["", "Pharmacy", "initial ", "unknown", 1, true, [], {}, ["initial"]]
	name := json.marshal(value)
	facts := {
		"type": value, "member": {"benefit": value}, "nccn": [{"source": value, "category": value}],
		"clinical": {"disease_status": value},
	}
	_told(facts) == [
		{
			"path": "/clinical/disease_status",
			"message": "must be one of stringent_complete_response, complete_response, very_good_partial_response, partial_response, minimal_response, stable_disease, progressive_disease or not_evaluable",
		},
		{"path": "/member/benefit", "message": "must be one of pharmacy or medical"},
		{"path": "/nccn/0/category", "message": "must be one of 1, 2A, 2B or 3"},
		{"path": "/nccn/0/source", "message": "must be one of guidelines or compendium"},
		{"path": "/type", "message": "must be one of initial or renewal"},
	]
}

test_request_ids_and_npis_that_are_not_sound[name] if {
	some value in ["", _characters(129), 1, true, [], {}]
	name := json.marshal(value)
	_told({"request_id": value, "prescriber": {"npi": value}}) == [
		{"path": "/prescriber/npi", "message": "must match the pattern ^[0-9]{10}$"},
		{"path": "/request_id", "message": "must be a string of 1 to 128 characters"},
	]
}

test_npis_that_are_not_sound[name] if {
	some name in ["012345678", "01234567890", "012345678x", "0123456789\n", " 0123456789"]
	_told({"prescriber": {"npi": name}}) == [{"path": "/prescriber/npi", "message": "must match the pattern ^[0-9]{10}$"}]
}

# One error alone is an error: what is quick to find well formed misses none.
test_one_error_alone[name] if {
	some name, facts in {
		"/type": {"type": "appeal"}, "/request_id": {"request_id": ""}, "/duration_months": {"duration_months": 0},
		"/member/birth_date": {"member": {"birth_date": "2022-02-29"}}, "/member/benefit": {"member": {"benefit": "dental"}},
		"/member/drug_on_formulary": {"member": {"drug_on_formulary": "true"}}, "/drug/name": {"drug": {"name": "N/A"}},
		"/drug/strength_mg": {"drug": {"strength_mg": 0}}, "/prescriber/npi": {"prescriber": {"npi": "1"}},
		"/prescriber/taxonomies/0": {"prescriber": {"taxonomies": ["x"]}}, "/nccn/0/category": {"nccn": [{"source": "compendium", "category": "2"}]},
	}
	[error.path | some error in _told(facts)] == [name]
}

test_another_error_alone[name] if {
	some name, facts in {
		"/documentation/0/reference": {"documentation": [{"reference": ""}]}, "/documentation/0/date": {"documentation": [{"reference": "a", "date": "x"}]},
		"/documentation/0": {"documentation": [null]}, "/nccn/0": {"nccn": ["2A"]}, "/foo": {"foo": 1}, "/member/foo": {"member": {"foo": 1}},
		"/member": {"member": []}, "/member.benefit": {"member.benefit": "pharmacy"}, "/clinical/disease_status": {"clinical": {"disease_status": "unknown"}},
		"/quantity/tablets": {"quantity": {"tablets": 1.5}}, "/diagnosis/icd10": {"diagnosis": {"icd10": " "}},
	}
	[error.path | some error in _told(facts)] == [name]
}

test_one_error_of_another_type_alone[name] if {
	sound := {"source": "compendium", "category": "2A"}
	some name, case in {
		"false, not declared": [{"foo": false}, "/foo"],
		"false, not declared in a section": [{"member": {"foo": false}}, "/member/foo"],
		"a day where one of a list belongs": [{"type": "2022-01-01"}, "/type"],
		"an empty text for a list": [{"nccn": ""}, "/nccn"],
		"an empty text for a list in a section": [{"prescriber": {"taxonomies": ""}}, "/prescriber/taxonomies"],
		"a section for a fact": [{"request_id": {"foo": "x"}}, "/request_id"],
		"a section for a list": [{"nccn": {"foo": [sound]}}, "/nccn"],
		"a list in a section of another name": [{"member": {"nccn": [sound]}}, "/member/nccn"],
		"a fact in a section of another name": [{"member": {"type": "initial"}}, "/member/type"],
	}
	[error.path | some error in _told(case[0])] == [case[1]]
}

test_a_formulary_is_one_of_the_plan[name] if {
	plans := "must be one of the plan's formularies: 1, 2, 3, 4, other"
	some value, message in {
		"5": plans, "Formulary 9": plans, "gold": plans, "": _text, " ": _text, "N/A": _text, "unknown": _text,
		1: _text, true: _text,
	}
	name := json.marshal(value)
	_told({"member": {"formulary": value}}) == [{"path": "/member/formulary", "message": message}]
}

test_a_plan_may_name_more_formularies if {
	named := object.union(data.plan.formularies, {"gold": "gold"})
	errors := request.errors with input as fixtures.initial_with({"member": {"formulary": "Gold"}}) with data.plan.formularies as named
	errors == []
}

test_a_member_is_born_within_120_years[name] if {
	some name, case in {
		"on the service date": ["2022-11-01", []],
		"the day after it": ["2022-11-02", ["must not be after the service date"]],
		"not 120 years before": ["1902-11-02", []],
		"120 years before": ["1902-11-01", ["must not be 120 years or more before the service date"]],
	}
	_told({"member": {"birth_date": case[0]}}) == [{"path": "/member/birth_date", "message": message} | some message in case[1]]
}

test_a_birth_date_is_compared_with_days_only if {
	_errors(object.union(fixtures.empty_initial, {"service_date": "2022-02-29", "member": {"birth_date": "2023-01-01"}})) == [{"path": "/service_date", "message": _service_date}]
	_errors(object.union(fixtures.empty_initial, {"service_date": "2022-02-28", "member": {"birth_date": "2023-02-29"}})) == [{"path": "/member/birth_date", "message": _date}]
}

test_a_request_id_is_echoed_when_it_can_be[name] if {
	some name, case in {
		"short": ["x", "x"], "longest": [_characters(128), _characters(128)], "a placeholder": ["N/A", "N/A"],
		"empty": ["", null], "too long": [_characters(129), null], "number": [1, null], "null": [null, null], "true": [true, null], "object": [{}, null],
	}
	_id({"request_id": case[0]}) == case[1]
}

test_a_request_without_an_id_has_none if _id(fixtures.empty_initial) == null

# Facts of the guideline's own, and of others.
test_a_fact_of_another_guideline_may_be_stated[name] if {
	other := {"other": {"2020-01-01": {"facts": {"lab.ldl": {"type": "number", "minimum": 0}, "lab.tests": {"type": "array", "items": {"type": "string"}}}}}}
	guidelines := object.union(fixtures.xpovio, other)
	some name, case in {
		"sound": [{"lab": {"ldl": 0}}, []],
		"a list": [{"lab": {"tests": ["a"]}}, []],
		"null": [{"lab": {"ldl": null}}, []],
		"section empty": [{"lab": {}}, []],
		"out of range": [{"lab": {"ldl": -1}}, [{"path": "/lab/ldl", "message": "must be a number of at least 0"}]],
		"another type": [{"lab": {"ldl": "1"}}, [{"path": "/lab/ldl", "message": "must be a number of at least 0"}]],
		"an item of another type": [{"lab": {"tests": ["a", 1]}}, [{"path": "/lab/tests/1", "message": _text}]],
		"an item that is an object": [{"lab": {"tests": [{}]}}, [{"path": "/lab/tests/0", "message": _text}]],
		"not declared": [{"lab": {"hdl": 1}}, [{"path": "/lab/hdl", "message": _unknown}]],
		"no section": [{"lab": 1}, [{"path": "/lab", "message": _unknown}]],
	}
	errors := request.errors with input as object.union(fixtures.empty_initial, case[0]) with data.guidelines as guidelines
	errors == case[1]
}

test_items_of_which_nothing_is_required[name] if {
	drug := {"type": "object", "properties": {"name": {"type": "string"}, "state": {"type": "string", "enum": ["current"]}}}
	guidelines := fixtures.xpovio_with({"facts": {"sample.drugs": {"type": "array", "items": drug}}})
	some name, case in {
		"sound": [{"name": "a", "state": "current"}, []],
		"null in it": [{"name": null, "state": "current"}, []],
		"nothing in it": [{}, []],
		"a text": ["a", [{"path": "/sample/drugs/0", "message": "must be an object"}]],
		"null": [null, [{"path": "/sample/drugs/0", "message": "must be an object"}]],
		"not the one value": [{"state": "former"}, [{"path": "/sample/drugs/0/state", "message": "must be current"}]],
		"not declared": [{"dose": 1}, [{"path": "/sample/drugs/0/dose", "message": _unknown}]],
	}
	errors := request.errors with input as object.union(fixtures.empty_initial, {"sample": {"drugs": [case[0]]}})
		with data.guidelines as guidelines
	errors == case[1]
}

test_too_many_errors_are_one if {
	_many(3) == [{"path": $"/nccn/{position}", "message": "must be an object"} | some position in [0, 1, 2]]
	_many(4) == [{"path": "", "message": "has more than 3 errors, too many to list"}]
}

test_1000_errors_are_not_too_many if request._most == 1000

_text := "must be a meaningful text: not blank, and not a placeholder such as N/A"

_unknown := "is not a fact that any guideline on file declares; see the request schema"

_whole := "must be a whole number of at least 1 and at most 1000000000"

_number := "must be a number above 0 and at most 1000000000"

_date := "must be a real date, written YYYY-MM-DD, from 1870 to 2099"

_service_date := "must be a real date, written YYYY-MM-DD, from 1990 to 2099"

_sections := {"member", "prescriber", "diagnosis", "dose", "quantity", "prior_authorization", "clinical"}

_days(value) := {"member": {"birth_date": value}, "documentation": [{"reference": "a", "date": value}], "prior_authorization": {"end_date": value}}

_texts(value) := {"drug": {"name": value}, "diagnosis": {"icd10": value}, "documentation": [{"reference": value, "type": value}]}

_booleans(value) := {
	"member": {"drug_on_formulary": value, "closed_formulary": value, "formulary_alternatives_tried": value},
	"clinical": {"unacceptable_toxicity": value},
}

_counts(value) := {"dose": {"times_per_week": value}, "quantity": {"tablets": value, "days_supply": value}, "duration_months": value}

_numbers(value) := {"dose": {"mg_per_week": value}, "drug": {"strength_mg": value}}

# A request that states every fact.
_full := {
	"request_id": "full",
	"type": "initial",
	"service_date": "2022-11-01",
	"drug": {"name": "Xpovio", "strength_mg": 20},
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

test_the_full_request_states_every_fact if {
	stated := {concat(".", path) | walk(_full, [path, value]); path != []; not is_object(value); count(path) < 3; every step in path { is_string(step) }}
	stated == object.keys(data.facts) | object.keys(fixtures.xpovio.xpovio["2022-10-03"].facts)
}

_errors(document) := errors if {
	errors := request.errors with input as document
}

_id(document) := id if {
	id := request.id with input as document
}

# What is told of a request that states little else.
_told(facts) := _errors(object.union(fixtures.empty_initial, facts))

_characters(number) := concat("", ["é" | some _ in numbers.range(1, number)])

_many(number) := errors if {
	facts := object.union(fixtures.empty_initial, {"nccn": [1 | some _ in numbers.range(1, number)]})
	errors := request.errors with input as facts with data.priorauth.request._most as 3
}
