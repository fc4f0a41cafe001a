# III. Policy.
package priorauth.guidelines.xpovio.policy_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.policy

# III.1, Reading 3.
test_age_18_on_the_service_date_is_met if {
	policy.age == _age("met", 18) with input as fixtures.initial_with({"member": {"birth_date": "2004-11-01"}})
}

test_age_17_on_the_service_date_is_not_met if {
	policy.age == _age("not_met", 17) with input as fixtures.initial_with({"member": {"birth_date": "2004-11-02"}})
}

test_age_is_met_on_1_march_for_who_is_born_on_29_february if {
	born := fixtures.initial_with({"member": {"birth_date": "2004-02-29"}})
	policy.age == _age("not_met", 17) with input as object.union(born, {"service_date": "2022-02-28"})
	policy.age == _age("met", 18) with input as object.union(born, {"service_date": "2022-03-01"})
}

test_age_of_a_newborn_is_not_met if {
	policy.age == _age("not_met", 0) with input as fixtures.initial_with({"member": {"birth_date": "2022-11-01"}})
}

test_age_is_unknown_without_a_birth_date if {
	every request in [fixtures.initial_with({"member": {"birth_date": null}}), fixtures.empty_initial] {
		policy.age == _age("unknown", null) with input as request
	}
}

# III.2, Reading 4.
test_a_hematologist_or_oncologist_is_met if {
	every taxonomy in _specialties {
		policy.prescriber == _prescriber("met", [taxonomy]) with input as fixtures.initial_with({"prescriber": {"taxonomies": [taxonomy]}})
	}
}

test_one_such_specialty_among_others_is_met if {
	taxonomies := ["207R00000X", "2085R0001X"]
	policy.prescriber == _prescriber("met", taxonomies) with input as fixtures.initial_with({"prescriber": {"taxonomies": taxonomies}})
}

test_other_specialties_are_not_met if {
	taxonomies := ["207R00000X", "208D00000X"]
	policy.prescriber == _prescriber("not_met", taxonomies) with input as fixtures.initial_with({"prescriber": {"taxonomies": taxonomies}})
}

test_prescriber_is_unknown_without_a_specialty if {
	every request in [
		fixtures.initial_with({"prescriber": {"taxonomies": []}}),
		fixtures.initial_with({"prescriber": {"taxonomies": null, "npi": "1234567890"}}),
		fixtures.empty_initial,
	] {
		policy.prescriber == _prescriber("unknown", null) with input as request
	}
}

test_a_plan_may_narrow_the_specialties if {
	policy.prescriber.status == "not_met" with input as fixtures.initial
		with data.guidelines as fixtures.replaced("/sections/policy/criteria/prescriber/taxonomies", {"207RX0202X": "Medical Oncology"})
}

# III.3.
test_categories_1_and_2a_are_met if {
	every category in ["1", "2A"] {
		every source in ["guidelines", "compendium"] {
			policy.nccn == _nccn("met", [category]) with input as fixtures.initial_with({"nccn": [{"source": source, "category": category}]})
		}
	}
}

test_one_such_recommendation_among_others_is_met if {
	policy.nccn == _nccn("met", ["3", "2B", "1"]) with input as fixtures.initial_with({"nccn": [
		{"source": "guidelines", "category": "3"},
		{"source": "guidelines", "category": "2B"},
		{"source": "compendium", "category": "1"},
	]})
}

test_categories_2b_and_3_are_not_met if {
	every categories in [["2B"], ["3"], ["3", "2B"]] {
		policy.nccn == _nccn("not_met", categories) with input as fixtures.initial_with({"nccn": [recommendation |
			some category in categories
			recommendation := {"source": "guidelines", "category": category}
		]})
	}
}

test_nccn_is_unknown_without_a_recommendation if {
	every request in [
		fixtures.initial_with({"nccn": []}),
		fixtures.initial_with({"nccn": null}),
		fixtures.empty_initial,
	] {
		policy.nccn == _nccn("unknown", null) with input as request
	}
}

test_there_are_no_faults if {
	policy.faults == set() with input as fixtures.initial
}

test_a_minimum_age_that_is_none_is_a_fault if {
	every broken in [null, 0, 17.5, "18", [18]] {
		_faults("age/minimum_years", broken) == {{
			"path": "/sections/policy/criteria/age/minimum_years",
			"message": "must be a whole number of at least 1",
		}}
	}
}

test_taxonomies_that_are_none_are_a_fault if {
	every broken in [null, {}, ["207RH0000X"], "207RH0000X", {"207RH0000X": 1}, {"hematology": "Hematology"}] {
		_faults("prescriber/taxonomies", broken) == {{
			"path": "/sections/policy/criteria/prescriber/taxonomies",
			"message": "must be an object of NUCC taxonomy codes, each with its title, at least one",
		}}
	}
}

test_categories_that_are_none_are_a_fault if {
	every broken in [null, [], "1", {"1": "x"}, [1], ["1", "2a"]] {
		_faults("nccn/categories", broken) == {{
			"path": "/sections/policy/criteria/nccn/categories",
			"message": "must be an array of NCCN categories, at least one",
		}}
	}
}

_specialties := [
	"207RH0000X", "207RH0003X", "207RX0202X", "207VX0201X", "2080P0207X", "2085R0001X", "2086X0206X",
]

_age(status, age) := {
	"id": "age",
	"clause": "III.1",
	"text": "Member is at least 18 years of age",
	"status": status,
	"facts": {"age": age, "minimum": 18},
}

_prescriber(status, taxonomies) := {
	"id": "prescriber",
	"clause": "III.2",
	"text": "The medication is prescribed by a hematologist/oncologist",
	"status": status,
	"facts": {"taxonomies": taxonomies, "accepted": _specialties},
}

_nccn(status, categories) := {
	"id": "nccn",
	"clause": "III.3",
	"text": "The requested use is supported by the National Comprehensive Cancer Network (NCCN) Clinical Practice Guidelines (NCCN Guidelines®) and/or NCCN Drugs & Biologics Compendium (NCCN Compendium®) with a recommendation of category level 1 or 2A",
	"status": status,
	"facts": {"categories": categories, "accepted": ["1", "2A"]},
}

_faults(place, broken) := found if {
	guidelines := fixtures.replaced(concat("/", ["/sections/policy/criteria", place]), broken)
	found := policy.faults with input as fixtures.initial with data.guidelines as guidelines
}
