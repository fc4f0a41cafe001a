# V. Coverage Duration.
package priorauth.guidelines.xpovio.coverage_duration_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.coverage_duration

test_up_to_6_months_are_met if {
	every months in [1, 5, 6] {
		coverage_duration.duration == _duration("met", months) with input as fixtures.initial_with({"duration_months": months})
		coverage_duration.months == months with input as fixtures.initial_with({"duration_months": months})
	}
}

test_7_months_are_reduced_to_6 if {
	every months in [7, 12, 1000000000] {
		coverage_duration.duration == _duration("reduced", months) with input as fixtures.initial_with({"duration_months": months})
		coverage_duration.months == 6 with input as fixtures.initial_with({"duration_months": months})
	}
}

test_no_duration_is_met_with_6_months if {
	every request in [fixtures.initial, fixtures.initial_with({"duration_months": null}), fixtures.renewal] {
		coverage_duration.duration == _duration("met", null) with input as request
		coverage_duration.months == 6 with input as request
	}
}

test_there_are_no_faults if {
	coverage_duration.faults == set() with input as fixtures.initial
}

test_a_maximum_that_is_none_is_a_fault_and_no_decision if {
	every broken in [null, 0, 6.5, "6", [6]] {
		guidelines := fixtures.replaced("/sections/coverage_duration/criteria/duration/maximum_months", broken)
		coverage_duration.faults == {{
			"path": "/sections/coverage_duration/criteria/duration/maximum_months",
			"message": "must be a whole number of at least 1",
		}} with input as fixtures.initial with data.guidelines as guidelines
		not coverage_duration.duration with input as fixtures.initial with data.guidelines as guidelines
	}
}

_duration(status, months) := {
	"id": "duration",
	"clause": "V",
	"text": "Coverage is available for up to 6 month and may be renewed",
	"status": status,
	"facts": {"months": months, "maximum": 6},
}
