package priorauth.fhir.texts_test

import data.priorauth.fhir.sample_test as sample
import data.priorauth.fhir.texts

test_the_governing_version_is_by_drug_and_day if {
	texts.governing("Selinexor ", "2022-11-01") == {
		"id": "xpovio",
		"title": "Xpovio (selinexor)",
		"version": "2022-10-03",
		"effective_date": "2022-10-03",
		"next_review": "2023-06",
	}
	texts.governing("Xpovio", "2020-07-31") == null
	texts.governing("Unheard of", "2022-11-01") == null
}

test_the_guideline_of_a_name if {
	texts.guideline("XPOVIO®") == "xpovio"
	not texts.guideline("Unheard of")
}

test_declared_facts_are_the_shared_and_the_versions_own if {
	texts.declared(null) == data.facts
	found := texts.declared({"id": "xpovio", "version": "2022-10-03"})
	found == object.union(data.facts, data.guidelines.xpovio["2022-10-03"].facts)
}

test_a_pointer_leads_to_a_fact_or_into_one if {
	every pointer, path in {
		"/nccn": "nccn",
		"/nccn/0/category": "nccn",
		"/duration_months": "duration_months",
		"/dose/mg_per_week": "dose.mg_per_week",
		"/clinical/therapies/0/weeks": "clinical.therapies",
	} {
		texts.path(pointer, data.facts) == path
	}
}

_ids(type, stage) := [[criterion.id | some criterion in chain] | some chain in found] if {
	found := texts.criteria(sample.reference, type, stage) with data.guidelines as sample.guidelines
}

test_criteria_are_in_the_order_of_a_decision_with_their_groups if {
	_ids("initial", "applicability") == [["on_file"], ["code"]]
	_ids("initial", "coverage") == [
		["indication"],
		["indication", "skin"],
		["indication", "skin", "score"],
		["indication", "skin", "face"],
		["indication", "joints"],
		["indication", "joints", "many"],
		["indication", "joints", "severity"],
		["indication", "joints", "severity", "severe"],
		["indication", "joints", "severity", "mild"],
		["tried"],
	]
	_ids("renewal", "limits") == [["age_limit"], ["age_limit", "minor"], ["age_limit", "adult"], ["duration"]]
}

test_a_stage_that_a_version_has_not_has_no_criteria if {
	guidelines := {"sample": {"2024-01-01": {"criteria": {"coverage": {}}}}}
	every stage in ["applicability", "coverage", "limits"] {
		found := texts.criteria(sample.reference, "initial", stage) with data.guidelines as guidelines
		found == []
	}
}

# Groups as deep as they can nest.
_deep := {"id": "0", "parts": [{"id": "1", "parts": [{"id": "2", "parts": [{"id": "3", "parts": [{"id": "4", "parts": [{"id": "5", "status": "met"}]}]}]}]}]}

test_the_deepest_criterion_is_there if {
	guidelines := {"sample": {"2024-01-01": {"criteria": {"coverage": {"initial": [_deep]}}}}}
	found := texts.criteria(sample.reference, "initial", "coverage") with data.guidelines as guidelines
	[count(chain) | some chain in found] == [1, 2, 3, 4, 5, 6]
	found[5][5] == {"id": "5", "status": "met"}
}

test_what_is_judged_is_by_id_also_in_groups if {
	found := texts.judged({"criteria": [_deep, {"id": "flat"}]})
	object.keys(found) == {"0", "1", "2", "3", "4", "5", "flat"}
	found["5"] == {"id": "5", "status": "met"}
	texts.judged({"criteria": []}) == {}
}
