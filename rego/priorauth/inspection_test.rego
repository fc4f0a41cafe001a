package priorauth.inspection_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.inspection

test_the_guidelines_on_file_are_sound if {
	inspection.findings == []
}

test_no_guidelines_are_found if {
	every none in [{}, null, []] {
		inspection.findings == [_finding("", "", "/guidelines", "must have at least one guideline")] with data.guidelines as none
	}
}

test_a_guideline_without_a_version_is_found if {
	every none in [{}, null, "2022-10-03"] {
		inspection.findings == [_finding("second", "", "", "must have at least one version")] with data.guidelines as object.union(data.guidelines, {"second": none})
	}
}

test_a_guideline_without_rules_is_found if {
	guidelines := object.union(fixtures.xpovio, {"unruled": {"2022-10-03": object.union(data.guidelines.xpovio["2022-10-03"], {"drug": {"names": {}}})}})
	named := json.patch(guidelines, [{"op": "replace", "path": "/unruled/2022-10-03/drug/names", "value": {"unruled": "generic name"}}])
	inspection.findings == [
		_finding("unruled", "2022-10-03", "", "its rules cannot decide a request of type initial"),
		_finding("unruled", "2022-10-03", "", "its rules cannot decide a request of type renewal"),
	] with data.guidelines as named
}

test_plan_settings_that_name_no_outcome_are_found if {
	every outcomes in [["denyed"], ["denied", "Modified"]] {
		inspection.findings == array.concat([_finding("", "", "/plan/clinician_review/outcomes", "must be an array of outcomes, at least one")], _undecidable) with data.plan as {"clinician_review": {"outcomes": outcomes}} with data.guidelines as fixtures.xpovio
	}
	every outcome in ["approved", "modified", "denied", "pended", "not_applicable", "invalid"] {
		inspection.findings == [] with data.plan as {"clinician_review": {"outcomes": [outcome]}}
	}
}

test_a_title_that_is_none_is_found if {
	every title in [null, 1] {
		_found("/title", title) == [_about("/title", "must be a string")]
	}
}

test_drug_names_that_no_request_matches_are_found if {
	every name in ["Xpovio", " xpovio", "xpovio "] {
		_found("/drug/names", {name: "brand name"}) == array.concat(_undecidable, [_about("/drug/names", "must be an object of drug names in lower case, each with what it is, at least one")])
	}
	_found("/drug/names/xpovio", 1) == [_about("/drug/names", "must be an object of drug names in lower case, each with what it is, at least one")]
	_found("/drug/names/xpovia", "another brand") == []
}

test_a_bad_date_is_found_in_each_date_field if {
	in_force := _about("/in_force", "must have a date `from` and, if it ends, a date `to` that is not earlier, and nothing else")
	changes := _about("/sections/policy_changes/changes", "must be an array of changes, each with a date that exists and a summary, one of them from the day the version is in force")
	every bad in ["2022-02-29", "10/3/22", "2022-10-3", "", 20221003] {
		_found("/effective_date", bad) == array.concat(_undecidable, [_about("/effective_date", "must be a date that exists, written YYYY-MM-DD, the one the version is filed under")])
		_found("/in_force/from", bad) == array.concat(_undecidable, [in_force, changes])
		_found("/in_force/to", bad) == array.concat(_undecidable, [in_force])
		_found("/sections/policy_changes/changes/3/date", bad) == [changes]
	}
	every bad in ["2023-13", "2023-06-30", "6/23", "", 202306] {
		_found("/next_review", bad) == array.concat(_undecidable, [_about("/next_review", "must be a month, written YYYY-MM")])
		_found("/date_of_origin", bad) == [_about("/date_of_origin", "must be a month, written YYYY-MM")]
		_found("/review_dates", ["2019-09", bad]) == [_about("/review_dates", "must be an array of months, written YYYY-MM, at least one")]
	}
}

test_an_effective_date_other_than_the_one_filed_under_is_found if {
	_found("/effective_date", "2022-10-04") == [_about("/effective_date", "must be a date that exists, written YYYY-MM-DD, the one the version is filed under")]
}

test_an_end_before_the_start_is_found if {
	message := "must have a date `from` and, if it ends, a date `to` that is not earlier, and nothing else"
	_found("/in_force/to", "2020-07-31") == array.concat(_undecidable, [_about("/in_force", message)])
	_found("/in_force/to", "2020-08-01") == []
	_found("/in_force/until", "2023-06-30") == [_about("/in_force", message)]
}

test_two_versions_in_force_on_one_day_are_found if {
	inspection.findings == [
		_finding("xpovio", "2022-10-03", "/in_force", "must not share a day with xpovio 2023-07-01"),
		_finding("xpovio", "2023-07-01", "/in_force", "must not share a day with xpovio 2022-10-03"),
	] with data.guidelines as object.union(fixtures.two_versions, {"xpovio": {"2022-10-03": {"in_force": {"to": "2023-07-01"}}}})
}

test_two_versions_a_day_apart_are_sound if {
	inspection.findings == [] with data.guidelines as fixtures.two_versions
}

test_two_guidelines_that_name_one_drug_are_found if {
	second := json.patch(fixtures.xpovio, [{
		"op": "add",
		"path": "/invented",
		"value": {"2022-10-03": object.union(data.guidelines.xpovio["2022-10-03"], {"drug": {"names": {"other": "another name"}}})},
	}])
	_pairs(second) == {
		["xpovio", "must not share a day with invented 2022-10-03"],
		["invented", "must not share a day with xpovio 2022-10-03"],
	}
	apart := json.patch(second, [{"op": "replace", "path": "/invented/2022-10-03/drug/names", "value": {"other": "another name"}}])
	_pairs(apart) == set()
}

# Each of the four limits in turn, by the packs of VII.
test_a_missing_limit_is_found if {
	every index, missing in [
		"has no limit of 32 tablets per 28 days for 160 mg/week, the pack in VII",
		"has no limit of 20 tablets per 28 days for 100 mg/week, the pack in VII",
		"has no limit of 16 tablets per 28 days for 80 mg/week, the pack in VII",
		"has no limit of 12 tablets per 28 days for 60 mg/week, the pack in VII",
	] {
		path := concat("/", ["/sections/quantity_limitations/criteria/quantity/limits", format_int(index, 10)])
		inspection.findings == [_about("/sections/quantity_limitations/criteria/quantity/limits", missing)] with data.guidelines as fixtures.removed(path)
	}
}

test_a_clause_that_no_criterion_uses_is_found if {
	_found("/sections/policy/clauses/III.4", "Something more") == [_about("/sections/policy/clauses/III.4", "is a clause that no criterion uses")]
	_found("/sections/medication_description/clauses", {"I": "It works."}) == [_about("/sections/medication_description/clauses/I", "is a clause that no criterion uses")]
}

test_a_criterion_without_its_clause_is_found if {
	said := {
		["", "its rules cannot decide a request of type initial"],
		["/sections/policy/clauses/III.1", "is a clause that no criterion uses"],
		["/sections/policy/criteria/age/clause", "must be a clause of the section, with its text"],
	}
	_said(_found("/sections/policy/criteria/age/clause", "III.9")) == said
	_said(_found("/sections/policy/criteria/age/clause", null)) == said
	inspection.findings == [
		_about("", "its rules cannot decide a request of type initial"),
		_about("/sections/policy/criteria/age/clause", "must be a clause of the section, with its text"),
	] with data.guidelines as fixtures.removed("/sections/policy/clauses/III.1")
}

test_a_criterion_that_the_rules_do_not_report_is_found if {
	_found("/sections/policy/criteria/weight", {"clause": "III.1", "questions": []}) == [_about("/sections", "has a criterion weight that its rules do not report")]
}

test_a_criterion_that_only_the_rules_report_is_found if {
	findings := inspection.findings with data.priorauth.guidelines.xpovio.limits as [{"id": "weight", "clause": "X", "text": "Weight", "status": "met", "facts": {}}]
	findings == [
		_about("/sections", "has a criterion duration that its rules do not report"),
		_about("/sections", "has a criterion quantity that its rules do not report"),
		_about("/sections", "has no criterion weight that its rules report"),
	]
}

test_questions_that_cannot_be_put_are_found if {
	path := "/sections/coverage_duration/criteria/duration/questions"
	message := "must be an array of questions, each with the path of a fact that requests have"
	every questions in [
		null,
		{},
		"How long?",
		[{"path": "/duration_month", "question": "How long?"}],
		[{"path": "/duration_months"}],
		[{"question": "How long?"}],
		[null],
	] {
		_found(path, questions) == [_about(path, message)]
	}
	_found(path, [{"path": "/duration_months", "question": "How long?"}]) == []
}

test_a_missing_question_is_found if {
	message := "must ask for what the criterion rests on"
	every place, types in {
		"header/criteria/benefit": ["initial", "renewal"],
		"position_statement/criteria/documentation": ["initial", "renewal"],
		"policy/criteria/age": ["initial"],
		"renewal_criteria/criteria/toxicity": ["renewal"],
	} {
		path := concat("", ["/sections/", place, "/questions"])
		undecidable := [_about("", concat(" ", ["its rules cannot decide a request of type", type])) | some type in types]
		_found(path, []) == array.concat(undecidable, [_about(path, message)])
	}
}

test_a_section_that_cannot_be_read_is_found if {
	message := "must have a section, a title, a text, a position of its own, and readings that are strings if any"
	path := "/sections/medication_description"
	every change in [
		{"section": 1}, {"title": null}, {"text": 1}, {"position": "1"}, {"position": 10}, {"position": -1},
		{"position": 1.5}, {"readings": "It works."}, {"readings": [1]},
	] {
		_found(path, object.union(data.guidelines.xpovio["2022-10-03"].sections.medication_description, change)) == [_about(path, message)]
	}
}

test_two_sections_in_one_place_are_found if {
	message := "must have a section, a title, a text, a position of its own, and readings that are strings if any"
	_found("/sections/medication_description/position", 2) == [
		_about("/sections/medication_description", message),
		_about("/sections/position_statement", message),
	]
}

# Without I the footer is tenth of nine.
test_a_missing_section_is_found if {
	message := "must have a section, a title, a text, a position of its own, and readings that are strings if any"
	inspection.findings == [_about("/sections/footer", message)] with data.guidelines as fixtures.removed("/sections/medication_description")
}

test_no_sections_are_found if {
	every none in [{}, null, [], {"all": {"position": 0, "section": "I", "title": "T", "text": "T"}}] {
		_about("/sections", "must have a section with a criterion") in _found("/sections", none)
	}
}

test_a_fault_of_the_figures_is_found if {
	_found("/sections/policy/criteria/prescriber/taxonomies/hematology", "Hematology") == [
		_about("", "its rules cannot decide a request of type initial"),
		_about("/sections/policy/criteria/prescriber/taxonomies", "must be an object of NUCC taxonomy codes, each with its title, at least one"),
	]
}

_finding(guideline, version, path, message) := {
	"guideline": guideline,
	"version": version,
	"path": path,
	"message": message,
}

_about(path, message) := _finding("xpovio", "2022-10-03", path, message)

_found(path, value) := findings if {
	findings := inspection.findings with data.guidelines as fixtures.replaced(path, value)
}

_said(findings) := {[finding.path, finding.message] | some finding in findings}

_undecidable := [
	_about("", "its rules cannot decide a request of type initial"),
	_about("", "its rules cannot decide a request of type renewal"),
]

_pairs(guidelines) := {[finding.guideline, finding.message] |
	some finding in findings
	finding.path == "/in_force"
} if {
	findings := inspection.findings with data.guidelines as guidelines
}

test_a_criterion_of_two_sections_is_found if {
	age := object.union(data.guidelines.xpovio["2022-10-03"].sections.policy.criteria.age, {"clause": "Footer"})
	message := "must not be a criterion of another section too"
	_found("/sections/footer/criteria/age", age) == [
		_about("", "its rules cannot decide a request of type initial"),
		_about("/sections/footer/criteria/age", message),
		_about("/sections/policy/criteria/age", message),
	]
}
