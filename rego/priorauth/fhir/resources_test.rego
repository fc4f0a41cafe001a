package priorauth.fhir.resources_test

import data.priorauth.fhir.resources

_one := {"resourceType": "Patient", "id": "1"}

_two := {"resourceType": "Patient", "id": "2"}

# An id is a text.
_three := {"resourceType": "Patient", "id": 3}

test_entries_are_those_of_a_bundle_or_the_resource_itself if {
	resources.entries({"resourceType": "Bundle", "entry": [{"resource": _one}, {"fullUrl": "urn:uuid:2", "resource": _two}]}) == [
		{"resource": _one},
		{"fullUrl": "urn:uuid:2", "resource": _two},
	]
	resources.entries(_one) == [{"resource": _one}]
}

test_what_is_no_resource_has_no_entries[name] if {
	some name, value in {
		"null": null,
		"a text": "Patient/1",
		"an object": {"id": "1"},
		"a number for a type": {"resourceType": 1},
		"a bundle of nothing": {"resourceType": "Bundle"},
		"a bundle whose entry is no list": {"resourceType": "Bundle", "entry": {"resource": _one}},
		"a bundle of what is no resource": {"resourceType": "Bundle", "entry": [{"resource": {}}, {}, null, "x"]},
	}
	resources.entries(value) == []
}

_held := resources.held(
	[
		{"resource": _one},
		{"fullUrl": "urn:uuid:2", "resource": _two},
		{"resource": {"resourceType": "Patient"}},
		{"fullUrl": "urn:uuid:3", "resource": _three},
		{"fullUrl": 4, "resource": _three},
	],
	"https://ehr.example/fhir/",
)

test_held_resources_are_found_by_type_and_id_and_by_url if {
	_held == {
		"all": [_one, _two, {"resourceType": "Patient"}, _three, _three],
		"found": {"Patient/1": [_one], "Patient/2": [_two], "urn:uuid:2": [_two], "urn:uuid:3": [_three]},
		"base": "https://ehr.example/fhir/",
	}
	resources.held([], null) == {"all": [], "found": {}, "base": ""}
	resources.held([], "https://ehr.example/fhir").base == "https://ehr.example/fhir/"
	resources.held([], "https://ehr.example/~").base == "https://ehr.example/~/"
}

test_of_two_with_one_id_neither_is_mixed_with_the_other if {
	held := resources.held([{"resource": object.union(_one, {"a": 1})}, {"resource": object.union(_one, {"b": 2})}], null)
	resources.resolved({"reference": "Patient/1"}, {}, held) == object.union(_one, {"b": 2})
}

_beside := {"contained": [{"resourceType": "Medication", "id": "m"}, {"resourceType": "Medication", "id": "m2"}]}

_found := {"resourceType": "Medication", "id": "m"}

test_references_are_resolved[literal] if {
	some literal, resource in {
		"Patient/1": _one,
		"https://ehr.example/fhir/Patient/1": _one,
		"Patient/1/_history/3": _one,
		"urn:uuid:2": _two,
		"#m": _found,
	}
	resources.resolved({"reference": literal}, _beside, _held) == resource
}

test_references_to_what_is_not_there_are_not_resolved[literal] if {
	some literal in ["Patient/3", "https://other.example/fhir/Patient/1", "#n", "#", "xm", "", "Patient", 1, null, ["Patient/1"]]
	not resources.resolved({"reference": literal}, _beside, _held)
}

test_no_reference_is_not_resolved[name] if {
	some name, reference in {"null": null, "text": "Patient/1", "empty": {}, "list": [{"reference": "Patient/1"}]}
	not resources.resolved(reference, _beside, _held)
}

test_what_is_contained_without_an_id_is_not_found if {
	not resources.resolved({"reference": "#<undefined>"}, {"contained": [{"resourceType": "Patient"}]}, _held)
}

test_identity_is_what_is_pointed_to_whether_it_is_there_or_not if {
	resources.identity({"reference": "https://ehr.example/fhir/Patient/1"}, {}, _held) == "Patient/1"
	resources.identity({"reference": "urn:uuid:2"}, {}, _held) == "Patient/2"
	resources.identity({"reference": "urn:uuid:3"}, {}, _held) == "urn:uuid:3"
	resources.identity({"reference": "https://ehr.example/fhir/Patient/9/_history/1"}, {}, _held) == "Patient/9"
	not resources.identity({}, {}, _held)
}

test_codes_are_those_of_a_system if {
	concepts := [
		{"coding": [{"system": "a", "code": "1"}, {"system": "b", "code": "2"}]},
		{"coding": [{"system": "a", "code": "3"}, {"code": "4"}, {"system": "a"}, {"system": "a", "code": 5}, null]},
		{"coding": {"system": "a", "code": "6"}},
		{"text": "a"},
		null,
	]
	resources.codes(concepts, "a") == ["1", "3"]
	resources.codes(concepts, "b") == ["2"]
	resources.codings([{"coding": [{"system": 1, "code": "1"}, {"system": "a", "code": "2"}]}]) == [{"system": "a", "code": "2"}]
}

test_identifiers_are_those_of_a_system if {
	element := {"identifier": [{"system": "a", "value": "1"}, {"system": "b", "value": "2"}, {"system": "a", "value": 3}, {"system": "a"}]}
	resources.identifiers(element, "a") == ["1"]
	resources.identifiers({"identifier": {"system": "a", "value": "1"}}, "a") == []
	resources.identifiers({}, "a") == []
}

_unit := {"system": "s", "code": "c"}

test_a_quantity_is_in_its_unit_exactly if {
	resources.quantity({"value": 0.5, "system": "s", "code": "c", "unit": "anything"}, _unit) == 0.5
	every element in [
		{"value": 1, "system": "s", "code": "d"},
		{"value": 1, "system": "t", "code": "c"},
		{"value": 1, "unit": "c"},
		{"value": 1, "system": "s", "code": "c", "comparator": "<"},
		{"value": "1", "system": "s", "code": "c"},
		{"system": "s", "code": "c"},
		null,
		[],
	] {
		not resources.quantity(element, _unit)
	}
}

test_lists_and_texts_are_no_others if {
	resources.listed([]) == []
	resources.text("") == ""
	every value in [null, {}, 1, true, {1}] {
		not resources.listed(value)
		not resources.text(value)
	}
	not resources.listed("")
	not resources.text([])
}
