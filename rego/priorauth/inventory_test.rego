package priorauth.inventory_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.inventory

test_the_guideline_on_file_is_listed if {
	count(_guidelines) == 1
	object.remove(_guidelines[0], ["versions"]) == {
		"id": "xpovio",
		"title": "Xpovio (selinexor)",
		"drug_names": ["selinexor", "xpovio"],
	}
	[object.remove(version, ["sections", "criteria"]) | some version in _guidelines[0].versions] == [{
		"version": "2022-10-03",
		"effective_date": "2022-10-03",
		"next_review": "2023-06",
		"in_force": {"from": "2020-08-01", "to": null},
	}]
}

test_every_section_is_listed_in_the_order_of_the_text if {
	version := _guidelines[0].versions[0]
	[[section.id, section.section, section.title] | some section in version.sections] == [
		["header", "Applicable", "Applicable"],
		["medication_description", "I", "Medication Description"],
		["position_statement", "II", "Position Statement"],
		["policy", "III", "Policy"],
		["quantity_limitations", "IV", "Quantity Limitations"],
		["coverage_duration", "V", "Coverage Duration"],
		["renewal_criteria", "VI", "Coverage Renewal Criteria"],
		["billing_coding", "VII", "Billing/Coding Information"],
		["policy_changes", "VIII", "Summary of Policy Changes"],
		["footer", "Footer", "Footer"],
	]
}

test_a_section_has_its_text_and_its_readings if {
	sections := _guidelines[0].versions[0].sections
	sections[2] == {
		"id": "position_statement",
		"section": "II",
		"title": "Position Statement",
		"text": "Coverage is determined through a prior authorization process with supporting clinical documentation for every request.",
		"readings": [],
	}
	sections[4].readings == [
		"Reading 5: a dose that is not listed (say 120 mg/week) has no limit on file: a person decides.",
		"Another days supply scales the limit: allowed tablets = limit × days supply / 28, rounded down.",
	]
}

test_every_criterion_is_listed_in_the_order_of_the_text if {
	[[criterion.id, criterion.clause] | some criterion in _guidelines[0].versions[0].criteria] == [
		["benefit", "Applicable"],
		["formulary", "Applicable"],
		["documentation", "II"],
		["age", "III.1"],
		["prescriber", "III.2"],
		["nccn", "III.3"],
		["quantity", "IV"],
		["duration", "V"],
		["prior_authorization", "VI"],
		["disease_control", "VI.1"],
		["toxicity", "VI.2"],
		["drug_on_formulary", "Footer"],
	]
}

test_a_criterion_has_its_clause_and_its_questions if {
	criteria := _guidelines[0].versions[0].criteria
	criteria[3] == {
		"id": "age",
		"section": "policy",
		"clause": "III.1",
		"text": "Member is at least 18 years of age",
		"questions": [{"path": "/member/birth_date", "question": "What is the member's date of birth?"}],
	}
	criteria[7] == {
		"id": "duration",
		"section": "coverage_duration",
		"clause": "V",
		"text": "Coverage is available for up to 6 month and may be renewed",
		"questions": [],
	}
}

test_versions_are_listed_in_order_with_the_title_of_the_latest if {
	guidelines := inventory.guidelines with data.guidelines as object.union(fixtures.two_versions, {"xpovio": {"2023-07-01": {"title": "Xpovio"}}})
	[[guideline.id, guideline.title] | some guideline in guidelines] == [["xpovio", "Xpovio"]]
	[[version.version, version.in_force] | some version in guidelines[0].versions] == [
		["2022-10-03", {"from": "2020-08-01", "to": "2023-06-30"}],
		["2023-07-01", {"from": "2023-07-01", "to": null}],
	]
}

test_no_guidelines_are_an_empty_list if {
	inventory.guidelines == [] with data.guidelines as {}
}

_guidelines := guidelines if {
	guidelines := inventory.guidelines with data.guidelines as fixtures.xpovio
}
