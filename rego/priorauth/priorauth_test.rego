package priorauth_test

import data.priorauth
import data.priorauth.fixtures_test as fixtures

test_decisions_are_those_on_each_request_in_order if {
	requests := [fixtures.initial, {}, fixtures.renewal, null]
	answers := priorauth.decisions with input as {"requests": requests}
	answers == [answer | some request in requests; answer := priorauth.decision with input as request]
	[answer.outcome | some answer in answers] == ["approved", "invalid", "approved", "invalid"]
}

test_no_requests_have_no_decisions if {
	answers := priorauth.decisions with input as {"requests": []}
	answers == []
}

test_input_of_another_form_has_no_decisions[name] if {
	some name, sent in {
		"no object": [fixtures.initial],
		"null": null,
		"no array": {"requests": {"a": fixtures.initial}},
		"more": {"requests": [], "x": 1},
		"other": {"request": []},
	}
	not _decisions(sent)
}

_decisions(sent) := answers if {
	answers := priorauth.decisions with input as sent
}

test_facts_are_the_shared_ones_and_those_of_any_guideline if {
	priorauth.facts["member.benefit"] == data.facts["member.benefit"]
	priorauth.facts["clinical.disease_status"] == data.guidelines.xpovio["2022-10-03"].facts["clinical.disease_status"]
	count(priorauth.facts) >= count(data.facts) + 1
}

test_the_policy_on_file_is_sound if {
	priorauth.integrity == []
}
