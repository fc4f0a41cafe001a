package priorauth.fhir.questions_test

import data.priorauth
import data.priorauth.fhir.questions
import data.priorauth.fhir.sample_test as sample

_asked(type) := found if {
	found := questions.asked(sample.reference, type) with data.guidelines as sample.guidelines
}

test_facts_are_asked_once_in_the_order_of_a_decision_and_none_of_the_plans if {
	_asked("initial") == [
		"sample.code", "sample.indication", "sample.score", "sample.areas", "sample.joints", "sample.severe", "sample.day",
		"sample.therapies", "quantity.tablets",
	]
	_asked("renewal") == [
		"sample.code", "sample.indication", "sample.score", "sample.areas", "sample.joints", "sample.severe", "sample.day",
		"sample.drugs", "quantity.tablets",
	]
	questions.asked({"id": "xpovio", "version": "2022-10-03"}, "initial") == [
		"documentation", "nccn", "dose.mg_per_week", "quantity.tablets", "quantity.days_supply",
	]
	questions.asked({"id": "xpovio", "version": "2022-10-03"}, "renewal") == [
		"documentation", "clinical.disease_status", "clinical.unacceptable_toxicity",
		"dose.mg_per_week", "quantity.tablets", "quantity.days_supply",
	]
}

test_a_version_that_asks_nothing_has_no_questions if {
	found := questions.asked(sample.reference, "initial") with data.guidelines as {"sample": {"2024-01-01": {"criteria": {}}}}
	found == []
}

_question(path) := found if {
	found := questions.question(sample.reference, "initial", path) with data.guidelines as sample.guidelines
}

test_a_question_is_the_first_criterions_or_the_facts_own if {
	_question("sample.code") == {
		"path": "sample.code",
		"declared": sample.declared["sample.code"],
		"clause": "1",
		"text": "Which code?",
		"when": [],
	}
	_question("sample.areas").text == "Is the face affected?"
	_question("sample.areas").clause == "2.a"
	_question("sample.score").clause == "2.a"
	_question("sample.indication").when == []
}

test_what_only_branches_rest_on_is_asked_for_their_values if {
	_question("sample.areas").when == [{"path": "sample.indication", "values": ["skin"]}]
	_question("sample.joints").when == [{"path": "sample.indication", "values": ["joints", "other"]}]
	_question("sample.severe").when == [{"path": "sample.indication", "values": ["joints", "other"]}]
	_question("sample.day").when == [{"path": "sample.severe", "values": [true]}]
	_question("sample.score").when == [
		{"path": "sample.indication", "values": ["skin"]},
		{"path": "sample.severe", "values": [false]},
	]
}

test_the_branch_of_a_fact_of_the_plans_is_no_condition if {
	_question("quantity.tablets").when == []
}

test_what_is_asked_outside_a_branch_too_is_always_asked if {
	more := {"coverage": object.union(sample.criteria.coverage, {"renewal": [{
		"id": "score_too", "clause": "4", "text": "A score", "kind": "stated", "fact": "sample.score",
	}]})}
	content := object.union(sample.guidelines.sample["2024-01-01"], {"criteria": object.union(sample.criteria, more)})
	found := questions.question(sample.reference, "renewal", "sample.score") with data.guidelines as {"sample": {"2024-01-01": content}}
	found.when == []
}

_marks(request) := [decision.outcome, marks] if {
	decision := priorauth.decision with input as request with data.guidelines as sample.guidelines with data.drugs as sample.drugs
	marks := questions.marks(request, decision) with data.guidelines as sample.guidelines
}

test_a_request_that_lacks_nothing_leaves_nothing_open if {
	_marks(sample.request) == ["approved", "222000022"]
}

test_what_could_settle_an_unknown_group_is_open if {
	_marks(sample.request_with({"sample": {"score": 3}})) == ["pended", "222100022"]
	_marks(sample.request_with({"sample": {"score": null}})) == ["pended", "221100022"]
}

test_what_a_settled_group_asks_is_not if {
	_marks(sample.request_with({"sample": {"score": 7, "areas": null, "code": null}})) == ["pended", "122000022"]
}

test_all_that_a_branch_may_ask_is_open_while_its_value_is_not_known if {
	_marks(sample.request_with({"sample": {"indication": null, "score": null}})) == ["pended", "211111122"]
	_marks(sample.request_with({"sample": {"indication": null}})) == ["pended", "212111122"]
}

test_of_a_branch_only_the_one_taken_is_open if {
	_marks(sample.request_with({"sample": {"indication": "joints", "score": null}})) == ["pended", "221011122"] # the score, if it is mild
	_marks(sample.request_with({"sample": {"indication": "joints", "joints": 3, "severe": true, "score": null}})) == ["pended", "220022122"]
	_marks(sample.request_with({"sample": {"indication": "joints", "joints": 3, "severe": false, "score": null}})) == ["pended", "221022022"]
}

test_what_is_stated_and_settles_nothing_is_still_open if {
	_marks(sample.request_with({"sample": {"therapies": [{"therapy": "first", "result": "failure"}]}})) == ["pended", "222000012"]
	_marks(sample.request_with({"sample": {"therapies": []}})) == ["denied", "222000022"]
}

test_a_limit_by_the_plans_fact_is_open_while_that_is_not_known if {
	_marks(sample.request_with({"member": {"birth_date": null}, "quantity": {"tablets": null}})) == ["pended", "222000021"]
}

test_once_coverage_is_settled_only_what_may_not_apply_is_open if {
	_marks(sample.request_with({"sample": {"therapies": [], "code": null, "score": null}})) == ["pended", "120000022"]
}

test_an_undetermined_value_is_still_open if {
	request := {
		"type": "renewal", "service_date": "2023-05-01", "drug": {"name": "Xpovio"},
		"clinical": {"disease_status": "not_evaluable", "unacceptable_toxicity": false},
	}
	decision := priorauth.decision with input as request
	questions.marks(request, decision) == "112111"
}
