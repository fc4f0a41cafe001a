package priorauth.version_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.version

test_the_guideline_is_found_by_each_name_of_its_drug[name] if {
	some name in [
		"xpovio", "XPOVIO", " Xpovio\t", "Xpovio®", "Xpovio™", "\u00a0xpovio\u3000", "Selinexor",
		"Xpovio (selinexor)", "xpovio™ (SELINEXOR)",
	]
	id := version.id with input as fixtures.initial_with({"drug": {"name": name}})
	id == "xpovio"
}

test_another_drug_is_not_governed[name] if {
	some name in ["aspirin", "xpovio 20 mg", "xpovi", "xpovio (aspirin)", "selinexor (xpovio)"]
	ungoverned := version.ungoverned with input as fixtures.initial_with({"drug": {"name": name}})
	ungoverned == "drug_not_governed"
}

test_reference if {
	reference := version.reference with input as fixtures.initial
	reference == {
		"id": "xpovio",
		"title": "Xpovio (selinexor)",
		"version": "2022-10-03",
		"effective_date": "2022-10-03",
		"next_review": "2023-06",
	}
}

# Reading 1, on both sides.
test_the_text_governs_from_1_august_2020_on[date] if {
	some date, governs in {"2020-07-31": false, "2020-08-01": true, "2022-10-02": true, "2099-12-31": true}
	found := {text.title | text := version.text} with input as fixtures.initial_with({"service_date": date})
	found == {title | title := "Xpovio (selinexor)"; governs}
}

test_a_date_before_the_text_is_not_governed if {
	ungoverned := version.ungoverned with input as fixtures.initial_with({"service_date": "2020-07-31"})
	ungoverned == "service_date_not_governed"
}

test_the_service_date_chooses_between_versions[date] if {
	some date, effective in {"2022-10-03": "2022-10-03", "2023-12-31": "2022-10-03", "2024-01-01": "2024-01-01"}
	old := object.union(data.guidelines.xpovio["2022-10-03"], {"in_force": {"to": "2023-12-31"}})
	new := object.union(data.guidelines.xpovio["2022-10-03"], {"effective_date": "2024-01-01", "in_force": {"from": "2024-01-01"}})
	text := version.text with input as fixtures.initial_with({"service_date": date})
		with data.guidelines as {"xpovio": {"2022-10-03": old, "2024-01-01": new}}
	text.effective_date == effective
}
