# VI. Coverage Renewal Criteria.
package priorauth.guidelines.xpovio.renewal_criteria_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.renewal_criteria

# VI.
test_a_prior_authorization_is_met if {
	renewal_criteria.prior_authorization == _prior_authorization("met", "2023-04-30") with input as fixtures.renewal
}

test_prior_authorization_is_unknown_when_absent if {
	every request in [
		fixtures.renewal_with({"prior_authorization": null}),
		fixtures.renewal_with({"prior_authorization": {"end_date": null}}),
		fixtures.empty_renewal,
	] {
		renewal_criteria.prior_authorization == _prior_authorization("unknown", null) with input as request
	}
}

# VI.1.
test_any_response_and_stable_disease_are_met if {
	every status in _controlled {
		renewal_criteria.disease_control == _disease_control("met", status) with input as fixtures.renewal_with({"clinical": {"disease_status": status}})
	}
}

test_progressive_disease_is_not_met if {
	renewal_criteria.disease_control == _disease_control("not_met", "progressive_disease") with input as fixtures.renewal_with({"clinical": {"disease_status": "progressive_disease"}})
}

test_a_disease_that_is_not_evaluable_is_unknown if {
	renewal_criteria.disease_control == _disease_control("unknown", "not_evaluable") with input as fixtures.renewal_with({"clinical": {"disease_status": "not_evaluable"}})
}

test_disease_control_is_unknown_when_absent if {
	every request in [fixtures.renewal_with({"clinical": {"disease_status": null}}), fixtures.empty_renewal] {
		renewal_criteria.disease_control == _disease_control("unknown", null) with input as request
	}
}

test_a_disease_status_that_the_guideline_does_not_place_is_not_decided if {
	not renewal_criteria.disease_control with input as fixtures.renewal with data.guidelines as fixtures.replaced(
		"/sections/renewal_criteria/criteria/disease_control/controlled",
		["stable_disease"],
	)
}

# VI.2.
test_no_unacceptable_toxicity_is_met if {
	renewal_criteria.toxicity == _toxicity("met", false) with input as fixtures.renewal
}

test_unacceptable_toxicity_is_not_met if {
	renewal_criteria.toxicity == _toxicity("not_met", true) with input as fixtures.renewal_with({"clinical": {"unacceptable_toxicity": true}})
}

test_toxicity_is_unknown_when_absent if {
	every request in [fixtures.renewal_with({"clinical": {"unacceptable_toxicity": null}}), fixtures.empty_renewal] {
		renewal_criteria.toxicity == _toxicity("unknown", null) with input as request
	}
}

# Reading 8.
test_a_renewal_starts_on_the_service_date_or_the_day_after_the_prior_authorization if {
	starts := {prior: start |
		some prior in ["2023-03-31", "2023-04-29", "2023-04-30", "2023-05-01", "2023-05-31"]
		start := renewal_criteria.start_date with input as fixtures.renewal_with({"prior_authorization": {"end_date": prior}})
	}
	starts == {
		"2023-03-31": "2023-05-01",
		"2023-04-29": "2023-05-01",
		"2023-04-30": "2023-05-01",
		"2023-05-01": "2023-05-02",
		"2023-05-31": "2023-06-01",
	}
}

test_a_start_more_than_a_day_after_the_prior_authorization_is_a_gap if {
	notices := {prior: notices |
		some prior in ["2023-04-28", "2023-04-29", "2023-04-30", "2023-05-01"]
		notices := renewal_criteria.notices with input as fixtures.renewal_with({"prior_authorization": {"end_date": prior}})
	}
	gap := [{"code": "coverage_gap", "message": "The renewal starts more than a day after the prior authorization ended."}]
	notices == {"2023-04-28": gap, "2023-04-29": gap, "2023-04-30": [], "2023-05-01": []}
}

test_there_is_no_gap_without_a_prior_authorization_or_a_renewal if {
	renewal_criteria.notices == [] with input as fixtures.empty_renewal
	renewal_criteria.notices == [] with input as fixtures.initial_with({"prior_authorization": {"end_date": "2020-01-01"}})
}

test_there_are_no_faults if {
	renewal_criteria.faults == set() with input as fixtures.renewal
}

test_disease_statuses_that_are_none_are_a_fault if {
	every name in ["controlled", "progression", "not_known"] {
		every broken in [null, [], "stable_disease", {"stable_disease": "x"}, [1]] {
			_faults(name, broken) == {{
				"path": concat("/", ["/sections/renewal_criteria/criteria/disease_control", name]),
				"message": "must be an array of disease statuses, at least one",
			}}
		}
	}
}

test_a_disease_status_that_is_not_listed_once_is_a_fault if {
	every name, broken in {
		"controlled": ["stable_disease"],
		"progression": ["progressive_disease", "stable_disease"],
		"not_known": ["not_evaluated"],
	} {
		_faults(name, broken) == {{
			"path": "/sections/renewal_criteria/criteria/disease_control",
			"message": "must have each disease status once, in `controlled`, `progression` or `not_known`",
		}}
	}
}

_controlled := [
	"stringent_complete_response",
	"complete_response",
	"very_good_partial_response",
	"partial_response",
	"minimal_response",
	"stable_disease",
]

_prior_authorization(status, end_date) := {
	"id": "prior_authorization",
	"clause": "VI",
	"text": "Coverage can be renewed based upon the following criteria",
	"status": status,
	"facts": {"end_date": end_date},
}

_disease_control(status, disease_status) := {
	"id": "disease_control",
	"clause": "VI.1",
	"text": "Stabilization of disease or in absence of disease progression",
	"status": status,
	"facts": {
		"disease_status": disease_status,
		"controlled": _controlled,
		"progression": ["progressive_disease"],
	},
}

_toxicity(status, unacceptable_toxicity) := {
	"id": "toxicity",
	"clause": "VI.2",
	"text": "Absence of unacceptable toxicity from the drug",
	"status": status,
	"facts": {"unacceptable_toxicity": unacceptable_toxicity},
}

_faults(name, broken) := found if {
	guidelines := fixtures.replaced(concat("/", ["/sections/renewal_criteria/criteria/disease_control", name]), broken)
	found := renewal_criteria.faults with input as fixtures.renewal with data.guidelines as guidelines
}
