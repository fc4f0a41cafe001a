package priorauth.fhir.facts_test

import data.priorauth.fhir.facts

_part := {
	"type": "initial",
	"nccn": [],
	"duration_months": null,
	"member": {"benefit": "pharmacy", "formulary": null, "drug_on_formulary": false},
	"dose": {},
}

_flat := {"type": "initial", "nccn": [], "member.benefit": "pharmacy", "member.drug_on_formulary": false}

test_flat_has_what_is_stated_by_path if {
	facts.flat(_part) == _flat
	facts.flat({}) == {}
}

test_nested_is_the_way_back if {
	facts.nested(_flat) == {
		"type": "initial",
		"nccn": [],
		"member": {"benefit": "pharmacy", "drug_on_formulary": false},
	}
	facts.nested({}) == {}
}

test_known_is_what_is_stated if {
	facts.known(_part, "type") == "initial"
	facts.known(_part, "member.drug_on_formulary") == false
	every path in ["duration_months", "member.formulary", "member.birth_date", "dose.mg_per_week", "clinical.toxicity", "type.x"] {
		facts.known(_part, path) == null
	}
}

test_merged_has_what_each_says_and_lists_add_up if {
	facts.merged({"a": 1, "s": {"list": [{"x": 1}, {"x": 2}], "alone": ["p", "p"]}}, [
		{"b": 2, "s.list": [{"x": 2}, {"x": 3}], "s.new": ["q"]},
		{"s.list": [{"x": 4}, {"x": 1}], "s.new": ["r"]},
	]) == {
		"a": 1, "b": 2,
		"s": {"list": [{"x": 1}, {"x": 2}, {"x": 3}, {"x": 4}], "alone": ["p", "p"], "new": ["q", "r"]},
	}
	facts.merged({"a": 1}, []) == {"a": 1}
	facts.merged({}, [{"a": []}]) == {"a": []}
}

test_contradicted_is_what_is_said_differently if {
	facts.contradicted({"a": 1, "s": {"b": 2, "c": [1]}}, [{"a": 1, "s.b": 3, "s.c": [2]}]) == {"s.b"}
	facts.contradicted({}, [{"a": false}, {"a": true}, {}]) == {"a"}
	facts.contradicted({"a": null}, [{"a": 1}]) == set()
	facts.contradicted({"a": 1}, [{"b": 1}]) == set()
	facts.contradicted({"a": 1}, []) == set()
}

test_none_contradicts_some if {
	facts.contradicted({"a": []}, [{"a": ["x"]}]) == {"a"}
	facts.contradicted({"a": ["x"]}, [{"a": []}]) == {"a"}
	facts.contradicted({"a": []}, [{"a": []}]) == set()
}

test_a_list_contradicts_what_is_none if {
	facts.contradicted({"a": ["x"]}, [{"a": "x"}]) == {"a"}
	facts.contradicted({"a": "x"}, [{"a": ["x"]}]) == {"a"}
}
