package priorauth.outcome_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.coverage_duration
import data.priorauth.guidelines.xpovio.header
import data.priorauth.outcome

test_criteria_of_an_initial_request_come_in_order if {
	ids := [criterion.id | some criterion in outcome.criteria] with input as fixtures.initial
	ids == ["benefit", "formulary", "drug_on_formulary", "documentation", "age", "prescriber", "nccn", "quantity", "duration"]
}

test_criteria_of_a_renewal_come_in_order if {
	ids := [criterion.id | some criterion in outcome.criteria] with input as fixtures.renewal
	ids == ["benefit", "formulary", "drug_on_formulary", "documentation", "prior_authorization", "disease_control", "toxicity", "quantity", "duration"]
}

test_criteria_are_those_of_the_three_stages if {
	outcome.criteria == array.concat(array.concat(outcome.applicability, outcome.coverage), outcome.limits) with input as fixtures.renewal
	count(outcome.applicability) == 3 with input as fixtures.renewal
	count(outcome.coverage) == 4 with input as fixtures.renewal
	count(outcome.limits) == 2 with input as fixtures.renewal
}

test_a_request_that_meets_all_is_approved if {
	every request in [fixtures.initial, fixtures.renewal] {
		outcome.value == "approved" with input as request
	}
}

test_a_request_that_states_nothing_is_pended if {
	every request in [fixtures.empty_initial, fixtures.empty_renewal] {
		outcome.value == "pended" with input as request
	}
}

# Every stage with each of its statuses, all other things being as bad as they can be in the later stages and met in the
# earlier ones.
test_applicability_not_met_weighs_most if {
	_outcome(["not_met", "unknown"], ["not_met", "unknown"], ["unknown", "reduced"]) == "not_applicable"
	_outcome(["not_met", "met"], ["met"], ["met"]) == "not_applicable"
}

test_applicability_unknown_weighs_before_coverage if {
	_outcome(["unknown", "met"], ["not_met", "unknown"], ["unknown", "reduced"]) == "pended"
	_outcome(["unknown"], ["met"], ["met"]) == "pended"
}

test_coverage_not_met_weighs_before_unknown if {
	_outcome(["met"], ["unknown", "not_met", "met"], ["unknown", "reduced"]) == "denied"
	_outcome(["met"], ["not_met"], ["met"]) == "denied"
}

test_coverage_unknown_weighs_before_limits if {
	_outcome(["met"], ["met", "unknown"], ["reduced"]) == "pended"
	_outcome(["met"], ["unknown"], ["met"]) == "pended"
}

test_limits_unknown_weigh_before_reduced if {
	_outcome(["met"], ["met"], ["reduced", "unknown"]) == "pended"
	_outcome(["met"], ["met"], ["unknown", "met"]) == "pended"
}

test_limits_reduced_are_modified if {
	_outcome(["met"], ["met"], ["met", "reduced"]) == "modified"
	_outcome(["met"], ["met"], ["reduced", "reduced"]) == "modified"
}

test_all_met_is_approved if {
	_outcome(["met", "met"], ["met", "met"], ["met", "met"]) == "approved"
}

# The whole product of two statuses in each stage, against the order of weight that the design gives.
test_each_combination_of_statuses_has_the_outcome_that_weighs_most if {
	every applicability in _pairs(["met", "not_met", "unknown"]) {
		every coverage in _pairs(["met", "not_met", "unknown"]) {
			every limits in _pairs(["met", "reduced", "unknown"]) {
				_outcome(applicability, coverage, limits) == [value |
					some [status, value, stage] in [
						["not_met", "not_applicable", applicability],
						["unknown", "pended", applicability],
						["not_met", "denied", coverage],
						["unknown", "pended", coverage],
						["unknown", "pended", limits],
						["reduced", "modified", limits],
						["met", "approved", array.concat(array.concat(applicability, coverage), limits)],
					]
					status in stage
				][0]
			}
		}
	}
}

_outcome(applicability, coverage, limits) := value if {
	value := outcome.value with input as fixtures.initial
		with outcome.applicability as _criteria(applicability)
		with outcome.coverage as _criteria(coverage)
		with outcome.limits as _criteria(limits)
}

_criteria(statuses) := [{"status": status} | some status in statuses]

_pairs(statuses) := {[one, other] | some one in statuses; some other in statuses}

test_a_status_that_a_stage_does_not_know_has_no_outcome if {
	every status in ["notmet", "reduced", "", null] {
		criterion := object.union(header.benefit, {"status": status}) with input as fixtures.initial
		not outcome.value with input as fixtures.initial with data.priorauth.guidelines.xpovio.header.benefit as criterion
	}
	every status in ["not_met", "redcued"] {
		criterion := object.union(coverage_duration.duration, {"status": status}) with input as fixtures.initial
		not outcome.value with input as fixtures.initial with data.priorauth.guidelines.xpovio.coverage_duration.duration as criterion
	}
}
