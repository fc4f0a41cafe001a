package priorauth.guidelines_test

import data.priorauth
import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines

_catalog := catalog if {
	catalog := priorauth.catalog with data.guidelines as fixtures.xpovio
}

test_catalog_names_guidelines_and_versions if {
	[guideline] := _catalog
	object.remove(guideline, ["versions"]) == {
		"id": "xpovio",
		"title": "Xpovio (selinexor)",
		"drug_names": ["selinexor", "xpovio"],
	}
	[version] := guideline.versions
	object.remove(version, ["sections", "criteria", "facts"]) == {
		"version": "2022-10-03",
		"effective_date": "2022-10-03",
		"next_review": "2023-06",
		"in_force": {"from": "2020-08-01"},
	}
	[section.number | some section in version.sections] == ["Applicable", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "Footer"]
	{keys | some section in version.sections; keys := object.keys(object.remove(section, ["informative"]))} == {{"number", "title", "text", "readings"}}
}

test_catalog_lists_criteria_in_the_order_of_decisions if {
	[[criterion.id, criterion.stage, criterion.type, criterion.parent] | some criterion in _catalog[0].versions[0].criteria] == [
		["benefit", "applicability", null, null],
		["formulary", "applicability", null, null],
		["drug_on_formulary", "applicability", null, null],
		["documentation", "coverage", null, null],
		["age", "coverage", "initial", null],
		["prescriber", "coverage", "initial", null],
		["nccn", "coverage", "initial", null],
		["prior_authorization", "coverage", "renewal", null],
		["disease_control", "coverage", "renewal", null],
		["toxicity", "coverage", "renewal", null],
		["quantity", "limits", null, null],
		["duration", "limits", null, null],
	]
}

test_catalog_tells_of_a_criterion_what_it_asks if {
	[criterion] := [each | some each in _catalog[0].versions[0].criteria; each.id == "quantity"]
	object.remove(criterion, ["text", "figures"]) == {
		"id": "quantity",
		"clause": "IV",
		"kind": "quantity_by_dose",
		"stage": "limits",
		"type": null,
		"parent": null,
		"readings": ["Tablets are the 20 mg tablets of VII (Reading 10)."],
		"asks": [
			{"path": "/dose/mg_per_week", "question": "What weekly dose is requested, in mg?"},
			{"path": "/quantity/tablets", "question": "How many 20 mg tablets are requested per fill?"},
			{"path": "/quantity/days_supply", "question": "For how many days is one fill?"},
		],
	}
	startswith(criterion.text, "Coverage is provided as follows depending on dose requested: 160mg/week: 32 tablets")
	criterion.figures == {
		"quantity": "quantity.tablets",
		"dose": "dose.mg_per_week",
		"strength_mg": 20,
		"limits": [
			{"dose": 160, "quantity": 32, "days": 28},
			{"dose": 100, "quantity": 20, "days": 28},
			{"dose": 80, "quantity": 16, "days": 28},
			{"dose": 60, "quantity": 12, "days": 28},
		],
	}
}

_tree := {"id": "outer", "clause": "I", "text": "x", "kind": "any", "parts": [
	object.union(_attested, {"id": "a"}),
	{
		"id": "inner", "clause": "I", "text": "x", "kind": "branch", "fact": "member.benefit",
		"parts": [object.union(_attested, {"id": "b", "when": {"values": ["medical"]}})],
	},
]}

_attested := {"clause": "I", "text": "x", "kind": "attested", "fact": "member.drug_on_formulary", "expected": true}

test_parts_are_no_figures_of_their_group if {
	catalog := guidelines.catalog with data.guidelines as fixtures.xpovio_with({"criteria": {"coverage": {"initial": [_tree]}}})
	[each.figures | some each in catalog[0].versions[0].criteria; each.id in {"outer", "inner"}] == [{}, {"fact": "member.benefit"}]
}

# Parts come after their group, and say which it is.
test_parts_name_their_group if {
	listed := guidelines.listed({"criteria": {"coverage": {"initial": [_tree]}}})
	[[each.criterion.id, each.parent, each.type] | some each in listed] == [
		["outer", null, "initial"],
		["a", "outer", "initial"],
		["inner", "outer", "initial"],
		["b", "inner", "initial"],
	]
	[guidelines.asked(each.criterion) | some each in listed] == [[], ["member.drug_on_formulary"], ["member.benefit"], ["member.drug_on_formulary"]]
}
